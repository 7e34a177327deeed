"""Messages without a protocol: the single array, what would be lost, and what was peeked at."""

from typing import Any

import numpy as np
import pytest

from tensorwire.errors import EncodeError
from tensorwire.protocols.neutral import Neutral, Peek, TensorInfo, refuse_loss


@pytest.mark.parametrize("names", [[], ["a", "b"]])
def test_a_single_array_is_asked_for(names: list[str]) -> None:
    """The names of the others are in the error."""
    assert Neutral({"x": 5}).single() == 5
    with pytest.raises(EncodeError, match=f"got {len(names)}: {', '.join(names) or 'none'}"):
        Neutral(dict.fromkeys(names)).single()


@pytest.mark.parametrize("value", ["m", ["m"], {"k": 1}, (1,)], ids=repr)
def test_the_first_loss_is_refused(value: Any) -> None:
    """With its place and the option that drops it; what is empty is no loss."""
    refuse_loss({}, "a file")
    refuse_loss({"$.names": None, "$.meta": {}, "$.id": ""}, "a file")
    with pytest.raises(EncodeError, match="expected nothing that a file cannot represent") as error:
        refuse_loss({"$.meta": {}, "$.names": value, "$.id": "x"}, "a file")
    assert error.value.path == "$.names"
    assert error.value.remedy == "pass lossy=True to drop it"


def test_a_peek_has_dtype_and_shape_of_the_first_array() -> None:
    """None where there is no array."""
    first = TensorInfo("x", np.dtype("f4"), (2, 3))
    found = Peek("raw", (first, TensorInfo("y", None, None)), id="7")
    assert found.dtype == np.float32
    assert found.shape == (2, 3)
    assert repr(found).startswith("Peek(kind='raw', tensors=(TensorInfo(name='x', ")
    assert repr(found).endswith("id='7')")
    none = Peek("strData", ())
    assert (none.dtype, none.shape) == (None, None)
    assert repr(none) == "Peek(kind='strData', tensors=())"
