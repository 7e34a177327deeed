"""What a person sees of the speeds: a table for each payload, what is slower, and the promise."""

from __future__ import annotations

import os
from statistics import median
from typing import TYPE_CHECKING

from bench.measure import environment
from bench.screen import figures
from bench.screen.table import Row, Table
from interop.report import listed
from interop.timed import TIMED
from interop.timing import FOUR_MB, PAYLOADS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.payloads.case import Case
    from bench.screen.render import Screen
    from interop.timing import Speed

__all__ = ["promise", "show", "table"]

PROMISED = 100
COLUMNS = ("encode", "ours", "ratio", "decode", "ours", "ratio", "bytes", "ratio")
RATIO = "ratio = ours / theirs"
NOTE = (
    "Medians of the peer's call and of ours. Below 1 we take less; 1/20 is a twentieth, and 20 is"
    " twenty times as much."
)
LEGEND = (
    "A message is made of an array, with an id (or puid), and written; it is read, and the array"
    " taken out. Servers read requests and write replies; triton, a client, the other way round."
    " - is what a peer has no call for, or was not timed. We have no codec for ONNX and none for"
    " pickle: beside them stands protobuf/tftensor, whose encode_parts copies as little as pickle"
    " does out of band. Each peer's calls, writing first:"
)


def show(speeds: Sequence[Speed], screen: Screen) -> None:
    """Write everything there is to say of the speeds."""
    facts = environment.facts()
    screen.line()
    screen.line("ours: " + ", ".join(f"{name} {one}" for name, one in facts.items()), "note")
    for warning in _busy():
        screen.line(warning, "warning")
    for number, payload in enumerate(PAYLOADS):
        made = table(payload, speeds)
        made.note = "" if number else NOTE
        screen.table(made)
    screen.line()
    screen.line(LEGEND, "note")
    for peer in dict.fromkeys(each.peer for each in speeds):
        screen.line(f"{peer}: {TIMED[peer]}.", "note")
    listed("Not timed:", _not_timed(speeds), screen)
    listed("We take longer:", _slower(speeds), screen)
    if kept := promise(speeds):
        screen.line()
        screen.line(kept, "warning" if kept.endswith("short") else "title")


def _busy() -> Iterator[str]:
    """Say that the machine had more to do than this; Windows does not tell."""
    load, most = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0, os.cpu_count() or 1
    if load > most:
        yield (
            f"Other programs were at work (load {load:.1f} on {most} CPUs), which slows down what"
            " takes milliseconds more than what takes less: close them for fair figures."
        )


def table(payload: Case, speeds: Sequence[Speed]) -> Table:
    """Show theirs, ours and the ratio, the peers as groups."""
    shape = " x ".join(f"{size:,}" for size in payload.shape)
    made = Table(f"{payload.label}: {shape} ({RATIO})", COLUMNS)
    chosen = {
        (each.peer, each.way, each.operation): each
        for each in speeds
        if each.payload == payload.label
    }
    ways = dict.fromkeys((peer, way) for peer, way, _ in chosen)
    group = ""
    for peer, way in ways:
        if peer != group:
            group = peer
            made.rows.append(Row(peer, style="group"))
        encode, decode = (chosen.get((peer, way, each)) for each in ("encode", "decode"))
        cells = (*_times(encode), *_times(decode), *_sizes(encode))
        made.rows.append(Row(way, cells))
    return made


def _times(speed: Speed | None) -> Sequence[str]:
    if speed is None or speed.ratio is None:
        return "-", "-", "-"
    times = [figures.duration(median(each) * 1e-9) for each in (speed.theirs, speed.ours)]
    return *times, part(speed.ratio)


def _sizes(speed: Speed | None) -> Sequence[str]:
    if speed is None or speed.sizes is None:
        return "-", "-"
    theirs, ours = speed.sizes
    return figures.size(theirs), part(ours / theirs)


def part(ratio: float) -> str:
    """Write ours over theirs: ``0.98``, ``1.25``, and ``1/59,000`` for what is next to nothing."""
    return f"1/{1 / ratio:,.0f}" if ratio <= 0.1 else figures.ratio(ratio).removesuffix("x")


def _not_timed(speeds: Sequence[Speed]) -> Iterator[str]:
    for each in speeds:
        if each.reason:
            yield f"{_named(each)}: {each.reason}"


def _slower(speeds: Sequence[Speed]) -> Iterator[str]:
    found: dict[tuple[str, str], list[str]] = {}
    for each in speeds:
        if each.ratio is not None and each.ratio > 1:
            named = f"{each.peer} {each.way}", each.operation
            found.setdefault(named, []).append(f"{each.payload} {figures.ratio(each.ratio)}")
    for (way, operation), payloads in found.items():
        yield f"{way}, {operation}: {', '.join(payloads)}"


def _named(speed: Speed) -> str:
    return f"{speed.peer} {speed.way}, {speed.operation} of {speed.payload}"


def promise(speeds: Sequence[Speed]) -> str:
    """Say whether KServe's REST binary decode is beaten as was promised, if it was measured."""
    wanted = ("kserve", "rest binary", FOUR_MB, "decode")
    ratio = next((each.ratio for each in speeds if each[:4] == wanted), None)
    found = None if ratio is None else 1 / ratio
    if found is None:
        return ""
    verdict = "met" if found >= PROMISED else "short"
    return (
        f"KServe REST binary decode of 4 MB: {figures.ratio(found)} as fast ({PROMISED}x promised):"
        f" {verdict}"
    )
