"""The plain fields of a message: names, shapes and parameters, checked when written and read."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from math import isfinite
from operator import attrgetter
from types import NoneType
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import orjson

from tensorwire import inputs, lists
from tensorwire.containers.json import dumps_values
from tensorwire.errors import DecodeError, EncodeError, shown
from tensorwire.limits import DEFAULT_LIMITS
from tensorwire.missing import BARE, FINITE, VERIFIED
from tensorwire.tree import shortened

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tensorwire.missing import Reading, Words
    from tensorwire.tree import Tree

__all__ = [
    "json_parameters",
    "listed",
    "mapping",
    "member",
    "no_arrays",
    "objects",
    "required",
    "scalar_parameters",
    "sizes",
    "text",
    "values",
]


_T = TypeVar("_T")
_PLAIN = frozenset({str, int, bool, NoneType, dict, list})
_INTEGER = frozenset({int})
_DEEPEST = 100  # levels of nested parameters: protobuf stops there, orjson at 254
_INT64_MIN, _UINT64_MAX = -(2**63), 2**64 - 1


def text(value: Any, path: str) -> str:
    """Return a string to write; raise `EncodeError` for another type or invalid Unicode."""
    if not isinstance(value, str):
        raise EncodeError(f"expected a string, got {shown(value)}", path)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise EncodeError(f"expected Unicode text, got {shown(value)}", path) from None
    return str.__str__(value)  # str() of a numpy string drops a NUL at the end


@cache
def _values_of(kind: Any) -> Any:
    return attrgetter(*kind.__dataclass_fields__)


def no_arrays(message: Any) -> None:
    """Raise `EncodeError` for a field that is an array, which has no truth value."""
    if _PLAIN.issuperset(map(type, _values_of(message.__class__)(message))):
        return
    for name in message.__dataclass_fields__:
        value = getattr(message, name)
        if isinstance(value, np.ndarray):
            wanted = "arrays by name, or a list of them" if "puts" in name else "text or a dict"
            raise EncodeError(f"expected {wanted}, got {shown(value)}", f"$.{name}")


def listed(value: Sequence[_T], kind: type[_T], path: str) -> Sequence[_T]:
    """Return a list to write; raise `EncodeError` for another type of the list or of an item."""
    if not isinstance(value, (list, tuple)):
        raise EncodeError(f"expected a list, got {shown(value)}", path)
    for i, item in enumerate(value):
        if not isinstance(item, kind):
            raise EncodeError(f"expected {kind.__name__}, got {shown(item)}", f"{path}[{i}]")
    return value


def mapping(value: Any, path: str) -> Mapping[str, Any]:
    """Return a dict to write, with keys of type str; raise `EncodeError` for another value."""
    if type(value) is dict and {str}.issuperset(map(type, value)) and all(map(str.isascii, value)):
        return value
    if not isinstance(value, Mapping):
        raise EncodeError(f"expected a dict, got {shown(value)}", path)
    keys = [text(key, path) for key in value]
    if {str}.issuperset(map(type, value)):
        return value
    return dict(zip(keys, value.values(), strict=True))


def scalar_parameters(value: Any, path: str, *, lossy: bool) -> dict[str, Any]:
    """Return parameters for protobuf: bools, 64-bit integers, floats and strings by name.

    A parameter that is None is left out.

    Raises
    ------
    EncodeError
        a parameter has another type, and `lossy` is false.
    """
    checked = {}
    for name, item in mapping(value, path).items():
        where = f"{path}.{name}"
        item = _unwrapped(item, where)  # noqa: PLW2901
        if item is None or (lossy and not isinstance(item, (str, float, int))):
            continue
        if not isinstance(item, (str, float, int)):
            remedy = "use oip/json, or pass lossy=True to drop it" if _nests(item) else ""
            reason = f"expected a bool, integer, float or string, got {shown(item)}"
            raise EncodeError(reason, where, remedy)
        _check_scalar(item, where)
        checked[str(name)] = item
    return checked


def json_parameters(value: Any, path: str, words: Words = FINITE) -> dict[str, Any]:
    """Return parameters for JSON: scalars, null, and nested lists and objects.

    NaN and infinities are written as `words`. Where infinities are bare words, NaN is one too: null
    would be read as None. Nested values are encoded here, so that the code for the tree of a
    message does not depend on their depth.
    """
    if words.get("inf") == BARE["inf"]:
        words = BARE
    checked = {}
    for name, item in mapping(value, path).items():
        where = f"{path}.{name}"
        item = _unwrapped(item, where)  # noqa: PLW2901
        if _nests(item):
            checked[str(name)] = orjson.Fragment(_nested_json(item, where, words))
        else:
            _check_json_scalar(item, where)
            odd = isinstance(item, float) and not isfinite(item)
            text = dumps_values(float(item), words, where) if odd else b""
            checked[str(name)] = orjson.Fragment(text) if odd else item
    return checked


def _nested_json(value: Any, path: str, words: Words) -> bytes:
    finite = True
    for where, item, depth in _items(value, path):
        if depth > _DEEPEST and _nests(item):
            raise EncodeError(f"expected at most {_DEEPEST} levels of parameters, got more", path)
        if not _nests(item):
            inner = _unwrapped(item, where)
            for place, scalar, _ in _items(inner, where) if _nests(inner) else [(where, inner, 0)]:
                if not _nests(scalar):
                    _check_json_scalar(scalar, place)
                    finite = finite and not (isinstance(scalar, float) and not isfinite(scalar))
    if finite:
        return orjson.dumps(value, _plain)
    return dumps_values(inputs.plain_json(value, path), words, path)


def _plain(value: Any) -> Any:
    """Return a numpy scalar or a mapping as a type that orjson writes."""
    return dict(value) if isinstance(value, Mapping) else _unwrapped(value, "")


def _items(value: Any, path: str) -> Iterator[tuple[str, Any, int]]:
    """Yield nested values with their paths and depths."""
    yield path, value, 1
    left = [_members(value, path)]
    while left:
        for where, item in left[-1]:
            yield where, item, len(left) + 1
            if _nests(item):
                left.append(_members(item, shortened(where)))
                break
        else:
            left.pop()


def _members(node: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield the items of a list or an object, with their paths."""
    if isinstance(node, Mapping):
        for key, item in node.items():
            yield f"{path}.{text(key, path)}", item
    elif isinstance(node, (list, tuple)):
        for i, item in enumerate(node):
            yield f"{path}[{i}]", item


def _nests(item: Any) -> bool:
    return isinstance(item, (Mapping, list, tuple))


def _unwrapped(item: Any, path: str) -> Any:
    """Return an array or a scalar of numpy as a list or a scalar of Python."""
    return inputs.plain_json(item, path) if isinstance(item, (np.generic, np.ndarray)) else item


def _check_json_scalar(item: Any, path: str) -> None:
    if item is None:
        return
    if not isinstance(item, (str, float, int)):
        raise EncodeError(f"expected a JSON value, got {shown(item)}", path)
    _check_scalar(item, path)


def _check_scalar(item: Any, path: str) -> None:
    if isinstance(item, str):
        text(item, path)
    elif not isinstance(item, float) and not _INT64_MIN <= item <= _UINT64_MAX:
        raise EncodeError(f"expected an integer of 64 bits, got {shown(item)}", path)


def member(tree: Tree, name: str) -> str:
    """Return a string that was read, empty where it is missing."""
    value = tree.get(name)
    if value is not None and type(value) is not str:
        raise DecodeError(f"expected a string, got {shown(value)}", f".{name}")
    return value or ""


def required(tree: Tree, name: str) -> Any:
    """Return a required member; raise `DecodeError` for one that is missing or null."""
    value = tree.get(name)
    if value is None:
        found = "null" if name in tree else "nothing"
        raise DecodeError(f"expected the required member {name!r}, got {found}", f".{name}")
    return value


def sizes(node: Any) -> list[int]:
    """Return a shape that was read; raise `DecodeError` for what is not a shape."""
    if type(node) is not list:
        if hasattr(node, "read"):
            node = node.read(DEFAULT_LIMITS)
        if hasattr(node, "tolist"):
            node = node.tolist()
        if node is None:
            return []
    if type(node) is not list or not _INTEGER.issuperset(map(type, node)):
        raise DecodeError(f"expected a list of integers, got {shown(node)}", ".shape")
    if node and min(node) < 0:
        at = node.index(min(node))
        raise DecodeError(f"expected a size of 0 or more, got {node[at]}", f".shape[{at}]")
    return node


def objects(tree: Tree, name: str) -> list[Tree]:
    """Return a list of objects that was read, empty where it is missing."""
    node = tree.get(name)
    if node is None:
        return []
    if type(node) is not list:
        raise DecodeError(f"expected a list of objects, got {shown(node)}", f".{name}")
    for i, item in enumerate(node):
        if type(item) is not dict:
            raise DecodeError(f"expected an object, got {shown(item)}", f".{name}[{i}]")
    return node


def values(tree: Tree, options: Reading = VERIFIED) -> dict[str, Any]:
    """Return the parameters that were read from JSON, unchanged."""
    found = tree.get("parameters")
    if found is None:
        return {}
    if type(found) is not dict:
        raise DecodeError(f"expected an object, got {shown(found)}", ".parameters")
    for name, item in found.items():
        if type(item) in (dict, list) and any(
            depth > _DEEPEST and _nests(inner) for _, inner, depth in _items(item, "")
        ):
            reason = f"expected at most {_DEEPEST} levels of parameters, got more"
            raise DecodeError(reason, f".parameters.{name}")
    if found:
        lists.check_numbers(found, options, path=".parameters")
    return dict(found)
