"""Lines, texts and marks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.report.markup import Markup, element, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.report.looks import Look

WIDTH = 360
"""Of every panel, in its own pixels; a page gives it what room there is."""
CHARACTER = 6.3
"""The width of a character, roughly."""
SHAPES = {
    "circle": (0.1, -3.3, "a3.3,3.3 0 1 1-.2,0z"),
    "square": (-3, -3, "h6v6h-6z"),
    "triangle": (0, -4.2, "l3.8,6.8h-7.6z"),
    "diamond": (0, -4.3, "l3.7,4.3l-3.7,4.3l-3.7,-4.3z"),
    "plus": (-3.8, -1, "h2.8v-2.8h2v2.8h2.8v2h-2.8v2.8h-2v-2.8h-2.8z"),
    "cross": (-3.4, -2, "l1.4,-1.4l2,2l2,-2l1.4,1.4l-2,2l2,2l-1.4,1.4l-2,-2l-2,2l-1.4,-1.4l2,-2z"),
    "down": (0, 4.2, "l3.8,-6.8h-7.6z"),
    "bar": (-1.3, -4.2, "h2.6v8.4h-2.6z"),
}
"""Where a mark begins, from its middle, and how it goes on."""


def picture(width: float, height: float, label: str, *children: str, class_: str = "") -> Markup:
    """Draw an ``<svg>`` that takes the width it is given; `label` is what it is called."""
    return element(
        "svg",
        *children,
        viewBox=f"0 0 {number(width)} {number(height)}",
        role="group",
        aria_label=label,
        class_=class_ or None,
    )


def text(x: float, y: float, content: str, class_: str | None = None) -> Markup:
    """Write a text; the classes ``end`` and ``middle`` say which of its points is at `x`."""
    return element("text", content, x=x, y=y, class_=class_)


def texts(placed: Sequence[tuple[float, float, str]], class_: str) -> Markup:
    """Write several texts of one class."""
    return element("g", *(text(x, y, content) for x, y, content in placed), class_=class_)


def rule(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    """Draw a straight line."""
    return rules([(x1, y1, x2, y2)], class_)


def rules(ends: Sequence[tuple[float, float, float, float]], class_: str) -> Markup:
    """Draw several straight lines as one path."""
    return element("path", d="".join(_segment(*each) for each in ends), class_=class_)


def _segment(x1: float, y1: float, x2: float, y2: float) -> str:
    start, x, y = f"M{number(x1)},{number(y1)}", number(x2), number(y2)
    return start + (f"H{x}" if y1 == y2 else f"V{y}" if x1 == x2 else f"L{x},{y}")


def box(x: float, y: float, width: float, height: float, class_: str) -> Markup:
    """Draw a rectangle."""
    return element("rect", x=x, y=y, width=max(width, 0.0), height=height, class_=class_)


def line(points: Sequence[tuple[float, float]], dash: str | None = None) -> Markup:
    """Draw a line through points."""
    path = "L".join(f"{number(x)},{number(y)}" for x, y in points)
    return element("path", d=f"M{path}", class_="line", stroke_dasharray=dash)


def mark(look: Look, x: float, y: float) -> Markup:
    """Draw the mark of a look."""
    return marks(look, [(x, y)])


def marks(look: Look, places: Sequence[tuple[float, float]], class_: str = "") -> Markup:
    """Draw the mark of a look at each of these places, as one path."""
    right, down, shape = SHAPES[look.shape]
    drawn = "".join(f"M{number(x + right)},{number(y + down)}{shape}" for x, y in places)
    return element("path", d=drawn, class_=f"mark {class_}".strip())


def told(
    name: str,
    lines: Sequence[str],
    places: Sequence[tuple[float, float]],
    *children: str,
    class_: str,
) -> Markup:
    """Group what is one thing and says its values; the script lets it take the focus.

    Parameters
    ----------
    name
        The first line of what it says.
    lines
        What it says of each of its places.
    places
        Where the pointer, or an arrow key, finds them; none: where its line bends.
    """
    title = element("title", "\n".join((name, *lines)))
    return element(
        "g",
        title,
        *children,
        class_=f"told {class_}",
        data_p=" ".join(f"{number(x)},{number(y)}" for x, y in places) or None,
    )
