"""``inspect``: what a payload holds, as JSON for programs or as text for people.

The text is a field a line, then a table of tensors, as wide as the terminal.
"""

from __future__ import annotations

import base64
import json
import math
import sys
import textwrap
from collections.abc import Mapping
from types import NoneType
from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire.cli.detect import Format, format_of
from tensorwire.cli.files import STDIO, printable, read, say, width
from tensorwire.protocols.family import Contents
from tensorwire.transcoding import find_form

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator, Sequence

    from tensorwire.protocols.family import Family

__all__ = ["describe", "plain", "report", "run"]

LEVELS, FRAMES = 1024, 4
"""JSON and msgpack are read down to so many levels, each of which takes so many frames to show."""
_LINES = 6  # what is shown of a long field
_LONG = 1000  # characters, more than any line: what is beyond them is not even looked at
_ROOM = 24  # columns that values need beside the rest of a row, or they go below it
_NO_FIELDS = ("tensors", "messages", "member")


def run(options: Namespace) -> None:
    """Decode the whole payload, so that nothing is printed of a malformed one; describe it."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(before + FRAMES * LEVELS)
    try:
        _run(options)
    finally:
        sys.setrecursionlimit(before)


def _run(options: Namespace) -> None:
    body = read(options.file)
    found = format_of(body, options.source, reply=options.reply)
    message = found.decode(body[found.start :], options.limits, options.missing)
    family = find_form(found.name).family
    contents = family.contents(message) if family.media_types else _arrays(message)
    head: dict[str, Any] = {
        "file": "standard input" if options.file == STDIO else options.file,
        "format": found.name,
        "message": contents.title,
        "either": found.either,
        "framing": "" if not found.start else "length" if body[0] else "grpc",
        "size": len(body),
    }
    facts = describe(contents, family, options.first)
    beside = found.metadata(body[found.start :])
    facts = {"metadata": plain(beside)} | facts if beside else facts
    if options.json:
        say(json.dumps(head | facts, indent=2))
        return
    say(_title(head, found))
    say("")
    for line in report(facts, width()):
        say(line)


def _title(head: dict[str, Any], found: Format) -> str:
    what = ", ".join(part for part in (head["format"], head["message"]) if part)
    if found.either:
        what += " (or a request)" if found.reply else " (or a reply, with --reply)"
    before = {"": "", "grpc": ", in a gRPC frame", "length": ", behind its length"}
    framing = before[head["framing"]]
    title = printable(f"{head['file']}: {what}, {head['size']:,} bytes{framing}")
    lines = textwrap.wrap(title, width(), break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines)


def describe(contents: Contents, family: Family, first: int) -> dict[str, Any]:
    """Return the contents of a message as plain values.

    Arrays are in ``tensors``, with the `first` values of each, other payloads in ``value``, plain
    values among arrays in ``values``, and messages in a message in ``messages``.
    """
    facts = {name: plain(value) for name, value in contents.fields.items()}
    facts = {name: value for name, value in facts.items() if value not in (None, "", [], {})}
    if contents.messages:
        facts["messages"] = [
            {"member": name} | describe(family.contents(one), family, first)
            for name, one in contents.messages
        ]
    elif contents.tensors is None:
        facts |= {"value": plain(contents.payload[0])} if contents.payload else {}
    else:
        found = [_tensor(*tensor, first) for tensor in contents.tensors if _is_array(tensor[1])]
        others = {name: plain(x) for name, x, _ in contents.tensors if not _is_array(x)}
        facts |= {"values": others} if others else {}
        facts["tensors"] = found
    return facts


def _arrays(value: Any) -> Contents:
    """Return the arrays that a codec of arrays has read: one, or dicts and lists of them."""
    nested = isinstance(value, (dict, list))
    return Contents({}, list(_nested(value, "")) if nested else [("", value, {})])


def _nested(value: Any, place: str) -> Iterator[tuple[str, Any, Mapping[str, Any]]]:
    """Return the leaves of dicts and lists, each by its path."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _nested(inner, f"{place}.{name}" if place else str(name))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from _nested(inner, f"{place}[{i}]")
    else:
        yield place, value, {}


def _is_array(value: Any) -> bool:
    return isinstance(value, (np.ndarray, np.generic, list))


def _tensor(name: str, value: Any, more: Mapping[str, Any], first: int) -> dict[str, Any]:
    if isinstance(value, (bytes, bytearray, memoryview)):
        value = np.frombuffer(value, np.uint8)
    if isinstance(value, list):  # what no dtype holds: rows of several types, bytes ending in NUL
        flat, shape = _flat(value)
        dtype = "bytes" if all(isinstance(item, bytes) for item in flat) else "mixed"
        size = sum(len(item) if isinstance(item, (bytes, str)) else 8 for item in flat)
        start = flat[:first]
    else:
        shape, size = value.shape, value.nbytes
        dtype = {"S": "bytes", "U": "str", "T": "str"}.get(value.dtype.kind, value.dtype.name)
        # The shortest text that reads back in the array's own dtype: float32 0.1 is 0.1.
        short = complex if "complex" in dtype else float if "float" in dtype else None
        start = [short(str(x)) if short else x for x in value.reshape(-1)[:first]]
    facts = {"name": name, "dtype": dtype, **plain(more), "shape": list(shape)}
    return facts | {"elements": math.prod(shape), "bytes": size, "first": plain(start)}


def _flat(nested: list[Any]) -> tuple[list[Any], list[int]]:
    shape: list[int] = []
    flat: list[Any] = nested
    while True:
        if not shape:
            shape.append(len(flat))
        if not flat or not isinstance(flat[0], list):
            return flat, shape
        shape.append(len(flat[0]))
        flat = [item for row in flat for item in row]


def plain(value: Any) -> Any:
    """Return a value of JSON: NaN by its name, bytes as text or in base64, complex as a pair."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(inner) for inner in value]
    if isinstance(value, complex):
        return [plain(value.real), plain(value.imag)]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _text(bytes(value))
    return value if isinstance(value, (str, int, float, NoneType)) else str(value)


def _text(value: bytes) -> str | dict[str, str]:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"b64": base64.b64encode(value).decode()}


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
    # An empty column is left out: a single tensor has no name, most protocols no datatype.
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
