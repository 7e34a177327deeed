"""Compression and links: seconds against the speed of the link, and the figures behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ... import figures
from ...advice.links import SPEEDS, advise_links, over, quickest
from ...implementations.compressors import format_of
from ...links import MODEL, READERS, agreement, answer, bits
from .. import charts
from ..charts import Axis, Point, Series
from ..page import Column, Drawing, Panel, Section, Table, numeric
from .views import UNKNOWN, payload_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...advice.links import LinkAdvice
    from ...measure.results import Results
    from ..charts import Chart

PLAIN = "as it is"
DRAWN = [10 ** (6 + step / 4) for step in range(17)]
"""Bits a second, 1 Mb/s to 10 Gb/s."""
LINES = (
    "Seconds of one transfer against the speed of the link, both logarithmic: for each way of"
    " compressing, the codec and level that take least at that speed. "
)


def sections(results: Results) -> Iterator[Section]:
    """Yield what there is to see, if links were asked for."""
    found = advise_links(results)
    if not found:
        return
    names = _formats(results)
    legend = [(charts.swatch(charts.style_of(name, names)), name) for name in names]
    panels = [
        Panel(payload_of(results, each.case), [Drawing([chart(results, each)])], items=answer(each))
        for each in found
    ]
    yield Section(
        "Compression and links",
        LINES + MODEL[0].upper() + MODEL[1:],
        legend,
        panels=panels,
        paragraphs=[READERS],
        table=_choices(results, found),
    )
    yield Section("Every body, compressed", table=_bodies(results))
    if results.links and results.links.checked:
        paragraph = f"Sent for real, over 127.0.0.1 slowed to the link. {agreement(results)}"
        yield Section("Links, checked", paragraphs=[paragraph], table=_checked(results))


def chart(results: Results, advice: LinkAdvice) -> Chart:
    """Return a line for each way of compressing one payload."""
    names = _formats(results)
    series = []
    for name in names:
        transfers = [
            each
            for each in (results.links.of(advice.case) if results.links else ())
            if (format_of(each.compressor) or PLAIN) == name and each.dtype == advice.dtype
        ]
        points = []
        for speed in DRAWN if transfers else ():
            best = quickest(over(each, speed, results.http_round_trips) for each in transfers)
            taken = figures.duration(best.seconds)
            text = f"{bits(speed)}: {taken}, {best.transfer.name}"
            points.append(Point(speed, best.seconds, text))
        if points:
            series.append(Series(name, name, points, charts.style_of(name, names)))
    x = Axis(1e6 / 1.2, 1e10 * 1.2, [1e6, *SPEEDS.values()], charts.SHORT, "bits a second")
    y = Axis.logarithmic([each.y for one in series for each in one.points], charts.TIME)
    return charts.lines(
        f"{payload_of(results, advice.case)}: seconds of one transfer", series, x, y
    )


def _formats(results: Results) -> list[str]:
    """Return the ways of compressing, what is not compressed first."""
    found = results.links.transfers if results.links else ()
    return list(dict.fromkeys(format_of(each.compressor) or PLAIN for each in found))


def _choices(results: Results, found: list[LinkAdvice]) -> Table:
    """Return what to send over each link, and where its seconds go."""
    rows = []
    for advice in found:
        for each in advice.choices:
            sent = each.choice.transfer
            parts = (sent.encode, sent.compress, each.choice.wire, sent.decompress, sent.decode)
            rows.append(
                [
                    payload_of(results, advice.case),
                    each.link,
                    sent.name,
                    figures.size(sent.bytes),
                    *(figures.duration(part) if part else UNKNOWN for part in parts),
                    figures.duration(each.choice.seconds),
                    each.plain.transfer.codec,
                    figures.duration(each.plain.seconds),
                    figures.ratio(each.factor),
                ]
            )
    columns = [Column("payload"), Column("link"), Column("fastest")]
    columns += numeric("bytes", "encode", "compress", "wire", "decompress", "decode", "total")
    columns += [Column("not compressed"), *numeric("its total", "ratio")]
    return Table("The fastest way over each link", columns, rows)


def _bodies(results: Results) -> Table:
    """Return bytes and seconds of every body: each codec, dtype and compressor."""
    rows = []
    plain: dict[tuple[int, str, str], int] = {}
    for advice in advise_links(results):
        for each in results.links.of(advice.case) if results.links else ():
            whole = plain.setdefault((each.case, each.codec, each.dtype), each.bytes)
            times = (each.encode, each.compress, each.decompress, each.decode)
            rows.append(
                [
                    payload_of(results, advice.case),
                    each.codec,
                    each.dtype,
                    each.compressor or UNKNOWN,
                    figures.size(each.bytes),
                    figures.ratio(whole / max(1, each.bytes)),
                    *(figures.duration(part) if part else UNKNOWN for part in times),
                ]
            )
    columns = [Column("payload"), Column("codec"), Column("sent as"), Column("compressor")]
    columns += numeric("bytes", "smaller by", "encode", "compress", "decompress", "decode")
    return Table("Every body: bytes and seconds", columns, rows)


def _checked(results: Results) -> Table:
    """Return what was predicted and measured of real transfers."""
    rows = []
    known = results.links
    for each in known.checked if known else ():
        sent = known.transfers[each.transfer]  # type: ignore[union-attr]
        rows.append(
            [
                each.link,
                payload_of(results, sent.case),
                sent.name,
                figures.size(sent.bytes),
                figures.duration(each.predicted),
                figures.duration(each.fastest),
                figures.duration(each.median),
                figures.ratio(each.ratio),
            ]
        )
    columns = [Column("link"), Column("payload"), Column("sent")]
    columns += numeric("bytes", "predicted", "fastest", "median", "ratio")
    return Table("Predicted and measured seconds of a transfer", columns, rows)
