"""Promised speeds, as ratios of medians of one interleaved run: met, level or missed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import figures
from .measure.results import level
from .screen import Row, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .measure.results import Results


@dataclass(frozen=True)
class Promise:
    """How one implementation compares with another, on every one of some payloads."""

    group: str
    name: str
    against: str
    encode: float | None
    """The bound; None: nothing is promised."""
    decode: float | None
    labels: tuple[str, ...]
    faster: bool = False
    """At least so many times faster, instead of at most so many times the other's time."""
    other: str | None = None
    """The other's payload, where it is not the same."""

    def bounds(self) -> Iterator[tuple[str, float | None]]:
        """Yield each operation and its bound."""
        yield "encode", self.encode
        yield "decode", self.decode

    def goal(self, bound: float) -> str:
        """Return the bound as text."""
        return f"{'≥' if self.faster else '≤'} {bound:g}x"

    def worst(self, results: Results, operation: str) -> tuple[float, float, str] | None:
        """Return ratio, noise and payload where it does worst; None if nothing was measured."""
        numbers = {case.label: number for number, case in enumerate(results.cases)}
        found = []
        for label in self.labels:
            ours = results.seconds(numbers[label], self.name, operation)
            other = results.seconds(numbers[self.other or label], self.against, operation)
            if ours and other:
                value = other / ours if self.faster else ours / other
                found.append((value, results.noise(numbers[label]), label))
        return (min if self.faster else max)(found, default=None)

    def verdict(self, value: float, noise: float, bound: float) -> str:
        """Return ``met``; ``level``, missed by less than the noise; or ``MISSED``."""
        if (value >= bound) if self.faster else (value <= bound):
            return "met"
        return "level" if level(value, bound, noise) else "MISSED"


def needed(
    promises: Sequence[Promise], able: Sequence[str], label: str, selected: Sequence[str] = ()
) -> tuple[str, ...]:
    """Return what must be measured on one payload, of what can be, for all or selected names."""
    found = []
    for promise in promises:
        if promise.name in (selected or able):
            if label in promise.labels:
                found += [promise.name, promise.against if promise.other is None else ""]
            if label == promise.other:
                found.append(promise.against)
    return tuple(name for name in dict.fromkeys(found) if name in able)


def table(results: Results, promises: Sequence[Promise]) -> Table:
    """Show each promise beside its measurement on the payload where it does worst."""
    made = Table("targets", ("encode", "target", "", "decode", "target", ""))
    group = ""
    for promise in promises:
        if promise.name not in results.implementations:
            continue
        if promise.group != group:
            group = promise.group
            made.rows.append(Row(group, style="group"))
        cells: list[str] = []
        for operation, bound in promise.bounds():
            if operation not in results.operations or bound is None:
                cells += ["", "", ""]
                continue
            found = promise.worst(results, operation)
            verdict = promise.verdict(*found[:2], bound) if found else "-"
            cells += [figures.ratio(found and found[0]), promise.goal(bound), verdict]
        made.rows.append(Row(promise.name, tuple(cells)))
    return made


def missed(results: Results, promises: Sequence[Promise]) -> list[str]:
    """Return which promises were not kept, by how much, and on which payload."""
    lines = []
    for promise in promises:
        for operation, bound in promise.bounds():
            found = promise.worst(results, operation)
            if bound and found and promise.verdict(*found[:2], bound) == "MISSED":
                lines.append(
                    f"{promise.name} {operation}, {promise.group}: {figures.ratio(found[0])} at"
                    f" {found[2]}, target {promise.goal(bound)}"
                )
    return lines
