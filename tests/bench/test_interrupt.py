"""Whole programs, ended from outside: an orderly end by Ctrl-C, a closed pipe, a full disk."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import bench
from bench.interrupt import orderly

if TYPE_CHECKING:
    from collections.abc import Iterator


ROOT = Path(bench.__file__).parents[1]


@dataclass
class Program:
    """A program on a terminal of its own."""

    process: subprocess.Popen[bytes]
    terminal: int
    text: str = ""

    def read(self, until: str = "") -> None:
        """Read what it shows, until it shows this or ends."""
        gone = False
        while not (until and until in self.text):
            if select.select([self.terminal], [], [], 0.05)[0]:
                try:
                    self.text += os.read(self.terminal, 65536).decode(errors="replace")
                except OSError:  # Linux's way to say that it has ended
                    return
            elif gone:
                return
            else:  # what it wrote last may come after its end
                gone = self.process.poll() is not None

    def ended(self) -> int:
        """Wait for its end; the exit code as a shell has it."""
        self.read()
        code = self.process.wait()
        return 128 - code if code < 0 else code


@contextmanager
def program(tag: str, *argv: str, **environ: str) -> Iterator[Program]:
    """Run ``python`` on a terminal; afterwards, neither it nor a worker of it is left."""
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    env = {**os.environ, "TERM": "xterm", "PYTHONPATH": os.pathsep.join(path())} | environ
    env["BENCH_TEST"] = tag
    process = subprocess.Popen(
        [sys.executable, *argv],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=env,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        yield Program(process, ours)
        assert not left_over(tag)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def path() -> list[str]:
    """Where modules are found."""
    return [str(ROOT), str(ROOT / "codecs")]


def left_over(tag: str) -> list[str]:
    """Return the processes that carry the mark of a program, if this system tells."""
    found: list[str] = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if f"BENCH_TEST={tag}".encode() in environ.read_bytes():
                found.append(environ.parent.name)
    return found


RUN = ("-m", "bench.codecs", "--codec", "json/raw", "--batch", "1,2")


# Every cell is timed again and again: a run ends when its time is over, or when it is ended.
ENDLESS = """
from bench.measure import worker

worker.MOST = 10**9
"""


@pytest.fixture
def endless(tmp_path: Path) -> str:
    """Return the path of modules for a run whose measurement takes a day unless it is ended."""
    folder = tmp_path / "endless"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(ENDLESS)
    return os.pathsep.join([str(folder), *path()])


DAY = ("--seconds", "86400")


@pytest.mark.slow
@pytest.mark.parametrize(
    "presses",
    [(signal.SIGINT,), (signal.SIGINT, signal.SIGINT), (signal.SIGTERM,)],
    ids=["once", "twice", "terminated"],
)
def test_ctrl_c_while_measuring(presses: tuple[int, ...], tmp_path: Path, endless: str) -> None:
    """What was measured is shown and written; the exit code is 130; no worker stays."""
    runfile = pytest.importorskip("pyperf") and pytest.importorskip("bench.measure.runfile")
    out = tmp_path / "run.json"
    argv = (*RUN, *DAY, "-o", str(out))
    with program(f"measuring{len(presses)}", *argv, PYTHONPATH=endless) as running:
        running.read(until="measuring ")
        for press in presses:
            running.process.send_signal(press)
            time.sleep(0.02)  # or they may be one
        assert running.ended() == 130
    assert "Interrupted: this is what was measured until then." in running.text
    assert "Which format?" in running.text
    assert "Traceback" not in running.text
    assert runfile.read(str(out)).results.samples.seconds


@pytest.mark.slow
@pytest.mark.parametrize("form", ["--csv", "--json"])
def test_ctrl_c_keeps_the_form(form: str, endless: str) -> None:
    """A script gets its rows, or its JSON, of what was measured."""
    with program(form, *RUN, *DAY, form, PYTHONPATH=endless) as running:
        running.read(until="measuring ")
        running.process.send_signal(signal.SIGINT)
        assert running.ended() == 130
    shown = running.text.replace("\r\n", "\n")
    shown = shown[shown.rindex("\x1b[2K") + 4 :]
    if form == "--csv":
        assert "\npayload,label,way," in "\n" + shown
        assert "json/raw" in shown
    else:
        assert json.loads(shown[shown.index("{") :])["interrupted"] is True


@pytest.mark.slow
def test_ctrl_c_while_weighing() -> None:
    """The times are shown, though not all of the memory is known."""
    with program("weighing", *RUN, "--seconds", "0.5", "--memory") as running:
        running.read(until="weighing ")
        running.process.send_signal(signal.SIGINT)
        code = running.ended()
    assert "Which format?" in running.text
    assert "Traceback" not in running.text
    assert code in {0, 130}  # the pass may have just ended


def test_ctrl_c_while_importing(tmp_path: Path) -> None:
    """The first second, in which nothing is there yet, ends with one line."""
    slow = tmp_path / "numpy"
    slow.mkdir()
    (slow / "__init__.py").write_text(
        "import threading\nprint('IMPORTING', flush=True)\nthreading.Event().wait()"
    )
    where = os.pathsep.join([str(tmp_path), *path()])
    with program("importing", *RUN, PYTHONPATH=where) as running:
        running.read(until="IMPORTING")
        running.process.send_signal(signal.SIGINT)
        assert running.ended() == 130
    shown = running.text.removeprefix("IMPORTING").strip()
    assert shown == "python -m bench.codecs: error: interrupted"


WRITING = """\
import os, signal, sys
from bench.measure import runfile
real = runfile.write
def write(*arguments):
    for _ in range(3):
        os.kill(os.getpid(), signal.SIGINT)
    real(*arguments)
runfile.write = write
from bench.codecs.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.slow
def test_ctrl_c_while_writing(tmp_path: Path) -> None:
    """A file that is being written is written whole, and all is shown."""
    runfile = pytest.importorskip("pyperf") and pytest.importorskip("bench.measure.runfile")
    out = tmp_path / "run.json"
    argv = (*RUN[2:], "--seconds", "0.3", "--processes", "1", "-o", str(out))
    done = subprocess.run(
        [sys.executable, "-c", WRITING, *argv],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path())},
    )
    assert (done.returncode, done.stderr) == (130, "")
    assert "Which format?" in done.stdout
    assert len(runfile.read(str(out)).results.cases) == 2


@pytest.mark.slow
@pytest.mark.parametrize("argv", [[*RUN, "--seconds", "0.3"], [*RUN[:2], "--list"]])
def test_a_reader_that_goes_away(argv: list[str]) -> None:
    """``| head -1`` gets its line, and nobody complains."""
    process = subprocess.Popen(
        [sys.executable, *argv, "--processes", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path())},
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    complaint = process.stderr.read()
    process.stderr.close()
    assert (process.wait(), complaint) == (1, b"")


@pytest.mark.slow
def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    """Output that cannot be written is an error; a file that cannot, is one after the answer."""
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(path())}
    command = [sys.executable, *RUN, "--seconds", "0.3", "--processes", "1"]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*command, "--list"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env=env,
        )
    assert done.returncode == 1
    assert done.stderr == "python -m bench.codecs: error: No space left on device\n"
    pytest.importorskip("pyperf")
    done = subprocess.run(
        [*command, "-q", "--force", "-o", "/dev/full"],
        capture_output=True,
        text=True,
        check=False,
        env=env,
        cwd=tmp_path,
    )
    assert done.returncode == 1
    assert "Which format?" in done.stdout
    assert done.stderr == "python -m bench.codecs: error: -o /dev/full: No space left on device\n"


def test_errors_show_no_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    """A name with a line break in it does not make a second line."""

    @orderly("test")
    def main(_: list[str] | None) -> int:
        raise FileNotFoundError(2, "No such file", "a\n\x1b[2Jb")

    assert main([]) == 1
    assert capsys.readouterr().err == "test: error: a \\x1b[2Jb: No such file\n"
