"""Which of a file's arrays or columns: names with commas in between, or patterns."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

SHOWN = 8
"""Names that an error lists."""


def choose(names: Sequence[str], asked: str) -> list[str]:
    """Return the names that are asked for, each once, in the order asked; all if none are.

    Parameters
    ----------
    names
        Those there are. They may have commas in them: the longest that fits is taken.
    asked
        ``a``, ``a,b`` or ``layer*``.

    Raises
    ------
    ValueError
        One of them is not there.
    """
    if not asked:
        return list(names)
    longest = sorted(dict.fromkeys(names), key=len, reverse=True)
    found: list[str] = []
    rest: str | None = asked
    while rest is not None:
        exact = next((n for n in longest if rest == n or (n and rest.startswith(n + ","))), None)
        part = rest.partition(",")[0] if exact is None else exact
        found += _matching(names, part) if exact is None else [exact]
        rest = rest[len(part) + 1 :] if len(rest) > len(part) else None
    return list(dict.fromkeys(found))


def _matching(names: Sequence[str], pattern: str) -> list[str]:
    found = [name for name in names if fnmatchcase(name, pattern)]
    if not found:
        raise ValueError(f"there is no {pattern!r} in it; it has {listed(names)}")
    return found


def listed(names: Sequence[str]) -> str:
    """Name the first few."""
    text = ", ".join(name or "an array without a name" for name in names[:SHOWN])
    more = len(names) - SHOWN
    return f"{text} and {more:,} more" if more > 0 else text or "none"
