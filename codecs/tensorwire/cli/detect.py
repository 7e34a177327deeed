"""Recognises the format of a payload, from its bytes alone.

The first bytes tell .npy, safetensors, Arrow, JSON and msgpack apart; what is left is protobuf. In
JSON the keys tell the protocol.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import Any, NamedTuple

import orjson

import tensorwire as tw
from tensorwire.errors import DecodeError
from tensorwire.wire import varint

__all__ = ["Format", "detect", "format_of"]

_SELDON = {"data", "binData", "strData", "jsonData", "customData", "meta", "status"}
_SNAKE = {"bin_data", "str_data", "json_data", "custom_data"}  # protobuf's JSON takes these too
_LISTS = {"seldonMessages", "seldon_messages"}
_FEEDBACK = {"request", "response", "truth", "reward"}
# A map that is empty, or whose first key is text or bytes: a PNG begins like a map, too.
_MSGPACK = re.compile(
    rb"\x80|(?:[\x81-\x8f]|\xde..|\xdf....)[\xa0-\xbf\xc4-\xc6\xd9-\xdb]", re.DOTALL
)
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
    if body.startswith(b"\x93NUMPY"):
        return Format("npy/array")
    if body.startswith(b"\xff\xff\xff\xff"):
        return Format("arrow/tensor")
    if body[8:9] == b"{" and int.from_bytes(body[:8], "little") <= len(body) - 8:
        return Format("safetensors/arrays")
    if _MSGPACK.match(body):
        return Format("msgpack/numpy" if b"\xc4\x02nd" in body[:8] else "seldon/msgpack")
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
        name = _of_tensors(found.get("inputs", found.get("outputs")))
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
