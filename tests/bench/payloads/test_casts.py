"""What a smaller dtype does to values of which it is known."""

from __future__ import annotations

import numpy as np
import pytest

from bench.payloads import casts
from bench.payloads.case import Case, build
from bench.payloads.casts import NARROWER, CastError, cast_error


def test_what_fits_does_not_change() -> None:
    """Small integers and halves are in float32, and in float16."""
    array = np.array([[0.0, -1.0, 2048.0], [0.5, np.inf, np.nan]])
    for dtype in NARROWER["float64"]:
        assert cast_error(array, dtype) == CastError(dtype, 0.0, 0.0, 0, 0)


def test_what_is_lost_is_counted() -> None:
    """1e39 and -1e300 become infinite in float32, 1e-60 becomes 0; 2049 is between two float16."""
    array = np.array([1e39, -1e300, 1e-60, 1.0])
    found = cast_error(array, "float32")
    assert (found.overflowed, found.vanished, found.lost) == (2, 1, True)
    assert cast_error(np.array([2049.0]), "float16") == CastError("float16", 1.0, 1 / 2049, 0, 0)
    assert cast_error(np.array([70_000.0]), "float16").overflowed == 1
    assert not cast_error(np.zeros((0, 3)), "float16").lost


@pytest.mark.parametrize("dtype", NARROWER["float64"])
def test_the_largest_error_of_all_blocks_is_found(
    dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The array may be larger than a block: the figures are those of the whole."""
    array = np.random.default_rng(1).uniform(0.1, 9, (77, 13))
    whole = np.abs(array.astype(dtype).astype(float) - array)
    monkeypatch.setattr(casts, "BLOCK", 100)
    found = cast_error(array, dtype)
    assert found.absolute == whole.max()
    assert found.relative == (whole / array).max()


def test_the_cast_payload_is_the_payload_cast() -> None:
    """What is measured in a smaller dtype are the same values, also where that dtype would wrap."""
    for values in ("ints", "normal"):
        case = Case("x", "s", (500, 10), "float64", values)
        cast = Case("x", "s", (500, 10), "float16", values, made_as="float64")
        np.testing.assert_array_equal(build(cast), build(case).astype("float16"), strict=True)
        assert Case.from_json(cast.to_worker()) == cast
        assert "made_as" not in cast.to_json()
