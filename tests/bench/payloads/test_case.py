"""Payloads that every process builds the same."""

from __future__ import annotations

import numpy as np
import pytest

from bench.payloads.case import Case, build, digest


@pytest.mark.parametrize("dtype", ["float64", "float16", "int8", "uint8", "bool", "complex64"])
@pytest.mark.parametrize("values", ["ints", "normal", "image"])
def test_payloads_are_the_same_everywhere(dtype: str, values: str) -> None:
    """A case builds the same array again, which its digest shows."""
    case = Case("x", "s", (3, 40), dtype, values)
    array = build(case)
    assert (array.dtype, array.shape) == (np.dtype(dtype), (3, 40))
    assert digest(array) == digest(build(Case.from_json(case.to_json())))
    assert digest(array) != digest(array.reshape(40, 3))
