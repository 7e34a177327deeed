"""Small arrays: their text is that of nested lists, and numbers are read as numpy reads them."""

import pickle
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorwire.containers.json.small import AS_LIST, DECLINED, small_array, small_text

SHAPES = [(1,), (4,), (5,), (1, 1), (2, 2), (3, 5), (1, 1, 1), (2, 3, 4), (1024,)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("code", "?bhilqBHILQd")
def test_the_text_is_that_of_nested_lists(code: str, shape: tuple[int, ...]) -> None:
    """Every dtype of numbers but the short floats has the text of its Python objects."""
    array = np.arange(np.prod(shape)).astype(code).reshape(shape)
    assert array.dtype in AS_LIST
    assert small_text(array) == orjson.dumps(array.tolist())


def test_float32_has_its_own_shortest_text() -> None:
    """A float32 is written with the digits that it needs, not with those of its float64."""
    for size in (1, 9):
        assert small_text(np.full(size, 0.1, "f4")) == b"[" + b",".join([b"0.1"] * size) + b"]"


@pytest.mark.parametrize("code", "?bhilqBHILQdf")
def test_an_equal_dtype_that_is_another_object(code: str) -> None:
    """An array that was pickled has a dtype of its own, which is written as any other."""
    array = pickle.loads(pickle.dumps(np.full(1, 0.1).astype(code)))  # noqa: S301 - our own
    copied = array.view(np.dtype(code, metadata={"from": "elsewhere"}))
    assert copied.dtype is not np.dtype(code)
    wanted = orjson.dumps(np.full(1, 0.1).astype(code), option=orjson.OPT_SERIALIZE_NUMPY)
    assert small_text(array) == small_text(copied) == wanted


@pytest.mark.parametrize(
    "array",
    [
        *(np.array(1.5), np.array(1.5, "f4"), np.empty(0), np.empty((0, 2)), np.ones(1025)),
        *(
            np.ones(3, ">f8"),
            np.ones(3, "f2"),
            np.ones(3, "c16"),
            np.array(["n"]),
            np.array([b"n"]),
        ),
        *(np.array([np.nan]), np.array([1.5] * 9 + [np.inf]), np.array([-np.inf], "f4")),
        *(np.array([None]), np.ones(3, "M8[s]"), np.ones((20, 20))[:, ::2]),
    ],
    ids=lambda array: f"{array.dtype}{list(array.shape)}",
)
def test_no_text(array: Any) -> None:
    """Rank 0, no elements, many, other dtypes and layouts, and words for numbers are declined."""
    assert small_text(array) is None


NUMBERS = st.one_of(
    st.floats(-(2.0**51), 2.0**51), st.integers(-(2**51), 2**51), st.integers(-(2**63), 2**64 - 1)
)
OTHERS: st.SearchStrategy[Any] = st.one_of(
    NUMBERS, st.booleans(), st.none(), st.floats(allow_nan=False), st.just([])
)


@given(st.lists(OTHERS, min_size=1, max_size=12), st.integers(1, 4), st.integers(0, 2))
def test_numbers_are_read_exactly(values: list[Any], columns: int, more: int) -> None:
    """What is read has the values of the text bit by bit, as int64 or as float64."""
    values = values[: len(values) // columns * columns] or [0.5] * columns
    rows: Any = [values[i : i + columns] for i in range(0, len(values), columns)]
    for _ in range(more):
        rows = [rows]
    text = orjson.dumps(rows)
    nested: Any = orjson.loads(text)
    try:
        array = small_array(nested, text)
    except DECLINED:
        return
    kinds = {type(value) for value in values}
    assert kinds <= {int, float}
    wanted = np.array(nested)
    assert (array.dtype, array.shape) == (wanted.dtype, wanted.shape)
    assert array.dtype == (np.float64 if float in kinds else np.int64)
    assert array.tobytes() == wanted.tobytes()
    assert [int(x) for x in values if type(x) is int] == [
        int(x) for x, value in zip(array.ravel(), values, strict=True) if type(value) is int
    ]
    assert array.flags.writeable
    assert array.flags.aligned


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (b"[1.5]", [1.5]),
        (b"[9223372036854775807]", [2**63 - 1]),
        (b"[-9223372036854775808,1]", [-(2**63), 1]),
        (b"[1.5e300,-2.5e17]", [1.5e300, -2.5e17]),
        (b"[1e5,2]", [1e5, 2.0]),
        (b"[1,2.5]", [1.0, 2.5]),
        (b"[[[[1.5,2]]]]", [[[[1.5, 2.0]]]]),
        (b"[[[1],[2]],[[3],[4]]]", [[[1], [2]], [[3], [4]]]),
    ],
)
def test_what_is_read(text: bytes, wanted: Any) -> None:
    """All of int64, floats of any size with points, and lists of any depth are read."""
    array = small_array(orjson.loads(text), text)
    assert (array.tolist(), array.dtype) == (wanted, np.array(wanted).dtype)


@pytest.mark.parametrize(
    "text",
    [
        *(b"[]", b"[[]]", b"[[],[]]", b"{}", b"5", b"true", b"null"),
        *(b"[true]", b"[null]", b"[1,true]", b"[1.5,false]", b"[1.5,null]", b"[{}]", b"[[1.5],{}]"),
        *(b"[9223372036854775808]", b"[1,9223372036854775808]", b"[1.5,9007199254740993]"),
        *(b"[18446744073709551616]", b"[18446744073709551616,1]", b"[1e22,18446744073709551616]"),
        *(
            b"[[1.5],2.5]",
            b"[1.5,[2.5]]",
            b"[[1.5,2.5],[3.5]]",
            b"[[[1.5]],[2.5]]",
            b"[[1.5],[[2]]]",
        ),
        b"[" * 70 + b"1.5" + b"]" * 70,
    ],
)
def test_what_is_declined(text: bytes) -> None:
    """No numbers, bools and null, long integers, ragged lists, and more levels than numpy has."""
    with pytest.raises(DECLINED):
        small_array(orjson.loads(text), text)


def test_one_list_with_a_shape() -> None:
    """Numbers in one list have the shape that is given; rank 0 too."""
    assert small_array([1.5, 2.5], b"[1.5,2.5]", [2, 1]).tolist() == [[1.5], [2.5]]
    assert small_array([7], b"[7]", []).shape == ()
