"""What cost far more in this run than it needed to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.codecs.advice import best, describing
from bench.screen import figures

if TYPE_CHECKING:
    from bench.codecs.advice import Scores
    from bench.measuring.results import Results

TERRIBLE = 10
"""Times slower than the same job done well: worth a warning,"""
NOTICED = 1e-3
"""if it costs at least so many seconds more."""
WASTEFUL = 3
"""Times the bytes of the smallest body: worth a warning."""


def warnings(results: Results, case: int, scores: Scores) -> list[str]:
    """Name the choices to avoid for one payload, one line each."""
    label = results.cases[case].label
    return [*_objects(results, case), *_slow(scores, label), *_large(scores, label)]


def _objects(results: Results, case: int) -> list[str]:
    lines = []
    for name in results.ways:
        codec, _, style = name.partition(":")
        worst = []
        for operation in results.operations if style == "objects" else ():
            slow = results.seconds(case, name, operation)
            fast = results.seconds(case, codec, operation)
            if slow and fast and slow / fast >= TERRIBLE and slow - fast > NOTICED:
                factor = figures.ratio(slow / fast)
                worst.append(f"{operation} {figures.duration(slow)}, {factor} the codec's")
        if worst:
            label = results.cases[case].label
            lines.append(f"{codec} through Python objects ({label}): {'; '.join(worst)}")
    return lines


def _slow(scores: Scores, label: str) -> list[str]:
    names = describing(scores.codecs)
    found = best(scores, label, names)
    if not found:
        return []
    least = scores.seconds[label, found[0]]
    times = {name: scores.seconds.get((label, name), least) for name in names}
    slow = {
        name: seconds / least
        for name, seconds in times.items()
        if seconds / least >= TERRIBLE and seconds - least > NOTICED
    }
    if not slow:
        return []
    factor = figures.ratio(max(slow.values()))
    return [f"{', '.join(slow)} ({label}): up to {factor} the time of {found[0]}"]


def _large(scores: Scores, label: str) -> list[str]:
    known = {
        name: scores.sizes[label, name]
        for name in describing(scores.codecs)
        if (label, name) in scores.sizes
    }
    if not known:
        return []
    small = min(known, key=lambda name: known[name])
    large = [name for name in known if known[name] >= WASTEFUL * known[small]]
    if not large:
        return []
    factor = figures.ratio(max(known.values()) / known[small])
    return [f"{', '.join(large)} ({label}): up to {factor} the bytes of {small}"]
