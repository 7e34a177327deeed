"""Values as people hold them: the right bytes, or an error whose remedy works for that value."""

import collections
import datetime as dt
import decimal
import fractions
import json
import re
import uuid
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tensorwire as tw
from tensorwire.oip import InferRequest, InferTensor
from tensorwire.tfserving import PredictRequest
from tests.support import reference
from tests.support.objects import Color, Count, Level, Word
from tests.support.remedies import refused, run_remedy
from tests.support.values import CONTAINERS

containers = pytest.mark.parametrize("container", CONTAINERS)


OBJECTS: list[tuple[Any, Any]] = [
    (np.array(["cat", "dog"], object), ["cat", "dog"]),
    (np.array([["a"], ["bc"]], object), [["a"], ["bc"]]),
    (np.array([1, 2], object), [1, 2]),
    (np.array([1, 2.5], object), [1.0, 2.5]),
    (np.array([0.5, np.float32(0.25)], object), [0.5, 0.25]),
    (np.array([True, False], object), [True, False]),
    (np.array([True, np.bool_(0)], object), [True, False]),
    (np.array([2**53 + 1, np.int64(2)], object), [2**53 + 1, 2]),
    (np.array([np.array([1, 2]), np.array([3, 4])], object), [[1, 2], [3, 4]]),
    ([np.int64(1), 2], [1, 2]),
    ([np.float32(0.5), np.int8(2)], [0.5, 2.0]),
    ([np.str_("a"), "b"], ["a", "b"]),
    ([Word("a"), "b"], ["a", "b"]),
    ([Count(1), 2], [1, 2]),
    ([Level.LOW], [1]),
    (collections.deque([1.5, 2.0]), [1.5, 2.0]),
    (np.ma.array([1.0, 2.0], mask=[False, False]), [1.0, 2.0]),
]


@containers
@pytest.mark.parametrize("case", range(len(OBJECTS)))
def test_objects_are_written_as_the_values_they_are(container: str, case: int) -> None:
    """An array or list of objects gives the bytes of the plain lists of its values."""
    value, plain = OBJECTS[case]
    if container == "protobuf" and (2**53 + 1) in np.ravel(np.array(plain, object)):
        return
    for kind in ("ndarray", "tftensor"):
        codec = tw.get_codec(f"{container}/{kind}")
        assert codec.encode(value) == codec.encode(plain)
    if container == "protobuf":
        message = reference.SeldonMessage()
        message.data.ndarray.extend(plain)
        assert tw.get_codec("protobuf/ndarray").encode(value) == reference.protobuf_bytes(message)
    if container == "json":
        wanted = {"data": {"ndarray": plain}}
        assert json.loads(tw.get_codec("json/ndarray").encode(value)) == wanted


def test_labels_go_as_bytes_in_the_open_inference_protocol() -> None:
    """Object arrays of str and of bytes are BYTES, as tritonclient takes them."""
    for value, elements in (
        (np.array(["cat", "dog"], object), [b"cat", b"dog"]),
        (np.array([b"a\0", b"\xff"], object), [b"a\0", b"\xff"]),
        (np.array([[b"a"], [b"bc"]], object), [b"a", b"bc"]),
    ):
        packed = b"".join(len(item).to_bytes(4, "little") + item for item in elements)
        request = InferRequest([InferTensor("x", value)])
        assert request.inputs[0].datatype == "BYTES"
        assert request.inputs[0].shape == value.shape
        body, headers = tw.get_protocol("oip/binary").encode(request)
        length = int(headers["Inference-Header-Content-Length"])
        assert body[length:] == packed
        header = json.loads(body[:length])["inputs"][0]
        assert (header["datatype"], header["shape"]) == ("BYTES", list(value.shape))
        assert packed in tw.get_protocol("oip/protobuf").encode(request)[0]


def test_bytes_in_objects_keep_their_nuls() -> None:
    """An object array of bytes goes into a TensorProto as it is."""
    value = np.array([b"a\0", b"\xff"], object)
    codec = tw.get_codec("json/tftensor")
    tensor = json.loads(codec.encode(value))["data"]["tftensor"]
    assert tensor["stringVal"] == ["YQA=", "/w=="]
    assert list(codec.decode(codec.encode(value))) == [b"a\0", b"\xff"]
    with pytest.raises(tw.EncodeError, match="use json/tftensor"):
        tw.get_codec("json/ndarray").encode(value)


def test_text_that_ends_in_nul_is_kept() -> None:
    """Numpy's own strings in lists keep a NUL at their end, and so does a single one."""
    codec = tw.get_codec("msgpack/tftensor")
    assert list(codec.decode(codec.encode([np.str_("a\0"), "b"]))) == [b"a\0", b"b"]
    assert codec.decode(codec.encode("a\0")) == b"a\0"


REMEDIES: dict[str, Any] = {
    "a set": {1.5},
    "a dict's values": {1: 2}.values(),
    "2**70": 2**70,
    "10**400": 10**400,
    "2**70 in a list": [2**70, 1],
    "2**70 beside text": ["a", 2**70],
    "10**400 in a list": [10**400],
    "Decimal": decimal.Decimal("0.1"),
    "Decimals": [decimal.Decimal("0.1"), None],
    "Decimals as objects": np.array([decimal.Decimal("0.5")], object),
    "Fraction": fractions.Fraction(1, 3),
    "Fractions": [fractions.Fraction(1, 3)],
    "datetime64": np.array(["2020-01-01"], "M8[D]"),
    "one datetime64": np.datetime64("2020-01-01"),
    "a list of datetime64": [np.datetime64("2020-01-01")],
    "timedelta64": np.array([1], "m8[s]"),
    "one timedelta64": np.timedelta64(1, "s"),
    "a list of timedelta64": [np.timedelta64(1, "s")],
    "a date": dt.date(2020, 1, 1),
    "dates": [dt.date(2020, 1, 1)],
    "datetimes as objects": np.array([dt.datetime(2020, 1, 1)], object),  # noqa: DTZ001
    "structured": np.zeros(3, "i4,f4"),
    "one record": np.zeros(3, "i4,f4")[0],
    "void": np.zeros(3, "V8"),
    "longdouble": np.zeros(2, np.longdouble),
    "one longdouble": np.longdouble(1),
    "a list of longdouble": [np.longdouble(1)],
    "complex longdouble": np.zeros(2, np.clongdouble),
    "a list of complex longdouble": [np.clongdouble(1)],
    "Enum": Color.RED,
    "a buffer of records": np.zeros(2, "i4,f4").data,
    "masked": np.ma.array([1.0, 2.0], mask=[False, True]),
    "masked integers": np.ma.array([1, 2], mask=[False, True]),
    "masked text": np.ma.array(["a", "b"], mask=[False, True]),
    "masked bytes": np.ma.array([b"a", b"b"], mask=[False, True]),
    "masked bools": np.ma.array([True, False], mask=[False, True]),
    "the masked constant": np.ma.masked,
    "UUID": uuid.UUID(int=5),
    "UUIDs": [uuid.UUID(int=5)],
}


@pytest.mark.parametrize("case", REMEDIES)
def test_the_remedy_works_for_that_very_value(case: str) -> None:
    """What the text of a refusal says to pass is encoded."""
    value = REMEDIES[case]
    error = refused(value)
    assert error.reason.startswith("expected ")
    again = run_remedy(error, value)
    codec = tw.get_codec("json/tftensor")
    assert codec.encode(again)
    assert b"".join(codec.encode_parts(again)) == codec.encode(again)


def test_the_remedy_works_for_what_is_used_up() -> None:
    """A generator is read by the remedy, not by the refusal."""
    for value in ((x for x in [1.5, 2.0]), map(float, "12"), iter([1.0])):
        again = run_remedy(refused(value), value)
        assert len(again) in (1, 2)
        assert tw.get_codec("json/ndarray").encode(again)


def test_without_a_remedy_the_error_names_what_was_expected() -> None:
    """No value, a class or an object of any class is refused with what would be taken."""
    for value in (None, int, object(), [object()], {"a": 1}, {}):
        for name in ("json/ndarray", "json/tensor", "json/tftensor"):
            reason = refused(value, name).reason
            assert reason.startswith("expected ")
            assert "tolist" not in reason
    assert "tensorwire.Message(value, 'jsonData')" in str(refused({"a": 1}))
    body = tw.dumps(tw.Message({"a": 1}, "jsonData"))
    assert json.loads(body) == {"jsonData": {"a": 1}}


def test_the_path_in_nested_objects_is_named() -> None:
    """The place of a value that is refused is in the path of the error."""
    value = np.array([["a", "b"], ["c", decimal.Decimal(1)]], object)
    assert refused(value, "json/ndarray").path == "$.data.ndarray[1][1]"
    assert refused([[1, 2], [3, 2**70]], "json/ndarray").path == "$.data.ndarray[1][1]"
    assert refused(np.ma.array([[1, 2]], mask=[[False, True]])).path == "$.data.tftensor[0][1]"


def test_numpy_scalars_in_lists_are_not_rounded() -> None:
    """An integer that float64 would round is refused beside a float, of whatever class they are."""
    for value in (
        [np.int64(2**53 + 1), 0.5],
        [2**53 + 1, np.float64(0.5)],
        np.array([2**53 + 1, 0.5], object),
        [1j, 2**53 + 1],
    ):
        for container in CONTAINERS:
            for kind in ("ndarray", "tensor", "tftensor"):
                refused(value, f"{container}/{kind}")


def test_lists_of_arrays_keep_their_dtype() -> None:
    """A list of float32 numbers or arrays is written as float32."""
    codec = tw.get_codec("json/tftensor")
    for value in ([np.float32(0.1), np.float32(2)], [np.array([0.1], "f4"), np.array([2], "f4")]):
        assert codec.decode(codec.encode(value)).dtype == np.float32
    assert tw.get_codec("json/ndarray").encode([np.float32(0.1)]) == b'{"data":{"ndarray":[0.1]}}'


@containers
def test_raw_takes_no_objects(container: str) -> None:
    """The memory of strings that numpy has made of objects is nobody's bytes."""
    codec = tw.get_codec(f"{container}/raw")
    for value in (np.array(["a"], object), np.array([b"a\0"], object), np.array(["a", 1], object)):
        with pytest.raises(tw.EncodeError, match="expected bytes or an array of numbers"):
            codec.encode(value)
    assert codec.decode(codec.encode(np.array([1, 2], object))).tobytes() == bytes(
        np.array([1, 2]).data
    )


def test_rows_that_are_no_array_name_the_value() -> None:
    """Rows of several types, or lengths, are refused with the first value that is of another."""
    value: Any
    for value, place, says in (
        (np.array(["a", None], object), "[1]", "got None beside 'a'"),
        ([["a", 1.5]], "[0][1]", "got 1.5 beside 'a'"),
        ([1, "a"], "[1]", "got 'a' beside 1"),
        ([1j, 2**53 + 1], "[1]", "beside complex numbers, got 9007199254740993"),
        ([[1, 2], [3]], "[1]", "expected a row of 2 items, got a row of 1"),
    ):
        error = refused(value)
        assert error.path == f"$.data.tftensor{place}"
        assert says in str(error)
        with pytest.raises(tw.EncodeError, match=re.escape(says)):
            tw.get_protocol("oip/json").encode(InferRequest([InferTensor("x", value)]))
    ragged = refused([[1, 2], [3]])
    assert "tensorwire.Message(value, 'jsonData')" in str(ragged)
    for rows in ([[1, 2], [3]], np.array([[1, 2], [3]], object)):
        body = tw.dumps(tw.Message(rows, "jsonData"))
        assert json.loads(body) == {"jsonData": [[1, 2], [3]]}
    assert "int64 or uint64 holds together" in str(refused([-1, 2**63]))


class Unbound:
    """A proxy of nothing, as `flask.request` is outside a request."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(f"no {name} outside a request")


class Closed:
    """An object that raises whatever is asked of it, but tells its class."""

    def __getattr__(self, name: str) -> Any:
        raise OSError("closed")


class Lazy(list[Any]):
    """A list that cannot be read."""

    def __iter__(self) -> Any:
        raise KeyError("row")


class Number(float):
    """A float that has no value."""

    def __float__(self) -> float:
        raise ZeroDivisionError


class BadError(Exception):
    """An error without a text."""

    def __str__(self) -> str:
        raise RuntimeError


class Array:
    """An object whose array raises that."""

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise BadError


CALLS: list[Callable[[Any], Any]] = [tw.get_codec(name).encode for name in (
    "json/ndarray", "json/tensor", "protobuf/tftensor", "msgpack/raw"
)]  # fmt: skip
CALLS += [
    lambda value: tw.get_protocol("oip/binary").encode(InferRequest([InferTensor("a", value)])),
    lambda value: tw.get_protocol("oip/protobuf").encode(InferRequest([InferTensor("a", value)])),
    lambda value: tw.get_protocol("tfserving/json").encode(PredictRequest({"a": value})),
    lambda value: tw.get_protocol("tfserving/protobuf").encode(PredictRequest({"a": value})),
    lambda value: tw.dumps(tw.Message(value, "ndarray")),
]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("kind", [Unbound, Closed, Lazy, Number, Array])
def test_a_value_that_raises_is_refused(kind: type, call: Callable[[Any], Any]) -> None:
    """Whatever a value raises, it is refused as a value."""
    value = kind([1.5]) if kind is Lazy else kind(1.5) if kind is Number else kind()
    with pytest.raises(tw.EncodeError):
        call(value)


@pytest.mark.parametrize("container", ["json", "protobuf", "msgpack"])
def test_the_remedy_for_none_works_for_raw(container: str) -> None:
    """The memory of numbers with None among them is that of NaN, where missing= is given."""
    codec = tw.get_codec(f"{container}/raw")
    value = np.array([1.5, None], object)
    with pytest.raises(tw.EncodeError, match="missing='null'"):
        codec.encode(value)
    body = codec.encode(value, missing="null")
    assert codec.decode(body).tobytes() == np.array([1.5, np.nan]).tobytes()
