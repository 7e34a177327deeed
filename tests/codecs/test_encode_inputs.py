"""What may be encoded besides plain arrays, what `lossy=True` accepts, and what nobody may."""

import math
from fractions import Fraction
from typing import Any

import msgpack
import numpy as np
import orjson
import pytest

import tensorwire as tw
from tests.support import reference
from tests.support.expectations import describe, refused
from tests.support.values import CODECS, CONTAINERS, Array, built_in, plain

codecs = pytest.mark.parametrize("name", CODECS)
containers = pytest.mark.parametrize("container", CONTAINERS)
NA_NAN = np.dtypes.StringDType(na_object=math.nan)
NA_NONE = np.dtypes.StringDType(na_object=None)


class Broken:
    """An object whose array cannot be had."""

    def __array__(self, dtype: Any = None, copy: Any = None) -> Array:
        raise RuntimeError("no array today")


NEVER: dict[str, Any] = {
    "None": None,
    "object": object(),
    "objects": np.array([1, None], object),
    "a list of objects": [object()],
    "null in a list": [1.0, None],
    "a dict": {"a": 1},
    "a set": {1, 2},
    "a generator": (x for x in [1.0]),
    "an iterator": iter([1.0]),
    "ragged": [[1.0, 2.0], [3.0]],
    "ragged in depth": [[1.0], [[2.0]]],
    "ragged with nothing": [[], [1.0]],
    "dates": np.array(["2020-01-01"], "M8[D]"),
    "spans": np.array([1], "m8[s]"),
    "fields": np.zeros(3, "i4,f4"),
    "void": np.zeros(3, "V8"),
    "masked": np.ma.array([1.0, 2.0], mask=[True, False]),
    "fractions": [Fraction(1, 3)],
    "a broken object": Broken(),
    "a list of broken objects": [Broken()],
    "dicts": [{"a": 1}],
    "a type": int,
}


@codecs
@pytest.mark.parametrize("case", NEVER)
def test_what_is_never_encoded(name: str, case: str) -> None:
    """What is no array of numbers, bools, strings or bytes is refused, lossy or not."""
    for lossy in (False, True):
        with pytest.raises(tw.EncodeError) as caught:
            tw.get_codec(name).encode(NEVER[case], lossy=lossy)
        assert caught.value.path.startswith("$")
        with pytest.raises(tw.EncodeError):
            built_in(name).encode_parts(NEVER[case], lossy=lossy)


@codecs
@pytest.mark.parametrize(
    "value", [np.array(["a", math.nan], NA_NAN), np.array(["a", None], NA_NONE)]
)
def test_missing_strings(name: str, value: Any) -> None:
    """Nested lists have null for a missing string, and give it back as None; others refuse it."""
    codec = tw.get_codec(name)
    if name.endswith("/ndarray"):
        assert codec.decode(codec.encode(value)) == ["a", None]
    else:
        with pytest.raises(tw.EncodeError):
            codec.encode(value)


LISTS: list[tuple[Any, Any]] = [
    ([1.5, 2], np.array([1.5, 2.0])),
    ([1, 2], np.array([1, 2])),
    ((1, 2), np.array([1, 2])),
    ([(1, 2), [3, 4]], np.array([[1, 2], [3, 4]])),
    (range(3), np.arange(3)),
    ([True, False], np.array([True, False])),
    ([[]], np.empty((1, 0))),
    ([], np.empty(0)),
    ([2**63, 1], np.array([2**63, 1], np.uint64)),
    ([np.float64(1.5), 2], np.array([1.5, 2.0])),
    ([np.array([1.5, 2.0]), np.array([3.0, 4.0])], np.array([[1.5, 2.0], [3.0, 4.0]])),
    (["a", "bc"], np.array(["a", "bc"])),
    (np.array(["a", "bc"], np.dtypes.StringDType()), np.array(["a", "bc"])),
    (1.5, np.array(1.5)),
    (7, np.array(7)),
    (np.float32(1.5), np.array(1.5, np.float32)),
    (bytearray(b"ab"), np.array([97, 98], np.uint8)),
    (memoryview(b"ab"), np.array([97, 98], np.uint8)),
    (np.arange(4.0).reshape(2, 2).data, np.arange(4.0).reshape(2, 2)),
    ([1j, 2], np.array([1j, 2])),
    ([b"a", b"bc"], np.array([b"a", b"bc"])),
]


@codecs
@pytest.mark.parametrize("case", range(len(LISTS)))
def test_lists_and_scalars_are_arrays(name: str, case: int) -> None:
    """Lists, scalars and buffers are encoded as the array that numpy makes of them."""
    value, array = LISTS[case]
    codec = tw.get_codec(name)
    if name.endswith("raw"):
        if isinstance(value, (list, tuple, int, float, str)) or array.dtype.kind == "U":
            with pytest.raises(tw.EncodeError):
                codec.encode(value)
        return
    if refused(name, array):
        with pytest.raises(tw.EncodeError):
            codec.encode(value)
        return
    assert codec.encode(value) == codec.encode(array)
    assert describe(codec.decode(codec.encode(value))) == describe(
        codec.decode(reference.body(name, array))
    )


@containers
def test_strings_keep_their_nuls(container: str) -> None:
    """NULs at the end of strings, which numpy would drop, are kept or refused."""
    ndarray, tftensor = tw.get_codec(f"{container}/ndarray"), tw.get_codec(f"{container}/tftensor")
    for text in (["a\0", "b"], ["\0"], [["a"], ["b\0\0"]]):
        assert np.asarray(ndarray.decode(ndarray.encode(text)), object).tolist() == text
        encoded = [
            [x.encode() for x in row] if isinstance(row, list) else row.encode() for row in text
        ]
        for value in (text, encoded):
            assert np.asarray(tftensor.decode(tftensor.encode(value)), object).tolist() == encoded
    for scalar in ("a\0", b"a\0", "\0"):
        try:
            body = tftensor.encode(scalar)
        except tw.EncodeError:
            continue
        value = tftensor.decode(body)
        value = value.item() if isinstance(value, np.ndarray) else value
        assert value == (scalar.encode() if isinstance(scalar, str) else scalar)


@containers
def test_long_strings_beside_short_ones(container: str) -> None:
    """One long string among many short ones is not paid for by all of them."""
    text = ["a" * 100_000, *["b"] * 2000]
    codec = tw.get_codec(f"{container}/ndarray")
    value = codec.decode(codec.encode(text))
    assert value.tolist() == text
    assert value.nbytes < 64 * len(text) * 4
    strings = tw.get_codec(f"{container}/tftensor")
    assert list(strings.decode(strings.encode(text))) == [item.encode() for item in text]


MIXED: list[Any] = [
    ["a", 1],
    [["a", 1.5], ["b", True]],
    [True, 1],
    [False, 0.5],
    [[1, "x"], [2, ""]],
    [-1, 2**63],
]


@containers
@pytest.mark.parametrize("rows", MIXED, ids=str)
def test_mixed_rows_come_back_as_lists(container: str, rows: list[Any]) -> None:
    """Rows that no dtype holds come back as they were, each value of its own type."""
    codec = tw.get_codec(f"{container}/ndarray")
    body = codec.encode(rows)
    value = codec.decode(body)
    if container == "protobuf":  # whose only numbers are float64
        assert body == _list_value(rows)
        assert (value.tolist() if isinstance(value, np.ndarray) else value) == rows
        return
    assert value == rows
    load = orjson.loads if container == "json" else msgpack.unpackb
    assert repr(load(body)["data"]["ndarray"]) == repr(rows)
    assert repr(value) == repr(rows)
    for kind in ("tensor", "tftensor", "raw"):
        with pytest.raises(tw.EncodeError, match=f"use {container}/ndarray"):
            tw.get_codec(f"{container}/{kind}").encode(rows)


def _list_value(rows: list[Any]) -> bytes:
    message = reference.SeldonMessage()
    message.data.ndarray.extend(rows)
    return reference.protobuf_bytes(message)


@containers
@pytest.mark.parametrize(
    "rows", [[2**53 + 1, 1.5], [[0.5, 2**63 - 1]], [-(2**53) - 1, 0.0]], ids=str
)
def test_integers_that_floats_beside_them_would_round(container: str, rows: list[Any]) -> None:
    """An integer that float64 would round, for the floats beside it, is refused."""
    for kind in ("ndarray", "tensor", "tftensor"):
        with pytest.raises(tw.EncodeError):
            tw.get_codec(f"{container}/{kind}").encode(rows)


# What a codec makes of an array whose loss is accepted.
LOSSY: list[tuple[str, Array, Any]] = [
    ("ndarray", np.array(1.5), [1.5]),
    ("ndarray", np.array([1 + 2j, 3]), [1.0, 3.0]),
    ("ndarray", plain("bfloat16", (3,)), [0.0, -0.0, 1.0]),
    ("ndarray", plain("float8_e5m2", (3,)), [0.0, -0.0, 1.0]),
    ("ndarray", np.empty((0, 3)), []),
    ("tensor", np.array([1 + 2j, 3]), [1.0, 3.0]),
    ("tensor", plain("bfloat16", (3,)), [0.0, -0.0, 1.0]),
    ("tensor", plain("int4", (3,)), [0.0, 1.0, -8.0]),
    ("tensor", np.array([2**53 + 1]), [2.0**53]),
]


@containers
@pytest.mark.parametrize("case", range(len(LOSSY)))
def test_lossy_accepts_what_was_refused(container: str, case: int) -> None:
    """lossy=True writes what comes nearest, and the refusal had said that it would."""
    kind, array, wanted = LOSSY[case]
    codec = built_in(f"{container}/{kind}")
    with pytest.raises(tw.EncodeError, match="lossy=True"):
        codec.encode(array)
    value = codec.decode(codec.encode(array, lossy=True))
    assert np.array_equal(value, np.array(wanted)) or (
        container == "json" and array.dtype == np.int64 and value.tolist() == [2**53 + 1]
    )
    assert b"".join(codec.encode_parts(array, lossy=True)) == codec.encode(array, lossy=True)
    with pytest.raises(tw.EncodeError):
        codec.encode(array)  # the loss was accepted once


def test_lossy_nan_is_null() -> None:
    """NaN is written as null only where the loss is accepted, and is NaN again when read."""
    codec = tw.get_codec("json/ndarray")
    for size in (1, 3000):
        array = np.full((size, 2), 0.5)
        array[-1, -1] = math.nan
        with pytest.raises(tw.EncodeError, match="nan") as caught:
            codec.encode(array)
        assert caught.value.path == f"$.data.ndarray[{size - 1}][1]"
        body = codec.encode(array, lossy=True)
        assert orjson.loads(body)["data"]["ndarray"][-1] == [0.5, None]
        back = codec.decode(body)
        assert np.array_equal(back, array, equal_nan=True)
        with pytest.raises(tw.DecodeError, match="null"):
            codec.decode(body, missing="error")
    for value in ([1.5, math.nan], [1.5, math.inf], [["a", -math.inf]]):
        with pytest.raises(tw.EncodeError):
            codec.encode(value)


@pytest.mark.parametrize(
    "text", ["a\0b", "", "\U0010ffff", "\u2028", "\ufeff", "\x7f", "\\u0041", "</script>"]
)
def test_any_text_is_carried(text: str) -> None:
    """Every Unicode text goes through every container unchanged."""
    for container in CONTAINERS:
        for kind in ("ndarray", "tftensor"):
            codec = tw.get_codec(f"{container}/{kind}")
            value = np.asarray(codec.decode(codec.encode([text, "x"]))).tolist()
            assert value == ([text, "x"] if kind == "ndarray" else [text.encode(), b"x"])


@pytest.mark.parametrize("name", ["protobuf/tensor", "msgpack/tensor", "json/tensor"])
def test_a_dimension_beyond_int32(name: str) -> None:
    """A size that no int32 holds is refused where the field is one, though the array is empty."""
    array = np.empty((2**31, 0))
    codec = tw.get_codec(name)
    if name.startswith("protobuf"):
        with pytest.raises(tw.EncodeError):
            codec.encode(array)
    else:
        assert codec.decode(codec.encode(array)).shape == array.shape


@codecs
@pytest.mark.parametrize(("dtype", "bits"), [("float32", 0x7F800001), ("float16", 0x7C01)])
def test_a_signalling_nan_is_no_warning(name: str, dtype: str, bits: int) -> None:
    """A NaN of any kind stays a NaN or is refused, and numpy's warnings do not reach the caller."""
    codec, unsigned = tw.get_codec(name), {"float32": np.uint32, "float16": np.uint16}[dtype]
    for size in (1, 5, 700, 70_000):
        array = np.full((1, size), bits, unsigned).view(dtype)
        for _ in range(2):  # the second time it is known what to write
            try:
                value = codec.decode(codec.encode(array))
            except tw.EncodeError:
                assert name in ("json/ndarray", "json/tensor")
                break
            if not name.endswith("raw"):
                assert np.isnan(value).all()
                assert value.shape == array.shape
