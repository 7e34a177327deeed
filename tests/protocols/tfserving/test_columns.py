"""TensorFlow Serving's JSON by rows or by columns: whichever can hold the arrays."""

import json
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import tensorwire as tw
from tensorwire.oip import InferRequest, InferResponse, InferTensor
from tensorwire.tfserving import PredictRequest, PredictResponse

rest = tw.get_protocol("tfserving/json")
grpc = tw.get_protocol("tfserving/protobuf")

ARRAYS: list[tuple[dict[str, Any], Any, Any]] = [  # then the JSON of a request, and of a reply
    ({"x": np.float64(1.5)}, {"inputs": {"x": 1.5}}, {"outputs": 1.5}),
    ({"x": np.zeros(0)}, {"inputs": {"x": []}}, {"predictions": []}),
    ({"x": np.zeros((2, 0))}, {"instances": [{"x": []}, {"x": []}]}, {"predictions": [[], []]}),
    (
        {"x": np.ones(2), "y": np.ones(3)},
        {"inputs": {"x": [1.0, 1.0], "y": [1.0, 1.0, 1.0]}},
        {"outputs": {"x": [1.0, 1.0], "y": [1.0, 1.0, 1.0]}},
    ),
    (
        {"x": np.ones(2), "y": np.int32(7)},
        {"inputs": {"x": [1.0, 1.0], "y": 7}},
        {"outputs": {"x": [1.0, 1.0], "y": 7}},
    ),
    (
        {"x": np.zeros(0), "y": np.zeros(0, "S1")},
        {"inputs": {"x": [], "y": []}},
        {"outputs": {"x": [], "y": []}},
    ),
    (
        {"x": np.ones(1), "y": np.array([b"a"])},
        {"instances": [{"x": 1.0, "y": "a"}]},
        {"predictions": [{"x": 1.0, "y": "a"}]},
    ),
    ({"x": np.array(b"a")}, {"inputs": {"x": "a"}}, {"outputs": "a"}),
    ({}, {"inputs": {}}, {"outputs": {}}),
]


def messages(source: str, arrays: dict[str, Any]) -> tuple[Any, Any]:
    """Return a request and a response of a protocol."""
    if source == "tfserving/protobuf":
        return PredictRequest(arrays), PredictResponse(arrays)
    tensors = [InferTensor(name, array) for name, array in arrays.items()]
    return InferRequest(tensors), InferResponse(tensors)


@pytest.mark.parametrize("source", ["tfserving/protobuf", "oip/protobuf"])
@pytest.mark.parametrize(("arrays", "request_json", "reply_json"), ARRAYS)
def test_from_grpc(arrays: Any, request_json: Any, reply_json: Any, source: str) -> None:
    """A call of gRPC is written by rows where rows can hold its arrays, else by columns."""
    for message, wanted in zip(messages(source, arrays), (request_json, reply_json), strict=True):
        body = tw.get_protocol(source).encode(message)[0]
        reply = wanted is reply_json
        found = tw.transcode(body, source, "tfserving/json", reply=reply)
        assert json.loads(found) == wanted


def test_from_seldon() -> None:
    """The one array of a SeldonMessage has no name; rows hold it unless it is a value or empty."""
    for array, wanted in (
        (np.ones((2, 1)), {"instances": [[1.0], [1.0]]}),
        (np.float64(2), {"inputs": 2.0}),
        (np.zeros(0), {"inputs": []}),
    ):
        body = tw.get_codec("protobuf/tftensor").encode(array)
        found = tw.transcode(body, "protobuf/tftensor", "tfserving/json")
        assert json.loads(found) == wanted


def test_what_is_refused_names_an_option_of_transcode() -> None:
    """A shape behind a zero is refused; the target or the option that is named can be had."""
    for arrays in ({"x": np.zeros((0, 3))}, {"x": np.zeros((2, 0, 3)), "y": np.ones(2)}):
        for message in (PredictRequest(arrays), PredictResponse(arrays)):
            body, reply = grpc.encode(message)[0], isinstance(message, PredictResponse)
            with pytest.raises(tw.EncodeError, match="lossy=True to drop the sizes") as got:
                tw.transcode(body, "tfserving/protobuf", "tfserving/json", reply=reply)
            assert got.value.path == ("$.outputs.x" if reply else "$.inputs.x")
            found = tw.transcode(
                body, "tfserving/protobuf", "tfserving/json", reply=reply, lossy=True
            )
            assert b"[]" in found
    body = grpc.encode(PredictRequest({"x": np.ones(1)}, output_filter=["y"]))[0]
    with pytest.raises(tw.EncodeError, match="lossy=True"):
        tw.transcode(body, "tfserving/protobuf", "tfserving/json")
    assert tw.transcode(body, "tfserving/protobuf", "tfserving/json", lossy=True)
    body = grpc.encode(PredictRequest({"x": np.ones(1, ml_dtypes.bfloat16)}))[0]
    with pytest.raises(tw.EncodeError, match="lossy=True"):
        tw.transcode(body, "tfserving/protobuf", "tfserving/json")
    assert tw.transcode(body, "tfserving/protobuf", "tfserving/json", lossy=True)


def test_a_batch_of_none() -> None:
    """`{"predictions":[]}` is read and written; rows of a request are refused, as there."""
    found = rest.decode(b'{"predictions":[]}', type=PredictResponse)
    assert found.rows
    assert [(name, array.shape) for name, array in found.outputs.items()] == [("", (0,))]
    assert rest.peek(b'{"predictions":[]}', type=PredictResponse).shape == (0,)
    assert rest.encode(found)[0] == b'{"predictions":[]}'
    assert b"".join(rest.encode_parts(found)[0]) == b'{"predictions":[]}'
    assert rest.encode(PredictResponse({"y": np.zeros(0, "S1")}))[0] == b'{"predictions":[]}'
    empty: list[dict[str, Any]] = [{"y": [], "z": []}, {"y": [], "z": np.zeros((0,), "U1")}]
    for several in empty:
        with pytest.raises(
            tw.EncodeError, match=r"the names of the arrays, got no rows .*rows=False"
        ):
            rest.encode(PredictResponse(several))
        assert (
            rest.encode(PredictResponse(several, rows=False))[0] == b'{"outputs":{"y":[],"z":[]}}'
        )
    with pytest.raises(tw.DecodeError, match=r"got no rows - at \$\.instances; send inputs"):
        rest.decode(b'{"instances":[]}')
    with pytest.raises(tw.EncodeError, match="rows=False"):
        rest.encode(PredictRequest({"x": []}))


def test_a_batch_of_none_with_a_signature() -> None:
    """TensorFlow Serving answers so whatever outputs there are: each has no rows."""
    signature = {"y": "float32", "z": "bytes"}
    options: Any = {"type": PredictResponse, "signature": signature}
    found = rest.decode(b'{"predictions":[]}', **options).outputs
    assert {name: (array.dtype.kind, array.shape) for name, array in found.items()} == {
        "y": ("f", (0,)),
        "z": ("S", (0,)),
    }
    with pytest.raises(tw.DecodeError, match="without a name"):
        rest.decode(b'{"predictions":[1]}', **options)


@pytest.mark.parametrize(
    "text",
    [
        '{"predictions":[{"b64":"/w=="},"a"]}',
        '{"outputs":{"b64":"/w=="}}',
        '{"outputs":{"":[1],"a":[2]}}',
        '{"inputs":{"":[1],"a":[2,3]}}',
        '{"instances":[{"":1,"a":"x"}]}',
        '{"inputs":{}}',
        '{"outputs":{}}',
        '{"outputs":{"y_bytes":[{"b64":"/w=="}],"z":1}}',
        '{"inputs":["a\\u0000","b"]}',
        '{"inputs":"a\\u0000"}',
        '{"predictions":[]}',
        '{"instances":[{"b64":["YQ=="]}]}',
    ],
)
def test_what_is_read_is_written(text: str) -> None:
    """What decode accepts, encode writes again, with the same meaning."""
    kind = PredictResponse if "predict" in text or "outputs" in text else PredictRequest
    message = rest.decode(text.encode(), type=kind)
    again = rest.decode(rest.encode(message)[0], type=kind)
    assert again.rows == message.rows
    for member in ("inputs", "outputs"):
        first, second = getattr(message, member, {}), getattr(again, member, {})
        assert list(first) == list(second)
        for name in first:
            assert np.shape(first[name]) == np.shape(second[name])
            assert (
                np.asarray(first[name], object).tolist()
                == np.asarray(second[name], object).tolist()
            )


def test_several_unnamed() -> None:
    """The name that is made for an unnamed array is that of no other one."""
    body = grpc.encode(PredictRequest({"": np.ones(1), "input-0": np.zeros(1)}))[0]
    found = tw.get_protocol("oip/protobuf").decode(
        tw.transcode(body, "tfserving/protobuf", "oip/protobuf")
    )
    assert {tensor.name: tensor.value[0] for tensor in found.inputs} == {"input-1": 1, "input-0": 0}


def test_text_that_ends_in_nul() -> None:
    """Text of a SeldonMessage keeps a NUL at its end."""
    found = tw.transcode(b'{"strData":"a\\u0000"}', "seldon/json", "tfserving/json")
    assert json.loads(found) == {"instances": ["a\0"]}


@pytest.mark.parametrize("version", ["007", "٣", "1e3", "v1", "9" * 19, "-0"])
def test_versions_that_are_no_numbers(version: str) -> None:
    """A version of the Open Inference Protocol that is no integer is not made one."""
    request = InferRequest([InferTensor("x", np.ones(1))], "m", version)
    body = tw.get_protocol("oip/protobuf").encode(request)[0]
    with pytest.raises(tw.EncodeError, match=r"cannot represent, .* - at \$\.model_version"):
        tw.transcode(body, "oip/protobuf", "tfserving/protobuf")
    found = tw.transcode(body, "oip/protobuf", "tfserving/protobuf", lossy=True)
    assert grpc.decode(found).version is None
