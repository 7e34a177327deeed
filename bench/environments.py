"""Virtual environments of other libraries, made when they are first asked for, and cached.

Every package is pinned in a file, as the requirements of those libraries contradict each other,
and today's numpy and protobuf (``pip install --no-deps``, wheels only).
A folder's name holds what it was made from, so a changed file or another Python gets a new one.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["InstallError", "cache", "environment", "made"]

PATIENCE = 900.0
"""Seconds that installing one may take; TensorFlow is 250 MB to fetch."""


class InstallError(Exception):
    """An environment cannot be made here."""


def cache() -> Path:
    """Return the folder of the environments, unless the caller chooses another."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "tensorwire" / "environments"


def made(pins: Path, root: Path, python: str = sys.executable) -> str | None:
    """Return the interpreter of the environment of a file of pins; None where it is not made."""
    if not pins.is_file():
        return None
    target = _target(pins, root, python)
    return str(_interpreter(target)) if target.is_dir() else None


def environment(
    pins: Path,
    root: Path,
    report_progress: Callable[[str], None],
    python: str = sys.executable,
    *,
    compiled: bool = True,
) -> str:
    """Return the interpreter of the environment of a file of pins; make it first where needed.

    Parameters
    ----------
    pins
        ``NAME.txt``: a package and its version in each line; the folder is called after it.
    root
        The folder of all environments, such as `cache`.
    python
        The interpreter that makes it.
    compiled
        Whether all packages are compiled to bytecode. That takes a while, and engines need it: with
        PYTHONDONTWRITEBYTECODE=1 each of their processes would do it again.

    Raises
    ------
    InstallError
        with the reason in one line.
    """
    try:
        target = _target(pins, root, python)
        if not target.is_dir():
            count = pins.read_bytes().count(b"==")
            report_progress(f"{pins.stem}: installing {count} packages into {target}")
            root.mkdir(parents=True, exist_ok=True)
            _make(target, pins, python, compiled=compiled)
    except (OSError, subprocess.SubprocessError) as error:
        raise InstallError(_reason(error)) from error
    return str(_interpreter(target))


def _target(pins: Path, root: Path, python: str) -> Path:
    """Return the folder of the environment of a file of pins."""
    version = _run([python, "-VV"], 60.0)
    key = hashlib.sha256(pins.read_bytes() + version.encode()).hexdigest()[:12]
    return root / f"{pins.stem}-{key}"


def _make(target: Path, pins: Path, python: str, *, compiled: bool) -> None:
    """Build beside the target and rename: a folder of that name is always whole."""
    half = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        _run([python, "-m", "venv", "--without-pip", str(half)], 120.0)
        options = ["--no-deps", "--only-binary=:all:", "--no-input", "--quiet"]
        options.append("--compile" if compiled else "--no-compile")
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
        at = ["--python", str(_interpreter(half))]
        _run([*pip, *at, "install", *options, "-r", str(pins)], PATIENCE)
        try:
            half.rename(target)
        except OSError:
            if not target.is_dir():  # else another run was first, and its folder is as good
                raise
    finally:
        shutil.rmtree(half, ignore_errors=True)


def _interpreter(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _run(command: Sequence[str], seconds: float) -> str:
    done = subprocess.run(  # noqa: S603 - the interpreter and files of this very folder
        command, capture_output=True, text=True, errors="replace", timeout=seconds, check=True
    )
    return done.stdout


def _reason(error: Exception) -> str:
    """Return why it failed in one line: the last error of pip, where it was pip."""
    output = error.stderr if isinstance(error, subprocess.CalledProcessError) else None
    lines = [line for line in (output or str(error)).splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    reason = " ".join((errors or lines or [type(error).__name__])[-1].split())
    # Without a network, pip's last error is that there is no such version.
    unreached = any("connection broken by" in line for line in lines)
    return reason + "; pip could not connect to its index" * unreached
