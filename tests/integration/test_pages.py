"""What the README and the pages of the site show is what happens.

Every ``python`` block runs; the commands name extras, modules, files and options that are there.
A block that begins with ``# NAME.py`` is a file in ``docs/engines``: `tests/integrations` runs it.
"""

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.markdown import FENCE, blocks, commands, run

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
PAGES = [page for page in PAGES if page.parent.name != "generated"]
FILES = [page for page in PAGES if page.parent.name == "engines" and page.stem != "other"]
SHOWN = [page for page in PAGES if page not in FILES and "```python" in page.read_text("utf-8")]
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "codecs")])}


def name_of(page: Path) -> str:
    """Return a page's name for a test."""
    return page.relative_to(ROOT).as_posix()


every_page = pytest.mark.parametrize("page", PAGES, ids=name_of)


def ran(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command line of a page, with the code of this checkout, in a folder."""
    words = shlex.split(command)
    assert words[0] == "python"
    return subprocess.run(
        [sys.executable, *words[1:]],
        cwd=folder,
        env=ENVIRONMENT,
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
@pytest.mark.parametrize("page", SHOWN, ids=name_of)
def test_python_blocks_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each block of Python runs after those before it, and prints what the page says."""
    monkeypatch.chdir(tmp_path)
    assert run(page)


@every_page
def test_commands_exist(page: Path) -> None:
    """Every extra, module and script that a command names is there."""
    for command in commands(page):
        if "pip install" in command:
            for names in re.findall(r"tensorwire\[([\w,-]+)\]|\.\[([\w,-]+)\]", command):
                assert set("".join(names).split(",")) <= extras(), command
        for module in re.findall(r"python[\d.]* -m ([\w.]+)", command):
            here = ROOT.joinpath(*module.split("."))
            known = here.with_suffix(".py").is_file() or (here / "__main__.py").is_file()
            assert known or importlib.util.find_spec(module.partition(".")[0]), command
        for script in re.findall(r"(?:^|python[\d.]* )([\w./-]+/[\w-]+\.py|\.ci/\w+)\b", command):
            assert (ROOT / script).is_file(), command


@every_page
def test_nothing_is_left_to_fill_in(page: Path) -> None:
    """No line is a placeholder."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    assert re.findall(r"^.*\b(?:TODO|TBD|FIXME|XXX)\b.*$", text, re.MULTILINE) == []


def test_benchmark_options_exist() -> None:
    """Every long option that a page gives to a benchmark is one that it names in its help."""
    known: dict[str, str] = {}
    for command in (command for page in PAGES for command in commands(page)):
        for module in re.findall(r"python -m (bench\.\w+)", command):
            if module not in known:
                known[module] = ran(f"python -m {module} --help", ROOT).stdout
            for option in re.findall(r"\s(--[\w-]+)", command.partition(module)[2]):
                assert re.search(rf"{option}\b", known[module]), command


@pytest.mark.slow
def test_comparisons_do_what_is_shown(tmp_path: Path) -> None:
    """The commands of the page on comparisons run one after the other, and leave files."""
    pytest.importorskip("pyperf")
    pytest.importorskip("vl_convert")
    here = "HEAD" if (ROOT / ".git").exists() else ROOT
    for command in commands(DOCS / "how-to/compare-in-ci.md"):
        quick = command.replace("--against main", f"--against {here} --codec json/raw")
        if "bench.codecs" in command:
            quick += " --batch 1 --seconds 0.5"
        done = ran(quick, tmp_path)
        # Two short runs on a busy machine may differ, or tell nothing: 1, 3.
        assert done.returncode in ((0, 1, 3) if "bench.compare" in command else (0,)), done.stderr
    assert (tmp_path / "history.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert (tmp_path / "chart.png").read_bytes().startswith(b"\x89PNG")


@pytest.fixture
def tutorial_server(tmp_path: Path) -> "Iterator[str]":
    """Serve the model of the tutorial as the tutorial does; the address of REST."""
    (source,) = [
        each.text for each in blocks(DOCS / "tutorial.md") if each.text.startswith("# model.py")
    ]
    (tmp_path / "model.py").write_text(source)
    command = [sys.executable, "-m", "tensorwire.server", "--model", "model:predict"]
    process = subprocess.Popen(
        [*command, "--rest-port", "0", "--no-grpc"],
        cwd=tmp_path,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        listening = re.search(r"REST ([\d.:]+)", process.stdout.readline())
        assert listening is not None
        yield listening[1]
    finally:
        process.terminate()
        process.communicate(timeout=30)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_tutorial_answers_curl(tutorial_server: str) -> None:
    """Each call of curl in the tutorial prints what the page shows."""
    shown = "".join(each.text for each in blocks(DOCS / "tutorial.md") if "$ curl" in each.text)
    calls = shown.replace("\\\n", " ").split("$ ")[1:]
    for call in calls:
        command, _, answer = call.partition("\n")
        words = shlex.split(command.replace("localhost:9000", tutorial_server))
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == answer.strip()
    assert len(calls) == 4
