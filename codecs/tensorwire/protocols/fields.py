"""The plain fields of a message: names, shapes, parameters; checked on their way out and in."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from tensorwire.errors import DecodeError, EncodeError
from tensorwire.limits import DEFAULT_LIMITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tensorwire.tree import Tree

__all__ = [
    "listed",
    "mapping",
    "member",
    "no_arrays",
    "objects",
    "parameters",
    "sizes",
    "text",
    "values",
]


_T = TypeVar("_T")


def text(value: Any, path: str) -> str:
    """Give a string to write; raise `EncodeError` for what is no Unicode text."""
    if not isinstance(value, str):
        raise EncodeError(f"a {type(value).__name__} in place of a string", path)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise EncodeError("a string that is not Unicode text", path) from None
    return str(value)


def no_arrays(message: Any) -> None:
    """Raise `EncodeError` for a field that is an array, which has no truth value to ask for."""
    for name in message.__dataclass_fields__:
        value = getattr(message, name)
        if isinstance(value, np.ndarray):
            wanted = "arrays by name, or a list of them" if "puts" in name else "text or a dict"
            raise EncodeError(f"expected {wanted}, got an array", f"$.{name}")


def listed(value: Sequence[_T], kind: type[_T], path: str) -> Sequence[_T]:
    """Give a list to write, all its items of one class; raise `EncodeError` for another."""
    if not isinstance(value, (list, tuple)):
        raise EncodeError(f"a {type(value).__name__} in place of a list", path)
    for i, item in enumerate(value):
        if not isinstance(item, kind):
            reason = f"a {type(item).__name__} in place of a {kind.__name__}"
            raise EncodeError(reason, f"{path}[{i}]")
    return value


def mapping(value: Any, path: str) -> Mapping[str, Any]:
    """Give a dict to write, its keys text; raise `EncodeError` for another."""
    if not isinstance(value, Mapping):
        raise EncodeError(f"a {type(value).__name__} in place of a dict", path)
    for key in value:
        text(key, path)
    return value


def parameters(value: Any, path: str, *, finite: bool) -> dict[str, Any]:
    """Give bools, 64-bit integers, floats and strings to write, by name."""
    return {
        str(name): _parameter(item, f"{path}.{name}", finite=finite)
        for name, item in mapping(value, path).items()
    }


def _parameter(item: Any, path: str, *, finite: bool) -> Any:
    item = item.item() if isinstance(item, np.generic) else item
    if isinstance(item, str):
        return text(item, path)
    if isinstance(item, float):
        if finite and not isfinite(item):
            raise EncodeError(f"JSON has no {item}", path)
    elif not isinstance(item, int):
        kind = type(item).__name__
        raise EncodeError(f"a {kind} in place of a bool, integer, float or string", path)
    elif not -(2**63) <= item < 2**64:
        raise EncodeError("an integer beyond 64 bits", path)
    return item


def member(tree: Tree, name: str) -> str:
    """Give a string that was read, empty where it is missing."""
    value = tree.get(name)
    if value is not None and type(value) is not str:
        raise DecodeError(f"a {type(value).__name__} in place of a string", f".{name}")
    return value or ""


def sizes(node: Any) -> list[int]:
    """Give a shape that was read; raise `DecodeError` for what is none."""
    if hasattr(node, "read"):
        node = node.read(DEFAULT_LIMITS)
    if hasattr(node, "tolist"):
        node = node.tolist()
    if node is None:
        return []
    if type(node) is not list or any(type(size) is not int for size in node):
        raise DecodeError("a shape is a list of integers", ".shape")
    if node and min(node) < 0:
        reason = f"size {min(node)}: the shape of a tensor is never unknown"
        raise DecodeError(reason, f".shape[{node.index(min(node))}]")
    return node


def objects(tree: Tree, name: str) -> list[Tree]:
    """Give a list of objects that was read, empty where it is missing."""
    node = tree.get(name)
    if node is None:
        return []
    if type(node) is not list:
        raise DecodeError(f"a {type(node).__name__} in place of a list of objects", f".{name}")
    for i, item in enumerate(node):
        if type(item) is not dict:
            reason = f"a {type(item).__name__} in place of an object"
            raise DecodeError(reason, f".{name}[{i}]")
    return node


def values(tree: Tree) -> dict[str, Any]:
    """Give the parameters that were read from JSON, as they came."""
    found = tree.get("parameters")
    if found is None:
        return {}
    if type(found) is not dict:
        raise DecodeError(f"a {type(found).__name__} in place of an object", ".parameters")
    return dict(found)
