"""The frame of a page: one file that asks for nothing else."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from bench.report.markup import Markup, element, join
from bench.report.switches import rules

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Page:
    """What a page says."""

    title: str
    lead: Sequence[Markup]
    """The answer, and whatever else stands above all sections."""
    parts: Sequence[Markup]
    chart: Markup | None = None
    """The picture of ``--png``: an ``<svg>`` by itself."""


def section(heading: str, *parts: str, note: str = "") -> Markup:
    """Make a part of a page."""
    said = [element("p", note, class_="note")] if note else []
    return element("section", element("h2", heading), *said, *parts)


def facts(pairs: Sequence[tuple[str, str]]) -> Markup:
    """List names and what belongs to them."""
    told = (element("div", element("dt", name), element("dd", value)) for name, value in pairs)
    return element("dl", *told)


def render(page: Page) -> str:
    """Return the whole file."""
    body = element(
        "main",
        element("header", element("h1", page.title), *page.lead),
        *page.parts,
    )
    here = Path(__file__)
    drawing = here.with_name("drawing.css").read_text("utf-8")
    style = _flat(
        here.with_name("templates").joinpath("style.css").read_text("utf-8") + drawing + rules(body)
    )
    script = _flat(here.with_name("templates").joinpath("script.js").read_text("utf-8"))
    # Only this style and this script, and no address at all.
    policy = (
        f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)};"
        " img-src data:; base-uri 'none'; form-action 'none'"
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("link", rel="icon", href="data:,"),
        element("title", page.title),
        element("style", Markup(style)),
    )
    tail = element("script", Markup(script))
    return join(
        (
            Markup("<!doctype html>\n"),
            element("html", head, element("body", body, tail), lang="en"),
            Markup("\n"),
        )
    )


def _flat(text: str) -> str:
    """Leave out what indents a line."""
    return "\n".join(line.strip() for line in text.splitlines())


def _digest(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
