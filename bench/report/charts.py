"""Charts as Vega-Lite specifications, drawn by vl-convert: no browser, and no network.

The layers of each chart are in ``templates/charts.json``; here are their data and axes. A text of a
run is only ever a value of a field, never a part of an expression. Colours are those of the page,
``var(--k0)``: one drawing is right in light, in dark and on paper.

Source: https://vega.github.io/vega-lite/docs/spec.html
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from io import BytesIO
from math import ceil, floor, log10
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from ..interrupt import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    Datum = dict[str, Any]

TEMPLATES = Path(__file__).with_name("templates")
VERSION = "6.4"
"""Of Vega-Lite: the newest that the oldest supported vl-convert draws."""
WIDTH = 360
"""Of every chart, in its own pixels; the page scales it."""
GAP = 13
"""From one label of a line to the next."""
TIME = "replace(format(datum.value, '~s'), /[a-zµ]?$/, ' $&s')"
COUNT = "format(datum.value, ',')"
SHORT = "format(datum.value, '~s')"
"""Expressions that label a tick: ``10 µs``, ``1,000``, ``1k``."""
COLOUR = re.compile(r'"var\(--(page|ink|soft|rule|faint|ghost|area|k[0-7])\)"')
UNREADABLE = re.compile("[^\t\n -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML does not allow in a text."""
NUMBER = re.compile(r"-?\d+\.\d+")
SVG = "{http://www.w3.org/2000/svg}"
SIZES = {"stroke": 8, "triangle-up": 56, "triangle-down": 56, "diamond": 62, "cross": 54}
"""Pixels of the marks that would look smaller than a circle of 40."""


@dataclass(frozen=True)
class LineStyle:
    """A colour of style.css, and a mark and a dash as well, for who cannot tell colours."""

    colour: str
    shape: str = "circle"
    dash: tuple[int, ...] = ()
    hollow: bool = False

    def as_baseline(self, *, dotted: bool = False) -> LineStyle:
        """Return the same style, hollow and thin."""
        return replace(self, hollow=True, dash=(2, 3) if dotted else ())

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of a datum that is drawn so."""
        colour = f"var(--{self.colour})"
        fill, stroke = ("var(--page)", colour) if self.hollow else (colour, "var(--page)")
        return {
            "size": SIZES.get(self.shape, 40),
            "colour": colour,
            "fill": fill,
            "stroke": stroke,
            "shape": self.shape,
            "dash": list(self.dash),
            "width": 1 if self.hollow else 1.8,
            "edge": 1.3 if self.hollow else 0.8,
        }


STYLES = (
    LineStyle("k0", "circle"),
    LineStyle("k1", "square", (7, 3)),
    LineStyle("k2", "triangle-up", (3, 2)),
    LineStyle("k3", "diamond", (1, 3)),
    LineStyle("k4", "cross", (9, 3, 2, 3)),
    LineStyle("k5", "triangle-right", (5, 5)),
    LineStyle("k6", "triangle-down", (12, 3)),
    LineStyle("k7", "triangle-left", (4, 2, 1, 2)),
)
LIMIT = LineStyle("soft", "stroke")


def style_of(name: str, names: Iterable[str]) -> LineStyle:
    """Return the style of one of several names, by its place; they repeat after eight."""
    return STYLES[list(dict.fromkeys(names)).index(name) % len(STYLES)]


@dataclass(frozen=True)
class Axis:
    """The domain of a scale, its ticks, and the expression that labels them."""

    low: float
    high: float
    ticks: Sequence[float]
    label: str
    title: str | None = None
    log: bool = True

    @classmethod
    def logarithmic(cls, values: Iterable[float], label: str, room: float = 1.3) -> Axis:
        """Return an axis around all these values, with at least two ticks."""
        known = [value for value in values if value > 0] or [1.0]
        low, high = min(known) / room, max(known) * room
        found = _log_ticks(low, high)
        if len(found) < 2:
            first = floor(log10(low))
            near = [k * 10.0**n for n in (first - 1, first, first + 1) for k in (1, 2, 5)]
            low, high = max(n for n in near if n <= low), min(n for n in near if n >= high)
            found = _log_ticks(low, high)
        return cls(low, high, found, label)

    @classmethod
    def from_zero(cls, high: float, label: str = COUNT, wanted: int = 4) -> Axis:
        """Return a linear axis from 0, with about so many round ticks."""
        high = high if high > 0 else 1.0
        unit = 10.0 ** floor(log10(high / wanted))
        step = next(unit * n for n in (1, 2, 2.5, 5, 10) if unit * n >= high / wanted * 0.999)
        ticks = [step * n for n in range(floor(high / step + 1e-9) + 1)]
        return cls(0.0, high, ticks, label, log=False)

    def share(self, value: float) -> float:
        """Return where a value is, from 0 at the low end to 1 at the high end."""
        if self.log:
            start = log10(self.low)
            return (log10(value) - start) / (log10(self.high) - start)
        return (value - self.low) / (self.high - self.low)

    def encode(self, field: str, **axis: Any) -> dict[str, Any]:
        """Return the encoding of a channel."""
        return {
            "field": field,
            "type": "quantitative",
            "scale": {
                "type": "log" if self.log else "linear",
                "domain": [self.low, self.high],
                "nice": False,
                "zero": False,
            },
            "axis": {
                "values": list(self.ticks),
                "labelExpr": self.label,
                "title": self.title,
                **axis,
            },
        }


def _log_ticks(low: float, high: float) -> list[float]:
    """Return powers of ten, every other of more than eight; 1, 2 and 5 of them where few are."""
    first, last = ceil(log10(low) - 1e-9), floor(log10(high) + 1e-9)
    found = [10.0**n for n in range(first, last + 1, max(1, 1 + (last - first) // 8))]
    if len(found) > 2:
        return found
    near = (k * 10.0**n for n in range(first - 1, last + 1) for k in (1, 2, 5))
    return [value for value in near if low <= value <= high]


@dataclass(frozen=True)
class Point:
    """A value of a line, and the text that a reader gets for it."""

    x: float
    y: float
    text: str
    noise: float = 0.0
    """How far equal things differ: 0.02 is two per cent."""


@dataclass(frozen=True)
class Series:
    """A line: its full name, and its label at its end."""

    name: str
    label: str
    points: Sequence[Point]
    style: LineStyle


@dataclass(frozen=True)
class Dot:
    """A value in a row, its text for a reader, and what is written beside it."""

    value: float
    text: str
    style: LineStyle
    written: str = ""


@dataclass(frozen=True)
class Row:
    """A label, dots beside it, and at the right values or a gain; without dots it is a heading."""

    label: str
    dots: Sequence[Dot] = ()
    values: Sequence[str] = ()
    gain: str = ""
    name: str = ""
    """The full name; empty: the label."""


@dataclass(frozen=True)
class Part:
    """A part of a bar, its text for a reader, and what is written inside if there is room."""

    value: float
    text: str
    colour: str
    inside: str = ""
    hatched: bool = False


@dataclass(frozen=True)
class Bar:
    """A label, the parts of its bar, and what is written at its end."""

    label: str
    parts: Sequence[Part]
    text: str = ""
    faded: bool = False
    first: bool = False
    """It begins a group: a gap is above it."""
    nested: bool = False
    """It belongs to the one above it."""
    name: str = ""


@dataclass(frozen=True)
class Chart:
    """A specification in layers, and the room around it: left, top, right, bottom."""

    title: str
    """What it is called for who does not see it."""
    layers: Sequence[Mapping[str, Any]]
    height: float
    room: tuple[float, float, float, float]

    def named(self, name: str = "") -> dict[str, Any]:
        """Return Vega-Lite's layered view; names of layers are unique within a picture."""
        left, _, right, _ = self.room
        return {
            "layer": [{**layer, "name": layer["name"] + name} for layer in self.layers],
            "width": WIDTH - left - right,
            "height": self.height,
            "resolve": {"scale": {"color": "independent"}},
        }

    def svg(self) -> str:
        """Return the drawing, to be embedded in a page of `render`."""
        sides = dict(zip(("left", "top", "right", "bottom"), self.room, strict=True))
        return _svg({**self.named(), "padding": sides}, self.title)


def png(title: str, note: str, rows: Sequence[Sequence[tuple[str, Chart]]]) -> bytes:
    """Draw charts under their headings as one picture, in light colours."""
    import vl_convert
    from PIL import Image

    picture = {
        "title": {"text": _plain(title), "subtitle": _plain(note), "fontSize": 17, "offset": 16},
        "vconcat": [
            {
                "hconcat": [
                    {"title": {"text": _plain(heading), "offset": 8}, **chart.named(f"{y}{x}")}
                    for x, (heading, chart) in enumerate(row)
                ],
                "spacing": 24,
            }
            for y, row in enumerate(rows)
        ],
        "spacing": 12,
        "config": {**_layouts()["config"], "background": "var(--page)"},
        "padding": 14,
    }
    css = TEMPLATES.joinpath("style.css").read_text("utf-8")
    colours = dict(re.findall(r"--([a-z0-9]+): ([^;]+);", css[: css.index("}")]))
    text = COLOUR.sub(lambda found: f'"{colours[found[1]]}"', json.dumps(picture))
    drawn = _draw(vl_convert.vegalite_to_png, text, scale=1.25)
    small = BytesIO()
    # A palette makes it a sixth of the bytes.
    image = Image.open(BytesIO(drawn)).convert("RGB")
    image.quantize(64, Image.Quantize.MAXCOVERAGE, kmeans=1).save(small, "PNG", optimize=True)
    return small.getvalue()


def _draw(convert: Callable[..., Any], specification: str, **options: Any) -> Any:
    """Draw a specification that may load nothing."""
    try:
        return convert(specification, VERSION, allowed_base_urls=[], **options)
    except ValueError as error:
        raise UsageError(f"vl-convert: {' '.join(str(error).split())}") from None


def _svg(view: Mapping[str, Any], title: str) -> str:
    framed = {**view, "autosize": "none", "config": _layouts()["config"]}
    return _drawn(json.dumps(framed), title)


@lru_cache(maxsize=256)
def _drawn(specification: str, title: str) -> str:
    """Draw a specification, without the parts that only its editor needs."""
    import vl_convert

    drawn = _draw(vl_convert.vegalite_to_svg, specification)
    root = ET.fromstring(drawn)  # noqa: S314 - what was just drawn
    for parent in list(root.iter()):
        for child in list(parent):
            if child.get("class") in ("background", "foreground"):
                parent.remove(child)
            else:
                _clean(child)
    for parent in list(root.iter()):
        parent[:] = [child for child in parent if len(child) or child.tag != f"{SVG}g"]
    frame = {"viewBox": root.attrib["viewBox"], "role": "group", "aria-label": title}
    root.attrib.clear()
    root.attrib.update(frame)
    for each in root.iter():
        each.tag = each.tag.removeprefix(SVG)
    return ET.tostring(root, encoding="unicode")


def _clean(element: ET.Element) -> None:
    """Turn the label of a mark into a title, which a browser shows; shorten what is long."""
    label = element.attrib.pop("aria-label", None)
    if label and element.get("role") == "graphics-symbol":
        ET.SubElement(element, f"{SVG}title").text = label
    for name in ("role", "aria-roledescription", "pointer-events", "font-family"):
        element.attrib.pop(name, None)
    kind = re.fullmatch(r"mark-(\w+) role-mark (\w+?)_\w+", element.attrib.pop("class", ""))
    if kind:
        element.set("class", f"{kind[1]} {kind[2]}")
    for name, value in element.attrib.items():
        if name in ("d", "transform", "x2", "y2"):
            element.set(name, NUMBER.sub(lambda found: f"{float(found[0]):.1f}", value))
    for name, value in (
        ("opacity", "1"),
        ("stroke-dasharray", ""),
        ("transform", "translate(0,0)"),
    ):
        if element.get(name) == value:
            del element.attrib[name]


@cache
def _layouts() -> dict[str, Any]:
    return dict(json.loads(TEMPLATES.joinpath("charts.json").read_text("utf-8")))


def _layers(part: str, values: Mapping[str, Any], prefix: str = "") -> list[dict[str, Any]]:
    """Return the layers of a part of charts.json that have data, with `values` for its ``$names``.

    The name of a layer up to the first ``_`` becomes the class of what it draws.
    """
    known = {**_layouts()["encodings"], **values}

    def filled(template: Any) -> Any:
        if isinstance(template, dict):
            return {name: filled(each) for name, each in template.items()}
        return known[template[1:]] if str(template).startswith("$") else template

    found = []
    for template in _layouts()[part]:
        layer = filled(template)
        if layer["data"]:
            rows = [{name: _plain(each) for name, each in row.items()} for row in layer["data"]]
            found.append({**layer, "name": prefix + layer["name"], "data": {"values": rows}})
    return found


def _plain(value: Any) -> Any:
    return UNREADABLE.sub("\ufffd", value) if isinstance(value, str) else value


def lines(  # noqa: PLR0913 - each is one plain fact
    title: str,
    series: Sequence[Series],
    x: Axis,
    y: Axis,
    *,
    limit: Series | None = None,
    background: Sequence[Series] = (),
    annotations: Sequence[tuple[float, float]] = (),
) -> Chart:
    """Return lines with their names at their ends.

    Parameters
    ----------
    limit
        What hardly any line passes: the area below it is grey.
    background
        Lines without marks and names, for comparison.
    annotations
        Places that are numbered from 1 on, and explained below the chart.
    """
    shown = [each for each in (limit, *series) if each and each.points]
    height = max(250, GAP * len(shown) + 6)
    at = {"x": x.encode("x"), "y": y.encode("y"), "low": y.encode("low")}
    area = []
    if limit and limit.points:
        edge = [(each.x, each.y) for each in limit.points]
        edge = [(x.low, edge[0][1]), *edge, (x.high, edge[-1][1])]
        area = [{"x": left, "y": high, "low": y.low} for left, high in edge]
    behind = [row for each in background for row in _points(each)]
    layers = _layers("lines", {**at, "area": area, "background": behind})
    groups = {
        "limit_": [limit] if limit else [],
        "baselines_": [each for each in series if each.style.hollow],
        "codecs_": [each for each in series if not each.style.hollow],
    }
    for group, members in groups.items():
        data = [row for each in members for row in _points(each)]
        # A shorter one is under its mark.
        noise = [row for row in data if y.share(row["high"]) - y.share(row["low"]) > 10 / height]
        layers += _layers("series", {**at, "points": data, "noise": noise}, group)
    places = [{"x": x, "y": y, "label": f"{n}"} for n, (x, y) in enumerate(annotations, 1)]
    layers += _layers("annotations", {**at, "annotations": places})
    names = _names(shown, x, y, height)
    for group, members in groups.items():
        layers += _layers(
            "names", {"names": [names[each.name] for each in members if each.points]}, group
        )
    return Chart(title, layers, height, (46, 12, 106, 38))


def _points(series: Series) -> list[Datum]:
    return [
        {
            "name": series.name,
            "x": point.x,
            "y": point.y,
            "text": f"{series.name}\n{point.text}",
            "low": point.y / (1 + point.noise),
            "high": point.y * (1 + point.noise),
            **series.style.fields,
        }
        for point in series.points
    ]


def _names(shown: Sequence[Series], x: Axis, y: Axis, height: float) -> dict[str, Datum]:
    """Return the labels beside the ends of lines, with a thin line to each that had to move."""
    width = WIDTH - 46 - 106
    ends = [height * (1 - y.share(each.points[-1].y)) for each in shown]
    return {
        each.name: {
            "label": each.label,
            "colour": each.style.fields["colour"],
            "left": width * x.share(each.points[-1].x) + 6,
            "right": width + 11,
            "top": end,
            "place": place,
        }
        for each, end, place in zip(shown, ends, spread(ends, GAP, 6, height), strict=True)
    }


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move places apart until neighbours are `gap` away from each other.

    Places that touch become a block around the mean of what its members wanted; blocks that touch
    are joined. All stay between `low` and `high`, closer than `gap` if there is no other way.
    """
    gap = min(gap, (high - low) / max(1, len(wanted) - 1))
    blocks: list[tuple[float, list[int]]] = []
    for number in sorted(range(len(wanted)), key=lambda n: wanted[n]):
        block = [number]
        while True:
            length = gap * (len(block) - 1)
            middle = sum(wanted[n] for n in block) / len(block)
            top = max(low, min(middle - length / 2, high - length))
            if not blocks or blocks[-1][0] + gap * len(blocks[-1][1]) <= top:
                break
            block = blocks.pop()[1] + block
        blocks.append((top, block))
    places = [0.0] * len(wanted)
    for top, block in blocks:
        for step, number in enumerate(block):
            places[number] = top + gap * step
    return places


def dots(  # noqa: PLR0913 - each is one plain fact
    title: str,
    rows: Sequence[Row],
    x: Axis,
    *,
    step: float = 16,
    left: float = 92,
    right: float = 128,
    limit: float | None = None,
) -> Chart:
    """Return a row for each thing: dots on one axis, and values at the right.

    Parameters
    ----------
    step
        Pixels from row to row.
    left, right
        Pixels for labels and for values.
    limit
        A line across all rows.
    """
    names = ("labels", "headings", "before", "behind", "values", "gains")
    data: dict[str, list[Datum]] = {name: [] for name in names}
    points: dict[bool, list[Datum]] = {True: [], False: []}
    spans: dict[bool, list[Datum]] = {True: [], False: []}
    for place, row in enumerate(rows):
        top, end = step * (place + 0.5), WIDTH - left
        label = {"left": 8 - left, "top": top, "label": row.label}
        data["labels" if row.dots else "headings"].append(label)
        values = [dot.value for dot in row.dots]
        # The lowest value is written before its dot; of two that are equal, the first.
        first = values.index(min(values)) if len(values) > 1 else None
        for number, dot in reversed(list(enumerate(row.dots))):
            datum = {"x": dot.value, "top": top, "label": dot.written, **dot.style.fields}
            datum["text"] = f"{row.name or row.label}\n{dot.text}"
            points[dot.style.hollow].append(datum)
            if dot.written:
                data["before" if number == first else "behind"].append(datum)
        if len(values) > 1:
            span = {"x": min(values), "high": max(values), "top": top}
            spans[row.dots[-1].style.hollow].append(span)
        for number, text in enumerate(reversed(row.values)):
            data["values"].append({"left": end - 60 * number, "top": top, "label": text})
        if row.gain:
            data["gains"].append({"left": end, "top": top, "label": row.gain})
    at = {"x": x.encode("x", grid=True, domain=False, ticks=False)}
    layers = _layers("dots", {**at, **data, "limit": [{"x": limit}] if limit else []})
    for hollow, group in ((True, "baselines_"), (False, "codecs_")):
        layers += _layers("marks", {**at, "spans": spans[hollow], "points": points[hollow]}, group)
    return Chart(title, layers, step * len(rows), (left, 4, right, 24))


def bars(
    title: str,
    rows: Sequence[Bar],
    high: float,
    *,
    thick: float = 11,
    limit: tuple[float, str] | None = None,
) -> Chart:
    """Return bars from zero on, in one part or stacked.

    Parameters
    ----------
    high
        The value as long as the whole axis.
    thick
        Pixels of a bar.
    limit
        A line across all bars, and its label below them.
    """
    x, width, y = Axis.from_zero(high), WIDTH - 92 - 60, 8.5
    names = ("parts", "hatched", "inside", "labels", "ends")
    data: dict[str, list[Datum]] = {name: [] for name in names}
    for bar in rows:
        y += 6 * bar.first
        stop = 0.0
        for part in bar.parts:
            start, stop = stop, stop + part.value
            datum: Datum = {"text": f"{bar.name or bar.label}\n{part.text}"}
            datum |= {"start": start, "stop": stop, "top": y - thick / 2, "bottom": y + thick / 2}
            data["parts"].append({**datum, "colour": f"var(--{part.colour})"})
            if part.hatched:
                data["hatched"].append(datum)
            if x.share(part.value) * width > 5.8 * len(part.inside) + 4:
                middle = (start + stop) / 2
                data["inside"].append({"middle": middle, "top": y, "label": part.inside})
        label: Datum = {"left": -76 if bar.nested else -84, "top": y, "label": bar.label}
        label["colour"] = "var(--soft)" if bar.faded else "var(--ink)"
        data["labels"].append(label)
        data["ends"].append({"stop": stop, "top": y, "label": bar.text})
        y += 17
    hidden = {"labels": False, "ticks": False, "domain": False}
    at = {name: x.encode(name, **hidden) for name in ("start", "stop", "middle")}
    below = [{"stop": limit[0], "top": y + 1.5, "label": limit[1]}] if limit else []
    layers = _layers("bars", {**at, **data, "limit": below})
    return Chart(title, layers, y - 8.5, (92, 4, 60, 24 if limit else 4))


def trace(  # noqa: PLR0913 - each is one plain fact
    heading: str,
    points: Sequence[Point],
    x: Axis,
    y: Axis,
    *,
    height: float,
    colour: str,
    changes: Sequence[float] = (),
    steps: bool = False,
    last: bool = False,
) -> Chart:
    """Return one line over time, under its heading; several of them share an axis.

    Parameters
    ----------
    changes
        When something happened: upright lines.
    steps
        A value lasts until the next.
    last
        It is the lowest of those that share an axis, and has the labels of it.
    """
    shown = {"labels": last, "ticks": last, "title": x.title if last else None}
    values = {
        "x": x.encode("x", **shown),
        "y": y.encode("y"),
        "changes": [{"x": each} for each in changes],
        "points": [
            {"x": each.x, "y": each.y, "text": f"{heading}\n{each.text}"} for each in points
        ],
        "interpolate": "step-after" if steps else "linear",
        "color": f"var(--{colour})",
        "heading": [{"label": heading}],
    }
    return Chart(heading, _layers("trace", values), height, (52, 20, 8, 38 if last else 6))


def swatch(style: LineStyle | None = None, *, colour: str = "", hatched: bool = False) -> str:
    """Return the mark of a legend: a line with its symbol, or a part of a bar."""
    fills = [f"var(--{colour})"] * bool(colour) + ["url(#hatch)"] * hatched
    values = {"line": [style.fields] if style else [], "part": [{"colour": fill} for fill in fills]}
    view = {"layer": _layers("swatch", values), "width": 34, "height": 12, "padding": 0}
    return _svg(view, "")
