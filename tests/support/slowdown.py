"""A slowdown in one codec, on one payload: `tests.power` puts this into a copy of tensorwire.

It takes CPU time for a share of each call, and as little as can be of all other calls.
"""

from __future__ import annotations

from itertools import repeat
from time import process_time
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    Call = Callable[[Any], Any]

QUICK = 50e-6
"""Of a call below this, reading the clock would take a larger share than is planted."""


class Slower:
    """A codec whose one operation takes longer, where its argument has so many bytes."""

    def __init__(self, codec: Any, operation: str, size: int, share: float, argument: Any) -> None:
        self._codec = codec
        call = getattr(codec, operation)
        size_of: Callable[[Any], int] = _nbytes if operation == "encode" else len
        start = process_time()
        call(argument)
        if process_time() - start > 40 * QUICK or _least(lambda: call(argument)) > QUICK:
            setattr(self, operation, _waiting(call, size_of, size, share))
            return
        wanted = (1 + share) * _least(lambda: call(argument))
        # The text of this argument may be longer or shorter than that of the payload.
        bare, long = (_turning(call, size_of, size_of(argument), count) for count in (0, 1000))
        added = _least(lambda: bare(argument))
        turn = (_least(lambda: long(argument)) - added) / 1000
        turns = max(0, round((wanted - added) / turn))
        setattr(self, operation, _turning(call, size_of, size, turns))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._codec, name)


def plant(get: Call, cell: tuple[str, str, int], share: float, payload: tuple[Any, str]) -> Call:
    """Return ``get_codec`` with a slower codec: by its name, operation and bytes."""
    (name, operation, size), (shape, dtype) = cell, payload
    codec = get(name)
    array = (np.random.default_rng(1).random(shape) * 200).astype(dtype)
    argument = array if operation == "encode" else codec.encode(array)
    slower = Slower(codec, operation, size, share, argument)
    return lambda wanted: slower if wanted == name else get(wanted)


def _nbytes(argument: Any) -> int:
    return int(argument.nbytes)


def _waiting(call: Call, size_of: Call, size: int, share: float) -> Call:
    def slow(argument: Any) -> Any:
        start = process_time()
        result = call(argument)
        if size_of(argument) == size:
            end = process_time() + share * (process_time() - start)
            while process_time() < end:
                pass
        return result

    return slow


def _turning(call: Call, size_of: Call, size: int, count: int) -> Call:
    def slow(argument: Any) -> Any:
        result = call(argument)
        if size_of(argument) == size:
            for _ in repeat(None, count):  # each turn takes the same, unlike one of a range
                pass
        return result

    return slow


def _least(work: Callable[[], Any]) -> float:
    """Seconds of a call that nothing disturbs."""
    times = []
    for _ in range(300):
        start = process_time()
        for _ in range(20):
            work()
        times.append((process_time() - start) / 20)
    return min(times)
