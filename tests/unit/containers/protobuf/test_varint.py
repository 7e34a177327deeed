"""Varints, held to protobuf's own encoder."""

from typing import Any

import numpy as np
import pytest
from google.protobuf.internal import decoder as decoder_module
from google.protobuf.internal import encoder as encoder_module

from tensorwire.containers.protobuf import varint
from tensorwire.tree import Irregular

decoder: Any = decoder_module  # the stubs have neither function
encoder: Any = encoder_module
NUMBERS = sorted(
    {n for bit in range(64) for n in (2**bit - 1, 2**bit, 2**bit + 1) if n < 2**64} | {2**64 - 1}
)


def official(number: int) -> bytes:
    """Return what protobuf's encoder writes."""
    pieces: list[bytes] = []
    encoder._VarintEncoder()(pieces.append, number, False)  # noqa: FBT003
    return b"".join(pieces)


@pytest.mark.parametrize("number", NUMBERS)
def test_one_number_is_that_of_protobuf(number: int) -> None:
    """Written and read at any place of a body."""
    text = varint.write(number)
    assert text == official(number)
    assert varint.read(b"\xff" + text + b"\x80", 1) == (number, 1 + len(text))
    assert decoder._DecodeVarint(text, 0) == (number, len(text))


@pytest.mark.parametrize("number", [-1, -2, -(2**31), -(2**63)])
def test_a_negative_number_has_ten_bytes(number: int) -> None:
    """Its two's complement of 64 bits, as protobuf has it."""
    assert varint.write(number) == official(number + 2**64)
    packed = varint.pack(np.array([number, 1]))
    assert packed == official(number + 2**64) + b"\x01"
    assert varint.unpack(np.frombuffer(packed, "u1"), np.dtype("<i8")).tolist() == [number, 1]


@pytest.mark.parametrize(
    "body", [b"\x80\x00", b"\xff" * 10, b"\xff" * 9 + b"\x02", b"\x80" * 9 + b"\x00"]
)
def test_other_forms_are_irregular(body: bytes) -> None:
    """Longer than necessary, longer than ten bytes, or more than 64 bits."""
    with pytest.raises(Irregular):
        varint.read(body + b"\x00", 0)


@pytest.mark.parametrize("body", [b"", b"\x80", b"\xff\xff"])
def test_a_number_that_is_cut_off(body: bytes) -> None:
    """One by one, reading runs over the end; an array is irregular."""
    with pytest.raises(IndexError):
        varint.read(body, 0)
    if body:
        with pytest.raises(Irregular):
            varint.unpack(np.frombuffer(body, "u1"), np.dtype("<i8"))


@pytest.mark.parametrize("top", [1, 0x7F, 0x80, 0x3FFF, 0x4000, 2**32 - 1, 2**32, 2**63 - 1])
@pytest.mark.parametrize("count", [1, 2, 100, 8192, 8193, 20_000])
def test_arrays_are_packed_as_one_by_one(top: int, count: int) -> None:
    """Of one, two or many bytes each, mixed as chance has it; and read back."""
    rng = np.random.default_rng(count)
    array = rng.integers(0, top, count, np.int64, endpoint=True) >> rng.integers(0, 40, count)
    array[0] = top
    packed = varint.pack(array)
    assert packed == b"".join(map(official, array.tolist()))
    assert np.array_equal(varint.unpack(np.frombuffer(packed, "u1"), np.dtype("<i8")), array)


def test_bools_are_bytes() -> None:
    """A bool is a varint of one byte."""
    array = np.array([True, False, True])
    assert varint.pack(array) == b"\1\0\1"
    found = varint.unpack(np.frombuffer(b"\1\0\1", "u1"), np.dtype("?"))
    assert found.tolist() == [True, False, True]


@pytest.mark.parametrize("body", [b"\xff" * 10 + b"\x01", b"\x01" + b"\xff" * 9 + b"\x02"])
def test_an_array_with_a_number_beyond_64_bits(body: bytes) -> None:
    """It is the official runtime's to judge."""
    with pytest.raises(Irregular):
        varint.unpack(np.frombuffer(body, "u1"), np.dtype("<u8"))


def test_a_field_of_32_bits_keeps_the_low_ones() -> None:
    """As protobuf does with an int32 that was written in ten bytes."""
    packed = np.frombuffer(official(2**64 - 5) + official(2**40 + 7), "u1")
    assert varint.unpack(packed, np.dtype("<i4")).tolist() == [-5, 7]
