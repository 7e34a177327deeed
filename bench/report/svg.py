"""Lines, texts and marks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.report.markup import Markup, element, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.report.looks import Look

SHAPES = {
    "circle": "m-3.3,0a3.3,3.3 0 1 0 6.6,0a3.3,3.3 0 1 0-6.6,0z",
    "square": "m-3,-3h6v6h-6z",
    "triangle": "m0,-4.2l3.8,6.8h-7.6z",
    "diamond": "m0,-4.3l3.7,4.3l-3.7,4.3l-3.7,-4.3z",
    "plus": "m-3.8,-1h2.8v-2.8h2v2.8h2.8v2h-2.8v2.8h-2v-2.8h-2.8z",
    "cross": "m-3.4,-2l1.4,-1.4l2,2l2,-2l1.4,1.4l-2,2l2,2l-1.4,1.4l-2,-2l-2,2l-1.4,-1.4l2,-2z",
    "down": "m0,4.2l3.8,-6.8h-7.6z",
    "bar": "m-1.3,-4.2h2.6v8.4h-2.6z",
}


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


def rule(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    """Draw a straight line."""
    start, end = f"{number(x1)},{number(y1)}", f"{number(x2)},{number(y2)}"
    return element("path", d=f"M{start}L{end}", class_=class_)


def rules(ends: Sequence[tuple[float, float, float, float]], class_: str) -> Markup:
    """Draw several straight lines as one path."""
    drawn = (f"M{number(a)},{number(b)}L{number(c)},{number(d)}" for a, b, c, d in ends)
    return element("path", d="".join(drawn), class_=class_)


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
    drawn = (f"M{number(x)},{number(y)}{SHAPES[look.shape]}" for x, y in places)
    return element("path", d="".join(drawn), class_=f"mark {class_}".strip())


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
