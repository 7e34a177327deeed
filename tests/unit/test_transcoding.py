"""From one codec or protocol to another, and what `peek` tells of a message."""

from functools import partial
from typing import Any

import numpy as np
import pytest

import tensorwire as tw
from tensorwire.containers.protobuf.schema import message_class
from tensorwire.oip import InferRequest, InferResponse, InferTensor, RequestedOutput
from tensorwire.tfserving import PredictRequest, PredictResponse
from tests.support.memory import peak

KIB = 1024
ARRAY = np.arange(6, dtype=np.float64).reshape(2, 3)
PROTOCOLS = tw.protocol_names()  # each call looks through all packages that are installed
EXACT = [name for name in PROTOCOLS if name != "tfserving/json"]  # they keep the dtype
BODIES = [*EXACT, "json/tftensor", "protobuf/tftensor", "msgpack/tftensor", "npy/array"]


def request(name: str, array: Any) -> bytes:
    """Write an array as a request of the named protocol."""
    if name not in PROTOCOLS:
        return tw.get_codec(name).encode(array)
    message: Any = tw.Message(array, "tftensor")
    if name.startswith("oip"):
        message = InferRequest([InferTensor("x", array)], "m")
    elif name.startswith("tfserving"):
        message = PredictRequest({"x": array}, "m")
    return tw.get_protocol(name).encode(message)[0]


def array_of(body: bytes, name: str) -> Any:
    """Read the one array of a request."""
    if name not in PROTOCOLS:
        return tw.get_codec(name).decode(body)
    message = tw.get_protocol(name).decode(body)
    if isinstance(message, tw.Message):
        return message.value
    if isinstance(message, InferRequest):
        return message.inputs[0].value
    (array,) = message.inputs.values()
    return array


@pytest.mark.slow
@pytest.mark.parametrize("target", BODIES)
@pytest.mark.parametrize("source", BODIES)
def test_every_pair(source: str, target: str) -> None:
    """Values, shape and dtype arrive, from each to each."""
    for array in (ARRAY, ARRAY.astype(np.float32), np.array([[1, -2]], np.int16), ARRAY[:0]):
        body = tw.transcode(request(source, array), source, target)
        arrived = array_of(body, target)
        assert arrived.dtype == array.dtype
        np.testing.assert_array_equal(arrived, array)


def test_bytes_are_those_of_the_runtime() -> None:
    """What comes out is what the official runtime reads: name, id and memory in their fields."""
    source = tw.get_codec("protobuf/tftensor").encode(ARRAY, meta={"puid": "abc"})
    body = tw.transcode(source, "protobuf/tftensor", "oip/protobuf")
    message: Any = message_class("inference.ModelInferRequest").FromString(body)
    assert (message.id, message.inputs[0].name, list(message.inputs[0].shape)) == (
        "abc",
        "input-0",
        [2, 3],
    )
    assert list(message.raw_input_contents) == [ARRAY.tobytes()]


def test_replies() -> None:
    """With reply=True both ends are replies, and an unnamed array is an output."""
    body = tw.get_codec("json/ndarray").encode(ARRAY)
    answer = tw.transcode(body, "json/ndarray", "oip/json", reply=True)
    read = tw.get_protocol("oip/json").decode(answer, type=InferResponse)
    assert [tensor.name for tensor in read.outputs] == ["output-0"]
    back = tw.transcode(answer, "oip/json", "tfserving/json", reply=True)
    assert back == b'{"predictions":[[0.0,1.0,2.0],[3.0,4.0,5.0]]}'


def test_seldon_to_seldon_keeps_the_envelope() -> None:
    """Between Seldon's codecs nothing of the envelope is lost."""
    meta = {"puid": "p", "tags": {"a": "b"}}
    body = tw.get_codec("json/ndarray").encode(ARRAY, names=["a", "b", "c"], meta=meta)
    read = tw.loads(tw.transcode(body, "json/ndarray", "protobuf/tensor"), "application/x-protobuf")
    assert (read.kind, list(read.names or ()), read.meta) == ("tensor", ["a", "b", "c"], meta)


OIP = InferRequest(
    [InferTensor("x", ARRAY, {"k": 1})], "m", "v2", "7", {"p": True}, [RequestedOutput("y")]
)
LOSSES: list[tuple[Any, str, str, str]] = [
    (tw.Message(ARRAY, "tensor", ["a", "b", "c"]), "seldon/json", "oip/json", "$.data.names"),
    (tw.Message(ARRAY, meta={"tags": {"a": 1}}), "seldon/json", "oip/json", "$.meta.tags"),
    (tw.Message(ARRAY, status={"code": 200}), "seldon/json", "tfserving/json", "$.status"),
    (tw.Message(ARRAY, meta={"puid": "1"}), "seldon/json", "tfserving/protobuf", "$.id"),
    (tw.Message(ARRAY, meta={"puid": "1"}), "seldon/json", "npy/array", "$.id"),
    (OIP, "oip/protobuf", "seldon/json", "$.parameters"),
    (OIP, "oip/protobuf", "tfserving/protobuf", "$.parameters"),
    (
        PredictRequest({"x": ARRAY}, signature_name="s"),
        "tfserving/protobuf",
        "oip/json",
        "$.model_spec.signature_name",
    ),
]


@pytest.mark.parametrize(("message", "source", "target", "path"), LOSSES)
def test_nothing_is_lost_in_silence(message: Any, source: str, target: str, path: str) -> None:
    """What the target cannot represent is named, and dropped where a person accepts that."""
    body = tw.get_protocol(source).encode(message)[0]
    with pytest.raises(tw.EncodeError) as caught:
        tw.transcode(body, source, target)
    assert caught.value.path == path
    assert target in str(caught.value)
    arrived = array_of(tw.transcode(body, source, target, lossy=True), target)
    np.testing.assert_array_equal(arrived, ARRAY)


def test_several_arrays() -> None:
    """Several arrays go wherever there are names; a single place is an error that names them."""
    message = PredictRequest({"a": ARRAY, "b": np.array([b"x", b"yz"])}, "m", 3)
    body = tw.get_protocol("tfserving/protobuf").encode(message)[0]
    read = tw.get_protocol("oip/binary").decode(
        tw.transcode(body, "tfserving/protobuf", "oip/binary")
    )
    assert [(tensor.name, tensor.datatype) for tensor in read.inputs] == [
        ("a", "FP64"),
        ("b", "BYTES"),
    ]
    with pytest.raises(tw.EncodeError, match="expected one array, got 2: a, b"):
        tw.transcode(body, "tfserving/protobuf", "json/ndarray")
    numbers = tw.get_protocol("tfserving/protobuf").encode(PredictRequest({"a": ARRAY, "b": ARRAY}))
    named = tw.transcode(numbers[0], "tfserving/protobuf", "safetensors/arrays")
    assert sorted(tw.get_codec("safetensors/arrays").decode(named)) == ["a", "b"]


def test_refusals() -> None:
    """An unknown name lists the known ones; a body of another kind, or no array, is an error."""
    with pytest.raises(tw.UnknownCodecError, match="oip/protobuf"):
        tw.transcode(b"", "json/nothing", "oip/json")
    with pytest.raises(tw.DecodeError, match="expected another kind, got tensor"):
        tw.transcode(tw.get_codec("json/tensor").encode(ARRAY), "json/ndarray", "oip/json")
    with pytest.raises(tw.EncodeError, match="expected an array, got "):
        tw.transcode(b'{"jsonData":{"a":1}}', "seldon/json", "oip/json")
    with pytest.raises(tw.DecodeError):
        tw.transcode(b"\xff", "oip/protobuf", "oip/json")
    source = tw.get_codec("json/tensor").encode(ARRAY)
    with pytest.raises(tw.LimitError):
        tw.transcode(source, "json/tensor", "oip/json", limits=tw.Limits(max_elements=5))


def test_memory_is_spliced() -> None:
    """From memory to memory the array is copied once, into the result."""
    array = np.arange(125_000.0)
    for source, target in (
        ("protobuf/tftensor", "oip/protobuf"),
        ("oip/binary", "seldon/protobuf"),
    ):
        body = request(source, array)
        transcode = partial(tw.transcode, body, source, target)
        result, extra = peak(transcode)
        assert extra - len(result) <= 64 * KIB


PEEKED = {
    "seldon/protobuf": "application/x-protobuf",
    "seldon/msgpack": "application/msgpack",
    "oip/protobuf": "application/grpc",
    "oip/binary": "application/octet-stream",
    "tfserving/protobuf": "application/x-protobuf; charset=binary",
}


@pytest.mark.parametrize("name", PEEKED)
def test_peek_takes_nothing_of_the_array(name: str) -> None:
    """Of 8 MB peek takes no more than of 8 kB, and tells dtype, shape and name."""
    for count in (1_000, 1_000_000):
        body = request(name, np.ones((count, 1)))
        peek = partial(tw.peek, body, PEEKED[name], protocol=name.partition("/")[0])
        told, extra = peak(peek)
        assert extra <= 16 * KIB
        assert (told.dtype, told.shape) == (np.float64, (count, 1))
        assert told.tensors[0].name == ("" if name.startswith("seldon") else "x")


@pytest.mark.parametrize("container", ["json", "protobuf", "msgpack"])
@pytest.mark.parametrize("kind", ["ndarray", "tensor", "tftensor", "raw"])
def test_peek_agrees_with_decode(container: str, kind: str) -> None:
    """What peek tells of each of the twelve is what decode gives."""
    codec = tw.get_codec(f"{container}/{kind}")
    for array in (ARRAY, np.ones((300, 7)), np.array([[1, 2], [3, 4]])):
        body = codec.encode(array, meta={"puid": "z"})
        told, decoded = tw.peek(body, codec.media_type), codec.decode(body)
        assert (told.kind, told.meta) == (kind, {"puid": "z"})
        assert (told.dtype, told.shape) == (decoded.dtype, decoded.shape)


def test_peek_of_requests_and_replies() -> None:
    """Names, id, model and parameters are told; so is each of several arrays."""
    body, headers = tw.get_protocol("oip/binary").encode(OIP)
    told = tw.peek(body, "application/octet-stream", protocol="oip", headers=headers)
    assert (told.kind, told.id, told.parameters) == ("raw", "7", {"p": True})
    reply = PredictResponse({"a": ARRAY, "b": np.array([b"x"])}, "model")
    body = tw.get_protocol("tfserving/protobuf").encode(reply)[0]
    told = tw.peek(body, "application/protobuf", protocol="tfserving", reply=True)
    assert [(tensor.name, tensor.shape) for tensor in told.tensors] == [("a", (2, 3)), ("b", (1,))]
    assert told.model_name == "model"
    with pytest.raises(tw.DecodeError, match=r"a media type of tfserving, got .text/html."):
        tw.peek(body, "text/html", protocol="tfserving")
    with pytest.raises(tw.DecodeError):
        tw.peek(b"\xff\xff", "application/protobuf")
