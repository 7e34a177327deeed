"""A message as a tree with its arrays as leaves: the interface of kinds and containers.

A tree is a message in protobuf's JSON form: dicts, lists, strings, numbers. When a message is
written, the kind puts each array into the tree as a `Leaf`. When it is read, the container puts one
of these where an array is expected:

========  ==================================================================================
ndarray   typed values (a packed field) or uint8 (bytes): a view of the payload
`Source`  an array that is still in the text or bytes of the payload, and read on demand
list      the nested lists of a general parser
str       base64, where bytes are expected
========  ==================================================================================
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

import numpy as np
import pybase64

from tensorwire.errors import DecodeError, EncodeError, shown
from tensorwire.limits import DEFAULT_LIMITS
from tensorwire.missing import FINITE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tensorwire.limits import Limits

__all__ = [
    "ARRAY",
    "MAX_DEPTH",
    "Array",
    "ArrayPlaces",
    "Body",
    "Irregular",
    "Leaf",
    "Places",
    "Role",
    "Source",
    "Tree",
    "blob",
    "check_out",
    "has_leaf",
    "integer",
    "integers",
    "is_plain",
    "leaves",
    "levels",
    "pick",
    "replace_arrays",
    "shortened",
    "text_to_bytes",
    "walk",
]

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"
Body: TypeAlias = "bytes | memoryview"
Tree: TypeAlias = "dict[str, Any]"
Places: TypeAlias = "dict[str, Any]"  # members by name, `*` for any name, `ARRAY` for an array
ARRAY = ""  # the key in Places of a member that may be an array


class Irregular(Exception):  # noqa: N818 - control flow inside the package, never seen outside
    """The bytes are not in the form that the fast path reads; the official parser reads them."""


class Role(Enum):
    """How a field represents an array, in every container."""

    NESTED = "nested lists, one level a dimension"
    PACKED = "float64 values in row-major order"
    VALUES = "values of one type in row-major order"
    STRINGS = "one byte string an element"
    BLOB = "bytes"
    ABSENT = "nothing: dtype and shape are in the tree"


class Leaf(NamedTuple):
    """An array to be written.

    Attributes
    ----------
    role
        its layout.
    data
        the values; a list where no dtype holds them, and for STRINGS.
    field
        the dtype of the protobuf field, for PACKED and VALUES.
    shape
        the shape of the original array.
    dtype
        the dtype of the original array.
    lossy
        whether a container may drop what it cannot represent.
    words
        the text of ``nan``, ``inf`` and ``-inf`` in JSON; those that are refused are left out.
    """

    role: Role
    data: Any
    field: np.dtype[Any] | None = None
    shape: tuple[int, ...] = ()
    dtype: np.dtype[Any] | None = None
    lossy: bool = False
    words: Mapping[str, bytes] = FINITE


class ArrayPlaces:
    """The members of a message that may be arrays: the part of a schema for JSON and msgpack.

    Attributes
    ----------
    places
        members by name, nested as the message is; `*` stands for any name, and the key `ARRAY`
        marks a member that may be an array.
    names
        the names of all members that may be arrays; `*` stands for any name.
    """

    __slots__ = ("names", "places")

    def __init__(self, places: Places) -> None:
        self.places = places
        self.names = frozenset(_array_names(places))

    def restore_array(self, tree: Tree, placeholder: str, array: Any) -> bool:
        """Put an array where its placeholder is; return whether an array may be there."""
        return _restore(tree, self.places, placeholder, array)


def _array_names(places: Places) -> Iterator[str]:
    for name, inner in places.items():
        if name:
            if ARRAY in inner:
                yield name
            yield from _array_names(inner)


def _restore(node: Any, places: Places, placeholder: str, array: Any) -> bool:
    if isinstance(node, list):
        rows = (item for item in node if isinstance(item, dict))
        return any(_restore(item, places, placeholder, array) for item in rows)
    for name, part in node.items():
        inner = (places.get(name) if name != ARRAY else None) or places.get("*")
        if inner is None:
            continue
        if type(part) is str and part == placeholder and ARRAY in inner:
            node[name] = array
            return True
        if isinstance(part, (dict, list)) and _restore(part, inner, placeholder, array):
            return True
    return False


_INNER = (dict, list, Leaf)
_NESTS = (Mapping, list, tuple)
_SCALARS = frozenset({str, int, float, bool, type(None)})  # most parts of a tree
_TEXT = frozenset({str})
_TOP = 4  # levels of the path in an error about depth
_LONG_PATH = 4096  # characters of a path, more than the deepest lists need
MAX_DEPTH = 1024  # levels of nested lists and objects that orjson and msgpack read


class Source(Protocol):
    """An array, nested or flat, that is still in the payload."""

    def read(self, limits: Limits, out: Array | None = None) -> Array:
        """Read it, into `out` where given; raise `Irregular` before anything is written."""


def has_leaf(node: Any) -> bool:
    """Return whether a tree contains an array."""
    left = [node]
    while left:
        part = left.pop()
        if isinstance(part, Leaf):
            return True
        if isinstance(part, (dict, list)):
            # Most parts are text and numbers: they are skipped without a step of the loop.
            inner = part.values() if isinstance(part, dict) else part
            left += [one for one in inner if isinstance(one, _INNER)]
    return False


def leaves(node: Any, path: str = "$") -> list[tuple[str, Leaf]]:
    """Return the arrays of a tree with their paths, in order."""
    return [(path + "".join(map(_step, keys)), leaf) for keys, leaf in _find(node)]


def _step(key: Any) -> str:
    return f".{key}" if isinstance(key, str) else f"[{key}]"


def _find(node: Any) -> list[tuple[tuple[Any, ...], Leaf]]:
    """Return the arrays of a tree with the keys and indices that lead to them, in order."""
    found: list[tuple[tuple[Any, ...], Leaf]] = []
    left: list[tuple[Any, Any]] = [(None, node)]
    while left:
        last, part = left.pop()  # a linked list of keys: (previous keys, last key)
        if isinstance(part, Leaf):
            found.append((_keys(last), part))
            continue
        items: Any = part.items() if isinstance(part, dict) else enumerate(part)
        inner = [((last, key), one) for key, one in items if isinstance(one, _INNER)]
        left += reversed(inner)
    return found


def _keys(last: Any) -> tuple[Any, ...]:
    """Return a linked list of keys as a tuple, the outermost key first."""
    keys = []
    while last is not None:
        last, key = last
        keys.append(key)
    return tuple(reversed(keys))


def replace_arrays(node: Any, placeholder: str) -> tuple[Any, list[Leaf]]:
    """Return a tree with a placeholder for every array, and the arrays in order.

    Parts without an array are not copied.
    """
    if isinstance(node, Leaf):
        return placeholder, [node]
    found = _find(node)
    copies: dict[tuple[Any, ...], Any] = {}
    for keys, _ in found:
        if not copies:
            copies[()] = node = node.copy()
        for depth in range(1, len(keys)):
            outer, key = copies[keys[: depth - 1]], keys[depth - 1]
            if keys[:depth] not in copies:
                copies[keys[:depth]] = outer[key] = outer[key].copy()
        copies[keys[:-1]][keys[-1]] = placeholder
    return node, [leaf for _, leaf in found]


def check_out(out: Array, shape: Sequence[int], dtype: np.dtype[Any]) -> None:
    """Raise `DecodeError` where an array of that shape and dtype does not fit `out`."""
    if not hasattr(out, "flags"):
        raise DecodeError(f"expected a numpy array for out=, got {shown(out)}")
    if out.shape != tuple(shape) or out.dtype != dtype:
        wanted = f"expected {dtype} of shape {tuple(shape)} for out=, as the payload has it"
        raise DecodeError(f"{wanted}, got {out.dtype} of shape {out.shape}")
    if not out.flags.writeable:
        raise DecodeError("expected a writable array for out=, got a read-only one")


def is_plain(node: Any, kinds: frozenset[type]) -> bool:
    """Return whether all keys of a tree are str, and all its values of exactly these types.

    Integers must have at most 64 bits. A tree that is not plain may still be valid: use `walk`.
    """
    left: list[tuple[Any, int]] = [((node,), 0)]
    while left:
        items, level = left.pop()
        for one in items:
            kind = type(one)
            if kind in kinds:
                if kind is int and not -(2**63) <= one < 2**64:
                    return False
            elif kind is dict and _TEXT.issuperset(map(type, one)):
                left.append((one.values(), level + 1))
            elif kind is list:
                left.append((one, level + 1))
            else:
                return False
        if level > MAX_DEPTH:
            return False
    return True


def walk(node: Any, path: str, most: int = MAX_DEPTH) -> Iterator[tuple[str, Any]]:
    """Yield every scalar of a tree with its path, and `Ellipsis` for a key that is not a str.

    Raises
    ------
    EncodeError
        the tree has more than `most` levels, as a list that contains itself has.
    """
    if not isinstance(node, _NESTS):
        yield path, node
        return
    left, top = [_members(node, path)], path
    while left:
        for where, part in left[-1]:
            if type(part) in _SCALARS or not isinstance(part, _NESTS):
                yield where, part
                continue
            if len(left) < _TOP:
                top = where
            elif len(left) >= most:
                raise EncodeError(f"expected at most {most} levels of nesting, got more", top)
            left.append(_members(part, shortened(where)))
            break
        else:
            left.pop()


def shortened(path: str) -> str:
    """Return the path of a list or an object, cut to at most `_LONG_PATH` characters.

    It is a prefix of the paths of all its items: with a key of a million characters these would
    take far more memory than the message.
    """
    return path if len(path) <= _LONG_PATH else f"{path[:_LONG_PATH]}..."


def _members(node: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield the items of a list or an object with their paths."""
    if isinstance(node, Mapping):
        for key, part in node.items():
            yield (f"{path}.{key}", part) if isinstance(key, str) else (path, Ellipsis)
    else:
        for i, part in enumerate(node):
            yield f"{path}[{i}]", part


def levels(node: Any) -> int:
    """Return the levels of nested lists and objects in a tree, at most `MAX_DEPTH` + 1."""
    deepest, left = 0, [(node, 1)]
    while left:
        part, level = left.pop()
        if isinstance(part, _NESTS):
            deepest = max(deepest, level)
            if level > MAX_DEPTH:
                break
            inner = part.values() if isinstance(part, Mapping) else part
            left += [(one, level + 1) for one in inner if isinstance(one, _NESTS)]
    return deepest


_STANDARD = bytes.maketrans(b"-_", b"+/")  # from the URL-safe alphabet
_SPACE = b" \t\n\v\f\r"
_DECIMAL = re.compile("-?[0-9]{1,20}")


def pick(tree: Tree, name: str) -> Any:
    """Return a member by its JSON name or by its .proto name, None where it is missing."""
    found = tree.get(name)
    if found is None:
        found = tree.get("".join("_" + c.lower() if c.isupper() else c for c in name))
    return found


def blob(node: Any) -> Array:
    """Return the bytes of a node as a flat uint8 array."""
    if isinstance(node, np.ndarray):
        return node
    if isinstance(node, str):
        return np.frombuffer(text_to_bytes(node), np.uint8)
    if isinstance(node, bytes):
        return np.frombuffer(node, np.uint8)
    raise DecodeError(f"expected bytes, got {shown(node)}")


def text_to_bytes(text: str) -> bytes:
    """Decode base64: standard or URL-safe, with or without padding, with white space in it.

    Programs break base64 into lines of 64 or 76 characters (MIME, PEM). Seldon's wrapper, the
    `json_format` of protobuf and TensorFlow Serving skip such breaks, too.
    """
    try:
        return pybase64.b64decode(text, validate=True)
    except (ValueError, UnicodeError):
        pass
    try:
        plain = text.encode("ascii").translate(_STANDARD, _SPACE).rstrip(b"=")
        return pybase64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True)
    except (ValueError, UnicodeError):
        raise DecodeError("expected base64, got other text") from None


def integers(node: Any, path: str) -> list[int]:
    """Return a list of integers; an integer may be in quotes."""
    if hasattr(node, "read"):
        node = node.read(DEFAULT_LIMITS)
    if isinstance(node, np.ndarray) and node.dtype != np.uint8:  # uint8 would be bytes
        node = node.tolist()
    node = [] if node is None else node
    if not isinstance(node, list):
        raise DecodeError(f"expected a list of sizes, got {shown(node)}", path)
    return [integer(item, f"{path}[{i}]") for i, item in enumerate(node)]


def integer(node: Any, path: str) -> int:
    """Return one integer, which may be in quotes, or a float such as 3.0."""
    if type(node) is int:
        return node
    if type(node) is float and node.is_integer():
        return int(node)
    if type(node) is str and _DECIMAL.fullmatch(node):
        return int(node)
    raise DecodeError(f"expected an integer, got {shown(node)}", path)
