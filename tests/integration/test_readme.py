"""What the README shows is what happens.

Every ``python`` block runs, in order, in one namespace. A ``text`` block that comes next after a
``python`` block is what that block prints. Commands stand in ``console`` or ``bash``; where some
lines of such a block start with ``$``, the others are what the commands print.
"""

import importlib.util
import os
import re
import shlex
import subprocess
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
LONG = "--batch 1,1000 --seconds 4", "--batch 1 --seconds 0.5"
"""What the benchmark of the README measures, and what it does here to take less time."""
MAIN = (
    "--against main",
    f"--against {'HEAD' if (ROOT / '.git').exists() else ROOT} --codec json/raw",
)
"""What it compares with, and what is here for sure: one codec of it."""
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """One fenced block: its language, its text, and the line of the file that it starts after."""

    language: str
    text: str
    line: int


def blocks() -> list[Block]:
    """Return the fenced blocks of the README, which has to be there."""
    text = README.read_text(encoding="utf-8")
    assert text.count("```") % 2 == 0
    return [
        Block(match[1], match[2], text[: match.start(2)].count("\n"))
        for match in FENCE.finditer(text)
    ]


def commands() -> list[str]:
    """Return the commands that the README shows, each on one line, without prompt or comment."""
    lines = []
    for block in blocks():
        if block.language in ("bash", "console", "sh", "shell"):
            shown = block.text.replace("\\\n", " ").splitlines()
            prompted = [line[2:] for line in shown if line.startswith("$ ")]
            lines += prompted or shown
    return [line for line in (re.sub(r"(^|\s)#.*", "", line).strip() for line in lines) if line]


def ran(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command line of the README, with the code of this checkout, in a folder."""
    words = shlex.split(command)
    assert words[0] == "python"
    return subprocess.run(
        [sys.executable, *words[1:]],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "codecs")])},
        capture_output=True,
        text=True,
        check=False,
    )


def extras() -> set[str]:
    """Return the extras of the project; Python 3.10 has no reader of TOML."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    section = project.partition("[project.optional-dependencies]\n")[2].partition("\n[")[0]
    return set(re.findall(r"^([\w-]+) = \[", section, re.MULTILINE))


@pytest.mark.usefixtures("restored")
def test_python_blocks_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each block of Python runs after those before it, and prints what the README says."""
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {"__name__": "readme"}
    shown = blocks()
    ran = 0
    for block, after in zip(shown, [*shown[1:], Block("", "", 0)], strict=True):
        if block.language != "python":
            continue
        code = compile("\n" * block.line + block.text, str(README), "exec")
        printed = StringIO()
        with redirect_stdout(printed):
            exec(code, namespace)  # noqa: S102 - our own README
        if after.language == "text":
            assert printed.getvalue().strip() == after.text.strip(), f"line {after.line}"
        ran += 1
    assert ran


def test_two_commands_are_shown() -> None:
    """The README promises two commands: one installs an extra, and one runs the benchmark."""
    assert "two commands" in README.read_text(encoding="utf-8").lower()
    shown = commands()
    assert any("pip install" in command for command in shown)
    assert any("python -m bench.codecs" in command for command in shown)


def test_commands_exist() -> None:
    """Every extra, module and script that a command of the README names is there."""
    shown = commands()
    assert shown
    assert {"bench", "test"} <= extras()
    for command in shown:
        if "pip install" in command:
            for names in re.findall(r"\[([\w,-]+)\]", command):
                assert set(names.split(",")) <= extras(), command
        for module in re.findall(r"python[\d.]* -m ([\w.]+)", command):
            here = ROOT.joinpath(*module.split("."))
            known = here.with_suffix(".py").is_file() or (here / "__main__.py").is_file()
            assert known or importlib.util.find_spec(module.partition(".")[0]), command
        for script in re.findall(r"(?:^|python[\d.]* )([\w./-]+\.py|\.ci/\w+)\b", command):
            assert (ROOT / script).is_file(), command


def test_nothing_is_left_to_fill_in() -> None:
    """No line of the README is a placeholder."""
    text = FENCE.sub("", README.read_text(encoding="utf-8"))
    assert re.findall(r"^(?:[A-Z]{4,}|.*\b(?:TODO|TBD|FIXME|XXX)\b.*)$", text, re.MULTILINE) == []


def test_benchmark_options_exist() -> None:
    """Every long option that the README gives to a benchmark is one that it names in its help."""
    known: dict[str, str] = {}
    for command in commands():
        for module in re.findall(r"python -m (bench\.\w+)", command):
            if module not in known:
                known[module] = ran(f"python -m {module} --help", ROOT).stdout
            for option in re.findall(r"\s(--[\w-]+)", command.partition(module)[2]):
                assert re.search(rf"{option}\b", known[module]), command


@pytest.mark.slow
def test_the_benchmark_does_what_is_shown(tmp_path: Path) -> None:
    """The commands of the section on the benchmark run one after the other, and leave files."""
    pytest.importorskip("pyperf")
    pytest.importorskip("vl_convert")
    text = README.read_text(encoding="utf-8").partition("\n## The benchmark\n")[2]
    shown = FENCE.search(text)
    assert shown is not None
    for command in shown[2].splitlines():
        done = ran(command.replace(*LONG).replace(*MAIN), tmp_path)
        assert LONG[0] in command or "bench.codecs" not in command
        # Two short runs on a busy machine may differ, or tell nothing: 1, 3.
        assert done.returncode in ((0, 1, 3) if "bench.compare" in command else (0,)), done.stderr
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert (tmp_path / "chart.png").read_bytes().startswith(b"\x89PNG")


def test_links_lead_somewhere() -> None:
    """Every link from the README to a file of the checkout leads to one that is there."""
    text = FENCE.sub("", README.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        if "://" not in target and not target.startswith("mailto:"):
            assert (ROOT / target).exists(), target
