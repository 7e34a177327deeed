"""Help texts of the command lines: as wide as the terminal, with every default labelled."""

from __future__ import annotations

import argparse
import re
import textwrap
from itertools import groupby

__all__ = ["HelpFormatter"]

_TERM = 2  # columns before what an entry is about,
_BELOW = 6  # and before its text, where that has no room beside it
_ROOM = 36  # columns that a text needs beside it


class HelpFormatter(argparse.HelpFormatter):
    """Format help for the width of the terminal.

    Options with a default name it. In descriptions and epilogs lines that start with a space are
    entries, ``  term  text``: their texts are aligned and wrapped, and a term is never broken,
    since it may be a command to copy. All other lines are paragraphs.
    """

    def _get_help_string(self, action: argparse.Action) -> str:
        text, default = action.help or "", action.default
        if default is None or default is False or default == argparse.SUPPRESS or "default" in text:
            return text
        if isinstance(default, (list, tuple)):
            default = ",".join(map(str, default))
        shown = f"{default:g}" if isinstance(default, float) else str(default)
        return f"{text} (default: {shown.replace('%', '%%')})" if shown else text

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        blocks = groupby(text.splitlines(), lambda line: line[:1] == " " if line else None)
        made: list[str] = []
        for is_entries, lines in blocks:
            if is_entries is None:
                made += [""] * len(list(lines))
            elif is_entries:
                made += _entries(list(lines), width)
            else:
                made += textwrap.wrap(" ".join(lines), width, break_on_hyphens=False)
        return "\n".join(indent + line for line in made)


def _entries(lines: list[str], width: int) -> list[str]:
    split = [(*re.split(r"(?<=\S)  +", line.strip(), maxsplit=1), "")[:2] for line in lines]
    ends = [len(term) + _TERM + 2 for term, text in split if text]
    column = max((end for end in ends if end <= width - _ROOM), default=0)
    made: list[str] = []
    for term, text in split:
        made.append(" " * _TERM + term)
        margin = column if len(term) + _TERM + 2 <= column else _BELOW
        wrapped = textwrap.wrap(text, width - margin, break_on_hyphens=False)
        if wrapped and margin == column:
            made[-1] = f"{made[-1]:<{column}}{wrapped.pop(0)}"
        made += [" " * margin + line for line in wrapped]
    return made
