"""Seldon's Python wrapper: the 18 cells of its known benchmark, and one hop in front of it."""

from __future__ import annotations

from contextlib import ExitStack
from statistics import median
from time import monotonic, perf_counter, sleep
from typing import TYPE_CHECKING, Any, NamedTuple

from ...process import WorkerError
from ..scenario import (
    AS_IT_IS,
    BY_HAND,
    LATENCY,
    WITH_TENSORWIRE,
    Cell,
    Context,
    Known,
    Scenario,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ...serving.cells import Cell as OfMatrix
    from ...serving.clients import Caller

WRAPPER, INSTALL, RAW, HAND, OURS = "as-is", "install", "raw", "by-hand", "ours"
ENGINES = {
    INSTALL: "wrapper with install()",
    RAW: "wrapper with raw() in the model",
    OURS: "our server instead",
}
START = 30.0
"""Seconds in which the forks answer, after the first."""
ROUNDS, QUICK_ROUNDS = 5, 3
TURNS = 5
"""Of each arm in a round; one where a call takes long,"""
LONG = 0.05
"""more than so many seconds."""
SECONDS, QUICK_SECONDS = 0.04, 0.01
"""Of a turn."""
SLOWEST = 40
"""How many times as fast our server is to be in the slowest cell: gRPC, ndarray, 100,000."""


class Ports(NamedTuple):
    """Where a server listens."""

    rest: int
    grpc: int


class Arm(NamedTuple):
    """A connection, what is sent, and what raises for a wrong reply."""

    caller: Caller
    body: bytes
    check: Callable[[bytes], None]


def measure(context: Context) -> Iterator[Cell | str]:
    """Send the requests of each cell to each server in turns."""
    from ...serving import servers
    from ...serving.cells import KNOWN
    from ...serving.cells import OURS as SIDE
    from ...serving.cells import Cell as OfMatrix
    from ...serving.processes import Processes

    cells = [OfMatrix(*key, SIDE) for key in KNOWN]
    slow = OfMatrix("gRPC", "predict", 100_000, "ndarray", SIDE)
    with Processes() as processes, ExitStack() as connections:
        context.show_progress("starting", 0.0)
        ours = {model: processes.start(servers.command(model, "sum")) for model in METHODS}
        forks = [("sum", WRAPPER), ("sum", INSTALL), ("sum", RAW), ("sum", HAND)]
        found = forked(context, [*forks, ("ready", WRAPPER), ("ready", INSTALL)])
        for method, process in ours.items():
            ports = process.ready().ports
            found[METHODS[method], OURS] = Ports(ports["rest"], ports["grpc"])
        faster: dict[str, dict[OfMatrix, float]] = {OURS: {}, INSTALL: {}}
        for place, cell in enumerate(cells):
            context.show_progress("measuring", place / len(cells))
            arms = {
                arm: connected(cell, ports, connections)
                for (model, arm), ports in found.items()
                if model == METHODS[cell.method] and arm not in without(cell)
            }
            samples = in_turns(context, arms)
            yield from of_case(case_of(cell), samples)
            for arm in faster.keys() & samples:
                faster[arm][cell] = gain(samples, arm)
    for arm, ratios in faster.items():
        above = sum(ratio > 1 for ratio in ratios.values())
        yield (
            f"{ENGINES[arm]}: faster in {above} of {len(ratios)} cells, {min(ratios.values()):.2g}x"
            f" to {max(ratios.values()):.3g}x; gRPC ndarray of 100,000: {ratios[slow]:.3g}x"
            + (f" (required: all, {SLOWEST}x)." if arm == OURS else ".")
        )
    yield (
        "Ready bodies, one client, one worker; the wrapper with protobuf's C code, and with two"
        " threads of gunicorn, which keep connections. raw: predict_raw answers without decoding."
    )


METHODS = {"predict": "sum", "predict_raw": "ready"}


def without(cell: OfMatrix) -> set[str]:
    """Return the arms that a cell does not have: nothing is done by hand, or replaced, there."""
    if cell.transport == "REST":
        return set()
    return {HAND, INSTALL} if cell.method == "predict_raw" else {HAND}


def case_of(cell: OfMatrix) -> str:
    """Name a cell in the table."""
    method = "raw" if cell.method == "predict_raw" else cell.method
    return f"{cell.transport} {method}, {cell.values:,} {cell.kind}"


def connected(cell: OfMatrix, ports: Ports, connections: ExitStack) -> Arm:
    """Open a connection for the request of a cell."""
    import tensorwire as tw

    from ...serving import models
    from ...serving.clients import connect, name_of
    from ...serving.matrix import check

    protocol = tw.get_protocol(name_of(cell.transport))
    body = bytes(protocol.encode(tw.Message(models.payload(cell), cell.kind))[0])
    wanted = models.expected(cell, "sum")
    port = ports.rest if cell.transport == "REST" else ports.grpc
    caller = connect(cell.transport, port)
    connections.callback(caller.close)
    return Arm(caller, body, lambda reply: check(cell, protocol.decode(reply).value, wanted))


def in_turns(context: Context, arms: Mapping[str, Arm]) -> dict[str, list[float]]:
    """Return the median seconds of the calls of each arm in each round; every reply is checked.

    In a round each arm has several turns, a few calls each: what else the machine does then
    disturbs all of them.
    """
    from ..rounds import orders

    rounds, seconds = (QUICK_ROUNDS, QUICK_SECONDS) if context.quick else (ROUNDS, SECONDS)
    found: dict[str, list[float]] = {arm: [] for arm in arms}
    for each in arms.values():
        burst(each, 0.0)  # makes the connection
    slowest = max(min(burst(each, 0.0)) for each in arms.values())
    turns = 1 if slowest > LONG else TURNS
    for number in range(rounds):
        taken: dict[str, list[float]] = {arm: [] for arm in arms}
        for order in list(orders(list(arms), number + turns))[-turns:]:
            context.left()
            for arm in order:
                taken[arm] += burst(arms[arm], seconds)
        for arm, times in taken.items():
            found[arm].append(median(times))
    return found


def burst(arm: Arm, seconds: float) -> list[float]:
    """Return the seconds of calls one after another, at least one."""
    taken: list[float] = []
    until = perf_counter() + seconds
    while not taken or perf_counter() < until:
        before = perf_counter()
        reply = arm.caller.call(arm.body).body
        taken.append(perf_counter() - before)
        arm.check(reply)
    return taken


def of_case(case: str, samples: Mapping[str, list[float]]) -> Iterator[Cell]:
    """Yield the cells of a case: of each way to use tensorwire beside the wrapper as it is."""
    for arm, engine in ENGINES.items():
        if arm in samples:
            yield Cell(engine, case, AS_IT_IS, LATENCY, samples[WRAPPER])
            yield Cell(engine, case, WITH_TENSORWIRE, LATENCY, samples[arm])
            if arm == RAW and HAND in samples:
                yield Cell(engine, case, BY_HAND, LATENCY, samples[HAND])


def gain(samples: Mapping[str, list[float]], arm: str) -> float:
    """Return how many times as fast an arm is: the median of the rounds."""
    return median(a / b for a, b in zip(samples[WRAPPER], samples[arm], strict=True))


def forked(context: Context, servers: list[tuple[str, str]]) -> dict[tuple[str, str], Ports]:
    """Start the wrapper for models and arms; return where each listens."""
    from ...serving.proxies import free_ports

    numbers = free_ports(2 * len(servers) - 1)
    rest = ["{port}", *map(str, numbers[: len(servers) - 1])]
    grpc = numbers[len(servers) - 1 :]
    words = [
        f"{model}:{arm}:{a}:{b}" for (model, arm), a, b in zip(servers, rest, grpc, strict=True)
    ]
    engine = context.servers.start(
        "seldon",
        ["-m", "seldon_wrapper", *words],
        ready="/health/ping",
        TF_CPP_MIN_LOG_LEVEL="3",
    )
    all_rest = [engine.port, *numbers[: len(servers) - 1]]
    until = monotonic() + START
    for port in (*all_rest, *grpc):
        while not _listens(port):
            engine.check()
            if monotonic() > until:
                raise WorkerError("a fork of the wrapper does not answer")
            sleep(0.05)
    return dict(zip(servers, map(Ports, all_rest, grpc), strict=True))


def _listens(port: int) -> bool:
    import socket

    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            return True
    except OSError:
        return False


HOPS = {"direct": "direct", "pass": "hop, bytes", "recode": "hop, decoded"}


def measure_hop(context: Context) -> Iterator[Cell | str]:
    """Send an image to each server, and through a hop to it, in turns."""
    from ...serving import hop, proxies, servers
    from ...serving.cells import TRANSPORTS
    from ...serving.clients import connect
    from ...serving.processes import Processes

    wanted = int(hop.image().sum())
    pictures = [
        each
        for each in hop.pictures(TRANSPORTS, ("ndarray", "tensor", "tftensor"))
        if each.protocol == "seldon"
    ]
    with Processes() as processes, ExitStack() as connections:
        context.show_progress("starting", 0.0)
        own = processes.start(servers.command("pixels", "sum"))
        forks = forked(context, [("sum", WRAPPER), ("sum", INSTALL)])
        found = {arm: ports for (_, arm), ports in forks.items()}
        found[OURS] = Ports(own.ready().ports["rest"], own.ports["grpc"])
        places = {f"{arm} direct": ports for arm, ports in found.items()}
        started = {
            f"{arm} {how}": processes.start(proxies.command(how, *ports))
            for arm, ports in found.items()
            for how in ("pass", "recode")
        }
        for key, process in started.items():
            places[key] = Ports(process.ready().ports["rest"], process.ports["grpc"])
        for number, picture in enumerate(pictures):
            context.show_progress("measuring", number / len(pictures))

            def check(reply: bytes, picture: Any = picture) -> None:
                if hop.answer(picture, reply) != wanted:
                    raise WorkerError(f"{picture.transport} {picture.label}: a wrong answer")

            arms = {}
            for key, ports in places.items():
                port = ports.rest if picture.transport == "REST" else ports.grpc
                caller = connect(picture.transport, port)
                connections.callback(caller.close)
                arms[key] = Arm(caller, picture.body, check)
            samples = in_turns(context, arms)
            for how, label in HOPS.items():
                case = f"{picture.transport} {picture.kind}, {label}"
                yield from of_case(case, {arm: samples[f"{arm} {how}"] for arm in found})
            yield _added(picture, samples)
    yield "An image of 224x224x3 in a request, its sum in the reply; our own hop in all arms."


def _added(picture: Any, samples: Mapping[str, list[float]]) -> str:
    """Tell what a hop adds to each server."""
    words = []
    for arm, name in ((WRAPPER, "wrapper"), (OURS, "our server")):
        direct = median(samples[f"{arm} direct"])
        more = ", ".join(
            f"{(median(samples[f'{arm} {how}']) - direct) * 1e3:+.1f} ms {how}"
            for how in ("pass", "recode")
        )
        words.append(f"{name} {direct * 1e3:.1f} ms, {more}")
    return f"{picture.transport} {picture.kind}: {'; '.join(words)}."


SCENARIOS = (
    Scenario(
        name="seldon-wrapper",
        title="Seldon's Python wrapper, its 18 cells",
        question="What does a model in Seldon's wrapper gain?",
        measure=measure,
        engines=("seldon",),
        libraries=("seldon-core", "protobuf"),
        known=Known(
            "REST 1.8 to 20 ms, gRPC 1.5 to 253 ms",
            "the benchmark of Seldon's Python wrapper 1.10",
        ),
    ),
    Scenario(
        name="seldon-orchestrator",
        title="One hop in front of Seldon's wrapper",
        question="What does a hop cost, and what the server behind it?",
        measure=measure_hop,
        engines=("seldon",),
        libraries=("seldon-core", "protobuf"),
        known=Known(
            "82.6 ms against 73.7 ms REST",
            "Seldon's benchmark of its service orchestrator, with an image of 224x224x3",
        ),
    ),
)
