"""The command line: which scenarios are run, exit codes, and what is written."""

from __future__ import annotations

import errno
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bench.engines import __main__ as command_line
from bench.engines import run, scenario
from bench.engines.records import read
from bench.engines.scenario import Cell, Context, Scenario
from bench.environments import InstallError
from bench.process import WorkerError
from tests.support.commands import exit_code
from tests.support.engine_runs import cells

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def measure(context: Context) -> Iterator[Cell | str]:
    """Yield what was planted."""
    context.show_progress("measuring", 0.5)
    assert context.left() > 0
    assert context.interpreters == {"web": sys.executable}
    yield from cells("Swift", "one", 15.0, 12.0)
    yield "a note"


def fail(context: Context) -> Iterator[Cell | str]:
    """Fail in the middle."""
    yield from cells("Torn", "one", 2.0)
    assert context.folder.is_dir()
    raise WorkerError("the engine has ended: oh")


def interrupt(_: Context) -> Iterator[Cell | str]:
    """Be interrupted in the middle."""
    yield from cells("Halt", "one", 2.0)
    raise KeyboardInterrupt


FAST = Scenario("fast", "A benchmark", "Is it fast?", measure, ("web",), ("flask",))
TORN = Scenario("torn", "Another", "Does it run?", fail, ("web",), ("flask",))
HALT = Scenario("halt", "A third", "Does it end?", interrupt, ("web",), ("flask",))
H2LOAD = Scenario("load", "One", "Is it there?", measure, (), (), tools=("h2load",))
TOOL = Scenario("tool", "One", "Is it there?", measure, (), (), tools=("no-such-tool",))
PACKAGE = Scenario("package", "One", "Is it there?", measure, (), (), packages=("no_such_package",))


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> list[Scenario]:
    """Return the scenarios that there are, to be changed; environments are this one."""
    found = [FAST]
    monkeypatch.setattr(scenario, "scenarios", lambda: found)
    monkeypatch.setattr(run, "environment", lambda *_: sys.executable)
    return found


def main(*arguments: str) -> int:
    """Run the command line."""
    return exit_code(command_line.main, *arguments)


def test_a_run_and_its_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The table, the answer, the file and the page; what is there stays."""
    path, page = tmp_path / "run.json", tmp_path / "page.html"
    assert main("--quick", "-o", str(path), "--html", str(page)) == 0
    said = capsys.readouterr().out
    assert "fast: Swift" in said
    assert "fast: a note" in said
    assert said.splitlines()[-1].startswith("Swift: 15.0x for one (by hand 12.0x).")
    (result,) = read(str(path)).results
    assert (result.cells, result.notes) == (cells("Swift", "one", 15.0, 12.0), ["a note"])
    assert list(result.versions) == ["flask"]
    assert "15.0x" in page.read_text()
    assert main("-o", str(path)) == 2
    assert "pass --force to overwrite it" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["-o", "--html"])
def test_a_file_that_cannot_be_written(
    option: str, tmp_path: Path, known: list[Scenario], capsys: pytest.CaptureFixture[str]
) -> None:
    """The results are shown anyway; the exit code is 1."""
    folder = tmp_path / "folder"
    folder.mkdir()

    def remove(context: Context) -> Iterator[Cell | str]:
        folder.rmdir()
        yield from measure(context)

    known[0] = replace(FAST, measure=remove)
    assert main(option, str(folder / "run")) == 1
    said, complaint = capsys.readouterr()
    assert "Swift: 15.0x" in said
    assert f"error: {option} {folder / 'run'}: " in complaint


def test_a_read_only_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is refused before anything is measured."""

    def refuse(**_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    assert main("-o", str(tmp_path / "run.json")) == 2
    said, complaint = capsys.readouterr()
    assert said == ""
    assert "-o: expected a file that can be written" in complaint
    assert complaint.endswith("run.json: Read-only file system\n")


def test_two_outputs_are_two_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The page would take the place of the run."""
    path = str(tmp_path / "run")
    assert main("-o", path, "--html", path) == 2
    assert "expected two files for -o and --html" in capsys.readouterr().err


def test_what_fails_takes_nothing_from_the_others(
    known: list[Scenario], capsys: pytest.CaptureFixture[str]
) -> None:
    """What was measured until then is shown; the exit code is 1."""
    known.insert(0, TORN)
    assert main() == 1
    said = capsys.readouterr().out
    assert "torn: failed: the engine has ended: oh" in said
    assert "Torn: 2.00x for one." in said
    assert "Swift: 15.0x" in said
    assert main("fast") == 0


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        (TOOL, "tool: skipped: no-such-tool is not installed"),
        (H2LOAD, "load: skipped: h2load is not installed; e.g. apt install nghttp2-client"),
        (PACKAGE, "package: skipped: the scenario package needs no_such_package"),
    ],
)
def test_what_is_missing_is_skipped(
    missing: Scenario,
    reason: str,
    known: list[Scenario],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With its reason in a line; that is no failure, unless there is nothing else."""
    monkeypatch.setattr("shutil.which", lambda _: None)
    known.append(missing)
    assert main() == 0
    assert reason in " ".join(capsys.readouterr().out.split())
    assert main(missing.name) == 1


def test_an_environment_that_cannot_be_made(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is skipped, with pip's reason."""

    def refuse(*_: object) -> str:
        raise InstallError("ERROR: no wheel for this Python")

    monkeypatch.setattr(run, "environment", refuse)
    assert main() == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "fast: skipped: its environment cannot be made: ERROR: no wheel for this Python" in said


def test_an_interrupted_run(known: list[Scenario], capsys: pytest.CaptureFixture[str]) -> None:
    """What was measured until then is shown, and said to be less."""
    known.insert(0, HALT)
    assert main() == 130
    said = capsys.readouterr().out
    assert "interrupted: this is what was measured until then." in said
    assert "Halt: 2.00x for one." in said
    assert "Swift" not in said


def test_a_run_interrupted_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """While an environment is made, nothing has been measured, and there is nothing to write."""

    def interrupt(*_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "environment", interrupt)
    path = tmp_path / "run.json"
    assert main("-o", str(path)) == 130
    said, complaint = capsys.readouterr()
    assert said == ""
    assert complaint.endswith("error: interrupted before anything was measured\n")
    assert not path.exists()


def test_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    """Each scenario is a name, a title and a question; nothing is measured."""
    assert main("--list") == 0
    assert capsys.readouterr().out == "fast\n  A benchmark. Is it fast?\n"


def test_a_name_that_is_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    """Those that are known are in the error."""
    assert main("fats") == 2
    said = capsys.readouterr().err
    assert said.endswith("expected the name of a scenario, got 'fats'; known: fast\n")
