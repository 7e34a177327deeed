"""Packages of others: installed by pip, or by what pip would write beside them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import tensorwire as tw

if TYPE_CHECKING:
    import pytest

LIBRARY = Path(tw.__file__).parents[1]


def install(source: Path, folder: Path) -> Path:
    """Install a package from a copy of its sources, without network; return where it is."""
    copy, target = folder / "support" / source.name, folder / "installed"
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
    offline = ["--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    result = subprocess.run(
        [sys.executable, "-m", "pip", "install", *offline, "--target", target, copy],
        capture_output=True,
        check=False,
        text=True,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return target


def run_with(installed: Path, script: str) -> str:
    """Run a script in a process that sees an installed package; return its output."""
    result = subprocess.run(
        [sys.executable, "-W", "error", "-X", "utf8", "-c", script],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(installed), str(LIBRARY)])},
        capture_output=True,
        check=False,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def entry_points_of(name: str, folder: Path) -> Path:
    """Return the file of entry points of a package that seems to be installed in a folder."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    return info / "entry_points.txt"


def without_index(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make pip find nothing."""
    for name in ("PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
