"""Ray Serve's noop: what a request costs that asks for nothing, and one with a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..scenario import (
    ARMS,
    AS_IT_IS,
    BY_HAND,
    LATENCY,
    P99,
    RATE,
    WITH_TENSORWIRE,
    Cell,
    Context,
    Known,
    Scenario,
)
from .ray_microbenchmark import PATIENCE, SERVE, tell

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ...serving.samples import Load
    from ..rounds import Request

CLIENTS, THREADS = 100, 2
QUERIES, QUICK_QUERIES, ROUNDS = 1000, 300, 3
WITHIN = 60.0
NOOP = "noop"
FLAME = 3
"""Seconds of a flame graph."""


def measure(context: Context) -> Iterator[Cell | str]:
    """Send so many requests of each arm, all arms in turns."""
    from ..namespace import alone

    options = context.options
    words = [
        "--replicas",
        str(options.num_replicas),
        "--ongoing",
        str(options.max_concurrent_queries),
    ]
    context.show_progress("start", 0)
    with alone():
        app = ("-m", "ray_noop", "--port", "{port}", *words)
        server = context.servers.start("ray", app, seconds=PATIENCE)
        clients = 1 if options.blocking else CLIENTS
        queries = options.num_queries or (QUICK_QUERIES if context.quick else QUERIES)
        asked = requests()
        yield from cells(context, asked, clients, queries)
        if options.flame:
            context.show_progress("flame graph", 0.9)
            yield flame(context, asked[WITH_TENSORWIRE], server)
        server.check()
    yield f"{queries:,} requests a round, {clients} at once; noop: no body in and none out."


def cells(
    context: Context, asked: Mapping[str, Request], clients: int, queries: int
) -> Iterator[Cell]:
    """Yield rate, median and p99 of each arm; noop is as it is, beside nothing."""
    from statistics import median

    from ..rounds import orders

    found: dict[str, list[Load]] = {arm: [] for arm in asked}
    for request in asked.values():
        request.check()
    for place, order in enumerate(orders(list(asked), ROUNDS)):
        for arm in order:
            context.left()
            context.show_progress(arm, place / ROUNDS)
            found[arm].append(sent(context, asked[arm], clients, queries))
    for request in asked.values():
        request.check()
    for case, arms in (("1 value", {arm: arm for arm in ARMS}), (NOOP, {AS_IT_IS: NOOP})):
        for metric in (LATENCY, P99, RATE):
            for arm, source in arms.items():
                loads = found[source]
                failed = sum(each.failed for each in loads)
                count = failed + sum(len(each.latencies) for each in loads)
                samples = {
                    LATENCY: [median(each.latencies) for each in loads],
                    P99: [each.percentile(99) or 0.0 for each in loads],
                    RATE: [each.rate for each in loads],
                }[metric]
                yield Cell("Ray Serve", case, arm, metric, samples, failed, count)


def sent(context: Context, request: Request, clients: int, queries: int) -> Load:
    """Send so many requests by h2load, and read its log of their times."""
    from time import perf_counter

    from ...process import WorkerError, run_tool
    from ...serving.samples import Load

    body, log = context.folder / "body", context.folder / "log"
    body.write_bytes(request.body)
    log.unlink(missing_ok=True)
    threads = min(THREADS, clients)
    command = ["h2load", "--h1", f"-n{queries}", f"-c{clients}", f"-t{threads}"]
    command += ["--log-file", str(log), *(["-d", str(body)] if request.body else [])]
    for name, text in request.headers.items():
        command += ["-H", f"{name.lower()}: {text}"]
    began = perf_counter()
    run_tool([*command, request.url], within=WITHIN)
    took = perf_counter() - began
    rows = [line.split("\t") for line in log.read_text().splitlines()]
    good = sorted(int(row[2]) / 1e6 for row in rows if row[1] == "200")
    if not good:
        raise WorkerError(f"{request.url}: no request was answered")
    return Load("h2load", clients, took, queries - len(good), good)


def requests() -> dict[str, Request]:
    """Return the request of each arm."""
    from ..rounds import Request

    root, body = f"http://127.0.0.1:{SERVE}/noop", b'{"data":{"ndarray":[[1.5]]}}'

    def right(reply: bytes) -> bool:
        return reply == body

    return {
        NOOP: Request(f"{root}/noop", b"", lambda reply: not reply),
        AS_IT_IS: Request(f"{root}/as-it-is", body, right),
        WITH_TENSORWIRE: Request(f"{root}/predict", body, right),
        BY_HAND: Request(f"{root}/by-hand", body, right),
    }


def flame(context: Context, request: Request, server: Any) -> str:
    """Record where a replica is under load."""
    import shutil
    from threading import Thread

    from ...serving import loadgen
    from ...serving.loadgen import Target

    target = Target(request.url, grpc=False, body=request.body, folder=context.folder)
    generate = loadgen.choose("auto", grpc=False)
    recording = Thread(target=tell, args=(server, FLAME))
    recording.start()  # its connection is in the namespace of this thread, as it is of its children
    generate(target, CLIENTS, FLAME)
    recording.join()
    shutil.copy(context.folder / "flame.svg", context.options.flame)
    return f"a flame graph of a replica with tensorwire, by py-spy, is in {context.options.flame}."


def add_options(add: Any) -> None:
    """Add the options that the noop of Ray has, and that of the flame graph."""
    add.add_argument(
        "--num-replicas",
        type=int,
        default=1,
        metavar="N",
        help="replicas, e.g. --num-replicas 2",
    )
    add.add_argument(
        "--num-queries",
        type=int,
        metavar="N",
        help="requests a round, e.g. --num-queries 500 (default: 1000, quick 300)",
    )
    add.add_argument(
        "--max-concurrent-queries",
        type=int,
        default=10_000,
        metavar="N",
        help="requests that a replica has under way at most, e.g. --max-concurrent-queries 1",
    )
    add.add_argument("--blocking", action="store_true", help="one client, not 100")
    add.add_argument("--flame", metavar="FILE", help="write a flame graph, e.g. --flame noop.svg")


SCENARIOS = (
    Scenario(
        name="ray-noop",
        title="Ray Serve's noop",
        question="What does a small request cost in Ray Serve, whatever is in it?",
        measure=measure,
        engines=("ray",),
        libraries=("ray",),
        known=Known("44 ms mean, 107 ms p99, 2,283 requests/s", "wrk -c 100 -t 2, Ray Serve"),
        tools=("h2load",),
        add_options=add_options,
    ),
)
