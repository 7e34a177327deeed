"""Values as arrays and checked casts, held to numpy and Python's own floats."""

import warnings
from typing import Any

import ml_dtypes
import numpy as np
import orjson
import pytest

from tensorwire.arrays import (
    aligned,
    as_array,
    cast,
    check_float64,
    decimal_twin,
    dtype_named,
    from_bytes,
    in_range,
    is_float,
    put,
    reads_back,
    to_float64,
    utf8,
)
from tensorwire.errors import DecodeError, EncodeError

ALL_HALVES = np.arange(2**16, dtype=np.uint16).view(np.float16)


@pytest.mark.parametrize(
    "value",
    [
        np.arange(3),
        np.zeros((2, 0)),
        np.array(1.5),
        np.asfortranarray(np.ones((2, 3))),
        np.ones(3, ">f4"),
    ],
    ids=repr,
)
def test_an_array_is_itself(value: Any) -> None:
    """Without a copy."""
    assert as_array(value) is value


@pytest.mark.parametrize(
    "value",
    [5, 1.5, True, "a", b"a", [1, 2], (1.5, 2), range(4), memoryview(b"ab"), bytearray(b"x")],
)
def test_other_values_are_as_numpy_has_them(value: Any) -> None:
    """The same dtype and values."""
    wanted = np.asarray(value) if not isinstance(value, bytearray) else np.frombuffer(value, "u1")
    found = as_array(value)
    assert found.dtype == wanted.dtype
    assert np.array_equal(found, wanted)


@pytest.mark.parametrize(
    "value",
    [None, {}, object(), 2**64, np.array(["2020"], "M8[D]")],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_array(value: Any) -> None:
    """The error has one form."""
    with pytest.raises(EncodeError) as error:
        as_array(value)
    assert error.value.reason.startswith("expected ")
    assert ", got " in error.value.reason


def same_value(source: str, target: str, number: float) -> bool | None:
    """Return whether a cast keeps a number, as Python compares; None where there is no cast."""
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            array = np.array([number]).astype(source)
            return bool(array.tolist()[0] == array.astype(target).tolist()[0])
    except OverflowError:
        return None


NUMBERS = (0, 1, -1, 127, 128, 255, 2**24 + 1, 2**53 + 1, -(2**63), 2**63, 0.5, 1e39, float("inf"))


@pytest.mark.parametrize("source", ["i1", "u8", "i8", "f8", "f4", "f2", "?", "c16"])
@pytest.mark.parametrize("target", ["i1", "u1", "i8", "u8", "f2", "f4", "f8", "?", "c8"])
def test_a_cast_keeps_each_value_or_is_refused(source: str, target: str) -> None:
    """As Python's own numbers compare."""
    for number in NUMBERS:
        same = same_value(source, target, number)
        if same is None:
            continue
        with np.errstate(all="ignore"):
            array = np.array([number]).astype(source)
        if same:
            found = cast(array, target)
            assert (found.dtype, found.tolist()) == (np.dtype(target), array.tolist())
        else:
            with pytest.raises(DecodeError, match=f"expected values that {np.dtype(target)}"):
                cast(array, target)


def test_the_shortest_text_of_each_half() -> None:
    """Of all 65,536: the float64 reads back, and no shorter decimal does."""
    finite = ALL_HALVES[np.isfinite(ALL_HALVES)]
    twins = decimal_twin(finite)
    with np.errstate(over="ignore"):
        assert np.array_equal(twins.astype(np.float16), finite)
    for half, twin in zip(finite[::97].tolist(), twins[::97].tolist(), strict=True):
        digits = next(n for n in range(1, 8) if np.float16(f"{half:.{n}g}") == np.float16(half))
        assert twin == float(f"{half:.{digits}g}")
    assert reads_back(finite[::97], twins[::97]).all()


def test_a_float32_reads_back_from_its_text() -> None:
    """0.1 of float32 is what orjson writes for it."""
    narrow = np.random.default_rng(1).standard_normal(1000).astype(np.float32)
    wide = np.array(orjson.loads(orjson.dumps(narrow, option=orjson.OPT_SERIALIZE_NUMPY)))
    assert reads_back(narrow, wide).all()
    assert np.array_equal(cast(wide, np.float32, shortest=True), narrow)
    with pytest.raises(DecodeError, match="expected values that float32 represents"):
        cast(wide, np.float32)


def test_integers_beyond_float64() -> None:
    """Up to 2**53 each is one; beyond, some are."""
    check_float64(np.array([2**53, -(2**53), 2**60]))
    for number in (2**53 + 1, -(2**53) - 1, 2**63 - 1):
        with pytest.raises(EncodeError, match=f"got {number}"):
            check_float64(np.array([0, number]))


def test_numbers_in_the_range_of_a_dtype() -> None:
    """The error names one that is not."""
    assert in_range(np.array([127, -128]), np.dtype("i1"), np.dtype("i1")).tolist() == [127, -128]
    for numbers, target, got in (
        ([128], "i1", "128"),
        ([0, -1], "u1", "-1"),
        ([1e39], "f4", "1e.39"),
    ):
        with pytest.raises(DecodeError, match=f"in the range of {np.dtype(target)}, got {got}"):
            in_range(np.array(numbers), np.dtype(target), np.dtype(target))
    assert np.isinf(in_range(np.array([np.inf]), np.dtype("f4"), np.dtype("f4"))).all()


def test_a_dtype_by_its_name() -> None:
    """Those of ml_dtypes too; a misspelt one gets the nearest."""
    assert dtype_named("bfloat16") == np.dtype(ml_dtypes.bfloat16)
    assert is_float("f2")
    assert is_float(ml_dtypes.bfloat16)
    assert not is_float("i4")
    assert not is_float("no dtype")
    with pytest.raises(DecodeError, match="did you mean 'float32'"):
        dtype_named("flaot32")


def test_strings_as_bytes_and_back() -> None:
    """Text as UTF-8; bytes that numpy would cut stay lists."""
    assert utf8(np.array([["a", "ä"]])) == [b"a", "ä".encode()]
    assert utf8(np.array([b"a", b"bc"])) == [b"a", b"bc"]
    with pytest.raises(EncodeError, match="expected Unicode text"):
        utf8(np.array(["\ud800"]))
    assert from_bytes([b"a", b"bc"], (2, 1)).tolist() == [[b"a"], [b"bc"]]
    assert from_bytes([b"a\0", b"b"], (1, 2)) == [[b"a\0", b"b"]]
    assert from_bytes([b"a\0"], ()) == b"a\0"
    assert from_bytes([], (0, 3)).dtype.kind == "S"


def test_an_aligned_array() -> None:
    """A view at an odd address is copied, and stays read-only; another is itself."""
    odd = np.frombuffer(b"x" + np.arange(3.0).tobytes(), "<f8", 3, 1)
    found = aligned(odd)
    assert found.flags.aligned
    assert not found.flags.writeable
    assert np.array_equal(found, odd)
    assert aligned(found) is found
    assert aligned([1]) == [1]


def test_loss_is_asked_for() -> None:
    """Complex numbers and narrow floats become float64 with `lossy` alone."""
    for array in (np.array([1 + 2j]), np.array([1.5], ml_dtypes.bfloat16)):
        with pytest.raises(EncodeError, match="expected bool, an integer dtype"):
            to_float64(array, lossy=False)
        assert to_float64(array, lossy=True).dtype == np.float64
    target = np.zeros(1)
    put(target, np.array([np.nan], np.float16))
    assert np.isnan(target).all()
