"""Arrays of numbers as JSON text and back, a block at a time.

orjson writes, simdjson reads. A block is small enough to stay in the processor's cache, and what a
parser needs beside the array stays in proportion to a block, not to the payload.
"""

from __future__ import annotations

from itertools import chain
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from tensorwire import lists
from tensorwire.arrays import EXACT, FLOAT16, decimal_twin
from tensorwire.errors import DecodeError, EncodeError
from tensorwire.missing import NULLS, VERIFIED
from tensorwire.tree import Irregular, check_out
from tensorwire.wire.buffers import Texts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeAlias

    from tensorwire.limits import Limits
    from tensorwire.missing import Reading, Words
    from tensorwire.tree import Array
    from tensorwire.wire.buffers import Part

    _Whole: TypeAlias = tuple[Array, str, str]  # an array, its path, and what to do

__all__ = ["BLOCK", "NumbersText", "block_count", "find_word", "texts", "write_numbers"]

BLOCK = 1280  # float64 values: some 25 kB of text, which fits in orjson's buffer of 32 kB
_MAX_RANK = 64  # numpy's
_READ_BLOCK = 24 << 10  # bytes of text
_N = ord("n")  # of null: `in` is faster for an int
_DIGITS = [b"%d" % digit for digit in range(10)]
_SAFE = float(EXACT) ** 2  # the sum of squares is below it where no integer can have been rounded
_GAPS = np.isin(np.arange(256), list(b"[], \t\r\n"))  # bytes that may be next to a word


def write_numbers(
    array: Array, words: Words, path: str = "", remedy: str = "", *, source: Array | None = None
) -> Part:
    """Write an array of numbers as nested lists.

    Each float is the shortest decimal that reads back to the same bits in its own dtype. `words`
    has the text of ``nan``, ``inf`` and ``-inf``; a number without a word raises `EncodeError` with
    its path below `path`, and with `remedy`. The path is that of the number in `source`, the array
    before it was flattened.
    """
    whole = array if source is None else source, path, remedy
    if array.size <= BLOCK:
        return _text(array, words, whole)
    return Texts(_texts(array, words, whole), block_count(array))


def texts(
    array: Array, words: Words, path: str = "", remedy: str = ""
) -> Iterator[bytes | memoryview]:
    """Write as `write_numbers` does, in pieces: brackets, commas, and blocks of whole rows."""
    return _texts(array, words, (array, path, remedy))


def _texts(array: Array, words: Words, whole: _Whole) -> Iterator[bytes | memoryview]:
    most, outer = _block_size(array), 0
    while array.ndim and array.size > most and len(array) == 1:
        array, outer = array[0], outer + 1
    if outer:
        yield b"[" * outer
        yield from _texts(array, words, whole)
        yield b"]" * outer
        return
    if array.size <= most or not array.ndim:
        yield _text(array, words, whole)
        return
    step = most * len(array) // array.size
    yield b"["
    for start in range(0, len(array), step or 1):
        if start:
            yield b","
        if step:
            yield memoryview(_text(array[start : start + step], words, whole))[1:-1]
        else:
            yield from _texts(array[start], words, whole)
    yield b"]"


def _text(block: Array, words: Words, whole: _Whole) -> bytes:
    """Write some rows; orjson writes null for what is not finite."""
    text = dumps(block)
    if _N not in text or words == NULLS:
        return text
    try:
        return _words_for_null(block, text, words)
    except KeyError as error:
        array, path, remedy = whole
        word = error.args[0]
        wrong = np.isnan(array) if word == "nan" else array == float(word)
        at = path + lists.element_path(int(wrong.argmax()), array.shape)
        raise EncodeError(f"expected numbers that JSON has, got {word}", at, remedy) from None


def _block_size(array: Array) -> int:
    return BLOCK if array.dtype == np.float64 else 2 * BLOCK  # other dtypes have shorter text


def block_count(array: Array) -> float:
    """Return the number of blocks that `texts` yields, in units of its first block."""
    most, size = _block_size(array), array.size
    while array.size > most * len(array):
        array = array[0]
    return size / (most * len(array) // array.size * (array.size // len(array)))


def dumps(array: Array) -> bytes:
    """Write an array of numbers in one piece."""
    if array.dtype.num == FLOAT16:
        array = decimal_twin(array)
    if not array.dtype.isnative:  # older releases of orjson do not swap the bytes
        array = array.astype(array.dtype.newbyteorder("="))
    try:
        return orjson.dumps(array, option=orjson.OPT_SERIALIZE_NUMPY)
    except TypeError:  # of rank 0, or strided
        text = orjson.dumps(np.ascontiguousarray(array), option=orjson.OPT_SERIALIZE_NUMPY)
        return text if array.ndim else text[1:-1]


class NumbersText:
    """Nested lists of numbers that lie in `body` from `start` to `stop`.

    Attributes
    ----------
    options
        the options of the reader; they may be changed before `read` is called.
    """

    __slots__ = ("_body", "_start", "_stop", "options")

    def __init__(self, body: bytes, start: int, stop: int, options: Reading = VERIFIED) -> None:
        self._body, self._start, self._stop, self.options = body, start, stop, options

    @property
    def text(self) -> bytes:
        """The text of the lists."""
        return self._body[self._start : self._stop]

    def read(self, limits: Limits, out: Array | None = None) -> Array:
        """Read int64, uint64 or float64, by the form of the numbers.

        Raises `Irregular` for text other than rows of numbers, and `DecodeError` for an integer
        among floats that float64 would round.
        """
        body, start, stop, options = self._body, self._start, self._stop, self.options
        floats = self._has(b".", b"e", b"E")
        try:
            array = _Reader(body, "d" if floats else "i", options).read(start, stop)
        except Irregular:
            kind = self._other_kind(floats=floats)
            array = _Reader(body, kind, options, words=kind == "d").read(start, stop)
        limits.check(array.shape, array.itemsize, len(body))
        if out is None:
            return array
        check_out(out, array.shape, array.dtype)
        out[...] = array
        return out

    def _has(self, *parts: bytes) -> bool:
        return any(self._body.find(part, self._start, self._stop) >= 0 for part in parts)

    def _other_kind(self, *, floats: bool) -> str:
        """Return the kind of text that is neither plain floats nor int64; or raise `Irregular`."""
        options = self.options
        if options.words and self._has(b"N", b"I"):
            return "d"
        if options.null and self._has(b"null"):
            alone = not self._has(*_DIGITS)
            if floats or alone or int in options.also:
                return "d"
        if floats:
            raise Irregular
        return "u"


class _Reader:
    """One pass over the text, which parses blocks and appends their values to an array.

    With `words`, null and bare words may be among the numbers.
    """

    def __init__(self, body: bytes, kind: str, options: Reading, *, words: bool = False) -> None:
        try:
            import simdjson  # optional: not on every Python
        except ImportError:
            raise Irregular from None
        self._parser = simdjson.Parser()
        self._body = body
        self._bytes = np.frombuffer(body, np.uint8)
        self._kind = kind
        self._out = np.empty(0, {"d": np.float64, "i": np.int64, "u": np.uint64}[kind])
        self._count = 0
        self._options, self._words = options, words
        self._rounded: tuple[int, int] | None = None

    def read(self, start: int, stop: int) -> Array:
        """Read the whole array."""
        body = self._body
        rank = start
        while body[rank] == 0x5B:
            rank += 1
        rank -= start
        if rank > _MAX_RANK:
            raise Irregular
        comma = body.find(b",", start, stop)
        self._gap = b", " if body[comma : comma + 2] == b", " else b","
        self._start, self._stop = start, stop
        try:
            shape = self._rows(start + 1, stop - 1, rank)
        except (ValueError, TypeError, RuntimeError, IndexError):
            raise Irregular from None
        if self._rounded is not None:
            at, number = self._rounded
            raise lists.rounding_error(number, DecodeError, lists.element_path(at, shape))
        spare = self._out.size - self._count
        values = self._out[: self._count]
        return (values.copy() if spare > self._count // 16 else values).reshape(shape)

    def _rows(self, start: int, stop: int, rank: int) -> tuple[int, ...]:
        """Read the rows inside one pair of brackets; return their shape."""
        body, gap = self._body, self._gap
        close = b"]" * (rank - 1)
        between = close + gap + b"[" * (rank - 1)
        count, inner = 0, None
        while True:
            end = stop
            if stop - start > _READ_BLOCK:
                end = body.rfind(between, start, start + _READ_BLOCK) + len(close)
            if end < start + len(close):  # a single row is longer than a block
                end = body.find(close or gap, start, stop) + len(close)
                if rank == 1 or end < start or body[start] != 0x5B:
                    raise Irregular
                shape: tuple[int, ...] = (1, *self._rows(start + 1, end - 1, rank - 1))
            else:
                shape = self._block(start, end, rank)
            if inner not in (None, shape[1:]):
                raise Irregular
            count, inner = count + shape[0], shape[1:]
            if end == stop:
                return (count, *inner)
            if body[end : end + len(gap)] != gap:
                raise Irregular
            start = end + len(gap)

    def _block(self, start: int, end: int, rank: int) -> tuple[int, ...]:
        """Read some rows of the same rank: simdjson checks the syntax, this method the shape."""
        text, holes = self._body[start:end], None
        if self._words:
            text, holes = _without_words(text, self._options)
        rows: Any = self._parser.parse(b"[%b]" % text)
        shape, brackets, level = [len(rows)], 0, rows
        for depth in range(rank - 1):
            if depth:
                level = list(chain.from_iterable(level))
            brackets += prod(shape)
            (length,) = set(map(len, level))
            shape.append(length)
        # The buffer is flat: only the number of brackets shows a list that is nested too deep.
        if np.count_nonzero(self._bytes[start:end] == 0x5B) != brackets or not prod(shape):
            raise Irregular
        values = np.frombuffer(rows.as_buffer(of_type=self._kind), self._out.dtype)
        if self._kind == "d" and not np.vdot(values, values) < _SAFE and self._options.exact:
            self._check_integers(text, values)
        count = self._count + values.size
        if count > self._out.size:
            share = (end - self._start) / (self._stop - self._start)
            grown = np.empty(max(count, int(count / share * 1.01) + 64), self._out.dtype)
            grown[: self._count] = self._out[: self._count]
            self._out = grown
        self._out[self._count : count] = values
        if holes is not None:
            self._out[self._count + holes[0]] = holes[1]
        self._count = count
        return tuple(shape)

    def _check_integers(self, text: bytes, values: Array) -> None:
        """Find the first integer that float64 rounds, in a block with large values."""
        if self._rounded is not None or text.count(b".") == values.size:
            return
        data = np.frombuffer(text, np.uint8)
        stops = np.append(np.flatnonzero(data == 0x2C), data.size)
        if stops.size != values.size:
            raise Irregular
        marks = np.flatnonzero((data == 0x2E) | (data | 0x20 == 0x65))  # `.`, `e` and `E`
        floats = np.diff(np.searchsorted(marks, stops), prepend=0) > 0
        for at in np.flatnonzero(~floats & ~(np.abs(values) < EXACT)).tolist():
            start = stops[at - 1] + 1 if at else 0
            number = int(text[start : stops[at]].strip(b"[] \t\r\n"))
            if lists.rounds(number):
                self._rounded = self._count + at, number
                return


def _without_words(text: bytes, options: Reading) -> tuple[bytes, tuple[Array, Array]]:
    """Replace words in a text of numbers by 0; return the text, and index and value of each."""
    data = np.frombuffer(text, np.uint8).copy()
    commas = np.flatnonzero(data == 0x2C)  # the commas before a number are its index
    numbers, values = [np.empty(0, np.intp)], [np.empty(0)]
    for word, value, allowed in (
        (b"Infinity", np.inf, options.words),
        (b"NaN", np.nan, options.words),
        (b"null", np.nan, options.null),
    ):
        if not allowed or word not in text:
            continue
        at = find_word(data, word)
        minus = (at > 0) & (data[at - 1] == 0x2D) & np.isinf(value)
        before, after = at - minus - 1, at + len(word)
        if not _GAPS[data[before[before >= 0]]].all():
            raise Irregular
        if not _GAPS[data[after[after < data.size]]].all():
            raise Irregular
        for i in range(len(word)):
            data[at + i] = 0x20 if i else 0x30
        numbers.append(np.searchsorted(commas, at))
        values.append(np.where(minus, -value, value))
    return data.tobytes(), (np.concatenate(numbers), np.concatenate(values))


def find_word(data: Array, word: bytes) -> Array:
    """Return the offsets at which a word begins in text."""
    at = np.flatnonzero(data[: max(0, data.size - len(word) + 1)] == word[0])
    for i, byte in enumerate(word):
        at = at[data[at + i] == byte]
    return at


def _words_for_null(block: Array, text: bytes, words: Words) -> bytes:
    """Replace each null of a text by the word of its number."""
    found = [words[str(number)] for number in block[~np.isfinite(block)].tolist()]
    pieces = text.split(b"null")
    return pieces[0] + b"".join(map(b"".join, zip(found, pieces[1:], strict=True)))
