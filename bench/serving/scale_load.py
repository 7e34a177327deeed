"""Clients that never stop, while workers come and go: what they were answered, and by whom."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from time import perf_counter, sleep
from typing import TYPE_CHECKING, Any

from bench.serving.clients import CallError, connect

if TYPE_CHECKING:
    from collections.abc import Callable

RENEW = 50
"""Requests after which a client makes a new connection, as browsers and balancers do."""
PAUSE = 0.001
"""Seconds between two requests of a client: the machine is to have time for the workers."""


@dataclass
class Tally:
    """What the clients have seen between two looks."""

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
        """Give what was seen since the last look, which is something of each transport."""
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
