"""Files of ``python -m bench.serving``, and their page: figures against numpy."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

if any(find_spec(name) is None for name in ("grpc", "uvicorn", "flask", "pyperf")):
    pytest.skip("needs tensorwire[server,load,bench]", allow_module_level=True)

import pyperf

from bench.measure.runfile import RunFileError
from bench.process import WorkerError
from bench.report import serving
from bench.report.page import render
from bench.serving import mode as modes
from bench.serving import records
from bench.serving.cells import GRPC, OBJECTS, OURS, REST, Cell, Choice
from bench.serving.options import parse
from bench.serving.records import read
from bench.serving.samples import Load
from bench.serving.scale import Tally, bins
from tests.support import serving_runs as made

if TYPE_CHECKING:
    from bench.serving.samples import Samples

NDARRAY = Cell(GRPC, "predict", 100_000, "ndarray", OURS)
ONE = NDARRAY._replace(values=1)
UNITS = {"ns": 1e-9, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "B": 1.0, "kB": 1e3, "MB": 1e6}


class Reader(HTMLParser):
    """Collects the tables of a page, by their captions; and all sections' headings."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.headings: list[str] = []
        self._rows: list[list[str]] = []
        self._into: list[str] | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a cell, a row or a table."""
        del attrs
        if tag in ("caption", "th", "td", "h2"):
            self._into = []
        if tag == "caption":
            self._rows = []
        if tag == "tr":
            self._rows.append([])
        if tag in ("th", "td"):
            self._into = self._rows[-1]
            self._into.append("")

    def handle_endtag(self, tag: str) -> None:
        """End a caption or a heading."""
        if tag == "caption" and self._into:
            self.tables["".join(self._into)] = self._rows
        if tag == "h2" and self._into:
            self.headings.append("".join(self._into))
        if tag in ("caption", "h2", "table"):
            self._into = None

    def handle_data(self, data: str) -> None:
        """Take text."""
        if self._into is None:
            return
        if self._rows and self._into is self._rows[-1]:
            self._into[-1] += data
        else:
            self._into.append(data)


def table(text: str, caption: str) -> list[dict[str, str]]:
    """Return the rows of a table of a page by its headings."""
    titles, *rows = Reader(text).tables[caption]
    titles = [title.strip() for title in titles]
    return [dict(zip(titles, (cell.strip() for cell in row), strict=True)) for row in rows]


def value(text: str) -> float:
    """Read a figure of the page: ``1.23 ms``, ``4.5x``, ``1,234``, ``12 %``."""
    found = re.fullmatch(r"([-+]?[\d,.]+)\s*(\S*)", text.strip())
    assert found, text
    return float(found[1].replace(",", "")) * UNITS.get(found[2], 1.0)


def near(wanted: float) -> Any:
    """Return what three written digits may differ from."""
    return pytest.approx(wanted, rel=6e-3)


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> made.Written:
    """Write a file of every mode."""
    return made.write_all(tmp_path_factory.mktemp("runs"))


def page(*files: str) -> str:
    """Make the page of some files."""
    return render(serving.build(files))


@pytest.mark.slow
@pytest.mark.parametrize("mode", made.Written._fields)
def test_files_are_pyperfs_and_name_no_machine(mode: str, paths: made.Written) -> None:
    """Both pyperf and its command read each; no host, user or path of this machine is in it."""
    path = getattr(paths, mode)
    loaded = pyperf.BenchmarkSuite.load(path)
    metadata = loaded.get_metadata()
    assert metadata["serving"] == mode
    assert {"bench_python", "numpy_version", "grpcio_version", "date"} <= set(metadata)
    text = Path(path).read_text()
    for secret in (sys.prefix, str(Path.home()), str(Path.cwd()), f'"{socket.gethostname()}"'):
        assert secret not in text
    assert not {"hostname", "python_executable", "python_config_args"} & set(metadata)
    told = subprocess.run(
        [sys.executable, "-m", "pyperf", "stats", path],
        capture_output=True,
        check=False,
        text=True,
    )
    assert told.returncode == 0, told.stderr
    assert f"Number of benchmarks: {len(loaded)}" in told.stdout


def test_the_matrix_is_read_back(paths: made.Written) -> None:
    """To the nanosecond, with sizes, shares and the medians of the calls."""
    samples = made.matrix()
    found = read(paths.latency)
    assert (found.mode, found.metadata["quick"]) == ("latency", 1)
    assert list(found.matrix.cells) == sorted(samples.rounds, key=lambda cell: cell.place)
    for cell, got in found.matrix.cells.items():
        bursts = samples.rounds[cell]
        for burst, values in zip(bursts, got.rounds, strict=True):
            assert values == pytest.approx([each.whole for each in burst], abs=1e-9)
        calls = [np.median([each.call for each in burst]) for burst in bursts]
        assert got.calls == pytest.approx(calls, abs=1e-9)
        assert got.size == (cell.values * 8 + 14, 17)
        silent = cell.method == "predict_raw" and cell.side == OBJECTS
        wanted = (
            [0.15, 0.8, None, None, None, 0.05] if silent else [0.15, 0.45, 0.2, 0.05, 0.1, 0.05]
        )
        for share, goal in zip(got.shares, wanted, strict=True):
            assert share == (goal if goal is None else pytest.approx(goal, abs=1e-5))
        assert found.matrix.ratio(cell, NDARRAY) == pytest.approx(
            samples.matrix().ratio(cell, NDARRAY), rel=1e-3, abs=1e-5
        )


def test_every_other_mode_is_read_back(paths: made.Written) -> None:
    """Loads, starts, phases and hops are those that were written."""
    for path, wanted in ((paths.throughput, made.loads()), (paths.concurrent, made.loads((1, 8)))):
        got = read(path).loads
        assert set(got) == set(wanted)
        for key, load in wanted.items():
            assert got[key].latencies == pytest.approx(load.latencies, abs=1e-9)
            assert got[key].rate == pytest.approx(load.rate)
            assert (got[key].tool, got[key].busy, got[key].failed) == ("h2load", 0.5, 0)
    assert (read(paths.load).starts, read(paths.load).what) == (made.started(), "servers")
    phases = read(paths.scale).phases
    for phase, wanted_phase in zip(phases, made.phases(), strict=True):
        assert phase[:5] == wanted_phase[:5]
        assert phase.latencies == pytest.approx(wanted_phase.latencies, abs=1e-9)
        assert phase[8:12] == wanted_phase[8:12]
        assert phase.began == pytest.approx(wanted_phase.began)
        assert sum(count for count, _ in phase.bins) == len(phase.latencies)
        assert max(slow for _, slow in phase.bins) == pytest.approx(max(phase.latencies), abs=1e-6)
    assert [phase[9:11] for phase in phases if phase.lost] == [(1, 1)]
    wanted_hops, hops = made.hops(), read(paths.hop).hops
    assert [each[:4] for each in hops] == [each[:4] for each in wanted_hops]
    for each, hop in zip(hops, wanted_hops, strict=True):
        assert each.medians == pytest.approx(hop.medians, abs=1e-9)


def test_answers_are_counted_when_they_came() -> None:
    """A histogram of numpy's counts the same in each tenth of a second."""
    began, seconds = 101.0, 0.73
    ends = (began + np.linspace(0, seconds * 0.999, 80)).tolist()
    tally = Tally(np.random.default_rng(3).uniform(0.001, 0.004, 80).tolist(), ends)
    found = bins(tally, began, seconds)
    edges = began + np.array([0.1 * place for place in range(7)] + [seconds])
    assert [count for count, _ in found] == np.histogram(tally.ends, edges)[0].tolist()


def test_the_matrix_on_the_page_is_numpys(paths: made.Written) -> None:
    """Medians, p99, bytes, and the median of the rounds' ratios."""
    samples, text = made.matrix(), page(paths.latency)
    rows = table(text, "The format matrix")
    assert len(rows) == 32
    for row in rows:
        transport, method = row["request"].split()
        cell = Cell(transport, method, int(row["values"].replace(",", "")), row["kind"], OURS)
        slow = cell._replace(side=OBJECTS)
        for title, each in (("tensorwire", cell), ("usual", slow)):
            taken = [request.whole for request in samples.requests(each)]
            assert value(row[f"{title} p50"]) == near(float(np.median(taken)))
            assert value(row[f"{title} p99"].rstrip("?")) == near(float(np.percentile(taken, 99)))
            assert row[f"{title} p99"].endswith("?")  # 60 requests
        assert value(row["times as fast"].rstrip("x")) == near(ratio(samples, slow, cell))
        assert value(row["bytes out"]) == near(cell.values * 8 + 14)
    kept = {
        (row["request"], row["kind"]): row["promised"] for row in rows if row["values"] == "100,000"
    }
    assert kept["gRPC predict", "ndarray"] == "40x level"  # 40 times the time, within the noise
    assert kept["gRPC predict", "tftensor"] == "2x MISSED"
    assert kept["REST predict", "tensor"] == "3x met"


def ratio(samples: Samples, slow: Cell, fast: Cell) -> float:
    """Return the median of the ratios of the rounds' medians."""
    medians = [
        np.array([np.median([each.whole for each in burst]) for burst in samples.rounds[cell]])
        for cell in (slow, fast)
    ]
    return float(np.median(medians[0] / medians[1]))


def test_the_bars_are_as_long_as_the_shares(paths: made.Written) -> None:
    """Six parts add up to the whole width; the share is written in what has room for it."""
    text = page(paths.latency)
    title = "Where the time goes: REST predict, 1 value"
    found = re.search(rf'<svg [^>]*aria-label="{title}".*?</svg>', text, re.DOTALL)
    assert found is not None
    chart = ET.fromstring(found[0])  # noqa: S314 - what was just made
    parts = [
        (each[0].text or "", float(re.findall(r"h([\d.]+)v13", each.attrib["d"])[0]))
        for each in chart.findall(".//g[@class='rect bar']/path")
    ]
    bar = [(told, width) for told, width in parts if told.startswith("ndarray, tensorwire: ")]
    whole = 360 - 92 - 60
    shares = [0.15, 0.45, 0.2, 0.05, 0.1, 0.05]
    assert [width for _, width in bar] == pytest.approx(
        [share * whole - 1 for share in shares], abs=0.11
    )
    inside = ["".join(each.itertext()) for each in chart.findall(".//g[@class='text inside']/text")]
    assert inside[:6] == ["15", "45", "20", "5", "10", "5"]
    assert "\nserver decodes: 20 %, " in bar[2][0]
    hatched = chart.findall(".//g[@class='rect back']/path")
    assert len(hatched) == 2 * len(parts) // 6
    assert {each.attrib["fill"] for each in hatched} == {"url(#hatch)"}
    rows = table(text, "Where the time goes")
    assert len(rows) == 64
    silent = [row for row in rows if row["model"] == "-"]
    assert {(row["request"].split()[1], row["side"]) for row in silent} == {
        ("predict_raw", "usual way")
    }


def test_loads_on_the_page(paths: made.Written) -> None:
    """Requests a second are answers by seconds; the gain is their ratio."""
    rows = table(page(paths.throughput), "Requests a second")
    loads = made.loads()
    for row in rows:
        transport, method = row["request"].split()
        side = OURS if row["side"] == "tensorwire" else OBJECTS
        cell = Cell(transport, method, int(row["values"].replace(",", "")), row["kind"], side)
        load = loads[cell, 100]
        rate = len(load.latencies) / load.seconds
        assert value(row["requests/s"]) == near(rate)
        assert value(row["p90"]) == near(float(np.percentile(load.latencies, 90)))
        if side == OURS:
            other = loads[cell._replace(side=OBJECTS), 100]
            wanted = rate / (len(other.latencies) / other.seconds)
            assert value(row["times the usual"].rstrip("x")) == near(wanted)
    swept = table(page(paths.concurrent), "From one client up")
    assert len(swept) == 32
    assert {"requests/s, 1", "requests/s, 8", "p50, 1", "p50, 8"} <= set(swept[0])


def test_what_nobody_answered_is_told(tmp_path: Path) -> None:
    """A dash in the table, no mark; a run without any answer is no file."""
    cells = [NDARRAY, NDARRAY._replace(side=OBJECTS)]
    good = Load("wrk", 4, 1.0, 0, [0.1, 0.2])
    path = str(tmp_path / "run.json")
    loads = {(cells[0], 4): good, (cells[1], 4): Load("wrk", 4, 1.0, 7, [])}
    made.write(["throughput"], records.load_benchmarks(loads), path)
    rows = table(page(path), "Requests a second")
    assert [(row["requests/s"], row["failed"]) for row in rows] == [("2.00", "0"), ("-", "7")]
    made.write(
        ["concurrent"], records.load_benchmarks(loads | {(ONE, 4): loads[cells[1], 4]}), path
    )
    swept = table(page(path), "From one client up")
    assert [(row["requests/s, 4"], row["p50, 4"]) for row in swept] == [
        ("-", "-"),
        ("2.00", "150 ms"),
        ("-", "-"),
    ]
    silent = {(cells[1], 4): loads[cells[1], 4]}
    with pytest.raises(WorkerError, match="nothing was answered"):
        made.write(["throughput"], records.load_benchmarks(silent), path)


def test_starts_scale_and_hops_on_the_page(paths: made.Written) -> None:
    """Medians, what was lost, and what a hop adds in the median round."""
    text = page(paths.load, paths.scale, paths.hop)
    assert "ready in 220 ms (220 ms), first answer after 290 ms (290 ms), 30.0 MB (30.0 MB)" in text
    answered = sum(len(phase.latencies) for phase in made.phases())
    assert f"1 request lost of {answered + 1:,}, 1 sent twice" in text
    phases = table(text, "Workers that come and go")
    assert [row["lost"] for row in phases] == ["0", "0", "0", "1", *["0"] * 6]
    hops = table(text, "One service in front")
    assert [row["pass adds"] for row in hops if row["payload"] == "tfserving"] == [
        "+1.50 ms (+150 %)",
        "+9.00 ms (+150 %)",
    ]
    assert {row["noise"] for row in hops} == {"0.00 ms (0 %)"}


def test_one_page_for_all_modes(paths: made.Written) -> None:
    """A section for each, in one order whatever that of the files; the first answer is large."""
    text = page(*reversed(paths))
    wanted = [
        *("The format matrix", "Where the time goes", "Requests a second with 100 clients"),
        *("From one client up", "Servers, one after another", "Workers that come and go"),
        *("One service in front of the model server", "Machine and measurement"),
    ]
    assert Reader(text).headings[-len(wanted) :] == wanted
    assert text.count('<p class="choice">') == 1
    assert "predict, 100,000 values: " in text
    assert len(text.encode()) < 1_000_000
    assert not re.search(r'(src|href)="(?!#|data:,)', text)  # asks for nothing


def test_full_runs_of_all_modes_are_a_small_page(tmp_path: Path) -> None:
    """Under 1 MB together, with all cells, five numbers of clients and eight workers."""
    assert len(page(*made.write_all(tmp_path, full=True)).encode()) < 1_000_000


@pytest.mark.parametrize(
    "choice",
    [
        Choice(sides=(OURS,)),
        Choice(sides=(OBJECTS,), methods=("predict_raw",)),
        Choice((REST,), ("predict",), (1,), ("raw",)),
    ],
)
def test_a_part_of_the_matrix_is_a_page(choice: Choice, tmp_path: Path) -> None:
    """One side, one method, or one cell: whatever was asked for."""
    path = str(tmp_path / "run.json")
    made.write([], records.matrix_benchmarks(made.matrix(choice).matrix()), path, interrupted=True)
    text = page(path)
    assert "latency was interrupted" in text
    assert len(table(text, "The format matrix")) == len(choice.cells()) // len(choice.sides)
    made.write(["concurrent"], records.load_benchmarks(made.loads((1,), choice)), path)
    assert len(table(page(path), "From one client up")) == len(choice.cells())


def test_a_file_that_fails_hides_no_result(tmp_path: Path) -> None:
    """What was measured is shown before the one line that says why there is no file."""
    options = replace(parse(["load"]), output=str(tmp_path / "gone" / "run.json"))
    shown = []
    with (
        pytest.raises(WorkerError, match=r"-o .*run.json: No such file or directory"),
        modes.saving(
            options, lambda: records.start_benchmarks("servers", made.started()), interrupted=False
        ),
    ):
        shown.append("all")
    assert shown == ["all"]
    with modes.saving(replace(options, output=None), list, interrupted=False):
        shown.append("again")
    assert shown == ["all", "again"]


def test_small_runs_of_other_modes(tmp_path: Path) -> None:
    """A single server that gives memory back, and hops without nginx."""
    path = str(tmp_path / "run.json")
    one = records.Started(OURS, 1, 0.1, 0.2, -4096)
    made.write(["load"], records.start_benchmarks("models", [one]), path)
    assert read(path).starts == [one]
    assert table(page(path), "Models, one after another")[0]["memory"] == "-4.10 kB"
    made.write(["hop"], records.hop_benchmarks(made.hops(("no hop", "pass"))), path)
    assert "nginx" not in page(path)


def test_what_is_no_run_is_refused(tmp_path: Path, paths: made.Written) -> None:
    """One line that names the file: no file, not pyperf's, of another program, or half of one."""
    missing, other, half = (str(tmp_path / name) for name in ("no.json", "other.json", "half.json"))
    run = pyperf.Run([1.0], metadata={"name": "x"}, collect_metadata=False)
    pyperf.BenchmarkSuite([pyperf.Benchmark([run])]).dump(other)
    text = Path(paths.latency).read_text()
    Path(half).write_text(text.replace('"shares"', '"parts"'))
    unknown = tmp_path / "unknown.json"
    unknown.write_text(text.replace('"serving":"latency"', '"serving":"soon"'))
    for path in (missing, other, half, str(unknown), __file__):
        with pytest.raises(RunFileError, match=re.escape(path)) as error:
            read(path)
        assert "\n" not in str(error.value)
    assert [serving.claims(path) for path in (missing, other, half)] == [False, False, True]
    with pytest.raises(RunFileError, match="expected one run of each mode, got two of load"):
        serving.build([paths.load, paths.load])


@pytest.mark.slow
@pytest.mark.parametrize("mode", made.Written._fields)
def test_wrong_facts_are_refused_or_harmless(
    mode: str, paths: made.Written, tmp_path: Path
) -> None:
    """Whatever stands in a benchmark: a page, or one line that names the file."""
    path = tmp_path / "run.json"
    text = Path(getattr(paths, mode)).read_text()
    told = json.loads(text)["benchmarks"][0]["metadata"]
    refused = []
    for name in told:
        for wrong in ("", "x", "null", "[]", "[[1, 2]]", "-5", -1, 1e308, float("nan"), True):
            content = json.loads(text)
            content["benchmarks"][0]["metadata"][name] = wrong
            path.write_text(json.dumps(content))
            try:
                page(str(path))
            except RunFileError as error:
                refused.append(str(error))
    assert all(line.startswith(f"{path}: ") and "\n" not in line for line in refused)
    assert len(refused) > 3 * len(told)


def test_runs_of_two_machines_are_told_apart(paths: made.Written, tmp_path: Path) -> None:
    """A warning, once, that their times are not to be compared."""
    elsewhere = tmp_path / "elsewhere.json"
    content = json.loads(Path(paths.hop).read_text())
    content["metadata"]["grpcio_version"] = "0.1"
    elsewhere.write_text(json.dumps(content))
    assert "do not compare" not in page(paths.latency, paths.hop)
    assert page(paths.latency, str(elsewhere)).count("do not compare the times of hop") == 1


def test_the_command_writes_the_page(paths: made.Written, tmp_path: Path) -> None:
    """``python -m bench.report`` knows a file of ours, and takes several."""
    from bench.report.__main__ import main

    out = tmp_path / "page.html"
    assert main([paths.latency, paths.hop, "--html", str(out)]) == 0
    assert out.read_text() == page(paths.latency, paths.hop)
