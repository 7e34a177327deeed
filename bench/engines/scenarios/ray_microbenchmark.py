"""Ray Serve's microbenchmark: clients, replicas, sizes of batches and requests under way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ...process import WorkerError
from ..scenario import (
    ARMS,
    AS_IT_IS,
    BY_HAND,
    LATENCY,
    RATE,
    WITH_TENSORWIRE,
    Cell,
    Context,
    Known,
    Scenario,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...serving.samples import Load
    from ..rounds import Request
    from ..servers import Server

SERVE = 8000
"""Where Serve is, in a network namespace of ours or in the cluster of ``--ray-address``."""
BATCHES = (1, 1), (1, 10_000), (10_000, 10_000)
"""The largest batch, and the requests that a replica has under way at most."""
CLIENTS, REPLICAS, NODES = (1, 8), (1, 8), 2
ROUNDS = 3
SECONDS, QUICK_SECONDS = 0.5, 1.0
"""Of one arm in one round."""
BINARY = "in binary"
PATIENCE = 120.0
"""Seconds in which Serve changes its replicas."""


class Case(NamedTuple):
    """A cell of the matrix."""

    clients: int
    replicas: int
    size: int
    ongoing: int
    values: int

    @property
    def name(self) -> str:
        """What differs from other cases, in 30 characters."""
        batches = f"{self.size:,}/{self.ongoing:,}"
        values = "100k" if self.values > 1 else "1"
        return f"{self.clients}, {self.replicas}, {batches}, {values}"


def cases(*, is_quick: bool) -> list[Case]:
    """Return the cells, those of one deployment beside one another."""
    found = []
    for size, ongoing in BATCHES[2:] if is_quick else BATCHES:
        found += [
            Case(clients, replicas, size, ongoing, 1)
            for replicas in (REPLICAS[:1] if is_quick else REPLICAS)
            for clients in (CLIENTS[1:] if is_quick else CLIENTS)
        ]
    return [*found, Case(1, 1, *BATCHES[2], 100_000)]


def measure(context: Context) -> Iterator[Cell | str]:
    """Measure the cells, all arms in turns."""
    from ..namespace import alone

    address = context.options.ray_address
    if address:
        yield from _measured(context, "Ray Serve", ["--address", address])
        return
    with alone() as is_alone:
        yield from _measured(context, "Ray Serve", [])
        if context.quick:
            return
        if is_alone:
            variables = {"RAY_SERVE_ENABLE_HA_PROXY": "1"}
            yield from _measured(context, "Ray, HAProxy", [], variables)
        else:
            yield "HAProxy is left out: its ports are on all interfaces, and no namespace is there."


def _measured(
    context: Context, engine: str, options: list[str], variables: dict[str, Any] | None = None
) -> Iterator[Cell | str]:
    chosen = cases(is_quick=context.quick)
    if variables:  # what differs most, within the time
        chosen = [case for case in chosen if case.replicas == 1 and case.size > 1]
    replicas = sorted({case.replicas for case in chosen})
    context.show_progress(f"{engine}: start", 0)
    nodes = 1 if len(replicas) == 1 else NODES
    words = ["--replicas", ",".join(map(str, replicas)), "--nodes", str(nodes), *options]
    app = ("-m", "ray_matrix", "--port", "{port}", *words)
    server = context.servers.start("ray", app, seconds=PATIENCE, **(variables or {}))
    before: tuple[int, int] = (1, 1)
    for place, case in enumerate(chosen):
        context.show_progress(f"{engine}: {case.name}", place / len(chosen))
        if before != (case.size, case.ongoing):
            before = case.size, case.ongoing
            tell(server, *before)
        yield from _of_case(context, engine, case)
    server.check()
    context.servers.end(server)
    if not variables:
        yield (
            "cases: clients, replicas, largest batch/requests under way of a replica, values."
            f" {nodes} node{'s' * (nodes > 1)} of this machine, unless --ray-address named others."
        )


def tell(server: Server, *words: object) -> None:
    """Let what runs in Ray do something, and wait until it is done."""
    from http.client import HTTPConnection, HTTPException

    connection = HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    try:
        connection.request("POST", "/" + "/".join(map(str, words)))
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        raise WorkerError(f"Ray does not do {words}: {error}") from error
    finally:
        connection.close()
    if status != 200:
        raise WorkerError(f"Ray does not do {words}: status {status}")


def _of_case(context: Context, engine: str, case: Case) -> Iterator[Cell]:
    """Yield requests a second; of many values seconds a request, of one client after the other."""
    from statistics import median

    from ...serving import loadgen
    from ...serving.loadgen import Target
    from ..rounds import one_client, orders

    generate = loadgen.choose("auto", grpc=False)
    is_large = case.values > 1
    seconds = QUICK_SECONDS if context.quick or is_large else SECONDS
    asked = requests(case)
    found: dict[str, list[Load]] = {arm: [] for arm in asked}
    for request in asked.values():
        request.check()
    for order in orders(list(asked), ROUNDS):
        for arm in order:
            context.left()
            request = asked[arm]
            if is_large:
                load = one_client(request, seconds)
            else:
                target = Target(request.url, grpc=False, body=request.body, folder=context.folder)
                load = generate(target, case.clients, seconds)
            found[arm].append(load)
    for request in asked.values():
        request.check()

    def cell(arm: str, named: str, suffix: str = "") -> Cell:
        failed = sum(each.failed for each in found[arm])
        answered = sum(len(each.latencies) for each in found[arm])
        samples = [median(each.latencies) if is_large else each.rate for each in found[arm]]
        metric = LATENCY if is_large else RATE
        return Cell(engine, case.name + suffix, named, metric, samples, failed, failed + answered)

    for arm in ARMS:
        yield cell(arm, arm)
    if BINARY in asked:
        for arm in (AS_IT_IS, BY_HAND):
            yield cell(arm, arm, ", bin")
        yield cell(BINARY, WITH_TENSORWIRE, ", bin")


def requests(case: Case) -> dict[str, Request]:
    """Return the request of each arm."""
    import numpy as np

    import tensorwire as tw

    from ..rounds import Request

    array = np.random.default_rng(1).normal(size=(1, case.values))
    root, codec = f"http://127.0.0.1:{SERVE}/r{case.replicas}", tw.get_codec("json/ndarray")
    body = bytes(codec.encode(array))

    def right(reply: bytes) -> bool:
        return np.array_equal(codec.decode(reply), array * 2)

    made = {
        AS_IT_IS: Request(f"{root}/as-it-is", body, right),
        WITH_TENSORWIRE: Request(f"{root}/predict", body, right),
        BY_HAND: Request(f"{root}/by-hand", body, right),
    }
    if case.values > 1:
        message = tw.oip.InferRequest(
            [tw.oip.InferTensor("x", array)], parameters={"binary_data_output": True}
        )
        binary, headers = tw.get_protocol("oip/binary").encode(message)

        def right_in_binary(reply: bytes) -> bool:
            return bytes(reply).endswith((array * 2).tobytes())

        url = f"{root}/v2/models/m/infer"
        made[BINARY] = Request(url, bytes(binary), right_in_binary, headers)
    return made


def add_options(add: Any) -> None:
    """Add ``--ray-address``."""
    add.add_argument(
        "--ray-address",
        metavar="ADDRESS",
        help="measure in this cluster, on a node that has its proxy at port 8000, e.g."
        " --ray-address auto",
    )


SCENARIOS = (
    Scenario(
        name="ray-microbenchmark",
        title="Ray Serve's microbenchmark",
        question="What does a deployment gain, by clients, replicas and batches?",
        measure=measure,
        engines=("ray",),
        libraries=("ray",),
        known=Known(
            "450-630 requests/s with 1 client, 890-1,920 with 8", "Ray Serve's microbenchmark"
        ),
        add_options=add_options,
    ),
)
