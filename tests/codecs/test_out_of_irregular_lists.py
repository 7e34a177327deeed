"""Lists that begin unlike they go on: `out=` is compared with what they are, not with a guess."""

from typing import Any

import msgpack
import numpy as np
import pytest

import tensorwire as tw
from tensorwire.containers.protobuf.schema import message_class
from tensorwire.protocols.seldon import envelope as seldon


def _protobuf(values: list[float]) -> bytes:
    """Return a ListValue with a field of the future, whose bytes look like one number more."""
    numbers = b"".join(b"\x0a\x09\x11" + np.float64(value).tobytes() for value in values)
    listed = numbers + b"\x08\x09\x11" + np.float64(0.5).tobytes()
    ndarray = bytes([0x1A, len(listed)]) + listed
    return bytes([0x1A, len(ndarray)]) + ndarray


def test_a_field_of_the_future_is_no_number() -> None:
    """What protobuf reads is written into `out`, and an array of another shape is refused."""
    codec = tw.get_codec("protobuf/ndarray")
    body = _protobuf([1.5])
    message: Any = message_class(seldon.MESSAGE)().FromString(body)
    assert [value.number_value for value in message.data.ndarray.values] == [1.5]
    out = np.zeros(1)
    assert codec.decode(body, out=out) is out
    assert out.tolist() == [1.5]
    with pytest.raises(tw.DecodeError, match=r"float64 of shape \(1,\)"):
        codec.decode(body, out=np.zeros(2))


@pytest.mark.parametrize("count", [1, 40])
def test_floats_behind_a_long_integer(count: int) -> None:
    """An integer of 64 bits before floats of 64 bits is a float among them."""
    codec = tw.get_codec("msgpack/ndarray")
    values = [-(2**40), *[1.5] * count]
    body = msgpack.packb({"data": {"ndarray": values}})
    assert codec.decode(body).tolist() == values
    out = np.zeros(len(values))
    assert codec.decode(body, out=out) is out
    assert out.tolist() == values
    for wrong in (np.zeros(len(values), np.int64), np.zeros(1)):
        with pytest.raises(tw.DecodeError, match="expected float64"):
            codec.decode(body, out=wrong)
