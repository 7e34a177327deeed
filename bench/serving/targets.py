"""The gains this project promises over the object way, as ratios of one interleaved run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import figures
from ..measure.results import LEAST_NOISE, level
from .cells import GRPC, OBJECTS, OURS, REST, Cell

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .samples import Matrix

MANY: Mapping[tuple[str, str], float] = {
    (GRPC, "ndarray"): 40,
    (GRPC, "tensor"): 2,
    (GRPC, "tftensor"): 2,
    (REST, "ndarray"): 3,
    (REST, "tensor"): 3,
    (REST, "tftensor"): 3,
}
"""For ``predict`` of 100,000 values; with one value, nothing may be slower."""
COMPARED = {
    "met": "is as good as",
    "level": "differs by no more than the noise from",
    "MISSED": "is not yet as good as",
}
"""How the old advice stands, by the verdict on ``tensor`` as fast as ``tftensor``."""


def target_of(cell: Cell) -> float | None:
    """Return how many times as fast as the object way a cell is to be."""
    if cell.values == 1:
        return 1.0
    if cell.method == "predict" and cell.values == 100_000:
        return MANY.get((cell.transport, cell.kind))
    return None


def verdict(found: tuple[float, float], bound: float) -> str:
    """Return whether a ratio is as promised: ``met``, ``level`` inside the noise, or ``MISSED``."""
    value, noise = found
    if value >= bound:
        return "met"
    return "level" if level(value, bound, max(noise, LEAST_NOISE)) else "MISSED"


def missed(matrix: Matrix, cells: Sequence[Cell]) -> Iterator[str]:
    """Return which promises were not kept."""
    for cell in cells:
        bound = target_of(cell) if cell.side == OURS else None
        found = matrix.gain(cell)
        if bound and found and verdict(found, bound) == "MISSED":
            yield (
                f"{cell.group}, {cell.kind}: {figures.ratio(found[0])} the speed of the object"
                f" way, target {bound:g}x"
            )


def advice(matrix: Matrix, cells: Sequence[Cell]) -> Iterator[str]:
    """Compare ``tensor`` and ``tftensor`` over gRPC, of which the old advice has an opinion."""
    for cell in cells:
        if (cell.transport, cell.kind, cell.side) != (GRPC, "tensor", OURS) or cell.values == 1:
            continue
        found = matrix.ratio(cell._replace(kind="tftensor"), cell)
        old = matrix.ratio(
            cell._replace(kind="tftensor", side=OBJECTS), cell._replace(side=OBJECTS)
        )
        if found is None or old is None:
            continue
        good = COMPARED[verdict(found, 1.0)]
        yield (
            f"{cell.group}: tensor {good} tftensor, {figures.ratio(found[0])} its speed"
            f" (noise {figures.percent(found[1])}); the object way has {figures.ratio(old[0])}."
        )
