"""An empty folder to work in, and what is installed, which no test here changes."""

import importlib.metadata
from functools import cache
from pathlib import Path

import pytest

_entry_points = cache(importlib.metadata.entry_points)


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read the packages that are installed once: a command asks for all formats each time."""
    monkeypatch.setattr(importlib.metadata, "entry_points", _entry_points)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty folder, at 80 columns."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path
