"""Scenarios one after another: what is missing, what failed, and what was measured."""

from __future__ import annotations

import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tensorwire.extras import lacking

from ..environments import InstallError, environment
from ..measure.check import CheckError
from ..process import WorkerError
from ..serving.clients import CallError
from .records import Result
from .scenario import LIMIT, PINS, Cell, Context, versions
from .servers import Servers

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable

    from ..screen import Progress
    from .scenario import Scenario

TOOLS = {
    "h2load": "e.g. apt install nghttp2-client",
    "java": "e.g. apt install default-jre-headless; Java 17 was tested",
}
"""Where a tool comes from that no Python package has."""


def run(
    scenario: Scenario,
    options: Namespace,
    progress: Progress,
    report: Callable[[str], None],
) -> Result:
    """Measure one scenario; what is missing or fails is in its result.

    Parameters
    ----------
    report
        is told of environments that are made, which takes long.

    Raises
    ------
    KeyboardInterrupt
        with what was measured until then as its ``args[0]``.
    """
    result = Result(scenario.name, scenario.title, scenario.question, scenario.known)
    interpreters = {}
    try:
        _require(scenario)
        for engine in scenario.engines:
            interpreters[engine] = environment(PINS / f"{engine}.txt", options.keep, report)
    except InstallError as error:
        return replace(result, missing=f"its environment cannot be made: {error}")
    except _MissingError as error:
        return replace(result, missing=str(error))
    result.versions = versions(scenario)
    began = time.monotonic()
    try:
        _measure(scenario, options, interpreters, result, progress)
    except (WorkerError, CheckError, CallError) as error:
        result.failed = str(error)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(result) from None
    finally:
        result.seconds = time.monotonic() - began
        progress.clear()
    return result


def _measure(
    scenario: Scenario,
    options: Namespace,
    interpreters: dict[str, str],
    result: Result,
    progress: Progress,
) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="tensorwire-") as name,
        Servers(interpreters, Path(name), LIMIT) as servers,
    ):
        progress.restart()
        context = Context(options.quick, options, interpreters, Path(name), servers, progress.show)
        for found in scenario.measure(context):
            if isinstance(found, Cell):
                result.cells.append(found)
            else:
                result.notes.append(found)


class _MissingError(Exception):
    """A tool or a package is not there: one line."""


def _require(scenario: Scenario) -> None:
    for tool in scenario.tools:
        if shutil.which(tool) is None:
            where = f"; {TOOLS[tool]}" if tool in TOOLS else ""
            raise _MissingError(f"{tool} is not installed{where}")
    if reason := lacking(f"the scenario {scenario.name}", *scenario.packages):
        raise _MissingError(reason)
