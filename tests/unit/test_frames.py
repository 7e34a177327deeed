"""Columns, rows and names of frames, held to pandas, polars and pyarrow."""

from typing import Any

import numpy as np
import pytest

from tensorwire.errors import DecodeError, EncodeError
from tensorwire.frames import (
    column_in,
    columns_in,
    columns_of,
    is_frame,
    named_columns,
    names_of,
    rows_of,
    text_in,
    to_frame,
)
from tests.support.expectations import describe

COLUMNS: dict[str, Any] = {"a": [1.5, 2.5], "b": [3, 4], "c": ["x", "y"]}
BACKENDS = ("pandas", "polars", "pyarrow")


def frame(backend: str, columns: Any) -> Any:
    """Return a frame that its library makes."""
    pytest.importorskip("narwhals")
    library = pytest.importorskip(backend)
    make = {"pandas": "DataFrame", "polars": "DataFrame", "pyarrow": "table"}[backend]
    return getattr(library, make)(columns)


@pytest.mark.parametrize("backend", BACKENDS)
def test_columns_have_labels_and_values(backend: str) -> None:
    """One array each, of the dtype of the column; text may be a list."""
    table = frame(backend, COLUMNS)
    assert is_frame(table)
    columns = columns_of(table)
    assert [label for label, _ in columns] == list(COLUMNS)
    assert describe(columns[0][1]) == describe(np.array([1.5, 2.5]))
    assert describe(columns[1][1]) == describe(np.array([3, 4]))
    assert list(columns[2][1]) == ["x", "y"]
    named = named_columns(table)
    assert list(named) == list(COLUMNS)
    assert named["a"].tolist() == [1.5, 2.5]


@pytest.mark.parametrize("backend", BACKENDS)
def test_rows_are_an_array_where_one_dtype_holds_them(backend: str) -> None:
    """Else nested lists; names that are given are kept."""
    numbers = {name: COLUMNS[name] for name in ("a", "b")}
    rows, names = rows_of(frame(backend, numbers))
    assert (describe(rows), names) == (describe(np.array([[1.5, 3.0], [2.5, 4.0]])), ["a", "b"])
    assert rows_of(frame(backend, COLUMNS))[0] == [[1.5, 3, "x"], [2.5, 4, "y"]]
    assert rows_of(frame(backend, numbers), ["x", "y"])[1] == ["x", "y"]
    rows, _ = rows_of(frame(backend, {"a": [2**53 + 1], "b": [0.5]}))
    assert rows == [[2**53 + 1, 0.5]]  # float64 would round
    rows, _ = rows_of(frame(backend, {"a": np.array([1], "u8"), "b": np.array([-1], "i8")}))
    assert rows == [[1, -1]]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_frame_is_made_of_columns(backend: str) -> None:
    """Its library has the same values, with None where one is missing."""
    made = to_frame({"a": np.array([1.5, 2.5]), "s": ["x", None]}, backend)
    assert type(made) is type(frame(backend, {"a": [1.5]}))
    columns = dict(columns_of(made))
    assert columns["a"].tolist() == [1.5, 2.5]
    assert list(columns["s"]) == ["x", None]


@pytest.mark.parametrize(
    ("columns", "backend", "reason"),
    [
        ({"a": [1]}, "panda", r"a library of frames .*'panda' \(did you mean 'pandas'\?\)"),
        ({"a": [1], "b": [1, 2]}, "pandas", "columns of one length, got {'a': 1, 'b': 2}"),
        ({"a": [1]}, "cudf", "expected the package cudf, got none"),
        ({"a": np.zeros(2, complex)}, "pyarrow", "expected dtypes that pyarrow has"),
    ],
)
def test_a_frame_that_cannot_be_made(columns: Any, backend: str, reason: str) -> None:
    """The library is not known or not installed, or does not hold the columns."""
    pytest.importorskip("narwhals")
    if backend == "pyarrow":
        pytest.importorskip("pyarrow")
    with pytest.raises(DecodeError, match=reason):
        to_frame(columns, backend)


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (["a", "é"], ["a", "é"]),
        ([], []),
        ([0, 1, 2], None),
        (range(2), None),
        ([np.str_("a")], ["a"]),
    ],
)
def test_labels_of_text_are_names(labels: Any, names: Any) -> None:
    """The numbers that pandas gives by default are none."""
    assert names_of(labels) == names


@pytest.mark.parametrize("labels", [["a", 1], [1, 2], [("a", "b")], [None], [0, 2]], ids=repr)
def test_other_labels_are_refused(labels: Any) -> None:
    """With what makes text of them."""
    with pytest.raises(EncodeError, match="expected text for the name of each column") as error:
        names_of(labels)
    assert error.value.path == "$.names"
    assert "set_axis" in error.value.remedy


@pytest.mark.parametrize(
    ("value", "names", "wanted"),
    [
        (np.array([[1, 2], [3, 4]]), ["a", "b"], {"a": [1, 3], "b": [2, 4]}),
        (np.array([[1, 2], [3, 4]]), None, {"0": [1, 3], "1": [2, 4]}),
        (np.array([1, 2]), ["a"], {"a": [1, 2]}),
        ([[1, "x"], [2, "y"]], ["a", "b"], {"a": [1, 2], "b": ["x", "y"]}),
        ([[1, None], [2, "y"]], None, {"0": [1, 2], "1": [None, "y"]}),
    ],
    ids=repr,
)
def test_rows_have_columns(value: Any, names: Any, wanted: Any) -> None:
    """Of an array, and of rows that mix types."""
    found = columns_in(value, names)
    assert list(found) == list(wanted)
    for name, column in found.items():
        assert list(column) == wanted[name]


@pytest.mark.parametrize(
    ("value", "names", "reason"),
    [
        (
            np.zeros((1, 1, 1)),
            None,
            r"rows and columns, got an array of shape \(1, 1, 1\)",
        ),
        (np.array(1.5), None, r"got an array of shape \(\)"),
        (np.zeros((1, 2)), ["a"], "expected 2 distinct names"),
        (np.zeros((1, 2)), ["a", "a"], "expected 2 distinct names"),
        (np.array(["2020-01-01"], "M8[D]"), None, "datetime64"),
    ],
)
def test_what_has_no_columns(value: Any, names: Any, reason: str) -> None:
    """An array of another rank, and names that are too few or the same."""
    with pytest.raises(DecodeError, match=reason):
        columns_in(value, names)


def test_a_tensor_is_a_column() -> None:
    """Of one axis, or of two of which the second has one value."""
    assert column_in(np.array([1, 2]), "$.x").tolist() == [1, 2]
    assert column_in(np.array([[1], [2]]), "$.x").tolist() == [1, 2]
    assert list(column_in([["a"], [None]], "$.x")) == ["a", None]
    for other in (np.zeros((2, 2)), np.zeros((1, 1, 1)), np.array(1.5)):
        with pytest.raises(DecodeError, match="expected a column of shape") as error:
            column_in(other, "$.x")
        assert error.value.path == "$.x"


def test_bytes_are_text_in_utf8() -> None:
    """Other bytes are refused with their place; None stays."""
    assert text_in(np.array([b"a", "é".encode()]), "$.x") == ["a", "é"]
    assert text_in(["a", b"b", None], "$.x") == ["a", "b", None]
    with pytest.raises(DecodeError, match="expected text in UTF-8") as error:
        text_in([b"\xff"], "$.x")
    assert error.value.path == "$.x"


@pytest.mark.parametrize(
    "value",
    [[], {}, np.zeros(2), type("F", (), {"columns": []})()],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_frame(value: Any) -> None:
    """Columns alone do not make one."""
    assert not is_frame(value)


def test_a_frame_that_is_not_in_memory() -> None:
    """It is to be collected first."""
    lazy = frame("polars", COLUMNS).lazy()
    assert is_frame(lazy)
    with pytest.raises(EncodeError, match="a frame that is in memory, got LazyFrame") as error:
        columns_of(lazy)
    assert error.value.remedy == "pass value.collect()"


def test_columns_that_hold_no_single_values_are_named() -> None:
    """Lists and dates."""
    for column, reason in (([[1], [2]], "single values, got"), (["2020-01-01"], "datetime64")):
        values = np.array(column, "M8[ns]") if "date" in reason else column
        with pytest.raises(EncodeError, match=f"{reason}.* in the column 'bad'"):
            columns_of(frame("pandas", {"ok": [1.5] * len(column), "bad": values}))
