"""What a scenario is: a benchmark of the field, on an engine as it is and with tensorwire inside.

``scenarios/NAME.py`` has ``SCENARIOS``, a tuple. At its top it imports nothing but this module and
the standard library, for ``--list`` and ``--help`` read all of them; ``measure`` imports the rest,
such as `bench.engines.rounds`. What engines run is in ``apps``, which is on their path.

What ``measure`` yields is shown and written as it is:

- `Cell`: the samples of one arm of one case, one a round; rounds of all arms are interleaved.
  `bench.engines.rounds` has the loop, and the orders.
- a ``str``: a sentence to stand below the table, such as the batch sizes that were seen.

Within a case, the first metric that is yielded is the one on which the answer stands.

What goes wrong in ``measure`` is a `WorkerError`, or a `CheckError` for a wrong reply; the other
scenarios are measured all the same. Whatever `Context.start` started is ended after ``measure``,
and killed where ``measure`` takes longer than `LIMIT`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from ..process import WorkerError

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from .servers import Servers

__all__ = [
    "ARMS",
    "AS_IT_IS",
    "BY_HAND",
    "LATENCY",
    "LIMIT",
    "METRICS",
    "P99",
    "PINS",
    "RATE",
    "TOOK",
    "WITH_TENSORWIRE",
    "Cell",
    "Context",
    "Known",
    "Metric",
    "Scenario",
    "scenarios",
    "versions",
]

ARMS = AS_IT_IS, WITH_TENSORWIRE, BY_HAND = ("as it is", "with tensorwire", "by hand")
PINS = Path(__file__).with_name("pins")
LIMIT = 240.0
"""Seconds after which a scenario is ended; it is to take 180, and 40 with ``--quick``."""


class Metric(NamedTuple):
    """What is measured of a cell; its unit is ``s`` or ``/s``."""

    name: str
    unit: str
    more_is_better: bool


METRICS = RATE, LATENCY, P99, TOOK = (
    Metric("requests/s", "/s", more_is_better=True),
    Metric("median", "s", more_is_better=False),
    Metric("p99", "s", more_is_better=False),
    Metric("took", "s", more_is_better=False),
)


@dataclass(frozen=True)
class Cell:
    """What was measured of one arm of one case.

    Attributes
    ----------
    engine
        as its users call it: ``FastAPI``.
    case
        what differs from other cases of the engine: ``100,000 values, JSON``; at most 30
        characters, or the table does not fit.
    samples
        one a round; the n-th of all arms of a case are of the same round.
    failures, requests
        of all rounds: requests that failed, and all that were sent.
    """

    engine: str
    case: str
    arm: str
    metric: Metric
    samples: Sequence[float]
    failures: int = 0
    requests: int = 0


class Known(NamedTuple):
    """A result that was published, which is shown for its shape, and where it is from."""

    result: str
    source: str


@dataclass(frozen=True)
class Context:
    """What ``measure`` is given.

    Attributes
    ----------
    options
        of the command line, those of the scenario among them.
    interpreters
        of the environment of each of `Scenario.engines`.
    folder
        for files, which is removed afterwards.
    servers
        starts and ends engines.
    show_progress
        is told what is done now, and the share of the scenario that is done.
    """

    quick: bool
    options: Namespace
    interpreters: Mapping[str, str]
    folder: Path
    servers: Servers
    show_progress: Callable[[str, float], None]
    until: float = field(default_factory=lambda: monotonic() + LIMIT)

    def left(self) -> float:
        """Return the seconds that are left.

        Raises
        ------
        WorkerError
            There are none.
        """
        left = self.until - monotonic()
        if left <= 0:
            raise WorkerError("not done in time")
        return left


@dataclass(frozen=True)
class Scenario:
    """A benchmark of the field.

    Attributes
    ----------
    name
        as it is typed.
    title
        of the table, and of ``--list``.
    question
        that it answers, in one sentence.
    engines
        whose environments it needs: names of ``pins/ENGINE.txt``.
    libraries
        whose versions are shown: names of packages there.
    tools
        programs that it needs beside them: ``java``.
    packages
        that it needs in this Python: ``locust``.
    add_options
        adds options of its own to the command line.
    """

    name: str
    title: str
    question: str
    measure: Callable[[Context], Iterator[Cell | str]]
    engines: tuple[str, ...]
    libraries: tuple[str, ...]
    known: Known | None = None
    tools: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    add_options: Callable[[Any], None] | None = None


def scenarios() -> list[Scenario]:
    """Return all scenarios, in the order of their names."""
    folder, found = Path(__file__).with_name("scenarios"), []
    for each in iter_modules([str(folder)]):
        module = import_module(f"{__package__}.scenarios.{each.name}")
        found += module.SCENARIOS
    return sorted(found, key=lambda scenario: scenario.name)


def versions(scenario: Scenario) -> dict[str, str]:
    """Return the versions of the libraries of a scenario, which its engines pin."""
    lines = [
        line.partition("==")
        for engine in scenario.engines
        for line in (PINS / f"{engine}.txt").read_text("utf-8").splitlines()
    ]
    pins = {name.lower(): version for name, _, version in lines}
    return {library: pins[library] for library in scenario.libraries}
