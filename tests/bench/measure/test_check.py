"""What counts as the same values, before anything is timed."""

from __future__ import annotations

import numpy as np

from bench.measure.check import same


def test_same_means_bit_for_bit() -> None:
    """A zero of the other sign, another shape or another value is not the same; a NaN is."""
    zero = np.array([0.0, np.nan])
    assert same(np.array([0.0, -np.nan]), zero)
    assert not same(np.array([-0.0, np.nan]), zero)
    assert not same(np.array([[0.0, np.nan]]), zero)
    assert not same(np.array([0.0, 1.0]), zero)
    assert same(np.array([1.0, 2.0]), np.array([1, 2], np.uint8))
    assert same(zero.tobytes(), zero)
    assert not same(np.array([0.0, None]), zero)


def test_strings_are_compared_as_text() -> None:
    """A TensorProto gives bytes back where text went in."""
    text = np.array(["a", "é"])
    assert same(np.char.encode(text, "utf-8"), text)
    assert not same(np.array([b"a", b"e"]), text)
    assert not same(np.array([b"a", b"\xff"]), text)
    assert not same(text, np.array([1.0, 2.0]))
