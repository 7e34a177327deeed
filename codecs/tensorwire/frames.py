"""Frames (of pandas, polars, Arrow and whatever narwhals reads) to arrays and names, and back.

A frame is recognised by its class; narwhals is imported only to read or make a frame. The labels of
rows (the index of pandas) are not sent, as in Seldon's client and MLServer's codec.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire import inputs, lists
from tensorwire.arrays import NUMBERS, as_array, check_float64
from tensorwire.errors import (
    DecodeError,
    EncodeError,
    excerpt,
    is_known,
    reason_of_other,
    shown,
    unknown,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tensorwire.errors import CodecError
    from tensorwire.tree import Array

__all__ = [
    "column_in",
    "columns_in",
    "columns_of",
    "is_frame",
    "named_columns",
    "names_of",
    "rows_of",
    "text_in",
    "to_frame",
]

_INTERFACES = ("__arrow_c_stream__", "__dataframe__", "__narwhals_dataframe__", "collect")
_BACKENDS = ("pandas", "polars", "pyarrow", "modin", "cudf")


def is_frame(value: Any) -> bool:
    """Return whether a value is a frame: its class has `columns` and one of the interfaces."""
    kind = type(value)
    return hasattr(kind, "columns") and any(hasattr(kind, name) for name in _INTERFACES)


def columns_of(frame: Any) -> list[tuple[Any, Any]]:
    """Return the columns of a frame with their labels: one array or list each.

    A list has None for a missing value.

    Raises
    ------
    EncodeError
        a column has values that no array can hold, or narwhals is not installed.
    """
    narwhals: Any = _narwhals(EncodeError)
    kind = type(frame)
    if kind.__name__ == "RecordBatch" and inputs.library_of(frame) == "pyarrow":
        frame = sys.modules["pyarrow"].Table.from_batches([frame])
    try:
        wrapped = narwhals.from_native(frame, eager_only=True)
    except TypeError:
        reason = f"expected a frame that is in memory, got {shown(frame)}"
        raise EncodeError(reason, "", "pass value.collect()") from None
    except Exception as error:  # noqa: BLE001 - of two columns of one name
        why = reason_of_other(error)
        reason = "expected a frame with distinct column names"
        raise EncodeError(f"{reason}, got another ({why})", "", "rename them") from None
    return [(column.name, _column(column)) for column in wrapped.iter_columns()]


def _column(column: Any) -> Any:
    """Return the values of a narwhals column."""
    try:
        values = inputs.plain(column.to_native(), none=True)
        if isinstance(values, np.ndarray):
            values = as_array(values)
    except EncodeError as error:
        reason = f"{error.reason} in the column {shown(column.name)}"
        raise EncodeError(reason, "", error.remedy) from None
    first = next((item for item in values if item is not None), None) if len(values) else None
    if isinstance(first, (list, np.ndarray, dict)):
        reason = f"expected single values, got {shown(first)} in the column {shown(column.name)}"
        raise EncodeError(reason)
    return values


def names_of(labels: Sequence[Any]) -> list[str] | None:
    """Return the labels of columns as names; None for the default labels of pandas: 0, 1, ...

    Raises
    ------
    EncodeError
        a label is not text.
    """
    if all(isinstance(label, str) for label in labels):
        return [str(label) for label in labels]
    if list(labels) == list(range(len(labels))):
        return None
    other = next(label for label in labels if not isinstance(label, str))
    reason = f"expected text for the name of each column, got {shown(other)}"
    raise EncodeError(reason, ".names", "pass value.set_axis([*map(str, value.columns)], axis=1)")


def rows_of(frame: Any, names: Any = None) -> tuple[Any, Any]:
    """Return the rows of a frame (nested lists where columns mix types) and the column names.

    Names that the caller passes are kept.
    """
    columns = columns_of(frame)
    if names is None:
        try:
            names = names_of([label for label, _ in columns])
        except EncodeError as error:
            raise error.within("$.data") from None
    return _rows([values for _, values in columns], frame), names


def _rows(columns: list[Any], frame: Any) -> Any:
    if not columns:
        return np.empty((len(frame), 0))
    arrays = [values for values in columns if isinstance(values, np.ndarray)]
    if len(arrays) == len(columns) and (array := _one_array(arrays)) is not None:
        return array
    lists_ = [values.tolist() if isinstance(values, np.ndarray) else values for values in columns]
    nested = [list(row) for row in zip(*lists_, strict=True)]
    return nested or np.empty((0, len(columns)))


def _one_array(arrays: list[Array]) -> Array | None:
    """Return columns as one array; None where no single dtype holds all their values."""
    dtypes = {array.dtype for array in arrays}
    kinds = {dtype.kind for dtype in dtypes}
    if len(dtypes) == 1 or kinds in ({"U"}, {"S"}):
        return np.stack(arrays, axis=1)
    if not kinds <= set("iuf") or not all(dtype.num in NUMBERS for dtype in dtypes):
        return None
    target = np.result_type(*dtypes)
    if target.kind == "f" and "f" not in kinds:  # int64 beside uint64
        return None
    try:
        for array in arrays if target.kind == "f" else []:
            check_float64(array)
    except EncodeError:
        return None  # the nested lists are then refused, with the path of the value
    return np.stack([array.astype(target, copy=False) for array in arrays], axis=1)


def to_frame(columns: Mapping[str, Any], backend: str) -> Any:
    """Make a frame of arrays, or lists, of one length by name.

    Parameters
    ----------
    columns
        each of shape ``(n,)``, or a list, in which None is a missing value.
    backend
        ``pandas``, ``polars``, ``pyarrow``, or another library that narwhals builds frames with.

    Raises
    ------
    DecodeError
        the library is not installed or not known, or has no such dtype.
    """
    narwhals: Any = _narwhals(DecodeError)
    if not is_known(backend, _BACKENDS):
        raise DecodeError(unknown("a library of frames for backend=", backend, _BACKENDS))
    sizes = {name: len(values) for name, values in columns.items()}
    if len(set(sizes.values())) > 1:
        raise DecodeError(f"expected columns of one length, got {sizes}")
    plain = backend in ("pandas", "modin", "cudf")
    plain_columns = {name: _plain(values, objects=plain) for name, values in columns.items()}
    try:
        return narwhals.from_dict(plain_columns, backend=backend).to_native()
    except ImportError:
        raise DecodeError(
            f"expected the package {backend}, got none", "", f"pip install {backend}"
        ) from None
    except Exception as error:  # noqa: BLE001 - any error of the library, for an unknown dtype
        why = reason_of_other(error)
        raise DecodeError(f"expected dtypes that {backend} has, got another ({why})") from None


def _plain(values: Any, *, objects: bool) -> Any:
    """Return a column in a type that the libraries of frames convert exactly."""
    if isinstance(values, np.ndarray):
        return values.tolist() if values.dtype.kind in "SUT" else values
    types = {type(value) for value in values}
    if objects and not types <= {str, type(None)}:  # integers beside None would become floats
        column = np.empty(len(values), object)
        column[:] = values
        return column
    return values


def named_columns(frame: Any) -> dict[str, Any]:
    """Return the columns of a frame by name; the default labels of pandas become "0", "1", ...

    Raises
    ------
    EncodeError
        as `columns_of` and `names_of` do.
    """
    columns = columns_of(frame)
    names = names_of([label for label, _ in columns])
    if names is None:
        names = [str(label) for label, _ in columns]
    return dict(zip(names, (values for _, values in columns), strict=True))


def columns_in(value: Any, names: Sequence[str] | None) -> dict[str, Any]:
    """Return the columns of rows by name; without names, by their index.

    Raises
    ------
    DecodeError
        the array has neither rank 1 nor rank 2, or another number of names than of columns.
    """
    if not isinstance(value, list):
        try:
            value = as_array(value)
        except EncodeError as error:
            raise DecodeError(error.reason, error.path, error.remedy) from None
    shape = lists.shape(value) if isinstance(value, list) else value.shape
    if len(shape) == 1:
        columns = [value]
    elif len(shape) == 2:
        array = hasattr(value, "T")
        columns = [value[:, i] for i in range(shape[1])] if array else _transposed(value)
    else:
        raise DecodeError(f"expected rows and columns, got an array of shape {shape}")
    labels = [str(i) for i in range(len(columns))] if names is None else [str(x) for x in names]
    if len(labels) != len(columns) or len(set(labels)) != len(labels):
        expected = f"expected {len(columns)} distinct names for {len(columns)} columns"
        raise DecodeError(f"{expected}, got {excerpt(labels, 80)}", "$.data.names")
    return dict(zip(labels, columns, strict=True))


def _transposed(rows: list[Any]) -> list[Any]:
    """Return the columns of nested lists of rows: arrays, or lists where no dtype holds them."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    return [column if None in column else lists.to_array(column, DecodeError) for column in columns]


def column_in(value: Any, path: str) -> Any:
    """Return a tensor of shape ``(n,)``, or ``(n, 1)`` as MLServer writes it, as one column."""
    if not isinstance(value, list):
        value = as_array(value)
    shape = lists.shape(value) if isinstance(value, list) else value.shape
    if len(shape) not in (1, 2) or shape[1:] not in ((), (1,)):
        raise DecodeError(f"expected a column of shape (n,) or (n, 1), got {shape}", path)
    if isinstance(value, list):
        return lists.scalars(value)
    return value.reshape(-1)


def text_in(column: Any, path: str) -> list[str]:
    """Decode byte strings as UTF-8 text."""
    items = column.tolist() if isinstance(column, np.ndarray) else column
    try:
        return [item.decode() if isinstance(item, bytes) else item for item in items]
    except UnicodeDecodeError as error:
        raise DecodeError(f"expected text in UTF-8, got other bytes: {error}", path) from None


def _narwhals(error: type[CodecError]) -> Any:
    try:
        return import_module("narwhals")
    except ImportError:
        raise error(
            "expected narwhals for frames, got no such package",
            "",
            "pip install 'tensorwire[frames]'",
        ) from None
