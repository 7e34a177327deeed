"""Command lines, run in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    Main = Callable[[list[str]], int]


def exit_code(main: Main, *argv: str) -> int:
    """Run a command line; its exit code, returned or left with."""
    try:
        return main(list(argv))
    except SystemExit as left:
        return int(left.code or 0)


def outcome(main: Main, capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    """Run a command line; exit code, stdout and stderr."""
    code = exit_code(main, *argv)
    shown = capsys.readouterr()
    return code, shown.out, shown.err
