"""Guesses at foreign bytes: an error tells what they look like, and what reads them."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import json
import lzma
import pickle
import zlib
from typing import TYPE_CHECKING, Any

import msgpack
import numpy as np
import pytest

import tensorwire as tw
from tensorwire import guess
from tensorwire.containers.protobuf.schema import message_class
from tests.support.values import CODECS, MEDIA_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable

ARRAY = np.array([[1.5, 2.5]])
JSON = b'{"data":{"ndarray":[[1.5,2.5]]}}'
OIP = tw.oip.InferRequest([tw.oip.InferTensor("x", ARRAY)], "m")
SERVING = tw.tfserving.PredictRequest({"x": ARRAY}, "m")


def saved(save: Any, *args: Any, **named: Any) -> bytes:
    """Return what numpy writes into a file."""
    file = io.BytesIO()
    save(file, *args, **named)
    return file.getvalue()


# Each of them is made by the library whose format it is, or begins as its specification says.
FOREIGN: dict[str, tuple[bytes, str]] = {
    "npy": (saved(np.save, ARRAY), "a .npy file, which npy/array reads"),
    "npz": (saved(np.savez, a=ARRAY), "a zip file; numpy.load reads .npz"),
    "safetensors": (
        b"\x40"
        + bytes(7)
        + b'{"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}'.ljust(64)
        + bytes(8),
        "a safetensors file, which safetensors/arrays reads",
    ),
    "arrow": (b"\xff\xff\xff\xff\x70\0\0\0\x04\0\0\0", "a message of Arrow"),
    "msgpack-numpy": (
        msgpack.packb({b"nd": True, b"type": "<f8", b"kind": b"", b"shape": [0], b"data": b""}),
        "msgpack/numpy reads",
    ),
    "gzip": (gzip.compress(JSON), "gzip; pass gzip.decompress(body)"),
    "zlib": (zlib.compress(JSON), "zlib; pass zlib.decompress(body)"),
    "bzip2": (bz2.compress(JSON), "bzip2; pass bz2.decompress(body)"),
    "xz": (lzma.compress(JSON), "xz; pass lzma.decompress(body)"),
    "Zstandard": (b"\x28\xb5\x2f\xfd\x04\x00", "Zstandard"),
    "pickle": (pickle.dumps([1.5]), "a pickle, which is never loaded"),
    "PNG": (b"\x89PNG\r\n\x1a\n" + bytes(20), "a PNG image"),
    "JPEG": (b"\xff\xd8\xff\xe0\0\x10JFIF", "a JPEG image"),
    "GIF": (b"GIF89a" + bytes(9), "a GIF image"),
    "PDF": (b"%PDF-1.7\n", "a PDF file"),
    "Parquet": (b"PAR1\x15\x04PAR1", "a Parquet file"),
    "HDF5": (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    "HTML": (b"<!DOCTYPE html>\n<title>502 Bad Gateway</title>", "an HTML page"),
    "html": (b"\r\n<html><body>404</body></html>", "an HTML page"),
    "XML": (b'<?xml version="1.0"?><a/>', "XML"),
    "HTTP": (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "a whole HTTP response"),
    "text": (b"upstream connect error", "text: 'upstream connect error'"),
    "form": (b"json=%7B%22data%22%3A%7B%7D%7D", "a form or a query"),
    "base64": (base64.b64encode(JSON * 9), "base64; pass base64.b64decode(body)"),
    "byte order mark": (b"\xef\xbb\xbf" + JSON, "a byte order mark; pass body[3:]"),
    "UTF-16": (JSON.decode().encode("utf-16"), "UTF-16; pass body.decode('utf-16').encode()"),
    "UTF-16-LE": (JSON.decode().encode("utf-16-le"), "pass body.decode('utf-16-le').encode()"),
    "frame": (b"\0\0\0\0\x05\x1a\x03abc", "a message with the gRPC frame header; pass body[5:]"),
    "oip/binary": (
        tw.get_protocol("oip/binary").encode(OIP)[0],
        "JSON followed by arrays, which get_protocol('oip/binary') reads",
    ),
    "list": (b" [[1.5,2.5]]", "a JSON list"),
}
OWN = {
    "json": (JSON, "JSON; loads(body, 'application/json') reads"),
    "protobuf": (
        tw.get_codec("protobuf/tensor").encode(ARRAY),
        "protobuf; loads(body, 'application/x-protobuf') reads",
    ),
    "msgpack": (
        tw.get_codec("msgpack/tensor").encode(ARRAY),
        "msgpack; loads(body, 'application/msgpack') reads",
    ),
}
READERS = [*CODECS, *(f"loads {name}" for name in MEDIA_TYPES), "oip/json", "oip/protobuf-json"]


def told(reader: str, body: bytes) -> str:
    """Return the text of the error that a reader raises."""
    if reader.startswith("loads "):
        media_type = MEDIA_TYPES[reader.removeprefix("loads ")]
    else:
        media_type = ""
        read = (tw.get_codec if reader in CODECS else tw.get_protocol)(reader).decode
    with pytest.raises(tw.DecodeError) as error:
        tw.loads(body, media_type) if media_type else read(body)
    return str(error.value)


@pytest.mark.parametrize("case", FOREIGN)
def test_what_no_container_reads(case: str) -> None:
    """Files, images, pages and compressed messages are named, by every reader."""
    body, what = FOREIGN[case]
    for reader in READERS:
        reason = told(reader, body)
        if case == "list" and "json" in reader:
            assert "list" in reason or "object" in reason, reader  # it is JSON
        else:
            assert what in reason, reader


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("reader", [*CODECS, *(f"loads {name}" for name in MEDIA_TYPES)])
def test_what_another_container_reads(reader: str, name: str) -> None:
    """A message of another container is named, and what to call for it; its own is not."""
    body, what = OWN[name]
    if name in reader:
        assert "look like" not in told(reader, body[:-1])
    else:
        assert what in told(reader, body)


@pytest.mark.parametrize("reader", ["npy/array", "safetensors/arrays", "msgpack/numpy"])
def test_what_a_format_refuses(reader: str) -> None:
    """The formats of files say it as well; msgpack-numpy reads any map."""
    for name, (body, what) in OWN.items():
        if (reader, name) != ("msgpack/numpy", "msgpack"):
            with pytest.raises(tw.DecodeError, match="the bytes look like") as error:
                tw.get_codec(reader).decode(body)
            assert what in str(error.value)


REMEDIES: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "zlib": zlib.decompress,
    "bzip2": bz2.decompress,
    "xz": lzma.decompress,
    "byte order mark": lambda body: body[3:],
    "UTF-16": lambda body: body.decode("utf-16").encode(),
    "UTF-16-LE": lambda body: body.decode("utf-16-le").encode(),
}


@pytest.mark.parametrize("case", REMEDIES)
def test_the_remedy_works(case: str) -> None:
    """What the error says to pass is read."""
    found = tw.loads(REMEDIES[case](FOREIGN[case][0]))
    assert found.value.tolist() == [[1.5, 2.5]]


OTHERS: list[tuple[str, dict[str, Any], str]] = [
    ("loads json", {"instances": [1.5]}, "get_protocol('tfserving/json') reads"),
    ("loads json", {"predictions": [1.5]}, "get_protocol('tfserving/json') reads"),
    ("loads json", {"inputs": {"x": [1.5]}}, "get_protocol('tfserving/json') reads"),
    ("loads json", {"inputs": [{"datatype": "FP32"}]}, "get_protocol('oip/json') reads"),
    ("loads json", {"outputs": [{"datatype": "FP32"}]}, "get_protocol('oip/json') reads"),
    ("loads json", {"error": "no model x"}, "the error reply of a server: 'no model x'"),
    ("loads json", {"seldonMessages": []}, "type=tensorwire.seldon.MessageList"),
    ("loads json", {"request": {}, "reward": 1}, "type=tensorwire.seldon.Feedback"),
    ("json/ndarray", {"instances": [1.5]}, "get_protocol('tfserving/json') reads"),
    ("json/tensor", {"inputs": [{"datatype": "FP32"}]}, "get_protocol('oip/json') reads"),
    ("oip/json", {"data": {"ndarray": [1.5]}}, "a SeldonMessage, which loads() reads"),
    ("oip/json", {"instances": [1.5]}, "get_protocol('tfserving/json') reads"),
    ("oip/json", {"outputs": [{"datatype": "FP32"}]}, "pass its class as type="),
    ("oip/json", {"outputs": []}, "pass its class as type="),
    ("tfserving/json", {"data": {"ndarray": [1.5]}}, "a SeldonMessage, which loads() reads"),
    ("tfserving/json", {"outputs": [{"datatype": "FP32"}]}, "get_protocol('oip/json') reads"),
    ("tfserving/json", {"predictions": [1.5]}, "pass its class as type="),
    ("tfserving/json", {"error": "no model x"}, "'no model x'"),
]


@pytest.mark.parametrize(("reader", "message", "what"), OTHERS)
def test_json_of_another_protocol(reader: str, message: dict[str, Any], what: str) -> None:
    """The members of an object tell whose message it is."""
    assert what in told(reader, json.dumps(message).encode())


@pytest.mark.parametrize("name", ["protobuf/tensor", "protobuf/ndarray"])
def test_protobuf_of_another_protocol(name: str) -> None:
    """A message of gRPC's Open Inference Protocol is no SeldonMessage."""
    body = tw.get_protocol("oip/protobuf").encode(OIP)[0]
    assert "get_protocol('oip/protobuf') reads" in told(name, body)


def test_what_looks_like_nothing_is_not_guessed() -> None:
    """Random bytes, and what was expected itself, say no more than before."""
    assert not guess.of_bytes(b"", "JSON")
    assert not guess.of_bytes(JSON[:-2], "JSON")
    assert not guess.of_bytes(b"\x07\x93\xfe\x81\x00\x00\xff", "JSON")
    assert not guess.of_bytes(memoryview(OWN["protobuf"][0]), "protobuf")


@pytest.mark.parametrize("seed", range(20))
def test_a_guess_never_fails(seed: int) -> None:
    """Whatever the bytes, a guess is text."""
    rng = np.random.default_rng(seed)
    bodies = [body for body, _ in (*FOREIGN.values(), *OWN.values())]
    for body in bodies:
        damaged = bytearray(body[: rng.integers(1, len(body) + 1)])
        damaged[rng.integers(len(damaged))] = rng.integers(256)
        for expected in ("JSON", "protobuf", "msgpack"):
            assert isinstance(guess.of_bytes(memoryview(damaged), expected), str)


TENSOR: Any = message_class("tensorflow.TensorProto")
TWO = {"dim": [{"size": 2}]}
TENSORS = [
    TENSOR(dtype=2, tensor_shape=TWO, tensor_content=np.ones(2).tobytes()),
    TENSOR(dtype=1, float_val=[1.5]),
    TENSOR(dtype=9, tensor_shape=TWO, int64_val=[1, 2]),
    TENSOR(dtype=7, tensor_shape=TWO, string_val=[b"a", b"b"]),
    TENSOR(dtype=22, tensor_shape=TWO, uint32_val=[1, 2]),
]


@pytest.mark.parametrize("case", range(len(TENSORS)))
@pytest.mark.parametrize("kind", ["ndarray", "tensor", "tftensor"])
def test_a_tensor_proto_is_no_message(kind: str, case: int) -> None:
    """What TensorFlow writes for an array is named where a SeldonMessage is expected."""
    body = TENSORS[case].SerializeToString()
    with pytest.raises(tw.DecodeError, match="look like a TensorProto alone: put it into"):
        tw.get_codec(f"protobuf/{kind}").decode(body)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"POST /predict HTTP/1.1\r\nHost: h\r\n\r\n{}", "a whole HTTP request; pass its body"),
        (b"--b\r\nContent-Disposition: form-data\r\n\r\n", "a form of several parts"),
        (b"\x93NUMPY\x01\x00v\x00", "a .npy file"),
        (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    ],
)
def test_other_bytes_read_as_json_are_named(body: bytes, says: str) -> None:
    """The error of JSON, and of JSON with binary tensors behind it, tells other bytes."""
    for name in ("seldon/json", "oip/json", "oip/binary", "tfserving/json"):
        with pytest.raises(tw.DecodeError) as caught:
            tw.get_protocol(name).decode(body)
        assert says in str(caught.value)


def test_a_message_is_not_named_a_tensor() -> None:
    """A SeldonMessage that is refused for what is in it says only that."""
    body = tw.get_codec("protobuf/tensor").encode([1.0, 2.0])
    with pytest.raises(tw.DecodeError) as caught:
        tw.get_codec("protobuf/ndarray").decode(body)
    assert "TensorProto" not in str(caught.value)


@pytest.mark.parametrize("case", FOREIGN)
def test_the_same_guess_for_any_buffer(case: str) -> None:
    """Bytes and a memoryview of them; only the beginning is looked at, and the length."""
    body, what = FOREIGN[case]
    for expected in ("JSON", "protobuf", "msgpack"):
        found = guess.of_bytes(body, expected)
        assert found == guess.of_bytes(memoryview(body), expected)
        assert what in found or (expected, case) == ("JSON", "list")


@pytest.mark.parametrize("case", range(len(TENSORS)))
def test_a_tensor_proto_is_recognised_by_its_beginning(case: int) -> None:
    """A SeldonMessage, and other bytes, are none."""
    body = TENSORS[case].SerializeToString()
    assert guess.of_tensor(body) == guess.of_tensor(memoryview(body))
    assert "a TensorProto alone" in guess.of_tensor(body)
    for other in (b"", b"\x08", b"\x08\x22\x12\x00", OWN["protobuf"][0], JSON):
        assert guess.of_tensor(other) == ""


@pytest.mark.parametrize(
    ("members", "own", "what"),
    [
        ({"nd": True}, "", "an array of msgpack-numpy"),
        ({b"nd": True}, "", "an array of msgpack-numpy"),
        ({"instances": []}, "", "get_protocol('tfserving/json')"),
        ({"inputs": [{"datatype": "FP32"}]}, "", "get_protocol('oip/json')"),
        ({"inputs": [1.5]}, "", "get_protocol('tfserving/json')"),
        ({"inputs": None, "outputs": [{"datatype": "x"}]}, "", "get_protocol('oip/json')"),
        ({"outputs": []}, "tfserving/json", "the other one of request and reply"),
        ({"error": "x" * 1000}, "", "the error reply of a server: 'xxx"),
        ({"seldonMessages": []}, "", "a MessageList of Seldon"),
        ({"reward": 1}, "oip/json", "a Feedback of Seldon"),
        ({"strData": ""}, "oip/json", "a SeldonMessage, which loads() reads"),
        ({}, "", ""),
        ({"inputs": None}, "", ""),
        ({1: 2, None: 3}, "", ""),
    ],
    ids=str,
)
def test_members_tell_whose_message_it_is(members: dict[Any, Any], own: str, what: str) -> None:
    """In a few words, however long a member is."""
    found = guess.of_members(members, own)
    assert what in found
    assert bool(found) == bool(what)
    assert len(found) < 300
