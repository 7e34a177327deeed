"""Which protocol the body of a request is in, and which its reply is to be in: by media types."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import tensorwire as tw
from tensorwire.containers import CONTAINERS
from tensorwire.errors import DecodeError
from tensorwire.protocols.seldon.forms import MULTIPART, URLENCODED
from tensorwire.server.refusals import Refusal, Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "in_utf8",
    "media_type_of",
    "media_types",
    "preferred",
    "prefers_binary",
    "protocols_of",
    "source_of",
    "target_of",
]

# Nothing, what curl -d says of whatever it sends, and what browsers say of a string.
_UNSAID, _TEXT = ("", URLENCODED), ("text/plain", "text/json")
_CONTAINER = {name: box.name for box in CONTAINERS.values() for name in box.media_types}
_CONTAINER |= {"application/octet-stream": "binary"} | dict.fromkeys(_TEXT, "json")
_LENGTH = "inference-header-content-length"
_SOURCES = {
    (family, media_type): f"{family}/{container}"
    for family in ("seldon", "oip", "tfserving")
    for media_type, container in {**_CONTAINER, **dict.fromkeys(_UNSAID, "json")}.items()
    if f"{family}/{container}" in tw.protocol_names()
} | {("seldon", MULTIPART): "seldon/json"}
_UTF8 = ("utf-8", "utf8", "us-ascii", "ascii")
_CHARSETS = ("iso-8859-1", "latin1", "windows-1252", "utf-16", "utf-16le", "utf-16be", "utf-32")
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")


def media_type_of(headers: Mapping[str, str]) -> str:
    """Return the media type of a body, without its parameters."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def source_of(family: str, headers: Mapping[str, str]) -> str:
    """Return the name of the protocol that a request of a family is in; raise `Refusal`."""
    name = _SOURCES.get((family, headers.get("content-type", "")))
    if name is None:
        media_type = media_type_of(headers)
        name = _SOURCES.get((family, "application/json" if _is_json(media_type) else media_type))
    if name is None:
        known = ", ".join(media_types(family))
        reason = f"expected a media type that is known here ({known}), got {media_type[:80]!r}"
        raise Refusal(Status.UNKNOWN_MEDIA_TYPE, reason)
    return "oip/binary" if name == "oip/json" and _LENGTH in headers else name


def in_utf8(body: bytes, content_type: str) -> bytes:
    """Return a JSON text in UTF-8 and without a byte order mark, whatever its charset."""
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
    reason = f"expected a charset that is known here ({known}), got {charset[:80]!r}"
    raise Refusal(Status.UNKNOWN_MEDIA_TYPE, reason)


def target_of(source: str, accept: str) -> str:
    """Return the name of the protocol for the reply: that of the request, where Accept allows."""
    if accept in ("", "*/*"):
        return source
    ranges = _ranges(accept)
    names = [source, *(name for name in protocols_of(source.partition("/")[0]) if name != source)]
    best = max(names, key=lambda name: _quality(name, ranges))  # the first of several
    if _quality(best, ranges) <= 0:
        known = ", ".join(dict.fromkeys(tw.get_protocol(name).media_type for name in names))
        raise Refusal(Status.NOT_ACCEPTABLE, f"nothing acceptable; there are: {known}")
    return best


def prefers_binary(accept: str) -> bool:
    """Tell whether an Accept header asks for the binary form of OIP, and not for JSON as well."""
    if "octet-stream" not in accept.lower():
        return False
    ranges = _ranges(accept)
    return _quality("oip/binary", ranges) > _quality("oip/json", ranges)


def protocols_of(family: str) -> list[str]:
    """List what REST speaks of a family: not what only gRPC and its command line tools tell."""
    return [
        name
        for name in tw.protocol_names()
        if name.startswith(family + "/") and not name.endswith(("-typed", "-json"))
    ]


def media_types(family: str) -> list[str]:
    """List the media types in which a request of a family may come."""
    own = dict.fromkeys(tw.get_protocol(name).media_type for name in protocols_of(family))
    return [*own, "text/plain", *([MULTIPART, URLENCODED] if family == "seldon" else [])]


def preferred(kinds: Sequence[str], accept: str) -> str:
    """Return the media type that an Accept header likes best, the first where it does not care."""
    ranges = _ranges(accept) if accept else {"*/*": 1.0}

    def quality(kind: str) -> float:
        wide = kind.partition("/")[0] + "/*"
        return next((ranges[name] for name in (kind, wide, "*/*") if name in ranges), 0.0)

    return max(kinds, key=quality)


def _is_json(media_type: str) -> bool:
    """Tell whether a media type says by its suffix that it is JSON (RFC 6839)."""
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


def _quality(name: str, ranges: Mapping[str, float]) -> float:
    """Tell how welcome a protocol is: what is said of its media type, else of a wider range.

    Other names for JSON are answered with application/json, where that is not refused.
    """
    container = name.partition("/")[2]
    types = [media_type for media_type, known in _CONTAINER.items() if known == container]
    said = [ranges[media_type] for media_type in types if media_type in ranges]
    wide = [ranges["application/*"]] if "application/*" in ranges else []
    if container == "json":
        if "application/json" in ranges:
            return ranges["application/json"]
        said += [quality for media_range, quality in ranges.items() if _is_json(media_range)]
        wide += [ranges["text/*"]] if "text/*" in ranges else []
    return max(said or wide or [ranges.get("*/*", 0.0)])
