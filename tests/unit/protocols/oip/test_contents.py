"""Typed contents of one tensor, against protobuf's runtime."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tensorwire.containers.protobuf.schema import message_class
from tensorwire.protocols.oip.contents import dtype_of_field, read_contents, write_contents

if TYPE_CHECKING:
    from tests.support.values import Array

CONTENTS = message_class("inference.InferTensorContents")
MEMBERS = {
    "bool": "bool",
    "int8": "int",
    "int16": "int",
    "int32": "int",
    "int64": "int64",
    "uint8": "uint",
    "uint16": "uint",
    "uint32": "uint",
    "uint64": "uint64",
    "float32": "fp32",
    "float64": "fp64",
}


def array_of(dtype: str) -> Array:
    """Return values with the extremes of a dtype."""
    if dtype == "bool":
        return np.resize(np.array([True, False, False]), 300)
    if dtype.startswith("float"):
        array = np.linspace(-1e30, 1e30, 300).astype(dtype)
        array[:4] = np.nan, np.inf, -np.inf, -0.0
        return array
    bounds = np.iinfo(dtype)
    return np.array([bounds.min, bounds.max, *range(100)], dtype)


@pytest.mark.parametrize("dtype", MEMBERS)
def test_both_ways(dtype: str) -> None:
    """The runtime writes the same bytes, and the values come back in the dtype of the field."""
    array = array_of(dtype)
    message: Any = CONTENTS()
    getattr(message, f"{MEMBERS[dtype]}_contents").extend(array.tolist())
    body = message.SerializeToString()
    assert write_contents(array) == body
    got = read_contents(body)
    assert got is not None
    assert got.dtype == dtype_of_field(array.dtype)
    assert got.tobytes() == array.astype(got.dtype).tobytes()


def test_a_signalling_nan() -> None:
    """Its bits are in the message, and are read from it."""
    array = np.full(3, 0x7FA00001, np.uint32).view(np.float32)
    got = read_contents(write_contents(array))
    assert got is not None
    assert got.tobytes() == array.tobytes()


def test_a_shape_and_an_order() -> None:
    """The values are in C order."""
    array = np.arange(6.0).reshape(2, 3).T
    got = read_contents(write_contents(array))
    assert got is not None
    assert got.tolist() == [0, 3, 1, 4, 2, 5]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x42\x01a",  # strings
        b"\x39" + bytes(8),  # not packed
        b"\x3a\x07" + bytes(7),  # no whole double
        b"\x3a\x08" + bytes(7),  # cut
        b"\x3a\x88\x80\x00" + bytes(8),  # a length that is longer than necessary
        b"\x3a\x08" + bytes(8) + b"\x32\x04" + bytes(4),  # two fields
        b"\x12\x01\x80",  # a cut varint
        b"\x3a\x00",
    ],
)
def test_other_forms(body: bytes) -> None:
    """They are left to protobuf's runtime."""
    assert read_contents(body) is None


def test_no_field() -> None:
    """FP16 and strings have none."""
    assert dtype_of_field(np.dtype(np.float16)) is None
    assert dtype_of_field(np.dtype("S3")) is None
