"""A table that a script can sort, and that is a plain table without one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.report.markup import Markup, element

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Column:
    """A heading; figures stand at the right."""

    title: str
    numeric: bool = False


def table(
    caption: str,
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    *,
    classes: Sequence[str] | None = None,
) -> Markup:
    """Make a table whose first column names its rows.

    A script reads figures back from their text: ``1.23 µs``, ``80.1 kB``, ``1,234x``.

    Parameters
    ----------
    classes
        Of each row.
    """
    titles = [
        element(
            "th",
            element("button", each.title, type="button"),
            scope="col",
            class_=None if each.numeric else "t",
        )
        for each in columns
    ]
    # Which columns are text is said once, not in every cell: a large page is smaller by kilobytes.
    texts = [f"t{place}" for place, each in enumerate(columns, 1) if place > 1 and not each.numeric]
    lines = []
    for place, row in enumerate(rows):
        first, *others = row
        cells = [element("td", cell) for cell in others]
        head = element("th", first)
        lines.append(
            element("tr", head, *cells, class_=(classes[place] if classes else "") or None)
        )
    made = element(
        "table",
        element("caption", caption),
        element("thead", element("tr", *titles)),
        element("tbody", *lines),
        class_=" ".join(texts) or None,
    )
    # What scrolls must take the focus, or no key could scroll it.
    return element(
        "div", made, class_="scroll", tabindex=0, role="region", aria_label=caption or "table"
    )
