"""What is in JSON text beyond orjson, held to Python's json."""

import json
from typing import Any

import numpy as np
import orjson
import pytest

from tensorwire.containers.json.numbers import NumbersText
from tensorwire.containers.json.scan import (
    has_words,
    infer_shape,
    loads_exactly,
    long_members,
    too_large,
)
from tensorwire.errors import DecodeError
from tensorwire.lists import check_numbers
from tensorwire.missing import Reading
from tensorwire.tree import ARRAY, ArrayPlaces

WORDS = Reading(words=True)
PLACES = ArrayPlaces({"a": {ARRAY: True}, "b": {"c": {ARRAY: True}}})
LONG = "[" + "1.5," * 2000 + "2.5]"


def test_long_members_are_found_by_name() -> None:
    """Where each begins and ends; short ones, and members of other names, are left."""
    body = json.dumps({"x": 1, "a": [1.5] * 3000, "b": {"c": [2.5] * 3000, "d": "e"}}).encode()
    spans = long_members(body, PLACES)
    assert [json.loads(body[start:stop]) for start, stop in spans] == [[1.5] * 3000, [2.5] * 3000]
    for other in (f'{{"z":{LONG}}}', '{"a":[1.5]}', "[]", "{}", '{"a":{"c":1}', '{"a'):
        assert long_members(other.encode(), PLACES) == []
    text = json.dumps({"a": "QUJD" * 2000}).encode()
    ((start, stop),) = long_members(text, PLACES)
    assert json.loads(text[start:stop]) == "QUJD" * 2000
    assert len(long_members(f'{{"anything":{LONG}}}'.encode(), ArrayPlaces({"*": {ARRAY: 1}}))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        "[NaN]",
        "[1, -Infinity , Infinity]",
        '{"a": NaN, "b": ["NaN", "Infinity", "-Infinity"]}',
        '{"NaN": NaN}',
        r'["\"NaN", NaN, "\\", "NaN,NaN", Infinity]',
        r'["\u004eaN", NaN]',
        '["x", 1.5]',
        "[9223372036854775807, -9223372036854775808, 18446744073709551615, NaN]",
        '["18446744073709551616", NaN]',
        "[18446744073709551616.5, 1e40, NaN]",
    ],
)
def test_words_are_read_as_python_does(text: str) -> None:
    """Outside of strings they are floats, inside they are text."""
    found = loads_exactly(text.encode(), WORDS)
    assert repr(found) == repr(json.loads(text))
    assert has_words(text.encode()) == ("NaN" in text or "Infinity" in text)


@pytest.mark.parametrize(
    ("text", "path", "got"),
    [
        ("[1.5,NaN]", "$[1]", "bare word NaN"),
        ('{"a":{"b":[0,-Infinity]}}', "$.a.b[1]", "bare word -Infinity"),
        ("[18446744073709551616,NaN]", "$[1]", "bare word NaN"),
    ],
)
def test_what_is_refused_has_its_path(text: str, path: str, got: str) -> None:
    """A word that is not allowed."""
    with pytest.raises(DecodeError, match="expected ") as error:
        loads_exactly(text.encode(), Reading())
    assert error.value.path == path
    assert error.value.reason.endswith(got)
    assert error.value.remedy


@pytest.mark.parametrize(
    ("text", "path", "got"),
    [
        ("[18446744073709551616]", "$[0]", "18446744073709551616"),
        ("[-9223372036854775809]", "$[0]", "-9223372036854775809"),
        ('{"a":[1,99999999999999999999]}', "$.a[1]", "99999999999999999999"),
        ('{"a":[{"b":1}],"c":[[1e30],{"d":18446744073709551616}]}', "$.c[1].d", "709551616"),
        ("[" + "9" * 50 + "]", "$[0]", "one of 50 digits"),
    ],
)
def test_an_integer_beyond_64_bits_is_refused_where_it_is_read(
    text: str, path: str, got: str
) -> None:
    """It is marked in the tree, with its digits."""
    tree = loads_exactly(text.encode(), Reading())
    check_numbers(tree, Reading())
    with pytest.raises(DecodeError, match="expected an integer of 64 bits") as error:
        check_numbers(tree, Reading(marked=True), path="$")
    assert error.value.path == path
    assert error.value.reason.endswith(got)
    assert error.value.remedy


@pytest.mark.parametrize(
    "text", ["[NaNN]", "[aNaN]", "[1 NaN]", "{NaN:1}", "[--Infinity]", "[", ""]
)
def test_other_text_is_no_json(text: str) -> None:
    """As Python's json and orjson say, too."""
    for parse in (lambda t: loads_exactly(t.encode(), WORDS), json.loads):
        with pytest.raises(ValueError):  # noqa: PT011 - of either parser
            parse(text)


@pytest.mark.parametrize(
    ("text", "got"), [("[1e999]", "got 1e999 "), ("[1" + "0" * 400 + "]", "of 401 characters")]
)
def test_a_number_beyond_float64(text: str, got: str) -> None:
    """The text of the number, or its length."""
    with pytest.raises(orjson.JSONDecodeError) as error:
        orjson.loads(text)
    assert got in too_large(error.value)


@pytest.mark.parametrize(
    "value",
    [
        [1.5],
        [[1, 2], [3, 4]],
        [[[1.5]], [[2.5]]],
        [True, False],
        [[True], [False]],
        [1, 2.5],
        [2**63],
        [[[[1, 2]] * 3] * 2],
        ["a"],
        5,
    ],
    ids=repr,
)
def test_the_shape_is_that_of_numpy(value: Any) -> None:
    """Of lists that were read, and of text of which nothing was read."""
    array = np.array(value if isinstance(value, list) else [value])
    dtype, shape = infer_shape(value)
    assert dtype == array.dtype
    assert shape == np.shape(value)
    if isinstance(value, list) and array.dtype.kind != "U":
        for text in (json.dumps(value), json.dumps(value, separators=(",", ":"))):
            assert infer_shape(NumbersText(text.encode(), 0, len(text))) == (
                array.dtype,
                array.shape,
            )


def test_a_value_that_a_decoder_refuses_has_no_dtype() -> None:
    """Nulls, and rows that mix types."""
    assert infer_shape([1, None]) == (None, (2,))
    assert infer_shape([1, "a"]) == (None, (2,))
