"""Values in lists or objects as deep as a test wants them, and callers as deep as that."""

import gc
from typing import Any


def nested(depth: int, core: Any = 1.5, *, named: bool = False) -> Any:
    """Return a value in so many lists, or objects of one member, ``a``."""
    gc.disable()  # it would look through all that lives, again and again
    try:
        for _ in range(depth):
            core = {"a": core} if named else [core]
    finally:
        gc.enable()
    return core


def under(frames: int, call: Any) -> Any:
    """Call a function with so many frames of a caller above it."""
    return call() if not frames else under(frames - 1, call)
