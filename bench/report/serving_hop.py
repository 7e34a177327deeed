"""Mode ``hop``: what one service in front of the model server costs."""

from __future__ import annotations

from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING

from bench.report.dots import RIGHT, Dot, Row, dots
from bench.report.looks import LOOKS, legend
from bench.report.page import section
from bench.report.scales import Log, tick_time
from bench.report.serving_pairs import around
from bench.report.serving_words import panel, panels
from bench.report.table import Column, table
from bench.screen import figures
from bench.serving.hop_tables import DIRECT, extra, noise

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bench.report.looks import Look
    from bench.report.markup import Markup
    from bench.serving.recorded import Hop

    Medians = Mapping[tuple[str, str, str], Sequence[float]]

NOTE = (
    "A 224x224x3 image, one client with ready-made bodies, medians (p50). At the right: what the"
    " hop that passes the bytes on adds. pass: our server, bytes in and bytes out. route: it looks"
    " at kind and shape first. recode: it decodes and encodes again, both ways. Every answer was"
    " checked. noise: how far a second series without a hop is from the first."
)
ORDER = (DIRECT, "nginx", "pass", "route", "recode")
PLACES = (1, 4, 2, 3, 0)
"""Which look each of these has."""
START = 108
"""Where the axis begins: the names are long."""


def look_of(hop: str) -> Look:
    """Return how a hop is drawn."""
    return replace(LOOKS[PLACES[ORDER.index(hop)]], dash=None)


def medians_of(hops: Sequence[Hop]) -> Medians:
    """Return the rounds' medians by transport, payload and hop."""
    return {(each.transport, each.payload, each.hop): each.medians for each in hops}


def hop_section(hops: Sequence[Hop]) -> Markup:
    """Return the part of the page."""
    found, medians = payloads(hops), medians_of(hops)
    shown = [name for name in ORDER if any(each.hop == name for each in hops)]
    known = [median(values) for values in medians.values() if values]
    x = Log(*around(known), START, RIGHT)
    drawn = []
    for transport in dict.fromkeys(where for where, _ in found):
        mine = [payload for where, payload in found if where == transport]
        rows = [_row(medians, transport, payload, shown) for payload in mine]
        drawn.append(panel(transport, dots(f"One hop over {transport}", rows, x, tick_time)))
    return section(
        "One service in front of the model server",
        panels(drawn, legend([(look_of(name), name) for name in shown])),
        table("One service in front", _columns(shown), list(_lines(medians, found, shown))),
        note=NOTE,
    )


def payloads(hops: Sequence[Hop]) -> dict[tuple[str, str], int]:
    """Return the bytes of each payload, by transport and name."""
    return {(each.transport, each.payload): each.size for each in sorted(hops, key=_place)}


def _place(hop: Hop) -> tuple[bool, bool, str]:
    return hop.transport != "REST", hop.payload != "tfserving", hop.payload


def _row(medians: Medians, transport: str, payload: str, shown: Sequence[str]) -> Row:
    found = []
    for hop in shown:
        values = medians.get((transport, payload, hop), ())
        if values:
            taken = median(values)
            told = f"{hop}: {figures.duration(taken)}"
            if hop != DIRECT:
                told += f", {_added(medians, transport, payload, hop)}"
            found.append(Dot(taken, told, look_of(hop)))
    return Row(payload, found, _added(medians, transport, payload, "pass").split(" (")[0])


def _added(medians: Medians, transport: str, payload: str, hop: str) -> str:
    added = extra(medians, transport, payload, hop)
    return f"{added[1] * 1e3:+.2f} ms ({added[2] * 100:+.0f} %)" if added else ""


def _columns(shown: Sequence[str]) -> list[Column]:
    others = [f"{hop} adds" for hop in shown if hop != DIRECT]
    names = ("bytes", DIRECT, *others, "noise")
    return [Column("request"), Column("payload"), *(Column(name, numeric=True) for name in names)]


def _lines(
    medians: Medians, found: Mapping[tuple[str, str], int], shown: Sequence[str]
) -> Iterator[list[str]]:
    for (transport, payload), size in found.items():
        key = transport, payload
        direct = medians.get((*key, DIRECT), ())
        apart = noise(medians, *key)
        yield [
            transport,
            payload,
            figures.size(size),
            figures.duration(median(direct)) if direct else "-",
            *(_added(medians, *key, hop) or "-" for hop in shown if hop != DIRECT),
            f"{apart[0] * 1e3:.2f} ms ({apart[1] * 100:.0f} %)" if apart else "-",
        ]


def summary(hops: Sequence[Hop], hop: str) -> str | None:
    """Say what a hop adds, over all payloads."""
    medians = medians_of(hops)
    found = [extra(medians, *key, hop) for key in payloads(hops)]
    times = sorted(each[1] for each in found if each)
    if not times:
        return None
    middle = median(each[2] for each in found if each)
    return (
        f"{times[0] * 1e3:+.2f} to {times[-1] * 1e3:+.2f} ms ({middle * 100:+.0f} % in the middle)"
    )
