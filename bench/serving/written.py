"""The samples of the matrix, in pyperf's format and as CSV."""

from __future__ import annotations

import csv
import json
from statistics import fmean
from typing import TYPE_CHECKING, TextIO

from bench.serving.cells import OBJECTS, known
from bench.serving.samples import SHARES, quantile, shares
from bench.serving.suite import Timed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.serving.cells import Cell
    from bench.serving.samples import Samples

COLUMNS = (
    *("transport", "method", "values", "kind", "side", "requests"),
    *("p50_s", "p90_s", "p99_s", "requests_per_s", "call_p50_s", "bytes_out", "bytes_in"),
    *(f"{name.replace(' + ', '_').replace(' ', '_')}_share" for name in SHARES),
    *("known_s", "objects_ratio", "objects_ratio_noise"),
)


def write_csv(samples: Samples, cells: Sequence[Cell], stream: TextIO) -> None:
    """Write a line per cell: seconds and plain numbers, nothing where unknown."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for cell in cells:
        requests = samples.requests(cell)
        if not requests:
            continue
        whole = sorted(request.whole for request in requests)
        calls = sorted(request.call for request in requests)
        size = samples.sizes[cell]
        split = [f"{share:.4f}" for share in shares(requests)]
        if not all(request.parts for request in requests):
            split[2:5] = ["", "", ""]
        other = cell._replace(side=OBJECTS)
        ratio = samples.ratio(other, cell) if other != cell else None
        figures = (*(quantile(whole, share) for share in (0.5, 0.9, 0.99)), 1 / fmean(whole))
        writer.writerow(
            (
                *cell,
                len(requests),
                *(f"{figure:.6g}" for figure in (*figures, quantile(calls, 0.5))),
                *size,
                *split,
                known(cell) or "",
                *(f"{value:.4g}" for value in ratio or ()),
                *("",) * (0 if ratio else 2),
            )
        )


def benchmarks(samples: Samples) -> Iterator[Timed]:
    """Give a benchmark per cell, a run per round, and beside the times where they went."""
    for cell, rounds in sorted(samples.rounds.items(), key=lambda item: item[0].place):
        requests = samples.requests(cell)
        if not requests:
            continue
        split: list[float | None] = [round(share, 6) for share in shares(requests)]
        if not all(request.parts for request in requests):
            split[2:5] = [None] * 3  # its server does not tell
        told = {
            **cell.told(),
            "bytes_out": samples.sizes[cell].out,
            "bytes_in": samples.sizes[cell].back,
            "shares": json.dumps(split),
            "call_medians": json.dumps(
                [round(each, 9) for each in samples.medians(cell, call=True)]
            ),
        }
        yield Timed(told, [[each.whole for each in burst] for burst in rounds])
