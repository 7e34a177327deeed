"""What all modes have in common: they measure, show tables or CSV, and write a file."""

from __future__ import annotations

import csv
import sys
from abc import ABC, abstractmethod
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from ..interrupt import INTERRUPTED
from ..process import WorkerError
from . import records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence, Sized

    from ..screen import Progress, Screen
    from .options import Options
    from .records import Benchmark


class Mode(ABC):
    """One mode: it measures, and shows the results in each form.

    Attributes
    ----------
    found
        what was measured so far; it is kept when a run is interrupted.
    """

    columns: ClassVar[tuple[str, ...]]
    """Of the CSV."""
    found: Sized
    interrupted = False

    def __init__(self, options: Options) -> None:
        self.options = options

    @abstractmethod
    def measure(self, progress: Progress) -> None:
        """Measure, and add to `found`."""

    @abstractmethod
    def benchmarks(self) -> Iterable[Benchmark]:
        """Return what goes to the file."""

    @abstractmethod
    def rows(self) -> Iterable[Sequence[Any]]:
        """Return the rows of the CSV."""

    @abstractmethod
    def show(self, screen: Screen) -> None:
        """Write the tables."""

    def code(self) -> int:
        """Return the exit code, which depends on the results."""
        return 0

    def run(self, screen: Screen, progress: Progress) -> int:
        """Measure, show and write; return the exit code."""
        try:
            self.measure(progress)
        except KeyboardInterrupt:
            if not self.found:
                raise
            self.interrupted = True
        finally:
            progress.clear()
        with saving(self.options, self.benchmarks, interrupted=self.interrupted):
            if self.options.csv:
                writer = csv.writer(sys.stdout, lineterminator="\n")
                writer.writerow(self.columns)
                writer.writerows(self.rows())
            else:
                self.show(screen)
        code = self.code()
        return INTERRUPTED if self.interrupted else code


@contextmanager
def saving(
    options: Options, benchmarks: Callable[[], Iterable[Benchmark]], *, interrupted: bool
) -> Iterator[None]:
    """Write the file that was asked for; an error is raised after the block has shown the results.

    Raises
    ------
    WorkerError
        the file could not be written.
    """
    problem = ""
    if options.output:
        try:
            records.write(options, benchmarks(), options.output, interrupted=interrupted)
        except OSError as error:
            problem = f"-o {options.output}: {error.strerror or error}"
        except WorkerError as error:
            problem = str(error)
    yield
    if problem:
        raise WorkerError(problem)
