"""Mode ``floor``: our server beside a bare echo on the same transport, requests of one value."""

from __future__ import annotations

import tempfile
from contextlib import closing
from itertools import groupby, product
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import psutil

import tensorwire as tw
from tensorwire.cli.load_tools import route

from .. import figures
from ..measure.check import CheckError
from ..process import module
from ..screen import Row, Table
from . import bare, loadgen
from .cells import GRPC, REST
from .clients import connect, name_of
from .loadgen import Target
from .mode import Mode
from .processes import Process, Processes, recording

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ..screen import Progress, Screen
    from .options import Options
    from .records import Benchmark

CLIENTS, QUICK_CLIENTS = (1, 8, 16), (8,)
ROUNDS, QUICK_ROUNDS = 5, 3
OVERHEAD = 0.25
"""Seconds in which a load tool starts and ends."""
LEAST = 0.2
TICK = 0.01
"""Seconds of CPU that the system tells apart."""
BARE, ZERO_COPY = "bare", "bare, zero copy"
ARMS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    REST: {
        BARE: ("asgi",),
        "bare, in a thread": ("thread",),
        "ours": ("ours", "echo"),
        "ours, a model": ("ours", "model"),
    },
    GRPC: {BARE: ("grpc",), "ours": ("ours", "echo"), "ours, a model": ("ours", "model")},
}
"""The servers of each transport: the first is the one that the others are compared with."""
NOTE = (
    "bare: an ASGI callable on uvicorn, or a generic handler of grpcio, that returns the body. The"
    " others: requests/s as a share of its, and below by the CPU time of the servers, which other"
    " programs disturb less; medians of rounds in which all had their turn."
)
NO_ZERO_COPY = f"the installed grpcio has no experiment {bare.ZERO_COPY}: no row of it."


class Small(NamedTuple):
    """A request of one value, in one form."""

    transport: str
    protocol: str
    label: str
    body: bytes


def requests(transports: Sequence[str], kinds: Sequence[str]) -> Iterator[Small]:
    """Return the requests: Seldon's kinds, and the Open Inference Protocol."""
    value = np.array([[1.5]])
    for transport in transports:
        container = "json" if transport == REST else "protobuf"
        for kind in kinds:
            codec = tw.get_codec(f"{container}/{kind}")
            yield Small(transport, "seldon", f"{container}/{kind}", codec.encode(value))
        name = name_of(transport, "oip")
        message = tw.oip.InferRequest([tw.oip.InferTensor("x", value)], "model")
        made = tw.get_protocol(name).encode(message)
        yield Small(transport, "oip", name, made[0])


class Run(NamedTuple):
    """Requests a second, and a second over the CPU seconds of the server for one of them."""

    rate: float
    by_cpu: float


class Floor(Mode):
    """In every round each request goes to each server once, with each number of clients."""

    columns = (
        *("transport", "form", "server", "clients"),
        *("requests_per_s", "cpu_s", "ratio", "low", "high", "cpu_ratio"),
    )

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        choice = options.choice
        self.requests = list(requests(choice.transports, choice.kinds))
        self.counts = QUICK_CLIENTS if options.quick else CLIENTS
        self.found: dict[tuple[Small, str, int], list[Run]] = {}
        self.arms = {transport: dict(ARMS[transport]) for transport in choice.transports}
        if GRPC in self.arms and bare.has_zero_copy():
            self.arms[GRPC][ZERO_COPY] = ("grpc",)

    def measure(self, progress: Progress) -> None:
        """Load each server in turn."""
        options = self.options
        rounds = QUICK_ROUNDS if options.quick else ROUNDS
        tools = {
            transport: loadgen.choose(options.tool, grpc=transport == GRPC)
            for transport in self.arms
        }
        runs = [
            (request, count, arm)
            for request, count in product(self.requests, self.counts)
            for arm in self.arms[request.transport]
        ]
        total = len(runs) * rounds
        seconds = max(LEAST, (options.seconds / total - OVERHEAD) / (1 + loadgen.WARM_UP))
        with tempfile.TemporaryDirectory(prefix="tensorwire-") as name, Processes() as processes:
            progress.show("starting", 0.0)
            servers = self._start(processes)
            self._check(servers)
            progress.restart()
            with recording(options.flames, _by_name(servers)):
                for done, (_, (request, count, arm)) in enumerate(product(range(rounds), runs)):
                    server = servers[request.transport, arm]
                    port = server.ports[request.transport.lower()]
                    path = route(name_of(request.transport, request.protocol), "model").path
                    url = f"http://127.0.0.1:{port}{path}"
                    target = Target(url, request.transport == GRPC, request.body, Path(name))
                    used = _used(server)
                    load = tools[request.transport](target, count, seconds)
                    used = _used(server) - used
                    if load.failed:
                        raise CheckError(f"{request.label}, {arm}: {load.failed} requests failed")
                    calls = load.rate * load.seconds * (1 + loadgen.WARM_UP)
                    run = Run(load.rate, calls / max(used, TICK))
                    self.found.setdefault((request, arm, count), []).append(run)
                    progress.show("measuring", (done + 1) / total)

    def _start(self, processes: Processes) -> dict[tuple[str, str], Process]:
        """Start each server once; ours answers on both transports."""
        started: dict[tuple[str, ...], Process] = {}
        servers = {}
        for transport, arms in self.arms.items():
            for arm, words in arms.items():
                how = {"GRPC_EXPERIMENTS": bare.ZERO_COPY} if arm == ZERO_COPY else {}
                key = (*words, *how)
                if key not in started:
                    started[key] = processes.start(module(bare.__name__, *words), how)
                servers[transport, arm] = started[key]
        for process in started.values():
            process.ready()
        return servers

    def _check(self, servers: Mapping[tuple[str, str], Process]) -> None:
        """Ask each server once: each returns the value that it got."""
        for request in self.requests:
            name = name_of(request.transport, request.protocol)
            protocol = tw.get_protocol(name)
            for arm in self.arms[request.transport]:
                port = servers[request.transport, arm].ports[request.transport.lower()]
                with closing(connect(request.transport, port, request.protocol)) as caller:
                    body = caller.call(request.body).body
                if arm.startswith(BARE):
                    good = body == request.body
                else:
                    good = _value(protocol.decode(body, type=protocol.response)) == 1.5
                if not good:
                    raise CheckError(f"{request.label}, {arm}: a wrong answer")

    def ratios(self, request: Small, arm: str, count: int) -> tuple[list[float], float]:
        """Compare a server with the bare one: of each round, in ascending order, and by CPU."""
        runs, floor = (self.found.get((request, each, count), []) for each in (arm, BARE))
        rates = sorted(run.rate / least.rate for run, least in zip(runs, floor, strict=False))
        if not rates:
            return [], 0.0
        return rates, median(run.by_cpu for run in runs) / median(run.by_cpu for run in floor)

    def benchmarks(self) -> Iterator[Benchmark]:
        """Return nothing: this mode writes no file."""
        return iter(())

    def rows(self) -> Iterator[Sequence[Any]]:
        """Return a line per request, server and number of clients."""
        for (request, arm, count), runs in self.found.items():
            rates, by_cpu = self.ratios(request, arm, count)
            if rates:
                numbers = (
                    *(median(run.rate for run in runs), 1 / median(run.by_cpu for run in runs)),
                    *(median(rates), rates[0], rates[-1], by_cpu),
                )
                texts = (f"{value:.4g}" for value in numbers)
                yield (request.transport, request.label, arm, count, *texts)

    def show(self, screen: Screen) -> None:
        """Write the table."""
        columns = tuple(f"{each} client{'s' * (each > 1)}" for each in self.counts)
        table = Table("Beside a bare echo, one value", columns, note=NOTE)
        for transport, members in groupby(self.requests, key=lambda request: request.transport):
            for request in members:
                table.rows.append(Row(f"{transport} {request.label}", style="group"))
                for arm in self.arms[transport]:
                    table.rows += self._rows(request, arm)
        screen.table(table)
        if not self.options.quiet and GRPC in self.arms and ZERO_COPY not in self.arms[GRPC]:
            screen.line()
            screen.line(NO_ZERO_COPY, "warning")

    def _rows(self, request: Small, arm: str) -> list[Row]:
        """Return the rows of a server; the second has its CPU time."""
        cells, shares = [], []
        for count in self.counts:
            rates, by_cpu = self.ratios(request, arm, count)
            runs = self.found.get((request, arm, count), [])
            if not rates:
                cells.append("-")
                shares.append("-")
            elif arm == BARE:
                cells.append(f"{figures.three_digits(median(run.rate for run in runs))}/s")
                shares.append(figures.duration(1 / median(run.by_cpu for run in runs)))
            else:
                cells.append(figures.ratio(median(rates)))
                shares.append(figures.ratio(by_cpu))
        style = "baseline" if arm == BARE else "codec"
        return [Row(arm, tuple(cells), style), Row("  by CPU time", tuple(shares), style)]


def _used(server: Process) -> float:
    """Return the CPU seconds that a server has taken."""
    times = psutil.Process(server.pid).cpu_times()
    return float(times.user + times.system)


def _value(reply: Any) -> float:
    """Read the one value of a reply of any protocol."""
    value = reply.value if hasattr(reply, "value") else reply.outputs[0].value
    return float(np.asarray(value).view(np.float64).reshape(-1)[0])  # of raw bytes too


def _by_name(servers: Mapping[tuple[str, str], Process]) -> dict[str, Process]:
    return {f"{transport}-{arm}": process for (transport, arm), process in servers.items()}
