"""Numbers as JSON text and back, held to json, orjson and numpy."""

import json
from typing import Any

import numpy as np
import orjson
import pytest

from tensorwire.containers.json.numbers import BLOCK, NumbersText, find_word, write_numbers
from tensorwire.errors import DecodeError, EncodeError, LimitError
from tensorwire.limits import DEFAULT_LIMITS, Limits
from tensorwire.missing import BARE, FINITE, NAN_AS_NULL, NULLS, Reading
from tensorwire.tree import Irregular
from tensorwire.wire.buffers import buffer_of

simdjson = pytest.importorskip("simdjson")

SHAPES = [
    (1,),
    (7,),
    (2, 3),
    (BLOCK + 1,),
    (3, BLOCK),
    (40, 3, 50),
    (1, 1, 9000),
    (9000, 1),
    (2, 0),
]
WORDS = {"NaN": np.nan, "Infinity": np.inf, "-Infinity": -np.inf}


def text_of(array: Any, words: Any = FINITE) -> bytes:
    """Return the whole text."""
    return bytes(buffer_of(write_numbers(array, words)))


def read(text: bytes, **options: Any) -> Any:
    """Read numbers that have other text around them."""
    return NumbersText(b'{"a":' + text + b"}", 5, 5 + len(text), Reading(**options)).read(
        DEFAULT_LIMITS
    )


@pytest.mark.parametrize("dtype", ["f8", "f4", "i8", "u8", "i1", "?", ">f8", ">i4"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_text_is_that_of_orjson(shape: tuple[int, ...], dtype: str) -> None:
    """In one block or in many, of any memory order."""
    array = (np.random.default_rng(2).standard_normal(shape) * 100).astype(dtype)
    native = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("="))
    wanted = orjson.dumps(native, option=orjson.OPT_SERIALIZE_NUMPY)
    for given in (array, np.asfortranarray(array), np.repeat(array, 2, 0)[::2]):
        assert text_of(given) == wanted


@pytest.mark.parametrize("dtype", ["f8", "i8", "u8"])
@pytest.mark.parametrize("shape", [shape for shape in SHAPES if 0 not in shape], ids=str)
def test_text_is_read_back(shape: tuple[int, ...], dtype: str) -> None:
    """By its own dtype: floats, int64, or uint64 where a number needs it."""
    array = (np.random.default_rng(2).standard_normal(shape) * 100).astype(dtype)
    if dtype == "u8":
        array = np.abs(array.astype("i8")).astype("u8")
        array.reshape(-1)[-1] = 2**64 - 1
    spaced = json.dumps(array.tolist()).encode()
    for text in (text_of(array), spaced):
        found = read(text)
        assert found.dtype == array.dtype
        assert np.array_equal(found, array)


@pytest.mark.parametrize("count", [3, BLOCK, 3 * BLOCK])
def test_words_are_in_their_places(count: int) -> None:
    """Each word is that of its number; without one, the error has the path of the first."""
    array = np.arange(float(count))
    array[1], array[count // 2 + 1], array[-1] = np.nan, np.inf, -np.inf
    assert np.array_equal(json.loads(text_of(array, BARE)), array, equal_nan=True)
    null = json.loads(text_of(array, NULLS))
    assert [i for i, item in enumerate(null) if item is None] == sorted(
        {1, count // 2 + 1, count - 1}
    )
    for words, word in ((FINITE, "nan"), (NAN_AS_NULL, "-inf" if count == 3 else "inf")):
        at = int(np.argmax(np.isnan(array) if word == "nan" else array == float(word)))
        with pytest.raises(EncodeError, match=f"got {word}") as error:
            buffer_of(write_numbers(array.reshape(1, -1), words, "$.a", "do this"))
        assert (error.value.path, error.value.remedy) == (f"$.a[0][{at}]", "do this")


@pytest.mark.parametrize("count", [1, 3000])
def test_bare_words_and_null_are_read_where_they_may_be(count: int) -> None:
    """Else a general parser decides."""
    for word, value in WORDS.items():
        text = f"[{'1.5,' * count}{word}]".encode()
        assert np.array_equal(read(text, words=True), [1.5] * count + [value], equal_nan=True)
        with pytest.raises(Irregular):
            read(text)
    text = b"[" + b"1.5," * count + b"null]"
    assert np.isnan(read(text, null=True)[-1])
    with pytest.raises(Irregular):
        read(text)


@pytest.mark.parametrize(
    "text",
    [
        "[1,[2]]",
        "[[1],[2,3]]",
        "[[1],2]",
        "[[[1]],[2]]",
        "[1,]",
        "[1 2]",
        '["1"]',
        "[true]",
        "[01]",
        "[1e999]",
        "[]",
        "[[]]",
        "[" * 65 + "1" + "]" * 65,
        "[18446744073709551616]",
        "[-9223372036854775809]",
    ],
)
def test_other_text_is_irregular(text: str) -> None:
    """What is not plain rows of numbers is for a general parser, in short text and in long."""
    with pytest.raises(Irregular):
        read(text.encode())
    with pytest.raises(Irregular):
        read(f"[{'[1],' * 9000}{text}]".encode())


def test_an_integer_that_float64_rounds() -> None:
    """It has its path; one that is exact is read."""
    for text, path in (
        ("[1.5,9007199254740993]", "$[1]"),
        ("[[0.5],[9007199254740993]]", "$[1][0]"),
    ):
        with pytest.raises(DecodeError, match="got 9007199254740993") as error:
            read(text.encode())
        assert error.value.path == path
    assert read(b"[1.5,9007199254740994]").tolist() == [1.5, 9007199254740994.0]
    assert read(b"[1.5,9007199254740993]", exact=False).tolist() == [1.5, 9007199254740992.0]


def test_limits_and_out() -> None:
    """The claims are checked, and `out` is filled."""
    source = NumbersText(b"[1.5,2.5]", 0, 9)
    with pytest.raises(LimitError):
        source.read(Limits(max_elements=1))
    out = np.zeros(2)
    assert source.read(DEFAULT_LIMITS, out) is out
    assert out.tolist() == [1.5, 2.5]
    with pytest.raises(DecodeError, match="for out="):
        source.read(DEFAULT_LIMITS, np.zeros(3))


def test_the_places_of_a_word() -> None:
    """Overlapping ones too, and none in text that is shorter."""
    data = np.frombuffer(b"NaNaN NaN", np.uint8)
    assert find_word(data, b"NaN").tolist() == [0, 2, 6]
    assert find_word(data[:2], b"NaN").tolist() == []
