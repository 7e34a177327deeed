"""How often a call asks for memory, Python's objects and C's arenas alike, by memray."""

from __future__ import annotations

import sys
import tempfile
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


MARK = 1_000_003
"""Bytes that nobody else asks for: they part one call from the next in what memray recorded."""


def seen() -> bool:
    """Whether this can be counted here."""
    return find_spec("memray") is not None


def counts(call: Callable[[Any], Any], argument: Any, *, large: int, calls: int) -> tuple[int, int]:
    """Count the allocations of one call, and those of at least so many bytes.

    The least of a few calls, two at least: in the first, memray itself needs memory.
    """
    recorded = _sizes(call, argument, calls)
    mark = sys.getsizeof(bytes(MARK))
    marks = [place for place, size in enumerate(recorded) if size == mark]
    spans = [recorded[first + 1 : last] for first, last in pairwise(marks)]
    return min((len(span), sum(size >= large for size in span)) for span in spans)


def _sizes(call: Callable[[Any], Any], argument: Any, calls: int) -> list[int]:
    """Return the bytes of each allocation, in order, with a mark before and after each call."""
    from memray import AllocatorType, FileReader, Tracker

    freeing = {
        int(one) for one in (AllocatorType.FREE, AllocatorType.PYMALLOC_FREE, AllocatorType.MUNMAP)
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "calls"
        with Tracker(path, trace_python_allocators=True):
            # memray's hook would make a frame object for every function of Python.
            sys.setprofile(None)
            bytes(MARK)
            for _ in range(calls):
                call(argument)
                bytes(MARK)
        with FileReader(path) as reader:
            records = reader.get_allocation_records()
            sizes = [record.size for record in records if record.allocator not in freeing]
    return sizes
