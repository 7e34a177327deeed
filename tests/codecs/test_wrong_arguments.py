"""Arguments of wrong types and names that do not exist raise the library's own errors."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tensorwire as tw
from tensorwire.oip import InferRequest, InferTensor, RequestedOutput
from tensorwire.seldon import Feedback, MessageList
from tensorwire.tfserving import PredictRequest
from tests.support.values import CODECS

ANY: Any = None
WRONG: list[Any] = [None, 5, 0.5, "text", b"bytes", [], {}, object(), int, np.zeros(2), {1, 2}]
BODY = tw.get_codec("json/ndarray").encode([1.0, 2.0])
protocols = pytest.mark.parametrize("protocol", tw.protocol_names())


def messages(name: str) -> Any:
    """Return a request of a protocol."""
    owner = name.partition("/")[0]
    if owner == "oip":
        return InferRequest([InferTensor("x", np.ones(2))])
    return PredictRequest({"x": np.ones(2)}) if owner == "tfserving" else tw.Message(np.ones(2))


def any_of(value: Any) -> Any:
    """Return a value without its type, as a program has it that no checker has seen."""
    return value


class Unhashable:
    """A value that cannot be looked up in a table."""

    def __hash__(self) -> int:
        raise RuntimeError


def only_ours(call: Callable[..., Any], *arguments: Any, **options: Any) -> tw.CodecError | None:
    """Return the library's error of a call, None where it has none; any other error is raised."""
    found = None
    try:
        call(*arguments, **options)
    except tw.CodecError as error:
        found = error
    assert found is None or (found.path.startswith("$") and len(str(found)) < 2000)
    return found


# A wrong argument, the error that it raises, and what the text says.
CASES: list[tuple[Callable[[], Any], type[tw.CodecError], str]] = [
    (lambda: tw.Codec("json", "ndarrayy"), tw.UnknownCodecError, "did you mean 'ndarray'"),
    (lambda: tw.Codec("jsn", "ndarray"), tw.UnknownCodecError, "did you mean 'json'"),
    (lambda: tw.Codec(ANY, "raw"), tw.UnknownCodecError, "name of a container, got None"),
    (lambda: tw.Codec("json", ANY), tw.UnknownCodecError, "name of a kind, got None"),
    (lambda: tw.get_codec(ANY), tw.UnknownCodecError, "name of a codec, got None"),
    (lambda: tw.get_codec("json/ndaray"), tw.UnknownCodecError, "did you mean 'json/ndarray'"),
    (lambda: tw.get_codec("JSON/Tensor"), tw.UnknownCodecError, "did you mean 'json/tensor'"),
    (lambda: tw.get_protocol(ANY), tw.UnknownCodecError, "name of a protocol, got None"),
    (lambda: tw.get_protocol("oip/jsn"), tw.UnknownCodecError, "did you mean 'oip/json'"),
    (lambda: tw.loads(BODY, ANY), tw.DecodeError, "expected a media type, got None"),
    (lambda: tw.loads(BODY, any_of(Unhashable())), tw.DecodeError, "a media type, got Unhashable"),
    (lambda: tw.loads(BODY, "aplication/json"), tw.DecodeError, "did you mean 'application/json'"),
    (lambda: tw.dumps(tw.Message(1), ANY), tw.UnknownCodecError, "expected a media type"),
    (lambda: tw.loads(ANY), tw.DecodeError, "expected a contiguous buffer of bytes, got None"),
    (lambda: tw.loads(BODY.decode()), tw.DecodeError, r"pass value\.encode\(\)"),
    (lambda: tw.loads(io.BytesIO(BODY)), tw.DecodeError, r"pass value.read\(\)"),
    (
        lambda: tw.loads(BODY, limits=any_of(5)),
        tw.DecodeError,
        "expected Limits for limits=, got",
    ),
    (lambda: tw.Limits(max_rank=any_of("2")), tw.DecodeError, "expected an integer for max_rank="),
    (
        lambda: tw.Limits(any_of(0.5)),
        tw.DecodeError,
        "expected an integer or None for max_elements",
    ),
    (lambda: tw.peek(BODY, ANY), tw.DecodeError, "expected a media type of seldon, got None"),
    (lambda: tw.peek(BODY, protocol=ANY), tw.DecodeError, "a protocol for protocol=, got None"),
    (lambda: tw.peek(BODY, protocol="sedlon"), tw.DecodeError, "did you mean 'seldon'"),
    (lambda: tw.transcode(BODY, ANY, "oip/json"), tw.UnknownCodecError, "got None"),
    (lambda: tw.transcode(BODY, "oip/jason", "oip/json"), tw.UnknownCodecError, "'oip/json'"),
    (lambda: tw.dumps(tw.Message(1, "ndaray")), tw.UnknownCodecError, "did you mean 'ndarray'"),
    (lambda: tw.dumps(tw.Message(1, ANY)), tw.UnknownCodecError, "kind of a message, got None"),
    (lambda: tw.dumps(any_of(np.zeros(3))), tw.EncodeError, "Message"),
    (lambda: tw.register_codec(ANY), tw.EncodeError, "expected a codec with a name"),
    (lambda: tw.get_codec("json/raw").decode(BODY, out=any_of([0] * 6)), tw.DecodeError, "out="),
    (
        lambda: tw.get_codec("json/ndarray").decode(BODY, dtype="nonsense"),
        tw.DecodeError,
        "expected a dtype that numpy has for dtype=, got 'nonsense'",
    ),
]


@pytest.mark.parametrize("case", range(len(CASES)))
def test_a_wrong_argument_raises_our_error(case: int) -> None:
    """The error is the library's, names what was expected, and what came instead."""
    call, kind, says = CASES[case]
    with pytest.raises(kind, match=says) as caught:
        call()
    assert type(caught.value) is kind


@pytest.mark.parametrize("name", CODECS)
def test_codec_takes_no_wrong_argument(name: str) -> None:
    """Whatever a codec is given for any of its arguments, no error of others comes out."""
    codec = tw.get_codec(name)
    value = b"ab" if name.endswith("raw") else np.ones((2, 2))
    body = codec.encode(value)
    for wrong in WRONG:
        only_ours(codec.encode, wrong)
        only_ours(codec.encode_parts, wrong)
        only_ours(codec.decode, wrong)
        for option in ("names", "meta", "status"):
            only_ours(codec.encode, value, **{option: wrong})
        for option in ("out", "dtype", "limits"):
            only_ours(codec.decode, body, **{option: wrong})
    for option, wrong in (("names", 5), ("meta", []), ("status", "x"), ("names", [1])):
        assert only_ours(codec.encode, value, **{option: wrong})
    for option, wrong in (("out", [0] * 6), ("dtype", "nonsense"), ("limits", 5)):
        assert only_ours(codec.decode, body, **{option: wrong})


@pytest.mark.parametrize("name", CODECS)
def test_a_wrong_option_is_refused_at_any_sight(name: str) -> None:
    """The error does not depend on whether the header of the message was met before."""
    codec: Any = tw.get_codec(name)
    body = codec.encode(b"ab" if name.endswith("raw") else np.ones((2, 2)))
    for _ in range(3):
        for option, wrong in (("missing", "nonsense"), ("out", "nonsense")):
            with pytest.raises(tw.DecodeError, match=f"{option}=.*'nonsense'") as caught:
                codec.decode(body, **{option: wrong})
            assert caught.value.path == "$"
        codec.decode(body)


@protocols
def test_protocol_takes_no_wrong_argument(protocol: str) -> None:
    """Whatever a protocol is given for any of its arguments, no error of others comes out."""
    found, message = tw.get_protocol(protocol), messages(protocol)
    body, headers = found.encode(message)
    for wrong in WRONG:
        assert only_ours(found.encode, wrong)
        assert only_ours(found.encode_parts, wrong)
        only_ours(found.decode, wrong)
        only_ours(found.peek, wrong)
        only_ours(found.decode, body, wrong)
        for option in ("type", "limits"):
            only_ours(found.decode, body, headers, **{option: wrong})
        only_ours(found.peek, body, headers, type=wrong)
    for option, wrong in (("limits", 5), ("type", 5), ("type", int), ("limits", {})):
        assert only_ours(found.decode, body, headers, **{option: wrong})
    for other in tw.protocol_names():
        if other.partition("/")[0] != protocol.partition("/")[0]:
            assert only_ours(found.encode, messages(other))
            assert only_ours(found.encode_parts, messages(other))


@pytest.mark.parametrize("wrong", WRONG, ids=lambda value: type(value).__name__)
def test_functions_take_no_wrong_argument(wrong: Any) -> None:
    """Every public function refuses arguments of a wrong type with an error of the library."""
    for call in (tw.get_codec, tw.get_protocol, tw.register_codec):
        assert only_ours(call, wrong)
    only_ours(tw.loads, wrong)
    only_ours(tw.loads, BODY, wrong)
    only_ours(tw.loads, BODY, limits=wrong)
    only_ours(tw.dumps, wrong)
    only_ours(tw.dumps, tw.Message(np.ones(2)), wrong)
    only_ours(tw.peek, wrong)
    only_ours(tw.peek, BODY, wrong)
    only_ours(tw.peek, BODY, protocol=wrong)
    only_ours(tw.peek, BODY, headers=wrong)
    only_ours(tw.transcode, wrong, "json/ndarray", "json/tensor")
    only_ours(tw.transcode, BODY, wrong, "json/tensor")
    only_ours(tw.transcode, BODY, "json/ndarray", wrong)
    only_ours(tw.transcode, BODY, "json/ndarray", "json/tensor", limits=wrong)
    only_ours(tw.transcode, BODY, "json/ndarray", "json/tensor", headers=wrong)
    for name in ("max_elements", "max_bytes", "max_rank"):
        only_ours(tw.Limits, **{name: wrong})


FIELDS: list[tuple[str, Callable[[Any], Any]]] = [
    ("seldon/json", lambda wrong: tw.Message(np.ones(2), "tensor", wrong)),
    ("seldon/json", lambda wrong: tw.Message(np.ones(2), "tensor", None, wrong)),
    ("seldon/json", lambda wrong: tw.Message(np.ones(2), "tensor", None, {}, wrong)),
    ("seldon/json", lambda wrong: tw.Message(wrong, "strData")),
    ("seldon/json", lambda wrong: tw.Message(wrong, "jsonData")),
    ("seldon/json", lambda wrong: tw.Message(wrong, "customData")),
    ("seldon/json", lambda wrong: tw.Message(wrong, "")),
    ("seldon/json", lambda wrong: tw.Message(np.ones(2), wrong)),
    ("seldon/json", MessageList),
    ("seldon/json", lambda wrong: MessageList([wrong])),
    ("seldon/json", Feedback),
    ("seldon/json", lambda wrong: Feedback(reward=wrong)),
    ("oip/json", InferRequest),
    ("oip/json", lambda wrong: InferRequest([wrong])),
    ("oip/json", lambda wrong: InferRequest([InferTensor(wrong, np.ones(2))])),
    ("oip/json", lambda wrong: InferRequest([InferTensor("x", wrong)])),
    ("oip/json", lambda wrong: InferRequest([InferTensor("x", np.ones(2), wrong)])),
    ("oip/json", lambda wrong: InferRequest([InferTensor("x", np.ones(2))], wrong)),
    ("oip/json", lambda wrong: InferRequest([InferTensor("x", np.ones(2))], id=wrong)),
    ("oip/json", lambda wrong: InferRequest([InferTensor("x", np.ones(2))], parameters=wrong)),
    ("oip/json", lambda wrong: InferRequest([InferTensor("x", np.ones(2))], outputs=wrong)),
    (
        "oip/json",
        lambda wrong: InferRequest(
            [InferTensor("x", np.ones(2))], outputs=[RequestedOutput(wrong)]
        ),
    ),
    ("tfserving/json", PredictRequest),
    ("tfserving/json", lambda wrong: PredictRequest({"x": wrong})),
    ("tfserving/json", lambda wrong: PredictRequest({wrong: np.ones(2)})),
    ("tfserving/json", lambda wrong: PredictRequest({"x": np.ones(2)}, wrong)),
    ("tfserving/json", lambda wrong: PredictRequest({"x": np.ones(2)}, version=wrong)),
    ("tfserving/json", lambda wrong: PredictRequest({"x": np.ones(2)}, version_label=wrong)),
    ("tfserving/json", lambda wrong: PredictRequest({"x": np.ones(2)}, signature_name=wrong)),
    ("tfserving/json", lambda wrong: PredictRequest({"x": np.ones(2)}, output_filter=wrong)),
]


@pytest.mark.parametrize("case", range(len(FIELDS)))
def test_fields_take_no_wrong_value(case: int) -> None:
    """Whatever stands in a field of a message, no error of others comes out."""
    first, make = FIELDS[case]
    owner = first.partition("/")[0]
    for name in tw.protocol_names():
        if name.partition("/")[0] != owner:
            continue
        protocol = tw.get_protocol(name)
        for wrong in WRONG:
            try:
                message = make(wrong)
            except TypeError:  # a dict has no such key
                continue
            only_ours(protocol.encode, message)
            only_ours(protocol.encode_parts, message)


def test_dtype_that_numpy_learns_from_ml_dtypes() -> None:
    """A dtype of ml_dtypes may be asked for by name."""
    codec = tw.get_codec("json/ndarray")
    for name in ("bfloat16", "float8_e5m2", "int4"):
        array = codec.decode(BODY, dtype=name)
        assert (array.dtype.name, array.astype(float).tolist()) == (name, [1.0, 2.0])


def test_repr_of_codecs_and_protocols_is_the_call_that_gives_them() -> None:
    """A codec and a protocol are shown as the call that gives one like it."""
    for name in CODECS:
        container, kind = name.split("/")
        assert repr(tw.get_codec(name)) == f"Codec({container!r}, {kind!r})"
        assert tw.Codec(container, kind).name == name
    for name in tw.protocol_names():
        assert repr(tw.get_protocol(name)) == f"get_protocol({name!r})"
    assert repr(tw.get_codec("npy/array")) == "Npy()"


MILLION = np.zeros((1000, 1000))
LARGE: list[Any] = [
    tw.Message(MILLION),
    tw.Message(MILLION.tolist()),
    tw.Message(bytes(10**6), "raw"),
    tw.Message("x" * 10**6, "strData"),
    tw.Message(dict.fromkeys(map(str, range(10**5))), "jsonData"),
    MessageList([tw.Message(MILLION)] * 100),
    Feedback(tw.Message(MILLION), tw.Message(MILLION)),
    InferTensor("x", MILLION),
    InferRequest([InferTensor("x", MILLION)] * 100),
    PredictRequest({"x": MILLION}),
    tw.Message(np.array(["x" * 10**6])),
]


@pytest.mark.parametrize("case", range(len(LARGE)))
def test_repr_of_a_large_message_is_short(case: int) -> None:
    """A message is shown by its dtype and shape, however large it is."""
    assert len(repr(LARGE[case])) < 5000


def test_repr_of_a_small_message_shows_its_values() -> None:
    """What is small is shown as it is; what is as by default is left out."""
    assert repr(tw.Message(np.array([1.5, 2.0]), names=["a", "b"])) == (
        "Message(value=array([1.5, 2.0], dtype=float64), names=['a', 'b'])"
    )
    assert repr(InferTensor("x", [1])) == "InferTensor(name='x', value=[1])"
    assert repr(tw.Message(MILLION)) == "Message(value=<float64 array of shape (1000, 1000)>)"
    deep: Any = []
    for _ in range(10**5):
        deep = [deep]
    assert len(repr(tw.Message(deep, "jsonData"))) < 200
