"""Panels put together to one picture that needs no page around it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.report.markup import Markup, element, number
from bench.report.svg import WIDTH, box, text

if TYPE_CHECKING:
    from collections.abc import Sequence

GAP = 14
HEAD, TITLE, FOOT = 44, 22, 34
VARIABLE = re.compile(r"(--[a-z0-9]+):\s*([^;]+);")


@dataclass(frozen=True)
class Tile:
    """A panel and what stands above it."""

    title: str
    drawing: Markup


def sheet(title: str, rows: Sequence[Sequence[Tile]], below: str, *shared: str) -> Markup:
    """Put panels of equal width into rows, on the light page's colours."""
    across = max(len(row) for row in rows)
    width = GAP + across * (WIDTH + GAP)
    parts: list[str] = [text(GAP, 28, title, "headline")]
    y = float(HEAD)
    for row in rows:
        for column, tile in enumerate(row):
            x = GAP + column * (WIDTH + GAP)
            parts.append(text(x, y + 13, tile.title, "heading"))
            height = _height(tile.drawing)
            place = f'x="{x}" y="{number(y + TITLE)}" width="{WIDTH}" height="{number(height)}"'
            # Names may reach beyond a panel, into the gap.
            placed = f'<svg overflow="visible" {place}'
            parts.append(Markup(tile.drawing.replace("<svg", placed, 1)))
        y += TITLE + max(_height(tile.drawing) for tile in row) + GAP / 2
    parts.append(text(GAP, y + 12, below, "tick"))
    height = y + FOOT
    return element(
        "svg",
        element("style", Markup(style())),
        *shared,
        box(0, 0, width, height, "paper"),
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {number(width)} {number(height)}",
        width=width,
        height=height,
    )


def style() -> str:
    """Return the rules of drawings with the light colours in place of their names."""
    here = Path(__file__)
    page = here.with_name("templates").joinpath("style.css").read_text("utf-8")
    colours = dict(VARIABLE.findall(page[: page.index("}")]))
    rules = here.with_name("drawing.css").read_text("utf-8")
    rules = re.sub(r"var\((--[a-z0-9]+)\)", lambda found: colours[found[1]], rules)
    return f"{rules}.paper{{fill:{colours['--page']}}}.headline{{font-size:17px;font-weight:600}}"


def _height(drawing: Markup) -> float:
    found = re.search(r'viewBox="0 0 [\d.]+ ([\d.]+)"', drawing)
    return float(found[1]) if found else 0.0
