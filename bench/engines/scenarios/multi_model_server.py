"""The five benchmarks of Multi Model Server, on it and on our server."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from random import randrange
from socket import socket
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from ...process import WorkerError
from ..scenario import (
    ARMS,
    AS_IT_IS,
    BY_HAND,
    TOOK,
    WITH_TENSORWIRE,
    Cell,
    Context,
    Known,
    Scenario,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ..rounds import Request
    from ..servers import Server

ENGINE, OURS = "Multi Model Server", "tensorwire.server"
BINARY, OURS_BINARY = "in binary", "ours in binary"
"""Arms of their own: what clients gain that send the binary form of the protocol."""
ENTRIES = {
    AS_IT_IS: "mms_usual:as_it_is",
    WITH_TENSORWIRE: "mms_tensorwire:seldon",
    BY_HAND: "mms_usual:by_hand",
    BINARY: "mms_tensorwire:oip",
}
COPIES, QUICK_COPIES = 16, 3
"""Models that are loaded at once, and workers that one model is scaled to;"""
TIMES = 2
"""and how often, as each takes some seconds: once where time is short."""
PATIENCE = 60
"""Seconds in which the server manages models."""
OWN = ("-m", "tensorwire.server", "--model", "mms_tensorwire:model", "--no-grpc")


class Managed(NamedTuple):
    """Multi Model Server, and the port where its models are managed."""

    server: Server
    management: int

    def ask(self, method: str, path: str) -> None:
        """Send a request about models, and wait until it is done."""
        connection = HTTPConnection("127.0.0.1", self.management, timeout=PATIENCE)
        try:
            connection.request(method, path)
            reply = connection.getresponse()
            text = reply.read().decode(errors="replace")
        except (OSError, HTTPException) as error:
            raise WorkerError(f"{method} {path}: {error}") from error
        finally:
            connection.close()
        if reply.status != 200:
            raise WorkerError(f"{method} {path}: {' '.join(text.split())}")

    def register(self, name: str, entry: str) -> None:
        """Load a model with one worker."""
        wanted = f"/models?url=empty&model_name={name}&handler={entry}"
        self.ask("POST", f"{wanted}&initial_workers=1&synchronous=true")

    def unregister(self, name: str) -> None:
        """Unload a model."""
        self.ask("DELETE", f"/models/{name}")

    def scale(self, name: str, workers: int) -> None:
        """Give a model so many workers."""
        bounds = f"min_worker={workers}&max_worker={workers}"
        self.ask("PUT", f"/models/{name}?{bounds}&synchronous=true")


def low_port() -> int:
    """Return a port that is free now, below 32767: Multi Model Server takes no other."""
    while True:
        port = randrange(10_000, 32_767)  # noqa: S311 - no secret
        with socket() as tried, suppress(OSError):
            tried.bind(("127.0.0.1", port))
            return port


def measure(context: Context) -> Iterator[Cell | str]:
    """Ask, load models and scale them, all arms in turns."""
    from ..rounds import calls, load

    context.show_progress("start", 0)
    managed = start(context)
    own = context.servers.start_own((*OWN, "--rest-port", "{port}"), ready="/ready")
    for place, entry in enumerate(ENTRIES.values()):
        managed.register(f"arm{place}", entry)
    context.show_progress("latency", 0.05)
    found = calls(context, ENGINE, "1 client, 1 value", requests(managed, own, 1))
    yield from told(found)
    arms = requests(managed, own, 100_000, binary=True)
    yield from told(calls(context, ENGINE, "1 client, 100,000 values", arms))
    for place, (name, clients, count) in enumerate(
        (("throughput", 100, 1), ("concurrent", 10, 10_000))
    ):
        context.show_progress(name, 0.4 + 0.2 * place)
        case = f"{clients} clients, {count:,} value{'s' * (count > 1)}"
        arms = requests(managed, own, count)
        yield from told(load(context, ENGINE, case, arms, clients=clients))
    copies = QUICK_COPIES if context.quick else COPIES
    context.show_progress(f"{copies} models", 0.8)
    yield from managing(context, managed, copies)
    managed.server.check()
    own.check()
    yield (
        f"{OURS}: our server, beside Multi Model Server as it is. It has a process for each model"
        " and worker, and no manager of them."
    )
    yield (
        "binary: the form of the Open Inference Protocol, beside JSON as it is and by hand. took:"
        f" {copies} models loaded at once; one model scaled from 1 worker to {copies}, and back."
    )


def start(context: Context) -> Managed:
    """Start Multi Model Server with no model."""
    inference, management = low_port(), low_port()
    (context.folder / "models" / "empty").mkdir(parents=True)
    lines = [
        f"inference_address=http://127.0.0.1:{inference}",
        f"management_address=http://127.0.0.1:{management}",
        "max_request_size=67108864",
        "max_response_size=67108864",
        "job_queue_size=1000",  # h2load leaves 100 requests behind when its time is up
    ]
    (context.folder / "config.properties").write_text("\n".join(lines), encoding="utf-8")
    words = ("--start", "--foreground", "--model-store", "models")
    server = context.servers.start(
        "multi_model_server",
        ("-m", "mms.model_server", *words, "--mms-config", "config.properties"),
        ready="/ping",
        port=inference,
        # The names of its pid file and of its sockets are those of every other one.
        TMPDIR=str(context.folder),
        TEMP=str(context.folder),
    )
    return Managed(server, management)


def requests(
    managed: Managed, own: Server, count: int, *, binary: bool = False
) -> dict[str, Request]:
    """Return the request of each arm: an array of doubles in JSON, and in binary."""
    import numpy as np

    import tensorwire as tw

    from ..rounds import Request

    array = np.random.default_rng(1).normal(size=(1, count))
    seldon = tw.get_codec("json/ndarray")
    body = bytes(seldon.encode(array))
    message = tw.oip.InferRequest(
        [tw.oip.InferTensor("x", array)], parameters={"binary_data_output": True}
    )
    binary_body, headers = tw.get_protocol("oip/binary").encode(message)

    def right(reply: bytes) -> bool:
        return np.array_equal(seldon.decode(reply), array * 2)

    def right_in_binary(reply: bytes) -> bool:
        return bytes(reply).endswith((array * 2).tobytes())

    urls = {arm: f"/predictions/arm{place}" for place, arm in enumerate(ENTRIES)}
    made = {arm: Request(managed.server.url(urls[arm]), body, right) for arm in ARMS}
    made[OURS] = Request(own.url("/predict"), body, right)
    if binary:
        in_binary = bytes(binary_body), right_in_binary, headers
        made[BINARY] = Request(managed.server.url(urls[BINARY]), *in_binary)
        made[OURS_BINARY] = Request(own.url("/v2/models/m/infer"), *in_binary)
    return made


def told(cells: Iterator[Cell]) -> Iterator[Cell]:
    """Yield the cells of all arms as rows of the table: an engine and a case each."""
    by_arm = {cell.arm: cell for cell in cells}
    case = by_arm[AS_IT_IS].case
    binary = f"{case}, binary"
    rows: Sequence[tuple[str, str, Mapping[str, str]]] = (
        (ENGINE, case, {arm: arm for arm in ARMS}),
        (ENGINE, binary, {AS_IT_IS: AS_IT_IS, WITH_TENSORWIRE: BINARY, BY_HAND: BY_HAND}),
        (OURS, case, {AS_IT_IS: AS_IT_IS, WITH_TENSORWIRE: OURS}),
        (OURS, binary, {AS_IT_IS: AS_IT_IS, WITH_TENSORWIRE: OURS_BINARY}),
    )
    for engine, named, arms in rows:
        if arms[WITH_TENSORWIRE] in by_arm:
            for arm, source in arms.items():
                cell = by_arm[source]
                yield Cell(
                    engine, named, arm, cell.metric, cell.samples, cell.failures, cell.requests
                )


def managing(context: Context, managed: Managed, copies: int) -> Iterator[Cell]:
    """Yield the seconds of loading models and of scaling one, of the arms in turns."""
    from ..rounds import orders

    loaded = f"{copies} models loaded"
    up, down = f"1 to {copies} workers", f"{copies} workers to 1"
    taken: dict[tuple[str, str], list[float]] = {}

    for number, order in enumerate(orders([*ARMS, OURS], TIMES)):
        if number and context.left() < PATIENCE:
            break
        for arm in order:
            context.left()
            if arm == OURS:
                steps = own_managed(context, copies)
            else:
                steps = of_engine(managed, ENTRIES[arm], copies)
            for case, seconds in zip((loaded, up, down), steps, strict=True):
                taken.setdefault((case, arm), []).append(seconds)
    for case in (loaded, up, down):
        for arm in ARMS:
            yield Cell(ENGINE, case, arm, TOOK, taken[case, arm])
    for case in (loaded, up, down):
        yield Cell(OURS, case, AS_IT_IS, TOOK, taken[case, AS_IT_IS])
        yield Cell(OURS, case, WITH_TENSORWIRE, TOOK, taken[case, OURS])


def of_engine(managed: Managed, entry: str, copies: int) -> tuple[float, float, float]:
    """Return the seconds of loading models, of scaling one of them up, and down."""
    names = [f"copy{number}" for number in range(copies)]
    began = perf_counter()
    with ThreadPoolExecutor(copies) as pool:
        list(pool.map(managed.register, names, [entry] * copies))
        loaded = perf_counter() - began
        list(pool.map(managed.unregister, names[1:]))
    times = [perf_counter()]
    for workers in (copies, 1):
        managed.scale(names[0], workers)
        times.append(perf_counter())
    managed.unregister(names[0])
    return loaded, times[1] - times[0], times[2] - times[1]


def own_managed(context: Context, copies: int) -> tuple[float, float, float]:
    """Return the same of our server: a process is a model, and a worker, and both take as long."""

    def start_one(_: int) -> Server:
        return context.servers.start_own((*OWN, "--rest-port", "{port}"), ready="/ready")

    began = perf_counter()
    with ThreadPoolExecutor(copies) as pool:
        started = list(pool.map(start_one, range(copies)))
        up = perf_counter() - began
        began = perf_counter()
        list(pool.map(context.servers.end, started))
    return up, up, perf_counter() - began


SCENARIOS = (
    Scenario(
        name="multi-model-server",
        title="Multi Model Server: latency, throughput, models loaded and scaled",
        question="What do its own five benchmarks gain, and how does our server do in them?",
        measure=measure,
        engines=("multi_model_server",),
        libraries=("multi-model-server",),
        known=Known(
            "latency with 1 thread, throughput with 100, other numbers of threads, 16 loads, 1 to"
            " 16 workers and back",
            "github.com/awslabs/multi-model-server, benchmarks/README.md",
        ),
        tools=("java",),
    ),
)
