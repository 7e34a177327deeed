"""Which protocol the body of a request is in, and which its reply is to be in: by media types."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tensorwire as tw
from tensorwire.containers import CONTAINERS
from tensorwire.server.refusals import Refusal, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["source_of", "target_of"]

_CONTAINER = {name: box.name for box in CONTAINERS.values() for name in box.media_types}
_CONTAINER["application/octet-stream"] = "binary"
# Nothing, and what curl -d says of whatever it sends.
_UNSAID = {"": "json", "application/x-www-form-urlencoded": "json"}
_LENGTH = "inference-header-content-length"
_SOURCES = {
    (family, media_type): f"{family}/{container}"
    for family in ("seldon", "oip", "tfserving")
    for media_type, container in {**_CONTAINER, **_UNSAID}.items()
    if f"{family}/{container}" in tw.protocol_names()
}


def source_of(family: str, headers: Mapping[str, str]) -> str:
    """Give the name of the protocol that a request of a family is in; raise `Refusal`."""
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    name = _SOURCES.get((family, media_type))
    if name is None:
        known = ", ".join(dict.fromkeys(tw.get_protocol(n).media_type for n in _names(family)))
        reason = f"media type {media_type[:80]!r}; known here: {known}"
        raise Refusal(Status.UNKNOWN_MEDIA_TYPE, reason)
    return "oip/binary" if name == "oip/json" and _LENGTH in headers else name


def target_of(source: str, accept: str) -> str:
    """Give the name of the protocol for the reply: that of the request, where Accept allows it."""
    if accept in ("", "*/*"):
        return source
    ranges = _ranges(accept)
    names = [source, *(name for name in _names(source.partition("/")[0]) if name != source)]
    best = max(names, key=lambda name: _quality(name, ranges))  # the first of several
    if _quality(best, ranges) <= 0:
        known = ", ".join(dict.fromkeys(tw.get_protocol(name).media_type for name in names))
        raise Refusal(Status.NOT_ACCEPTABLE, f"nothing acceptable; there are: {known}")
    return best


def _names(family: str) -> list[str]:
    """List what REST speaks of a family; gRPC alone tells raw from typed contents."""
    return [
        name
        for name in tw.protocol_names()
        if name.startswith(family + "/") and not name.endswith("-typed")
    ]


def _ranges(accept: str) -> dict[str, float]:
    """Give the qualities of the media ranges in an Accept header."""
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
    """Tell how welcome a protocol is: what is said of its media type, else of a wider range."""
    container = name.partition("/")[2]
    types = [media_type for media_type, known in _CONTAINER.items() if known == container]
    said = [ranges[media_type] for media_type in types if media_type in ranges]
    if said:
        return max(said)
    return ranges.get("application/*", ranges.get("*/*", 0.0))
