"""What happened while workers came and went: three small plots on one axis of time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bench.report.markup import Markup, element, number
from bench.report.scales import Linear, Log, tick_time
from bench.report.serving_pairs import around
from bench.report.serving_words import tick_count
from bench.report.svg import WIDTH, line, picture, rule, rules, text, texts, told

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LEFT, RIGHT = 52, 352
WORKERS, RATE, SLOWEST = (22, 62), (88, 168), (194, 254)
"""Top and bottom of the three."""
HEIGHT = 292


class Stay(NamedTuple):
    """From when on there are so many workers, in seconds."""

    began: float
    workers: int
    told: str


class Moment(NamedTuple):
    """Some time: answers a second, and the slowest of them in seconds (0: there was none)."""

    began: float
    seconds: float
    rate: float
    slowest: float


def timeline(label: str, stays: Sequence[Stay], moments: Sequence[Moment]) -> Markup:
    """Draw workers, requests a second and the slowest request, one below the other."""
    end = max(each.began + each.seconds for each in moments)
    x = Linear(end, LEFT, RIGHT)
    changes = [x(each.began) for each in stays[1:]]
    return picture(
        WIDTH,
        HEIGHT,
        label,
        _time(x),
        rules([(at, WORKERS[0], at, SLOWEST[1]) for at in changes], "grid"),
        *_workers(stays, x, end),
        *_rates(moments, x),
        *_slowest(moments, x),
    )


def _workers(stays: Sequence[Stay], x: Linear, end: float) -> list[Markup]:
    top, bottom = WORKERS
    most = max(each.workers for each in stays)
    y = Linear(most, bottom, top)
    path, places = "", []
    ends = [*(each.began for each in stays[1:]), end]
    for stay, until in zip(stays, ends, strict=True):
        height = number(y(stay.workers))
        path += f"{'V' if path else f'M{number(x(stay.began))},'}{height}H{number(x(until))}"
        places.append((x((stay.began + until) / 2), y(stay.workers)))
    drawn = element("path", d=path, class_="line")
    return [
        _axis("workers", WORKERS, [(y(n), f"{n}") for n in dict.fromkeys((1, most))]),
        told("workers", [each.told for each in stays], places, drawn, class_="k4"),
    ]


def _rates(moments: Sequence[Moment], x: Linear) -> list[Markup]:
    top, bottom = RATE
    y = Linear(max(each.rate for each in moments) or 1.0, bottom, top)
    ticks = [(y(value), tick_count(value)) for value in y.ticks(3)]
    lines = [f"{each.rate:,.0f} requests/s {_when(each)}" for each in moments]
    places = [(_middle(each, x), y(each.rate)) for each in moments]
    return [_axis("requests/s", RATE, ticks), _line("requests/s", lines, places, "k1")]


def _slowest(moments: Sequence[Moment], x: Linear) -> list[Markup]:
    known = [each for each in moments if each.slowest]
    if not known:
        return []
    top, bottom = SLOWEST
    y = Log(*around([each.slowest for each in known]), bottom, top)
    ticks = [(y(value), tick_time(value)) for value in y.ticks()]
    places = [(_middle(each, x), y(each.slowest)) for each in known]
    lines = [f"slowest {_milliseconds(each.slowest)} {_when(each)}" for each in known]
    return [_axis("slowest", SLOWEST, ticks), _line("slowest request", lines, places, "k0")]


def _line(
    name: str, lines: Sequence[str], places: Sequence[tuple[float, float]], class_: str
) -> Markup:
    return told(name, lines, places, line(places), class_=class_)


def _middle(moment: Moment, x: Callable[[float], float]) -> float:
    return x(moment.began + moment.seconds / 2)


def _when(moment: Moment) -> str:
    return f"at {moment.began + moment.seconds / 2:.1f} s"


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:.1f} ms"


def _axis(title: str, ends: tuple[float, float], ticks: Sequence[tuple[float, str]]) -> Markup:
    top, bottom = ends
    parts = [text(LEFT, top - 9, title, "heading")]
    parts.append(rules([(LEFT, y, RIGHT, y) for y, _ in ticks], "grid"))
    parts.append(texts([(LEFT - 5, y + 4, written) for y, written in ticks], "tick end"))
    parts.append(rule(LEFT, bottom, RIGHT, bottom, "axis"))
    return element("g", *parts, aria_hidden="true")


def _time(x: Linear) -> Markup:
    bottom = SLOWEST[1]
    ticks = [(x(value), f"{value:g}") for value in x.ticks(6)]
    parts = [rules([(at, bottom, at, bottom + 4) for at, _ in ticks], "axis")]
    named = [(at, bottom + 17, written) for at, written in ticks]
    named.append(((LEFT + RIGHT) / 2, bottom + 33, "seconds"))
    parts.append(texts(named, "tick middle"))
    return element("g", *parts, aria_hidden="true")
