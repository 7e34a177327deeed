"""What the formats of others have in common: dtypes by name, shapes, and views of bytes."""

from typing import Any

import ml_dtypes
import numpy as np
import pytest

from tensorwire.errors import DecodeError, EncodeError, LimitError
from tensorwire.formats.format import (
    array_of,
    at,
    dtype_of,
    place_of,
    refusal,
    shape_of,
    typestr_of,
    view,
)
from tensorwire.limits import DEFAULT_LIMITS, Limits
from tests.support.expectations import describe

NAMES = ["|b1", "|i1", "|u1", "<i2", ">i4", "<u8", "<f2", "<f4", ">f8", "<c8", "<c16", "|S3", "<U2"]


def seen(data: bytes, dtype: Any, shape: list[int], limits: Limits = DEFAULT_LIMITS) -> Any:
    """Return bytes viewed as an array."""
    return view(np.frombuffer(data, np.uint8), np.dtype(dtype), shape, limits, len(data))


@pytest.mark.parametrize("name", NAMES)
def test_a_dtype_has_the_name_that_numpy_gives_it(name: str) -> None:
    """And is found by it."""
    assert dtype_of(name, ".descr") == np.dtype(name)
    assert typestr_of("npy/array", np.empty(0, name)) == np.dtype(name).str == name


@pytest.mark.parametrize(
    "name",
    [
        *("|O", "O", "<M8[s]", "<m8[D]", "|V8", "<f3", "f4,f4", "<f16", "|S0", "<U0", "float64"),
        *("", 5, None, [["a", "<f8"]], "__import__('os')", "<i8" * 100),
    ],
)
def test_other_names_are_refused(name: Any) -> None:
    """Of objects, dates, records and sizes that numpy does not have, and what is not a name."""
    with pytest.raises(DecodeError, match="expected a dtype") as error:
        dtype_of(name, ".descr")
    assert error.value.path == "$.descr"
    assert ("never loaded" in error.value.reason) == (type(name) is str and name.endswith("O"))


@pytest.mark.parametrize("dtype", [ml_dtypes.bfloat16, "T", "M8[s]", "V8", "f4,f4"], ids=str)
def test_dtypes_that_would_come_back_as_others_are_refused(dtype: Any) -> None:
    """A codec that represents one is named."""
    array = np.empty(1, np.dtypes.StringDType() if dtype == "T" else dtype)
    with pytest.raises(EncodeError, match="expected a dtype that npy/array represents") as error:
        typestr_of("npy/array", array)
    known = dtype in (ml_dtypes.bfloat16, "T")
    assert error.value.remedy == ("use protobuf/tftensor" if known else "")
    assert str(refusal("npy/array", array.dtype)) == str(error.value)


@pytest.mark.parametrize("node", [[], [0], [2, 3], [1] * 64])
def test_a_shape_is_a_list_of_sizes(node: Any) -> None:
    """The same list."""
    assert shape_of(node) is node


@pytest.mark.parametrize("node", [None, 5, "2", (2,), [-1], [1.0], [True], ["2"], [None], {}])
def test_what_is_no_shape_is_refused(node: Any) -> None:
    """With its place."""
    with pytest.raises(DecodeError, match="expected a list of sizes, got") as error:
        shape_of(node)
    assert error.value.path == "$.shape"


@pytest.mark.parametrize("name", NAMES)
def test_bytes_are_viewed_as_numpy_does(name: str) -> None:
    """Nothing is copied."""
    array = np.ones((2, 3), name)
    data = array.tobytes()
    found = seen(data, name, [2, 3])
    assert describe(found) == describe(array)
    assert np.shares_memory(found, np.frombuffer(data, np.uint8))


@pytest.mark.parametrize(
    ("data", "dtype", "shape", "path", "reason"),
    [
        (bytes(8), "f8", [2], "$.data", r"expected 16 bytes for shape \(2,\) of float64, got 8"),
        (bytes(9), "f8", [1], "$.data", "got 9"),
        (b"\1\2", "?", [2], "$.data", "expected 0 or 1 for a bool, got 2"),
        (b"\xff" * 8, "<U2", [1], "$.data", "expected characters of Unicode"),
        (b"", "f8", [2**62, 4, 0], "$.shape", r"less than 2\*\*63 bytes"),
        (b"", "f8", [1] * 65, "$.shape", "rank of at most 64"),
        (b"", "f8", [10**12], "$.shape", "an array of at most"),
    ],
)
def test_bytes_of_another_array_are_refused(
    data: bytes, dtype: str, shape: list[int], path: str, reason: str
) -> None:
    """Too few, too many, or no values of the dtype."""
    with pytest.raises(DecodeError, match=reason) as error:
        seen(data, dtype, shape)
    assert error.value.within("$").path == path


def test_limits() -> None:
    """Of the caller."""
    with pytest.raises(LimitError, match="at most 1 elements, got 2"):
        seen(bytes(2), "u1", [2], Limits(max_elements=1))


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ([1, 2], np.array([1, 2])),
        (b"ab", np.array(b"ab")),
        ([b"a", b"bc"], np.array([b"a", b"bc"])),
        (np.float32(1), np.array(1, np.float32)),
    ],
    ids=repr,
)
def test_a_value_is_one_array(value: Any, wanted: Any) -> None:
    """Of one dtype."""
    assert describe(array_of(value)) == describe(wanted)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"a\0", "that end in NUL"),
        ([b"a\0", b"b"], "that end in NUL"),
        ([1, "a"], "got 'a' beside 1"),
        ([1.5, None], "None|null|missing"),
    ],
)
def test_what_no_dtype_holds_is_refused(value: Any, reason: str) -> None:
    """And None, unless it is NaN."""
    with pytest.raises(EncodeError, match=reason):
        array_of(value)
    assert np.isnan(array_of([1.5, None], none=True)[1])


def test_errors_get_the_place_of_the_array() -> None:
    """By its name; one without a name is the whole."""
    assert (place_of("a"), place_of("")) == (".a", "")
    with pytest.raises(DecodeError) as error, at(".a"):
        raise DecodeError("bad", ".shape")
    assert error.value.within("$").path == "$.a.shape"
