"""How long a peer and we take for the same message, in turn: rounds there, rounds here."""

from __future__ import annotations

import gc
import time
from contextlib import contextmanager
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bench.payloads.case import IMAGE, Case, build
from interop.cases import CONTENTS, PLAIN
from interop.implementations import WAYS
from interop.process import PeerError, Refusal
from interop.workers.loop import line, time_calls
from interop.workers.tensors import from_value, to_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from interop.cases import Content
    from interop.process import PeerProcess
    from interop.workers.tensors import Tensor

__all__ = ["FOUR_MB", "PAYLOADS", "Speed", "in_turn", "speeds"]

FOUR_MB = "4 MB of float32"
PAYLOADS = (
    Case("one value", "peers", (1, 1), "float64", "normal", series=False),
    Case("100,000 float64", "peers", (10_000, 10), "float64", "normal", series=False),
    Case(FOUR_MB, "peers", (1_000, 1_000), "float32", "normal", series=False),
    Case("an image of uint8", "peers", IMAGE, "uint8", "image", series=False),
)
CLIENTS = ("triton",)
"""They write requests and read replies; the others serve, and read requests and write replies."""

BUDGET = 0.15e9
"""Nanoseconds for the calls of either side that one cell should take, and the pipe between."""
SLOW = 0.25e9
"""A call that takes longer is made twice, others at least three times."""
ROUNDS, CALLS = 10, 100
"""At most so many rounds to a cell, and calls to a round."""


class Speed(NamedTuple):
    """What one operation of one way took for one payload."""

    peer: str
    way: str
    payload: str
    operation: str
    theirs: Sequence[int] = ()
    """Nanoseconds of each call."""
    ours: Sequence[int] = ()
    sizes: tuple[int, int] | None = None
    """Bytes that they wrote, and we; None where nothing is written."""
    reason: str = ""
    """Why it was not timed."""

    @property
    def ratio(self) -> float | None:
        """Our time over theirs, by medians."""
        return None if self.reason else median(self.ours) / median(self.theirs)


def speeds(peer: PeerProcess) -> Iterator[Speed]:
    """Time every way of a peer that carries arrays of numbers, for every payload."""
    with _without_garbage():
        for payload in PAYLOADS:
            tensor = from_value("0", build(payload))
            for way, able in peer.ways.items():
                if not _for_numbers(CONTENTS[WAYS[peer.peer, way].content]):
                    continue
                for operation in ("encode", "decode"):
                    side = _side(peer.peer, operation, able)
                    if side:
                        yield _speed(peer, way, payload.label, (operation, side), tensor)


def _for_numbers(content: Content) -> bool:
    """Whether a way can carry an array of numbers by itself."""
    return "float64" in content.dtypes and not content.beside


def _side(peer: str, operation: str, able: Sequence[tuple[str, str]]) -> str:
    """Choose what a peer does in its own part; a TensorProto by itself has one side."""
    first = (operation == "encode") == (peer in CLIENTS)
    sides = ("request", "response") if first else ("response", "request")
    return next((side for side in sides if (operation, side) in able), "")


def _speed(
    peer: PeerProcess, way: str, payload: str, call: tuple[str, str], tensor: Tensor
) -> Speed:
    """Check that both sides can do it, then time both."""
    operation, side = call
    ours, found = WAYS[peer.peer, way].ours, Speed(peer.peer, way, payload, operation)
    try:
        own = ours.encode(side, [tensor], PLAIN)
        if operation == "encode":
            spoken = peer.encode(way, side, [tensor], PLAIN)
            found = found._replace(sizes=(len(spoken.body), len(own.body)))
            read, _ = ours.decode(side, spoken) if ours.shared else peer.decode(way, side, spoken)
            theirs = partial(peer.time_encode, way, side, [tensor], PLAIN)
            mine = ours.writing(side, [tensor], PLAIN)
        else:
            spoken = own if ours.shared else peer.encode(way, side, [tensor], PLAIN)
            read, _ = peer.decode(way, side, spoken)
            theirs = partial(peer.time_decode, way, side, spoken)
            mine = ours.reading(side, own)
        if not _alike(read, tensor):
            return found._replace(sizes=None, reason="other values")
        times = in_turn(theirs, mine)
    except Refusal as error:
        return found._replace(reason=str(error))
    except PeerError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever we raise, it is to be reported
        return found._replace(sizes=None, reason=f"ours: {line(error)}")
    return found._replace(theirs=times[0], ours=times[1])


def _alike(read: Sequence[Tensor], tensor: Tensor) -> bool:
    """Compare values; not every way keeps dtype and shape, and what it must keep is tried apart."""
    expected = to_value(tensor).ravel()
    found = [to_value(each).ravel().astype(expected.dtype) for each in read]
    return len(found) == 1 and np.array_equal(found[0], expected)


def in_turn(
    theirs: Callable[[int], list[int]],
    ours: Callable[[], object],
    clock: Callable[[], int] = time.perf_counter_ns,
) -> tuple[list[int], list[int]]:
    """Time calls there and here in rounds; the slower they are, the fewer.

    The budget is spent by the calls, and by the pipe to the other process. The collection of
    garbage before each round is not counted: it takes as long as this process has objects.
    """
    taken: tuple[list[int], list[int]] = [], []
    waited = rounds = spent = 0
    least = 3
    while rounds < ROUNDS and (rounds < least or spent < BUDGET):
        start = clock()
        taken[0].extend(theirs(_calls(taken[0])))
        waited += clock() - start
        taken[1].extend(time_calls(ours, _calls(taken[1]), clock))
        spent = max(sum(taken[0]), waited) + sum(taken[1])
        rounds += 1
        if rounds == 1 and spent > SLOW:
            least = 2
    return taken


def _calls(taken: list[int]) -> int:
    """Say how many fill a round, by the quickest so far: any other may have been interrupted."""
    if not taken:
        return 1
    return max(1, min(CALLS, int(BUDGET / 2 / ROUNDS / max(min(taken), 1))))


@contextmanager
def _without_garbage() -> Iterator[None]:
    """Have no collection look at what is there already, as in the workers."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
