"""NaN and infinities as TensorFlow Serving has them in JSON: bare words, which no JSON knows.

On their way in, words become numbers that nobody else writes, so that the usual parsers read the
text, and fast; in the array, those numbers become what the words said.
Source: https://www.tensorflow.org/tfx/serving/api_rest (JSON conformance)
"""

from __future__ import annotations

from os import urandom
from typing import TYPE_CHECKING

import numpy as np

from tensorwire.wire.jsontext import words_for_null

if TYPE_CHECKING:
    from tensorwire.tree import Array

__all__ = ["bare", "restore", "without_words"]

_WORDS = {"nan": b"NaN", "inf": b"Infinity", "-inf": b"-Infinity"}
# Each ends in a space and begins with a sign, so that what was no JSON is none afterwards.
_DIGITS = 10**6 + int.from_bytes(urandom(8), "big") % (9 * 10**6)
_NUMBERS = [  # in this order: one word is the end of another
    (b"-Infinity", b"-%de71 " % _DIGITS, -np.inf),
    (b"Infinity", b"-%de73 " % _DIGITS, np.inf),
    (b"NaN", b"-%de79 " % _DIGITS, np.nan),
]
_VALUES = [(float(text), value) for _, text, value in _NUMBERS]


def bare(block: Array, text: bytes) -> bytes:
    """Put words where orjson wrote null in the text of a block of numbers."""
    return words_for_null(block, text, _WORDS) if b"n" in text else text


def without_words(body: bytes) -> bytes:
    """Put numbers where words stand outside of strings; the same bytes where there are none."""
    # One letter is found at the speed of memory, and is in no text of finite numbers.
    if b"N" not in body and b"I" not in body:
        return body
    if b"NaN" not in body and b"Infinity" not in body:
        return body
    pieces = body.split(b'"')
    inside = False
    for i, piece in enumerate(pieces):
        if inside:  # up to the next quote that is not escaped
            inside = (len(piece) - len(piece.rstrip(b"\\"))) % 2 == 1
            continue
        for word, number, _ in _NUMBERS:
            piece = piece.replace(word, number)  # noqa: PLW2901
        pieces[i] = piece
        inside = True
    return b'"'.join(pieces)


def restore(array: Array) -> Array:
    """Put NaN and infinities where the numbers of `without_words` stand in an array."""
    if array.dtype == np.float64:
        for number, value in _VALUES:
            array[array == number] = value
    return array
