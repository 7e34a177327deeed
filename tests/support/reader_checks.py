"""Hold a decoder to the second opinion of `tests.readers`, and its two paths to each other."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import tensorwire as tw
from tensorwire.containers import CONTAINERS
from tensorwire.containers.protobuf.schema import schema
from tensorwire.kinds import KINDS
from tensorwire.limits import DEFAULT_LIMITS
from tensorwire.lists import check_numbers
from tensorwire.missing import Reading, Unverified
from tensorwire.protocols.seldon import envelope as seldon
from tensorwire.tree import Irregular
from tests.support import readers
from tests.support.expectations import describe

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
    """Assert that all paths of a container say the same: fast, official, and that of exact text."""
    container = CONTAINERS[name.partition("/")[0]]
    options = seldon.reading(None, container)
    fast = _said(lambda: container.read(body, schema(seldon.MESSAGE), options), body, options)
    slow = _said(lambda: container.read_any(body, schema(seldon.MESSAGE)), body, options)
    if container.text:
        options = options._replace(verified=True, marked=True)
        exact = _said(lambda: container.read_exactly(body, options), body, options)
        assert slow in (UNDECIDED, exact), (name, body, slow, exact)
        slow = exact
    assert fast in (UNDECIDED, slow), (name, body, fast, slow)


def _said(read: Callable[[], Any], body: bytes, options: Reading) -> Any:
    """Return all that one path says about a payload, whichever kind it holds."""
    try:
        tree = read()
        kind, inner, names, meta, status = seldon.open_message(tree, foreign=True)
        if kind not in KINDS:
            return REFUSED
        value = KINDS[kind].value(inner, len(body), DEFAULT_LIMITS, None, options)
        check_numbers([meta, status], options)
        return kind, describe(value), repr((names, meta, status))
    except (Irregular, Unverified):
        return UNDECIDED
    except tw.DecodeError:
        return REFUSED
