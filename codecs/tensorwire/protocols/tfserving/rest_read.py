"""Read the arrays in TensorFlow Serving's JSON: by rows, or each as a whole; with names, or one.

Source: https://www.tensorflow.org/tfx/serving/api_rest, tensorflow_serving/util/json_tensor.cc,
SignatureDef in tensorflow/core/protobuf/meta_graph.proto
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import orjson

from tensorwire import guess, lists
from tensorwire.arrays import EXACT, cast, from_bytes, in_range
from tensorwire.containers.json.numbers import NumbersText
from tensorwire.containers.json.scan import infer_shape
from tensorwire.containers.json.small import DECLINED, small_array
from tensorwire.errors import CodecError, DecodeError, nearest, shown
from tensorwire.kinds.tensorproto import BY_NAME, STRING, dtype_of
from tensorwire.limits import DEFAULT_LIMITS
from tensorwire.protocols.neutral import Peek, TensorInfo
from tensorwire.protocols.tfserving.rest_text import Rows
from tensorwire.tree import Irregular, text_to_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tensorwire.limits import Limits
    from tensorwire.missing import Reading
    from tensorwire.tree import Array, Tree

__all__ = ["SMALL", "Found", "find", "small_message"]

_loads = orjson.loads
SMALL = 4 << 10  # bytes of a body that `small_message` may read
_LONGEST_HEAD = 100  # bytes before the last quote of a body that `small_message` may read
_MAX_RANK = 64
_SHOWN = 6  # names that an error text shows
_FIRST_INDEX = re.compile(r"((?:\[[0-9]+\])?)(.*)", re.DOTALL)


class Found(NamedTuple):
    """The arrays of a message, not yet read.

    Attributes
    ----------
    key
        the member of the message that has them.
    rows
        whether they are in rows.
    named
        whether they have names.
    nodes
        the part of the tree that is an array, by name.
    """

    key: str
    rows: bool
    named: bool
    nodes: dict[str, Any]

    def read(
        self, limits: Limits, payload: int, reading: Reading, signature: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        """Read the arrays of a message of `payload` bytes, as the dtypes of the signature."""
        name, arrays = "", {}
        reader = _Reader(limits, payload, reading)
        texts = self.named and self.key in ("predictions", "outputs")
        nodes = self.nodes if signature is None else self._renamed(signature)
        try:
            for name, node in nodes.items():
                if texts:
                    reader = reader._replace(texts=not name.endswith("_bytes"))
                arrays[name] = (
                    reader.array(node) if signature is None else reader.typed(node, signature[name])
                )
        except CodecError as error:
            raise self._located(name, error) from None
        return arrays

    def peek(self) -> Peek:
        """Infer names, dtypes and shapes without reading long arrays."""
        tensors = tuple(_tensor_info(name, node) for name, node in self.nodes.items())
        return Peek("rows" if self.rows else "columns", tensors)

    def _renamed(self, signature: Mapping[str, Any]) -> dict[str, Any]:
        """Return the nodes in the order of the signature, whose name an array without one gets."""
        nodes, path = self.nodes, f"$.{self.key}"
        if not isinstance(signature, Mapping):
            raise DecodeError(
                f"expected a mapping of names to dtypes, got {shown(signature)}",
                "",
                "pass signature={name: dtype}",
            )
        wanted = ", ".join(map(repr, signature)) or "none"
        if "" in nodes and "" not in signature:
            if path.endswith("predictions") and nodes[""] == []:  # of every output
                return {name: [] for name in signature}
            if len(signature) != 1 or len(nodes) != 1:
                raise DecodeError(f"expected arrays named {wanted}, got one without a name", path)
            return dict(zip(signature, nodes.values(), strict=True))
        for name in nodes:
            if name not in signature:
                reason = f"expected an array of the signature ({wanted}), got {shown(name)}"
                raise DecodeError(reason, path)
        for name in signature:
            if name not in nodes:
                raise DecodeError(
                    f"expected the array {shown(name)} of the signature, got nothing", path
                )
        return {name: nodes[name] for name in signature}

    def _located(self, name: str, error: CodecError) -> CodecError:
        """Return an error of one array with its path in the message."""
        inner = error.path[1:]
        if not self.named:
            path = f"$.{self.key}{inner}"
        elif self.rows:  # the row comes before the name
            row, inner = _FIRST_INDEX.fullmatch(inner).groups()  # type: ignore[union-attr]
            path = f"$.{self.key}{row}.{name}{inner}"
        else:
            path = f"$.{self.key}.{name}{inner}"
        return type(error)(error.reason, path, error.remedy)


def small_message(body: bytes, kind: Any, keys: tuple[str, str]) -> Any:
    """Return the message of a small body with one array of numbers; None for any other body.

    `keys` are those of rows and of columns, and all numbers are behind the last quote::

        {"instances":[[1.5,2.5]]}           {"instances":[{"x":[1.5,2.5]}]}
        {"inputs":[[1.5,2.5]]}              {"inputs":{"x":[[1.5,2.5]]}}

    One value takes a tenth of the time that `find` and `Found.read` take, 100 values a third.
    """
    head, _, tail = body.rpartition(b'"')
    if len(head) > _LONGEST_HEAD:  # strings, or several objects
        return None
    try:
        tree = _loads(body)
        if len(tree) != 1:
            return None
        name, node = "", tree.get(keys[0])
        if node is None:
            node = tree[keys[1]]
            if node.__class__ is dict:
                ((name, node),) = node.items()
            return kind({name: small_array(node, tail)}, rows=False)
        if node[0].__class__ is dict:
            (row,) = node
            ((name, node),) = row.items()
            node = [node]
        return kind({name: small_array(node, tail)})
    except DECLINED:  # the general reader reads it, or raises the error
        return None


def find(tree: Tree, rows: str, columns: str) -> Found:
    """Find the arrays of a message, by the two keys of which it has one."""
    if rows in tree:
        if columns in tree:
            raise DecodeError(f"expected {rows} or {columns}, got both", "$")
        node = tree[rows]
        if type(node) is list:
            if not node and rows == "instances":  # which TensorFlow Serving refuses
                remedy = f"send {columns}, which can hold arrays without rows"
                raise DecodeError("expected one row at least, got no rows", f"$.{rows}", remedy)
            if node and _is_object(node[0]):
                return Found(rows, rows=True, named=True, nodes=_gathered(node, rows))
        elif type(node) is Rows:
            return Found(rows, rows=True, named=True, nodes=node)
        elif not hasattr(node, "read"):
            raise DecodeError(f"expected a list of rows, got {shown(node)}", f"$.{rows}")
        return Found(rows, rows=True, named=False, nodes={"": node})
    if columns not in tree:
        found = guess.of_members(tree, "tfserving/json")
        raise DecodeError(f"expected {rows} or {columns}, got neither", "$", found)
    node = tree[columns]
    if _is_object(node):
        return Found(columns, rows=False, named=True, nodes=node)
    return Found(columns, rows=False, named=False, nodes={"": node})


def _is_object(node: Any) -> bool:
    """Return whether a node is an object, other than one with the key b64, which is bytes."""
    return type(node) is dict and not _is_bytes(node)


def _holds_strings(node: Any) -> bool:
    """Return whether the first value in nested lists is a string; the others are checked later.

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


def _is_bytes(node: Any) -> bool:
    """Return whether an object has the one key b64, and represents bytes."""
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
    """Return the error for the first row whose names differ from those of row 0."""
    names = rows[0].keys()
    wanted = _few(names)
    for i, row in enumerate(rows):
        if type(row) is not dict:
            return DecodeError(f"expected an object, got {shown(row)}", f"$.{key}[{i}]")
        if row.keys() != names:
            found = _few(row)
            return DecodeError(f"expected a row of {wanted}, got {found}", f"$.{key}[{i}]")
    return DecodeError("expected a row of named values, got an empty object", f"$.{key}[0]")


class _Reader(NamedTuple):
    """The reader of the arrays of one message.

    Attributes
    ----------
    limits
        bounds on each array.
    payload
        the size of the message in bytes.
    reading
        the options for missing numbers.
    texts
        whether base64 has to be UTF-8 text.
    """

    limits: Limits
    payload: int
    reading: Reading
    texts: bool = False

    def typed(self, node: Any, wanted: Any) -> Any:
        """Read an array as the dtype of the signature."""
        dtype = _dtype_named(wanted)
        if dtype.kind == "f":  # TensorFlow Serving converts any number to the nearest float
            reading = self.reading._replace(verified=True, exact=False, also=frozenset({int}))
        else:
            reading = self.reading._replace(exact=True)
        return _cast(self._replace(reading=reading).array(node), dtype)

    def array(self, node: Any) -> Any:
        """Read an array of numbers, bools or strings."""
        if isinstance(node, NumbersText):
            node.options = self.reading
            return node.read(self.limits)
        if _holds_strings(node):
            array = _strings(node, text=self.texts)
        elif type(node) is list:
            array = lists.to_array(node, DecodeError, self.reading)
            if type(array) is list:
                array = _of_many_types(array, self.reading)
        else:
            array = _single(node, self.reading)
        if self.limits is not DEFAULT_LIMITS:
            shape = array.shape if type(array) is np.ndarray else lists.shape(array)
            self.limits.check(shape, getattr(array, "itemsize", 8), self.payload)
        return array


def _single(node: Any, reading: Reading) -> Array:
    try:
        array: Array = lists.to_array([node], DecodeError, reading)
    except CodecError as error:
        raise type(error)(error.reason, "", error.remedy) from None  # its path is that of a list
    return array.reshape(())


def _of_many_types(nested: list[Any], reading: Reading) -> Array:
    """Convert integers that no integer dtype holds to floats, for a float dtype."""
    flat = lists.scalars(nested)
    if set(map(type, flat)) != {int}:
        raise DecodeError("expected values of one type, got several types")
    if reading.exact:
        raise DecodeError(
            "expected integers of int64 or of uint64, got some below 0 and some beyond int64"
        )
    return np.array(flat, np.float64).reshape(lists.shape(nested))


def _strings(node: Any, *, text: bool) -> Any:
    """Read text and base64, in nested lists or alone, as byte strings."""
    read = _text_of if text else _bytes_of
    if type(node) is not list:
        return from_bytes([read(node)], ())
    flat, shape = _flat(node)
    if set(map(type, flat)) == {str}:
        strings = list(map(str.encode, flat))
    else:
        strings = []
        try:
            strings.extend(map(read, flat))
        except CodecError as error:
            raise error.within(lists.element_path(len(strings), shape)) from None
    return from_bytes(strings, shape)


def _bytes_of(node: Any) -> bytes:
    if type(node) is str:
        return node.encode()
    if type(node) is dict and _is_bytes(node):
        found = node["b64"]  # a long one is decoded already
        return text_to_bytes(found) if type(found) is str else found.tobytes()
    raise DecodeError(f"expected a string or base64, got {shown(node)}")


def _text_of(node: Any) -> bytes:
    """Read a string of a named output, which has other bytes than text under some names only."""
    found = _bytes_of(node)
    if type(node) is dict:
        try:
            found.decode()
        except UnicodeDecodeError:
            remedy = (
                "give an output of bytes a name that ends in _bytes, as TensorFlow Serving does"
            )
            raise DecodeError(
                "expected base64 of UTF-8 text, got other bytes", "", remedy
            ) from None
    return found


def _flat(node: list[Any]) -> tuple[list[Any], tuple[int, ...]]:
    """Return the flat values of nested lists and their shape."""
    shape = [len(node)]
    while True:
        kinds = set(map(type, node))
        if list not in kinds:
            return node, tuple(shape)
        if kinds != {list}:
            row = type(node[0]) is list
            at = next(i for i, item in enumerate(node) if (type(item) is list) is not row)
            reason = (
                f"expected a row of {len(node[0])}, got a single value"
                if row
                else f"expected a single value, got a row of {len(node[at])}"
            )
            raise DecodeError(reason, lists.element_path(at, shape))
        size = len(node[0])
        if set(map(len, node)) != {size}:
            at = next(i for i, item in enumerate(node) if len(item) != size)
            reason = f"expected a row of {size}, got a row of {len(node[at])}"
            raise DecodeError(reason, lists.element_path(at, shape))
        if len(shape) == _MAX_RANK:
            raise DecodeError(f"expected at most {_MAX_RANK} levels of lists, got more")
        shape.append(size)
        node = list(chain.from_iterable(node))


def _tensor_info(name: str, node: Any) -> TensorInfo:
    if not _holds_strings(node):
        return TensorInfo(name, *infer_shape(node))
    flat = [node]
    for _ in range(_MAX_RANK):
        if {type(item) for item in flat} != {list}:
            break
        flat = list(chain.from_iterable(flat))
    strings = all(type(item) is str or (type(item) is dict and _is_bytes(item)) for item in flat)
    return TensorInfo(name, np.dtype("S") if strings else None, lists.shape(node))


def _cast(value: Any, dtype: np.dtype[Any]) -> Any:
    """Return an array as the dtype of the signature, or raise `DecodeError`.

    A number is read as the nearest float of that dtype, be it written as a whole number or not, as
    TensorFlow Serving reads it (by way of float64). What becomes an integer has to be exact.
    """
    if dtype.kind in "SUT":
        return _cast_strings(value, dtype)
    if not isinstance(value, np.ndarray) or (value.dtype.kind == "S" and value.size):
        raise DecodeError(f"expected {dtype}, got strings")
    if value.dtype == dtype:
        return value
    if not value.size:
        return value.astype(dtype)
    if (value.dtype.kind == "b") != (dtype.kind == "b"):
        raise DecodeError(f"expected {dtype}, got {value.dtype}")
    if dtype.kind == "f":
        return in_range(value.astype(np.float64, copy=False), dtype, dtype)
    if value.dtype.kind == "f" and dtype.kind in "iu" and (np.abs(value) >= EXACT).any():
        at = int((np.abs(value) >= EXACT).argmax())
        got = shown(float(value.reshape(-1)[at]))
        reason = f"expected floats below 2**53 for {dtype}, got {got}"
        raise DecodeError(reason, lists.element_path(at, value.shape), "write integers")
    remedy = "leave the array out of signature=, or name another dtype for it"
    return cast(value, dtype, shortest=True, remedy=remedy)


def _dtype_named(wanted: Any) -> np.dtype[Any]:
    """Return the dtype that numpy, ml_dtypes or TensorFlow has by a name."""
    for row in BY_NAME.values() if isinstance(wanted, str) else ():
        if wanted in (row.name, row.dtype):
            return np.dtype("S") if row.number == STRING else dtype_of(row)
    try:
        dtype: np.dtype[Any] = np.dtype(wanted)
    except (TypeError, ValueError, SyntaxError, Warning):
        near = nearest(wanted, [name for row in BY_NAME.values() for name in (row.dtype, row.name)])
        reason = f"expected a dtype of numpy or TensorFlow in signature=, got {shown(wanted)}{near}"
        raise DecodeError(reason) from None
    return dtype


def _cast_strings(value: Any, dtype: np.dtype[Any]) -> Any:
    """Return byte strings as they are, or decoded as UTF-8 text."""
    if isinstance(value, np.ndarray):
        if value.dtype.kind != "S" and value.size:
            raise DecodeError(f"expected strings, got {value.dtype}")
        shape: tuple[int, ...] = value.shape
        items = value.reshape(-1).tolist() if value.size else []
    else:  # byte strings that end in NUL
        shape = lists.shape(value)
        items = lists.scalars(value) if shape else [value]
    if dtype.kind == "S":
        array = value.astype("S") if isinstance(value, np.ndarray) else value
    else:
        array = _text(items).reshape(shape)
    return cast(array, dtype) if dtype.itemsize and isinstance(array, np.ndarray) else array


def _text(items: list[bytes]) -> Array:
    try:
        text = [item.decode() for item in items]
    except UnicodeDecodeError as error:
        raise DecodeError(f"expected UTF-8 text, got other bytes ({error})") from None
    array: Array = lists.to_array(text, DecodeError) if text else np.empty(0, "U1")
    return array
