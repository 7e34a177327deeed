"""Recognises the format of a payload, from its bytes alone.

The first bytes tell .npy, safetensors, Arrow, JSON and msgpack apart; what is left is protobuf. In
JSON the keys tell the protocol.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

import tensorwire as tw
from tensorwire.containers.protobuf import varint
from tensorwire.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

__all__ = ["Format", "detect", "format_of"]

_SELDON = {"data", "binData", "strData", "jsonData", "customData", "meta", "status"}
_GRPC = {
    *("modelName", "modelVersion"),
    *("rawInputContents", "raw_input_contents", "rawOutputContents", "raw_output_contents"),
}
_SNAKE = {"bin_data", "str_data", "json_data", "custom_data"}  # protobuf's JSON takes these too
_LISTS = {"seldonMessages", "seldon_messages"}
_FEEDBACK = {"request", "response", "truth", "reward"}
# A map that is empty, or whose first key is text or bytes: a PNG begins like a map, too.
_MSGPACK = re.compile(
    rb"\x80|(?:[\x81-\x8f]|\xde..|\xdf....)[\xa0-\xbf\xc4-\xc6\xd9-\xdb]", re.DOTALL
)
# The keys that msgpack-numpy puts into the map of an array, as bytes or, before 0.4.5, as text.
_ARRAY = re.compile(
    rb"(?:\xc4\x02|\xa2)nd[\xc2\xc3](?:\xc4\x04|\xa4)type|(?:\xc4\x07|\xa7)complex\xc3"
)
_LIST_OF_ARRAYS = re.compile(
    rb"(?:[\x91-\x9f]|\xdc..|\xdd....)[\x83-\x85](?:\xc4\x02|\xa2)nd[\xc2\xc3]", re.DOTALL
)
_NPY, _ARROW = re.compile(rb"\x93NUMPY"), re.compile(rb"\xff\xff\xff\xff")
_FRAME = 5  # of gRPC: a zero byte, and the length in four bytes, big-endian


class Format(NamedTuple):
    """What a payload is.

    Attributes
    ----------
    name
        of a codec or a protocol.
    reply
        whether it is a reply.
    message
        ``MessageList`` or ``Feedback`` for these two of Seldon's messages, else empty.
    start
        where the payload starts: behind the frame of gRPC or the length that ghz reads, if any.
    either
        whether the bytes are a request and a reply alike, so that only a person knows.
    """

    name: str
    reply: bool = False
    message: str = ""
    start: int = 0
    either: bool = False


def format_of(body: bytes, name: str | None, *, reply: bool) -> Format:
    """Tell the format of a payload, of which the name may be known.

    Raises
    ------
    DecodeError
        the name is not known, and it is none that is known here.
    """
    if name is None:
        return detect(body, reply=reply)
    if name.startswith("seldon/"):  # it has three messages
        with suppress(DecodeError):
            found = detect(body, reply=reply)
            if found.name == name:
                return found._replace(reply=reply)
    return Format(name, reply=reply)


def detect(body: bytes, *, reply: bool = False) -> Format:
    """Tell the format of a payload; `reply` decides where requests and replies look alike.

    Raises
    ------
    DecodeError
        it is none that is known here.
    """
    if not body:
        raise DecodeError("empty")
    if body[0] == 0 and int.from_bytes(body[1:_FRAME], "big") == len(body) - _FRAME:
        return _bare(body[_FRAME:], reply=reply)._replace(start=_FRAME)
    try:
        return _bare(body, reply=reply)
    except DecodeError:
        start = next((n for n in range(1, 6) if varint.write(len(body) - n) == body[:n]), 0)
        if not start:
            raise
        return _bare(body[start:], reply=reply)._replace(start=start)


def _bare(body: bytes, *, reply: bool) -> Format:
    found = _of_arrays(body)
    if found is not None:
        return found
    problem = DecodeError("in no format that is known here; --as NAME says what it is")
    if body.lstrip(b" \t\r\n")[:1] in (b"{", b"[", b'"'):
        try:
            return _json(body)
        except _NotJSONError as error:
            problem = error  # unless it is a message: a newline and a quote are tags, too
    from tensorwire.cli.detect_protobuf import detect_protobuf

    found = detect_protobuf(body, reply=reply)
    if found is None:
        raise problem
    return found


def _of_arrays(body: bytes) -> Format | None:
    """Tell the formats that their first bytes give away."""
    if body[8:9] == b"{" and int.from_bytes(body[:8], "little") <= len(body) - 8:
        return Format("safetensors/arrays")
    if _MSGPACK.match(body):
        return _msgpack(body)
    starts = ((_NPY, "npy/array"), (_ARROW, "arrow/tensor"), (_LIST_OF_ARRAYS, "msgpack/numpy"))
    return next((Format(name) for start, name in starts if start.match(body)), None)


def _msgpack(body: bytes) -> Format:
    """Tell a message of Seldon's, in whose bytes anything may be, from msgpack-numpy's maps."""
    from tensorwire.cli.messages import decode

    seldon = Format("seldon/msgpack")
    if _ARRAY.search(body) is None:
        return seldon
    with suppress(DecodeError):
        decode(body, seldon)
        return seldon
    return Format("msgpack/numpy")


class _NotJSONError(DecodeError):
    """The bytes are no JSON."""


def _json(body: bytes) -> Format:
    try:
        return _by_keys(orjson.loads(body))
    except orjson.JSONDecodeError as error:
        try:
            return _by_keys(json.loads(body))  # TensorFlow Serving writes bare NaN
        except (ValueError, RecursionError):
            pass
        try:
            start = orjson.loads(body[: tw.oip.json_size(body)])
        except (DecodeError, orjson.JSONDecodeError):
            raise _NotJSONError(f"not JSON: {error}") from None
    return Format("oip/binary", reply="inputs" not in start)


def _by_keys(found: Any) -> Format:
    if not isinstance(found, dict):
        raise DecodeError("JSON, but no object, as the messages of every protocol are")
    keys = found.keys()
    if keys & {"instances", "predictions"}:
        return Format("tfserving/json", reply="predictions" in keys)
    if keys & {"inputs", "outputs"}:
        tensors = found.get("inputs", found.get("outputs"))
        name = "oip/protobuf-json" if _is_of_grpc(keys, tensors) else _of_tensors(tensors)
        return Format(name, reply="inputs" not in keys)
    if keys & _LISTS:
        return Format("seldon/json", message="MessageList")
    if keys & (_SELDON | _SNAKE):
        return Format("seldon/json")
    if keys & _FEEDBACK:
        return Format("seldon/json", message="Feedback")
    if "error" in keys:
        raise DecodeError(f"an error reply: {found['error']}", "$.error")
    known = ", ".join(list(keys)[:5])
    raise DecodeError(f"JSON of no protocol that is known here; its keys: {known or 'none'}")


def _is_of_grpc(keys: AbstractSet[str], tensors: Any) -> bool:
    """Tell protobuf's JSON of the Open Inference Protocol's messages from that of REST."""
    objects = [one for one in tensors if isinstance(one, dict)] if isinstance(tensors, list) else []
    if keys & _GRPC:
        return bool(objects)
    return any("datatype" in one and "contents" in one for one in objects[:64])


def _of_tensors(tensors: Any) -> str:
    """Tell OIP's list of named tensors, in JSON or behind it, from TensorFlow Serving's values."""
    if not isinstance(tensors, list):
        return "tfserving/json"
    objects = [one for one in tensors[:64] if isinstance(one, dict)]
    if tensors and not any("datatype" in one for one in objects):
        return "tfserving/json"
    parameters = (one.get("parameters") for one in objects)
    behind = any(isinstance(p, dict) and "binary_data_size" in p for p in parameters)
    return "oip/binary" if behind else "oip/json"
