"""Places for labels in a column: each near where it belongs, none over another."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move places apart until neighbours are `gap` away from each other.

    Places that touch become a block, which stands where its members wanted to be on average; blocks
    that touch are joined. All stay between `low` and `high`, closer than `gap` if there is no
    other way.
    """
    if not wanted:
        return []
    gap = min(gap, (high - low) / max(1, len(wanted) - 1))
    order = sorted(range(len(wanted)), key=lambda n: wanted[n])
    blocks: list[list[int]] = []
    tops: list[float] = []
    for number in order:
        block, top = [number], _top(wanted, [number], gap, low, high)
        while blocks and tops[-1] + gap * len(blocks[-1]) > top:
            block = blocks.pop() + block
            tops.pop()
            top = _top(wanted, block, gap, low, high)
        blocks.append(block)
        tops.append(top)
    places = [0.0] * len(wanted)
    for block, top in zip(blocks, tops, strict=True):
        for step, number in enumerate(block):
            places[number] = top + gap * step
    return places


def _top(
    wanted: Sequence[float], block: Sequence[int], gap: float, low: float, high: float
) -> float:
    middle = sum(wanted[number] for number in block) / len(block)
    length = gap * (len(block) - 1)
    return max(low, min(middle - length / 2, high - length))
