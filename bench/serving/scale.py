"""Mode ``scale``: workers on one port, up to N and down to 1 again and again, under load.

Every worker is a process of its own that shares both ports (SO_REUSEPORT), so that the kernel
spreads new connections over them. Going down, a worker finishes what it has begun.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from time import perf_counter, sleep
from typing import TYPE_CHECKING, Any

import numpy as np

import tensorwire as tw

from .. import figures
from ..measure.check import CheckError
from ..screen import Row, Table
from . import records, servers
from .clients import CallError, connect, name_of
from .mode import Mode
from .processes import Process, Processes
from .proxies import free_ports
from .records import BIN, Phase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ..screen import Progress, Screen
    from .options import Options
    from .records import Benchmark

VALUES = 100
CLIENTS = 4
"""Of each transport."""
QUICK_WORKERS, QUICK_CYCLES, CYCLES = 3, 1, 2
SHORTEST = 0.3
"""Seconds under load with each number of workers."""
RENEW = 50
"""Requests after which a client makes a new connection, as browsers and balancers do."""
PAUSE = 0.001
"""Seconds between two requests of a client: the machine is to have time for the workers."""
NOTE = (
    "took: until the worker was ready, or had ended. seen: workers that answered in that time."
    " resent: got no reply, and was sent once more. lost: got none then either."
)


@dataclass
class Tally:
    """The results of the clients since they were last read."""

    latencies: list[float] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)
    """When each of these was answered, by `perf_counter`."""
    resent: int = 0
    lost: list[str] = field(default_factory=list)
    wrong: int = 0
    workers: set[int] = field(default_factory=set)


class Clients:
    """Some clients of each transport, a thread each.

    A request that gets no reply is sent once more on a new connection, as balancers do with what
    may be repeated, and counted; if that brings no reply either, it is lost.
    """

    def __init__(
        self,
        ports: dict[str, int],
        bodies: dict[str, bytes],
        read: Callable[[str, bytes], tuple[bool, int]],
        each: int,
    ) -> None:
        self._ports, self._bodies, self._read = ports, bodies, read
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._tally = {transport: Tally() for transport in bodies}
        self._threads = [
            threading.Thread(target=self._work, args=(transport,), daemon=True)
            for transport in bodies
            for _ in range(each)
        ]

    def look(self) -> dict[str, Tally]:
        """Return the results since the last call, once there is one of each transport."""
        while not all(tally.latencies or tally.lost for tally in self._tally.values()):
            sleep(PAUSE)
        with self._lock:
            seen, self._tally = self._tally, {name: Tally() for name in self._tally}
        return seen

    def _connect(self, transport: str) -> Any:
        return connect(transport, self._ports[transport.lower()])

    def _work(self, transport: str) -> None:
        caller, count = self._connect(transport), 0
        while not self._stop.is_set():
            began, resent = perf_counter(), getattr(caller, "resent", 0)
            got, problem = self._call(caller, transport)
            resent = getattr(caller, "resent", 0) - resent
            if got is None:
                caller.close()
                caller = self._connect(transport)
                got, problem = self._call(caller, transport)
                resent += 1
            self._write_down(transport, got, problem, perf_counter() - began, resent)
            count += 1
            if count % RENEW == 0:
                caller.close()
                caller = self._connect(transport)
            sleep(PAUSE)
        caller.close()

    def _call(self, caller: Any, transport: str) -> tuple[bytes | None, str]:
        try:
            return caller.call(self._bodies[transport]).body, ""
        except CallError as error:
            return None, str(error)

    def _write_down(
        self, transport: str, got: bytes | None, problem: str, taken: float, resent: int
    ) -> None:
        with self._lock:
            tally = self._tally[transport]
            tally.resent += resent
            if got is None:
                tally.lost.append(problem)
                return
            right, worker = self._read(transport, got)
            tally.latencies.append(taken)
            tally.ends.append(perf_counter())
            tally.wrong += not right
            tally.workers.add(worker)

    def __enter__(self) -> Clients:  # noqa: PYI034 - Self is not in Python 3.10
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(10)


def phase_of(tally: Tally, since: float, seconds: float, **step: Any) -> Phase:
    """Return the record of what one transport saw, from a moment on (by `perf_counter`)."""
    return Phase(
        **step,
        seconds=seconds,
        latencies=tally.latencies,
        seen=len(tally.workers),
        resent=tally.resent,
        lost=len(tally.lost),
        wrong=tally.wrong,
        bins=bins(tally, since, seconds),
        problem=next(iter(tally.lost), ""),
    )


def bins(tally: Tally, began: float, seconds: float) -> list[tuple[int, float]]:
    """Count the answers of each tenth of a second, and return the slowest of them."""
    found = [(0, 0.0)] * max(1, round(seconds / BIN))
    for ended, seconds_taken in zip(tally.ends, tally.latencies, strict=True):
        place = min(len(found) - 1, max(0, int((ended - began) / BIN)))
        count, slowest = found[place]
        found[place] = count + 1, max(slowest, round(seconds_taken, 6))
    return found


def plan(most: int, cycles: int) -> list[int]:
    """Return the number of workers after each step: up to the most and down to one, repeatedly."""
    return [*range(2, most + 1), *range(most - 1, 0, -1)] * cycles


class Scale(Mode):
    """Workers that start and end under load; the exit code is 1 if a request was lost."""

    columns = (
        *("step", "way", "workers", "took_s", "transport"),
        *("requests_per_s", "p50_s", "p99_s", "workers_seen", "resent", "lost"),
    )

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.found: list[Phase] = []

    def measure(self, progress: Progress) -> None:
        """Start and end workers while clients ask."""
        options = self.options
        most = max(2, min(options.workers, QUICK_WORKERS) if options.quick else options.workers)
        planned = plan(most, QUICK_CYCLES if options.quick else CYCLES)
        array = np.arange(VALUES)
        message = tw.Message(array, "tensor")
        bodies = {
            transport: tw.get_protocol(name_of(transport)).encode(message)[0]
            for transport in options.choice.transports
        }
        total = int(array.sum())

        def read(transport: str, body: bytes) -> tuple[bool, int]:
            value = tw.get_protocol(name_of(transport)).decode(body).value
            return int(value[0]) == total, int(value[1])

        ports = free_ports(2)
        command = servers.command("who", "sum", *ports)
        each = max(SHORTEST, options.seconds / len(planned) - 1)
        with Processes() as processes:
            workers = [processes.start(command).ready()]
            named = dict(zip(("rest", "grpc"), ports, strict=True))
            with Clients(named, bodies, read, CLIENTS) as clients:
                first = last = perf_counter()
                direction, took = "start", 0.0
                for number, wanted in enumerate([1, *planned]):
                    if number:
                        direction, took = _step(processes, workers, wanted, command)
                    sleep(each)
                    seen, now = clients.look(), perf_counter()
                    step = {"step": number, "workers": wanted, "direction": direction, "took": took}
                    self.found += [
                        phase_of(
                            tally, last, now - last, transport=name, began=last - first, **step
                        )
                        for name, tally in seen.items()
                    ]
                    last = now
                    progress.show("scaling", number / len(planned))

    def benchmarks(self) -> Iterator[Benchmark]:
        """Return a benchmark per step and transport."""
        return records.phase_benchmarks(self.found, CLIENTS)

    def rows(self) -> Iterator[Sequence[Any]]:
        """Return a line per step and transport."""
        for each in self.found:
            direction = "" if each.direction == "start" else each.direction
            values = (*each.figures(), each.seen, each.resent, each.lost)
            texts = ("" if value is None else f"{value:.6g}" for value in values)
            yield each.step, direction, each.workers, f"{each.took:.4g}", each.transport, *texts

    def show(self, screen: Screen) -> None:
        """Write the table, and what became of all requests."""
        transports = list(dict.fromkeys(each.transport for each in self.found))
        table = Table(
            f"Workers under the load of {CLIENTS} clients each over {' and '.join(transports)}",
            ("took", "req/s", "p50", "p99", "seen", "resent", "lost"),
            note=NOTE,
        )
        of = {name: [each for each in self.found if each.transport == name] for name in transports}
        for transport, members in of.items():
            table.rows += [Row(transport, style="group"), *map(_row, members)]
        screen.table(table)
        screen.line()
        for transport, members in of.items():
            lost = sum(each.lost for each in members)
            problem = next((f": {each.problem}" for each in members if each.problem), "")
            screen.line(
                f"{transport}: {sum(len(each.latencies) for each in members):,} requests"
                f" answered, {sum(each.resent for each in members)} of them sent twice,"
                f" {lost} lost{problem}.",
                "warning" if lost else "",
            )

    def code(self) -> int:
        """Return 1 if a request was lost."""
        if any(each.wrong for each in self.found):
            raise CheckError("scale: a wrong answer")
        return int(any(each.lost for each in self.found))


def _row(phase: Phase) -> Row:
    rate, p50, p99 = phase.figures()
    took = "" if phase.direction == "start" else figures.duration(phase.took)
    times = (figures.three_digits(rate), figures.duration(p50), figures.duration(p99))
    counts = map(str, (phase.seen, phase.resent, phase.lost))
    return Row(f"{phase.direction}, {phase.workers}", (took, *times, *counts))


def _step(
    processes: Processes, workers: list[Process], wanted: int, command: list[str]
) -> tuple[str, float]:
    began = perf_counter()
    if wanted > len(workers):
        workers.append(processes.start(command).ready())
        return "up", perf_counter() - began
    # The oldest worker ends: it has the most connections.
    leaving = workers.pop(0)
    processes.started.remove(leaving)
    leaving.close()
    return "down", perf_counter() - began
