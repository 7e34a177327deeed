"""Workers of a few lines, and a package index that has nothing."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from interop import environments
from tests.support.fake_peer import Start, starting


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a worker of a given source, which is ended after the test."""
    yield from starting(tmp_path)


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Make pip find nothing, and have every peer asked for by the pins given."""

    def pin(text: str) -> None:
        file = tmp_path / "pins.txt"
        file.write_text(text, encoding="utf-8")
        monkeypatch.setattr(environments, "requirements", lambda _: file)

    for name in ("PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return pin
