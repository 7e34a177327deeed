"""Hold a decoder to the second opinion of `tests.readers`, and its two paths to each other."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import tensorwire as tw
from tensorwire.containers import CONTAINERS
from tensorwire.kinds import KINDS
from tensorwire.limits import DEFAULT_LIMITS
from tensorwire.protocols import seldon
from tensorwire.tree import Irregular
from tensorwire.wire.schema import schema
from tests import readers
from tests.promises import describe

REFUSED = "refused"
UNDECIDED = "left to the other path"


def verdict(name: str, body: Any) -> Any:
    """Return what a codec makes of a payload; its only failure is a `CodecError` with a path."""
    try:
        return describe(tw.get_codec(name).decode(body))
    except tw.CodecError as error:
        named = error.path.startswith("$") and error.reason
        return REFUSED if named else error


def agree(name: str, body: bytes) -> bool:
    """Assert that a codec, and each of its paths, says what the official library says.

    Returns whether the payload holds something.
    """
    wanted: Any = REFUSED
    with suppress(readers.Refused):
        wanted = readers.read(name, body)
    if wanted is REFUSED:
        assert verdict(name, body) == REFUSED, (name, body)
    else:
        value = tw.get_codec(name).decode(body)
        assert readers.same(value, wanted), (name, body, value, wanted)
    paths_agree(name, body)
    return wanted is not REFUSED


def paths_agree(name: str, body: bytes) -> None:
    """Assert that the fast path and the slow path of a container say the same."""
    container = CONTAINERS[name.partition("/")[0]]
    fast, slow = _said(container.read, body), _said(container.read_any, body)
    assert fast in (UNDECIDED, slow), (name, body, fast, slow)


def _said(read: Callable[..., Any], body: bytes) -> Any:
    """Return all that one path says about a payload, whichever kind it holds."""
    try:
        tree = read(body, schema(seldon.MESSAGE))
        kind, inner = seldon.payload(tree)
        value = KINDS[kind].value(inner, len(body), DEFAULT_LIMITS, None)
        return kind, describe(value), repr(seldon.opened(tree)[2])
    except Irregular:
        return UNDECIDED
    except tw.DecodeError:
        return REFUSED
