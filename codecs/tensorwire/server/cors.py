"""Which pages of a browser may call the server: Cross-Origin Resource Sharing.

Source: https://fetch.spec.whatwg.org/#http-cors-protocol
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tensorwire.serving.refusals import Refusal, Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tensorwire.serving.routes import Route

__all__ = ["Cors"]

_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#@,\s]+")
_DEFAULT_PORT = re.compile(r"(http://.*):80|(https://.*):443")
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_SECONDS = "7200"  # for which a browser may cache a preflight: the longest that browsers accept


class Cors:
    """The headers that let pages of some origins call the server.

    Parameters
    ----------
    origins
        an origin as a browser names it, as in ``https://example.org``, or several; ``*`` is any.
    exposed
        the headers of replies that these pages may read.

    Raises
    ------
    ValueError
        a text is not an origin.
    """

    def __init__(self, origins: str | Sequence[str], exposed: Sequence[str] = ()) -> None:
        listed = [origins] if isinstance(origins, str) else list(origins)
        self._origins = {self._checked(origin) for origin in listed}
        self._is_any = "*" in self._origins
        names = ", ".join(exposed)
        self._exposed = {"Access-Control-Expose-Headers": names} if names else {}

    @staticmethod
    def _checked(origin: str) -> str:
        name = origin.lower()
        if name not in ("*", "null") and not _ORIGIN.fullmatch(name):
            reason = f"expected an origin such as https://example.org, or *, got {origin!r}"
            raise ValueError(reason)
        return _without_port(name)

    def headers(self, call: Mapping[str, str]) -> dict[str, str]:
        """Return the headers to add to a reply, from those of its request."""
        origin = call.get("origin", "")
        if origin and self._is_any:
            allowed = "*"
        elif _without_port(origin.lower()) in self._origins:
            allowed = origin
        else:  # a cache may not give this reply to the pages of other origins
            return {"Vary": "Origin"}
        return {"Access-Control-Allow-Origin": allowed, **self._exposed, "Vary": "Origin"}

    def preflight(self, call: Mapping[str, str], route: Route) -> dict[str, str] | None:
        """Return the headers of the reply to a preflight; None for any other OPTIONS request."""
        method = call.get("access-control-request-method")
        if method is None or "origin" not in call:
            return None
        if len(self.headers(call)) == 1:
            reason = f"expected an origin that is allowed here, got {call['origin'][:200]!r}"
            raise Refusal(Status.FORBIDDEN, reason)
        asked = call.get("access-control-request-headers", "")
        names = [name.strip() for name in asked.split(",")] if asked else []
        allowed = {"Access-Control-Allow-Methods": ", ".join(route.methods)}
        if names and all(map(_NAME.fullmatch, names)):
            allowed["Access-Control-Allow-Headers"] = ", ".join(names)
        return {**allowed, "Access-Control-Max-Age": _SECONDS}


def _without_port(origin: str) -> str:
    """Remove the default port of a scheme, as browsers do."""
    match = _DEFAULT_PORT.fullmatch(origin)
    return (match[1] or match[2]) if match else origin
