"""Error messages: they name what was given, stay short, and name what works for that very value."""

from __future__ import annotations

import re
import sys
from typing import Any

import numpy as np
import pytest

import tensorwire as tw
from tests.support.nesting import under
from tests.support.values import CONTAINERS

containers = pytest.mark.parametrize("container", CONTAINERS)


@containers
@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("ndarray", b"ab", "expected numbers, bools or strings, got bytes"),
        ("ndarray", np.array([b"a", b"b"]), "expected numbers, bools or strings, got bytes"),
        ("ndarray", ["a", b"b"], "expected numbers, bools or strings, got "),
        ("ndarray", [b"a\0", b"b"], "expected numbers, bools or strings, got bytes"),
        ("tensor", [b"a\0", b"b"], "expected numbers, got bytes"),
        ("tensor", np.array([b"a"]), "expected numbers, got bytes"),
        ("tensor", ["a", "b"], "expected numbers, got strings"),
        ("raw", np.array(["a", "b"], object), "expected bytes or an array of numbers, got strings"),
        (
            "raw",
            np.array(["a", None], object),
            "expected bytes or an array of numbers, got rows that mix types",
        ),
    ],
)
def test_strings_and_bytes_are_distinguished(
    container: str, kind: str, value: Any, text: str
) -> None:
    """Nested lists hold strings, and no bytes; what holds them is named, where there is such."""
    with pytest.raises(tw.EncodeError) as caught:
        tw.get_codec(f"{container}/{kind}").encode(value)
    assert caught.value.reason.startswith(text)
    for name in re.findall(r"use ([^;]+)", caught.value.remedy):
        assert tw.get_codec(name).encode(value)


@pytest.mark.parametrize(
    "value",
    [
        np.ones(2),
        np.array(["a"]),
        np.float32(1),
        1.5,
        [1, 2],
        [[1, "a", None]],
        "text",
        b"\0\1",
        {"a": [1, None]},
    ],
    ids=repr,
)
def test_a_value_is_no_message(value: Any) -> None:
    """`dumps` tells which message a value makes, and writes that message."""
    with pytest.raises(
        tw.EncodeError, match="expected a Message, a MessageList or a Fee"
    ) as caught:
        tw.dumps(value, "application/json")
    remedy = str(caught.value).partition("; pass ")[2]
    message = eval(remedy, {"tensorwire": tw, "value": value})  # noqa: S307 - our own text
    found = tw.loads(tw.dumps(message, "application/json"), "application/json").value
    if isinstance(value, (np.ndarray, np.generic, float)):
        wanted = np.asarray(value)
        assert np.array_equal(found.astype(wanted.dtype), wanted)
    elif isinstance(found, np.ndarray):
        assert found.tolist() == list(value)
    else:
        assert found == value


def test_what_is_no_value_either() -> None:
    """There is nothing to pass for None."""
    with pytest.raises(tw.EncodeError, match="a Feedback, got None") as caught:
        tw.dumps(None, "application/json")  # type: ignore[arg-type]
    assert "pass" not in str(caught.value)


JSON = "application/json"
OIP, SERVING = "oip/json", "tfserving/json"
get_protocol: Any = tw.get_protocol  # wrong arguments are what is tried here
get_codec: Any = tw.get_codec
loads: Any = tw.loads


def oip(value: Any) -> tw.oip.InferRequest:
    """Return a request of the Open Inference Protocol with one tensor."""
    return tw.oip.InferRequest([tw.oip.InferTensor("x", value)])


def serving(value: Any) -> tw.tfserving.PredictRequest:
    """Return a request of TensorFlow Serving with one array."""
    return tw.tfserving.PredictRequest({"x": value})


MIXED: dict[str, tuple[Any, str, str, Any]] = {
    "None": (["a", None], "[1]", "got None beside 'a'; pass a value", ["a", ""]),
    "None first": ([None, "a"], "[0]", "got None beside 'a'; pass a value", ["", "a"]),
    "None in bytes": ([b"a", None], "[1]", "got None beside b'a'; pass a value", [b"a", b""]),
    "None in rows": (
        [["a", 1.5], ["b", None]],
        "[1][1]",
        "got None beside 'a'; pass a value",
        None,
    ),
    "both texts": (["a", b"b"], "[1]", "got b'b' beside 'a'; pass all as bytes", [b"a", b"b"]),
    "columns": ([[1.5, "a"]], "[0][1]", "got 'a' beside 1.5; pass each column", [["1.5", "a"]]),
    "bools": ([[True, 2]], "[0][1]", "got 2 beside True; pass each column", [["True", "2"]]),
}


@pytest.mark.parametrize("spell", [list, lambda value: np.array(value, object)])
@pytest.mark.parametrize("case", MIXED)
def test_rows_that_mix_types(case: str, spell: Any) -> None:
    """The place, what is there beside what, and what to pass: which is then written."""
    value, place, text, instead = MIXED[case]
    refusals = {
        f"$.inputs[0]{place}": lambda value: get_protocol(OIP).encode(oip(value)),
        f"$.inputs.x{place}": lambda value: get_protocol(SERVING).encode(serving(value)),
        f"$.data.tftensor{place}": get_codec("json/tftensor").encode,
        f"$.data.tensor{place}": get_codec("msgpack/tensor").encode,
        f"${place}": get_codec("npy/array").encode,
    }
    for path, write in refusals.items():
        with pytest.raises(tw.EncodeError) as error:
            write(spell(value))
        assert error.value.path == path
        assert all(part in str(error.value) for part in text.split("; "))
        if instead is not None and path != f"$.data.tensor{place}":
            assert write(spell(instead))


def test_text_of_a_remedy_is_that_of_the_values() -> None:
    """`numpy.array(value, str)`, which the error names, is what the table of strings holds."""
    assert np.array([[1.5, "a"]], str).tolist() == MIXED["columns"][3]


@pytest.mark.parametrize("container", ["json", "protobuf", "msgpack"])
def test_bytes_in_nested_lists(container: str) -> None:
    """Bytes alone have a codec that can; those that end in NUL are not called mixed."""
    for value in ([b"a\0", b"b"], np.array([b"a\0", b"b"], object)):
        for kind in ("ndarray", "tensor"):
            with pytest.raises(tw.EncodeError, match=f"use {container}/tftensor") as error:
                get_codec(f"{container}/{kind}").encode(value)
            assert "mix" not in str(error.value)
    with pytest.raises(tw.EncodeError, match="got None beside b'a'") as error:
        get_codec(f"{container}/ndarray").encode([b"a", None])
    assert error.value.path == "$.data.ndarray[1]"


def test_what_a_signature_refuses() -> None:
    """A caller of TensorFlow Serving's has `signature=`, and no `dtype=`."""
    protocol, body = get_protocol(SERVING), b'{"instances":[{"x":1.5},{"x":2}]}'
    with pytest.raises(tw.DecodeError, match=r"int32 represents, got float64 1\.5") as error:
        protocol.decode(body, signature={"x": "int32"})
    assert "dtype=" not in str(error.value)
    assert "leave the array out of signature=, or name another dtype" in str(error.value)
    assert protocol.decode(body).inputs["x"].tolist() == [1.5, 2]
    assert protocol.decode(body, signature={"x": "float64"}).inputs["x"].tolist() == [1.5, 2]


@pytest.mark.parametrize("name", ["json/tensor", "json/tftensor", "npy/array"])
def test_integers_of_no_one_dtype(name: str) -> None:
    """The error names two that are beside each other, and their path."""
    with pytest.raises(tw.EncodeError, match="got 9223372036854775808 beside -1") as error:
        get_codec(name).encode([[-1, 2**63]])
    assert error.value.path.endswith("[0][1]")


@pytest.mark.parametrize("value", [[{"label": "x", "score": 0.5}], [[1, {"a": [2]}]]])
def test_dicts_in_lists(value: Any) -> None:
    """An array holds no dicts; a message of JSON does, in every container."""
    for spell in (list, lambda value: np.array(value, object)):
        with pytest.raises(tw.EncodeError, match=r"Message\(value, 'jsonData'\) to dumps"):
            get_codec("json/ndarray").encode(spell(value))
    for media_type in (JSON, "application/x-protobuf", "application/msgpack"):
        body = tw.dumps(tw.Message(value, "jsonData"), media_type)
        assert loads(body, media_type).value == value


def datatype(name: str) -> bytes:
    """Return a request with a datatype of a name."""
    return b'{"inputs":[{"name":"x","shape":[1],"datatype":"%b","data":[1]}]}' % name.encode()


@pytest.mark.parametrize(
    ("call", "near"),
    [
        (lambda: get_protocol(OIP).decode(datatype("FP33")), "'FP32'"),
        (lambda: get_protocol(OIP).decode(datatype("fp32")), "'FP32'"),
        (lambda: get_protocol(OIP).decode(datatype("INT_64")), "'INT64'"),
        (lambda: tw.peek(datatype("BYTE"), JSON, protocol="oip"), "'BYTES'"),
        (lambda: loads(b"{}", missing="nul"), "'null'"),
        (lambda: get_codec("json/tensor").encode([1.0], missing="NaN"), "'nan'"),
        (lambda: get_codec("json/tensor").decode(b"{}", missing="errors"), "'error'"),
        (lambda: _typed("json/ndarray", "flot32"), "'float32'"),
        (lambda: _typed("msgpack/ndarray", "bfloat"), "'bfloat16'"),
        (lambda: _signed("floot32"), "'float32'"),
        (lambda: _signed("DT_FLOATS"), "'DT_FLOAT'"),
    ],
)
def test_near_names(call: Any, near: str) -> None:
    """Datatypes, dtypes, and the words of `missing=`: the nearest one is named."""
    with pytest.raises(tw.CodecError, match=rf"\(did you mean {near}\?\)"):
        call()


def _typed(name: str, dtype: str) -> Any:
    codec = get_codec(name)
    return codec.decode(codec.encode([1.5]), dtype=dtype)


def _signed(dtype: Any) -> Any:
    return get_protocol(SERVING).decode(b'{"instances":[1.5]}', signature={"x": dtype})


def test_far_names_have_no_suggestion() -> None:
    """What is near to nothing, or no text, is refused without one."""
    for wrong in ("zzzzzz", 5, [["deep"] * 9] * 9):
        with pytest.raises(tw.DecodeError) as error:
            _signed(wrong)
        assert "did you mean" not in str(error.value)


@pytest.mark.parametrize("levels", [1, 60, 1000])
def test_repr_of_a_peek(levels: int) -> None:
    """It is short and never fails, however deep what a client sent."""
    tags = b"[" * levels + b"]" * levels
    body = b'{"meta":{"tags":{"a":%b}},"data":{"names":["n"],"ndarray":[[1.5]]}}' % tags
    told = repr(tw.peek(body, JSON))
    assert told.startswith("Peek(kind='ndarray', tensors=(TensorInfo(name=''")
    assert "dtype=dtype('float64'), shape=(1, 1))" in told
    assert "names=['n']" in told
    assert len(told) < 300


NESTED = {
    "datatype": '{"inputs":[{"name":"x","shape":[1],"datatype":%s,"data":[1]}]}',
    "shape": '{"inputs":[{"name":"x","shape":%s,"datatype":"FP32","data":[1]}]}',
    "name": '{"inputs":[{"name":%s,"shape":[1],"datatype":"FP32","data":[1]}]}',
    "data": '{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":%s}]}',
    "bytes": '{"inputs":[{"name":"x","shape":[1],"datatype":"BYTES","data":%s}]}',
    "size": '{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","parameters":'
    '{"binary_data_size":%s}}]}',
    "input": '{"inputs":[%s]}',
    "inputs": '{"inputs":%s}',
    "outputs": '{"inputs":[],"outputs":[%s]}',
    "output": '{"inputs":[],"outputs":[{"name":%s}]}',
    "parameters": '{"inputs":[],"parameters":%s}',
    "id": '{"inputs":[],"id":%s}',
    "error": '{"error":%s}',
    "whole": "%s",
}


@pytest.mark.parametrize("frames", [0, 900])
@pytest.mark.parametrize("depth", [70, 600, 1000, 100_000])
@pytest.mark.parametrize("place", NESTED)
def test_nesting_in_a_message_is_refused(place: str, depth: int, frames: int) -> None:
    """Whatever member is nested, and whatever the caller's own depth, the error is ours."""
    body = (NESTED[place] % ("[" * depth + "]" * depth)).encode()
    limit = sys.getrecursionlimit()
    assert limit == 1000
    for name in ("oip/json", "oip/binary"):
        protocol = tw.get_protocol(name)
        for kind in (protocol.request, protocol.response):
            call = lambda p=protocol, k=kind: p.decode(body, type=k)  # noqa: E731
            with pytest.raises(tw.DecodeError) as error:
                under(frames, call)
            assert len(str(error.value)) < 700
