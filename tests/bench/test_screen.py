"""Lines, tables and progress on any terminal: they fit, in any alphabet."""

from __future__ import annotations

import io
import re
import sys

import pytest
from rich.cells import cell_len as width

from bench.screen import Progress, Row, Screen, Table, shortened, wrapped

WIDE = "配列.npy"


@pytest.mark.parametrize("columns", [5, 8, 9, 24])
def test_long_names_lose_their_middle(columns: int) -> None:
    """Both ends stay, and the result is never wider than asked."""
    for text in ("a" * 40 + ".npy", "配" * 40, "short"):
        cut = shortened(text, columns)
        assert width(cut) <= columns
        assert cut == text if width(text) <= columns else "..." in cut
    assert shortened("model.safetensors::layer.12.weight", 24) == "model.safe...r.12.weight"


@pytest.mark.parametrize("columns", [12, 40, 80])
def test_lines_are_wrapped(columns: int) -> None:
    """No line is too wide, no word is lost, a number keeps its unit, and a long word is cut."""
    text = "  json/raw of 配列配列配列 takes 10 % of 1.23 µs at 10 Gbit/s, " + "x" * 50
    lines = list(wrapped(text, columns))
    assert all(width(line) <= columns for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert lines[0].startswith("  json/raw")
    assert all(line.startswith("    ") for line in lines[1:])
    if columns > 12:
        assert any("10 %" in line for line in lines)
        assert any("1.23 µs" in line for line in lines)
        assert any("10 Gbit/s" in line for line in lines)


def table(*, repeated: bool = True) -> Table:
    """Make a table with wide characters, control characters and bars in it."""
    columns = (WIDE, "a|b", "x\x1b[2J\n", *(f"column {n}" for n in range(5)), "last", "x memcpy")
    cells = tuple(f"{n}.23 µs*" for n in range(9))
    rows = [
        Row("json", style="group"),
        Row("ndarray", (*cells, "4.56x")),
        Row(WIDE, (*cells, "9x")),
    ]
    return Table(f"encode: {WIDE}", columns, rows, "a note", 1, repeated=repeated)


class Terminal(io.StringIO):
    """A terminal that shows every character, or ASCII only."""

    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__()
        self.named = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Return the name."""
        return self.named

    def isatty(self) -> bool:
        """Say so."""
        return True


def drawn(
    monkeypatch: pytest.MonkeyPatch, columns: int, encoding: str = "utf-8", **more: str
) -> list[str]:
    """Draw the table on a terminal of so many columns."""
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    for name, value in more.items():
        monkeypatch.setenv(name, value)
    stream = Terminal(encoding)
    screen = Screen(stream)
    screen.line("word " * 60)
    screen.table(table())
    return stream.getvalue().splitlines()


def bare(lines: list[str]) -> list[str]:
    """Take the colours off."""
    return [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines]


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_every_line_fits(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In colour, without, and in ASCII: no line is too wide, no row is ragged, nothing moves."""
    coloured = drawn(monkeypatch, columns)
    plain = drawn(monkeypatch, columns, NO_COLOR="1")
    assert "\x1b[" in "".join(coloured)
    assert bare(coloured) == plain
    for lines in (plain, drawn(monkeypatch, columns, "ascii", NO_COLOR="1")):
        assert all(width(line) <= columns for line in lines)
        assert all(line.isprintable() for line in lines)
        assert all(line == line.rstrip() for line in lines)
        rows = [line for line in lines if re.search(r"[µu]s\*", line)]
        ends = [{width(line) for line in rows[n : n + 2]} for n in range(0, len(rows), 2)]
        assert rows
        assert all(len(each) == 1 for each in ends)
    assert drawn(monkeypatch, columns, "ascii", NO_COLOR="1")[-1].isascii()


def test_room_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """At 200 columns a table is whole, and text keeps a width that can be read."""
    lines = drawn(monkeypatch, 200, NO_COLOR="1")
    assert sum("x memcpy" in line for line in lines) == 1
    assert max(width(line) for line in lines if "word" in line) in range(90, 101)


def test_a_note_stands_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table in parts has its note above the first."""
    lines = drawn(monkeypatch, 60, NO_COLOR="1")
    assert sum("encode: " in line for line in lines) > 1
    assert lines.count("a note") == 1


def test_what_belongs_to_the_last_column_stands_beside_it() -> None:
    """Columns at the end are in every part, or behind the last column alone."""
    parts = list(table().split(60))
    assert all(part.columns[-1] == "x memcpy" for part in parts)
    *others, last = table(repeated=False).split(60)
    assert not any("x memcpy" in part.columns for part in others)
    assert last.columns[-2:] == ("last", "x memcpy")
    assert all(sum(part.widths()) <= 60 for part in others)
    assert [name for part in (*others, last) for name in part.columns] == list(table().columns)


def test_markdown_is_not_broken_by_names() -> None:
    """A bar or a star in a name is no bar of the table."""
    stream = io.StringIO()
    Screen(stream, markdown=True).table(table())
    heading = next(line for line in stream.getvalue().splitlines() if line.startswith("| |"))
    assert "a\\|b" in heading
    assert len(re.findall(r"(?<!\\)\|", heading)) == 12


def test_progress_fits_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bar shrinks with the terminal, which may change its size."""
    monkeypatch.setenv("TERM", "xterm")
    for columns in (200, 80, 60, 45, 20):
        stream = Terminal()
        monkeypatch.setattr(sys, "stderr", stream)
        monkeypatch.setenv("COLUMNS", str(columns))
        progress = Progress(quiet=False)
        progress.show("measuring", 0.5)
        lines = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", stream.getvalue()).splitlines()
        assert max(map(width, lines)) <= columns
        assert columns < 40 or "50%" in stream.getvalue()
        progress.clear()


def wide_table() -> Table:
    """Make a table of twelve columns, the last of which is fixed."""
    columns = tuple(f"{10**n:,}" for n in range(11))
    cells = ("1.23 µs*",) * 11
    rows = [Row("json", style="group"), Row("ndarray", (*cells, "4.56x"))]
    return Table("times", (*columns, "x memcpy"), rows, fixed=1)


@pytest.mark.parametrize("width", [80, 120, 400])
def test_tables_are_cut_to_the_width(width: int) -> None:
    """Every part fits, repeats labels and fixed columns, and no column is lost."""
    parts = list(wide_table().split(width))
    assert all(sum(part.widths()) <= width for part in parts)
    assert all(part.columns[-1] == "x memcpy" for part in parts)
    assert [c for part in parts for c in part.columns[:-1]] == list(wide_table().columns[:-1])
    assert len(parts) == {80: 3, 120: 2, 400: 1}[width]


def drawn_wide(monkeypatch: pytest.MonkeyPatch, **environ: str) -> str:
    """Draw the wide table on a terminal, with these variables set."""
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    stream = Terminal()
    Screen(stream).table(wide_table())
    return stream.getvalue()


def test_colour_changes_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal, with NO_COLOR and on a dumb terminal: the same characters."""
    plain = drawn_wide(monkeypatch, NO_COLOR="1")
    coloured = drawn_wide(monkeypatch, TERM="xterm-256color", COLORTERM="truecolor")
    assert "\x1b" not in plain
    assert drawn_wide(monkeypatch, TERM="dumb") == plain
    assert re.search(r"\x1b\[1;32m *1.23 µs\x1b\[0m\x1b\[1;32m\*", coloured)
    bare = [re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip() for line in coloured.splitlines()]
    assert bare == plain.splitlines()


def test_progress_is_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bar on a terminal, nothing in a pipe or when quiet."""
    monkeypatch.setenv("TERM", "xterm")
    for stream, quiet, shown in ((Terminal(), False, True), (Terminal(), True, False)):
        monkeypatch.setattr(sys, "stderr", stream)
        progress = Progress(quiet=quiet)
        progress.show("measuring", 0.5)
        assert ("50%" in stream.getvalue()) is shown
        progress.clear()
    pipe = io.StringIO()
    monkeypatch.setattr(sys, "stderr", pipe)
    Progress(quiet=False).show("measuring", 0.5)
    assert pipe.getvalue() == ""


def test_plain_text_needs_no_unicode() -> None:
    """Where the encoding is not UTF-8, a microsecond is ``us``."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    Screen(stream).table(wide_table())
    stream.flush()
    assert b"1.23 us*" in raw.getvalue()
