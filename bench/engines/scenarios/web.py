"""One route of a web framework: JSON as it reads it, by hand, and tensorwire beside them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from ..scenario import (
    ARMS,
    AS_IT_IS,
    BY_HAND,
    WITH_TENSORWIRE,
    Cell,
    Context,
    Scenario,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..rounds import Request
    from ..servers import Server


class Engine(NamedTuple):
    """How a framework is started, and where its tensorwire begins."""

    environment: str
    arguments: tuple[str, ...]
    root: str = "/tensorwire"
    ready: str = "/"


UVICORN = ("-m", "uvicorn", "--port", "{port}", "--log-level", "warning")
ENGINES = {
    "FastAPI": Engine("web", (*UVICORN, "web_fastapi:app")),
    "Flask": Engine(
        "web",
        (
            *("-m", "gunicorn", "-b", "127.0.0.1:{port}", "--threads", "8"),
            *("--log-level", "warning", "web_flask:app"),
        ),
    ),
}
MORE = {
    "Litestar": Engine("litestar", (*UVICORN, "web_litestar:app")),
    "LitServe": Engine("litserve", ("-m", "web_litserve", "{port}"), "", "/health"),
}
COUNTS = (1, 100_000)
CLIENTS = 8
"""Clients where a request is small: one client would be measured rather than the engine."""
BINARY = "in binary"
"""An arm of its own: what clients that send the binary form of the protocol would gain."""


def measure(engines: Mapping[str, Engine], context: Context) -> Iterator[Cell | str]:
    """Load each engine with one value and many, as JSON and in binary."""
    from ..rounds import calls, load

    cases = [(engine, count) for engine in engines for count in COUNTS]
    servers: dict[str, Server] = {}
    for place, (engine, count) in enumerate(cases):
        context.show_progress(engine, place / len(cases))
        if engine not in servers:
            environment, arguments, _, ready = engines[engine]
            servers[engine] = context.servers.start(environment, arguments, ready=ready)
        values = f"{count:,} value{'s' * (count > 1)}"
        arms = requests(servers[engine], count, engines[engine].root)
        if count == 1:
            found = list(load(context, engine, "", arms, clients=CLIENTS))
        else:
            found = list(calls(context, engine, "", arms))
        by_arm = {cell.arm: cell for cell in found}
        for arm in ARMS:
            yield _cell(by_arm[arm], f"{values}, JSON", arm)
        # Who sends binary leaves JSON: against the same two.
        for arm in (AS_IT_IS, BY_HAND):
            yield _cell(by_arm[arm], f"{values}, binary", arm)
        yield _cell(by_arm[BINARY], f"{values}, binary", WITH_TENSORWIRE)
        servers[engine].check()
    yield "binary: the form of the Open Inference Protocol, beside JSON as it is and by hand."


def requests(server: Server, count: int, root: str) -> dict[str, Request]:
    """Return the request of each arm."""
    import numpy as np

    import tensorwire as tw

    from ..rounds import Request

    array = np.random.default_rng(1).normal(size=(1, count))
    seldon, binary = tw.get_codec("json/ndarray"), tw.get_protocol("oip/binary")
    body = bytes(seldon.encode(array))
    message = tw.oip.InferRequest(
        [tw.oip.InferTensor("x", array)], parameters={"binary_data_output": True}
    )
    binary_body, headers = binary.encode(message)

    def right(reply: bytes) -> bool:
        return np.array_equal(seldon.decode(reply), array * 2)

    def right_in_binary(reply: bytes) -> bool:
        return bytes(reply).endswith((array * 2).tobytes())

    return {
        AS_IT_IS: Request(server.url("/as-it-is"), body, right),
        WITH_TENSORWIRE: Request(server.url(f"{root}/predict"), body, right),
        BY_HAND: Request(server.url("/by-hand"), body, right),
        BINARY: Request(
            server.url(f"{root}/v2/models/m/infer"),
            bytes(binary_body),
            right_in_binary,
            headers,
        ),
    }


def _cell(cell: Cell, case: str, arm: str) -> Cell:
    return Cell(cell.engine, case, arm, cell.metric, cell.samples, cell.failures, cell.requests)


SCENARIOS = (
    Scenario(
        name="web",
        title="One route of FastAPI and of Flask",
        question="What does a route gain that reads JSON of arrays now?",
        measure=partial(measure, ENGINES),
        engines=("web",),
        libraries=("fastapi", "flask"),
    ),
    Scenario(
        name="web-more",
        title="One route of Litestar and of LitServe",
        question="What does a route gain that reads JSON of arrays now?",
        measure=partial(measure, MORE),
        engines=("litestar", "litserve"),
        libraries=("litestar", "litserve"),
    ),
)
