"""The forms of a request and of its reply, by their media types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tensorwire.protocols import get_protocol
from tensorwire.protocols.family import Family
from tensorwire.registry import essence
from tensorwire.serving.refusals import ModelError, Refusal, Status, reason_of, status_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Negotiator", "preferred"]

_JSON, _TEXT = "application/json", ("text/plain", "text/json")  # browsers send these for a string
_UNSPECIFIED = ("", "application/x-www-form-urlencoded")  # no type, or the default of curl -d


class Negotiator:
    """Chooses the forms of a request and of its reply by their media types.

    `keeps_form` is true of a protocol whose replies are in the form of the request.
    """

    def __init__(self, family: Family) -> None:
        self.family = family
        self.keeps_form = type(family).reply_form is Family.reply_form
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

    def error(
        self, error: BaseException, headers: Mapping[str, str], form: str = ""
    ) -> tuple[bytes, Any]:
        """Write an error reply in the form that the protocol documents."""
        text = reason_of(error)
        reason = ModelError(text) if status_of(error).http >= 500 else text  # a fault of the server
        try:
            name = form or self.source(headers)
        except Refusal:
            name = self.names[0]
        body, more = get_protocol(name).encode_error(reason)
        if not body:  # a form of gRPC, whose errors have no body
            body, more = get_protocol(self.names[0]).encode_error(reason)
        return body, more


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
