"""Mode ``hop``: what one service in front of the model server costs."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from ... import figures
from ...serving.records import DIRECT, Hops
from .. import charts
from ..charts import Axis, Dot, LineStyle, Row
from ..page import Column, Drawing, Panel, Section, Table, numeric
from .sides import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...serving.records import Hop

HOP = (
    "A 224x224x3 image, one client with ready-made bodies, medians (p50). At the right: what the"
    " hop that passes the bytes on adds. pass: our server, bytes in and bytes out. route: it looks"
    " at kind and shape first. recode: it decodes and encodes again, both ways. Every answer was"
    " checked. noise: how far a second series without a hop is from the first."
)
HOPS = {
    DIRECT: LineStyle("k1", "square"),
    "nginx": LineStyle("k4", "cross"),
    "pass": LineStyle("k2", "triangle-up"),
    "route": LineStyle("k3", "diamond"),
    "recode": LineStyle("k0", "circle"),
}
HOP_ANSWERS = {
    "pass": "Our server, which passes bytes on",
    "nginx": "nginx",
    "recode": "One that recodes",
}


def hop_section(hops: Sequence[Hop]) -> Section:
    """Return the times of each payload through each hop."""
    found, times = _payloads(hops), Hops(hops)
    medians = times.medians
    shown = [name for name in HOPS if any(each.hop == name for each in hops)]

    def added(transport: str, payload: str, hop: str) -> str:
        each = times.added(transport, payload, hop)
        return f"{each[1] * 1e3:+.2f} ms ({each[2] * 100:+.0f} %)" if each else ""

    axis = Axis.logarithmic([median(each) for each in medians.values() if each], charts.TIME)
    panels = []
    for transport in dict.fromkeys(where for where, _ in found):
        rows = []
        for payload in (name for where, name in found if where == transport):
            dots = []
            for hop in shown:
                if values := medians.get((transport, payload, hop), ()):
                    more = f", {added(transport, payload, hop)}" if hop != DIRECT else ""
                    text = f"{hop}: {figures.duration(median(values))}{more}"
                    dots.append(Dot(median(values), text, HOPS[hop]))
            rows.append(Row(payload, dots, [added(transport, payload, "pass").split(" (")[0]]))
        chart = charts.dots(f"One hop over {transport}", rows, axis, left=108, right=80)
        panels.append(Panel(transport, [Drawing([chart])]))
    lines = []
    for (transport, payload), size in found.items():
        direct, apart = (
            medians.get((transport, payload, DIRECT), ()),
            times.noise(transport, payload),
        )
        lines.append(
            [
                transport,
                payload,
                figures.size(size),
                figures.duration(median(direct)) if direct else UNKNOWN,
                *(added(transport, payload, hop) or UNKNOWN for hop in shown if hop != DIRECT),
                f"{apart[0] * 1e3:.2f} ms ({apart[1] * 100:.0f} %)" if apart else UNKNOWN,
            ]
        )
    others = [f"{hop} adds" for hop in shown if hop != DIRECT]
    columns = [Column("request"), Column("payload"), *numeric("bytes", DIRECT, *others, "noise")]
    return Section(
        "One service in front of the model server",
        HOP,
        [(charts.swatch(HOPS[name]), name) for name in shown],
        panels=panels,
        table=Table("One service in front", columns, lines),
    )


def _payloads(hops: Sequence[Hop]) -> dict[tuple[str, str], int]:
    """Return the bytes of each payload, by transport and name."""
    places = sorted(
        hops, key=lambda h: (h.transport != "REST", h.payload != "tfserving", h.payload)
    )
    return {(each.transport, each.payload): each.size for each in places}


def hop_answers(hops: Sequence[Hop]) -> Iterator[str]:
    """Return what a hop adds, over all payloads."""
    times_added = Hops(hops)
    for hop, name in HOP_ANSWERS.items():
        found = [each for key in _payloads(hops) if (each := times_added.added(*key, hop))]
        times = sorted(each[1] for each in found)
        if times:
            middle = median(each[2] for each in found)
            yield (
                f"{name}: {times[0] * 1e3:+.2f} to {times[-1] * 1e3:+.2f} ms"
                f" ({middle * 100:+.0f} % in the middle)."
            )
