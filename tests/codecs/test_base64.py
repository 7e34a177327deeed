"""Base64 with white space, as MIME and PEM break it into lines, is read wherever base64 is."""

import base64
import json
import math
from typing import Any

import msgpack
import numpy as np
import pytest
from google.protobuf import json_format
from google.protobuf.wrappers_pb2 import BytesValue

import tensorwire as tw

DATA = bytes(range(256)) * 60  # more than the size from which a long string is cut out of the text
SPACES = ["\n", "\r\n", " ", "\t", "\v", "\f", "\n \t"]


def lines(data: bytes, space: str = "\n") -> str:
    """Return base64 in lines, of the alphabet and in the padding that are standard."""
    text = base64.b64encode(data).decode()
    return space.join(text[at : at + 76] for at in range(0, len(text), 76)) + space


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("size", [5, 100, 15_000])
def test_raw_in_json(space: str, size: int) -> None:
    """`binData` in lines is what protobuf's own JSON reader makes of it."""
    text = lines(DATA[:size], space)
    body = json.dumps({"binData": text}).encode()
    wanted = json_format.Parse(json.dumps(text), BytesValue()).value
    assert wanted == DATA[:size]
    for found in (tw.get_codec("json/raw").decode(body), tw.loads(body).value):
        assert bytes(found) == wanted
    assert tw.peek(body).shape == (size,)


def test_the_sample() -> None:
    """Two lines say what one line says; URL-safe and unpadded text may have lines too."""
    assert bytes(tw.loads(b'{"binData":"aGVs\\nbG8="}').value) == b"hello"
    assert bytes(tw.loads(b'{"binData":" _-8 \\n"}').value) == b"\xff\xef"
    assert bytes(tw.loads(b'{"binData":"aGVsbG8 ="}').value) == b"hello"
    for text in ("aGVs\\u00a0bG8=", "aGVs\\u2028bG8=", "aGVs*bG8=", "aGVs\\u0000bG8=", "a\\nb=c"):
        with pytest.raises(tw.DecodeError, match=r"expected base64.* - at \$\.binData"):
            tw.loads(b'{"binData":"%b"}' % text.encode())


def test_tensor_proto_in_json() -> None:
    """The memory of a TensorProto, and its strings, may be in lines."""
    array = np.arange(3000.0)
    node: Any = {"dtype": "DT_DOUBLE", "tensorShape": {"dim": [{"size": "3000"}]}}
    node["tensorContent"] = lines(array.tobytes(), "\r\n")
    body = json.dumps({"data": {"tftensor": node}}).encode()
    np.testing.assert_array_equal(tw.get_codec("json/tftensor").decode(body), array)
    node = {"dtype": "DT_STRING", "stringVal": ["aGVs\nbG8="]}
    assert tw.loads(json.dumps({"data": {"tftensor": node}}).encode()).value.item() == b"hello"


def test_msgpack() -> None:
    """In msgpack text may be where bytes belong: base64, in lines or not."""
    body = msgpack.packb({"binData": lines(DATA)})
    assert bytes(tw.get_codec("msgpack/raw").decode(body)) == DATA


def test_tensorflow_serving() -> None:
    """An object of base64 may have lines, short or long, by rows and whole."""
    protocol = tw.get_protocol("tfserving/json")
    for size in (5, 15_000):
        node = {"b64": lines(DATA[:size])}
        for document in ({"instances": [node, node]}, {"inputs": node}, {"inputs": {"a": [node]}}):
            (array,) = protocol.decode(json.dumps(document).encode()).inputs.values()
            flat = np.asarray(array).reshape(-1)
            assert math.prod(np.shape(array)) == (2 if "instances" in document else 1)
            assert flat[0] == DATA[:size].rstrip(b"\0")
