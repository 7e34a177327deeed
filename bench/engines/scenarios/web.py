"""One route of FastAPI and of Flask: JSON as they read it, by hand, and tensorwire beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    from collections.abc import Iterator

    from ..rounds import Request
    from ..servers import Server

ENGINES = {
    "FastAPI": ("-m", "uvicorn", "--port", "{port}", "--log-level", "warning", "web_fastapi:app"),
    "Flask": (
        *("-m", "gunicorn", "-b", "127.0.0.1:{port}", "--threads", "8", "--log-level", "warning"),
        "web_flask:app",
    ),
}
COUNTS = (1, 100_000)
CLIENTS = 8
"""Clients where a request is small: one client would be measured rather than the engine."""
BINARY = "in binary"
"""An arm of its own: what clients that send the binary form of the protocol would gain."""


def measure(context: Context) -> Iterator[Cell | str]:
    """Load each engine with one value and many, as JSON and in binary."""
    from ..rounds import calls, load

    cases = [(engine, count) for engine in ENGINES for count in COUNTS]
    servers: dict[str, Server] = {}
    for place, (engine, count) in enumerate(cases):
        context.show_progress(engine, place / len(cases))
        if engine not in servers:
            servers[engine] = context.servers.start("web", ENGINES[engine])
        values = f"{count:,} value{'s' * (count > 1)}"
        arms = requests(servers[engine], count)
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


def requests(server: Server, count: int) -> dict[str, Request]:
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
        WITH_TENSORWIRE: Request(server.url("/tensorwire/predict"), body, right),
        BY_HAND: Request(server.url("/by-hand"), body, right),
        BINARY: Request(
            server.url("/tensorwire/v2/models/m/infer"),
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
        measure=measure,
        engines=("web",),
        libraries=("fastapi", "flask"),
    ),
)
