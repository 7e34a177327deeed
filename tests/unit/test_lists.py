"""Nested lists and arrays, held to numpy."""

from typing import Any

import numpy as np
import pytest

from tensorwire import lists
from tensorwire.errors import DecodeError, EncodeError
from tensorwire.missing import VERIFIED, Reading, Unverified
from tests.support.nesting import nested

NULL = Reading(null=True, rows=True)


@pytest.mark.parametrize(
    "nested",
    [
        [1.5],
        [1, 2],
        [[1, 2], [3, 4]],
        [[1.5, 2], [3, 4]],
        [[[[-1]]]],
        [True, False],
        [[True], [False]],
        ["a", "bc"],
        [b"a", b"bc"],
        [2**63 - 1, -(2**63)],
        [0.1] * 100,
        [list(range(50))] * 50,
        [1j, 2.5, 3],
        [np.float32(1.5), np.float32(2.5)],
    ],
    ids=lambda nested: repr(nested)[:20],
)
def test_an_array_is_that_of_numpy(nested: Any) -> None:
    """The same dtype, shape and values, for writing and for reading."""
    wanted = np.array(nested)
    for error in (EncodeError, DecodeError):
        found = lists.to_array(nested, error)
        assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
        assert np.array_equal(found, wanted)
    assert lists.shape(nested) == wanted.shape
    assert lists.rank(nested) == wanted.ndim
    assert lists.scalars(nested) == wanted.reshape(-1).tolist()


@pytest.mark.parametrize("nested", [[0, 2**64 - 1], [[2**63]]], ids=repr)
def test_large_integers_are_unsigned(nested: Any) -> None:
    """Where int64 does not hold them, and uint64 does."""
    found = lists.to_array(nested, DecodeError)
    assert found.dtype == np.uint64
    assert found.tolist() == nested


@pytest.mark.parametrize(
    "nested", [[1, "a"], [[1, True]], [-1, 2**63], [2**64], [b"a\0"], ["a", b"b"]], ids=repr
)
def test_what_no_dtype_holds_stays_lists(nested: Any) -> None:
    """Numpy would change a value to make an array of it."""
    assert lists.to_array(nested, DecodeError) is nested


@pytest.mark.parametrize(
    ("nested", "path", "reason"),
    [
        ([[1, 2], [3]], "$[1]", "expected a row of 2 items, got a row of 1"),
        ([[1], 2], "$[1]", "expected a row of 1 item, got 2"),
        ([1, [2]], "$[1]", "expected a single value, got a row of 1 item"),
        ([{}], "$[0]", "expected a number, bool, string or bytes, got dict"),
        ([[1.5, 2**53 + 1]], "$[0][1]", "beside floats, got 9007199254740993"),
        ([1j, 2**53 + 1], "$[1]", "beside complex numbers, got 9007199254740993"),
        ([1.5, None], "$[1]", "expected numbers, got "),
        ([1, None], "$[1]", "got "),
    ],
    ids=repr,
)
def test_what_is_refused_has_its_path(nested: Any, path: str, reason: str) -> None:
    """What was expected and what came, at the first place."""
    for error in (EncodeError, DecodeError):
        with pytest.raises(error) as caught:
            lists.to_array(nested, error)
        assert caught.value.path == path
        assert reason in caught.value.reason


@pytest.mark.parametrize("depth", [64, 65, 5000])
def test_depth_is_bounded(depth: int) -> None:
    """As numpy bounds it, and without a call for each level."""
    value = nested(depth)
    if depth <= 64:
        assert lists.to_array(value, DecodeError).shape == (1,) * depth
        return
    with pytest.raises(DecodeError, match="at most 64 nested lists"):
        lists.to_array(value, DecodeError)


def test_null_is_nan_where_that_is_allowed() -> None:
    """Among floats and alone; among integers where the field is one of floats; in rows it stays."""
    nan = float("nan")
    assert np.array_equal(
        lists.to_array([1.5, None], DecodeError, NULL), [1.5, nan], equal_nan=True
    )
    assert np.isnan(lists.to_array([[None]], DecodeError, NULL)).all()
    assert lists.to_array(["a", None], DecodeError, NULL) == ["a", None]
    found = lists.to_array([1, None], DecodeError, NULL, floats=True)
    assert np.array_equal(found, [1.0, nan], equal_nan=True)
    with pytest.raises(DecodeError, match="expected integers, got null"):
        lists.to_array([1, None], DecodeError, NULL)


def test_floats_that_may_have_been_integers_are_unverified() -> None:
    """A parser without big integers made floats of them: the text is to be read again."""
    options = VERIFIED._replace(verified=False)
    for rows in ([1e19], [[1.5, -1e300]], ["a", 1e19]):
        with pytest.raises(Unverified):
            lists.to_array(rows, DecodeError, options)
        with pytest.raises(Unverified):
            lists.check_numbers(rows, options)
    for good in ([1.5, 2.0**62], [True], ["1e19"]):
        lists.to_array(good, DecodeError, options)
        lists.check_numbers({"a": good}, options)
    with pytest.raises(Unverified):
        lists.check_numbers([], options, 1 << 20)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (["1", "2"], [1, 2]),
        (["NaN", "-Infinity", 1.5], [float("nan"), float("-inf"), 1.5]),
        (["18446744073709551615"], [2**64 - 1]),
        ([1.5], [1.5]),
        ([], []),
    ],
    ids=repr,
)
def test_quoted_numbers(given: Any, wanted: Any) -> None:
    """Protobuf's JSON quotes 64-bit integers and words."""
    found = lists.numbers(given, DecodeError)
    assert np.array_equal(found, np.array(wanted), equal_nan=True)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("1", "expected a list of numbers, got '1'"),
        ({}, "expected a list of numbers, got dict"),
        (["x"], "expected a number, got 'x'"),
        (["18446744073709551616"], "expected an integer of 64 bits"),
        ([[1]], "expected a flat list of numbers"),
        ([b"1"], "expected a flat list of numbers"),
    ],
    ids=repr,
)
def test_what_is_no_number(given: Any, reason: str) -> None:
    """The reason says what came."""
    with pytest.raises(DecodeError) as caught:
        lists.numbers(given, DecodeError)
    assert reason in caught.value.reason


@pytest.mark.parametrize("bit", range(40, 70))
def test_rounding_is_that_of_float64(bit: int) -> None:
    """An integer rounds if, and only if, its float is another number."""
    for number in (2**bit - 1, 2**bit, 2**bit + 1, 3 * 2**bit + 2, -(2**bit) - 1, 0):
        assert lists.rounds(number) == (int(float(number)) != number)


def test_mixed_rows_name_two_values() -> None:
    """What is beside what, at its path, and what to do."""
    for rows, path, got in (
        ([1, "a"], "$[1]", "got 'a' beside 1"),
        ([["a", b"b"]], "$[0][1]", "got b'b' beside 'a'"),
        (["a", None], "$[1]", "got None beside 'a'"),
        ([2**63, -1], "$[0]", "got 9223372036854775808 beside -1"),
    ):
        error = lists.mixed(rows, "one type")
        assert error.path == path
        assert error.reason.endswith(got)
        assert error.remedy
    assert lists.element_path(5, (2, 3)) == "[1][2]"
