"""Charts as Vega-Lite specifications, drawn by vl-convert: no browser, and no network.

A text of a run is only ever a value of a field, never a part of an expression. Colours are those of
the page, ``var(--k0)``: one drawing is right in light, in dark and on paper.

Source: https://vega.github.io/vega-lite/docs/spec.html
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from io import BytesIO
from math import ceil, floor, log10
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from bench.options import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

VERSION = "6.4"
"""Of Vega-Lite: the newest that the oldest supported vl-convert draws."""
WIDTH = 360
"""Of every chart, in its own pixels; the page scales it."""
GAP = 13
"""From one label of a line to the next."""
TIME = "replace(format(datum.value, '~s'), /[a-zµ]?$/, ' $&s')"
COUNT = "format(datum.value, ',')"
SHORT = "format(datum.value, '~s')"
NUMBER = re.compile(r"-?\d+\.\d+")
SVG = "{http://www.w3.org/2000/svg}"
CONFIG = {
    "background": None,
    "font": "Liberation Sans",
    "view": {"stroke": None},
    "text": {"fontSize": 11.5, "color": "var(--ink)", "baseline": "middle", "aria": False},
    "rule": {"aria": False},
    "axis": {
        "aria": False,
        "title": None,
        "labelOverlap": "greedy",
        "labelSeparation": 4,
        "domainColor": "var(--soft)",
        "tickColor": "var(--soft)",
        "gridColor": "var(--faint)",
        "labelColor": "var(--soft)",
        "titleColor": "var(--soft)",
        "titleFontWeight": "normal",
        "labelFontSize": 11.5,
        "titleFontSize": 11.5,
        "titlePadding": 5,
        "tickSize": 4,
        "labelFlush": False,
    },
    "axisY": {"domain": False, "ticks": False, "grid": True, "labelPadding": 5},
    "axisX": {"grid": False},
    "title": {
        "color": "var(--ink)",
        "subtitleColor": "var(--soft)",
        "anchor": "start",
        "subtitleFontSize": 12,
        "subtitlePadding": 5,
    },
}


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


SIZES = {"stroke": 8, "triangle-up": 56, "triangle-down": 56, "diamond": 62, "cross": 54}
"""Pixels of the marks that would look smaller than a circle of 40."""
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
class Annotation:
    """A place with a number, which is explained below the chart."""

    x: float
    y: float
    number: int


@dataclass(frozen=True)
class Dot:
    """A value in a row, its text for a reader, and what is written beside it."""

    value: float
    text: str
    style: LineStyle
    written: str = ""


@dataclass(frozen=True)
class Row:
    """A label, dots beside it, and values at the right; without dots it is a heading."""

    label: str
    dots: Sequence[Dot] = ()
    values: Sequence[str] = ()
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
        framed = {**self.named(), "padding": sides, "autosize": "none", "config": CONFIG}
        return _svg(json.dumps(framed), self.title)


def png(title: str, note: str, rows: Sequence[Sequence[tuple[str, Chart]]]) -> bytes:
    """Draw charts under their headings as one picture, in light colours."""
    import vl_convert
    from PIL import Image

    picture = {
        "title": {"text": title, "subtitle": note, "fontSize": 17, "offset": 16},
        "vconcat": [
            {
                "hconcat": [
                    {"title": {"text": heading, "offset": 8}, **chart.named(f"{y}{x}")}
                    for x, (heading, chart) in enumerate(row)
                ],
                "spacing": 24,
            }
            for y, row in enumerate(rows)
        ],
        "spacing": 12,
        "config": {**CONFIG, "background": "var(--page)"},
        "padding": 14,
    }
    css = Path(__file__).with_name("templates").joinpath("style.css").read_text("utf-8")
    colours = dict(re.findall(r"--([a-z0-9]+): ([^;]+);", css[: css.index("}")]))
    text = re.sub(r"var\(--([a-z0-9]+)\)", lambda found: colours[found[1]], json.dumps(picture))
    drawn = _draw(vl_convert.vegalite_to_png, text, scale=1.25)
    small = BytesIO()
    # A palette makes it a sixth of the bytes.
    Image.open(BytesIO(drawn)).convert("RGB").quantize(64).save(small, "PNG", optimize=True)
    return small.getvalue()


def _draw(convert: Callable[..., Any], specification: str, **options: Any) -> Any:
    """Draw a specification that may load nothing."""
    try:
        return convert(specification, VERSION, allowed_base_urls=[], **options)
    except ValueError as error:
        raise UsageError(f"vl-convert: {' '.join(str(error).split())}") from None


@lru_cache(maxsize=256)
def _svg(specification: str, title: str) -> str:
    """Draw a specification, without the parts that only its editor needs."""
    import vl_convert

    root = ET.fromstring(_draw(vl_convert.vegalite_to_svg, specification))  # noqa: S314 - what was just drawn
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
    told = element.attrib.pop("aria-label", None)
    if told and element.get("role") == "graphics-symbol":
        ET.SubElement(element, f"{SVG}title").text = told
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


def _layer(
    name: str, mark: str, data: Sequence[Mapping[str, Any]], encoding: Any, **more: Any
) -> dict[str, Any]:
    """Return a layer; its name becomes the class of what it draws, up to the first ``_``."""
    return {
        "name": name,
        "data": {"values": list(data)},
        "mark": {"type": mark, **more},
        "encoding": encoding,
    }


def _raw(field: str) -> dict[str, Any]:
    """Encode a field whose values need no scale: a colour, a shape, a dash."""
    return {"field": field, "type": "nominal", "scale": None, "legend": None}


def _pixel(field: str) -> dict[str, Any]:
    """Encode a field whose values are pixels."""
    return {"field": field, "type": "quantitative", "scale": None, "axis": None}


HIDDEN = {"labels": False, "ticks": False, "domain": False}
FAINT = {"color": "var(--faint)"}
MARK = {name: _raw(name) for name in ("fill", "stroke", "shape")} | {
    "strokeWidth": _raw("edge"),
    "size": _raw("size"),
    "description": {"field": "text"},
}


def lines(  # noqa: PLR0913 - each is one plain fact
    title: str,
    series: Sequence[Series],
    x: Axis,
    y: Axis,
    *,
    limit: Series | None = None,
    background: Sequence[Series] = (),
    annotations: Sequence[Annotation] = (),
) -> Chart:
    """Return lines with their names at their ends.

    Parameters
    ----------
    limit
        What hardly any line passes: the area below it is grey.
    background
        Lines without marks and names, for comparison.
    """
    shown = [each for each in (limit, *series) if each and each.points]
    height = max(250, GAP * len(shown) + 6)
    at = {"x": x.encode("x", titleColor="var(--soft)"), "y": y.encode("y")}
    layers = []
    if limit and limit.points:
        first, *_, last = [limit.points[0], *limit.points]
        edge = [(x.low, first.y), *((each.x, each.y) for each in limit.points), (x.high, last.y)]
        data = [{"x": left, "y": high, "low": y.low} for left, high in edge]
        area = {**at, "y2": {"field": "low"}}
        layers.append(_layer("limit_area", "area", data, area, color="var(--area)", aria=False))
    ghosts = [row for each in background for row in _points(each)]
    detail = {**at, "detail": {"field": "name", "type": "nominal"}}
    if ghosts:
        drawn = {"color": "var(--ghost)", "strokeWidth": 1, "aria": False}
        layers.append(_layer("background_line", "line", ghosts, detail, **drawn))
    hollow = [each for each in series if each.style.hollow]
    solid = [each for each in series if not each.style.hollow]
    groups = {"limit": [limit] if limit else [], "baselines": hollow, "codecs": solid}
    for name, members in groups.items():
        data = [row for each in members for row in _points(each)]
        if not data:
            continue
        drawn = {name: _raw(name) for name in ("colour", "dash", "width")}
        style = {"stroke": drawn["colour"], "strokeDash": drawn["dash"]}
        style |= {"strokeWidth": drawn["width"], "description": {"field": "name"}}
        layers.append(_layer(f"{name}_line", "line", data, detail | style))
        long = [row for row in data if y.share(row["high"]) - y.share(row["low"]) > 10 / height]
        if long:  # a shorter one is under its mark
            span = {"x": at["x"], "y": y.encode("low"), "y2": {"field": "high"}}
            layers.append(_layer(f"{name}_noise", "rule", long, span | {"color": drawn["colour"]}))
        layers.append(_layer(f"{name}_point", "point", data, at | MARK, opacity=1))
    if annotations:
        places = [{"x": each.x, "y": each.y, "label": f"{each.number}"} for each in annotations]
        ring = {"fill": "var(--page)", "stroke": "var(--ink)", "size": 170, "opacity": 1}
        bold = {"fontSize": 10, "fontWeight": "bold"}
        layers.append(_layer("annotation_ring", "point", places, at, aria=False, **ring))
        text = at | {"text": {"field": "label"}}
        layers.append(_layer("annotation_number", "text", places, text, **bold))
    layers += _names(shown, x, y, height)
    return Chart(title, layers, height, (46, 12, 106, 38))


def _points(series: Series) -> list[dict[str, Any]]:
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


def _names(shown: Sequence[Series], x: Axis, y: Axis, height: float) -> list[dict[str, Any]]:
    """Write each name beside the end of its line, with a thin line to it if it had to move."""
    width = WIDTH - 46 - 106
    ends = [height * (1 - y.share(each.points[-1].y)) for each in shown]
    data: list[dict[str, Any]] = [
        {
            "label": each.label,
            "colour": each.style.fields["colour"],
            "from": width * x.share(each.points[-1].x) + 6,
            "to": width + 11.0,
            "end": end,
            "place": place,
            "text": width + 14.0,
            "class": "baselines" if each.style.hollow else "codecs",
        }
        for each, end, place in zip(shown, ends, spread(ends, GAP, 6, height), strict=True)
    ]
    found = []
    for name in ("baselines", "codecs"):
        members = [each for each in data if each["class"] == name]
        if members:
            colour = {"color": _raw("colour")}
            leader = {"x": _pixel("from"), "x2": {"field": "to"}, "y": _pixel("end")}
            leader |= {"y2": {"field": "place"}} | colour
            label = {"x": _pixel("text"), "y": _pixel("place"), "text": {"field": "label"}}
            thin = {"strokeWidth": 0.7, "opacity": 0.55}
            found.append(_layer(f"{name}_leader", "rule", members, leader, **thin))
            found.append(_layer(f"{name}_name", "text", members, label | colour, align="left"))
    return found


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
    at = {"x": x.encode("value", grid=True, domain=False, ticks=False), "y": _pixel("y")}
    data: dict[str, list[dict[str, Any]]] = {}
    for place, row in enumerate(rows):
        y = step * (place + 0.5)
        label = {"x": 8 - left, "y": y, "label": row.label}
        data.setdefault("label_text" if row.dots else "heading_text", []).append(label)
        reach = [dot.value for dot in row.dots]
        for dot in reversed(row.dots):
            name = "baselines_point" if dot.style.hollow else "codecs_point"
            datum = {"value": dot.value, "y": y, "text": f"{row.name or row.label}\n{dot.text}"}
            data.setdefault(name, []).append(datum | dot.style.fields)
            # The lowest value is written before its dot; of two that are equal, the first.
            before = len(reach) > 1 and dot is row.dots[reach.index(min(reach))]
            side = "written_before" if before else "written_behind"
            data.setdefault(side, []).append(datum | {"label": dot.written})
        if len(reach) > 1:
            kind = "baselines_span" if row.dots[-1].style.hollow else "codecs_span"
            data.setdefault(kind, []).append({"value": min(reach), "to": max(reach), "y": y})
        for number, text in enumerate(reversed(row.values)):
            datum = {"x": WIDTH - left - 60 * number, "y": y, "label": text}
            data.setdefault("value_text", []).append(datum)
    written = any(dot.written for row in rows for dot in row.dots)
    label, soft = {"text": {"field": "label"}}, {"color": "var(--soft)"}
    bold = {"fontWeight": "bold"}
    free = {"x": _pixel("x"), "y": _pixel("y")} | label
    span = at | {"x2": {"field": "to"}}
    drawn: dict[str, tuple[str, Any, Any]] = {
        "limit_rule": ("rule", {"x": at["x"]}, soft),
        "baselines_span": ("rule", span, {"color": "var(--rule)", "strokeWidth": 1.5}),
        "codecs_span": ("rule", span, {"color": "var(--rule)", "strokeWidth": 1.5}),
        "baselines_point": ("point", at | MARK, {"opacity": 1}),
        "codecs_point": ("point", at | MARK, {"opacity": 1}),
        "label_text": ("text", free, {"align": "left"}),
        "heading_text": ("text", free, {"align": "left", "dx": -8, **bold}),
        "written_before": ("text", at | label, {"align": "right", "dx": -8, **soft}),
        "written_behind": ("text", at | label, {"align": "left", "dx": 8, **soft}),
        "value_text": ("text", free, {"align": "right"} | (bold if written else soft)),
    }
    if limit:
        data["limit_rule"] = [{"value": limit}]
    layers = [
        _layer(name, mark, data[name], encoding, **style)
        for name, (mark, encoding, style) in drawn.items()
        if data.get(name) and (written or not name.startswith("written"))
    ]
    return Chart(title, layers, step * len(rows), (left, 4, right, 24))


def bars(  # noqa: PLR0913 - each is one plain fact
    title: str,
    rows: Sequence[Bar],
    high: float,
    *,
    step: float = 17,
    thick: float = 11,
    limit: tuple[float, str] | None = None,
) -> Chart:
    """Return bars from zero on, in one part or stacked.

    Parameters
    ----------
    high
        The value as long as the whole axis.
    thick
        Pixels of a bar; `step` from one to the next.
    limit
        A line across all bars, and its label below them.
    """
    width, y = WIDTH - 92 - 60, 0.0
    x = Axis.from_zero(high)
    parts, labels, texts = [], [], []
    for bar in rows:
        y += 6 * bar.first
        start = 0.0
        for part in bar.parts:
            share = x.share(part.value) * width
            parts.append(
                {
                    "start": start,
                    "stop": start + part.value,
                    "label": part.inside,
                    "top": y + (step - thick) / 2,
                    "bottom": y + (step + thick) / 2,
                    "y": y + step / 2,
                    "middle": start + part.value / 2,
                    "colour": f"var(--{part.colour})",
                    "hatched": part.hatched,
                    "text": f"{bar.name or bar.label}\n{part.text}",
                    "room": share > 5.8 * len(part.inside) + 4,
                }
            )
            start += part.value
        soft = "var(--soft)" if bar.faded else "var(--ink)"
        labels.append(
            {
                "x": -76.0 if bar.nested else -84.0,
                "y": y + step / 2,
                "label": bar.label,
                "colour": soft,
            }
        )
        texts.append({"value": start, "y": y + step / 2, "label": bar.text})
        y += step
    at, label = {"x": x.encode("value", **HIDDEN), "y": _pixel("y")}, {"text": {"field": "label"}}
    reach = {"x": x.encode("start", **HIDDEN), "x2": {"field": "stop"}}
    reach |= {"y": _pixel("top"), "y2": {"field": "bottom"}}
    fill = reach | {"fill": _raw("colour"), "description": {"field": "text"}}
    free = {"x": _pixel("x"), "y": _pixel("y"), "color": _raw("colour")} | label
    inside = {"x": x.encode("middle", **HIDDEN), "y": _pixel("y")} | label
    white = {"color": "var(--page)", "fontSize": 10, "fontWeight": "bold"}
    hatch = {"fill": "url(#hatch)", "aria": False, "x2Offset": -1}
    layers = [
        _layer("bar_rect", "rect", parts, fill, x2Offset=-1),
        _layer("back_rect", "rect", [each for each in parts if each["hatched"]], reach, **hatch),
        _layer("label_text", "text", labels, free, align="left"),
        _layer("inside_text", "text", [each for each in parts if each["room"]], inside, **white),
        _layer("value_text", "text", texts, at | label, align="left", dx=6, color="var(--soft)"),
    ]
    if limit:
        mark = [{"value": limit[0], "label": limit[1], "y": y + 10}]
        line = {"color": "var(--soft)", "strokeWidth": 1.2}
        layers.append(_layer("limit_rule", "rule", mark, {"x": at["x"]}, **line))
        layers.append(_layer("limit_text", "text", mark, at | label, color="var(--soft)"))
    shown = [each for each in layers if each["data"]["values"]]
    return Chart(title, shown, y, (92, 4, 60, 24 if limit else 4))


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
    at = {"x": x.encode("x", **shown), "y": y.encode("y")}
    data = [{"x": each.x, "y": each.y, "text": f"{heading}\n{each.text}"} for each in points]
    color = {"color": f"var(--{colour})"}
    line = {"strokeWidth": 1.8, "interpolate": "step-after" if steps else "linear"}
    # Marks that nobody sees have the values for who points at them.
    unseen = {"filled": True, "opacity": 0, "size": 30}
    head = [{"label": heading}]
    text = {"x": {"value": 0}, "y": {"value": -9}, "text": {"field": "label"}}
    drawn = [
        _layer("change_rule", "rule", [{"x": each} for each in changes], {"x": at["x"]}, **FAINT),
        _layer("trace_line", "line", data, at, aria=False, **line, **color),
        _layer("trace_point", "point", data, at | {"description": {"field": "text"}}, **unseen),
        _layer("heading_text", "text", head, text, align="left", fontWeight="bold"),
    ]
    filled = [each for each in drawn if each["data"]["values"]]
    return Chart(heading, filled, height, (52, 20, 8, 38 if last else 6))


def swatch(style: LineStyle | None = None, *, colour: str = "", hatched: bool = False) -> str:
    """Return the mark of a legend: a line with its symbol, or a part of a bar."""
    at = {"x": {"value": 17}, "y": {"value": 6}}
    across = {"x": {"value": 1}, "x2": {"value": 33}}
    if style:
        fields = style.fields
        line = {"color": fields["colour"], "strokeWidth": fields["width"]}
        mark = {name: fields[name] for name in ("fill", "stroke", "shape")} | {"opacity": 1}
        mark |= {"size": fields["size"], "strokeWidth": fields["edge"], "aria": False}
        y = across | {"y": at["y"]}
        layers = [
            _layer("legend_rule", "rule", [{}], y, strokeDash=fields["dash"], **line),
            _layer("legend_point", "point", [{}], at, **mark),
        ]
    else:
        box = across | {"y": {"value": 0}, "y2": {"value": 12}}
        fills = [f"var(--{colour})", *["url(#hatch)"] * hatched]
        layers = [
            _layer(f"legend_rect{n}", "rect", [{}], box, fill=fill, aria=False)
            for n, fill in enumerate(fills)
        ]
    view = {"layer": layers, "width": 34, "height": 12, "padding": 0, "autosize": "none"}
    return _svg(json.dumps({**view, "config": CONFIG}), "")
