"""Columns of a Parquet or CSV file as one array of two dimensions: a row of it, a row there.

All columns of numbers and bools, or those asked for by name, as strings are. A null is NaN among
floats, and refused elsewhere. Different dtypes are promoted, if every value stays what it was.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire.extras import advice

from .arrays import check_room, choose, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tensorwire.tree import Array


def table(path: str, asked: str) -> Iterator[tuple[str, Array]]:
    """Read columns; the array is named after them, unless it simply has them all."""
    try:
        import_module("pyarrow")
    except ImportError:
        raise ValueError(advice("a table", ["pyarrow"])) from None
    types = import_module("pyarrow.types")
    is_csv = Path(path).suffix.lower() in {".csv", ".tsv"}
    schema, columns = (_csv if is_csv else _parquet)(path)
    kinds = {field.name: _kind(field.type, types) for field in schema}
    if len(kinds) < len(schema):
        raise ValueError("two of its columns have the same name")
    names = choose(list(kinds), asked) if asked else [n for n in kinds if kinds[n] == "number"]
    if not names:
        found = listed([f"{field.name} ({field.type})" for field in schema])
        raise ValueError(f"there is no column of numbers; it has {found}")
    for name in names:
        if not kinds[name]:
            found = schema.field(name).type
            raise ValueError(f"column {name} is {found}: neither numbers nor strings")
    if len({kinds[name] for name in names}) > 1:
        texts = ", ".join(name for name in names if kinds[name] == "string")
        raise ValueError(f"expected columns of one kind, got numbers and the strings of {texts}")
    read = zip(names, columns(names), strict=True)
    arrays = [_values(name, column, types) for name, column in read]
    made = np.stack(_promoted(names, arrays), axis=1)
    yield "" if not asked and len(names) == len(kinds) else ",".join(names), made


def _csv(path: str) -> tuple[Any, Any]:
    csv = import_module("pyarrow.csv")
    check_room(Path(path).stat().st_size * 3)
    is_tabs = Path(path).suffix.lower() == ".tsv"
    found = csv.read_csv(
        path,
        csv.ReadOptions(use_threads=False),
        csv.ParseOptions(delimiter="\t" if is_tabs else ","),
    )
    # Columns may be numbered; any other number is a value, where the line with names is missing.
    numbered = any(
        found.column_names == [str(first + n) for n in range(len(found.column_names))]
        for first in (0, 1)
    )
    if not numbered and all(map(_is_number, found.column_names)):
        raise ValueError("expected the names of the columns in the first line, got numbers")
    return found.schema, lambda names: [found.column(name) for name in names]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _parquet(path: str) -> tuple[Any, Any]:
    parquet = import_module("pyarrow.parquet")
    file = parquet.ParquetFile(path, memory_map=True)

    def columns(names: Sequence[str]) -> list[Any]:
        check_room(file.metadata.num_rows * len(names) * 8 * 3)
        read = file.read(columns=names, use_threads=False)
        return [read.column(name) for name in names]

    return file.schema_arrow, columns


def _kind(kind: Any, types: Any) -> str:
    """Tell ``number`` or ``string`` columns from all others."""
    if types.is_dictionary(kind):
        kind = kind.value_type
    if types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind):
        return "number"
    is_text = types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)
    return "string" if is_text else ""


def _values(name: str, column: Any, types: Any) -> Array:
    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if column.null_count and not types.is_floating(column.type):
        nulls = f"{column.null_count:,} null" + "s" * (column.null_count > 1)
        raise ValueError(f"column {name} has {nulls}, which {column.type} cannot hold")
    if _kind(column.type, types) == "number":
        numbers: Array = column.to_numpy()
        return numbers
    texts = column.to_pylist()
    if any(text.endswith("\0") for text in texts):
        raise ValueError(f"column {name} has strings that end in NUL, which numpy would drop")
    return np.array(texts, np.str_)


def _promoted(names: Sequence[str], arrays: Sequence[Array]) -> list[Array]:
    wanted = np.result_type(*arrays)
    found = []
    for name, array in zip(names, arrays, strict=True):
        cast = array.astype(wanted)
        with np.errstate(invalid="ignore"):
            back = cast.astype(array.dtype)
        if not np.array_equal(back, array, equal_nan=array.dtype.kind == "f"):
            raise ValueError(
                f"column {name}: {array.dtype} values that are not exact in {wanted}, the dtype"
                " of the columns together; choose columns with ::NAME,NAME"
            )
        found.append(cast)
    return found
