"""`dtype=` is a checked cast and `out=` the caller's own memory: neither spoils anything."""

from typing import Any

import ml_dtypes
import msgpack
import numpy as np
import pytest
from hypothesis import given

import tensorwire as tw
from tensorwire.containers.protobuf.schema import message_class
from tensorwire.protocols.seldon import envelope as seldon
from tests.support import reference
from tests.support.corpus import messages
from tests.support.expectations import decoded, describe, refused
from tests.support.values import CODECS, Array, arrays, plain

codecs = pytest.mark.parametrize("name", CODECS)
ARRAYS = pytest.mark.parametrize("name", [name for name in CODECS if not name.endswith("raw")])

# What a payload holds, the dtype that is asked for, and whether every value survives it.
CASTS: list[tuple[list[Any], Any, bool]] = [
    ([1, 2, 255], np.uint8, True),
    ([1, 2, 256], np.uint8, False),
    ([-1, 2], np.uint8, False),
    ([-1, 2], np.uint64, False),
    ([127, -128], np.int8, True),
    ([128], np.int8, False),
    ([1.0, 2.0], np.int32, True),
    ([1.0, 2.5], np.int32, False),
    ([1.0, float("nan")], np.int64, False),
    ([float("inf")], np.int64, False),
    ([-float("inf")], np.uint8, False),
    ([2.0**63], np.int64, False),
    ([2.0**63], np.uint64, True),
    ([2.0**64], np.uint64, False),
    ([-(2.0**63)], np.int64, True),
    ([1e300], np.int64, False),
    ([0.5, 1.5], np.float32, True),
    ([float("nan"), float("inf"), -float("inf"), -0.0], np.float32, True),
    ([1e300], np.float32, False),
    ([1e-300], np.float32, False),
    ([0.5], np.float16, True),
    ([65504.0], np.float16, True),
    ([65536.0], np.float16, False),
    ([0.5], ml_dtypes.bfloat16, True),
    ([257.0], ml_dtypes.bfloat16, False),
    ([1.0], ml_dtypes.float8_e4m3fn, True),
    ([1000.0], ml_dtypes.float8_e4m3fn, False),
    ([0.0, 1.0], np.bool_, True),
    ([2.0], np.bool_, False),
    ([float("nan")], np.bool_, False),
    ([1.5, -2.5], np.complex64, True),
    ([1e300], np.complex64, False),
    ([2**53], np.float64, True),
    ([2**24 + 1], np.float32, False),
    ([1, 2], np.complex128, True),
    ([1.0], np.str_, False),
    ([1.0], "M8[s]", False),
    ([1.0], "V8", False),
    ([1.0], np.object_, False),
    ([], np.int8, True),
]


@pytest.mark.slow
@ARRAYS
@pytest.mark.parametrize(("values", "dtype", "survives"), CASTS)
def test_a_cast_changes_no_value(
    name: str, values: list[Any], dtype: Any, *, survives: bool
) -> None:
    """A cast gives the dtype where every value survives it, and is refused where one does not."""
    array = np.array(values)
    if refused(name, array):
        pytest.skip("not carried")
    codec, body = tw.get_codec(name), reference.body(name, array)
    if not survives and values:
        with pytest.raises(tw.DecodeError) as caught:
            codec.decode(body, dtype=dtype)
        assert caught.value.path.startswith(f"$.data.{name.partition('/')[2]}")
        out = np.zeros(array.shape, dtype if dtype is not np.str_ else "U9")
        before = out.tolist()
        with pytest.raises(tw.DecodeError):
            codec.decode(body, dtype=dtype, out=out)
        assert out.tolist() == before
        return
    value = codec.decode(body, dtype=dtype)
    wanted = array.astype(dtype)
    assert describe(value) == describe(wanted)
    out = np.zeros(array.shape, dtype)
    assert codec.decode(body, dtype=dtype, out=out) is out
    assert describe(out) == describe(wanted)


@pytest.mark.parametrize("kind", ["ndarray", "tensor"])
def test_short_texts_cast_back(kind: str) -> None:
    """The shortest text of a narrower float is that float: 0.1 is float32's 0.1, and float16's."""
    codec = tw.get_codec(f"json/{kind}")
    for dtype in (np.float16, np.float32):
        every = np.arange(1, 2**16, 7, dtype=np.uint16).repeat(2 if dtype is np.float32 else 1)
        array = every.view(dtype)
        array = array[np.isfinite(array)]
        assert describe(codec.decode(codec.encode(array), dtype=dtype)) == describe(array)
    for text, dtype in (("0.1", np.float16), ("0.1", np.float32), ("16777217", np.float32)):
        body = reference.body(f"json/{kind}", np.array([float(text)]))
        if text == "0.1":
            assert codec.decode(body, dtype=dtype)[0] == dtype(0.1)
        else:
            with pytest.raises(tw.DecodeError, match="represents"):
                codec.decode(body, dtype=dtype)
    with pytest.raises(tw.DecodeError, match="represents"):
        codec.decode(reference.body(f"json/{kind}", np.array([0.1000000001])), dtype=np.float32)


@pytest.mark.parametrize("name", ["protobuf/tensor", "msgpack/ndarray", "protobuf/tftensor"])
def test_binary_values_do_not(name: str) -> None:
    """Where the bits of 0.1 are those of float64, float32 has no such number."""
    with pytest.raises(tw.DecodeError, match="represents"):
        tw.get_codec(name).decode(reference.body(name, np.array([0.1])), dtype=np.float32)


@pytest.mark.parametrize("name", ["json/tftensor", "protobuf/tftensor", "msgpack/tftensor"])
def test_casts_of_dtypes_that_only_tftensor_represents(name: str) -> None:
    """Complex, 8-bit and 16-bit values are cast by the same rule, strings to text."""
    codec = tw.get_codec(name)

    def cast(array: Array, dtype: Any) -> Any:
        return codec.decode(reference.body(name, array), dtype=dtype)

    assert cast(np.array([1 + 0j, 2]), float).tolist() == [1.0, 2.0]
    assert cast(np.array([1.5, 2], ml_dtypes.bfloat16), np.float16).tolist() == [1.5, 2.0]
    assert cast(np.array([1, 2], ml_dtypes.float8_e5m2), np.int8).tolist() == [1, 2]
    assert cast(np.array([1, -2], ml_dtypes.int4), np.int64).tolist() == [1, -2]
    assert cast(np.array(["é", "b"]), str).tolist() == ["é", "b"]
    assert cast(np.array(["é", "b"]), str).dtype.kind == "U"
    for array, dtype in (
        (np.array([1 + 1j, 2]), float),
        (np.array([1 + 0.1j]), np.complex64),
        (np.array([1.5], ml_dtypes.bfloat16), int),
        (np.array([float("nan")], ml_dtypes.float8_e4m3fn), np.int8),
        (np.array([-1], ml_dtypes.int4), np.uint8),
        (np.array([b"\xff"]), str),
        (np.array([b"1"]), float),
    ):
        with pytest.raises(tw.DecodeError):
            cast(array, dtype)


@pytest.mark.slow
@ARRAYS
@given(array=arrays())
def test_any_cast_is_exact_or_refused(name: str, array: Array) -> None:
    """Whatever the values, a cast that is granted can be undone."""
    if refused(name, array):
        return
    codec, body = tw.get_codec(name), reference.body(name, array)
    plain_value = codec.decode(body)
    for dtype in (
        np.int16,
        np.uint64,
        np.float32,
        np.float64,
        np.complex64,
        np.bool_,
        ml_dtypes.bfloat16,
    ):
        try:
            value = codec.decode(body, dtype=dtype)
        except tw.DecodeError:
            continue
        assert value.dtype == dtype
        assert value.shape == plain_value.shape
        if name.startswith("json") and np.dtype(dtype).kind in "fV":
            continue  # by way of decimal text, which the tests above hold
        with np.errstate(all="ignore"):
            back = value.astype(plain_value.dtype) if dtype is not np.complex64 else value
        assert np.array_equal(back, plain_value, equal_nan=plain_value.dtype.kind in "fc")


@codecs
def test_out_is_a_row_of_a_batch(name: str) -> None:
    """out= may be any view of that shape and dtype: a row, a column, in Fortran order."""
    array = plain("float64", (40, 50))
    body, wanted = reference.body(name, array), decoded(name, array)
    batch = np.zeros((3, *wanted.shape), wanted.dtype)
    strided = np.zeros((*wanted.shape, 2), wanted.dtype)
    fortran = np.zeros(wanted.shape, wanted.dtype, order="F")
    for out in (batch[1], strided[..., 1], fortran, np.zeros(wanted.shape, wanted.dtype)[::-1]):
        assert tw.get_codec(name).decode(body, out=out) is out
        assert np.array_equal(out, wanted)
    assert not batch[0].any()
    assert not batch[2].any()
    assert not strided[..., 0].any()


@codecs
def test_out_fits_exactly(name: str) -> None:
    """Another shape, dtype or byte order, or memory that cannot be written to, is refused."""
    for array in (plain("float64", (2, 3)), plain("float64", (40, 50))):
        body, wanted = reference.body(name, array), decoded(name, array)
        shape, dtype = wanted.shape, wanted.dtype
        other = np.dtype(np.float32)
        for out in (
            np.zeros((*shape, 1), dtype),
            np.zeros(shape[:-1], dtype),
            np.zeros((shape[0] + 1, *shape[1:]), dtype),
            np.zeros(shape, other),
            np.zeros(shape, ">i4"),
            np.zeros((), dtype),
            np.zeros(wanted.size, dtype) if len(shape) > 1 else np.zeros((1, wanted.size), dtype),
        ):
            with pytest.raises(tw.DecodeError, match="out="):
                tw.get_codec(name).decode(body, out=out)
            assert not out.any()
        frozen = np.zeros(shape, dtype)
        frozen.flags.writeable = False
        with pytest.raises(tw.DecodeError, match="out="):
            tw.get_codec(name).decode(body, out=frozen)
        assert not frozen.any()


@pytest.mark.slow
@codecs
def test_out_is_left_alone_by_errors(name: str) -> None:
    """A payload that turns out to be malformed at its very end has written nothing."""
    codec = tw.get_codec(name)
    bodies = list(messages(name))
    for body in bodies:
        value = codec.decode(body)
        if not isinstance(value, np.ndarray) or value.dtype.kind not in "biuf":
            continue
        sentinel = np.full(value.shape, 1, value.dtype)
        for place in (len(body) // 2, len(body) - 20, len(body) - 9, len(body) - 3, len(body) - 1):
            for broken in (
                body[: max(place, 0)],
                body[:place] + b"\xc1" + body[place + 1 :],
                body + b"\x0e",
            ):
                out = sentinel.copy()
                try:
                    codec.decode(broken, out=out)
                except tw.CodecError:
                    assert np.array_equal(out, sentinel), broken
        for other in bodies:
            out = sentinel.copy()
            try:
                codec.decode(other, out=out)
            except tw.CodecError:
                assert np.array_equal(out, sentinel), other


@pytest.mark.parametrize("name", ["json/ndarray", "protobuf/ndarray", "msgpack/ndarray"])
def test_mixed_rows_have_no_dtype(name: str) -> None:
    """Rows that stay lists are neither cast nor put into an array."""
    codec = tw.get_codec(name)
    body = codec.encode([["a", 1.5], ["b", 2.5]])
    out = np.zeros((2, 2))
    for options in ({"dtype": float}, {"dtype": str}, {"out": out}, {"dtype": float, "out": out}):
        with pytest.raises(tw.DecodeError, match="mix"):
            codec.decode(body, **options)
    assert not out.any()
    assert codec.decode(body, copy=True) == [["a", 1.5], ["b", 2.5]]


@codecs
def test_dtype_of_what_is_there_already_costs_nothing(name: str) -> None:
    """Asking for the dtype that comes anyway changes nothing, not even a view."""
    array = plain("float64", (40, 50))
    body = reference.body(name, array)
    value = tw.get_codec(name).decode(body)
    again = tw.get_codec(name).decode(body, dtype=value.dtype)
    assert describe(again) == describe(value)
    memory = np.frombuffer(body, np.uint8)
    assert np.shares_memory(again, memory) == np.shares_memory(value, memory)
    owned = tw.get_codec(name).decode(body, dtype=value.dtype, copy=True)
    assert owned.flags.writeable
    assert not np.shares_memory(owned, memory)


def with_unknown_field(values: list[float]) -> bytes:
    """Return a ListValue with a field of the future, whose bytes look like one number more."""
    numbers = b"".join(b"\x0a\x09\x11" + np.float64(value).tobytes() for value in values)
    listed = numbers + b"\x08\x09\x11" + np.float64(0.5).tobytes()
    ndarray = bytes([0x1A, len(listed)]) + listed
    return bytes([0x1A, len(ndarray)]) + ndarray


def test_a_field_of_the_future_is_no_number() -> None:
    """What protobuf reads is written into `out`, and an array of another shape is refused."""
    codec = tw.get_codec("protobuf/ndarray")
    body = with_unknown_field([1.5])
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
