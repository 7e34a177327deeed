"""Workers of a few lines, and a package index that has nothing."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from interop import run
from tests.support.fake_peer import Start, starting
from tests.support.packages import without_index


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a worker of a given source, which is ended after the test."""
    yield from starting(tmp_path)


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Make pip find nothing, and have every peer asked for by the pins given."""

    def pin(text: str) -> None:
        def requirements(peer: str) -> Path:
            file = tmp_path / f"{peer}.txt"
            file.write_text(text, encoding="utf-8")
            return file

        monkeypatch.setattr(run, "requirements", requirements)

    without_index(monkeypatch)
    return pin
