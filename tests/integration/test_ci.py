"""`.ci/run` does what the README tells a stranger."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CI = ROOT / ".ci" / "run"
README = ROOT / "README.md"


@pytest.mark.skipif(shutil.which("sed") is None, reason="sed is not installed")
def test_the_two_commands_are_run_as_they_stand() -> None:
    """Those of the README's section are read from it: an install and a run each, and no more."""
    section = README.read_text("utf-8").partition("\n## Two commands\n")[2].partition("\n## ")[0]
    (block,) = re.findall(r"^```console\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    (script,) = re.findall(r"sed -n '([^']+)' README\.md", CI.read_text("utf-8"))
    done = subprocess.run(
        ["sed", "-n", script, str(README)],  # noqa: S607 - the system's own
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == block
    assert [line.partition(" && ")[::2] for line in block.splitlines()] == [
        ("pip install -e '.[bench]'", "python -m bench.codecs"),
        ("pip install -e '.[test]'", "python -m pytest"),
    ]


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_the_checks_are_a_script_of_bash() -> None:
    """It can be parsed, and be run by its name."""
    subprocess.run(["bash", "-n", str(CI)], check=True)  # noqa: S607 - the system's own
    assert sys.platform == "win32" or CI.stat().st_mode & 0o111


def test_every_marker_is_in_use() -> None:
    """What can be left out is named in the project file, and stands on some test."""
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    listed = project.partition("\nmarkers = [\n")[2].partition("\n]")[0]
    names = set(re.findall(r'^    "(\w+):', listed, re.MULTILINE))
    assert names == {"slow", "browser", "network"}
    used = {
        name
        for path in Path(__file__).parents[1].rglob("test_*.py")
        for name in re.findall(r"pytest\.mark\.(\w+)", path.read_text("utf-8"))
    }
    assert names <= used
