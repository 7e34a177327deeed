"""Folders of recorded requests: what is measured of them, and what their formats cost in all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING

import numpy as np

from .. import figures
from ..advice.wording import Entry
from ..implementations.protocols import PROTOCOLS, ROWS
from ..interrupt import UsageError
from ..measure.whole import as_recorded, mean_request
from ..payloads.arrays import WANTED
from ..payloads.files import PayloadError, load
from ..payloads.traffic import Traffic, read_traffic, shares
from . import plan

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..advice.advice import Advice
    from ..cli import Options
    from ..measure.results import Results
    from ..payloads.case import Case

ALONE = ("batch", "dtype", "links", "memory", "profile")
"""Options for one payload."""
NAMED, REASON = 3, 60
"""Unreadable files that are named, and the characters of each reason."""
KNOWN = 0.9
"""The share of the traffic whose form has to be measured for a comparison with it."""


@dataclass(frozen=True)
class Sample:
    """The arrays of some traffic that are measured."""

    traffic: Traffic
    cases: Sequence[Case]
    weights: Sequence[float]
    """How many arrays each of them stands for."""
    forms: Sequence[str]
    """The implementation that writes each as it was recorded; it may be none that is known."""

    @property
    def protocols(self) -> tuple[str, ...]:
        """The forms of whole messages that were recorded and can be measured."""
        return tuple(name for name in dict.fromkeys(self.forms) if name in PROTOCOLS)

    def mean(self, results: Results) -> Results:
        """Return the run of the mean request."""
        return mean_request(results, self.traffic, self.weights)

    def contents(self) -> Iterator[Entry]:
        """Yield what was recorded, a line for each of its sides."""
        traffic, arrays = self.traffic, self.traffic.arrays
        count = len(traffic.requests)
        text = f"{figures.counted(count, 'request')}, {figures.counted(len(arrays), 'array')}"
        if len(self.cases) < len(arrays):
            text += f"; {len(self.cases)} were measured, some of each form, dtype and size"
        text += ", each in a message of its own" * (len(arrays) > count)
        yield Entry("traffic", f"{text}.")
        if traffic.left_out:
            text = f"{figures.counted(traffic.left_out, 'file')} of so many were not read."
            yield Entry("left out", text)
        yield Entry("forms", shares(request.form for request in traffic.requests))
        yield Entry("bytes", _percentiles([request.size for request in traffic.requests]))
        yield Entry("dtypes", shares(array.dtype for array in arrays))
        yield Entry("shapes", shares(str(list(array.shape)) for array in arrays))
        if traffic.unreadable:
            named = [f"{name}: {_short(reason)}" for name, reason in traffic.unreadable[:NAMED]]
            more = len(traffic.unreadable) - len(named)
            text = "; ".join(named) + (f"; {more:,} more" if more else "")
            yield Entry("not read", f"{figures.counted(len(traffic.unreadable), 'file')}: {text}")

    def totals(self, results: Results, advice: Advice) -> Iterator[Entry]:
        """Yield what all requests cost as they came, and with the recommendation."""
        count = len(self.traffic.requests)
        seconds, known = as_recorded(results, self.weights, self.forms)
        for best in advice.best:
            text = (
                f"{figures.duration(count * best.seconds)} and {figures.size(count * best.bytes)}"
            )
            text = f"All requests take {text} with {best.codec}"
            if known >= KNOWN:
                size = sum(request.size for request in self.traffic.requests)
                text += f", {figures.duration(seconds)} and {figures.size(size)} as recorded"
            yield Entry("in all", f"{text}.")


def sample(options: Options) -> Sample | None:
    """Return what is measured of folders; None if no payload is one.

    Raises
    ------
    UsageError
        Nothing in them can be read, or an option is for one payload.
    """
    folders = [path for path in options.payload if Path(path).is_dir()]
    if not folders:
        return None
    for name in ALONE:
        if getattr(options, name):
            raise UsageError(f"expected files for --{name}, got the folder {folders[0]}")
    try:
        traffic = read_traffic(options.payload)
        chosen = traffic.sample()
        cases = [
            plan.user_case(options, array.path, array.name, load(array.path, array.name))
            for array, _ in chosen
        ]
    except PayloadError as error:
        raise UsageError(str(error)) from None
    forms = [ROWS if array.form == "tfserving/json" else array.form for array, _ in chosen]
    return Sample(traffic, plan.labelled(cases), [weight for _, weight in chosen], forms)


def _short(reason: str) -> str:
    """Return what a file is, without what was expected instead; whole words of it."""
    text = reason.removeprefix(WANTED).partition(";")[0]
    return shorten(text, REASON, placeholder=" ...")


def _percentiles(sizes: Sequence[int]) -> str:
    found = np.percentile(sizes, (50, 90, 99, 100))
    names = ("half of the requests have up to", "90 %", "99 %", "the largest")
    return ", ".join(
        f"{name} {figures.size(size)}" for name, size in zip(names, found, strict=True)
    )
