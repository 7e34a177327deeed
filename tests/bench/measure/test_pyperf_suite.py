"""``--rigorous``: pyperf's Runner measures what was checked, in workers of its own."""

from __future__ import annotations

import gc
import json
import os
import re
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import bench
from bench.codecs.__main__ import main, parse
from bench.measure import machine, pyperf_suite, runfile, transport, worker
from bench.measure.pyperf_suite import Rigour
from bench.payloads.case import Case, build, digest
from tests.support.commands import exit_code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


pyperf: Any = pytest.importorskip("pyperf")


ROOT = Path(bench.__file__).parents[1]


# Five cells: the codec, the memcpy, the codec again; and the first two with a first use.
CELLS = ("--codec", "npy/array", "--op", "decode", "--batch", "2")


SHORT = ("--rigorous", *CELLS, "-p", "1", "-n", "1", "-w", "0", "-l", "10")


NAMES = [
    "npy/array decode [2, 10] float64 normal",
    "npy/array decode [2, 10] float64 normal (again)",
    "memcpy decode [2, 10] float64 normal",
    "npy/array decode+use [2, 10] float64 normal",
    "memcpy decode+use [2, 10] float64 normal",
]


TOLD = """
import atexit, json, os, sys, threading
if "--worker" in sys.orig_argv:
    task = next(part for part in sys.orig_argv if part.startswith("--worker-task="))[14:]
    place = os.path.join({folder!r}, f"told-{{task}}.json")
    def tell():
        with open(place, "w") as file:
            told = dict(modules=sorted(sys.modules), environ=dict(os.environ), pid=os.getpid())
            json.dump(told, file)
    {then}
"""


# Whoever starts the tests in the background may have them ignore Ctrl-C.
LISTENING = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from bench.codecs.__main__ import main, parse
from bench.measure.pyperf_suite import Rigour
sys.exit(main())
"""


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure no round trip beside the cells: it has tests of its own."""
    monkeypatch.setattr(transport, "measure", lambda *_: {})


@pytest.fixture
def in_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Run a line in each worker before all else; workers are also started from elsewhere."""

    def given(then: str) -> Path:
        folder = tmp_path / "site"
        folder.mkdir()
        code = TOLD.format(folder=str(tmp_path), then=then)
        (folder / "sitecustomize.py").write_text(code)
        monkeypatch.syspath_prepend(str(folder))
        monkeypatch.chdir(tmp_path)
        return tmp_path

    return given


def told(folder: Path, task: int = 0) -> dict[str, Any]:
    """Return what a worker said of itself."""
    found: dict[str, Any] = json.loads((folder / f"told-{task}.json").read_text())
    return found


run = partial(exit_code, main)


@pytest.mark.slow
def test_the_file_is_pyperfs_and_ours(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every cell has its calibration, warm-ups, loops and dates; pyperf and we read the same."""
    path = tmp_path / "run.json"
    path.write_text("old")
    asked = ("-p", "2", "-n", "2", "-w", "1", "--min-time", "1e-4")
    assert run("--rigorous", *CELLS, *asked, "-o", str(path), "--force") == 0
    shown = capsys.readouterr()
    assert "Noise: the same time differs by " in shown.out
    assert "4 timings, each checked first, in turn by pyperf in 2 processes" in shown.out
    assert re.fullmatch(
        r"4 cells and 1 again, 3 processes each: about \d+ s; less with --fast, -p, -n, -w\n",
        shown.err,
    )

    suite = pyperf.BenchmarkSuite.load(str(path))
    assert sorted(suite.get_benchmark_names()) == sorted(NAMES)
    assert suite.get_metadata()["mode"] == runfile.RIGOROUS
    for found in suite.get_benchmarks():
        first, *others = found.get_runs()
        assert not first.values
        loops = first.get_metadata()["calibrate_loops"]
        assert [len(each.values) for each in others] == [2, 2]
        assert [[n for n, _ in each.warmups] for each in others] == [[loops]] * 2
        assert [each.get_loops() for each in others] == [loops] * 2
        assert len({each.get_metadata()["date"] for each in found.get_runs()}) == 3
    read = runfile.read(str(path))
    assert read.metadata["date"] == str(min(each.get_dates()[0] for each in suite.get_benchmarks()))
    results = read.results
    for cell, lists in results.samples.seconds.items():
        benchmark = suite.get_benchmark(cell.name(results.cases[0]))
        assert [value for each in lists for value in each] == list(benchmark.get_values())
    assert {cell.control for cell in results.samples.seconds} == {True, False}
    for command in (("stats", str(path)), ("compare_to", str(path), str(path))):
        done = subprocess.run(
            [sys.executable, "-m", "pyperf", *command],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_own_payloads_reach_the_workers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each worker reads the file again; a name of two lines is one line; no path is written."""
    odd = "two\nlines" if os.name != "nt" else "one line"
    monkeypatch.chdir(tmp_path)
    np.save(f"{odd}.npy", np.arange(12.0).reshape(3, 4))
    argv = (f"{odd}.npy", "-o", "run.json", *SHORT[3:5], *SHORT[7:])
    assert run("--rigorous", "--codec", "npy/array", *argv) == 0, capsys.readouterr().err
    assert "1 process each: about" in capsys.readouterr().err
    assert len(runfile.read("run.json").results.samples.seconds) == 5
    assert str(tmp_path) not in Path("run.json").read_text()


@pytest.mark.slow
@pytest.mark.parametrize(
    "asked", [("-p", "1", "-n", "3", "-l", "7"), ("--processes", "1", "-n3", "--loops=7")]
)
def test_pyperfs_options_are_its_own(
    asked: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Processes, values and loops are as many as were asked for; ``--processes`` is ``-p``."""
    path = str(tmp_path / "run.json")
    assert run("--rigorous", *CELLS, "-w", "0", "-q", *asked, "-o", path) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    assert "\nWhich format? " in shown.out
    for found in pyperf.BenchmarkSuite.load(path).get_benchmarks():
        assert [len(each.values) for each in found.get_runs()] == [3]
        assert {each.get_loops() for each in found.get_runs()} == {7}


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (("-p", "0"), "argument -p/--processes: expected a whole number from 1 on"),
        (("-x",), "unrecognized arguments: -x"),
        (("--proc", "2"), "unrecognized arguments: --proc"),
        (("more",), "more: No such file or directory"),
        (("--seconds", "3"), "expected -p, -n, -w or --fast beside --rigorous"),
        (("--seconds", "15"), "expected -p, -n, -w or --fast beside --rigorous"),
        (("--min-time", "inf"), "expected seconds above 0, up to a day, got 'inf'"),
        (("--affinity", "one"), "expected processors such as 0 or 2-3,5, got 'one'"),
        (("-w", "-1"), "expected a whole number from 1 on, got '-1'"),
        (("--output", "x.json"), "unrecognized arguments: --output"),
        (("--worker-task", "1"), "unrecognized arguments: --worker-task"),
    ],
)
def test_a_wrong_option_is_one_line(
    argv: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2 before anything is checked, and none of pyperf's own usage."""
    assert run(*SHORT, *argv) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert says in shown.err
    assert len(shown.err.splitlines()) == 1


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system has no affinity")
def test_a_processor_that_is_not_there_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """``--affinity`` names what may be used."""
    able = ", ".join(map(str, sorted(os.sched_getaffinity(0))))
    assert run(*SHORT, "--affinity", "0-99999999999") == 2
    assert capsys.readouterr().err.endswith(f"; use {able}\n")


def test_without_rigorous_they_are_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    """They are an error alone; ``--seconds`` and ``--processes`` have other defaults without."""
    assert run("-n", "2") == 2
    assert "expected --rigorous beside -n" in capsys.readouterr().err
    usual, asked = parse([]), parse(["--seconds", "3", "--processes", "2"])
    assert (usual.seconds, usual.processes, usual.rigorous) == (15.0, 9, None)
    assert (asked.seconds, asked.processes, asked.rigorous) == (3.0, 2, None)
    assert [parse(["--seconds", each]).processes for each in ("1", "6", "60")] == [3, 4, 9]
    many, few = parse(["--rigorous"]), parse(["--rigorous", "--fast", "-l", "9"])
    assert (many.processes, many.rigorous) == (20, Rigour())
    assert (few.processes, few.rigorous) == (10, Rigour(samples=2, loops=9))


def test_an_existing_file_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``-o`` refuses it before anything is measured."""
    path = tmp_path / "run.json"
    path.write_text("mine")
    assert run(*SHORT, "-o", str(path)) == 2
    assert "pass --force to overwrite it" in capsys.readouterr().err
    assert path.read_text() == "mine"


def test_how_long_it_takes_is_known_before() -> None:
    """Processes times warm-ups and values, each of ``--min-time`` or of one slow call."""
    start = pyperf_suite.START
    made = Rigour(samples=3, warmups=2)
    assert made.seconds(0.0) == pytest.approx(start + 5 * 0.15)
    assert made.seconds(2.0) == pytest.approx(start + 4 + 5 * 2)
    fixed = Rigour(samples=3, warmups=0, loops=100)
    assert fixed.seconds(1e-3) == pytest.approx(start + 0.302)


@pytest.mark.slow
def test_a_worker_imports_only_what_it_times(
    in_worker: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """No rich, no screen; the environment is pyperf's, but for what was asked for."""
    folder = in_worker("atexit.register(tell)")
    monkeypatch.setenv("MY_OWN", "1")
    monkeypatch.setenv("MY_OTHER", "2")
    monkeypatch.setenv("MALLOC_ARENA_MAX", "3")
    monkeypatch.setenv("PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION", machine.protobuf_backend())
    before = os.environ.get("PYTHONPATH")
    assert run(*SHORT, "--inherit-environ", "MY_OTHER") == 0
    assert os.environ.get("PYTHONPATH") == before
    line = "the workers run without MALLOC_ARENA_MAX; --inherit-environ MALLOC_ARENA_MAX keeps it"
    assert line in capsys.readouterr().err.splitlines()
    for task in range(3):
        found = told(folder, task)
        modules = set(found["modules"])
        assert {"pyperf", "tensorwire", "bench.measure.worker"} <= modules
        assert not {name for name in modules if name.partition(".")[0] == "rich"}
        assert not {name for name in modules if name.startswith("bench.screen")}
        environ = found["environ"]
        assert not {"MY_OWN", "MALLOC_ARENA_MAX"} & environ.keys()
        assert environ["MY_OTHER"] == "2"
        assert "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION" in environ


@pytest.mark.slow
def test_the_cells_take_turns(
    in_worker: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """Each cell has a process before any has its second: drift hits all alike."""
    log = in_worker("open('log', 'a').write(task)") / "log"
    assert run(*SHORT, "-p", "3", "-q") == 0, capsys.readouterr().err
    assert log.read_text() == "01234" * 3


@pytest.fixture
def plan() -> dict[str, Any]:
    """Return a plan of two payloads, and a cell of each."""
    cases = [Case(f"{n}", "section", (n, 2), "float64", "ints") for n in (1, 3)]
    return {
        "cases": [(case.to_json(), digest(build(case))) for case in cases],
        "cells": [[n, "json/tensor", "decode", False, 1e-6, "json/tensor"] for n in (0, 1)],
        "names": [f"json/tensor decode [{n}, 2] float64 ints" for n in (1, 3)],
        "loops": [10, 10],
        "decisive": machine.decisive(),
    }


@pytest.fixture
def _collector() -> Iterator[None]:
    """Turn the garbage collector on again: a worker turns it off."""
    yield
    gc.unfreeze()
    gc.enable()


@pytest.mark.usefixtures("_collector")
def test_a_payload_is_built_when_it_is_timed(
    plan: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Walking the cells builds nothing; timing builds the one payload, and times every call."""
    built: list[Any] = []
    decoded: list[Any] = []

    class Counted:
        @staticmethod
        def encode(array: Any) -> Any:
            return array.tobytes()

        decode = staticmethod(decoded.append)

    def counted(case: Case) -> Any:
        built.append(case.shape)
        return build(case)

    monkeypatch.setattr(worker, "build", counted)
    monkeypatch.setattr(worker, "get_implementation", lambda _: Counted)
    timed = [pyperf_suite.timer(plan, each) for each in plan["cells"]]
    assert built == []
    assert timed[1](5) > 0
    assert built == [(3, 2)]
    assert len(decoded) == 1 + 5  # what the first call imports is not timed
    assert timed[1](20) > 0
    assert built == [(3, 2)]
    assert len(decoded) == 1 + 5 + 20


def start_worker(plan: dict[str, Any], folder: Path, task: int) -> tuple[int, str]:
    """Start a worker as pyperf does; its exit code and the last line of what it says."""
    path = folder / "plan.json"
    path.write_text(json.dumps(plan))
    asked = f"--worker --worker-task={task} --loops 10 --warmups 0 --values 1".split()
    done = subprocess.run(
        [sys.executable, "-m", pyperf_suite.SUITE, *asked, "--plan", str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, (done.stdout + done.stderr).splitlines()[-1]


@pytest.mark.slow
def test_a_worker_times_only_what_it_was_asked_for(plan: dict[str, Any], tmp_path: Path) -> None:
    """It is the task's cell; a task that is not there ends it loudly."""
    code, line = start_worker(plan, tmp_path, 1)
    assert (code, line.partition(":")[0]) == (0, plan["names"][1])
    code, line = start_worker(plan, tmp_path, 2)
    assert (code, line) == (1, "RuntimeError: there is no task 2 in the plan")


def failed(capsys: pytest.CaptureFixture[str]) -> str:
    """Run, and return the one line that says why a worker failed."""
    assert run(*SHORT) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    lines = shown.err.splitlines()
    assert len(lines) == 2  # how long it takes, and what went wrong
    start = f"python -m bench.codecs: error: a worker failed: {NAMES[0]}: "
    assert lines[1].startswith(start)
    return lines[1].removeprefix(start)


def test_another_payload_is_not_timed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A worker that builds other values than were checked says so, and the run ends."""
    monkeypatch.setattr("bench.measure.run.digest", lambda _: 1)
    line = failed(capsys)
    assert line == (
        "RuntimeError: the payload [2, 10] float64 normal differs from the one that was checked"
    )


def test_another_protobuf_is_not_timed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A worker with another backend than the checks had says so, and what to do."""
    monkeypatch.setattr(machine, "decisive", lambda: {"protobuf": "other"})
    line = failed(capsys)
    backend = machine.protobuf_backend()
    assert f"protobuf is {backend} in a worker, but other where the cells were checked" in line
    assert "--inherit-environ NAME passes on one" in line


def test_another_cell_is_not_timed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A figure of another cell than the one that was asked for ends the run."""
    monkeypatch.setattr(pyperf.Benchmark, "get_name", lambda _: "other")
    assert run(*SHORT) == 1
    assert f"asked for the cell {NAMES[0]!r}, got 'other'" in capsys.readouterr().err


def test_what_was_measured_outlives_a_failure(
    in_worker: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """A worker that is killed ends the run with one line; the cells before it are shown."""
    in_worker("if task == '1': os._exit(7)")
    assert run(*SHORT) == 1
    shown = capsys.readouterr()
    last = shown.err.splitlines()[-1]
    assert last == (f"python -m bench.codecs: error: a worker failed: {NAMES[2]}: exit code 7")
    assert "A worker failed: this is what was measured until then." in shown.out
    assert "1 timing, each checked" in shown.out


def test_a_hanging_worker_is_ended(
    in_worker: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """After ``--timeout`` pyperf leaves in a way of its own; here it is one line too."""
    in_worker("threading.Event().wait()")
    assert run(*SHORT, "--timeout", "1") == 1
    assert capsys.readouterr().err.endswith(f"{NAMES[0]}: Timed out after 1 seconds\n")


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C goes to a console there")
def test_an_interrupted_run_keeps_what_it_has(
    in_worker: Callable[[str], Path], tmp_path: Path
) -> None:
    """Ctrl-C shows the cells that were done; no worker, no file and no traceback is left."""
    folder = in_worker("tell()\n    if task == '1': threading.Event().wait()")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", LISTENING, *SHORT],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join((str(folder / "site"), str(ROOT / "codecs"))),
            "TMPDIR": str(temporary),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        second = folder / "told-1.json"
        while not (second.exists() and second.read_text().endswith("}")):
            assert process.poll() is None
            time.sleep(0.02)
        assert list(temporary.iterdir())
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: the parent and its worker
        out, err = process.communicate()
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130
    assert len(err.splitlines()) == 1  # how long it takes
    assert "Interrupted: this is what was measured until then." in out
    assert "1 timing, each checked" in out
    assert list(temporary.iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.kill(told(folder, 1)["pid"], 0)


def test_an_interrupt_between_workers_is_the_same(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It comes back as an exit of pyperf's; before the first sample there is nothing to show."""

    class Impatient:
        def __init__(self, *, quiet: bool) -> None:
            assert quiet

        def show(self, what: str, share: float) -> None:
            if what == "measuring":
                assert share == 0
                raise KeyboardInterrupt

        def restart(self) -> None:
            pass

        clear = restart

    monkeypatch.setattr("bench.screen.Progress", Impatient)
    assert run(*SHORT, "-q") == 130
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == (
        "python -m bench.codecs: error: interrupted before anything was measured\n"
    )


@pytest.mark.slow
def test_pure_python_protobuf_is_said_loudly(tmp_path: Path) -> None:
    """Before the run and with its results; workers run it too; the file names the backend."""
    path = tmp_path / "run.json"
    done = subprocess.run(
        [sys.executable, "-m", "bench.codecs", *SHORT, "-o", str(path)],
        cwd=ROOT,
        env={**os.environ, "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    warning = "WARNING: protobuf runs in pure Python here"
    assert warning in done.stderr
    assert warning in done.stdout
    said = pyperf.BenchmarkSuite.load(str(path)).get_metadata()["protobuf_version"]
    assert said.endswith(" (python)")
