"""``tensorwire bench``: the wheel's benchmark, the clone's, or one line without either."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tensorwire.cli import bench
from tests.support.command_line import run

if TYPE_CHECKING:
    from pathlib import Path


def test_the_clone_has_it(capsys: pytest.CaptureFixture[str]) -> None:
    """From another folder it is found beside the library, and measures what it is given."""
    assert run("bench", "--list", "--codec", "json/raw") == 0
    assert capsys.readouterr().out.split()[0] == "json/raw"


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        (["nowhere.npy"], "tensorwire bench: error: nowhere.npy: No such file or directory"),
        (["compare", "a"], "tensorwire bench compare: error: expected two files, --against OLD or"),
        (
            ["protocols", "--protocol", "x"],
            "tensorwire bench protocols: error: expected the name or pattern of",
        ),
    ],
)
def test_errors_name_the_command_as_it_was_called(
    argv: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, exit code 2, and the name that the user has typed."""
    assert run("bench", *argv) == 2
    assert capsys.readouterr().err.startswith(line)


def test_help_lists_it(capsys: pytest.CaptureFixture[str]) -> None:
    """The commands of ``tensorwire`` name it; its own help is the benchmark's."""
    assert run("--help") == 0
    assert "    bench " in capsys.readouterr().out
    assert run("bench", "--help") == 0
    assert capsys.readouterr().out.startswith("usage: tensorwire bench [-h]")


def test_the_wheel_goes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is installed is run, with the arguments as they are."""
    package = tmp_path / "tensorwire_bench"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text("def main(argv, caller):\n    print(argv, caller)\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert run("bench", "mine.npy", "-q") in (0, None)
    assert capsys.readouterr().out == "['mine.npy', '-q'] tensorwire bench\n"
    for name in [name for name in sys.modules if name.startswith("tensorwire_bench")]:
        del sys.modules[name]


def test_what_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without either, one line says what to install."""
    monkeypatch.setattr(bench, "_ROOT", tmp_path)
    assert run("bench") == 2
    assert capsys.readouterr().err == (
        "tensorwire: the benchmark is not installed: pip install 'tensorwire[bench]'\n"
    )
