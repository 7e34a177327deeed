"""Two versions of tensorwire beside each other: the one of a commit or a folder, and this one."""

from __future__ import annotations

import tempfile
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import tensorwire

from ..interrupt import UsageError
from ..measure import machine
from ..process import WorkerError, run_tool

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 60.0
"""Seconds that git may take."""
PACKAGE = "tensorwire"
SOURCES = "codecs"


@dataclass(frozen=True)
class Tree:
    """A folder that has the package in it, and what a person calls it."""

    folder: Path
    title: str


@contextmanager
def beside(old: str) -> Iterator[tuple[Tree, Tree]]:
    """Put the old version and this one into folders whose paths are of one length.

    A longer path moves what lies in memory behind it, and a quick call is then some per cent
    slower in all processes: no number of them would show that it is not the code.

    Raises
    ------
    UsageError
        Neither a folder with tensorwire in it, nor a commit of this repository.
    """
    with tempfile.TemporaryDirectory(prefix="compare-") as made:
        before, after = Path(made, "old"), Path(made, "new")
        after.symlink_to(Path(tensorwire.__file__).parents[1], target_is_directory=True)
        if Path(old).is_dir():
            before.symlink_to(_sources(Path(old)), target_is_directory=True)
            title = old
        else:
            title = f"{old}, {_unpack(old, before)}"
        this = machine.commit()
        yield Tree(before, title), Tree(after, f"here{', ' * bool(this)}{this}")


def _sources(folder: Path) -> Path:
    """Return the folder that has the package in it: of a checkout, or of what pip installed."""
    for each in (folder / SOURCES, folder):
        if (each / PACKAGE / "__init__.py").is_file():
            return each.absolute()
    raise UsageError(f"--against: expected a folder with {PACKAGE} in it, got {folder}")


def _unpack(commit: str, target: Path) -> str:
    """Write the package as a commit has it; return the commit's digits."""
    root = str(Path(__file__).parents[2])
    try:
        named = ("git", "-C", root, "rev-parse", "--short=12", "--verify", f"{commit}^{{commit}}")
        digits = run_tool(named, within=PATIENCE).decode().strip()
        packed = target.with_suffix(".zip")
        archive = ("archive", "--format=zip", f"--output={packed}", digits, SOURCES)
        run_tool(("git", "-C", root, *archive), within=PATIENCE)
    except (OSError, WorkerError) as error:
        expected = f"a folder, or a commit of {root}"
        raise UsageError(f"--against: expected {expected}, got {commit}: {error}") from None
    with zipfile.ZipFile(packed) as content:
        content.extractall(target.with_name("unpacked"))
    target.symlink_to(target.with_name("unpacked") / SOURCES, target_is_directory=True)
    return digits
