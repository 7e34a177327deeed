"""Who makes the load: h2load or wrk where they are installed, else a client in Python."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

from bench.interrupt import UsageError
from bench.process import WorkerError, module, run_tool
from bench.serving.loads import Load

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.serving.loads import Target

    Generator = Callable[[Target, int, float], Load]

WARM_UP = 0.2
"""Seconds without measurement, as a share of those with."""
GRACE = 60.0
_FAILED = re.compile(r"(\d+) failed, (\d+) errored, (\d+) timeout")
_LUA = """\
wrk.method = "POST"
local file = assert(io.open("{body}", "rb"))
wrk.body = file:read("*a")
wrk.headers["Content-Type"] = "application/json"
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
    """Give the tool that was asked for, or the best there is.

    Raises
    ------
    UsageError
        it is not installed, or does not speak gRPC.
    """
    if tool == "wrk" and grpc:
        raise UsageError("--tool wrk has no gRPC: --transport REST, or another tool")
    if tool in ("h2load", "wrk") and shutil.which(tool) is None:
        raise UsageError(f"--tool {tool}: it is not installed")
    found = [name for name in ("h2load", "wrk") if shutil.which(name)]
    if tool == "auto":
        tool = next((name for name in found if not (grpc and name == "wrk")), "python")
    return {"h2load": h2load, "wrk": wrk, "python": python}[tool]


def h2load(target: Target, clients: int, seconds: float) -> Load:
    """HTTP/1.1 for REST, HTTP/2 for gRPC; every request's time stands in its log."""
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
        command += ["--h1", "-H", "content-type: application/json"]
    told, _ = run_tool([*command, target.url], within=seconds + GRACE)
    found = _FAILED.search(told.decode())
    failed = sum(map(int, found.groups())) if found else 0
    rows = [line.split("\t") for line in log.read_text().splitlines()]
    # What was under way when the measurement began or ended has the status 0.
    good = sorted(int(row[2]) / 1e6 for row in rows if row[1] == "200")
    return Load("h2load", clients, seconds, failed, good)


def wrk(target: Target, clients: int, seconds: float) -> Load:
    """HTTP/1.1; whole seconds only, and no warm-up."""
    body, log, script = (target.folder / name for name in ("body", "log", "script.lua"))
    body.write_bytes(target.body)
    script.write_text(_LUA.format(body=body, log=log))
    whole = max(1, round(seconds))
    run_tool(
        ["wrk", "-t1", f"-c{clients}", f"-d{whole}s", "-s", str(script), target.url],
        within=whole + GRACE,
    )
    first, *rows = (line.split() for line in log.read_text().splitlines())
    latencies = [int(micros) / 1e6 for micros, count in rows for _ in range(int(count))]
    return Load("wrk", clients, int(first[1]) / 1e6, int(first[0]), sorted(latencies))


def python(target: Target, clients: int, seconds: float) -> Load:
    """Our own client, in a process of its own, which tells how busy it was itself."""
    body = target.folder / "body"
    body.write_bytes(target.body)
    plan = {
        "url": target.url,
        "grpc": target.grpc,
        "body": str(body),
        "clients": clients,
        "warm_up": seconds * WARM_UP,
        "seconds": seconds,
    }
    command = module("bench.serving.loadgen")
    told = json.dumps(plan).encode()
    answer = json.loads(run_tool(command, within=seconds + GRACE, stdin=told)[0])
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
