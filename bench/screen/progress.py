"""A progress bar on stderr, only where a person can see it."""

from __future__ import annotations

import os
import sys
import time

WIDTH = 30


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


class Progress:
    """One line that rewrites itself; silent unless stderr is a terminal."""

    def __init__(self, *, quiet: bool) -> None:
        self.shown = not quiet and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self.started = time.monotonic()

    def show(self, what: str, share: float, left: float | None = None) -> None:
        """Draw the bar; ``left`` seconds are estimated from the time taken if not given."""
        if not self.shown:
            return
        if left is None:
            took = time.monotonic() - self.started
            left = took * (1 - share) / max(share, 1e-3)
        eta = f"{left:4.0f} s left" if share > 0 else ""
        # A line that is as wide as the terminal, which may be resized, would not rewrite itself.
        width = min(WIDTH, _columns() - len(f"{what:<10}[] 100% 1234 s left") - 1)
        filled = round(width * min(share, 1.0))
        bar = "=" * filled + ">" * (filled < width) + " " * (width - filled - 1)
        text = f"{what:<10}[{bar}] {share:4.0%} {eta}" if width > 2 else f"{share:4.0%}"
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()

    def restart(self) -> None:
        """Forget the time taken so far."""
        self.started = time.monotonic()

    def clear(self) -> None:
        """Remove the bar."""
        if self.shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
