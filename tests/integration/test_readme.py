"""The README is one page, and its two commands are there. What it shows runs in test_pages.py."""

from pathlib import Path

from tests.support.markdown import commands

README = Path(__file__).parents[2] / "README.md"


def test_it_is_one_page() -> None:
    """A stranger reads it in some minutes."""
    assert len(README.read_text("utf-8").splitlines()) <= 160


def test_two_commands_are_shown() -> None:
    """The README promises two commands: one installs an extra, and one runs the benchmark."""
    assert "\n## Two commands\n" in README.read_text("utf-8")
    shown = commands(README)
    assert any("pip install" in command for command in shown)
    assert any("python -m bench.codecs" in command for command in shown)
    assert any("python -m pytest" in command for command in shown)
