"""The HTTP side of a message: media types, content negotiation, and content encoding."""

from __future__ import annotations

import asyncio
import json
import zlib
from typing import TYPE_CHECKING, Any

import orjson

from tensorwire.errors import DecodeError
from tensorwire.protocols import get_protocol
from tensorwire.registry import essence
from tensorwire.server.limits import ModelError, Refusal, Status, reason_of, status_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
    from types import TracebackType
    from typing import TypeAlias

    from tensorwire.protocols.family import Family
    from tensorwire.server.limits import ServerLimits

    Event: TypeAlias = MutableMapping[str, Any]
    Receive: TypeAlias = Callable[[], Awaitable[Event]]

__all__ = [
    "Deadline",
    "Negotiator",
    "Vanished",
    "error_body",
    "in_utf8",
    "inflate",
    "preferred",
    "read_body",
    "too_large",
]

_JSON, _TEXT = "application/json", ("text/plain", "text/json")  # browsers send these for a string
_UNSPECIFIED = ("", "application/x-www-form-urlencoded")  # no type, or the default of curl -d
_UTF8 = ("utf-8", "utf8", "us-ascii", "ascii")
_CHARSETS = ("iso-8859-1", "latin1", "windows-1252", "utf-16", "utf-16le", "utf-16be", "utf-32")
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
_DRAIN = 4  # times the limit that are read and dropped: a client reads no reply while it sends


class Negotiator:
    """Chooses the forms of a request and of its reply by their media types."""

    def __init__(self, family: Family) -> None:
        self.family = family
        self.names = [f"{family.name}/{form}" for form in family.media_types]
        self._types = dict(zip(self.names, family.media_types.values(), strict=True))
        json_forms = [name for name, types in self._types.items() if _JSON in types]
        self._json = json_forms[0] if json_forms else ""
        if self._json:
            self._types[self._json] = (*self._types[self._json], *_TEXT)
        self._sources = {one: name for name, types in self._types.items() for one in types}
        if self._json:
            self._sources |= dict.fromkeys((*_UNSPECIFIED, *family.wrappers), self._json)

    @property
    def media_types(self) -> list[str]:
        """The media types in which a request may come."""
        own = [types[0] for types in self.family.media_types.values()]
        return [*own, *([_TEXT[0]] if self._json else []), *self.family.wrappers]

    def is_json(self, name: str) -> bool:
        """Return whether a form is JSON text."""
        return name == self._json

    def source(self, headers: Mapping[str, str]) -> str:
        """Return the name of the form that a request is in; raise `Refusal`."""
        said = headers.get("content-type", "")
        name = self._sources.get(said)
        if name is None:
            media_type = essence(said)
            name = self._sources.get(_JSON if _is_json(media_type) else media_type)
            if name is None:
                known = ", ".join(self.media_types)
                reason = f"expected one of {known} in Content-Type, got "
                raise Refusal(Status.UNKNOWN_MEDIA_TYPE, f"{reason}{media_type[:80]!r}")
        first, _, form = name.partition("/")
        refined = self.family.refine(form, headers)
        return name if refined == form else f"{first}/{refined}"

    def target(self, source: str, accept: str) -> str:
        """Return the name of the form for the reply: that of the request where Accept allows it."""
        if accept in ("", "*/*"):
            return source
        ranges = _ranges(accept)
        names = [source, *(name for name in self.names if name != source)]
        best = max(names, key=lambda name: self._quality(name, ranges))  # the first of equals
        if self._quality(best, ranges) <= 0:
            known = ", ".join(dict.fromkeys(self._types[name][0] for name in names))
            reason = f"expected one of {known} in Accept, got {accept[:80]!r}"
            raise Refusal(Status.NOT_ACCEPTABLE, f"{reason}; send one of them, or no Accept")
        return best

    def is_named(self, target: str, accept: str) -> bool:
        """Return whether Accept names the media type of a form, and prefers it to JSON."""
        if target not in self._types or self._types[target][0] not in accept.lower():
            return False
        ranges = _ranges(accept)
        return self._quality(target, ranges) > self._quality(self._json, ranges)

    def _quality(self, name: str, ranges: Mapping[str, float]) -> float:
        """Return the quality of a form in Accept: of its media type, else of a wider range.

        Other names of JSON count for application/json, unless that is refused.
        """
        types = self._types.get(name, ())
        said = [ranges[media_type] for media_type in types if media_type in ranges]
        wide = [ranges["application/*"]] if "application/*" in ranges else []
        if name == self._json:
            if _JSON in ranges:
                return ranges[_JSON]
            said += [quality for media_range, quality in ranges.items() if _is_json(media_range)]
            wide += [ranges["text/*"]] if "text/*" in ranges else []
        return max(said or wide or [ranges.get("*/*", 0.0)])

    def error(self, error: BaseException, headers: Mapping[str, str]) -> tuple[bytes, Any]:
        """Write an error reply in the form that the protocol documents."""
        text = reason_of(error)
        reason = ModelError(text) if status_of(error).http >= 500 else text  # a fault of the server
        try:
            name = self.source(headers)
        except Refusal:
            name = self.names[0]
        body, more = get_protocol(name).encode_error(reason)
        if not body:  # a form of gRPC, whose errors have no body
            body, more = get_protocol(self.names[0]).encode_error(reason)
        return body, more


def error_body(error: BaseException) -> tuple[bytes, dict[str, str]]:
    """Write the error reply for a path of no protocol."""
    return orjson.dumps({"error": reason_of(error)}), {"Content-Type": _JSON}


def in_utf8(body: bytes, content_type: str) -> bytes:
    """Return a JSON text of any charset in UTF-8, without a byte order mark."""
    charset = _charset(content_type) if ";" in content_type else "utf-8"
    if body.startswith(_MARKS):
        charset = json.detect_encoding(body)
    elif charset in _UTF8:
        return body
    try:
        return body.decode(charset).encode()
    except ValueError as error:
        raise DecodeError(f"expected text in {charset}, got other bytes: {error}") from None


def _charset(content_type: str) -> str:
    pieces = (piece.strip().lower() for piece in content_type.split(";")[1:])
    charset = next((p[8:].strip('" ') for p in pieces if p.startswith("charset=")), "utf-8")
    if charset in _UTF8 or charset in _CHARSETS:
        return charset
    known = ", ".join(("utf-8", *_CHARSETS))
    reason = f"expected one of {known} for charset=, got {charset[:80]!r}"
    raise Refusal(Status.UNKNOWN_MEDIA_TYPE, reason)


def preferred(kinds: Sequence[str], accept: str) -> str:
    """Return the media type of the highest quality in Accept; the first of equals."""
    ranges = _ranges(accept) if accept else {"*/*": 1.0}

    def quality(kind: str) -> float:
        wide = kind.partition("/")[0] + "/*"
        return next((ranges[name] for name in (kind, wide, "*/*") if name in ranges), 0.0)

    return max(kinds, key=quality)


def _is_json(media_type: str) -> bool:
    """Return whether a media type has a suffix for JSON (RFC 6839)."""
    return media_type.endswith("+json") and "/" in media_type


def _ranges(accept: str) -> dict[str, float]:
    """Return the qualities of the media ranges in an Accept header."""
    ranges = {}
    for part in accept.split(","):
        media_range, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = next((p[2:] for p in parameters if p.startswith("q=")), "1")
        try:
            ranges[media_range] = float(quality)
        except ValueError:
            ranges[media_range] = 0.0
    return ranges


def inflate(body: bytes, encoding: str, limit: int) -> bytes:
    """Undo a Content-Encoding; stop at `limit` bytes, however little was sent."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "x-gzip", "deflate"):
        reason = f"expected a Content-Encoding of gzip or deflate, got {encoding[:80]!r}"
        raise Refusal(Status.UNKNOWN_MEDIA_TYPE, reason, **{"Accept-Encoding": "gzip, deflate"})
    parts: list[bytes] = []
    left = limit
    while body or not parts:  # gzip may come in several members
        inflater = zlib.decompressobj(_GZIP_OR_ZLIB)
        try:
            part = inflater.decompress(body, left + 1)
        except zlib.error as error:
            raise Refusal(
                Status.BAD_INPUT, f"expected {encoding}, got other bytes: {error}"
            ) from None
        left -= len(part)
        if left < 0:
            raise Refusal(
                Status.TOO_LARGE, f"expected at most {limit} bytes when inflated, got more"
            )
        if not inflater.eof:
            raise Refusal(Status.BAD_INPUT, f"expected {encoding} up to its end, got a part of it")
        parts.append(part)
        body = inflater.unused_data
    return b"".join(parts)


class Vanished(Exception):  # noqa: N818 - nothing is wrong, but nobody is there
    """The client closed the connection."""


async def read_body(receive: Receive, limits: ServerLimits, *, keep: bool = True) -> bytes:
    """Read a body; raise `Refusal` for one over the limit, once all of it has come.

    Without `keep` it is dropped as it comes.
    """
    event = await receive()
    if keep and not event.get("more_body") and "body" in event:  # as most are: all in one
        body: bytes = event["body"]
        if len(body) <= limits.body:
            return body
    try:
        async with Deadline(limits.timeout):
            return await _read_parts(event, receive, limits.body, keep=keep)
    except TimeoutError:
        reason = f"expected the whole body within {limits.timeout} s, got a part of it"
        raise Refusal(Status.TOO_SLOW, reason, Connection="close") from None


async def _read_parts(event: Event, receive: Receive, limit: int, *, keep: bool) -> bytes:
    parts: list[bytes] = []
    size = 0
    while size <= _DRAIN * limit:
        if event["type"] == "http.disconnect":
            raise Vanished
        part: bytes = event.get("body", b"")
        size += len(part)
        if keep and size <= limit:
            parts.append(part)
        else:
            parts.clear()
        if not event.get("more_body"):
            break
        event = await receive()
    if size > limit:
        raise too_large(limit)
    return b"".join(parts)


def too_large(limit: int) -> Refusal:
    """Return the refusal of a body; it closes the connection, since more of the body may come."""
    return Refusal(
        Status.TOO_LARGE, f"expected a body of at most {limit} bytes, got more", Connection="close"
    )


class Deadline:
    """Cancels what is awaited inside of it when its time is over, and raises TimeoutError.

    It is `asyncio.timeout`, which Python 3.10 does not have.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._over = False

    async def __aenter__(self) -> None:
        self._task: Any = asyncio.current_task()
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._cancel)

    def _cancel(self) -> None:
        self._over = True
        self._task.cancel()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        if self._over and kind is asyncio.CancelledError:
            if hasattr(self._task, "uncancel"):  # from Python 3.11 on
                self._task.uncancel()
            raise TimeoutError from None
