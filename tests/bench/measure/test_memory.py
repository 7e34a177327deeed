"""``--memory``: what a call takes, held against what numpy and protobuf are known to take."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
import time
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import tensorwire as tw
from bench import export, tables
from bench.codecs.__main__ import main
from bench.measure import memory, runfile
from bench.measure.results import Cell, Memory
from bench.measure.run import Session
from bench.payloads.case import Case
from bench.process import run_worker
from bench.screen import Progress, Screen
from tests.support.memory import peak
from tests.support.values import CODECS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

pytestmark = pytest.mark.slow

QUIET = Progress(quiet=True)
PAGE = 4096
BIG = 80_000
OBJECTS = "protobuf/ndarray:objects"
needs_pages = pytest.mark.skipif(not memory.has_pages(), reason="Linux and glibc")
needs_memray = pytest.mark.skipif(not memory.has_memray(), reason="memray is not installed")


def checked(ways: Sequence[str], *rows: int) -> Session:
    """Return a session that has been timed, as far as the memory's pass can tell."""
    cases = [Case(f"{each}", "section", (each, 10), "float64", "normal") for each in rows]
    session = Session(cases, [ways] * len(cases), ("encode", "decode"))
    session.check(2.0, QUIET)
    for cell in session.cells():
        session.samples.seconds[cell].append([1e-6])
        session.samples.loops[cell].append(1)
    return session


@pytest.fixture(scope="module")
def weighed() -> Session:
    """Weigh a copy, three ways that are known, and the way through objects, on 80 kB."""
    session = checked(("memcpy", "protobuf/tensor", "json/raw:pybase64", OBJECTS), BIG // 80)
    memory.weigh(session, QUIET)
    return session


def of(session: Session, way: str, operation: str = "encode") -> Memory:
    """Return the memory of one cell of the only payload."""
    return session.memory[Cell(0, way, operation)]


def test_a_copy_is_one_copy(weighed: Session) -> None:
    """Python's figure of ``array.copy()`` is the array and its object of a hundred bytes."""
    found = of(weighed, "memcpy")
    assert found.python is not None
    assert BIG <= found.python <= BIG + 200


@needs_pages
def test_pages_of_a_copy(weighed: Session) -> None:
    """The process grows by the array, to a few pages."""
    found = of(weighed, "memcpy").process
    assert found is not None
    assert found % PAGE == 0
    assert abs(found - BIG) <= 4 * PAGE


@needs_memray
def test_counts_of_a_copy(weighed: Session) -> None:
    """``array.copy()`` asks for two things: the array's object, and its memory."""
    found = of(weighed, "memcpy")
    assert (found.allocations, found.copies) == (2, 1)
    assert of(weighed, "json/raw:pybase64").copies == 1


def test_python_sees_what_tracemalloc_sees_here(weighed: Session) -> None:
    """The worker's figure is that of the same call in this process."""
    array = np.random.default_rng(20).standard_normal((BIG // 80, 10))
    codec = tw.get_codec("protobuf/tensor")
    for _ in range(3):
        codec.encode(array)
    _, expected = peak(partial(codec.encode, array))
    found = of(weighed, "protobuf/tensor").python
    assert found is not None
    assert abs(found - expected) < 500


def test_a_view_takes_nothing(weighed: Session) -> None:
    """Decoding a packed tensor costs an array's object, and no page of values."""
    found = of(weighed, "protobuf/tensor", "decode")
    assert found.python is not None
    assert found.python < 1000
    assert found.copies in {0, None}
    assert found.process is None or found.process <= 2 * PAGE


@needs_pages
def test_the_process_sees_the_arena(weighed: Session) -> None:
    """A message object for each number lies in upb's arena, which tracemalloc does not see."""
    for operation in ("encode", "decode"):
        found = of(weighed, OBJECTS, operation)
        assert found.python is not None
        assert found.process is not None
        assert found.process > 1.3 * found.python


@needs_memray
def test_counts_are_the_same_again() -> None:
    """Whatever else is weighed: both counts are exact, tracemalloc's peak is to a few objects."""
    every, some = checked(CODECS, 1, 200), checked(CODECS[::-3], 1, 200)
    for session in (every, some):
        memory.weigh(session, QUIET)
    assert len(every.memory) == 2 * 2 * len(CODECS)
    for cell, found in some.memory.items():
        other = every.memory[cell]
        assert (found.allocations, found.copies) == (other.allocations, other.copies), cell
        assert found.python == pytest.approx(other.python, abs=300), cell
        assert (found.copies is None) == (cell.case == 0)
    assert not any(cell.control for cell in every.memory)


def test_nothing_is_lost_by_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was weighed until then stays, and the session says that it was interrupted."""
    session = checked(("memcpy",), 2)

    def interrupted(*_: object, **__: object) -> Iterator[dict[str, Any]]:
        yield {"cell": 0, "memory": {"python": 5}}
        raise KeyboardInterrupt

    monkeypatch.setattr(memory, "run_worker", interrupted)
    memory.weigh(session, QUIET)
    assert session.interrupted
    assert session.memory == {Cell(0, "memcpy", "decode"): Memory(python=5)}
    monkeypatch.setattr(memory, "run_worker", None)
    memory.weigh(session, QUIET)  # nothing more is begun


def test_a_failing_worker_is_told() -> None:
    """An array that is not the one that was timed ends the pass; what was timed is kept."""
    session = checked(("memcpy",), 2)
    session.digests[0] += 1
    memory.weigh(session, QUIET)
    assert "differs from the one that was checked" in session.failure
    assert not session.memory
    assert session.samples.seconds


APART = """
import os, signal
import numpy as np
from bench.measure import memory
from bench.measure.memory import Fork

def bad():
    raise MemoryError("too large")

for work in (bad, lambda: os.kill(os.getpid(), signal.SIGKILL)):
    try:
        Fork(work)()
    except RuntimeError as error:
        print(error)
untouched = lambda: memory.growth(np.empty, 10_000_000)
print(Fork(untouched)() < 100_000 if memory.has_pages() else True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="forks")
def test_what_is_done_in_a_copy_of_the_worker() -> None:
    """An exception there, or its death, is an error here; pages never touched are not counted."""
    done = subprocess.run(
        [sys.executable, "-c", APART],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **memory.environment()},
    )
    assert done.stdout.splitlines() == ["MemoryError: too large", "it ended with status 9", "True"]


ORPHAN = """
import os, signal
from bench.process import run_worker
from bench.payloads.case import Case, build, digest
case = Case("x", "s", (10, 10), "float64", "normal")
plan = {"cases": [(case.to_json(), digest(build(case)))], "limit": 60,
        "cells": [(0, "memcpy", "encode", False, 0, "memcpy")] * 5000}
lines = run_worker("bench.measure.memory", plan)
next(lines)
children = open(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read().split()
print(*children, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_no_worker_is_left_behind() -> None:
    """A worker ends with the process that started it, even where that one is killed."""
    done = subprocess.run(
        [sys.executable, "-c", ORPHAN], capture_output=True, text=True, check=False
    )
    (worker,) = done.stdout.split()
    stat = Path(f"/proc/{worker}/stat")
    with suppress(FileNotFoundError, ProcessLookupError):
        while ") Z " not in stat.read_text():  # or ended, and whoever inherited it has not noticed
            time.sleep(0.01)


def test_a_worker_ends_when_it_is_not_read() -> None:
    """Closing what it writes to ends it: this is what Ctrl-C does."""
    session = checked(("memcpy",), 2)
    cells = [(0, "memcpy", "encode", False, 0, "memcpy")] * 5000
    cases = [(session.cases[0].to_json(), session.digests[0])]
    plan = {"cases": cases, "cells": cells, "limit": 60}
    with closing(run_worker(memory.WORKER, plan, **memory.environment())) as lines:
        assert next(lines)["cell"] == 0


def test_without_the_instruments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is neither glibc nor memray, Python's figure is left, and lines say why."""
    monkeypatch.setattr(memory, "ROLLUP", Path("/nowhere"))
    monkeypatch.setattr(memory, "find_spec", lambda _: None)
    array = np.ones(1000)
    found = Memory(**memory.weight((lambda each: each.copy(), array), 8000, slow=False))
    assert found.python is not None
    assert 8000 <= found.python <= 8200
    assert replace(found, python=None) == Memory()
    session = checked(("memcpy",), 2)
    session.memory[Cell(0, "memcpy", "encode")] = found
    lines = tables.memory_legend(session.results())
    assert lines[-2:] == [tables.NO_PAGES, tables.NO_COUNTS]


def drawn(session: Session) -> str:
    """Return the tables as text."""
    stream = io.StringIO()
    for table in tables.memory(session.results()):
        Screen(stream).table(table)
    return stream.getvalue()


def test_the_table(weighed: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table for each direction, within 80 columns: the figures as they are, and their ratio."""
    monkeypatch.setenv("COLUMNS", "80")
    session = checked(("memcpy", "protobuf/tensor"), 5, 100)
    for number, cell in enumerate(cell for cell in session.samples.seconds if not cell.control):
        session.memory[cell] = Memory(12_000, 16_384, 1234, number)
    text = drawn(session)
    assert max(map(len, text.splitlines())) <= 80
    assert "memory, encode: section: 100 (array of 8.00 kB)" in text
    assert "section: 5 " not in text
    (row,) = {" ".join(line.split()[:-1]) for line in text.splitlines() if "  tensor" in line}
    assert row == "tensor 8.01 kB 12.0 kB 1.50x 16.4 kB 2.05x 1,234"
    assert drawn(replace(weighed, memory={})) == ""


def test_columns_only_when_weighed(weighed: Session) -> None:
    """CSV has the four figures where there are some, and is as it was where there are none."""
    stream = io.StringIO()
    export.write_csv(weighed.results(), stream)
    rows = list(csv.DictReader(io.StringIO(stream.getvalue())))
    for row in rows:
        found = of(weighed, row["way"], row["operation"])
        for name in Memory.NAMES:
            value = getattr(found, name)
            assert row[f"memory_{name}"] == ("" if value is None else f"{value}")
    stream = io.StringIO()
    export.write_csv(replace(weighed, memory={}).results(), stream)
    assert stream.getvalue().splitlines()[0] == ",".join(export.COLUMNS)


def test_the_file_has_them(weighed: Session, tmp_path: Path) -> None:
    """A run read back has the same memory as the run that was written."""
    pytest.importorskip("pyperf")
    path = str(tmp_path / "run.json")
    runfile.write(weighed.results(), path)
    assert runfile.read(path).results.memory == weighed.memory


def test_the_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """``--memory`` adds its tables and their legend to what is shown."""
    monkeypatch.delenv("COLUMNS", raising=False)
    argv = ["--memory", "--batch", "2", "--codec", "json/raw", "--op", "encode"]
    assert main([*argv, "--seconds", "0.2", "--processes", "1"]) == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    assert "memory, encode: float64 [batch, 10], normal values (array of 160 B)" in text
    assert "tracemalloc" in text
