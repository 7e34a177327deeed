"""Help texts: their width, their defaults, and entries that a user can copy."""

from __future__ import annotations

import argparse

import pytest

from tensorwire.arguments import HelpFormatter

EPILOG = """\
A first sentence that goes on, and a second one that goes on too.
It is the same paragraph.

examples:
  program --first  what the first does, in more words than one line has room for at forty
  program --a-very-long-option --another-long-one value  below
  program
"""


def shown(monkeypatch: pytest.MonkeyPatch, columns: int, *adding: tuple[str, object]) -> str:
    """Return the help of a program with some options, each with its default."""
    monkeypatch.setenv("COLUMNS", str(columns))
    made = argparse.ArgumentParser("program", epilog=EPILOG, formatter_class=HelpFormatter)
    for name, default in adding:
        made.add_argument(name, default=default, metavar="X", help="so many")
    return made.format_help()


@pytest.mark.parametrize(
    ("default", "label"),
    [
        (15.0, "so many (default: 15)"),
        (0.25, "so many (default: 0.25)"),
        (0, "so many (default: 0)"),
        ((1, 10), "so many (default: 1,10)"),
        (["a"], "so many (default: a)"),
        ("25%", "so many (default: 25%)"),
        (None, "so many"),
        (False, "so many"),
        ([], "so many"),
        (argparse.SUPPRESS, "so many"),
    ],
)
def test_a_default_is_labelled(
    default: object, label: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every default that says something is there, as it would be typed."""
    lines = [
        " ".join(line.split()) for line in shown(monkeypatch, 80, ("--n", default)).split("\n")
    ]
    assert f"--n X {label}" in lines


def test_a_default_is_labelled_once() -> None:
    """A text that has its own words for the default keeps them."""
    made = argparse.ArgumentParser("program", formatter_class=HelpFormatter)
    made.add_argument("--n", default=3, help="so many (default: three)")
    assert made.format_help().count("default") == 1


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_text_fits_and_commands_stay_whole(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """No line is wider than the terminal but a command, which is not broken."""
    lines = shown(monkeypatch, columns, ("--n", 3)).splitlines()
    assert "  program" in lines
    command = "  program --a-very-long-option --another-long-one value"
    assert any(line.startswith(command) for line in lines)
    assert [line for line in lines if len(line) > columns and line != command] == []


def test_entries_are_aligned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts begin at one column, and below a command that leaves them no room."""
    lines = shown(monkeypatch, 60).splitlines()
    first = lines.index("examples:") + 1
    assert lines[first:] == [
        "  program --first  what the first does, in more words than",
        "                   one line has room for at forty",
        "  program --a-very-long-option --another-long-one value",
        "      below",
        "  program",
    ]
