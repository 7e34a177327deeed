"""Refusals of values, and what their text says to pass instead."""

import re
from typing import Any

import numpy as np
import pytest

import tensorwire as tw

_REMEDY = re.compile(r"pass (?:one field of it, such as )?(.+?)(?:, which|, or |, seconds|; |$)")


def refused(value: Any, name: str = "json/tftensor") -> tw.EncodeError:
    """Return the error of a value that cannot be encoded."""
    with pytest.raises(tw.EncodeError) as caught:
        tw.get_codec(name).encode(value)
    return caught.value


def run_remedy(error: tw.EncodeError, value: Any, **names: Any) -> Any:
    """Evaluate what the text of an error says to pass."""
    found = _REMEDY.search(f"{error.reason}; {error.remedy}")
    assert found, str(error)
    return eval(found[1], {"value": value, "numpy": np, "tensorwire": tw, **names})  # noqa: S307
