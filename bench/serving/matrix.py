"""Mode ``latency``: the format matrix, by one client that checks each reply before it goes on."""

from __future__ import annotations

import gc
import random
import time
from itertools import groupby
from statistics import fmean
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .. import figures
from ..measure import machine
from ..measure.check import CheckError
from ..measure.worker import settle
from ..screen import Row, Table
from . import models, records, targets
from .cells import OBJECTS, OURS, REST, known
from .clients import Caller, Implementation, connect, implementation_of
from .mode import Mode
from .objects import server_name
from .processes import Processes, recording
from .samples import (
    FEW,
    PERCENTILES,
    SHARES,
    Matrix,
    Request,
    Samples,
    Size,
    percentile,
    read_timing,
)
from .servers import Servers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ..screen import Progress, Screen
    from .cells import Cell
    from .options import Options
    from .records import Benchmark

ROUNDS, QUICK_ROUNDS = 5, 3
SETTLE = 0.15
"""The share of a burst in which nothing is recorded: connections, caches and clocks wake up."""
TIMES_NOTE = (
    "From the client's array to the client's array, one client in a closed loop; out and in: bytes"
    " of its body and of the reply's. known: what the Seldon wrapper's own benchmark published, on"
    " another machine and with ready-made bodies."
)
SHARES_NOTE = (
    "Where the middle half of the requests spent their time. wire: both transports, the kernel,"
    " and whatever the server does that is none of decode, model and encode."
)
GAINS_NOTE = (
    "whole: each client in its server's way. call: from the last byte of encoding to the"
    " reply, as a load tool with ready-made bodies would see it. Medians over rounds."
)


class Client(NamedTuple):
    """The client of one cell."""

    array: Any
    expected: Any
    implementation: Implementation
    caller: Caller


class Latency(Mode):
    """In every round each cell has a burst of requests, in a new order."""

    columns = (
        *("transport", "method", "values", "kind", "side", "requests"),
        *("p50_s", "p90_s", "p99_s", "requests_per_s", "call_p50_s", "bytes_out", "bytes_in"),
        *(f"{name.replace(' + ', '_').replace(' ', '_')}_share" for name in SHARES),
        *("known_s", "objects_ratio", "objects_ratio_noise"),
    )

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.cells = options.choice.cells()
        self.samples = Samples()
        self.found = self.samples.rounds

    def measure(self, progress: Progress) -> None:
        """Start the servers, and send requests to all of them in turn."""
        answer = self.options.answer
        with Processes() as processes:
            progress.show("starting", 0.0)
            servers = Servers(processes, self.cells, answer)
            clients = {
                cell: Client(
                    models.payload(cell),
                    models.expected(cell, answer),
                    implementation_of(cell),
                    connect(cell.transport, servers.port(cell)),
                )
                for cell in self.cells
            }
            progress.restart()
            try:
                with recording(self.options.flames, servers.by_name()):
                    self._measure(clients, lambda share: progress.show("measuring", share))
            except Exception:
                servers.check()  # that a server has ended explains more
                raise
            finally:
                for client in clients.values():
                    client.caller.close()

    def _measure(self, clients: dict[Cell, Client], progress: Callable[[float], None]) -> None:
        """Measure the two sides of a kind one after the other.

        Other load on the machine then disturbs both.
        """
        order = random.Random(20)  # noqa: S311 - order only
        pairs: dict[tuple[Any, ...], list[Cell]] = {}
        for cell in self.cells:
            pairs.setdefault(cell[:4], []).append(cell)
        ends = time.monotonic() + self.options.seconds
        rounds = QUICK_ROUNDS if self.options.quick else ROUNDS
        total, done = rounds * len(self.cells), 0
        settle()
        try:
            for _ in range(rounds):
                for pair in order.sample(list(pairs.values()), len(pairs)):
                    for cell in order.sample(pair, len(pair)):
                        # A slow cell shortens the bursts of the others, not the run.
                        seconds = max(0.0, ends - time.monotonic()) / (total - done)
                        burst, self.samples.sizes[cell] = _burst(cell, clients[cell], seconds)
                        self.samples.rounds[cell].append(burst)
                        done += 1
                        progress(done / total)
                    gc.collect()
        finally:
            gc.enable()

    def benchmarks(self) -> Iterator[Benchmark]:
        """Return a benchmark per cell."""
        return records.matrix_benchmarks(self.samples.matrix())

    def rows(self) -> Iterator[Sequence[Any]]:
        """Return a line per cell: seconds and plain numbers, nothing where unknown."""
        matrix = self.samples.matrix()
        for cell in self.cells:
            found = matrix.cells.get(cell)
            if found is None:
                continue
            whole = found.whole()
            times = (percentile(whole, each) for each in PERCENTILES)
            ratio = matrix.gain(cell) if cell.side == OURS else None
            yield (
                *(*cell, len(whole)),
                *(f"{figure:.6g}" for figure in (*times, 1 / fmean(whole), found.call_median)),
                *found.size,
                *("" if share is None else f"{share:.4f}" for share in found.shares),
                known(cell) or "",
                *([f"{value:.4g}" for value in ratio] if ratio else ("", "")),
            )

    def show(self, screen: Screen) -> None:
        """Write the tables, and which promises were not kept."""
        matrix = self.samples.matrix()
        if not self.options.quiet:
            facts = machine.facts() | {name: machine.version_of(name) for name in records.SERVERS}
            screen.line(", ".join(f"{name} {value}" for name, value in facts.items()), "note")
            notes = ["Interrupted: this is what was measured until then."] * self.interrupted
            for note in [*machine.warnings(), *notes]:
                screen.line(note, "warning")
            screen.table(times_table(matrix, self.cells))
            screen.table(shares_table(matrix, self.cells))
            screen.line()
            screen.line(self._legend(), "note")
        screen.table(gains_table(matrix, self.cells))
        screen.line()
        for line in targets.advice(matrix, self.cells):
            screen.line(line)
        for line in targets.missed(matrix, self.cells):
            screen.line(f"MISSED {line}.", "warning")

    def _legend(self) -> str:
        model = {
            "sum": "Predict answers with the sum of the values, predict_raw with [1]",
            "echo": "The model answers with what it got",
        }[self.options.answer]
        text = f"{model}; every answer was checked. ? fewer than 100 requests."
        if any(cell.side == OBJECTS for cell in self.cells):
            text += " objects: protobuf objects in a typed gRPC servicer, JSON through Flask"
            rest = any(cell.transport == REST for cell in self.cells)
            text += f" on {server_name()}." if rest else "."
        return text


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


def _burst(cell: Cell, client: Client, seconds: float) -> tuple[list[Request], Size]:
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
            return recorded, Size(len(body), len(reply.body))


def rows_of(cells: Iterable[Cell], line: Callable[[Cell], tuple[str, ...] | None]) -> list[Row]:
    """Make a row for each cell that has a line, under headings."""
    rows: list[Row] = []
    for group, members in groupby(cells, key=lambda cell: cell.group):
        made = [
            Row(cell.kind, text)
            if cell.side == OURS
            else Row(f"{cell.kind}, objects", text, "baseline")
            for cell in members
            if (text := line(cell))
        ]
        if made:
            rows += [Row(group, style="group"), *made]
    return rows


def times_table(matrix: Matrix, cells: Sequence[Cell]) -> Table:
    """Return percentiles, requests a second, and bytes."""

    def line(cell: Cell) -> tuple[str, ...] | None:
        found = matrix.cells.get(cell)
        if found is None:
            return None
        taken = found.whole()
        p50, p90, p99 = (figures.duration(percentile(taken, each)) for each in PERCENTILES)
        return (
            p50,
            p90,
            p99 + ("?" if len(taken) < FEW else " "),
            figures.three_digits(1 / fmean(taken)),
            *map(figures.size, found.size),
            figures.duration(known(cell)),
        )

    columns = ("p50", "p90", "p99 ", "req/s", "out", "in", "known")
    return Table("Requests", columns, rows_of(cells, line), note=TIMES_NOTE)


def shares_table(matrix: Matrix, cells: Sequence[Cell]) -> Table:
    """Return the shares of a request."""

    def line(cell: Cell) -> tuple[str, ...] | None:
        found = matrix.cells.get(cell)
        if found is None:
            return None
        return tuple("-" if share is None else figures.percent(share) for share in found.shares)

    columns = ("c.encode", "wire", "s.decode", "model", "s.encode", "c.decode")
    title = "Where the time goes (c: client, s: server)"
    return Table(title, columns, rows_of(cells, line), note=SHARES_NOTE)


def gains_table(matrix: Matrix, cells: Sequence[Cell]) -> Table:
    """Return how many times as fast as the object way each cell is, and the target."""

    def line(cell: Cell) -> tuple[str, ...] | None:
        whole, call = matrix.gain(cell), matrix.gain(cell, call=True)
        if cell.side != OURS or whole is None or call is None:
            return None
        bound = targets.target_of(cell)
        return (
            figures.ratio(whole[0]),
            figures.percent(whole[1]),
            "" if bound is None else f"≥ {bound:g}x",
            "" if bound is None else targets.verdict(whole, bound),
            figures.ratio(call[0]),
        )

    columns = ("whole", "noise", "target", "", "call")
    title = "Times as fast as the object way"
    return Table(title, columns, rows_of(cells, line), note=GAINS_NOTE)
