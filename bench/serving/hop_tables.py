"""What a hop costs, as tables, CSV and pyperf's format."""

from __future__ import annotations

import csv
from itertools import groupby
from statistics import median
from typing import TYPE_CHECKING, TextIO

from bench import figures
from bench.screen import Row, Table
from bench.serving.suite import Timed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bench.screen import Screen
    from bench.serving.hop_payloads import Picture

    Medians = Mapping[tuple[str, str, str], Sequence[float]]

DIRECT, AGAIN = "no hop", "again"
NOTE = (
    "p50 of one client with ready-made bodies, and what each hop adds to it: ms, and % below."
    " noise: how far a second series without a hop is from the first."
)
HOPS = (
    "pass: our server, bytes in and out. route: after tw.peek. recode: decodes and encodes again"
    " both ways. Every answer was checked."
)


def extra(
    medians: Medians, transport: str, label: str, hop: str
) -> tuple[float, float, float] | None:
    """Give the seconds without the hop, and what it adds: the seconds, and the share.

    Medians of the rounds; what is added is taken round by round.
    """
    base = medians.get((transport, label, DIRECT), ())
    other = medians.get((transport, label, hop), ())
    pairs = list(zip(base, other, strict=False))
    if not pairs:
        return None
    return (
        median(first for first, _ in pairs),
        median(second - first for first, second in pairs),
        median(second / first - 1 for first, second in pairs),
    )


def noise(medians: Medians, transport: str, label: str) -> tuple[float, float] | None:
    """Give how far two equal series differ: the median of the rounds' differences."""
    base = medians.get((transport, label, DIRECT), ())
    other = medians.get((transport, label, AGAIN), ())
    pairs = list(zip(base, other, strict=False))
    if not pairs:
        return None
    return (
        median(abs(second - first) for first, second in pairs),
        median(abs(second / first - 1) for first, second in pairs),
    )


def show(
    found: Sequence[Picture],
    hops: Sequence[str],
    medians: Medians,
    screen: Screen,
    *,
    quiet: bool,
) -> None:
    """Write the table."""
    others = [hop for hop in hops if hop != DIRECT]
    table = Table("One hop, a 224x224x3 image", ("bytes", DIRECT, *others, "noise"), note=NOTE)
    for transport, members in groupby(found, key=lambda picture: picture.transport):
        table.rows.append(Row(transport, style="group"))
        for picture in members:
            table.rows += _rows(picture, others, medians)
    screen.table(table)
    if not quiet:
        screen.line()
        screen.line(HOPS, "note")
        if "nginx" not in hops:
            screen.line("nginx is not installed: no real proxy beside ours.", "warning")


def _rows(picture: Picture, others: Sequence[str], medians: Medians) -> list[Row]:
    key = picture.transport, picture.label
    base = extra(medians, *key, DIRECT)
    if base is None:
        return []
    times = [figures.size(len(picture.body)), figures.duration(base[0])]
    shares = ["", ""]
    for hop in others:
        added = extra(medians, *key, hop)
        times.append(f"{added[1] * 1e3:+.2f} ms" if added else "-")
        shares.append(f"{added[2] * 100:+.0f} %" if added else "")
    apart = noise(medians, *key)
    times.append(f"{apart[0] * 1e3:.2f} ms" if apart else "-")
    shares.append(f"{apart[1] * 100:.0f} %" if apart else "")
    return [Row(picture.label, tuple(times)), Row("", tuple(shares), "baseline")]


COLUMNS = ("transport", "protocol", "kind", "hop", "bytes", "p50_s", "extra_s", "extra", "noise")


def write_csv(
    found: Sequence[Picture], hops: Sequence[str], medians: Medians, stream: TextIO
) -> None:
    """Write a line per payload and hop."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for picture in found:
        key = picture.transport, picture.label
        apart = noise(medians, *key)
        for hop in hops:
            added = extra(medians, *key, hop)
            if added:
                figure = (median(medians[(*key, hop)]), *added[1:], apart[1] if apart else 0)
                texts = (f"{value:.6g}" for value in figure)
                writer.writerow((*picture[:3], hop, len(picture.body), *texts))


def benchmarks(found: Sequence[Picture], medians: Medians) -> Iterator[Timed]:
    """Give a benchmark per payload and hop: the median of each round."""
    pictures = {(picture.transport, picture.label): picture for picture in found}
    for (transport, label, hop), values in medians.items():
        told = {
            "name": f"hop {transport} {label} {hop}",
            "transport": transport,
            "payload": label,
            "hop": hop,
            "bytes_out": len(pictures[transport, label].body),
        }
        yield Timed(told, [values])
