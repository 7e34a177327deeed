"""The gRPC messages in protobuf's JSON, held to protobuf's own json_format."""

import json
from typing import Any

import numpy as np
import pytest
from google.protobuf import json_format

import tensorwire as tw
from tensorwire.containers.protobuf.schema import message_class
from tests.support.oip_values import (
    DATATYPES,
    MESSAGES,
    PARAMETERS,
    Output,
    Request,
    Response,
    Tensor,
    arrays,
    filled,
    official,
    several,
    told,
)

NAME = "oip/protobuf-json"
JSON = tw.get_protocol(NAME)
kinds = pytest.mark.parametrize("kind", [Request, Response])


def parsed(body: bytes, kind: Any) -> Any:
    """Return the message that json_format reads."""
    return json_format.Parse(body, message_class(MESSAGES[kind])())


@pytest.mark.slow
@kinds
@pytest.mark.parametrize("datatype", DATATYPES)
def test_every_array(kind: Any, datatype: str) -> None:
    """What is written json_format reads as the message; what it writes is read as the array."""
    typed = bool(DATATYPES[datatype][1])
    for label, array in arrays(datatype):
        message = kind([Tensor("x", array)], id=label)
        body, headers = JSON.encode(message)
        assert headers == {"Content-Type": "application/json"}
        assert parsed(body, kind) == official(message, typed=typed), label
        assert b"".join(JSON.encode_parts(message)[0]) == body
        assert told(JSON.decode(body, type=kind)) == told(message), label
        for raw in (True, False)[: 1 + typed]:
            made = official(message, typed=not raw)
            for snake in (True, False):
                text = json_format.MessageToJson(made, preserving_proto_field_name=snake)
                if "3.4028235e+38" not in text:  # which json_format itself refuses
                    assert told(JSON.decode(text.encode(), type=kind)) == told(message), label
                    peek = JSON.peek(text.encode(), type=kind)
                    assert (peek.kind, peek.shape) == ("raw" if raw else "contents", array.shape)


@kinds
def test_whole_messages(kind: Any) -> None:
    """Every member goes there and back; one datatype without contents makes all of them raw."""
    for datatypes in (("FP32", "BYTES", "BOOL", "INT64"), ("FP32", "FP16", "BF16")):
        message = filled(kind, several(datatypes))
        body, _ = JSON.encode(message)
        assert parsed(body, kind) == official(message, typed="FP16" not in datatypes)
        assert told(JSON.decode(body, type=kind)) == told(message)


def test_what_people_write() -> None:
    """What grpcurl and ghz are given, in KServe's documentation and elsewhere."""
    body = b"""{
      "model_name": "iris", "modelVersion": "2", "id": "1",
      "parameters": {"k": {"int64Param": "1"}, "l": {"string_param": "s"}},
      "inputs": [
        {"name": "x", "shape": [2, "2"], "datatype": "FP32",
         "contents": {"fp32_contents": [6.8, 2, "NaN", "-Infinity"]}},
        {"name": "y", "shape": [1], "datatype": "INT64",
         "contents": {"int64Contents": ["9007199254740993"]}},
        {"name": "z", "shape": [1], "datatype": "BYTES",
         "contents": {"bytesContents": ["aGVs\\nbG8="]}}],
      "outputs": [{"name": "p"}]
    }"""
    read = JSON.decode(body)
    assert (read.model_name, read.model_version, read.id) == ("iris", "2", "1")
    assert read.parameters == {"k": 1, "l": "s"}
    x, y, z = (tensor.value for tensor in read.inputs)
    assert x.dtype == np.float32
    assert str(x.tolist()) == "[[6.800000190734863, 2.0], [nan, -inf]]"
    assert (y.tolist(), z.tolist()) == ([2**53 + 1], [b"hello"])
    assert read.outputs == [Output("p")]
    raw = b'{"inputs":[{"name":"x","shape":["1"],"datatype":"INT32"}],'
    raw += b'"rawInputContents":["AQAAAA=="]}'
    assert JSON.decode(raw).inputs[0].value.tolist() == [1]
    assert tw.transcode(raw, NAME, "oip/json") == (
        b'{"inputs":[{"name":"x","shape":[1],"datatype":"INT32","data":[1]}]}'
    )


def test_edges_of_numbers() -> None:
    """The largest floats, NaN and the ends of the integers are text that json_format reads."""
    for array in (
        np.array([np.finfo(np.float32).max, np.nan, np.inf, -np.inf, -0.0, 1e-45], np.float32),
        np.array([np.finfo(float).max, np.nan, np.inf, -np.inf, -0.0, 5e-324]),
        np.array([2**63 - 1, -(2**63)]),
        np.array([2**64 - 1, 0], np.uint64),
    ):
        message = Request([Tensor("x", array)], parameters=dict(PARAMETERS) | {"n": float("nan")})
        body, _ = JSON.encode(message)
        values = parsed(body, Request).inputs[0].contents.ListFields()[0][1]
        assert np.array(list(values), array.dtype).tobytes() == array.tobytes()
        assert JSON.decode(body).inputs[0].value.tobytes() == array.tobytes()
        assert str(JSON.decode(body).parameters["n"]) == "nan"


WRONG = [
    (b"", "$"),
    (b"[]", "$"),
    (b"5", "$"),
    (b'"a"', "$"),
    (b"\xff", "$"),
    (b'{"inputs":5}', "$"),
    (b'{"inputs":[5]}', "$"),
    (b'{"inputs":[null]}', "$.inputs[0]"),
    (b'{"unknown":1}', "$"),
    (b'{"id":"a","id":"b"}', "$"),
    (b'{"id":"\\ud800"}', "$.id"),
    (b'{"modelName":["a"]}', "$"),
    (b'{"inputs":[{"shape":[1.5]}]}', "$.inputs[0].shape"),
    (b'{"inputs":[{"shape":["99999999999999999999"]}]}', "$"),
    (b'{"inputs":[{"contents":{"fp32Contents":[1e39]}}]}', "$.inputs[0].contents.fp32Contents[0]"),
    (b'{"inputs":[{"contents":{"fp32Contents":[NaN]}}]}', "$"),
    (b'{"inputs":[{"contents":{"fp32Contents":[null]}}]}', "$"),
    (
        b'{"inputs":[{"contents":{"fp64Contents":[0.5,9007199254740993]}}]}',
        "$.inputs[0].contents.fp64Contents[1]",
    ),
    (b'{"inputs":[{"contents":{"intContents":[1.5]}}]}', "$.inputs[0].contents.intContents[0]"),
    (b'{"inputs":[{"contents":{"intContents":[2147483648]}}]}', "$"),
    (
        b'{"inputs":[{"contents":{"bytesContents":["!!"]}}]}',
        "$.inputs[0].contents.bytesContents[0]",
    ),
    (b'{"inputs":[{"contents":{"int64Contents":[' + b"1" * 5000 + b"]}}]}", "$"),
    (b'{"rawInputContents":["AAAA","!!"]}', "$.rawInputContents[1]"),
    (b'{"parameters":{"a":5}}', "$"),
    (b'{"parameters":{"a":null}}', "$"),
    (b'{"parameters":{"a":{"int64Param":1,"boolParam":true}}}', "$"),
    (b'{"inputs":[{"name":"x","shape":[2],"datatype":"FP32"}]}', "$.inputs[0].contents"),
    (b'{"inputs":[{"name":"x","shape":[1],"datatype":"fp32"}]}', "$.inputs[0].datatype"),
    (b'{"inputs":' + b"[" * 50_000 + b"]" * 50_000 + b"}", "$"),
    (b'{"modelName":' + b"[" * 90 + b"]" * 90 + b"}", "$"),
]


@pytest.mark.parametrize(("body", "path"), WRONG, ids=lambda x: str(x)[:40])
def test_wrong_bodies(body: bytes, path: str) -> None:
    """What json_format refuses is refused, and so is what it would change in silence."""
    for read in (JSON.decode, JSON.peek):
        if read == JSON.peek and "contents" in path and "Contents" not in path:
            continue  # of which nothing is looked at
        with pytest.raises(tw.DecodeError) as error:
            read(body)
        assert error.value.path.startswith(path)
        assert len(str(error.value)) < 400


def test_nested_parameters() -> None:
    """They have no place in the messages, whatever their form."""
    message = Request([Tensor("x", [1.5], {"k": {"l": 1}})])
    with pytest.raises(tw.EncodeError, match="lossy=True") as error:
        JSON.encode(message)
    assert error.value.path == "$.inputs[0].parameters.k"
    assert "parameters" not in json.loads(JSON.encode(message, lossy=True)[0])["inputs"][0]


def test_errors() -> None:
    """An error is a status of gRPC."""
    assert JSON.encode_error("no") == tw.get_protocol("oip/protobuf").encode_error("no")
    assert repr(JSON) == "get_protocol('oip/protobuf-json')"
