"""Arrays as TensorFlow Serving writes them in JSON: by rows, or each as a whole.

Source: https://www.tensorflow.org/tfx/serving/api_rest, tensorflow_serving/util/json_tensor.cc
"""

from __future__ import annotations

from functools import partial
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import orjson
import pybase64

from tensorwire import lists
from tensorwire.arrays import FLOAT16, NUMBERS, as_array, to_float64, utf8
from tensorwire.containers.json.numbers import BLOCK, block_count, dumps, texts, words_for_null
from tensorwire.errors import CodecError, EncodeError
from tensorwire.protocols.tfserving.messages import PredictRequest, PredictResponse
from tensorwire.wire.buffers import Texts, buffer_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tensorwire.missing import Words, Writing
    from tensorwire.tree import Array
    from tensorwire.wire.buffers import Part

__all__ = ["few_numbers", "write"]

_FEW = 1024  # elements
_ROWS = {"inputs": b'"instances":', "outputs": b'"predictions":'}


class _Strings(NamedTuple):
    """Strings as they are written, text or an object of base64: flat, in row-major order."""

    items: list[Any]
    shape: tuple[int, ...]


class _How(NamedTuple):
    """How numbers are written: the member of the message, and the words for NaN and infinities."""

    member: str
    words: Words


def write(
    member: str, tensors: Mapping[str, Any], how: Writing, *, rows: bool, lossy: bool
) -> tuple[list[bytes], list[Part]]:
    """Write the arrays of a message, and the bytes around them."""
    columns = {name: _column(tensors[name], member, name, how, lossy=lossy) for name in tensors}
    told = _How(member, how.words)
    bare_one = len(columns) == 1 and (member == "outputs" or "" in columns)
    if rows:
        count = _count(member, columns)
    key = _ROWS[member] if rows else b'"%b":' % member.encode()
    if bare_one:
        ((name, column),) = columns.items()
        return [key, b""], [_whole(column, name, told)]
    if rows:
        return [key, b""], [_objects(columns, count, told)]
    pieces = [b"," + orjson.dumps(name) + b":" for name in columns] or [b","]
    pieces[0] = key + b"{" + pieces[0][1:]
    if not columns:
        return [pieces[0] + b"}"], []
    return [*pieces, b"}"], [_whole(column, name, told) for name, column in columns.items()]


def _count(member: str, columns: Mapping[str, Array | _Strings]) -> int:
    """Give the number of rows, which all arrays share."""
    if not columns:
        raise EncodeError(
            "no arrays: rows cannot say how many they are; rows=False can", f"$.{member}"
        )
    counts = {name: column.shape[0] if column.shape else None for name, column in columns.items()}
    first = next(iter(counts.values()))
    for name, count in counts.items():
        path = _place(member, name)
        if count is None:
            raise EncodeError("one value has no rows; rows=False can carry it", path)
        if count != first:
            reason = f"{count} rows where the first array has {first}; rows=False can carry it"
            raise EncodeError(reason, path)
        if not count and member == "inputs":
            raise EncodeError(
                "no rows, and TensorFlow Serving wants one; rows=False has none", path
            )
    if not first and len(counts) > 1:  # TensorFlow Serving writes [] for all of them
        reason = "no rows, which would lose the names; rows=False has them"
        raise EncodeError(reason, f"$.{member}")
    return first or 0


def _column(value: Any, member: str, name: str, how: Writing, *, lossy: bool) -> Array | _Strings:
    """Check an array, and give it as it is to be written."""
    try:
        if issubclass(type(value), (str, bytes)):  # numpy would drop a NUL at their end
            return _strings([value], (), member, name)
        array = as_array(value, none=how.none)
        if isinstance(array, list):
            flat = lists.scalars(array)
            if not all(isinstance(item, bytes) for item in flat):
                raise lists.mixed(array, "rows that mix types have no dtype in TensorFlow")
            return _strings(flat, lists.shape(array), member, name)
        if array.dtype.kind in "SUT":
            return _strings(utf8(array), _sayable(array, lossy=lossy).shape, member, name)
        if array.dtype.num not in NUMBERS:
            if not lossy:
                reason = f"{array.dtype} is lost in a list of numbers; tfserving/protobuf can carry"
                raise EncodeError(f"{reason} it, and lossy=True rounds it")
            array = to_float64(array, lossy=lossy)
        return _sayable(array, lossy=lossy)
    except CodecError as error:
        raise error.within(_place(member, name)) from None


def _place(member: str, name: str) -> str:
    return f"$.{member}.{name}" if name else f"$.{member}"


def _words(array: Array, name: str, how: _How, block: Array, text: bytes) -> bytes:
    """Put words where orjson wrote null in the text of a block of an array."""
    if b"n" not in text:
        return text
    try:
        return words_for_null(block, text, how.words)
    except KeyError as error:
        word = error.args[0]
        wrong = np.isnan(array) if word == "nan" else array == float(word)
        at = lists.place(int(wrong.argmax()), array.shape)
        reason = f"expected numbers that missing= lets be written, got {word}"
        raise EncodeError(
            f"{reason}; missing='nan' writes it", _place(how.member, name) + at
        ) from None


def _sayable(array: Array, *, lossy: bool) -> Array:
    """Refuse a shape that nested lists cannot say, or cut it off behind its zero."""
    if array.size or 0 not in array.shape[:-1]:
        return array
    if not lossy:
        reason = f"nested lists cannot say the shape {array.shape}; tfserving/protobuf can carry it"
        raise EncodeError(f"{reason}, and lossy=True drops the sizes behind the 0")
    return array.reshape(array.shape[: array.shape.index(0) + 1])


def _strings(
    items: Sequence[str | bytes], shape: tuple[int, ...], member: str, name: str
) -> _Strings:
    """Write strings as text; as base64 where the name says so, or an input that is no text.

    An output that is no text has base64 too where its name is not known.
    """
    try:
        strings = [item.encode() if isinstance(item, str) else item for item in items]
    except UnicodeEncodeError:
        raise EncodeError("a string that is not Unicode text") from None
    # {"b64": "text"} would be read as one array of bytes, not as an array of that name.
    if not name.endswith("_bytes") and (member, name) != ("inputs", "b64"):
        try:
            return _Strings([item.decode() for item in strings], shape)
        except UnicodeDecodeError:
            if member == "outputs" and name:
                reason = "bytes that are no UTF-8 text travel in outputs whose name ends in _bytes"
                raise EncodeError(f"{reason}; tfserving/protobuf can carry them") from None
    return _Strings([{"b64": pybase64.b64encode_as_string(item)} for item in strings], shape)


def _nested(strings: _Strings) -> Any:
    """Return the items in nested lists; a single one alone."""
    made, shape = strings.items, strings.shape
    for axis in range(len(shape) - 1, 0, -1):
        size = shape[axis]
        made = [made[i * size : (i + 1) * size] for i in range(prod(shape[:axis]))]
    return made if shape else made[0]


def _whole(column: Array | _Strings, name: str, how: _How) -> Part:
    """Write all of an array."""
    if isinstance(column, _Strings):
        return orjson.dumps(_nested(column))
    if column.size <= BLOCK:
        return _words(column, name, how, column, dumps(column))
    return Texts(texts(column, partial(_words, column, name, how)), block_count(column))


def _objects(columns: Mapping[str, Array | _Strings], count: int, how: _How) -> Part:
    """Write an object a row, each with its row of every array."""
    if len(columns) == 1:
        ((name, column),) = columns.items()
        if not isinstance(column, _Strings) and column.ndim == 2:
            return _table(name, column, how)
    # What stands between two rows of numbers, first name to last; then the first name again.
    between, rows, end = [], [], b""
    for name, column in columns.items():
        before, texts, behind = _rows(column, name, how)
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


def _table(name: str, table: Array, how: _How) -> Part:
    """Write an object a row: each pair of brackets but the outer one is a row."""
    opening = b"{" + orjson.dumps(name) + b":["
    if table.size <= 2 * BLOCK or table.shape[1] > BLOCK:
        text = (
            bytes(buffer_of(_whole(table, name, how))).replace(b"]", b"]}").replace(b"[", opening)
        )
        return b"".join((b"[", memoryview(text)[len(opening) : -2], b"]"))

    def pieces() -> Iterator[bytes | memoryview]:
        for piece in texts(
            table, partial(_words, table, name, how)
        ):  # an outer bracket, a comma, or whole rows
            rows = len(piece) > 1
            yield bytes(piece).replace(b"]", b"]}").replace(b"[", opening) if rows else piece

    return Texts(pieces(), block_count(table))


def _rows(column: Array | _Strings, name: str, how: _How) -> tuple[bytes, list[bytes], bytes]:
    """Write each row of an array; give also what stands before and behind each of them."""
    if isinstance(column, _Strings):
        return b"", list(map(orjson.dumps, _nested(column))), b""
    # Rows of numbers are cut out of one text.
    text, rank = bytes(buffer_of(_whole(column, name, how))), column.ndim
    if rank == 2:  # [[1,2],[3,4]]: two bytes before each row
        return b"[", [row[2:] for row in text[:-2].split(b"]")], b"]"
    # No row has this between its own parts.
    between = b"]" * (rank - 1) + b"," + b"[" * (rank - 1)
    return b"[" * (rank - 1), text[rank:-rank].split(between), b"]" * (rank - 1)


def few_numbers(message: Any) -> bytes | None:
    """Write a message of one short array of finite numbers; None for any other."""
    kind = type(message)
    try:
        if kind is PredictResponse:
            tensors = message.outputs
        elif kind is PredictRequest and message.signature_name == "" and not message.output_filter:
            tensors = message.inputs
        else:
            return None
    except ValueError:  # of an array, which is none of these
        return None
    if type(tensors) is not dict or len(tensors) != 1:
        return None
    ((name, array),) = tensors.items()
    if type(name) is not str or type(array) is not np.ndarray or not array.ndim:
        return None
    if kind is PredictResponse:  # in which one array has no name
        frame = b'{"predictions":%b}' if message.rows else b'{"outputs":%b}'
    elif name:
        return _named(name, array, rows=message.rows)
    else:
        frame = b'{"instances":%b}' if message.rows else b'{"inputs":%b}'
    text = _numbers(array)
    return None if text is None else frame % text


def _named(name: str, array: Array, *, rows: bool) -> bytes | None:
    if rows and array.ndim > 2 and len(array) > 1:
        return None
    text = _numbers(array)
    if text is None:
        return None
    try:
        key = orjson.dumps(name)
    except TypeError:  # no Unicode text
        return None
    if not rows:
        return b'{"inputs":{%b:%b}}' % (key, text)
    row = b"{%b:" % key
    if len(array) == 1:
        made = b"%b%b}" % (row, text[1:-1])
    elif array.ndim == 1:  # what is put in is not looked at again
        made = b"%b%b}" % (row, text[1:-1].replace(b",", b"}," + row))
    else:
        made = text[1:-1].replace(b"]", b"]}").replace(b"[", row + b"[")
    return b'{"instances":[%b]}' % made


def _numbers(array: Array) -> bytes | None:
    dtype = array.dtype
    if not 0 < array.size <= _FEW or dtype.num not in NUMBERS or dtype.num == FLOAT16:
        return None
    if not dtype.isnative:  # which older releases of orjson take as it stands
        return None
    try:
        text = orjson.dumps(array, None, orjson.OPT_SERIALIZE_NUMPY)
    except TypeError:  # strided
        return None
    return None if b"n" in text else text  # null, where a word belongs
