"""The load tool where no other is installed: asyncio, connections kept, and itself measured.

Reads a plan on stdin and writes what it measured on stdout, both as JSON.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bench.serving.clients import head

if TYPE_CHECKING:
    from collections.abc import Sequence

_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
CHANNELS = 8


class Record:
    """What the clients write down, from the end of the warm-up on.

    The time is not up before a request was answered or lost: there would be nothing to tell.
    """

    def __init__(self, warm_up: float, seconds: float) -> None:
        self.begin = perf_counter() + warm_up
        self.end = self.begin + seconds
        self.seconds = seconds
        self.latencies: list[float] = []
        self.failed = 0
        self.error = ""
        self.busy = 0.0
        self.told = asyncio.Event()
        """Set by the first request that was answered or lost."""

    def answered(self, began: float) -> None:
        """Write down a request that was answered."""
        now = perf_counter()
        if now < self.begin or (now >= self.end and self.latencies):
            return
        self.latencies.append(now - began)
        self.seconds = max(self.seconds, now - self.begin)
        self.told.set()

    def lost(self, error: object) -> None:
        """Write down one that was not."""
        self.failed += 1
        self.error = str(error)
        self.told.set()

    @property
    def over(self) -> bool:
        """Whether the time is up."""
        return perf_counter() >= self.end and self.told.is_set()

    async def wait(self, clients: Sequence[asyncio.Future[None]]) -> None:
        """Wait until the time is up, and then not long for what is under way."""
        await asyncio.wait(clients, timeout=self.end - perf_counter() + 1)
        await self.told.wait()


class Connection(asyncio.Protocol):
    """One client of REST: the next request follows the reply to the last."""

    def __init__(self, request: bytes, record: Record, done: asyncio.Future[None]) -> None:
        self._request, self._record, self._done = request, record, done
        self._have, self._need, self._text = 0, 0, b""
        self._began = 0.0
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        """Begin."""
        self._transport = transport
        self._next()

    def _next(self) -> None:
        if self._record.over:
            self._transport.close()
            return
        self._have = self._need = 0
        self._text = b""
        self._began = perf_counter()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Count the bytes of the reply."""
        self._have += len(data)
        if not self._need:
            self._text += data
            end = self._text.find(b"\r\n\r\n")
            if end < 0:
                return
            length = _LENGTH.search(self._text, 0, end)
            self._need = end + 4 + int(length[1] if length else 0)
        if self._have >= self._need:
            if self._text[9:12] == b"200":
                self._record.answered(self._began)
            else:
                self._record.lost(self._text[:80])
            self._next()

    def connection_lost(self, error: Exception | None) -> None:
        """End; a request that is under way is lost unless the time is up."""
        if not self._record.over:
            self._record.lost(error or "the server closed the connection")
        if not self._done.done():
            self._done.set_result(None)


async def rest(plan: dict[str, Any], body: bytes, record: Record) -> None:
    """Run clients of REST until the time is up."""
    url = urlsplit(plan["url"])
    request = head(url.path, {"Content-Type": "application/json"}, len(body)) + body
    loop = asyncio.get_running_loop()
    ends = [loop.create_future() for _ in range(plan["clients"])]
    for end in ends:
        await loop.create_connection(
            lambda end=end: Connection(request, record, end),  # type: ignore[misc]
            url.hostname,
            url.port,
        )
    await record.wait(ends)


async def grpc(plan: dict[str, Any], body: bytes, record: Record) -> None:
    """Run clients of gRPC until the time is up."""
    from grpc import aio

    from bench.serving.grpc_client import OPTIONS

    url = urlsplit(plan["url"])
    count = min(CHANNELS, plan["clients"])
    channels = [aio.insecure_channel(url.netloc, OPTIONS) for _ in range(count)]
    methods: list[Any] = [channel.unary_unary(url.path) for channel in channels]

    async def client(method: Any) -> None:
        while not record.over:
            began = perf_counter()
            try:
                await method(body)
            except aio.AioRpcError as error:
                record.lost(error.details())
            else:
                record.answered(began)

    tasks = [asyncio.create_task(client(methods[i % count])) for i in range(plan["clients"])]
    await record.wait(tasks)
    for task in tasks:
        task.cancel()
    for channel in channels:
        await channel.close()


async def clients(plan: dict[str, Any], body: bytes, record: Record) -> None:
    """Run them, and tell what share of a core that took."""
    began, used = perf_counter(), process_time()
    await (grpc if plan["grpc"] else rest)(plan, body, record)
    record.busy = (process_time() - used) / (perf_counter() - began)


def main() -> None:
    """Follow the plan."""
    plan = json.load(sys.stdin)
    body = Path(plan["body"]).read_bytes()
    record = Record(plan["warm_up"], plan["seconds"])
    asyncio.run(clients(plan, body, record))
    names = ("latencies", "failed", "error", "busy", "seconds")
    json.dump({name: getattr(record, name) for name in names}, sys.stdout)


if __name__ == "__main__":
    main()
