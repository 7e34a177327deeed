"""The parts of the benchmark that need no clock: schedule, noise, figures, layout, payloads."""

from __future__ import annotations

import io
import re
import sys
from random import Random

import numpy as np
import pytest

from bench import cli, figures
from bench.codecs import plan
from bench.implementations import lookup
from bench.interrupt import UsageError
from bench.measure import machine, worker
from bench.measure.check import same
from bench.measure.results import LEAST_NOISE, Cell, Results, Samples, choose_controls, level
from bench.payloads.case import Case, build, digest
from bench.screen import Progress, Row, Screen, Table


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1.234e-9, "1.23 ns"),
        (9.996e-6, "10.0 µs"),
        (999.6e-6, "1.00 ms"),
        (0.1234, "123 ms"),
        (12.34, "12.3 s"),
        (None, "-"),
    ],
)
def test_durations_have_three_digits(seconds: float | None, text: str) -> None:
    """Rounding up never adds a digit or leaves a unit of a thousand."""
    assert figures.duration(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.98765, "0.988x"), (1.234, "1.23x"), (99.96, "100x"), (1234.5, "1,234x"), (0.01, "0.01x")],
)
def test_ratios_are_readable(value: float, text: str) -> None:
    """Small ratios keep their digits, large ones get their comma."""
    assert figures.ratio(value) == text


@pytest.mark.parametrize(("count", "text"), [(7, "7 B"), (1_050, "1.05 kB"), (8e5, "800 kB")])
def test_sizes_are_decimal(count: float, text: str) -> None:
    """A kB is 1,000 bytes."""
    assert figures.size(count) == text


def test_cells_share_the_budget() -> None:
    """Each cell gets about the same time, slow ones at least one sample, all within bounds."""
    seconds = [1e-6, 1e-3, 0.2]
    counts = worker.visits(seconds, 1.0)
    assert counts[2] >= 1
    assert worker.LEAST <= counts[1] <= worker.MOST
    spent = [n * worker.cost_of(each) for n, each in zip(counts, seconds, strict=True)]
    assert sum(spent) <= 1.0


def test_every_cell_is_timed_even_without_a_budget() -> None:
    """A budget that is used up still leaves one sample for each cell."""
    assert worker.visits([1e-6, 1e-2, 3.0], 0.0) == [1, 1, 1]


def test_rounds_take_cells_in_turn() -> None:
    """Each cell comes up as often as planned, at most once a round, spread over the run."""
    counts = [60, 7, 1]
    turns = list(worker.rounds(counts, Random(1)))  # noqa: S311 - an order, no secret
    assert len(turns) == 60
    assert [sum(cell in due for due in turns) for cell in range(3)] == counts
    assert all(len(set(due)) == len(due) for due in turns)
    assert max(np.diff([n for n, due in enumerate(turns) if 1 in due])) <= 10


def test_quick_calls_are_looped() -> None:
    """A sample of a call under a microsecond lasts long enough for the clock."""
    assert worker.loops_for(2e-7) * 2e-7 == pytest.approx(worker.SAMPLE, rel=0.01)
    assert worker.loops_for(1.0) == 1


def results_of(medians: dict[Cell, float]) -> Results:
    """Make up a run of one sample per cell."""
    samples = Samples()
    for cell, seconds in medians.items():
        samples.seconds[cell] = [[seconds]]
        samples.loops[cell] = [1]
    cases = [Case("1", "s", (1, 10), "float64", "normal")]
    names = tuple(dict.fromkeys(cell.implementation for cell in medians))
    return Results(cases, names, ("encode",), {}, samples)


def test_noise_is_the_worst_pair_of_equal_cells() -> None:
    """Two cells that do the same job show how far equal things differ."""
    found = results_of(
        {
            Cell(0, "json/raw", "encode"): 1.0,
            Cell(0, "json/raw", "encode", control=True): 1.05,
            Cell(0, "json/tensor", "encode"): 2.0,
            Cell(0, "json/tensor", "encode", control=True): 1.98,
        }
    )
    assert found.noise(0) == pytest.approx(0.05)
    assert results_of({Cell(0, "json/raw", "encode"): 1.0}).noise(0) == LEAST_NOISE


def test_ties_are_symmetric() -> None:
    """Five per cent more or less is level under a noise of six per cent, ten is not."""
    assert level(1.05, 1.0, 0.06)
    assert level(1.0, 1.05, 0.06)
    assert not level(1.0, 1.1, 0.06)


def test_controls_come_from_every_container() -> None:
    """The noise is measured on quick and slow cells."""
    names = [f"{c}/{k}" for c in ("json", "protobuf") for k in ("ndarray", "tensor", "raw")]
    assert choose_controls(names) == ["json/ndarray", "protobuf/tensor"]
    assert choose_controls(["mine/odd"]) == ["mine/odd"]


@pytest.mark.parametrize("dtype", ["float64", "float16", "int8", "uint8", "bool", "complex64"])
@pytest.mark.parametrize("values", ["ints", "normal", "image"])
def test_payloads_are_the_same_everywhere(dtype: str, values: str) -> None:
    """A case builds the same array again, which its digest shows."""
    case = Case("x", "s", (3, 40), dtype, values)
    array = build(case)
    assert (array.dtype, array.shape) == (np.dtype(dtype), (3, 40))
    assert digest(array) == digest(build(Case.from_json(case.to_json())))
    assert digest(array) != digest(array.reshape(40, 3))


def test_same_means_bit_for_bit() -> None:
    """A zero of the other sign, another shape or another value is not the same; a NaN is."""
    zero = np.array([0.0, np.nan])
    assert same(np.array([0.0, -np.nan]), zero)
    assert not same(np.array([-0.0, np.nan]), zero)
    assert not same(np.array([[0.0, np.nan]]), zero)
    assert not same(np.array([0.0, 1.0]), zero)
    assert same(np.array([1.0, 2.0]), np.array([1, 2], np.uint8))
    assert same(zero.tobytes(), zero)
    assert not same(np.array([0.0, None]), zero)


def wide_table() -> Table:
    """Make a table of twelve columns, the last of which is fixed."""
    columns = tuple(f"{10**n:,}" for n in range(11))
    cells = ("1.23 µs*",) * 11
    rows = [Row("json", style="group"), Row("ndarray", (*cells, "4.56x"))]
    return Table("times", (*columns, "x memcpy"), rows, fixed=1)


@pytest.mark.parametrize("width", [80, 120, 400])
def test_tables_are_cut_to_the_width(width: int) -> None:
    """Every part fits, repeats labels and fixed columns, and no column is lost."""
    parts = list(wide_table().split(width))
    assert all(sum(part.widths()) <= width for part in parts)
    assert all(part.columns[-1] == "x memcpy" for part in parts)
    assert [c for part in parts for c in part.columns[:-1]] == list(wide_table().columns[:-1])
    assert len(parts) == {80: 3, 120: 2, 400: 1}[width]


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        """Say so."""
        return True


def drawn(monkeypatch: pytest.MonkeyPatch, **environ: str) -> str:
    """Draw the table on a terminal, with these variables set."""
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    stream = Terminal()
    Screen(stream).table(wide_table())
    return stream.getvalue()


def test_colour_changes_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal, with NO_COLOR and on a dumb terminal: the same characters."""
    plain = drawn(monkeypatch, NO_COLOR="1")
    coloured = drawn(monkeypatch, TERM="xterm-256color", COLORTERM="truecolor")
    assert "\x1b" not in plain
    assert drawn(monkeypatch, TERM="dumb") == plain
    assert re.search(r"\x1b\[1;32m *1.23 µs\x1b\[0m\x1b\[1;32m\*", coloured)
    bare = [re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip() for line in coloured.splitlines()]
    assert bare == plain.splitlines()


def test_progress_is_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bar on a terminal, nothing in a pipe or when quiet."""
    monkeypatch.setenv("TERM", "xterm")
    for stream, quiet, shown in ((Terminal(), False, True), (Terminal(), True, False)):
        monkeypatch.setattr(sys, "stderr", stream)
        progress = Progress(quiet=quiet)
        progress.show("measuring", 0.5)
        assert ("50%" in stream.getvalue()) is shown
        progress.clear()
    pipe = io.StringIO()
    monkeypatch.setattr(sys, "stderr", pipe)
    Progress(quiet=False).show("measuring", 0.5)
    assert pipe.getvalue() == ""


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A baseline without its package is skipped with a line, and so are optional readers."""
    monkeypatch.setattr(lookup, "installed", lambda module: module != "msgpack")
    found, skipped = plan.implementations(["msgpack/ndarray", "json/raw"])
    assert "msgpack/ndarray:msgpack" not in found
    assert skipped == ["skipped msgpack/ndarray:msgpack: msgpack is not installed"]
    monkeypatch.setattr(machine, "find_spec", lambda _: None)
    assert any("pysimdjson is not installed" in line for line in machine.warnings())
    monkeypatch.setattr(cli, "find_spec", lambda _: None)
    needs = r"needs pyperf: pip install 'tensorwire\[bench\]'"
    with pytest.raises(UsageError, match=needs):
        cli.require("pyperf", "-o")


def test_pure_python_protobuf_is_loud(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers made without upb come with a warning before all others."""
    monkeypatch.setattr(machine, "protobuf_backend", lambda: "python")
    assert machine.warnings()[0].startswith("WARNING: protobuf runs in pure Python")


def test_strings_are_compared_as_text() -> None:
    """A TensorProto gives bytes back where text went in."""
    text = np.array(["a", "é"])
    assert same(np.char.encode(text, "utf-8"), text)
    assert not same(np.array([b"a", b"e"]), text)
    assert not same(np.array([b"a", b"\xff"]), text)
    assert not same(text, np.array([1.0, 2.0]))


def test_plain_text_needs_no_unicode() -> None:
    """Where the encoding is not UTF-8, a microsecond is ``us``."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    Screen(stream).table(wide_table())
    stream.flush()
    assert b"1.23 us*" in raw.getvalue()
