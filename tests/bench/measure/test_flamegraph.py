"""``--profile``: a flame graph of one cell, whole or not at all, or one line that says why."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from bench.codecs.__main__ import main
from bench.measure import flamegraph
from bench.serving.processes import Processes, recording
from tests.support.commands import exit_code

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CELL = ("--codec", "json/ndarray", "--batch", "100", "--op", "encode", "--seconds", "1")
DENIED = (
    "Permission Denied: Try running again with elevated permissions by going"
    " 'sudo env \"PATH=$PATH\" !!'\n"
)
FAKE = """#!{python}
import sys
{first}
sys.stdout.write("busy")
with open(sys.argv[sys.argv.index("--output") + 1], "w") as graph:
    graph.write('<svg><text id="title" x="1">py-spy record</text></svg>')
"""
needs_scripts = pytest.mark.skipif(os.name == "nt", reason="a script that is a program")


run = partial(exit_code, main)


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Put a program in the place of py-spy; it begins with the lines given."""

    def put(first: str) -> None:
        (tmp_path / "bin").mkdir(exist_ok=True)
        path = tmp_path / "bin" / "py-spy"
        path.write_text(FAKE.format(python=sys.executable, first=first))
        path.chmod(0o755)
        monkeypatch.setattr(flamegraph, "find", lambda: str(path))

    return put


@pytest.mark.slow
@pytest.mark.skipif(flamegraph.find() is None, reason="py-spy is not installed")
def test_a_graph_of_one_cell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The SVG is of the cell and nothing else: its title, its frames, no import; no other file."""
    path = tmp_path / "a & b.svg"
    if run(*CELL, "--profile", str(path)):
        said = capsys.readouterr().err
        assert "py-spy may not attach: " in said
        pytest.skip(said)
    assert f"{path}: json/ndarray encode [100, 10] float64 normal, for 1 s" in (
        capsys.readouterr().out
    )
    assert list(tmp_path.iterdir()) == [path]
    drawn = path.read_text(encoding="utf-8")
    texts = [node.text or "" for node in ET.fromstring(drawn).iter()]  # noqa: S314 - made here
    assert "json/ndarray encode [100, 10] float64 normal" in texts
    frames = [text for text in texts if text.endswith("%)")]
    assert any("loop (bench/measure/flamegraph.py" in frame for frame in frames)
    assert any("encode (tensorwire/protocols/seldon/codec.py" in frame for frame in frames)
    assert not any("importlib" in frame for frame in frames)


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (
            (),
            "got 12 codecs, 5 payloads, 2 directions; choose one by --codec json/ndarray, --batch",
        ),
        (("--codec", "json/raw", "--batch", "1"), "got 2 directions; choose one by --op encode"),
        (("--codec", "json/raw", "--op", "encode"), "got 5 payloads; choose one by --batch 100"),
        (("--memory",), "expected --profile alone, got --memory beside it; leave out --memory"),
        (("-o", "run.json"), "leave out -o"),
        (("--targets",), "leave out --targets"),
    ],
)
def test_it_is_of_one_cell(
    argv: tuple[str, ...], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever selects more, or asks for figures, is refused in a line that says how to choose."""
    if flamegraph.find() is None:
        pytest.skip("py-spy is not installed")
    assert run("--profile", str(tmp_path / "out.svg"), *argv) == 2
    said = capsys.readouterr().err
    assert says in said
    assert len(said.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_a_cell_that_cannot_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A codec that cannot carry the payload is no graph of nothing."""
    if flamegraph.find() is None:
        pytest.skip("py-spy is not installed")
    argv = (*CELL, "--dtype", "complex128", "--profile", str(tmp_path / "out.svg"))
    assert run(*argv) == 1
    assert (
        "expected a payload that json/ndarray represents, got [100, 10] complex128"
        in capsys.readouterr().err
    )
    assert not list(tmp_path.iterdir())


def test_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without py-spy, the line to install it."""
    monkeypatch.setattr(flamegraph, "find", lambda: None)
    assert run(*CELL, "--profile", str(tmp_path / "out.svg")) == 2
    assert "--profile needs py-spy: pip install 'tensorwire[profile]'" in capsys.readouterr().err


@pytest.mark.slow
@needs_scripts
def test_what_stood_there_stays(
    fake: Callable[[str], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A py-spy that may not, or that fails half-way, changes no file and leaves none."""
    path = tmp_path / "out.svg"
    path.write_text("mine")
    write = "open(sys.argv[sys.argv.index('--output') + 1], 'w').write('<svg>')"
    for first in (f"sys.exit({DENIED!r})", f"{write}\nsys.exit('Error: no stacks')"):
        fake(first)
        assert run(*CELL, "--force", "--profile", str(path)) == 1
        assert len(capsys.readouterr().err.splitlines()) == 1
        assert path.read_text() == "mine"
        assert sorted(each.name for each in tmp_path.iterdir()) == ["bin", "out.svg"]


@needs_scripts
def test_native_frames_where_they_can_be(
    fake: Callable[[str], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A py-spy that knows no native frames draws Python's alone, under the cell's name."""
    fake(
        "if '--native' in sys.argv:"
        " sys.exit(\"error: unexpected argument '--native' found\\n\\nUsage: py-spy record\")"
    )
    assert run(*CELL, "-q", "--profile", str(tmp_path / "out.svg")) == 0
    assert capsys.readouterr().out == ""
    assert (tmp_path / "out.svg").read_text() == (
        '<svg><text id="title" x="1">json/ndarray encode [100, 10] float64 normal</text></svg>'
    )


@pytest.mark.parametrize(
    ("platform", "scope", "says"),
    [
        ("linux", "1", "ptrace_scope is 1, only a parent may look into a process: sudo sysctl"),
        ("linux", "2", "ptrace_scope is 2, only CAP_SYS_PTRACE may look into a process"),
        ("linux", "3", "ptrace_scope is 3, no process may look into another until the next boot"),
        ("linux", "0", "docker run --cap-add SYS_PTRACE"),
        ("linux", None, "docker run --cap-add SYS_PTRACE"),
        ("darwin", None, "macOS lets only root look into a process: use sudo"),
    ],
)
def test_the_missing_permission_is_named(
    platform: str,
    scope: str | None,
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What py-spy prints where it is not allowed to becomes what to do about it, here."""
    yama = tmp_path / "ptrace_scope"
    if scope is not None:
        yama.write_text(f"{scope}\n")
    monkeypatch.setattr(flamegraph, "YAMA", yama)
    monkeypatch.setattr(sys, "platform", platform)
    for said in (
        DENIED,
        "Error: Operation not permitted (os error 1)\n",
        "This program requires root on OSX.\nTry running again with elevated permissions\n",
    ):
        reason = flamegraph.reason(said)
        assert reason.startswith("py-spy may not attach: ")
        assert says in reason


def test_other_complaints_are_passed_on() -> None:
    """The line that says what is wrong, without the trace below it."""
    said = "\npy-spy> Sampling\nError: Failed to find python version\n\nCaused by:\n    0: none\n"
    assert flamegraph.reason(said) == "py-spy: Failed to find python version"
    assert flamegraph.reason("") == "py-spy: it drew nothing"


@needs_scripts
def test_servers_are_not_measured_in_vain(fake: Callable[[str], None], tmp_path: Path) -> None:
    """Where py-spy may not look at a server, it is said before anything is measured."""
    fake(f"sys.exit({DENIED!r})")
    with Processes() as processes:
        server = processes.start([sys.executable, "-c", "input()"])
        with (
            pytest.raises(flamegraph.PySpyError, match="py-spy may not attach"),
            recording(str(tmp_path), {"server": server}),
        ):
            pytest.fail("it began")


@needs_scripts
def test_servers_graphs_are_written(
    fake: Callable[[str], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each server has its file at the end; one that has none is told of, and the rest stay."""
    wait = "import signal, time\nsignal.signal(signal.SIGINT, lambda *_: None)\nsignal.pause()"
    fake(f"{wait}\nif '.bad.svg' in str(sys.argv): sys.exit('Error: gone')")
    with Processes() as processes:
        server = processes.start([sys.executable, "-c", "input()"])
        with recording(str(tmp_path), {"good": server, "bad": server}):
            pass
    assert "no graph of bad: py-spy: gone" in capsys.readouterr().err
    assert "the server good" in (tmp_path / "good.svg").read_text()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["bin", "good.svg"]


def test_the_worker_is_light() -> None:
    """Nothing that a cell does not need is loaded where it is looked at."""
    code = (
        "import sys, bench.measure.flamegraph\n"
        "print(sorted({'rich', 'pyperf', 'psutil', 'memray', 'argparse'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
