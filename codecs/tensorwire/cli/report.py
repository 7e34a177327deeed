"""The text that people read: a field a line, then a table of tensors, as wide as the terminal."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Any

from tensorwire.cli.console import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["report"]

_LINES = 6  # what is shown of a long field
_LONG = 1000  # characters, more than any line: what is beyond them is not even looked at
_ROOM = 24  # columns that values need beside the rest of a row, or they go below it
_NO_FIELDS = ("tensors", "messages", "member")


def report(facts: dict[str, Any], columns: int) -> list[str]:
    """Write what `describe` found, in lines of up to `columns`."""
    fields = {name: value for name, value in facts.items() if name not in _NO_FIELDS}
    blocks = [list(_fields(fields, columns))]
    if "tensors" in facts:
        blocks.append(_table(facts["tensors"], columns) if facts["tensors"] else ["no tensors"])
    for inner in facts.get("messages", ()):
        within = (f"  {line}" for line in report(inner, columns - 2))
        blocks.append([f"{inner['member']}:", *within])
    lines = [line for block in blocks if block for line in ("", *block)]
    return [_short(line, columns).rstrip() for line in lines[1:]]


def _fields(fields: dict[str, Any], columns: int) -> Iterator[str]:
    label = max(map(len, fields), default=0) + 2
    for name, value in fields.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            text = ", ".join(value)
        # The start of a long one is enough: wrapping takes time by its length.
        lines = textwrap.wrap(printable(text[: columns * _LINES]), columns - label) or [""]
        cut = len(lines) > _LINES or len(text) > columns * _LINES
        for number, line in enumerate(lines[:_LINES]):
            yield f"{'' if number else name:{label}}{line}"
        if cut:
            yield " " * label + "..."


def _table(tensors: Sequence[dict[str, Any]], columns: int) -> list[str]:
    heads = ["name", "dtype", "datatype", "shape", "bytes"]
    rows = [[_cell(name, tensor) for name in heads] for tensor in tensors]
    # A column that nothing stands in is none: one tensor has no name, most protocols no datatype.
    used = [i for i, _ in enumerate(heads) if any(row[i] for row in rows)]
    cells = [
        [heads[i] for i in used],
        *([_short(row[i], columns // 3) for i in used] for row in rows),
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(map(_aligned, row, widths, (heads[i] for i in used))) for row in cells]
    room = columns - len(lines[0]) - 2
    if room < _ROOM:
        below = [f"    {_values(tensor, columns - 4)}" for tensor in tensors]
        return [lines[0], *(line for pair in zip(lines[1:], below, strict=True) for line in pair)]
    values = ["first values", *(_values(tensor, room) for tensor in tensors)]
    return [f"{line}  {value}" for line, value in zip(lines, values, strict=True)]


def _cell(name: str, tensor: dict[str, Any]) -> str:
    if name == "shape":
        return " x ".join(map(str, tensor["shape"])) or "()"
    if name == "bytes":
        return f"{tensor['bytes']:,}"
    return printable(str(tensor.get(name, ""))[:_LONG])


def _aligned(text: str, width: int, head: str) -> str:
    return text.rjust(width) if head == "bytes" else text.ljust(width)


def _values(tensor: dict[str, Any], room: int) -> str:
    """Write as many values as fit, and dots for the rest."""
    rest = ", ..."
    text = shown = ""
    for number, value in enumerate(tensor["first"], 1):
        shown = _value(value, tensor["dtype"])
        longer = f"{text}, {shown}" if text else shown
        last = number == tensor["elements"]
        if len(longer) + (0 if last else len(rest)) > room:
            break
        text = longer
        if last:
            return text
    return text + rest if text else _short(shown, room)


def _value(value: Any, dtype: str) -> str:
    """Quote texts, so that their ends are seen, but not NaN and the infinities."""
    if isinstance(value, str) and dtype not in ("bytes", "str", "mixed"):
        return value
    return printable(json.dumps(value, ensure_ascii=False)[:_LONG])


def _short(text: str, room: int) -> str:
    return text if len(text) <= room else text[: max(room - 3, 0)] + "..."
