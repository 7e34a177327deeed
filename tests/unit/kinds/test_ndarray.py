"""The kind `ndarray`: what its lists hold and refuse, held to numpy."""

from typing import Any

import numpy as np
import pytest

from tensorwire.errors import DecodeError, EncodeError, LimitError
from tensorwire.kinds.ndarray import NDArray
from tensorwire.limits import DEFAULT_LIMITS, Limits
from tensorwire.missing import NULLS, Reading, Writing
from tensorwire.tree import Role
from tests.support.expectations import describe

KIND = NDArray()
NUMBERS = np.arange(6.0).reshape(2, 3)


def value(tree: Any, limits: Limits = DEFAULT_LIMITS) -> Any:
    """Read a tree."""
    return KIND.value(tree, 1000, limits, None)


@pytest.mark.parametrize(
    "array",
    [
        NUMBERS,
        NUMBERS.astype(">f4"),
        np.array([1, 2]),
        np.array([[True]]),
        np.array([["a", "é"]]),
        np.empty((3, 0)),
    ],
    ids=lambda array: str(array.dtype),
)
def test_arrays_of_numbers_and_text_are_as_they_are(array: Any) -> None:
    """No copy is made of them, and nothing is around them."""
    leaf = KIND.leaf(array, lossy=False)
    assert leaf.data is array
    assert leaf.role is Role.NESTED
    assert KIND.tree(leaf) is leaf


def test_rows_that_mix_types_stay_lists() -> None:
    """Numbers, bools and strings beside one another."""
    rows = [[1, "a", True], [0.5, "b", False]]
    assert KIND.leaf(rows, lossy=False).data == rows
    assert value(rows) == rows


def test_options_go_with_the_leaf() -> None:
    """Whether values may be lost, and the words for those that are not finite."""
    leaf = KIND.leaf([1.5, None], lossy=True, options=Writing(NULLS, none=True))
    assert (leaf.lossy, leaf.words) == (True, NULLS)
    assert describe(leaf.data) == describe(np.array([1.5, np.nan]))


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (np.float64(1.5), r"a shape that nested lists represent, got \(\)"),
        (np.empty((0, 3)), r"a shape that nested lists represent, got \(0, 3\)"),
        (np.array([b"a"]), "expected numbers, bools or strings, got bytes"),
        ([b"a\0", b"b"], "expected numbers, bools or strings, got bytes"),
        ([b"a", "b"], "got 'b' beside b'a'"),
        (np.array([1j]), "complex"),
        (np.array(["2020-01-01"], "M8[s]"), "datetime64"),
    ],
)
def test_what_lists_do_not_hold_is_refused(given: Any, reason: str) -> None:
    """Shapes without values before the last axis, bytes, and numbers that are not real."""
    with pytest.raises(EncodeError, match=reason):
        KIND.leaf(given, lossy=False)


def test_lossy_makes_lists_of_other_shapes() -> None:
    """A scalar becomes a list of one value."""
    assert KIND.leaf(np.float64(1.5), lossy=True).data.tolist() == [1.5]
    assert KIND.leaf(np.empty((0, 3)), lossy=True).data.shape == (0, 3)


@pytest.mark.parametrize(
    "tree", [[1, 2], [[1.5, 2], [3, 4]], [True], ["a", "b"], [[[2**63]]], [], [[], []]], ids=repr
)
def test_lists_are_read_as_numpy_reads_them(tree: Any) -> None:
    """dtype, shape and values."""
    assert describe(value(tree)) == describe(np.array(tree))


@pytest.mark.parametrize(
    ("tree", "reason"),
    [
        ({}, "expected nested lists, got dict"),
        ("a", "expected nested lists, got 'a'"),
        (None, "expected nested lists, got None"),
        ([1, None], "expected integers, got null"),
        ([[1], [1, 2]], "expected"),
        ([1, {}], "dict"),
    ],
)
def test_what_is_no_array_is_refused(tree: Any, reason: str) -> None:
    """Other values than lists, rows of several lengths, and null without `missing=`."""
    with pytest.raises(DecodeError, match=reason):
        value(tree)


def test_null_is_nan_where_it_is_asked_for() -> None:
    """Among floats."""
    found = KIND.value([1.5, None], 9, DEFAULT_LIMITS, None, Reading(null=True))
    assert describe(found) == describe(np.array([1.5, np.nan]))


@pytest.mark.parametrize("tree", [[1.5, 2.5], [[1], [2]], [1, "a"]], ids=repr)
def test_limits_count_elements(tree: Any) -> None:
    """Of arrays, and of rows that mix types."""
    assert value(tree, Limits(max_elements=2)) is not None
    with pytest.raises(LimitError, match="at most 1 elements, got 2"):
        value(tree, Limits(max_elements=1))


def test_a_source_is_asked() -> None:
    """What is still in the payload reads itself, into the caller's array."""

    class Lists:
        def read(self, limits: Limits, out: Any) -> Any:
            return limits, out

    out = np.empty(1)
    assert KIND.value(Lists(), 1, DEFAULT_LIMITS, out) == (DEFAULT_LIMITS, out)
