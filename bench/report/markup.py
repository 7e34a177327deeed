"""HTML and SVG as text: what is no element yet is escaped."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

VOID = {"input", "link", "meta"}
DRAWN = {"circle", "path", "rect", "use"}
"""What may be closed at once, within a drawing."""
OPEN = {"td", "th", "tr"}
"""What HTML does not ask to be closed: a large table is a quarter smaller without."""


class Markup(str):
    """Text that is made of elements, and is not escaped again."""

    __slots__ = ()


def join(parts: Iterable[str]) -> Markup:
    """Put parts behind one another; plain text is escaped."""
    return Markup(
        "".join(part if isinstance(part, Markup) else escape(part, quote=False) for part in parts)
    )


def element(tag: str, *children: str, **attributes: object) -> Markup:
    """Make an element.

    Parameters
    ----------
    children
        Elements, and plain text, which is escaped.
    attributes
        A name loses the ``_`` at its end, any other ``_`` becomes ``-``. None and False: left out.
        True: no value. A float is written with one decimal place at most.
    """
    written = "".join(_attribute(name, value) for name, value in attributes.items())
    if tag in VOID:
        return Markup(f"<{tag}{written}>")
    if tag in DRAWN and not children:
        return Markup(f"<{tag}{written}/>")
    end = "" if tag in OPEN else f"</{tag}>"
    return Markup(f"<{tag}{written}>{join(children)}{end}")


def _attribute(name: str, value: object) -> str:
    if value is None or value is False:
        return ""
    name = name.rstrip("_").replace("_", "-")
    if value is True:
        return f" {name}"
    text = number(value) if isinstance(value, float) else str(value)
    return f' {name}="{escape(text)}"'


def number(value: float) -> str:
    """Write a coordinate: a tenth of a pixel is enough."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text
