"""What kinds and containers hand each other: a tree, with the arrays left out of it as leaves.

A tree is a message in protobuf's JSON form (dicts, lists, strings, numbers), where an array may
stand as something better than a list. On the way out it is a `Leaf`. On the way in it is

    ndarray   typed values (a packed field) or uint8 (bytes), a view of the payload
    Source    an array still in the payload's text or bytes, read on demand
    list      what a general parser makes of it
    str       base64, where bytes belong
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

from tensorwire.errors import DecodeError, shown
from tensorwire.missing import FINITE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np

    from tensorwire.limits import Limits

__all__ = [
    "ARRAY",
    "Array",
    "Body",
    "Irregular",
    "Leaf",
    "Places",
    "Role",
    "Source",
    "Tree",
    "check_out",
    "has_leaf",
    "leaves",
    "mark",
    "place",
    "walk",
]

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"
Body: TypeAlias = "bytes | memoryview"
Tree: TypeAlias = "dict[str, Any]"
Places: TypeAlias = "dict[str, Any]"  # where arrays may stand: members by name, `*` for any name
ARRAY = ""  # the key in Places that says: an array may stand just here


class Irregular(Exception):  # noqa: N818 - control flow inside the package, never seen outside
    """The bytes are not in the one form the fast path knows; the official parser is to decide."""


class Role(Enum):
    """How a field holds an array, whatever the container."""

    NESTED = "nested lists, one level a dimension"
    PACKED = "float64 values in row-major order"
    VALUES = "values of one type in row-major order"
    STRINGS = "one byte string an element"
    BLOB = "bytes"
    ABSENT = "nothing: the tree says it all"


class Leaf(NamedTuple):
    """An array on its way out.

    Attributes
    ----------
    role
        how it is laid out.
    data
        the values; a list where no dtype holds them, and for STRINGS.
    field
        the dtype of the protobuf field it goes into, for PACKED and VALUES.
    shape
        the shape of the array that was given.
    dtype
        the dtype of the array that was given.
    lossy
        whether a container may drop what it cannot say.
    words
        the text of ``nan``, ``inf`` and ``-inf`` in JSON, as far as they may be written.
    """

    role: Role
    data: Any
    field: np.dtype[Any] | None = None
    shape: tuple[int, ...] = ()
    dtype: np.dtype[Any] | None = None
    lossy: bool = False
    words: Mapping[str, bytes] = FINITE


_INNER = (dict, list, Leaf)


class Source(Protocol):
    """A nested or flat array still in the payload."""

    def read(self, limits: Limits, out: Array | None = None) -> Array:
        """Read it, into `out` where given; raise `Irregular` before anything is written."""


def has_leaf(node: Any) -> bool:
    """Tell whether an array stands anywhere in a tree."""
    if isinstance(node, (dict, list)):
        for part in node.values() if isinstance(node, dict) else node:
            # Most parts are text and numbers, which are not worth a call.
            if isinstance(part, _INNER) and has_leaf(part):
                return True
        return False
    return isinstance(node, Leaf)


def leaves(node: Any, path: str = "$") -> list[tuple[str, Leaf]]:
    """Give the arrays of a tree with their places, in its order."""
    found: list[tuple[str, Leaf]] = []
    _gather(node, path, found)
    return found


def _gather(node: Any, path: str, found: list[tuple[str, Leaf]]) -> None:
    if isinstance(node, dict):
        for key, part in node.items():
            if isinstance(part, _INNER):
                _gather(part, f"{path}.{key}", found)
    elif isinstance(node, list):
        for i, part in enumerate(node):
            if isinstance(part, _INNER):
                _gather(part, f"{path}[{i}]", found)
    elif isinstance(node, Leaf):
        found.append((path, node))


def mark(node: Any, name: str) -> Any:
    """Put a name in place of every array of a tree."""
    if isinstance(node, Leaf):
        return name
    if not has_leaf(node):
        return node
    if isinstance(node, dict):
        return {key: mark(part, name) for key, part in node.items()}
    return [mark(part, name) for part in node]


def check_out(out: Array, shape: Sequence[int], dtype: np.dtype[Any]) -> None:
    """Raise `DecodeError` where an array of that shape and dtype does not fit `out`."""
    if not hasattr(out, "flags"):
        raise DecodeError(f"expected a numpy array for out=, got {shown(out)}")
    if out.shape != tuple(shape) or out.dtype != dtype:
        wanted = f"{dtype}{list(shape)}"
        raise DecodeError(f"the payload is {wanted}, out= is {out.dtype}{list(out.shape)}")
    if not out.flags.writeable:
        raise DecodeError("out= is read-only")


def place(node: Any, places: Places, mark: str, leaf: Any) -> bool:
    """Put an array where a container left its mark, if that is where one may stand."""
    if isinstance(node, list):
        return any(place(item, places, mark, leaf) for item in node if isinstance(item, dict))
    for name, part in node.items():
        inner = (places.get(name) if name != ARRAY else None) or places.get("*")
        if inner is None:
            continue
        if type(part) is str and part == mark and ARRAY in inner:
            node[name] = leaf
            return True
        if isinstance(part, (dict, list)) and place(part, inner, mark, leaf):
            return True
    return False


def walk(node: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Give every scalar of a tree with its place; a key that is no string counts as one."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            if isinstance(key, str):
                yield from walk(value, f"{path}.{key}")
            else:
                yield path, Ellipsis
    elif isinstance(node, (list, tuple)):
        for i, value in enumerate(node):
            yield from walk(value, f"{path}[{i}]")
    else:
        yield path, node
