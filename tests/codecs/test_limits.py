"""Limits bound what a payload may claim, at the value they name and not one off."""

import dataclasses

import msgpack
import numpy as np
import orjson
import pytest

import tensorwire as tw
from tests.support import reference
from tests.support.expectations import decoded, refused
from tests.support.values import CODECS, MEDIA_TYPES, Array, plain

codecs = pytest.mark.parametrize("name", CODECS)
ARRAYS = [
    plain("float64", (2, 3)),
    plain("float64", (600, 10)),
    plain("float64", (7, 10, 10)),
    plain("int64", (5,)),
    plain("bool", (2, 2)),
    plain("bool", (30, 20)),
    plain("uint16", (30, 20)),
    plain("str", (2, 2)),
    plain("str", (20, 20)),
]
VIEWS = [name for name in CODECS if not name.startswith("json") and not name.endswith("ndarray")]


def payloads(name: str) -> list[tuple[Array, bytes]]:
    """Return arrays that a codec represents, and those that come back."""
    fit = [array for array in ARRAYS if not refused(name, array)]
    return [(decoded(name, array), reference.body(name, array)) for array in fit]


@codecs
def test_max_elements(name: str) -> None:
    """An array of that many elements passes, one more does not."""
    for array, body in payloads(name):
        limits = tw.Limits(max_elements=array.size)
        assert np.shape(tw.get_codec(name).decode(body, limits=limits)) == array.shape
        with pytest.raises(tw.LimitError, match="max_elements") as caught:
            tw.get_codec(name).decode(body, limits=tw.Limits(max_elements=array.size - 1))
        assert caught.value.path.startswith("$.")


@codecs
def test_max_rank(name: str) -> None:
    """An array of that rank passes, one of a higher rank does not."""
    for array, body in payloads(name):
        limits = tw.Limits(max_rank=array.ndim)
        assert np.shape(tw.get_codec(name).decode(body, limits=limits)) == array.shape
        with pytest.raises(tw.LimitError, match="rank"):
            tw.get_codec(name).decode(body, limits=tw.Limits(max_rank=array.ndim - 1))


@codecs
def test_max_bytes(name: str) -> None:
    """The bytes of the array that comes back are bounded, be it a view or a copy."""
    for array, body in payloads(name):
        if array.dtype.kind in "SU":
            continue  # what strings take is known only afterwards, and is bounded from above
        codec = tw.get_codec(name)
        codec.decode(body, limits=tw.Limits(max_bytes=array.nbytes))
        with pytest.raises(tw.LimitError, match="max_bytes"):
            codec.decode(body, limits=tw.Limits(max_bytes=array.nbytes - 1))


@codecs
def test_limits_hold_in_loads(name: str) -> None:
    """A whole message is read within the same bounds."""
    media_type = MEDIA_TYPES[name.partition("/")[0]]
    for array, body in payloads(name):
        assert np.shape(tw.loads(body, media_type, limits=tw.Limits()).value) == array.shape
        with pytest.raises(tw.LimitError):
            tw.loads(body, media_type, limits=tw.Limits(max_elements=array.size - 1))


@codecs
def test_a_limit_leaves_the_next_call_alone(name: str) -> None:
    """Limits are of one call: the same bytes are read before and after it without them."""
    codec = tw.get_codec(name)
    for array, body in payloads(name):
        for limits in (None, tw.Limits(max_elements=0), None, tw.Limits(max_rank=0), tw.Limits()):
            if limits in (None, tw.Limits()):
                assert np.shape(codec.decode(body, limits=limits)) == array.shape
            else:
                with pytest.raises(tw.LimitError):
                    codec.decode(body, limits=limits)


@pytest.mark.parametrize("name", ["json/ndarray", "protobuf/ndarray", "msgpack/ndarray"])
def test_mixed_rows_are_bounded_too(name: str) -> None:
    """Rows that stay lists count as the array that they would be."""
    rows = [["a", 1.5]] * 100
    message = reference.SeldonMessage()
    message.data.ndarray.extend(rows)
    tree = {"data": {"ndarray": rows}}
    bodies = {
        "json": orjson.dumps(tree),
        "msgpack": msgpack.packb(tree),
        "protobuf": message.SerializeToString(),
    }
    body = bodies[name.partition("/")[0]]
    assert tw.get_codec(name).decode(body, limits=tw.Limits(max_elements=200, max_rank=2)) == rows
    for limits in (tw.Limits(max_elements=199), tw.Limits(max_rank=1)):
        with pytest.raises(tw.LimitError):
            tw.get_codec(name).decode(body, limits=limits)


def test_more_may_be_allowed() -> None:
    """A short message of a large array is read where the caller allows it."""
    proto = reference.SeldonMessage()
    proto.data.tftensor.dtype = 4
    proto.data.tftensor.tensor_shape.dim.add().size = 20 << 20
    proto.data.tftensor.int_val.append(7)
    body, codec = proto.SerializeToString(), tw.get_codec("protobuf/tftensor")
    with pytest.raises(tw.LimitError, match="max_bytes"):
        codec.decode(body)
    array = codec.decode(body, limits=tw.Limits(max_bytes=20 << 20))
    assert array.shape == (20 << 20,)
    assert (array == 7).all()


def test_limits_are_plain_values() -> None:
    """Limits are compared by value, and cannot be changed once they are made."""
    assert tw.Limits() == tw.Limits(max_elements=None, max_bytes=None, max_rank=64)
    with pytest.raises(dataclasses.FrozenInstanceError):
        tw.Limits().max_rank = 1  # type: ignore[misc]
    assert issubclass(tw.LimitError, tw.DecodeError)
