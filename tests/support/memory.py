"""How much memory a call takes, by the allocator's own books."""

import gc
import tracemalloc
from collections.abc import Callable
from typing import Any


def peak(call: Callable[[], Any]) -> tuple[Any, int]:
    """Return what a call returns, and the most bytes that lived at once because of it."""
    gc.disable()  # or other tests' garbage would be collected, and counted, in the middle
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        result = call()
        return result, tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
        gc.enable()
