"""Every codec carries every value that it promises to carry, and refuses the others by name."""

import json
from typing import Any

import msgpack
import numpy as np
import orjson
import pytest
from google.protobuf import json_format
from hypothesis import given

import tensorwire as tw
from tests.support import reference
from tests.support.expectations import calm, decoded, describe, refused, shortest
from tests.support.values import CODECS, DTYPES, RANK_64, Array, arrays, built_in, labelled, plain

codecs = pytest.mark.parametrize("name", CODECS)
dtypes = pytest.mark.parametrize("dtype", DTYPES)


def narrow(array: Array) -> bool:
    """Return whether the shortest text of the values is not that of the same float64."""
    return array.dtype.kind == "f" and array.dtype.itemsize < 8


def carried(name: str, dtype: str) -> list[tuple[str, Array]]:
    """Return the labelled arrays of a dtype that a codec represents."""
    return [(label, array) for label, array in labelled(dtype) if not refused(name, array)]


def check_body(name: str, array: Array, body: bytes, label: str = "") -> None:
    """Check a payload against what the format's own library writes or reads."""
    container, kind = name.split("/")
    if container == "msgpack" and kind == "ndarray" and array.dtype.kind in "iuf":
        # Every number is of the array's own size, where msgpack would take the smallest.
        assert repr(msgpack.unpackb(body)) == repr(reference.msgpack_tree(kind, array)), label
    elif container == "msgpack" and kind == "tftensor":
        assert repr(msgpack.unpackb(body)) == repr(reference.msgpack_tree(kind, array)), label
    elif name == "json/tftensor" or (container == "json" and narrow(array)):
        # The same numbers; how many digits go before an exponent is each writer's own.
        wanted = orjson.loads(reference.body(name, array))
        assert repr(orjson.loads(body)) == repr(wanted), label
    else:
        assert body == reference.body(name, array), label


def check_value(name: str, array: Array, value: Any, label: str = "") -> None:
    """Check a decoded value, bit for bit where the format keeps the bits of NaN."""
    wanted = decoded(name, array)
    if name.startswith("json"):
        wanted, value = calm(wanted), calm(value)
    assert describe(value) == describe(wanted), label


@dtypes
@codecs
def test_encode_writes_what_the_official_library_writes(name: str, dtype: str) -> None:
    """The payload of every array is the one that protobuf, orjson or msgpack makes of it."""
    for label, array in carried(name, dtype):
        check_body(name, array, tw.get_codec(name).encode(array), label)


@dtypes
@codecs
def test_decode_reads_what_the_official_library_writes(name: str, dtype: str) -> None:
    """The payload that protobuf, orjson or msgpack makes of an array is read as that array."""
    for label, array in carried(name, dtype):
        check_value(name, array, tw.get_codec(name).decode(reference.body(name, array)), label)


@dtypes
@codecs
def test_decode_reads_what_encode_writes(name: str, dtype: str) -> None:
    """What comes back has the values, the dtype and the shape that the codec promises."""
    codec = tw.get_codec(name)
    for label, array in carried(name, dtype):
        check_value(name, array, codec.decode(codec.encode(array)), label)


@pytest.mark.slow
@dtypes
@codecs
def test_encode_refuses_what_would_be_lost(name: str, dtype: str) -> None:
    """An array that the codec cannot represent is refused, and the text names a codec that can."""
    codec, container = tw.get_codec(name), name.partition("/")[0]
    for label, array in labelled(dtype):
        if not refused(name, array):
            continue
        with pytest.raises(tw.EncodeError, match=f"use {container}/tftensor") as caught:
            codec.encode(array)
        assert caught.value.path.startswith("$.data."), label
        with pytest.raises(tw.EncodeError):
            built_in(name).encode_parts(array)


@pytest.mark.slow
@dtypes
@codecs
def test_encode_parts_joins_to_encode(name: str, dtype: str) -> None:
    """The buffers of encode_parts are flat and hold the bytes of encode."""
    codec = built_in(name)
    for label, array in carried(name, dtype):
        parts = codec.encode_parts(array)
        assert all(isinstance(part, (bytes, memoryview)) for part in parts), label
        assert all(memoryview(part).ndim == 1 for part in parts), label
        assert b"".join(parts) == codec.encode(array), label


@pytest.mark.slow
@codecs
@given(array=arrays())
def test_any_array_is_carried_or_refused(name: str, array: Array) -> None:
    """Arrays that nobody thought of are written as the official libraries write them."""
    codec = tw.get_codec(name)
    if refused(name, array):
        with pytest.raises(tw.EncodeError, match="; use "):
            codec.encode(array)
        return
    body = codec.encode(array)
    check_body(name, array, body)
    check_value(name, array, codec.decode(body))
    check_value(name, array, codec.decode(reference.body(name, array)))


@pytest.mark.slow
@dtypes
@pytest.mark.parametrize("name", [name for name in CODECS if name.endswith(("tensor", "ndarray"))])
def test_dtype_brings_the_array_back(name: str, dtype: str) -> None:
    """With the dtype that the payload does not say, every number comes back bit for bit."""
    codec = tw.get_codec(name)
    for label, array in carried(name, dtype):
        if array.dtype.kind in "SU":
            continue
        native = array.astype(array.dtype.newbyteorder("="))
        value = codec.decode(codec.encode(array), dtype=native.dtype)
        assert describe(calm(value)) == describe(calm(native)), label


@pytest.mark.slow
@dtypes
@pytest.mark.parametrize("kind", ["tensor", "tftensor", "raw"])
def test_json_is_protobufs_json(kind: str, dtype: str) -> None:
    """Protobuf's own JSON parser makes of our text the message that it should."""
    name = f"json/{kind}"
    for label, array in carried(name, dtype):
        if kind == "tensor" and array.ndim > 40:
            continue
        body = tw.get_codec(name).encode(array)
        seen = json_format.Parse(body, reference.SeldonMessage())
        wanted = reference.said(kind, array)
        if kind == "tensor" and array.dtype.kind == "f":
            wanted = shortest(calm(array))
        assert reference.protobuf_bytes(seen) == reference.body(f"protobuf/{kind}", wanted), label


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("kind", ["ndarray", "tensor"])
def test_json_floats_are_the_shortest_text(kind: str, dtype: str) -> None:
    """A float is printed with the fewest digits that read back to the same bits of its dtype."""
    bits = np.random.default_rng(5).integers(0, 2**16, (4000, 4), np.uint16)
    array = bits.reshape(-1).view(dtype)
    array = array[np.isfinite(array)]
    texts: list[str] = []

    def note(text: str) -> float:
        texts.append(text)
        return 0.0

    codec = tw.get_codec(f"json/{kind}")
    json.loads(codec.encode(array), parse_float=note)
    assert (np.array([float(text) for text in texts]).astype(dtype) == array).all()
    for text, number in zip(texts, array, strict=True):
        digits = np.format_float_scientific(number, unique=True, trim="-").partition("e")[0]
        assert len(_digits(text)) == len(_digits(digits)), (text, number)


def _digits(text: str) -> str:
    mantissa = text.lower().partition("e")[0]
    return mantissa.replace("-", "").replace(".", "").strip("0")


@pytest.mark.parametrize("name", [n for n in CODECS if not n.startswith("protobuf")])
def test_rank_64_is_carried(name: str) -> None:
    """The highest rank that numpy has goes through every container that has no limit of its own."""
    array = plain("float64", RANK_64)
    if name.endswith("raw"):
        array = array.reshape(-1).view(np.uint8)
    assert tw.get_codec(name).decode(tw.get_codec(name).encode(array)).shape == array.shape
