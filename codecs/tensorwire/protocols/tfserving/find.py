"""Find the arrays in TensorFlow Serving's JSON: by rows, or each as a whole; with names, or one.

Source: https://www.tensorflow.org/tfx/serving/api_rest, tensorflow_serving/util/json_tensor.cc
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tensorwire import guess
from tensorwire.errors import CodecError, DecodeError, shown
from tensorwire.protocols.tfserving.rest_text import Rows
from tensorwire.tree import Irregular

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tensorwire.tree import Tree

__all__ = ["Found", "find", "holds_strings", "is_bytes"]

_SHOWN = 6  # names that an error text shows
_FIRST_INDEX = re.compile(r"((?:\[[0-9]+\])?)(.*)", re.DOTALL)


class Found(NamedTuple):
    """The arrays of a message, not yet read.

    Attributes
    ----------
    key
        the member in which they stand.
    rows
        whether they stand there by rows.
    named
        whether they have names.
    nodes
        the part of the tree that is an array, by name.
    """

    key: str
    rows: bool
    named: bool
    nodes: dict[str, Any]

    def place(self, name: str, error: CodecError) -> CodecError:
        """Give an error in one array its place in the message."""
        inner = error.path[1:]
        if not self.named:
            path = f"$.{self.key}{inner}"
        elif self.rows:  # the row comes before the name
            row, inner = _FIRST_INDEX.fullmatch(inner).groups()  # type: ignore[union-attr]
            path = f"$.{self.key}{row}.{name}{inner}"
        else:
            path = f"$.{self.key}.{name}{inner}"
        return type(error)(error.reason, path)


def find(tree: Tree, rows: str, columns: str) -> Found:
    """Find the arrays of a message, by the two keys of which it has one."""
    if rows in tree:
        if columns in tree:
            raise DecodeError(f"{rows} and {columns}: a message has one of them", "$")
        node = tree[rows]
        if type(node) is list:
            if not node and rows == "instances":  # which TensorFlow Serving refuses
                reason = "expected one row at least, got no rows"
                raise DecodeError(f"{reason}; {columns} can hold arrays without rows", f"$.{rows}")
            if node and _is_object(node[0]):
                return Found(rows, rows=True, named=True, nodes=_gathered(node, rows))
        elif type(node) is Rows:
            return Found(rows, rows=True, named=True, nodes=node)
        elif not hasattr(node, "read"):
            raise DecodeError(f"a {type(node).__name__} in place of a list of rows", f"$.{rows}")
        return Found(rows, rows=True, named=False, nodes={"": node})
    if columns not in tree:
        found = guess.of_members(tree, "tfserving/json")
        raise DecodeError(f"no arrays: neither {rows} nor {columns} is there{found}", "$")
    node = tree[columns]
    if _is_object(node):
        return Found(columns, rows=False, named=True, nodes=node)
    return Found(columns, rows=False, named=False, nodes={"": node})


def _is_object(node: Any) -> bool:
    """Tell whether a node is an object, and not the bytes that one with the key b64 stands for."""
    return type(node) is dict and not is_bytes(node)


def holds_strings(node: Any) -> bool:
    """Tell whether nested lists are of strings, by their first value; the others follow it.

    Raises
    ------
    Irregular
        the scan took a long string for base64.
    """
    if type(node) is np.ndarray:
        raise Irregular
    while type(node) is list and node:
        node = node[0]
    return type(node) in (str, dict)


def is_bytes(node: Any) -> bool:
    """Tell whether an object, of one key, stands for bytes."""
    return len(node) == 1 and type(node.get("b64")) in (str, np.ndarray)


def _gathered(rows: list[Any], key: str) -> dict[str, list[Any]]:
    """Gather the values of each name, of rows that all have the same names."""
    names = rows[0].keys()
    if len(rows) == 1 and names:
        return {name: [value] for name, value in rows[0].items()}
    try:
        gathered = {name: [row[name] for row in rows] for name in names}
    except (KeyError, TypeError, IndexError):
        raise _odd_row(rows, key) from None
    if not names or set(map(len, rows)) != {len(names)}:
        raise _odd_row(rows, key)
    return gathered


def _few(names: Iterable[str]) -> str:
    """Return the first of some names, as an error text shows them."""
    first = list(map(shown, islice(names, _SHOWN + 1)))
    return ", ".join([*first[:_SHOWN], "..."] if len(first) > _SHOWN else first) or "nothing"


def _odd_row(rows: list[Any], key: str) -> DecodeError:
    """Tell which row is not like the first one."""
    names = rows[0].keys()
    wanted = _few(names)
    for i, row in enumerate(rows):
        if type(row) is not dict:
            return DecodeError(f"a {type(row).__name__} in place of an object", f"$.{key}[{i}]")
        if row.keys() != names:
            found = _few(row)
            return DecodeError(f"a row of {found} where the first has {wanted}", f"$.{key}[{i}]")
    return DecodeError("a row without a name", f"$.{key}[0]")
