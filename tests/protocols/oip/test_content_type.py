"""BYTES of the content type base64 are what the base64 stands for, as MLServer has it."""

import base64
import struct
from typing import Any

import numpy as np
import orjson
import pytest

import tensorwire as tw
from tensorwire.containers.protobuf.schema import message_class
from tests.support.oip_bodies import one_json
from tests.support.oip_values import GRPC, PROTOCOLS, REST, Output, Request, Response, Tensor, told

BASE64 = {"content_type": "base64"}
JSON = tw.get_protocol("oip/json")


def one(*text: str, **more: Any) -> bytes:
    """Return a request of base64 as MLServer's Base64Codec writes it."""
    made = one_json("BYTES", [len(text)], list(text), **{"parameters": BASE64, **more})
    body: bytes = made[1]
    return body


def test_what_mlserver_writes() -> None:
    """Its body, byte for byte: the shape of MLServer has a second dimension of one."""
    body = (
        b'{"inputs":[{"name":"x","shape":[1,1],"datatype":"BYTES",'
        b'"parameters":{"content_type":"base64"},"data":["iVBORw=="]}]}'
    )
    message = JSON.decode(body)
    assert message.inputs[0].value.tolist() == [[b"\x89PNG"]]
    assert JSON.encode(message)[0] == body


VALUES: list[Any] = [
    [b"\x89PNG"],
    [b"", b"\0", b"a\0", b"\xff" * 100],
    [[b"a"], [b"bc"]],
    ["é", "text"],
    np.array([b"a", b"bc"]),
    b"one",
    [],
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_form(name: str, value: Any) -> None:
    """Text of base64 travels, in JSON, behind it and in protobuf; the value is the bytes."""
    value = np.empty((0, 2), "S1") if isinstance(value, list) and not value else value
    plain = np.asarray(np.array(value, object), object)
    strings = [x if isinstance(x, bytes) else x.encode() for x in plain.reshape(-1).tolist()]
    text = [base64.b64encode(item) for item in strings]
    for kind in (Request, Response):
        message = kind([Tensor("x", value, BASE64)])
        body, headers = tw.get_protocol(name).encode(message)
        assert sent(name, body, headers, kind) == text
        read = tw.get_protocol(name).decode(body, headers, type=kind)
        assert told(read) == told(message)
        again, more = tw.get_protocol(name).encode(read)
        assert (again, more) == (body, headers)
        peek = tw.get_protocol(name).peek(body, headers, type=kind)
        assert (peek.dtype, peek.shape) == (np.dtype("S"), plain.shape)


def sent(name: str, body: bytes, headers: Any, kind: Any) -> list[bytes]:
    """Return the elements as they are in a body."""
    member = "inputs" if kind is Request else "outputs"
    if name in GRPC:
        full = "inference.ModelInferRequest" if kind is Request else "inference.ModelInferResponse"
        made: Any = message_class(full).FromString(body)
        (tensor,) = getattr(made, member)
        raw = getattr(made, f"raw_{member[:-1]}_contents")
        return unpacked(raw[0]) if raw else list(tensor.contents.bytes_contents)
    size = int(headers.get("Inference-Header-Content-Length", len(body)))
    (node,) = orjson.loads(body[:size])[member]
    return [x.encode() for x in node["data"]] if "data" in node else unpacked(body[size:])


def unpacked(blob: bytes) -> list[bytes]:
    """Return byte strings that stand behind their lengths."""
    found = []
    while blob:
        (size,) = struct.unpack("<I", blob[:4])
        found.append(blob[4 : 4 + size])
        blob = blob[4 + size :]
    return found


def test_spellings() -> None:
    """White space, the URL's alphabet and missing padding are read."""
    for text, value in (
        ("aGVs\nbG8=", b"hello"),
        ("aGVs\r\n bG8=\t", b"hello"),
        ("aGVsbG8", b"hello"),
        ("-_-_", b"\xfb\xff\xbf"),
        ("", b""),
    ):
        assert flat(JSON.decode(one(text))) == [value]


def flat(message: Any) -> list[bytes]:
    """Return the elements of the first tensor."""
    found: list[bytes] = np.ravel(np.array(message.inputs[0].value, object)).tolist()
    return found


@pytest.mark.parametrize("text", ["hello!", "a", "é", "aGVsbG8=x"])
def test_what_is_no_base64(text: str) -> None:
    """A tensor that says base64 and is not is refused with its place, and so is a part of it."""
    for protocol in map(tw.get_protocol, REST):
        with pytest.raises(tw.DecodeError, match="expected base64") as error:
            protocol.decode(one("aGVsbG8=", text))
        assert error.value.path == "$.inputs[0].data[1]"
        assert protocol.decode(one("aGVsbG8=", text, parameters={})).inputs[0].value.size == 2
    made: Any = message_class("inference.ModelInferRequest")()
    part = made.inputs.add(name="x", datatype="BYTES", shape=[1])
    part.parameters["content_type"].string_param = "base64"
    part.contents.bytes_contents.append(text.encode())
    with pytest.raises(tw.DecodeError, match="expected base64") as error:
        tw.get_protocol("oip/protobuf").decode(made.SerializeToString())
    assert error.value.path == "$.inputs[0].contents[0]"


def test_other_content_types() -> None:
    """They say what a model makes of the elements, which are as they are."""
    for name in ("str", "np", "datetime", "hex", "Base64", "", None, 5, ["base64"]):
        body = one("aGk=", parameters={"content_type": name})
        assert flat(JSON.decode(body)) == [b"aGk="]
        assert orjson.loads(JSON.encode(JSON.decode(body))[0]) == orjson.loads(body)
    whole = orjson.loads(one("aGk=", parameters={})) | {"parameters": BASE64}
    assert flat(JSON.decode(orjson.dumps(whole))) == [b"aGk="]  # of the whole request
    numbers = one_json("FP32", [2], [1, 2], parameters=BASE64)[1]
    assert JSON.decode(numbers).inputs[0].value.tolist() == [1, 2]


def test_an_output_that_is_asked_for_as_base64() -> None:
    """As MLServer does, bytes are answered in the content type that is asked for."""
    asked = Request([], outputs=[Output("a", BASE64), Output("b", BASE64), Output("c", BASE64)])
    made = [Tensor("a", [b"\xff"]), Tensor("b", [1.5]), Tensor("c", ["t"], {"content_type": "str"})]
    reply = asked.reply(made)
    assert [t.parameters for t in reply.outputs] == [BASE64, {}, {"content_type": "str"}]
    tree = orjson.loads(JSON.encode(reply)[0])
    assert [node["data"] for node in tree["outputs"]] == [["/w=="], [1.5], ["t"]]


def test_bytes_without_base64() -> None:
    """The error about bytes that are no text names what can carry them, and both do."""
    message = Request([Tensor("x", [b"\xff"])])
    with pytest.raises(tw.EncodeError, match="content_type of base64"):
        JSON.encode(message)
    message.inputs[0].parameters = BASE64
    assert told(JSON.decode(*JSON.encode(message))) == told(message)


def test_a_client_that_sends_base64_reads_it() -> None:
    """Bytes that are no text have no other place in JSON; text stays text."""
    sent = JSON.decode(one("iVBORw=="))
    made = {"a": [b"\xff", b"x"], "b": ["t"], "c": np.array([b"x"]), "d": [1.5]}
    reply = sent.reply(made)
    assert [t.parameters for t in reply.outputs] == [BASE64, {}, {}, {}]
    tree = orjson.loads(JSON.encode(reply)[0])
    assert [node["data"] for node in tree["outputs"]] == [["/w==", "eA=="], ["t"], ["x"], [1.5]]
    assert [t.parameters for t in Request([]).reply(made).outputs] == [{}] * 4
