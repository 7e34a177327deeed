"""Read single nodes of a tree, as protobuf's JSON form lets them be written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pybase64

from tensorwire.errors import DecodeError, shown
from tensorwire.limits import DEFAULT_LIMITS

if TYPE_CHECKING:
    from tensorwire.tree import Array, Tree

__all__ = ["blob", "integer", "integers", "pick", "text_to_bytes"]

_STANDARD = bytes.maketrans(b"-_", b"+/")  # from the URL-safe alphabet
_SPACE = b" \t\n\v\f\r"
_DECIMAL = re.compile("-?[0-9]{1,20}")


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
    """Decode base64 as the peers do: standard or URL-safe, padded or not, with white space in it.

    Programs break base64 into lines of 64 or 76 characters (MIME, PEM). Seldon's wrapper, the
    `json_format` of protobuf and TensorFlow Serving skip such breaks.
    """
    try:
        return pybase64.b64decode(text, validate=True)
    except (ValueError, UnicodeError):
        pass
    try:
        plain = text.encode("ascii").translate(_STANDARD, _SPACE).rstrip(b"=")
        return pybase64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True)
    except (ValueError, UnicodeError):
        raise DecodeError("not base64, as bytes are written in text") from None


def integers(node: Any, path: str) -> list[int]:
    """Give a list of integers, which text may have quoted."""
    if hasattr(node, "read"):
        node = node.read(DEFAULT_LIMITS)
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
    raise DecodeError(f"{shown(node)} in place of an integer", path)
