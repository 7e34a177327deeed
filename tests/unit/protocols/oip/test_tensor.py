"""Datatypes, byte strings and the values of one tensor, held to struct and numpy."""

import struct
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from tensorwire.errors import DecodeError, EncodeError
from tensorwire.limits import DEFAULT_LIMITS
from tensorwire.missing import VERIFIED
from tensorwire.protocols.oip.messages import InferRequest
from tensorwire.protocols.oip.tensor import (
    NAMES,
    InferTensor,
    Rules,
    datatype_named,
    datatype_of,
    from_raw,
    from_values,
    pack_bytes,
    unpack_bytes,
)

NULLS = VERIFIED._replace(null=True, also=frozenset({int}))
RULES = Rules(DEFAULT_LIMITS, 1000, NULLS)


def test_datatypes_and_dtypes() -> None:
    """Each datatype has one dtype, in native byte order, and finds it again."""
    for dtype, name in NAMES.items():
        assert datatype_of(dtype).name == name
        assert datatype_named(name).dtype == dtype
    assert datatype_named("BF16").dtype == ml_dtypes.bfloat16
    assert datatype_of(np.dtype(ml_dtypes.bfloat16)).name == "BF16"
    assert datatype_of(np.dtype(">i2")).name == "INT16"
    assert {datatype_of(np.dtype(text)).name for text in ("S3", "U2", "U")} == {"BYTES"}
    with pytest.raises(EncodeError, match="got complex64"):
        datatype_of(np.dtype("c8"))
    for wrong in ("float32", "fp32", None, ["FP32"]):
        with pytest.raises(DecodeError, match="expected a datatype"):
            datatype_named(wrong)


@pytest.mark.parametrize("strings", [[], [b""], [b"a", b"", b"\0bc"], [bytes(300)]])
def test_byte_strings(strings: list[bytes]) -> None:
    """Byte strings are each behind its length, as struct packs it."""
    packed = b"".join(struct.pack("<I", len(one)) + one for one in strings)
    assert pack_bytes(strings) == packed
    assert unpack_bytes(np.frombuffer(packed, np.uint8)) == strings
    for cut in range(1, len(packed)):
        if cut < len(packed) - 300:
            continue
        memory = np.frombuffer(packed[:cut], np.uint8)
        try:
            assert pack_bytes(unpack_bytes(memory)) == packed[:cut]
        except DecodeError as error:
            assert "byte strings of" in error.reason  # noqa: PT017 - some cuts are between strings


@pytest.mark.parametrize("name", ["FP32", "FP64", "FP16"])
@pytest.mark.parametrize("values", [[1.5, None], [None, None], [1, None]])
def test_null_is_nan_among_floats(name: str, values: list[Any]) -> None:
    """Null is NaN where the datatype has it, also among integers, and is refused elsewhere."""
    array = from_values(list(values), datatype_named(name), [2], RULES)
    assert array.dtype == datatype_named(name).dtype
    np.testing.assert_array_equal(np.isnan(array), [item is None for item in values])
    for other in ("INT32", "BOOL", "BYTES"):
        with pytest.raises(DecodeError):
            from_values(list(values), datatype_named(other), [2], RULES)
    with pytest.raises(DecodeError):
        from_values([1.5, None], datatype_named(name), [2], RULES._replace(options=VERIFIED))


@pytest.mark.parametrize(
    ("name", "values", "reason"),
    [
        ("INT8", [1, 128], "INT8, which is -128 to 127"),
        ("UINT8", [-1, 1], "UINT8, which is 0 to 255"),
        ("INT32", [1.5, 1.0], "an integer for INT32"),
        ("FP32", [1e300, 1.0], "a number in the range of FP32"),
        ("BOOL", [1, 0], "true or false for BOOL"),
        ("FP64", ["1", "2"], "a number for FP64"),
        ("BYTES", [1, 2], "text for BYTES"),
    ],
)
def test_wrong_values(name: str, values: list[Any], reason: str) -> None:
    """A value that the datatype does not have is named, with its path."""
    with pytest.raises(DecodeError, match=f"expected {reason}") as caught:
        from_values(values, datatype_named(name), [2], RULES)
    assert caught.value.path in ("$[0]", "$[1]")


def test_lists_of_other_shapes() -> None:
    """Values are flat or nested as the shape is, and as many as it has."""
    row = datatype_named("INT64")
    for values in ([1, 2, 3, 4], [[1, 2], [3, 4]]):
        np.testing.assert_array_equal(from_values(values, row, [2, 2], RULES), [[1, 2], [3, 4]])
    for wrong in ([1, 2, 3], [[1, 2, 3, 4]], [[1], [2], [3], [4]], 5):
        with pytest.raises(DecodeError, match="expected"):
            from_values(wrong, row, [2, 2], RULES)


def test_raw_memory() -> None:
    """Memory is viewed; bools are looked at; sizes have to fit."""
    memory = np.frombuffer(np.arange(3, dtype=np.int16).tobytes(), np.uint8)
    value = from_raw(memory, datatype_named("INT16"), [3], RULES)
    assert np.shares_memory(value, memory)
    assert value.tolist() == [0, 1, 2]
    with pytest.raises(DecodeError, match=r"expected 8 bytes for shape \[4\] of INT16, got 6"):
        from_raw(memory, datatype_named("INT16"), [4], RULES)
    with pytest.raises(DecodeError, match="expected 0 or 1 for BOOL, got 2"):
        from_raw(memory, datatype_named("BOOL"), [6], RULES)


def test_none_is_no_parameters() -> None:
    """Parameters and outputs of None are empty, and each message has its own."""
    tensors = [InferTensor("x", [1.5], None), InferTensor("x", [1.5])]
    assert tensors[0] == tensors[1]
    assert tensors[0].parameters == {}
    assert tensors[0].parameters is not tensors[1].parameters
    requests = [InferRequest(tensors, parameters=None, outputs=None), InferRequest(tensors)]
    assert requests[0] == requests[1]
    assert (requests[0].parameters, requests[0].outputs) == ({}, [])
    assert requests[0].outputs is not requests[1].outputs
