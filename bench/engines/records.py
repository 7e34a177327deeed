"""A run as a file: one JSON object.

``format`` is ``tensorwire engines`` and ``version`` is 1; it changes if a key changes its meaning.
``machine`` is what `bench.measure.machine` tells. Of each scenario there are its ``name``,
``title``, ``question``, the ``known`` result and its source, the ``seconds`` that it took, the
``notes``, what was ``missing`` or has ``failed`` (a reason; empty), the ``versions`` of its
libraries, and ``cells``: the fields of `bench.engines.scenario.Cell`, the metric by its name.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..command import command
from ..measure import machine
from ..measure.runfile import RunFileError
from .scenario import ARMS, METRICS, Cell, Known

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FORMAT, VERSION = "tensorwire engines", 1


@dataclass
class Result:
    """What became of one scenario."""

    name: str
    title: str
    question: str
    known: Known | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    """Of its libraries."""
    cells: list[Cell] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    missing: str = ""
    """Why it was skipped."""
    failed: str = ""
    seconds: float = 0.0


@dataclass
class Run:
    """What is in a file."""

    results: list[Result]
    quick: bool
    interrupted: bool = False
    machine: Mapping[str, Any] = field(default_factory=machine.recorded)
    date: str = field(default_factory=lambda: f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M:%S}")


def to_bytes(run: Run) -> bytes:
    """Return the file."""
    fields = {"format": FORMAT, "version": VERSION, **asdict(run)}
    for result in fields["results"]:
        for cell in result["cells"]:
            cell["metric"] = cell["metric"][0]
    return json.dumps(fields, indent=1).encode()


def claims(path: str) -> bool:
    """Whether this is such a file; one that cannot be read is not."""
    try:
        fields = json.loads(Path(path).read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(fields, dict) and fields.get("format") == FORMAT


def read(path: str) -> Run:
    """Read a file.

    Raises
    ------
    RunFileError
        It cannot be read, or holds no run of ``python -m bench.engines``: one line.
    """
    wanted = f"expected a run of {command('engines')}"
    try:
        fields = json.loads(Path(path).read_bytes())
        if fields.pop("format") != FORMAT:
            raise RunFileError(f"{path}: {wanted}, got another file")
        if (version := fields.pop("version")) != VERSION:
            raise RunFileError(f"{path}: {wanted} of version {VERSION}, got version {version}")
        results = [_result(each) for each in fields.pop("results")]
        return Run(results, **fields)
    except OSError as error:
        raise RunFileError(f"{path}: {error.strerror or error}") from None
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise RunFileError(f"{path}: {wanted}, got another: {reason}") from None


def _result(fields: dict[str, Any]) -> Result:
    known = fields.pop("known")
    cells = [_cell(each) for each in fields.pop("cells")]
    return Result(known=Known(*known) if known else None, cells=cells, **fields)


def _cell(fields: dict[str, Any]) -> Cell:
    metrics = {metric.name: metric for metric in METRICS}
    samples = fields.pop("samples")
    cell = Cell(metric=metrics[fields.pop("metric")], samples=_numbers(samples), **fields)
    if cell.arm not in ARMS:
        raise ValueError(f"{cell.arm!r} is no arm")
    return cell


def _numbers(values: Sequence[Any]) -> list[float]:
    found = [float(value) for value in values]
    if not found or not all(0 <= value < float("inf") for value in found):
        raise ValueError(f"{values!r} are no samples")
    return found
