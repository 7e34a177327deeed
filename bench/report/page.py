"""A page: what it holds, and the one file that it becomes, which asks for nothing else."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import figures

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .charts import Chart

TEMPLATES = Path(__file__).with_name("templates")
LIBRARIES = (
    *("numpy", "orjson", "pysimdjson", "msgpack", "pybase64", "protobuf"),
    *("grpcio", "uvicorn", "flask"),
)
MACHINE = {
    "date": "date",
    "cpu": "processor",
    "cpu_model_name": "processor",
    "cores": "cores",
    "cpu_count": "cores",
    "cpu_freq": "frequency",
    "memory_bytes": "memory",
    "system": "system",
    "platform": "system",
    "bench_python": "Python",
    "gil": "GIL",
    **{f"{name}_version": name for name in LIBRARIES},
    "perf_version": "pyperf",
    "git_commit": "commit",
    "load_avg_1min": "load before",
}
"""What the keys of a file's metadata are called, in the order of a page; the first one counts."""


@dataclass(frozen=True)
class Column:
    """A heading of a table; figures are aligned at the right."""

    title: str
    numeric: bool = False


def numeric(*titles: str) -> list[Column]:
    """Return columns of figures."""
    return [Column(title, numeric=True) for title in titles]


@dataclass(frozen=True)
class Table:
    """A table that a script can sort; the first column names the rows.

    A script reads figures back from their text: ``1.23 µs``, ``80.1 kB``, ``1,234x``.
    """

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    faded: frozenset[int] = frozenset()
    """The places of rows in a softer colour."""


@dataclass(frozen=True)
class Drawing:
    """Charts below one another, and explanations of their numbered annotations."""

    charts: Sequence[Chart]
    shown_by: str = ""
    """The class of the switch that shows it; empty: it is always shown."""
    caption: str = ""
    annotations: Sequence[str] = ()


@dataclass(frozen=True)
class Panel:
    """A heading and what is below it."""

    title: str
    drawings: Sequence[Drawing] = ()
    note: str = ""
    shown_by: str = ""
    items: Sequence[str] = ()


@dataclass(frozen=True)
class Switch:
    """One of several, or boxes that are all checked; each shows what has its class.

    It needs no script: what is not checked is hidden by CSS, within the figure of the switch.
    """

    title: str
    options: Sequence[tuple[str, str]]
    """Classes and labels."""
    group: str = ""
    """One of several: a name that no other switch of the page has. Empty: boxes."""


@dataclass(frozen=True)
class Section:
    """A part of a page; what is empty is left out."""

    heading: str
    note: str = ""
    legend: Sequence[tuple[str, str]] = ()
    """Drawings and labels."""
    switches: Sequence[Switch] = ()
    panels: Sequence[Panel] = ()
    paragraphs: Sequence[str] = ()
    items: Sequence[tuple[str, str]] = ()
    """Names, and the sentences that begin with them."""
    table: Table | None = None
    facts: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Page:
    """A title, the answer in large letters, all else that is said first, and the sections."""

    title: str
    origin: Sequence[str]
    """Where and when it was measured."""
    warnings: Sequence[str]
    headline: Sequence[str]
    answers: Sequence[tuple[str, Sequence[str]]]
    """Headings and sentences; one that begins with spaces continues the one before."""
    sections: Sequence[Section]
    picture: Callable[[], bytes] | None = None
    """Draws the chart of ``--png``."""


def class_of(letter: str, name: str) -> str:
    """Return the class that a switch shows: ``v-encode``, ``c-json``."""
    return f"{letter}-{re.sub('[^a-z0-9]+', '-', name.lower()).strip('-') or 'x'}"


def machine(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Return what a file tells of machine and versions, by name."""
    found: dict[str, str] = {}
    for key, name in MACHINE.items():
        value = metadata.get(key)
        if value in (None, "") or name in found:
            continue
        if key == "memory_bytes" and isinstance(value, (int, float)):
            value = figures.size(value)
        found[name] = f"{value}".partition(".")[0] if key == "date" else f"{value}"
    return found


def render(page: Page) -> str:
    """Return the whole file."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    classes = dict.fromkeys(
        name for each in page.sections for switch in each.switches for name, _ in switch.options
    )
    rules = "".join(
        f'figure:has(.switch[value="{name}"]:not(:checked)) .{name}{{display:none}}\n'
        for name in classes
    )
    style = _unindented(TEMPLATES.joinpath("style.css").read_text("utf-8") + rules)
    script = _unindented(TEMPLATES.joinpath("script.js").read_text("utf-8"))
    # Only this style and this script, and no address at all.
    policy = (
        f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)};"
        " img-src data:; base-uri 'none'; form-action 'none'"
    )
    template = environment.get_template("page.html")
    return template.render(page=page, style=style, script=script, policy=policy)


def _unindented(text: str) -> str:
    return "\n".join(line.strip() for line in text.splitlines())


def _digest(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
