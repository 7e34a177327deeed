"""dtypes and shapes of TensorProto, held to its descriptors and to numpy."""

from typing import Any

import ml_dtypes
import numpy as np
import pytest

from tensorwire.containers.protobuf.schema import descriptor
from tensorwire.errors import DecodeError, EncodeError
from tensorwire.kinds.tensorproto import (
    BY_NAME,
    BY_NUMBER,
    STRING,
    TYPES,
    dtype_of,
    row_of,
    shape_of,
    type_of,
)

PROTO: Any = descriptor("tensorflow.TensorProto")
SCALARS = {1: "<f8", 2: "<f4", 3: "<i8", 4: "<u8", 5: "<i4", 8: "?", 13: "<u4"}  # by field type


def test_names_and_numbers_are_those_of_the_enum() -> None:
    """Each line of the table, by either of them."""
    enum = PROTO.fields_by_name["dtype"].enum_type
    for row in TYPES:
        assert enum.values_by_name[row.name].number == row.number
        assert BY_NAME[row.name] is BY_NUMBER[row.number] is row
        assert row_of(row.name) is row_of(row.number) is row_of(float(row.number)) is row
    assert BY_NUMBER[STRING].name == "DT_STRING"


def test_values_are_in_a_field_of_their_size() -> None:
    """Each member is one of TensorProto, and its numbers are those of the descriptor."""
    by_json_name = {field.json_name: field for field in PROTO.fields}
    for row in TYPES:
        field = by_json_name[row.member]
        if row.field:
            assert SCALARS[field.type] == row.field
        else:
            assert field.type == 12  # bytes


@pytest.mark.parametrize("row", TYPES, ids=lambda row: row.name)
def test_a_dtype_is_that_of_numpy(row: Any) -> None:
    """Or of ml_dtypes; and back to the same line."""
    if row.number == STRING:
        assert all(type_of(np.dtype(text)) is row for text in ("S3", "U3"))
        return
    name = row.dtype
    wanted = np.dtype(getattr(np, name, None) or getattr(ml_dtypes, name))
    assert dtype_of(row) == wanted
    assert type_of(wanted) is row
    if wanted.itemsize > 1 and wanted.isbuiltin == 1:
        assert type_of(wanted.newbyteorder(">")) is row


@pytest.mark.parametrize("dtype", ["M8[s]", "m8[s]", "V3", "O", np.longdouble], ids=str)
def test_other_dtypes_are_refused(dtype: Any) -> None:
    """By name; there is nothing for them in TensorFlow."""
    if np.dtype(dtype) == np.float64:
        pytest.skip("long double is double here")
    with pytest.raises(EncodeError, match="expected a dtype that TensorFlow has, got"):
        type_of(np.dtype(dtype))


@pytest.mark.parametrize(
    ("node", "got"),
    [("DT_NOTHING", "'DT_NOTHING'"), ("", "''"), (0, "0"), (99, "99"), (101, "101"), ([], "list")],
)
def test_other_names_and_numbers_are_refused(node: Any, got: str) -> None:
    """Those of resources and references too."""
    with pytest.raises(DecodeError, match=f"got {got}") as error:
        row_of(node)
    assert error.value.path == "$.dtype"


@pytest.mark.parametrize(
    ("tree", "shape"),
    [
        ({}, []),
        ({"tensorShape": {}}, []),
        ({"tensorShape": {"dim": []}}, []),
        ({"tensorShape": {"dim": [{"size": 2}, {"size": "3"}, {}]}}, [2, 3, 0]),
        ({"tensor_shape": {"dim": [{"size": 2.0, "name": "x"}]}}, [2]),
    ],
)
def test_a_shape_is_its_sizes(tree: Any, shape: list[int]) -> None:
    """By either name of the member; sizes may be quoted, or left out where they are 0."""
    assert shape_of(tree) == shape


@pytest.mark.parametrize(
    ("tree", "path", "reason"),
    [
        ({"tensorShape": 5}, "$.tensorShape", "got 5"),
        ({"tensorShape": {"dim": {}}}, "$.tensorShape", "got dict"),
        ({"tensorShape": {"dim": [2]}}, "$.tensorShape", "got dict"),
        ({"tensorShape": {"dim": [{"size": -1}]}}, "$.tensorShape.dim[0].size", "got -1"),
        ({"tensorShape": {"dim": [{}, {"size": "x"}]}}, "$.tensorShape.dim[1].size", "got 'x'"),
    ],
)
def test_what_is_no_shape_is_refused_with_its_path(tree: Any, path: str, reason: str) -> None:
    """Other types, and sizes that are not known."""
    with pytest.raises(DecodeError, match=reason) as error:
        shape_of(tree)
    assert error.value.path == path
