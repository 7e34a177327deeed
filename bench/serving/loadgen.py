"""Load tools: h2load or wrk where installed, else our own asyncio client, whose CPU is measured.

``python -m bench.serving.loadgen`` is that client: it reads a plan on stdin and writes what it
measured on stdout, both as JSON.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import sys
from pathlib import Path
from time import perf_counter, process_time
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from ..interrupt import UsageError
from ..process import WorkerError, module, run_tool
from .samples import Load

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Generator = Callable[["Target", int, float], Load]


class Target(NamedTuple):
    """Where a ready-made body goes.

    Attributes
    ----------
    url
        of REST, or ``http://HOST:PORT/package.Service/Method`` of gRPC.
    grpc
        whether the body is a message of gRPC.
    folder
        for files, which belongs to this run alone.
    headers
        of REST.
    """

    url: str
    grpc: bool
    body: bytes
    folder: Path
    headers: Mapping[str, str] = MappingProxyType({"Content-Type": "application/json"})


WARM_UP = 0.2
"""Seconds without measurement, as a share of those with."""
GRACE = 60.0
_FAILED = re.compile(r"(\d+) failed, (\d+) errored, (\d+) timeout")
_LUA = """\
wrk.method = "POST"
local file = assert(io.open("{body}", "rb"))
wrk.body = file:read("*a")
{headers}
done = function(summary, latency)
  local out = assert(io.open("{log}", "w"))
  local failed = summary.errors.status + summary.errors.read + summary.errors.timeout
  out:write(failed, " ", summary.duration, "\\n")
  for i = 1, #latency do
    local micros, count = latency(i)
    out:write(micros, " ", count, "\\n")
  end
  out:close()
end
"""


def choose(tool: str, *, grpc: bool) -> Generator:
    """Return the tool that was asked for, or the best there is.

    Raises
    ------
    UsageError
        it is not installed, or does not speak gRPC.
    """
    if tool == "wrk" and grpc:
        raise UsageError("--tool: expected one that sends gRPC, got wrk; pass --transport REST")
    if tool in ("h2load", "wrk") and shutil.which(tool) is None:
        raise UsageError(f"--tool: expected an installed tool, got {tool}")
    found = [name for name in ("h2load", "wrk") if shutil.which(name)]
    if tool == "auto":
        tool = next((name for name in found if not (grpc and name == "wrk")), "python")
    return {"h2load": h2load, "wrk": wrk, "python": python}[tool]


def h2load(target: Target, clients: int, seconds: float) -> Load:
    """HTTP/1.1 for REST, HTTP/2 for gRPC; its log has the time of every request."""
    body, log = target.folder / "body", target.folder / "log"
    framed = b"\0" + len(target.body).to_bytes(4, "big") + target.body
    body.write_bytes(framed if target.grpc else target.body)
    log.unlink(missing_ok=True)  # h2load appends
    command = ["h2load", f"-c{clients}", f"-D{seconds * 1e3:.0f}ms"]
    command += [f"--warm-up-time={seconds * WARM_UP * 1e3:.0f}ms", "-d", str(body)]
    command += ["--log-file", str(log)]
    if target.grpc:
        command += ["-m1", "-w24", "-W26", "-H", "content-type: application/grpc"]
        command += ["-H", "te: trailers"]
    else:
        command += ["--h1", *_header_options(target.headers)]
    output = run_tool([*command, target.url], within=seconds + GRACE)
    found = _FAILED.search(output.decode())
    failed = sum(map(int, found.groups())) if found else 0
    rows = [line.split("\t") for line in log.read_text().splitlines()]
    # What was under way when the measurement began or ended has the status 0.
    good = sorted(int(row[2]) / 1e6 for row in rows if row[1] == "200")
    return Load("h2load", clients, seconds, failed, good)


def _header_options(headers: Mapping[str, str]) -> list[str]:
    return [part for name, text in headers.items() for part in ("-H", f"{name.lower()}: {text}")]


def wrk(target: Target, clients: int, seconds: float) -> Load:
    """HTTP/1.1; whole seconds only, and no warm-up."""
    body, log, script = (target.folder / name for name in ("body", "log", "script.lua"))
    body.write_bytes(target.body)
    lines = "\n".join(f'wrk.headers["{each}"] = "{text}"' for each, text in target.headers.items())
    script.write_text(_LUA.format(body=body, log=log, headers=lines))
    whole = max(1, round(seconds))
    run_tool(
        ["wrk", "-t1", f"-c{clients}", f"-d{whole}s", "-s", str(script), target.url],
        within=whole + GRACE,
    )
    first, *rows = (line.split() for line in log.read_text().splitlines())
    latencies = [int(micros) / 1e6 for micros, count in rows for _ in range(int(count))]
    return Load("wrk", clients, int(first[1]) / 1e6, int(first[0]), sorted(latencies))


def python(target: Target, clients: int, seconds: float) -> Load:
    """Our own client, in a separate process that reports its share of a core."""
    from .clients import OPTIONS, head

    body = target.folder / "body"
    body.write_bytes(target.body)
    path = urlsplit(target.url).path
    # The process of the client imports only what it needs, to start quickly.
    plan = {
        "head": head(path, target.headers, len(target.body)).decode(),
        "options": OPTIONS,
        "url": target.url,
        "grpc": target.grpc,
        "body": str(body),
        "clients": clients,
        "warm_up": seconds * WARM_UP,
        "seconds": seconds,
    }
    command = module(f"{__package__}.loadgen")
    stdin = json.dumps(plan).encode()
    answer = json.loads(run_tool(command, within=seconds + GRACE, stdin=stdin))
    if answer["failed"] and not answer["latencies"]:
        raise WorkerError(f"no request was answered: {answer['error']}")
    return Load(
        "python",
        clients,
        answer["seconds"],
        answer["failed"],
        sorted(answer["latencies"]),
        answer["busy"],
    )


_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
CHANNELS = 8


class Record:
    """The results of the clients, from the end of the warm-up on.

    The run goes on until a request was answered or lost, so that there is a result.
    """

    def __init__(self, warm_up: float, seconds: float) -> None:
        self.begin = perf_counter() + warm_up
        self.end = self.begin + seconds
        self.seconds = seconds
        self.latencies: list[float] = []
        self.failed = 0
        self.error = ""
        self.busy = 0.0
        self.settled = asyncio.Event()
        """Set by the first request that was answered or lost."""

    def answered(self, began: float) -> None:
        """Record a request that was answered."""
        now = perf_counter()
        if now < self.begin or (now >= self.end and self.latencies):
            return
        self.latencies.append(now - began)
        self.seconds = max(self.seconds, now - self.begin)
        self.settled.set()

    def lost(self, error: object) -> None:
        """Record a request that was not answered."""
        self.failed += 1
        self.error = str(error)
        self.settled.set()

    @property
    def over(self) -> bool:
        """Whether the time is up."""
        return perf_counter() >= self.end and self.settled.is_set()

    async def wait(self, clients: Sequence[asyncio.Future[None]]) -> None:
        """Wait until the time is up, and then shortly for requests under way."""
        await asyncio.wait(clients, timeout=self.end - perf_counter() + 1)
        await self.settled.wait()


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
    request = plan["head"].encode() + body
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

    url = urlsplit(plan["url"])
    count = min(CHANNELS, plan["clients"])
    channels = [aio.insecure_channel(url.netloc, plan["options"]) for _ in range(count)]
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
    """Run the clients; return the share of a core that they took."""
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
