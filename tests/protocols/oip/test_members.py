"""What a message of the Open Inference Protocol has to say, and may say: members and parameters."""

import json
import sys
from typing import Any

import numpy as np
import orjson
import pytest

import tensorwire as tw
from tensorwire.containers.protobuf.schema import message_class
from tests.support.nesting import under
from tests.support.oip_bodies import one_json
from tests.support.oip_values import GRPC, REST, Output, Request, Response, Tensor

JSON, BINARY = tw.get_protocol("oip/json"), tw.get_protocol("oip/binary")
MLSERVER = (
    b'{"id":null,"parameters":{"content_type":"np","headers":null},"inputs":[{"name":"input-1",'
    b'"shape":[1,2],"datatype":"FP64","parameters":{"content_type":"np","headers":null},'
    b'"data":[1.5,2.5]}],"outputs":null}'
)
NESTED = (
    b'{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","parameters":{"extra":{"k":1}},'
    b'"data":[1.5]}]}'
)


def test_null_parameters_of_mlserver() -> None:
    """What MLServer's own client writes is read, and written again, by each form."""
    message = JSON.decode(MLSERVER)
    assert (message.id, message.outputs) == ("", [])
    assert message.parameters == {"content_type": "np", "headers": None}
    for name in REST:
        body, headers = tw.get_protocol(name).encode(message)
        tree = orjson.loads(body[: int(headers.get("Inference-Header-Content-Length", len(body)))])
        assert tree["parameters"] == {"content_type": "np", "headers": None}
        said = tree["inputs"][0]["parameters"]
        assert {**said, "binary_data_size": 16} == {
            "content_type": "np", "headers": None, "binary_data_size": 16,
        }  # fmt: skip
    for name in GRPC:
        for lossy in (False, True):
            body, _ = tw.get_protocol(name).encode(message, lossy=lossy)
            made: Any = message_class("inference.ModelInferRequest").FromString(body)
            for parameters in (made.parameters, made.inputs[0].parameters):
                assert {key: str(value) for key, value in parameters.items()} == {
                    "content_type": 'string_param: "np"\n'
                }


@pytest.mark.parametrize("name", GRPC)
def test_parameters_of_null_alone(name: str) -> None:
    """A map in which nothing is left is not written."""
    for parameters in ({}, {"k": None}):
        message = Request([Tensor("x", [1.5], dict(parameters))], parameters=dict(parameters))
        body, _ = tw.get_protocol(name).encode(message)
        assert body == tw.get_protocol(name).encode(Request([Tensor("x", [1.5])]))[0]
        parts, _ = tw.get_protocol(name).encode_parts(message)
        assert b"".join(parts) == body


VALUES: list[Any] = [
    None,
    {"k": 1},
    {"a": {"b": [1, 2.5, None, True, "é"]}},
    [],
    {},
    [[[{}]]],
    "text",
    2**64 - 1,
]


@pytest.mark.parametrize("value", VALUES, ids=str)
@pytest.mark.parametrize("place", ["$", "$.inputs[0]", "$.outputs[0]"])
def test_nested_parameters(place: str, value: Any) -> None:
    """JSON keeps them where they are; protobuf cannot represent them, and says so."""
    tree: Any = {"inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "data": [1.5]}]}
    tree["outputs"] = [{"name": "y"}]
    holder = {"$": tree, "$.inputs[0]": tree["inputs"][0], "$.outputs[0]": tree["outputs"][0]}
    holder[place]["parameters"] = {"k": value, "l": 1}
    message = JSON.decode(orjson.dumps(tree))
    assert orjson.loads(JSON.encode(message)[0]) == tree
    again = BINARY.decode(*BINARY.encode(message))
    assert orjson.loads(JSON.encode(again)[0]) == tree
    for name in GRPC:
        protocol = tw.get_protocol(name)
        if isinstance(value, (dict, list)):
            for write in (protocol.encode, protocol.encode_parts):
                with pytest.raises(tw.EncodeError, match="lossy=True to drop it") as error:
                    write(message)
                assert error.value.path == f"{place}.parameters.k"
        body, _ = protocol.encode(message, lossy=True)
        read = protocol.decode(body)
        left = {"$": read, "$.inputs[0]": read.inputs[0], "$.outputs[0]": read.outputs[0]}[place]
        kept = {} if value is None or isinstance(value, (dict, list)) else {"k": value}
        assert left.parameters == {**kept, "l": 1}


def test_nested_parameters_of_numpy() -> None:
    """Scalars of numpy are numbers, wherever in a parameter they are."""
    parameters = {"a": np.float32(0.5), "b": [np.int64(3), {"c": np.bool_(1)}], "d": (1, None)}
    body, _ = JSON.encode(Request([], parameters=parameters))
    assert orjson.loads(body)["parameters"] == {"a": 0.5, "b": [3, {"c": True}], "d": [1, None]}


WRONG: list[tuple[Any, str]] = [
    ({"k": [1, np.nan]}, ".k[1]"),
    ({"k": {"l": np.inf}}, ".k.l"),
    ({"k": {"l": [2**64]}}, ".k.l[0]"),
    ({"k": {"l": b"b"}}, ".k.l"),
    ({"k": {1: 2}}, ".k"),
    ({"k": ["\ud800"]}, ".k[0]"),
    ({"k": {"\ud800": 1}}, ".k"),
    ({"k": {1, 2}}, ".k"),
    ({"k": np.zeros(2, "M8[s]")}, ".k[0]"),
]


@pytest.mark.parametrize(("parameters", "path"), WRONG, ids=str)
def test_what_json_does_not_hold(parameters: Any, path: str) -> None:
    """A value that is no JSON is refused with its place."""
    with pytest.raises(tw.EncodeError) as error:
        JSON.encode(Request([], parameters=parameters))
    assert error.value.path == f"$.parameters{path}"


@pytest.mark.parametrize("frames", [0, 880])
def test_depth_of_parameters(frames: int) -> None:
    """A hundred levels are read and written again; more are refused, never a RecursionError."""
    assert sys.getrecursionlimit() == 1000
    for depth, good in ((100, True), (101, False), (900, False)):
        for opening, closing in (("[", "]"), ('{"k":', "}")):
            text = opening * depth + ("1" if opening != "[" else "") + closing * depth
            body = b'{"inputs":[],"parameters":{"p":%s}}' % text.encode()
            if good:
                message = under(frames, lambda b=body: JSON.decode(b))
                made, _ = under(frames, lambda m=message: JSON.encode(m))
                assert orjson.loads(made) == orjson.loads(body)
                continue
            for name in REST:
                call = lambda n=name, b=body: tw.get_protocol(n).decode(b)  # noqa: E731
                with pytest.raises(tw.DecodeError, match="levels of parameters") as error:
                    under(frames, call)
                assert error.value.path == "$.parameters.p"
            value: Any = orjson.loads(text)
            with pytest.raises(tw.EncodeError, match="levels of parameters"):
                under(frames, lambda v=value: JSON.encode(Request([], parameters={"p": v})))
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(tw.EncodeError, match="levels of parameters"):
        JSON.encode(Request([], parameters={"p": loop}))


MISSING = [
    (b'{"inputs":[{"datatype":"FP32","data":[1.0]}]}', "$.inputs[0].name"),
    (one_json(name=...)[1], "$.inputs[0].name"),
    (one_json(name=None)[1], "$.inputs[0].name"),
    (one_json(shape=...)[1], "$.inputs[0].shape"),
    (one_json(shape=None)[1], "$.inputs[0].shape"),
    (one_json(shape=None, data=[1])[1], "$.inputs[0].shape"),
    (one_json(datatype=...)[1], "$.inputs[0].datatype"),
    (one_json(datatype=None)[1], "$.inputs[0].datatype"),
    (b'{"inputs":[],"outputs":[{}]}', "$.outputs[0].name"),
    (b'{"inputs":[],"outputs":[{"name":"a"},{"name":null}]}', "$.outputs[1].name"),
    (b'{"inputs":[],"outputs":[{"parameters":{}}]}', "$.outputs[0].name"),
]


@pytest.mark.parametrize(("body", "path"), MISSING, ids=str)
def test_required_members(body: bytes, path: str) -> None:
    """Name, shape and datatype of a tensor and the name of an output have to be there."""
    for name in REST:
        with pytest.raises(tw.DecodeError, match="required") as error:
            tw.get_protocol(name).decode(body)
        assert error.value.path == path
        if "inputs" in path:
            with pytest.raises(tw.DecodeError, match="required") as error:
                tw.get_protocol(name).peek(body)
            assert error.value.path == path
            reply = body.replace(b'"inputs"', b'"outputs"', 1)
            with pytest.raises(tw.DecodeError, match="required"):
                tw.get_protocol(name).decode(reply, type=Response)


def test_what_protobuf_does_not_tell_from_missing() -> None:
    """No size is rank 0, and no name the name "": that is all that protobuf can say."""
    made: Any = message_class("inference.ModelInferRequest")()
    made.inputs.add(datatype="FP32").contents.fp32_contents.append(1.5)
    (tensor,) = tw.get_protocol("oip/protobuf").decode(made.SerializeToString()).inputs
    assert (tensor.name, tensor.value.shape, tensor.value.tolist()) == ("", (), 1.5)
    made.inputs[0].datatype = ""
    with pytest.raises(tw.DecodeError, match="expected a datatype") as error:
        tw.get_protocol("oip/protobuf").decode(made.SerializeToString())
    assert error.value.path == "$.inputs[0].datatype"


SHARED = ["shared_memory_region", "shared_memory_offset", "shared_memory_byte_size"]


@pytest.mark.parametrize("name", SHARED)
def test_inputs_in_shared_memory(name: str) -> None:
    """Their elements are not in the message: that is said, not that something is missing."""
    value: Any = "region" if name.endswith("region") else 8
    for more in ({"data": ...}, {}):
        body = one_json(parameters={name: value}, **more)[1]
        for protocol in map(tw.get_protocol, REST):
            for read in (protocol.decode, protocol.peek):
                with pytest.raises(tw.DecodeError, match="shared memory") as error:
                    read(body)
                assert error.value.path == f"$.inputs[0].parameters.{name}"
            with pytest.raises(tw.DecodeError, match="shared memory"):
                protocol.decode(body.replace(b"inputs", b"outputs"), type=Response)
    made: Any = message_class("inference.ModelInferRequest")()
    part = made.inputs.add(name="x", datatype="FP32", shape=[2])
    if name.endswith("region"):
        part.parameters[name].string_param = value
    else:
        part.parameters[name].int64_param = value
    for other in (False, True):
        if other:  # the elements of an input beside it
            made.inputs.add(name="y", datatype="INT8", shape=[1])
            made.raw_input_contents.append(b"\1")
        for read in (tw.get_protocol("oip/protobuf").decode, tw.get_protocol("oip/protobuf").peek):
            with pytest.raises(tw.DecodeError, match="shared memory") as error:
                read(made.SerializeToString())
            assert error.value.path == f"$.inputs[0].parameters.{name}"


@pytest.mark.parametrize("form", ["oip/json", "oip/binary", "oip/protobuf"])
@pytest.mark.parametrize("name", ["classification", *SHARED])
def test_outputs_that_are_not_served(form: str, name: str) -> None:
    """A request may be read and passed on; an answer that it did not ask for is none."""
    value: Any = "region" if name.endswith("region") else 3
    asked = Request([Tensor("x", [1.5])], outputs=[Output("y"), Output("x", {name: value})])
    protocol = tw.get_protocol(form)
    request = protocol.decode(*protocol.encode(asked))
    assert request.outputs[1].parameters == {name: value}
    with pytest.raises(tw.EncodeError, match="; ask for the output itself") as error:
        request.reply({"x": [1.5], "y": [2.5]})
    assert error.value.path == f"$.outputs[1].parameters.{name}"
    for nothing in (None, 0) if name == "classification" else (None,):
        request.outputs[1].parameters = {name: nothing}
        assert [t.name for t in request.reply({"x": [1.5], "y": [2.5]}).outputs] == ["y", "x"]


def test_binary_inputs_are_answered_in_json() -> None:
    """Outputs are binary only where that is asked for: so Triton and KServe document it."""
    head = b'{"inputs": [{"name": "x", "shape": [2], "datatype": "FP32", "parameters": '
    head += b'{"binary_data_size": 8}}]}'
    body = head + np.array([1.5, 2.5], "<f4").tobytes()
    request = BINARY.decode(body, {"Inference-Header-Content-Length": str(len(head))})
    for protocol in (JSON, BINARY):
        made, headers = protocol.encode(request.reply({"x": request.inputs[0].value}))
        assert headers == {"Content-Type": "application/json"}
        assert orjson.loads(made)["outputs"][0]["data"] == [1.5, 2.5]
    for place in ("output", "request"):
        if place == "output":
            request.outputs = [Output("x", {"binary_data": True})]
        else:
            request.outputs, request.parameters = [], {"binary_data_output": True}
        made, headers = JSON.encode(request.reply({"x": request.inputs[0].value}))
        assert headers["Content-Type"] == "application/octet-stream"
        assert made.endswith(body[-8:])
    request.outputs = [Output("x", {"binary_data": False})]
    made, headers = BINARY.encode(request.reply({"x": request.inputs[0].value}))
    assert headers == {"Content-Type": "application/json"}
    made, headers = BINARY.encode(Request([]).reply({"x": np.ones(2)}, binary=True))
    assert headers["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize("wrong", ["false", 0, 1.0, []])
def test_binary_data_is_true_or_false(wrong: Any) -> None:
    """The word "false" is not taken for true."""
    request = Request([], outputs=[Output("x", {"binary_data": wrong})])
    with pytest.raises(tw.EncodeError, match="true or false") as error:
        request.reply({"x": [1]})
    assert error.value.path == "$.outputs[0].parameters.binary_data"
    with pytest.raises(tw.EncodeError, match="true or false") as error:
        Request([], parameters={"binary_data_output": wrong}).reply({"x": [1]})
    assert error.value.path == "$.parameters.binary_data_output"


def test_half_floats_in_json() -> None:
    """Triton and KServe refuse FP16 in JSON: it is written where it is asked for, and read."""
    half = np.array([0.5, 65504], np.float16)
    for lossy in (False, True):
        with pytest.raises(tw.EncodeError, match="use oip/binary") as error:
            JSON.encode(Request([Tensor("x", half)]), lossy=lossy)
        assert error.value.path == "$.inputs[0]"
    body, _ = JSON.encode(Request([Tensor("x", half, binary=False)]))
    assert json.loads(body)["inputs"][0]["data"] == [0.5, float(str(half[1]))]
    read = JSON.decode(body)
    assert read.inputs[0].value.tobytes() == half.tobytes()
    assert JSON.encode(read)[0] == body


def test_half_floats_in_a_reply() -> None:
    """They are JSON where the client sent such JSON, or asks for JSON; else the protocol's way."""
    made = {"x": np.array([0.5], np.float16)}
    binary = Request([Tensor("x", made["x"])])
    said = Request([Tensor("x", made["x"], binary=False)])
    asked = Request([], outputs=[Output("x", {"binary_data": False})])
    assert [r.reply(made).outputs[0].binary for r in (binary, said, asked)] == [None, False, False]
    _, headers = BINARY.encode(binary.reply(made))
    assert headers["Content-Type"] == "application/octet-stream"
    with pytest.raises(tw.EncodeError, match="oip/binary"):
        JSON.encode(binary.reply(made))
    assert orjson.loads(JSON.encode(said.reply(made))[0])["outputs"][0]["data"] == [0.5]
