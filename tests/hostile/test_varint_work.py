"""A number of protobuf that never ends is refused early, however long the body is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import tensorwire as tw
from tensorwire.containers.protobuf import varint
from tensorwire.tree import Irregular

if TYPE_CHECKING:
    from collections.abc import Callable

PROTOBUF = "application/x-protobuf"
READERS: dict[str, Callable[[bytes], object]] = {
    "loads": lambda body: tw.loads(body, PROTOBUF),
    "peek": lambda body: tw.peek(body, PROTOBUF),
    "codec": tw.get_codec("protobuf/tftensor").decode,
    "oip": tw.get_protocol("oip/protobuf").decode,
    "oip typed": tw.get_protocol("oip/protobuf-typed").decode,
    "tfserving": tw.get_protocol("tfserving/protobuf").decode,
}


class Counted(bytes):
    """Bytes that count how often one of them is asked for."""

    asked = 0

    def __getitem__(self, place: Any) -> Any:
        """Count, and return what was asked for."""
        type(self).asked += 1
        return super().__getitem__(place)


@pytest.mark.parametrize("byte", [0x80, 0xFF])
def test_a_number_has_ten_bytes_at_most(byte: int) -> None:
    """Of a hundred bytes that go on, no more than eleven are looked at: the rest cost nothing."""
    Counted.asked = 0
    with pytest.raises(Irregular):
        varint.read(Counted(bytes([byte]) * 100), 0)
    assert Counted.asked <= 11


def test_ten_bytes_are_read() -> None:
    """The longest number there is, as protobuf writes -1."""
    assert varint.read(b"\xff" * 9 + b"\x01", 0) == (2**64 - 1, 10)
    for wrong in (b"\xff" * 9 + b"\x02", b"\xff" * 9 + b"\x80\x01", b"\x80" * 9 + b"\x00"):
        with pytest.raises(Irregular):
            varint.read(wrong, 0)


@pytest.mark.parametrize("start", [b"", b"\x1a", b"\x12", b"*", b"\x0a", b"\x1a\xff\xff\xff\x7f"])
@pytest.mark.parametrize("name", READERS)
def test_readers_refuse_it(name: str, start: bytes) -> None:
    """Each reader of protobuf raises, or finds no array, where a number does not end."""
    with pytest.raises(tw.DecodeError):
        READERS[name](start + b"\xff" * 100)
