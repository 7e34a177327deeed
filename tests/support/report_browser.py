"""A browser without a window, for the tests of pages; a reason to skip where there is none."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "msedge")


def _missing(reason: str) -> NoReturn:
    """Skip; fail where everything must be tested, as `.ci/run` says."""
    if os.environ.get("NEED_BROWSER"):
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def browser() -> Iterator[Any]:
    """Start Chromium, for as long as the block lasts."""
    if find_spec("playwright") is None:
        _missing("playwright is not installed: pip install -e . --group browser")
    program = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        _missing("no Chromium here: sh tests/support/install_browser.sh")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        # A sandbox is what root in a container has none of; the pages are our own.
        started = driver.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        try:
            yield started
        finally:
            started.close()


class Visit:
    """A page that was opened, and whatever it did that it should not."""

    def __init__(self, started: Any, path: Path, **options: Any) -> None:
        self.context = started.new_context(
            **{"viewport": {"width": 1280, "height": 900}, **options}
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(0)  # a busy machine takes its time
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.as_uri())

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than the window."""
        script = "document.documentElement.scrollWidth - innerWidth"
        return int(self.page.evaluate(script))
