"""The array to send, from a shape, a dtype and a distribution."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tensorwire.cli.arrays import build
from tensorwire.cli.files import UsageError


@pytest.mark.parametrize(
    ("dtype", "values", "expected"),
    [
        ("float64", "zeros", [0.0, 0.0, 0.0]),
        ("float32", "0.1", [np.float32(0.1)] * 3),
        ("int8", "-128", [-128] * 3),
        ("bool", "1", [True] * 3),
        ("uint64", "18446744073709551615", [2**64 - 1] * 3),
        ("complex64", "1+2j", [1 + 2j] * 3),
        ("float16", "nan", [np.nan] * 3),
        ("int4", "integers", [1, 2, 3]),
        ("bool", "integers", [True] * 3),
        ("str", "integers", ["1", "2", "3"]),
        ("bytes", "h\u00e9", ["h\u00e9".encode()] * 3),
    ],
)
def test_values(dtype: str, values: str, expected: list[Any]) -> None:
    """Each distribution gives what it is called, in the dtype asked for."""
    array = build((3,), dtype, values, 0)
    assert array.dtype.name == dtype or array.dtype.kind in "US"
    np.testing.assert_array_equal(array, np.array(expected, array.dtype))


def test_integers_start_again() -> None:
    """Consecutive integers stay apart: they start again before the dtype rounds or overflows."""
    assert build((129,), "int8", "integers", 0)[126:].tolist() == [127, 1, 2]
    counted = build((2050,), "float16", "integers", 0)
    assert counted[2046:].tolist() == [2047, 2048, 1, 2]


def test_random_values() -> None:
    """They have the moments they should, and the seed alone decides them."""
    normal = build((100, 100), "float64", "normal", 1)
    assert abs(normal.mean()) < 0.05
    assert abs(normal.std() - 1) < 0.05
    np.testing.assert_array_equal(normal, build((100, 100), "float64", "normal", 1))
    assert not np.array_equal(normal, build((100, 100), "float64", "normal", 2))
    uniform = build((10_000,), "float32", "uniform", 0)
    assert uniform.min() >= 0
    assert uniform.max() < 1
    assert abs(uniform.mean() - 0.5) < 0.02
    drawn = build((10_000,), "uint8", "uniform", 0)
    assert (drawn.min(), drawn.max()) == (0, 255)
    assert np.abs(build((1000,), "int8", "normal", 0).astype(int)).max() <= 100
    with pytest.raises(UsageError):
        build((2**21, 2**21), "uint8", "zeros", 0)
