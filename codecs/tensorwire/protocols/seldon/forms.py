"""Seldon messages that come in a form or in the query of a URL, as the JSON that they mean.

``json=`` holds a whole message; a part of multipart/form-data holds one member of it.
Source: get_request in seldon_core/flask_utils.py; RFC 7578; the form encoding of
https://url.spec.whatwg.org
"""

from __future__ import annotations

import binascii
import json
import logging
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

import numpy as np
import orjson
import pybase64

from tensorwire.containers.json.scan import check_objects
from tensorwire.errors import DecodeError
from tensorwire.protocols.family import UnreadableFormError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["MULTIPART", "URLENCODED", "json_field", "message_in_parts", "unwrap"]

_JSON = re.compile(rb"\s*[{\[]")  # how a message in JSON begins, and no form does
_LOG = logging.getLogger("tensorwire.forms")  # of a client's mistakes, which its reply names
_LOG.addHandler(logging.NullHandler())
MULTIPART, URLENCODED = "multipart/form-data", "application/x-www-form-urlencoded"
_FIELDS = 1000  # fields of a form or a query that are looked at
_PARTS = 64  # parts of a multipart form: a message has seven members
_BLOCK = 1 << 20  # bytes whose escapes are undone at once, which bounds the arrays of indices
_DIGITS = np.full(
    256, 256, np.uint16
)  # the values of hexadecimal digits; 256, which is no byte, for all others
_DIGITS[list(b"0123456789abcdef")] = np.arange(16)
_DIGITS[list(b"ABCDEF")] = np.arange(10, 16)
_MEMBERS = {
    "predict": ("status", "meta", "data", "binData", "strData", "jsonData", "customData"),
    "feedback": ("request", "response", "reward", "truth"),
}
_CHARSETS = {"utf-8": "utf-8", "us-ascii": "ascii", "iso-8859-1": "latin-1"}  # of a part
_PLAIN = ("7bit", "8bit", "binary")
_TRANSFERS: Mapping[str, Callable[[bytes], bytes]] = {
    "base64": lambda data: pybase64.b64decode(data.translate(None, b" \t\r\n"), validate=True),
    "quoted-printable": binascii.a2b_qp,
}


def unwrap(body: bytes, query: bytes, content_type: str, action: str) -> bytes | None:
    """Return the JSON of a message that came in a form or a query, None for any other.

    Seldon's wrapper takes ``json=`` from a form, else from the query, and the body itself where
    it is in neither.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == MULTIPART:
        return message_in_parts(body, content_type, action)
    is_form = body.startswith(b"json=") and not media_type  # as Seldon's own client sends it
    if media_type == URLENCODED:  # which curl -d says of JSON too
        is_form = b"=" in body and not _JSON.match(body)
    in_query = json_field(query) if query else b""
    found = json_field(body, needed=not in_query) if is_form else b""
    return found or in_query or None


def json_field(form: bytes, *, needed: bool = False) -> bytes:
    """Return the field ``json`` of a form or a query; empty where there is none.

    Parameters
    ----------
    form
        fields, escaped, with ``&`` between them.
    needed
        raise `DecodeError` where the field is not there.
    """
    if form.count(b"&") >= _FIELDS:
        raise DecodeError(f"expected at most {_FIELDS} fields in a form, got more")
    found: list[bytes] = []
    names = []
    for field in form.split(b"&"):
        name, _, value = field.partition(b"=")
        names.append(unquote_to_bytes(name[:60]).decode("utf-8", "replace"))
        if names[-1] == "json":
            found.append(value)
    if len(found) > 1:
        raise DecodeError(f"expected one field json in a form, got {len(found)}")
    if not found and needed:
        known = ", ".join(map(repr, filter(None, names[:5]))) or "none"
        remedy = "send json=MESSAGE, escaped, or a body of JSON with Content-Type: application/json"
        raise DecodeError(f"expected a field json in a form, got {known}", "", remedy)
    return _unescaped(found[0]) if found else b""


def _unescaped(text: bytes) -> bytes:
    """Undo the escapes of a form, a block at a time."""
    text = text.replace(b"+", b" ")
    pieces = []
    start = 0
    while start < len(text):
        end = start + _BLOCK
        escape = text.rfind(b"%", end - 2, end)
        end = end if escape < 0 else escape  # no escape is cut in two
        pieces.append(_block(text[start:end]))
        start = end
    return b"".join(pieces)


def _block(text: bytes) -> bytes:
    """Undo escapes: a per cent sign and two hexadecimal digits, of which no two overlap."""
    if b"%" not in text:
        return text
    data = np.asarray(memoryview(text))
    at = np.flatnonzero(data[:-2] == ord("%"))
    byte = _DIGITS[data[at + 1]] * 16 + _DIGITS[data[at + 2]]
    escapes = byte < 256
    at = at[escapes]
    made, kept = data.copy(), np.ones(len(data), bool)
    made[at] = byte[escapes]
    kept[at + 1] = kept[at + 2] = False
    return made[kept].tobytes()


class _Part:
    """A part of a multipart form: its headers by lower-case names, and pieces of its data."""

    __slots__ = ("data", "headers")

    def __init__(self) -> None:
        self.headers: dict[str, bytes] = {}
        self.data: list[memoryview] = []


class _Form:
    """Collects what the parser reports: parts, their headers, and pieces of their data."""

    def __init__(self, body: bytes) -> None:
        self.parts: list[_Part] = []
        self.ended = False
        self._body = memoryview(body)
        self._header = [b"", b""]

    def callbacks(self) -> Any:
        """Return the functions that a parser calls, by their names there."""
        names = ("part_begin", "part_data", "header_field", "header_value", "header_end", "end")
        return {f"on_{name}": getattr(self, f"_{name}") for name in names}

    def _part_begin(self) -> None:
        self.parts.append(_Part())

    def _part_data(self, _: bytes, start: int, end: int) -> None:
        self.parts[-1].data.append(self._body[start:end])

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header[0] += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._header[1] += data[start:end]

    def _header_end(self) -> None:
        name, value = self._header
        self.parts[-1].headers[name.decode("latin-1").lower()] = value.strip(b" \t")
        self._header = [b"", b""]

    def _end(self) -> None:
        self.ended = True


def message_in_parts(body: bytes, content_type: str, action: str) -> bytes:
    """Return the JSON of the message of which a multipart form holds the members.

    A member that came as a file is its bytes for ``binData``, and text for ``strData`` and, unless
    its media type is one of JSON, ``jsonData``; a field is JSON, except for ``strData``.
    """
    known = _MEMBERS[action]
    texts: dict[str, list[bytes]] = {}
    for part in _parts(body, content_type):
        name, is_file = _name_of(part)
        if name not in known and name != "json":
            listed = ", ".join(known)
            raise DecodeError(f"expected a part named {listed} or json, got {name[:80]!r}")
        if name in texts:
            raise DecodeError("expected one part of a name, got two", f"$.{name}")
        texts[name] = _text_of(part, name, is_file=is_file)
    if "json" in texts:
        if len(texts) > 1:
            others = ", ".join(name for name in texts if name != "json")
            raise DecodeError(f"expected the part json alone, got {others} beside it")
        return b"".join(texts["json"])
    pieces = [b"{"]
    for name, text in texts.items():
        pieces += [b'"%b":' % name.encode(), *text, b","]
    pieces[-1] = b"}"
    return b"".join(pieces)


def _parts(body: bytes, content_type: str) -> Sequence[_Part]:
    """Parse a multipart form; all that it takes is bounded."""
    try:
        from python_multipart.exceptions import FormParserError
        from python_multipart.multipart import MultipartParser, parse_options_header
    except ImportError:
        reason = f"expected python-multipart for {MULTIPART}, got no such package"
        reason += "; pip install 'tensorwire[server]'"
        raise UnreadableFormError(reason) from None
    boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
    if not boundary:
        raise DecodeError(f"expected a boundary in Content-Type: {MULTIPART}, got none")
    if body.count(b"\r\n--" + boundary) > _PARTS:  # each takes long to parse, part or not
        raise DecodeError(f"expected at most {_PARTS} parts in a form, got more")
    form = _Form(body)
    try:
        parser = MultipartParser(boundary, form.callbacks())
        parser.logger = _LOG
        parser.write(body)
    except FormParserError as error:
        raise DecodeError(f"expected {MULTIPART}, got a malformed body: {error}") from None
    if not form.ended:
        raise DecodeError(f"expected {MULTIPART} up to its last boundary, got a part of it")
    if not form.parts:
        raise DecodeError(f"expected a message in {MULTIPART}, got no parts")
    return form.parts


def _name_of(part: _Part) -> tuple[str, bool]:
    """Return the name of a part, and whether it is a file."""
    from python_multipart.multipart import parse_options_header

    disposition = part.headers.get("content-disposition", b"")
    options = parse_options_header(disposition)[1]
    name = options.get(b"name")
    if name is None:
        raise DecodeError("expected a name in the Content-Disposition of a part, got none")
    media_type = part.headers.get("content-type", b"").partition(b";")[0].strip().lower()
    named = b"filename" in options or b"filename*=" in disposition.lower()
    is_file = named or media_type == b"application/octet-stream"
    return name.decode("utf-8", "replace"), is_file


def _text_of(part: _Part, name: str, *, is_file: bool) -> list[bytes]:
    """Return the JSON text of a member, in pieces."""
    path = f"$.{name}"
    transfer = part.headers.get("content-transfer-encoding", b"binary").decode("latin-1").lower()
    data: bytes | memoryview = part.data[0] if len(part.data) == 1 else b"".join(part.data)
    if transfer in _TRANSFERS:
        try:
            data = _TRANSFERS[transfer](bytes(data))
        except ValueError as error:
            raise DecodeError(f"expected {transfer}, got other bytes: {error}", path) from None
    elif transfer not in _PLAIN:
        listed = ", ".join((*_PLAIN, *_TRANSFERS))
        reason = f"expected a Content-Transfer-Encoding among {listed}, got {transfer[:80]!r}"
        raise DecodeError(reason, path)
    if name == "binData" and is_file:
        return [b'"', pybase64.b64encode(data), b'"']
    text, is_json = _decoded(part, bytes(data), path)
    if name == "strData" or (name == "jsonData" and is_file and not is_json):
        return [orjson.dumps(text)]
    if not _is_json(text):
        remedy = "send the member of the message as JSON"
        if name == "binData":
            remedy = "send base64 in quotes, or a file, as curl -F 'binData=@FILE' does"
        raise DecodeError("expected JSON in a field of a form, got other text", path, remedy)
    return [text.encode()]


def _decoded(part: _Part, data: bytes, path: str) -> tuple[str, bool]:
    """Return the text of a part, and whether its media type is one of JSON."""
    from python_multipart.multipart import parse_options_header

    kind, options = parse_options_header(part.headers.get("content-type", b""))
    charset = options.get(b"charset", b"utf-8").decode("latin-1").lower()
    if charset not in _CHARSETS:
        reason = f"expected a charset among {', '.join(_CHARSETS)}, got {charset[:80]!r}"
        raise DecodeError(reason, path)
    try:
        text = data.decode(_CHARSETS[charset])
    except UnicodeDecodeError as error:
        raise DecodeError(f"expected text in {charset}, got other bytes: {error}", path) from None
    return text, kind == b"application/json" or kind.endswith(b"+json")


def _is_json(text: str) -> bool:
    """Return whether a text is one JSON value; NaN and infinities are for its reader to judge."""
    check_objects(text.encode())
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        try:
            json.loads(text)
        except (ValueError, RecursionError):
            return False
    return True
