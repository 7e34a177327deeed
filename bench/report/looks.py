"""How a series is drawn: a colour, and a mark and a dash as well, for who cannot tell colours."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bench.report.markup import Markup, element
from bench.report.svg import line, marks

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Look:
    """A colour of style.css (``k0`` to ``k7``), a mark, and the lengths of dashes and gaps."""

    colour: str
    shape: str
    dash: str | None = None
    hollow: bool = False

    @property
    def classes(self) -> str:
        """The classes of the element that is drawn so."""
        return f"{self.colour} hollow" if self.hollow else self.colour

    def as_baseline(self, *, alone: bool = False) -> Look:
        """Return the same, hollow and thin; `alone` tells those of one kind apart."""
        return replace(self, hollow=True, dash="2 3" if alone else None)


LOOKS = (
    Look("k0", "circle"),
    Look("k1", "square", "7 3"),
    Look("k2", "triangle", "3 2"),
    Look("k3", "diamond", "1 3"),
    Look("k4", "plus", "9 3 2 3"),
    Look("k5", "cross", "5 5"),
    Look("k6", "down", "12 3"),
    Look("k7", "bar", "4 2 1 2"),
)


def look_of(name: str, names: Sequence[str]) -> Look:
    """Return the look of one of several names, by its place; they are used again after eight."""
    return LOOKS[list(names).index(name) % len(LOOKS)]


def legend(entries: Sequence[tuple[Look, str]]) -> Markup:
    """List what each look stands for."""
    items = []
    for look, label in entries:
        drawn = element(
            "svg",
            line([(1, 6), (33, 6)], look.dash),
            marks(look, [(17, 6)]),
            viewBox="0 0 34 12",
            class_=look.classes,
            aria_hidden="true",
        )
        items.append(element("li", drawn, label))
    return element("ul", *items, class_="legend")
