"""The page for runs of ``python -m bench.serving``: a file of each mode at most."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import pairwise
from statistics import fmean, median
from typing import TYPE_CHECKING, NamedTuple

from bench import figures
from bench.measure import runfile
from bench.measure.runfile import RunFileError
from bench.report import charts
from bench.report.charts import Axis, Bar, Dot, LineStyle, Part, Point, Row, Series
from bench.report.page import (
    Column,
    Drawing,
    Page,
    Panel,
    Section,
    Switch,
    Table,
    class_of,
    machine,
    numeric,
)
from bench.serving import suite
from bench.serving.cells import METHODS, OBJECTS, OURS, SIDES, known
from bench.serving.hop_tables import DIRECT, extra, noise
from bench.serving.matrix_tables import FEW
from bench.serving.runfile import read
from bench.serving.samples import quantile
from bench.serving.scale_tables import BIN
from bench.serving.targets import advice, missed, target_of, verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from bench.report.charts import Chart
    from bench.serving.cells import Cell
    from bench.serving.loads import Load
    from bench.serving.recorded import Hop, Matrix, Measured, Phase, ServingRun
    from bench.serving.starts import Started

    Loads = Mapping[tuple[Cell, int], Load]
    Medians = Mapping[tuple[str, str, str], Sequence[float]]

MODES: Mapping[str, str] = {
    "latency": "One client",
    "throughput": "Many clients",
    "concurrent": "From one client up",
    "load": "Starting",
    "scale": "Workers that come and go",
    "hop": "One service in front",
}
"""Headings of the answers, in the order of the page."""
NAMES: Mapping[str, str] = {OURS: "tensorwire", OBJECTS: "usual way"}
"""What the two sides are called; the usual way goes through Python and protobuf objects."""
SHORT: Mapping[str, str] = {OURS: "tensorwire", OBJECTS: "usual"}
STYLES = {OURS: LineStyle("k1", "square"), OBJECTS: LineStyle("k0", "circle", hollow=True)}
SAME = ("cpu", "cores", "bench_python", "protobuf_version", "grpcio_version")
"""What must be the same for two files to be compared."""
MODELS = {
    "sum": "predict answers with the sum of the values, predict_raw with [1]",
    "echo": "the model answers with what it got",
}
REQUEST = (Column("request"), Column("values", numeric=True), Column("kind"))
UNKNOWN = "-"


def claims(path: str) -> bool:
    """Whether this is a file of bench.serving; a file that cannot be read is not."""
    try:
        return suite.MODE in runfile.load(path).get_metadata()
    except RunFileError:
        return False


def build(paths: Sequence[str]) -> Page:
    """Read the files and return their page.

    Raises
    ------
    RunFileError
        One of them cannot be read, is of something else, or there are two of one mode.
    """
    runs = sorted(map(read, paths), key=lambda run: list(MODES).index(run.mode))
    for first, second in pairwise(runs):
        if first.mode == second.mode:
            raise RunFileError(
                f"{second.path}: expected one run of each mode, got two of {second.mode}"
            )
    (headline, *rest), *others = ([*_answers(run)] or [""] for run in runs)
    answers = [
        (MODES[run.mode] if len(runs) > 1 else "", lines)
        for run, lines in zip(runs, (rest, *others), strict=True)
        if lines
    ]
    sections = [section for run in runs for section in _sections(run)]
    facts = machine(runs[0].metadata)
    facts.pop("date", None)  # each run has its own
    sections.append(Section("Machine and measurement", facts=[*facts.items(), *_measured(runs)]))
    origin = _origin(runs)
    picture = partial(_picture, runs[0].matrix, origin) if runs[0].matrix.cells else None
    title = "What a format costs in a whole request"
    return Page(title, origin, list(_warnings(runs)), [headline], answers, sections, picture)


def _sections(run: ServingRun) -> Iterator[Section]:
    if run.mode == "latency":
        yield _matrix_section(run.matrix)
        yield _breakdown_section(run.matrix)
    elif run.mode == "throughput":
        yield _throughput_section(run.loads)
    elif run.mode == "concurrent":
        yield _concurrent_section(run.loads)
    elif run.mode == "load":
        yield _starts_section(run.starts, run.what)
    elif run.mode == "scale":
        yield _scale_section(run.phases)
    else:
        yield _hop_section(run.hops)


def _answers(run: ServingRun) -> Iterator[str]:
    """Return what a file shows, a sentence each."""
    if run.mode == "latency":
        yield from _matrix_answers(run.matrix)
    elif run.mode in ("throughput", "concurrent"):
        yield from _load_answers(run.loads)
    elif run.mode == "load":
        yield _starts_answer(run.starts)
    elif run.mode == "scale":
        yield _scale_answer(run.phases)
    else:
        yield from _hop_answers(run.hops)


# Machine and measurement


def _origin(runs: Sequence[ServingRun]) -> list[str]:
    known = machine(runs[0].metadata)
    parts = [f"python -m bench.serving: {', '.join(run.mode for run in runs)}"]
    parts += [known.get("processor", "unknown CPU"), f"{known.get('cores', '?')} cores"]
    parts += [known[name] for name in ("system", "Python") if name in known]
    return [*parts, *([known["date"][:16]] if "date" in known else [])]


def _warnings(runs: Sequence[ServingRun]) -> Iterator[str]:
    for run in runs:
        if run.metadata.get("interrupted"):
            yield (
                f"The run of mode {run.mode} was interrupted: this is what was measured until then."
            )
    first = runs[0].metadata
    others = [run for run in runs if any(run.metadata.get(key) != first.get(key) for key in SAME)]
    if others:
        named = ", ".join(run.mode for run in others)
        yield (
            "Not all runs are of one machine with the same versions: do not compare the times of"
            f" {named} with those of {runs[0].mode}."
        )
    if "(python)" in str(first.get("protobuf_version", "")):
        yield "protobuf ran in pure Python: the usual way is far slower than elsewhere."


def _measured(runs: Sequence[ServingRun]) -> Iterator[tuple[str, str]]:
    for run in runs:
        seconds = run.metadata.get("seconds")
        lasted = f"{seconds:g} s" if isinstance(seconds, (int, float)) else "?"
        quick = " (quick)" if run.metadata.get("quick") else ""
        date = str(run.metadata.get("date", ""))[:16]
        yield f"run: {run.mode}", f"{date}, {lasted}{quick}"
        ratios = [_gain(run.matrix, cell) for cell in run.matrix.cells if cell.side == OURS]
        apart = sorted(each[1] for each in ratios if each)
        if apart:
            within = figures.percent(apart[len(apart) * 3 // 4])
            yield "noise of ratios", f"half of the rounds are within {within}, in 3 of 4 cells"
    answer = runs[0].metadata.get("answer")
    if answer in MODELS:
        yield "model", MODELS[answer]


# What all modes share


def _named(cell: Cell) -> list[str]:
    return [f"{cell.transport} {cell.method}", f"{cell.values:,}", cell.kind]


def _groups(cells: Iterable[Cell]) -> dict[str, list[Cell]]:
    """Return the cells by heading, one method after the other."""
    found: dict[str, list[Cell]] = {}
    for cell in sorted(cells, key=lambda cell: (METHODS.index(cell.method), cell.place)):
        title = f"{cell.transport} {cell.method}, {figures.counted(cell.values, 'value')}"
        found.setdefault(title, []).append(cell)
    return found


def _pairs(
    title: str,
    cells: Sequence[Cell],
    x: Axis,
    dot: Callable[[Cell], Dot],
    gain: Callable[[Cell], str],
) -> Chart:
    """Return a row for each kind: both sides, and how many times as good ours is."""
    rows = []
    for kind in dict.fromkeys(cell.kind for cell in cells):
        members = [cell for cell in cells if cell.kind == kind]
        rows.append(Row(kind, [dot(cell) for cell in members], gain=gain(members[0])))
    return charts.dots(title, rows, x, step=22, left=116, right=100)


def _sides(cells: Iterable[Cell]) -> list[tuple[str, str]]:
    """Return the legend."""
    found = {cell.side for cell in cells}
    return [(charts.swatch(STYLES[side]), NAMES[side]) for side in SIDES if side in found]


def _added(seconds: float, share: float) -> str:
    return f"{seconds * 1e3:+.2f} ms ({share * 100:+.0f} %)"


# Mode latency: the format matrix, ours beside the usual way

MATRIX = (
    "From the client's array to the client's array: one client in a closed loop, medians (p50), one"
    " axis for all. At the right: how many times as fast tensorwire is as the usual way, which goes"
    " through Python and protobuf objects (Flask on gunicorn, a typed gRPC servicer). Every answer"
    " was checked. predict gets an array, predict_raw the message as it came."
)
MATRIX_TABLE = (
    "noise: half of the rounds are nearer than this to the ratio. promised: and whether it is met,"
    " or level with that within the noise. without encoding: the ratio from the last byte of"
    " encoding to the reply, as a load tool with ready-made bodies would see it."
    " published: what the Seldon wrapper's own benchmark says, on another machine and with"
    " ready-made bodies. ? fewer than 100 requests."
)
MATRIX_COLUMNS = (
    *("tensorwire p50", "usual p50", "times as fast", "noise", "promised", "without encoding"),
    *("tensorwire p99", "usual p99", "bytes out", "bytes in", "published"),
)


def _all(found: Measured) -> list[float]:
    return sorted(seconds for values in found.rounds for seconds in values)


def _gain(matrix: Matrix, cell: Cell, *, call: bool = False) -> tuple[float, float] | None:
    slow, fast = (cell._replace(side=side) for side in (OBJECTS, OURS))
    return matrix.ratio(slow, fast, call=call)


def _matrix_charts(matrix: Matrix) -> Iterator[tuple[str, Chart]]:
    axis = Axis.logarithmic([median(_all(each)) for each in matrix.cells.values()], charts.TIME)

    def dot(cell: Cell) -> Dot:
        taken = _all(matrix.cells[cell])
        p50, p90, p99 = (figures.duration(quantile(taken, share)) for share in (0.5, 0.9, 0.99))
        rate = figures.three_digits(1 / fmean(taken))
        text = f"{NAMES[cell.side]}: {p50}, p90 {p90}, p99 {p99}, {rate} requests/s"
        return Dot(median(taken), text, STYLES[cell.side], p50)

    def gain(cell: Cell) -> str:
        found = _gain(matrix, cell)
        return figures.ratio(found[0]) if found else ""

    for title, cells in _groups(matrix.cells).items():
        yield title, _pairs(title, cells, axis, dot, gain)


def _picture(matrix: Matrix, origin: Sequence[str]) -> bytes:
    tiles = list(_matrix_charts(matrix))[:4]
    title = "A whole request, p50: tensorwire (square), the usual way (circle)"
    return charts.png(title, ", ".join(origin), [tiles[:2], *([tiles[2:]] if tiles[2:] else [])])


def _matrix_section(matrix: Matrix) -> Section:
    panels = [Panel(title, [Drawing([chart])]) for title, chart in _matrix_charts(matrix)]
    rows = [
        _matrix_row(matrix, each)
        for each in dict.fromkeys(c._replace(side=OURS) for c in matrix.cells)
    ]
    table = Table("The format matrix", [*REQUEST, *numeric(*MATRIX_COLUMNS)], rows)
    return Section(
        "The format matrix",
        MATRIX,
        _sides(matrix.cells),
        panels=panels,
        paragraphs=[MATRIX_TABLE],
        table=table,
    )


def _matrix_row(matrix: Matrix, cell: Cell) -> list[str]:
    ours, usual = (matrix.cells.get(cell._replace(side=side)) for side in (OURS, OBJECTS))
    whole, call, bound = _gain(matrix, cell), _gain(matrix, cell, call=True), target_of(cell)
    either = ours or usual

    def time(found: Measured | None, share: float) -> str:
        if found is None:
            return UNKNOWN
        taken = _all(found)
        doubt = "?" if share > 0.9 and len(taken) < FEW else ""
        return figures.duration(quantile(taken, share)) + doubt

    return [
        *_named(cell),
        *(time(each, 0.5) for each in (ours, usual)),
        figures.ratio(whole[0]) if whole else UNKNOWN,
        figures.percent(whole[1]) if whole else UNKNOWN,
        f"{bound:g}x {verdict(whole, bound)}" if whole and bound else UNKNOWN,
        figures.ratio(call[0]) if call else UNKNOWN,
        *(time(each, 0.99) for each in (ours, usual)),
        *(map(figures.size, either.size) if either else (UNKNOWN, UNKNOWN)),
        figures.duration(known(cell)),
    ]


def _matrix_answers(matrix: Matrix) -> Iterator[str]:
    ours = [cell for cell in matrix.cells if cell.side == OURS]
    for values in sorted({cell.values for cell in ours}, reverse=True):
        for method in dict.fromkeys(cell.method for cell in ours):
            members = [cell for cell in ours if (cell.values, cell.method) == (values, method)]
            found = {cell: ratio[0] for cell in members if (ratio := _gain(matrix, cell))}
            if found:
                least, most = min(found, key=found.__getitem__), max(found, key=found.__getitem__)
                yield (
                    f"{method}, {figures.counted(values, 'value')}: {figures.ratio(found[least])}"
                    f" ({least.transport} {least.kind}) to {figures.ratio(found[most])}"
                    f" ({most.transport} {most.kind}) as fast as the usual way."
                )
    cells = list(matrix.cells)
    for line in advice(matrix, cells):
        yield line.replace("object way", "usual way")
    for line in missed(matrix, cells):
        yield f"Short of what was promised: {line}.".replace("object way", "usual way")


# Mode latency: where the time of a request goes

BREAKDOWN = (
    "Shares of the middle half of the requests, in per cent of each request's own time, which"
    " is at the right. Transport: the kernel, both HTTP or gRPC stacks, and whatever else the"
    " server does. A hatch marks the way back."
)
SHARES = {  # in the order of bench.serving.samples.SHARES
    "client encodes": "k1",
    "transport": "k4",
    "server decodes": "k0",
    "model": "k2",
    "server encodes": "k0",
    "client decodes": "k1",
}
"""What takes time, and its colour: client, transport, the server's codec, the model."""
BACK = ("server encodes", "client decodes")
LEAST = 0.0005
"""A share that would be written as 0.0 % takes no time."""


def _breakdown_section(matrix: Matrix) -> Section:
    # The first method is drawn; the other, of which the server decodes nothing, is in the table.
    method = next(iter(matrix.cells)).method
    shown = [cell for cell in matrix.cells if cell.method == method]
    panels = []
    for title, cells in _groups(shown).items():
        rows, kind = [], ""
        for cell in cells:
            rows.append(_breakdown_bar(cell, matrix.cells[cell], label=cell.kind != kind))
            kind = cell.kind
        rows[0] = replace(rows[0], first=False)
        chart = charts.bars(f"Where the time goes: {title}", rows, 1.0, thick=13)
        panels.append(Panel(title, [Drawing([chart])]))
    rows_of = [
        [
            *_named(cell),
            NAMES[cell.side],
            figures.duration(median(_all(found))),
            *(UNKNOWN if share is None else figures.percent(share) for share in found.shares),
        ]
        for cell, found in matrix.cells.items()
    ]
    columns = [*REQUEST, Column("side"), *numeric("p50", *SHARES)]
    return Section(
        "Where the time goes",
        f"{BREAKDOWN} Drawn is {method}; the table has every method.",
        [(charts.swatch(colour=k, hatched=name in BACK), name) for name, k in SHARES.items()],
        panels=panels,
        table=Table("Where the time goes", columns, rows_of),
    )


def _breakdown_bar(cell: Cell, found: Measured, *, label: bool) -> Bar:
    whole = median(_all(found))
    parts = [
        Part(
            share,
            f"{name}: {figures.percent(share)}, {figures.duration(share * whole)}",
            colour,
            f"{share * 100:.0f}",
            hatched=name in BACK,
        )
        for (name, colour), share in zip(SHARES.items(), found.shares, strict=True)
        if share is not None and share >= LEAST
    ]
    text = figures.duration(whole)
    return Bar(
        cell.kind if label else NAMES[cell.side],
        parts,
        text,
        faded=cell.side != OURS,
        first=label,
        nested=not label,
        name=f"{cell.kind}, {NAMES[cell.side]}: {text}",
    )


# Modes throughput and concurrent: what a load tool has measured

LOADS = (
    "Closed loop with ready-made bodies; an answer was checked before and after each measurement."
    " The clients run on the same machine as the server."
)


def _rate(load: Load) -> str:
    return f"{load.rate:,.0f}" if load.rate >= 100 else figures.three_digits(load.rate)


def _latency(load: Load, share: float) -> str:
    return figures.duration(load.quantile(share))


def _rate_gain(loads: Loads, cell: Cell, count: int) -> str:
    """Write how many times as many requests a second ours answers; nothing if unknown."""
    ours, usual = (loads.get((cell._replace(side=side), count)) for side in (OURS, OBJECTS))
    if not ours or not usual or not ours.latencies or not usual.latencies:
        return ""
    return figures.ratio(ours.rate / usual.rate)


def _throughput_section(loads: Loads) -> Section:
    most = max(count for _, count in loads)
    method = min((cell.method for cell, _ in loads), key=METHODS.index)
    shown = {
        cell: load
        for (cell, count), load in loads.items()
        if (count, cell.method) == (most, method) and load.latencies
    }
    axis = Axis.logarithmic([load.rate for load in shown.values()], charts.COUNT)

    def dot(cell: Cell) -> Dot:
        load = shown[cell]
        text = f"{_rate(load)} requests/s, p50 {_latency(load, 0.5)}, p99 {_latency(load, 0.99)}"
        return Dot(load.rate, f"{NAMES[cell.side]}: {text}", STYLES[cell.side], _rate(load))

    panels = [
        Panel(
            title,
            [Drawing([_pairs(title, cells, axis, dot, lambda c: _rate_gain(loads, c, most))])],
        )
        for title, cells in _groups(shown).items()
    ]
    rows = [
        [
            *_named(cell),
            NAMES[cell.side],
            f"{count:,}",
            _rate(load) if load.latencies else UNKNOWN,
            (_rate_gain(loads, cell, count) if cell.side == OURS else "") or UNKNOWN,
            *(_latency(load, share) for share in (0.5, 0.9, 0.99)),
            f"{load.failed:,}",
            load.tool,
            "the client" if load.doubt() else "the server",
        ]
        for (cell, count), load in sorted(
            loads.items(), key=lambda each: (each[0][0].place, each[0][1])
        )
    ]
    columns = [
        *(*REQUEST, Column("side")),
        *numeric("clients", "requests/s", "times the usual", "p50", "p90", "p99", "failed"),
        *(Column("load by"), Column("the limit was")),
    ]
    return Section(
        f"Requests a second with {figures.counted(most, 'client')}",
        f"{LOADS} At the right: how many times as many as the usual way. Drawn is {method}; the"
        " table has every method.",
        _sides(cell for cell, _ in loads),
        panels=panels,
        table=Table("Requests a second", columns, rows),
    )


def _concurrent_section(loads: Loads) -> Section:
    groups = _groups(dict.fromkeys(cell for cell, _ in loads))
    counts = sorted({count for _, count in loads})
    options = [
        (class_of("v", "requests"), "requests/s"),
        (class_of("v", "latency"), "latency (p50)"),
    ]
    panels = []
    for title, cells in groups.items():
        drawings = [
            Drawing([_concurrent_chart(loads, title, cells, counts, latency=latency)], shown_by)
            for latency, (shown_by, _) in enumerate(options)
        ]
        panels.append(Panel(title, drawings))
    rows = []
    for cell in sorted({cell for cell, _ in loads}, key=lambda cell: cell.place):
        found = [loads.get((cell, count)) for count in counts]
        rows.append(
            [
                *_named(cell),
                NAMES[cell.side],
                *(_rate(load) if load and load.latencies else UNKNOWN for load in found),
                *(_latency(load, 0.5) if load else UNKNOWN for load in found),
                f"{sum(load.failed for load in found if load):,}",
            ]
        )
    titles = [f"{what}, {count:,}" for what in ("requests/s", "p50") for count in counts]
    columns = [*REQUEST, Column("side"), *numeric(*titles, "failed")]
    return Section(
        "From one client up",
        f"{LOADS} Hollow marks: the usual way.",
        switches=[Switch("against clients", options, "clients")],
        panels=panels,
        table=Table("From one client up", columns, rows),
    )


def _concurrent_chart(
    loads: Loads, title: str, cells: Sequence[Cell], counts: Sequence[int], *, latency: int
) -> Chart:
    """Return requests a second, or latencies, on one axis for all requests of so many values."""

    def value(load: Load) -> float | None:
        return load.quantile(0.5) if latency else load.rate

    same = [load for (cell, _), load in loads.items() if cell.values == cells[0].values]
    label = charts.TIME if latency else charts.COUNT
    y = Axis.logarithmic([each for load in same if (each := value(load))], label)
    edge = min(max(counts[-1] / counts[0], 2) ** 0.04, 1.5)
    x = Axis(counts[0] / edge, counts[-1] * edge, counts, charts.COUNT, "clients")
    kinds = [cell.kind for cell, _ in loads]
    series = []
    for cell in cells:
        points = []
        for count in counts:
            load = loads.get((cell, count))
            if load and load.latencies and (found := value(load)):
                text = _latency(load, 0.5) if latency else f"{_rate(load)} requests/s"
                points.append(Point(count, found, f"{figures.counted(count, 'client')}: {text}"))
        ours, style = cell.side == OURS, charts.style_of(cell.kind, kinds)
        series.append(
            Series(
                f"{cell.kind}, {NAMES[cell.side]}",
                cell.kind if ours else f"{cell.kind} {SHORT[cell.side]}",
                points,
                style if ours else style.as_baseline(),
            )
        )
    return charts.lines(title, series, x, y)


def _load_answers(loads: Loads) -> Iterator[str]:
    most = max(count for _, count in loads)
    gains = []
    for (cell, count), load in loads.items():
        other = loads.get((cell._replace(side=OBJECTS), count))
        if cell.side == OURS and count == most and other and other.latencies and load.latencies:
            gains.append(load.rate / other.rate)
    if gains:
        yield (
            f"With {figures.counted(most, 'client')}: {figures.ratio(min(gains))} to"
            f" {figures.ratio(max(gains))} the requests/s of the usual way,"
            f" {figures.ratio(median(gains))} in the middle."
        )
    doubts = sum(1 for load in loads.values() if load.doubt())
    if doubts:
        yield f"The client, not the server, was the limit in {doubts} of {len(loads)} runs."


# Mode load: servers or models, started one after another

STARTS = (
    "ready: from the start of the process (or model) until it listens. first answer: until it has"
    " answered over every transport. memory: its own alone (USS), of all its processes. The usual"
    " way needs two servers, one for each transport."
)


def _starts_section(starts: Sequence[Started], what: str) -> Section:
    title = f"{what.capitalize()}, one after another"
    waits, sizes = [], []
    for one in starts:
        colour, faded = ("k1" if one.side == OURS else "k0"), one.side != OURS
        label, rest = f"{SHORT[one.side]} {one.number}", one.answers - one.ready
        ready = f"ready after {figures.duration(one.ready)}"
        parts = [
            Part(one.ready, ready, colour, "ready"),
            Part(rest, f"first answer {figures.duration(rest)} later", "k4"),
        ]
        waits.append(Bar(label, parts, figures.duration(one.answers), faded))
        memory = Part(max(0, one.memory), _bytes(one.memory), colour)
        sizes.append(Bar(label, [memory], figures.size(max(0, one.memory)), faded))
    longest, largest = (max(getattr(one, name) for one in starts) for name in ("answers", "memory"))
    panels = [
        Panel(
            "Until it is ready, and until its first answer",
            [Drawing([charts.bars("Time to ready", waits, longest)])],
        ),
        Panel("Memory", [Drawing([charts.bars("Memory", sizes, largest)])]),
        Panel("Medians", items=list(_starts_medians(starts))),
    ]
    rows = [
        [
            NAMES[one.side],
            f"{one.number}",
            figures.duration(one.ready),
            figures.duration(one.answers),
            _bytes(one.memory),
        ]
        for one in starts
    ]
    columns = [Column("side"), *numeric("number", "ready", "first answer", "memory")]
    return Section(title, STARTS, panels=panels, table=Table(title, columns, rows))


def _medians(starts: Sequence[Started]) -> dict[str, tuple[str, str, str]]:
    """Return ready, first answer and memory by side."""
    found = {}
    for side in dict.fromkeys(one.side for one in starts):
        members = [one for one in starts if one.side == side]
        found[side] = (
            figures.duration(median(one.ready for one in members)),
            figures.duration(median(one.answers for one in members)),
            _bytes(median(one.memory for one in members)),
        )
    return found


def _starts_medians(starts: Sequence[Started]) -> Iterator[str]:
    for side, (ready, answers, memory) in _medians(starts).items():
        yield (f"{NAMES[side]}: ready in {ready}, first answer after {answers}, {memory} of memory")


def _starts_answer(starts: Sequence[Started]) -> str:
    found = _medians(starts)
    both = zip(*found.values(), strict=True)
    ready, answers, memory = (" ".join([one, *(f"({o})" for o in others)]) for one, *others in both)
    other = " (in brackets: the usual way)" if len(found) > 1 else ""
    return (
        f"{NAMES[next(iter(found))]}{other}: ready in {ready}, first answer after {answers},"
        f" {memory} of memory."
    )


def _bytes(count: float) -> str:
    """Write bytes; a model may give some back."""
    return figures.size(count) if count >= 0 else f"-{figures.size(-count)}"


# Mode scale: workers that come and go under load

SCALE = (
    "Workers share one port; going down, a worker finishes what it has begun. A request without a"
    " reply is sent once more, as balancers do, and counted as sent twice; if that brings none"
    " either, it is lost. slowest: of all requests that were answered in that moment."
)
MOMENTS = 60
"""Most moments of a timeline: more would be narrower than a line."""


class Moment(NamedTuple):
    """Some time: answers a second, and the slowest of them in seconds (0: there was none)."""

    middle: float
    rate: float
    slowest: float


def _scale_section(phases: Sequence[Phase]) -> Section:
    panels = []
    for transport in dict.fromkeys(phase.transport for phase in phases):
        mine = [phase for phase in phases if phase.transport == transport]
        panels.append(Panel(transport, [Drawing(_timeline(mine))]))
    rows = []
    for phase in phases:
        ranked = sorted(phase.latencies)
        times = [quantile(ranked, share) if ranked else None for share in (0.5, 0.99)]
        rows.append(
            [
                phase.transport,
                f"{phase.step}",
                f"{phase.way}, {phase.workers}",
                figures.duration(phase.took) if phase.way != "start" else UNKNOWN,
                f"{len(ranked) / phase.seconds:,.0f}",
                *(figures.duration(value) for value in times),
                f"{phase.seen}",
                f"{phase.resent}",
                f"{phase.lost}",
            ]
        )
    columns = [
        *(Column("over"), *numeric("step"), Column("workers"), *numeric("took", "requests/s")),
        *numeric("p50", "p99", "workers seen", "sent twice", "lost"),
    ]
    table = Table("Workers that come and go", columns, rows)
    return Section("Workers that come and go", SCALE, panels=panels, table=table)


def _timeline(phases: Sequence[Phase]) -> list[Chart]:
    """Return workers, requests a second and the slowest request of one transport."""
    stays, moments = list(_stays(phases)), list(_moments(phases))
    end = max(phase.began + phase.seconds for phase in phases)
    stays.append(replace(stays[-1], x=end))
    time = replace(Axis.from_zero(end, charts.SHORT, 6), title="seconds")
    most = max(phase.workers for phase in phases)
    workers = replace(Axis.from_zero(most), low=0.0, ticks=sorted({1, most}))
    rates = [
        Point(each.middle, each.rate, f"{each.rate:,.0f} requests/s at {each.middle:.1f} s")
        for each in moments
    ]
    slow = [
        Point(
            each.middle, each.slowest, f"slowest {each.slowest * 1e3:.1f} ms at {each.middle:.1f} s"
        )
        for each in moments
        if each.slowest
    ]
    changes = [each.x for each in stays[1:-1]]
    rate, slowest = (
        Axis.from_zero(max(each.rate for each in moments), wanted=3),
        Axis.logarithmic([each.y for each in slow], charts.TIME),
    )
    return [
        charts.trace(
            "workers", stays, time, workers, height=40, colour="k4", changes=changes, steps=True
        ),
        charts.trace("requests/s", rates, time, rate, height=80, colour="k1", changes=changes),
        charts.trace(
            "slowest request",
            slow,
            time,
            slowest,
            height=60,
            colour="k0",
            changes=changes,
            last=True,
        ),
    ]


def _stays(phases: Sequence[Phase]) -> Iterator[Point]:
    """Return from when on there are so many workers."""
    for phase in phases:
        came = {"up": "one more worker", "down": "one worker fewer"}.get(phase.way, "")
        text = figures.counted(phase.workers, "worker")
        if came:
            text += f" ({came}, {figures.duration(phase.took)})"
        # A worker that is to go still counts until it has ended.
        yield Point(phase.began + (phase.took if came else 0.0), phase.workers, text)


def _moments(phases: Sequence[Phase]) -> Iterator[Moment]:
    together = -(-sum(len(phase.bins) for phase in phases) // MOMENTS)
    for phase in phases:
        for start in range(0, len(phase.bins), together):
            members = phase.bins[start : start + together]
            # The last tenth of a step is as long as the rest of it.
            until = start + len(members)
            ends = phase.seconds if until == len(phase.bins) else until * BIN
            seconds = max(ends - start * BIN, BIN / 2)
            rate = sum(count for count, _ in members) / seconds
            middle = phase.began + start * BIN + seconds / 2
            yield Moment(middle, rate, max(slow for _, slow in members))


def _scale_answer(phases: Sequence[Phase]) -> str:
    answered = sum(len(phase.latencies) for phase in phases)
    lost = sum(phase.lost for phase in phases)
    twice = sum(phase.resent for phase in phases)
    most = max(phase.workers for phase in phases)
    none = "No request was lost" if not lost else f"{figures.counted(lost, 'request')} lost"
    return (
        f"{none} of {answered + lost:,}, {twice:,} sent twice, while the workers went from 1 to"
        f" {most} and back."
    )


# Mode hop: what one service in front of the model server costs

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


def _hop_section(hops: Sequence[Hop]) -> Section:
    found, medians = _payloads(hops), _hop_medians(hops)
    shown = [name for name in HOPS if any(each.hop == name for each in hops)]

    def added(transport: str, payload: str, hop: str) -> str:
        each = extra(medians, transport, payload, hop)
        return _added(*each[1:]) if each else ""

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
            noise(medians, transport, payload),
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


def _hop_medians(hops: Sequence[Hop]) -> Medians:
    return {(each.transport, each.payload, each.hop): each.medians for each in hops}


def _payloads(hops: Sequence[Hop]) -> dict[tuple[str, str], int]:
    """Return the bytes of each payload, by transport and name."""
    places = sorted(
        hops, key=lambda h: (h.transport != "REST", h.payload != "tfserving", h.payload)
    )
    return {(each.transport, each.payload): each.size for each in places}


def _hop_answers(hops: Sequence[Hop]) -> Iterator[str]:
    """Return what a hop adds, over all payloads."""
    medians = _hop_medians(hops)
    for hop, name in HOP_ANSWERS.items():
        found = [each for key in _payloads(hops) if (each := extra(medians, *key, hop))]
        times = sorted(each[1] for each in found)
        if times:
            middle = median(each[2] for each in found)
            yield (
                f"{name}: {times[0] * 1e3:+.2f} to {times[-1] * 1e3:+.2f} ms"
                f" ({middle * 100:+.0f} % in the middle)."
            )
