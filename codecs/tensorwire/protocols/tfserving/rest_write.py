"""Write arrays as TensorFlow Serving's JSON: by rows, or each as a whole.

Source: https://www.tensorflow.org/tfx/serving/api_rest, tensorflow_serving/util/json_tensor.cc
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
import orjson
import pybase64

from tensorwire import lists
from tensorwire.arrays import NUMBERS, as_array, to_float64, utf8
from tensorwire.containers.json.numbers import BLOCK, block_count, texts, write_numbers
from tensorwire.containers.json.small import small_text
from tensorwire.errors import CodecError, EncodeError
from tensorwire.protocols.tfserving.messages import PredictRequest, PredictResponse
from tensorwire.wire.buffers import Texts, buffer_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tensorwire.missing import Words, Writing
    from tensorwire.tree import Array
    from tensorwire.wire.buffers import Part

__all__ = ["small_body", "write"]

_ndarray = np.ndarray
_REMEDY = "pass missing='nan' to write bare words"
_WHOLE = "pass rows=False to write each array as a whole"
_ROWS = {"inputs": b'"instances":', "outputs": b'"predictions":'}


def small_body(message: Any) -> bytes | None:  # noqa: PLR0911 - one for each reason
    """Return the whole body of a message with one small array of finite numbers, else None.

    A body is 14 to 15 bytes around the text that orjson writes for the array::

        {"instances":[[1.5,2.5]]}

    Written here, one value takes 0.45 of the time that `write` takes for it.
    """
    kind = message.__class__
    try:
        if kind is PredictRequest:
            tensors = message.inputs
            if message.signature_name != "" or message.output_filter:
                return None
            form = b'{"instances":%b}' if message.rows else b'{"inputs":%b}'
        elif kind is PredictResponse:
            tensors = message.outputs
            form = b'{"predictions":%b}' if message.rows else b'{"outputs":%b}'
        else:
            return None
        if tensors.__class__ is not dict:
            return None
        (name,) = tensors
        array = tensors[name]
        if type(array) is not _ndarray:
            return None
        text = small_text(array)
        if text is None:
            return None
        if name == "" or (kind is PredictResponse and name.__class__ is str):
            return form % text
        return _small_named(name, array, text, rows=message.rows)
    except (TypeError, ValueError):  # fields of wrong types, or several arrays
        return None


def _small_named(name: Any, array: Array, text: bytes, *, rows: bool) -> bytes | None:
    """Return the body of one named input, whose text orjson wrote."""
    if name.__class__ is not str or (rows and array.ndim > 2 and len(array) > 1):
        return None
    key = orjson.dumps(name)
    if not rows:
        return b'{"inputs":{%b:%b}}' % (key, text)
    row = b"{%b:" % key
    if len(array) == 1:
        made = b"%b%b}" % (row, text[1:-1])
    elif array.ndim == 1:
        made = b"%b%b}" % (row, text[1:-1].replace(b",", b"}," + row))
    else:
        made = text[1:-1].replace(b"]", b"]}").replace(b"[", row + b"[")
    return b'{"instances":[%b]}' % made


def write(
    member: str, tensors: Mapping[str, Any], options: Writing, *, rows: bool, lossy: bool
) -> tuple[list[bytes], list[Part]]:
    """Write the arrays of a message, and the bytes around them."""
    columns = {name: _column(tensors[name], member, name, options, lossy=lossy) for name in tensors}
    bare = len(columns) == 1 and (member == "outputs" or "" in columns)
    if rows:
        count = _count(member, columns)
    key = _ROWS[member] if rows else b'"%b":' % member.encode()
    if bare:
        (column,) = columns.values()
        return [key, b""], [column.whole()]
    if rows:
        return [key, b""], [_objects(columns, count)]
    pieces = [b"," + orjson.dumps(name) + b":" for name in columns] or [b","]
    pieces[0] = key + b"{" + pieces[0][1:]
    if not columns:
        return [pieces[0] + b"}"], []
    return [*pieces, b"}"], [column.whole() for column in columns.values()]


def _count(member: str, columns: Mapping[str, _Column]) -> int:
    """Return the number of rows, which all arrays share."""
    if not columns:
        raise EncodeError("expected an array at least, got none", f"$.{member}", _WHOLE)
    counts = {name: column.shape[0] if column.shape else None for name, column in columns.items()}
    first = next(iter(counts.values()))
    for name, count in counts.items():
        path = _path(member, name)
        if count is None:
            raise EncodeError("expected an array of rows, got one value", path, _WHOLE)
        if count != first:
            reason = f"expected {first} rows, as in the first array, got {count}"
            raise EncodeError(reason, path, _WHOLE)
        if not count and member == "inputs":
            raise EncodeError("expected one row at least, got no rows", path, _WHOLE)
    if not first and len(counts) > 1:  # TensorFlow Serving writes [] for all of them
        reason = "expected rows, which have the names of the arrays, got no rows"
        raise EncodeError(reason, f"$.{member}", _WHOLE)
    return first or 0


def _path(member: str, name: str) -> str:
    return f"$.{member}.{name}" if name else f"$.{member}"


class _Numbers(NamedTuple):
    """An array of numbers or bools, and the words for NaN and infinities in it."""

    array: Array
    words: Words
    path: str

    @property
    def shape(self) -> tuple[int, ...]:
        shape: tuple[int, ...] = self.array.shape
        return shape

    def whole(self) -> Part:
        """Write nested lists of all elements."""
        return write_numbers(self.array, self.words, self.path, _REMEDY)

    def rows(self) -> tuple[bytes, list[bytes], bytes]:
        """Write each row; return also the bytes before and after each of them."""
        # The rows are cut out of one text.
        text, rank = bytes(buffer_of(self.whole())), self.array.ndim
        if rank == 2:  # [[1,2],[3,4]]: two bytes before each row
            return b"[", [row[2:] for row in text[:-2].split(b"]")], b"]"
        # No row has this between its own parts.
        between = b"]" * (rank - 1) + b"," + b"[" * (rank - 1)
        return b"[" * (rank - 1), text[rank:-rank].split(between), b"]" * (rank - 1)

    def table(self, name: str) -> Part:
        """Write an object a row of an array of rank 2: each inner pair of brackets is a row."""
        array, opening = self.array, b"{" + orjson.dumps(name) + b":["
        if array.size <= 2 * BLOCK or array.shape[1] > BLOCK:
            text = bytes(buffer_of(self.whole())).replace(b"]", b"]}").replace(b"[", opening)
            return b"".join((b"[", memoryview(text)[len(opening) : -2], b"]"))

        def pieces() -> Iterator[bytes | memoryview]:
            for piece in texts(array, self.words, self.path, _REMEDY):
                rows = len(piece) > 1  # else the outer bracket, or a comma
                yield bytes(piece).replace(b"]", b"]}").replace(b"[", opening) if rows else piece

        return Texts(pieces(), block_count(array))


class _Strings(NamedTuple):
    """Strings as they are written, text or an object of base64: flat, in row-major order."""

    items: list[Any]
    shape: tuple[int, ...]

    def whole(self) -> bytes:
        """Write nested lists of all strings."""
        return orjson.dumps(self._nested())

    def rows(self) -> tuple[bytes, list[bytes], bytes]:
        """Write each row; there are no bytes before and after them."""
        return b"", list(map(orjson.dumps, self._nested())), b""

    def _nested(self) -> Any:
        """Return the items in nested lists; a single one alone."""
        made, shape = self.items, self.shape
        for axis in range(len(shape) - 1, 0, -1):
            size = shape[axis]
            made = [made[i * size : (i + 1) * size] for i in range(prod(shape[:axis]))]
        return made if shape else made[0]


_Column: TypeAlias = "_Numbers | _Strings"


def _column(value: Any, member: str, name: str, options: Writing, *, lossy: bool) -> _Column:
    """Check an array, and return its writer."""
    path = _path(member, name)
    try:
        if issubclass(type(value), (str, bytes)):  # numpy would drop a NUL at their end
            return _strings([value], (), member, name)
        array = as_array(value, none=options.none)
        if isinstance(array, list):
            flat = lists.scalars(array)
            if not all(isinstance(item, bytes) for item in flat):
                raise lists.mixed(array, "values of one TensorFlow dtype")
            return _strings(flat, lists.shape(array), member, name)
        if array.dtype.kind in "SUT":
            return _strings(utf8(array), _representable(array, lossy=lossy).shape, member, name)
        if array.dtype.num not in NUMBERS:
            if not lossy:
                reason = f"expected a dtype that a list of numbers represents, got {array.dtype}"
                raise EncodeError(reason, "", "use tfserving/protobuf, or pass lossy=True to round")
            array = to_float64(array, lossy=lossy)
        return _Numbers(_representable(array, lossy=lossy), options.words, path)
    except CodecError as error:
        raise error.within(path) from None


def _representable(array: Array, *, lossy: bool) -> Array:
    """Refuse a shape that nested lists cannot represent, or cut it after its first zero."""
    if array.size:
        return array
    lists.check_empty_rows(array.shape)
    if 0 not in array.shape[:-1]:
        return array
    if not lossy:
        reason = f"expected a shape that nested lists represent, got {array.shape}"
        remedy = "use tfserving/protobuf, or pass lossy=True to drop the sizes behind the 0"
        raise EncodeError(reason, "", remedy)
    return array.reshape(array.shape[: array.shape.index(0) + 1])


def _strings(
    items: Sequence[str | bytes], shape: tuple[int, ...], member: str, name: str
) -> _Strings:
    """Write strings as text; as base64 where a name ends in _bytes, or an input is not text.

    An output that is not text has base64 too where its name is not known.
    """
    try:
        strings = [item.encode() if isinstance(item, str) else item for item in items]
    except UnicodeEncodeError:
        raise EncodeError("expected Unicode text, got a string with surrogates") from None
    # {"b64": "text"} would be read as one array of bytes, not as an array of that name.
    if not name.endswith("_bytes") and (member, name) != ("inputs", "b64"):
        try:
            return _Strings([item.decode() for item in strings], shape)
        except UnicodeDecodeError:
            if member == "outputs" and name:
                remedy = "end the name of the output in _bytes, or use tfserving/protobuf"
                reason = "expected UTF-8 text, got other bytes"
                raise EncodeError(reason, "", remedy) from None
    return _Strings([{"b64": pybase64.b64encode_as_string(item)} for item in strings], shape)


def _objects(columns: Mapping[str, _Column], count: int) -> Part:
    """Write an object a row, each with its row of every array."""
    if len(columns) == 1:
        ((name, column),) = columns.items()
        if isinstance(column, _Numbers) and column.array.ndim == 2:
            return column.table(name)
    # What is between two rows of numbers, first name to last; then the first name again.
    between, rows, end = [], [], b""
    for name, column in columns.items():
        before, texts, behind = column.rows()
        between.append(end + b"," + orjson.dumps(name) + b":" + before)
        rows.append(texts)
        end = behind
    first = between[0][1:]
    between[0] = end + b"},{" + first
    if len(rows) == 1:
        return b"[{" + first + between[0].join(rows[0]) + end + b"}]"
    step = 2 * len(rows)
    pieces = [b""] * (step * count + 1)
    for i, texts in enumerate(rows):
        pieces[2 * i : -1 : step] = [between[i]] * count
        pieces[2 * i + 1 :: step] = texts
    pieces[0], pieces[-1] = b"[{" + first, end + b"}]"
    return b"".join(pieces)
