"""What kinds and containers hand each other: a tree, with the arrays left out of it as leaves.

A tree is a message in protobuf's JSON form (dicts, lists, strings, numbers), where an array may
stand as something better than a list. On the way out it is a `Leaf`. On the way in it is

    ndarray   typed values (a packed field) or uint8 (bytes), a view of the payload
    Source    an array still in the payload's text or bytes, read on demand
    list      what a general parser makes of it
    str       base64, where bytes belong
"""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

import numpy as np
import pybase64

from tensorwire.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tensorwire.limits import Limits
    from tensorwire.wire.schema import Schema

__all__ = [
    "Array",
    "Body",
    "Irregular",
    "Leaf",
    "Role",
    "Source",
    "Tree",
    "blob",
    "check_out",
    "cut",
    "integer",
    "integers",
    "mark",
    "pick",
    "place",
]

_DECIMAL = re.compile("-?[0-9]{1,20}")
Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"
Body: TypeAlias = "bytes | memoryview"
Tree: TypeAlias = "dict[str, Any]"


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
    """

    role: Role
    data: Any
    field: np.dtype[Any] | None = None
    shape: tuple[int, ...] = ()
    dtype: np.dtype[Any] | None = None
    lossy: bool = False


class Source(Protocol):
    """A nested or flat array still in the payload."""

    def read(self, limits: Limits, out: Array | None = None) -> Array:
        """Read it, into `out` where given; raise `Irregular` before anything is written."""


def pick(tree: Tree, name: str) -> Any:
    """Get a member by its JSON name or by its .proto name, None where it is missing."""
    found = tree.get(name)
    if found is None:
        found = tree.get("".join("_" + c.lower() if c.isupper() else c for c in name))
    return found


def blob(node: Any) -> Array:
    """Give the bytes of a node as a flat uint8 array."""
    if isinstance(node, np.ndarray):
        return node
    if isinstance(node, str):
        return np.frombuffer(text_to_bytes(node), np.uint8)
    if isinstance(node, bytes):
        return np.frombuffer(node, np.uint8)
    raise DecodeError(f"a {type(node).__name__} in place of bytes")


def text_to_bytes(text: str) -> bytes:
    """Decode base64 as protobuf's JSON has it: standard or URL-safe, padded or not."""
    try:
        return pybase64.b64decode(text, validate=True)
    except (ValueError, UnicodeError):
        standard = text.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return pybase64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except (ValueError, UnicodeError):
        raise DecodeError("not base64, as bytes are written in text") from None


def integers(node: Any, path: str) -> list[int]:
    """Give a list of integers, which text may have quoted."""
    if isinstance(node, np.ndarray) and node.dtype != np.uint8:  # uint8 would be bytes
        node = node.tolist()
    node = [] if node is None else node
    if not isinstance(node, list):
        raise DecodeError(f"a {type(node).__name__} in place of a list of sizes", path)
    return [integer(item, f"{path}[{i}]") for i, item in enumerate(node)]


def integer(node: Any, path: str) -> int:
    """Give one integer, which text may have quoted, or may have written as 3.0."""
    if type(node) is int:
        return node
    if type(node) is float and node.is_integer():
        return int(node)
    if type(node) is str and _DECIMAL.fullmatch(node):
        return int(node)
    raise DecodeError(f"{str(node)[:40]!r} in place of an integer", path)


def mark(tree: Tree, path: list[str], name: str) -> Tree:
    """Put a name in place of the leaf at the end of a path."""
    head, *tail = path
    return tree | {head: mark(tree[head], tail, name) if tail else name}


def check_out(out: Array, shape: Sequence[int], dtype: np.dtype[Any]) -> None:
    """Raise `DecodeError` where an array of that shape and dtype does not fit `out`."""
    if out.shape != tuple(shape) or out.dtype != dtype:
        wanted = f"{dtype}{list(shape)}"
        raise DecodeError(f"the payload is {wanted}, out= is {out.dtype}{list(out.shape)}")
    if not out.flags.writeable:
        raise DecodeError("out= is read-only")


def place(tree: Tree, message: Schema, mark: str, leaf: Any) -> bool:
    """Put a leaf where a container left its mark, if that is where `message` has an array."""
    for name, node in tree.items():
        field = message.fields.get(name)
        if field is None:
            continue
        if node == mark and field.role is not None:
            tree[name] = leaf
            return True
        inner = field.schema
        if inner is not None and isinstance(node, dict) and place(node, inner, mark, leaf):
            return True
    return False


def cut(tree: Tree) -> tuple[Tree, list[str], Leaf | None]:
    """Take the one leaf out of a tree: the tree without it, the way to it, and the leaf."""
    for name, node in tree.items():
        others = {key: value for key, value in tree.items() if key != name}
        if isinstance(node, Leaf):
            return others, [name], node
        if isinstance(node, dict):
            inner, path, leaf = cut(node)
            if leaf is not None:
                return tree | {name: inner}, [name, *path], leaf
    return tree, [], None
