"""One client that sends its next request when it has read and checked the reply to the last."""

from __future__ import annotations

import gc
import random
import time
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bench.measure.check import CheckError
from bench.measure.worker import settle
from bench.serving import models
from bench.serving.clients import Caller, Implementation, connect, implementation_of
from bench.serving.samples import Request, Size, read_timing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.serving.cells import Cell
    from bench.serving.samples import Samples

SETTLE = 0.15
"""The share of a burst in which nothing is recorded: connections, caches and clocks wake up."""


class Client(NamedTuple):
    """What it takes to send the requests of one cell."""

    array: Any
    expected: Any
    implementation: Implementation
    caller: Caller


def client_of(cell: Cell, port: int, answer: str) -> Client:
    """Connect to the server of a cell."""
    wanted = models.expected(cell, answer)
    return Client(
        models.payload(cell), wanted, implementation_of(cell), connect(cell.transport, port)
    )


def check(cell: Cell, got: Any, wanted: Any) -> None:
    """Raise CheckError if an answer is wrong: other values, or another shape."""
    if isinstance(got, (bytes, memoryview)):
        right = bytes(got) == wanted.tobytes()
    else:
        found = np.asarray(got)
        if found.dtype == np.uint8 and wanted.dtype != np.uint8:
            found = np.frombuffer(found.tobytes(), wanted.dtype).reshape(wanted.shape)
        right = found.shape == wanted.shape and bool((found == wanted).all())
    if not right:
        raise CheckError(f"{cell.name}: a wrong answer: {str(got)[:80]}")


def measure(  # noqa: PLR0913 - each is one plain fact
    samples: Samples,
    cells: Sequence[Cell],
    clients: dict[Cell, Client],
    *,
    seconds: float,
    rounds: int,
    progress: Callable[[float], None],
) -> None:
    """Give every cell a burst in every round, in a new order each time.

    The two sides of one kind stay next to each other, so that whatever else the machine does
    disturbs both alike.

    Raises
    ------
    CheckError
        an answer is wrong.
    CallError
        a request was not answered.
    """
    order = random.Random(20)  # noqa: S311 - order only
    pairs: dict[tuple[Any, ...], list[Cell]] = {}
    for cell in cells:
        pairs.setdefault(cell[:4], []).append(cell)
    ends = time.monotonic() + seconds
    total, done = rounds * len(cells), 0
    settle()
    try:
        for _ in range(rounds):
            for pair in order.sample(list(pairs.values()), len(pairs)):
                for cell in order.sample(pair, len(pair)):
                    # A slow cell takes time from the others, not from the person who waits.
                    burst = max(0.0, ends - time.monotonic()) / (total - done)
                    samples.rounds[cell].append(_burst(cell, clients[cell], burst, samples))
                    done += 1
                    progress(done / total)
                gc.collect()
    finally:
        gc.enable()


def _burst(cell: Cell, client: Client, seconds: float, samples: Samples) -> list[Request]:
    array, wanted, implementation, caller = client
    began = perf_counter()
    recorded: list[Request] = []
    while True:
        start = perf_counter()
        body = implementation.encode(array)
        sent = perf_counter()
        reply = caller.call(body)
        received = perf_counter()
        value = implementation.decode(reply.body)
        end = perf_counter()
        check(cell, value, wanted)
        if start - began >= seconds * SETTLE:
            parts = read_timing(reply.timing)
            recorded.append(Request(sent - start, received - sent, end - received, parts))
        if perf_counter() - began >= seconds and recorded:
            samples.sizes[cell] = Size(len(body), len(reply.body))
            return recorded
