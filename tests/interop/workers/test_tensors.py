"""Arrays as both sides of the pipe compare them."""

import ml_dtypes
import numpy as np

from interop.workers.tensors import Tensor, from_value, pack, strings, to_value, unpack


def test_tensors_come_as_they_went() -> None:
    """Arrays of every sort are what they were after the pipe."""
    values = {
        "floats": np.array([[1.5, -0.0, np.nan]]),
        "scalar": np.array(7, np.uint16),
        "bfloat16": np.array([1.5, -2.0], ml_dtypes.bfloat16),
        "none": np.empty((0, 3), np.float32),
        "flags": np.array([True, False]),
    }
    tensors = [from_value(name, value) for name, value in values.items()]
    for (name, value), tensor in zip(values.items(), unpack(*pack(tensors)), strict=True):
        again = to_value(tensor)
        assert (tensor.name, again.dtype, again.shape) == (name, value.dtype, value.shape)
        assert again.tobytes() == value.tobytes()


def test_strings_come_as_they_went() -> None:
    """Empty strings, NULs at the end and bytes that are no text are kept."""
    elements = [b"", b"a\0", b"\xff\0\1", "é".encode()]
    tensor = strings("s", (2, 2), elements)
    assert to_value(unpack(*pack([tensor]))[0]).tolist() == [elements[:2], elements[2:]]
    assert from_value("s", [[b"", b"a\0"], [b"\xff\0\1", "é"]]) == tensor
    assert from_value("s", np.array("ab")) == Tensor("s", "bytes", (), b"ab", (2,))


def test_small_integers_are_compared_by_value() -> None:
    """The spare bits of a byte that holds an int4 are no part of it."""
    array = np.array([0x0F, 0x07], np.uint8).view(ml_dtypes.int4)
    assert from_value("x", array).data == b"\xff\x07"
