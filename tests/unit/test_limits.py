"""Limits: each bound alone, and claims that no array has."""

from typing import Any

import pytest

from tensorwire.errors import DecodeError, LimitError
from tensorwire.limits import DEFAULT_LIMITS, Limits, checked_limits

SPARE = 16 << 20


@pytest.mark.parametrize(
    ("limits", "shape", "reason"),
    [
        (Limits(max_elements=5), (2, 3), "expected at most 5 elements, got 6"),
        (Limits(max_bytes=47), (2, 3), "expected an array of at most 47 bytes, got 48"),
        (Limits(max_rank=1), (2, 3), "expected rank of at most 1, got 2"),
        (DEFAULT_LIMITS, (1,) * 65, "expected rank of at most 64, got 65"),
        (Limits(max_rank=100), (1,) * 65, "expected rank of at most 64, got 65"),
        (DEFAULT_LIMITS, (2**62, 4, 0), "expected a shape of less than 2\\*\\*63 bytes"),
        (DEFAULT_LIMITS, (10**12,), "expected an array of at most"),
        (DEFAULT_LIMITS, (SPARE // 8 + 51,), "expected an array of at most"),
    ],
)
def test_a_claim_over_a_bound(limits: Limits, shape: tuple[int, ...], reason: str) -> None:
    """It is refused in Python's integers, with its path."""
    with pytest.raises(LimitError, match=reason) as error:
        limits.check(shape, 8, 100, ".shape")
    assert error.value.path == "$.shape"


@pytest.mark.parametrize("shape", [(), (2, 3), (0,), (SPARE // 8 + 50,), (1,) * 64])
def test_a_claim_within_the_bounds(shape: tuple[int, ...]) -> None:
    """Four times the payload and 16 MiB are allowed; the count of elements comes back."""
    count = 1
    for size in shape:
        count *= size
    assert DEFAULT_LIMITS.check(shape, 8, 100) == count


def test_what_is_left_for_other_arrays() -> None:
    """Arrays of one message share the bound that follows from its size, and no other."""
    left = DEFAULT_LIMITS.after(SPARE, 100)
    assert left.max_bytes == 400
    assert DEFAULT_LIMITS.after(SPARE + 1000, 100).max_bytes == 0
    assert DEFAULT_LIMITS.after(0, 100) is DEFAULT_LIMITS
    own = Limits(max_bytes=5)
    assert own.after(100, 100) is own


@pytest.mark.parametrize("name", ["max_elements", "max_bytes", "max_rank"])
@pytest.mark.parametrize("bound", [1.5, "1", [], object()], ids=lambda bound: type(bound).__name__)
def test_a_bound_is_an_integer(name: str, bound: Any) -> None:
    """Another type is refused by name."""
    with pytest.raises(DecodeError, match=f"expected an integer.* for {name}="):
        Limits(**{name: bound})


@pytest.mark.parametrize("name", ["max_elements", "max_bytes", "max_rank"])
def test_a_bound_is_not_negative(name: str) -> None:
    """A bound below 0, which nothing meets, is refused by name; 0 is one."""
    with pytest.raises(DecodeError, match=f"expected a bound of 0 or more for {name}=, got -1"):
        Limits(**{name: -1})
    Limits(**{name: 0})


def test_limits_of_an_option() -> None:
    """None is the default; another type is refused."""
    own = Limits(max_rank=1)
    assert checked_limits(None) is DEFAULT_LIMITS
    assert checked_limits(own) is own
    with pytest.raises(DecodeError, match="expected Limits for limits=, got 5"):
        checked_limits(5)
    with pytest.raises(DecodeError, match="for max_rank="):
        Limits(max_rank=None)  # type: ignore[arg-type]
