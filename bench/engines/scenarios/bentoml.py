"""BentoML under Locust: ramps of users who wait, sync, async and batched; and single calls."""

from __future__ import annotations

import sys
from collections import Counter
from statistics import mean
from typing import TYPE_CHECKING, Any

from ..scenario import (
    ARMS,
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
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ..ramps import Turn
    from ..rounds import Request
    from ..servers import Server

ENGINE = "BentoML"
MODES = ("sync", "async", "batched")
USERS, QUICK_USERS = (50, 200, 300, 400, 1000), (200,)
ROUNDS = 3
SECONDS, QUICK_SECONDS = 0.8, 0.5
"""Of a turn."""
ROW = 30
"""Values in a request of the ramps."""
CLIENTS = 8
COUNTS = (1, 100_000)


def add_options(group: Any) -> None:
    """Add the options for load from other hosts."""
    group.add_argument(
        "--load-workers",
        type=int,
        default=0,
        metavar="N",
        help="wait for N Locust workers of other hosts, and start none, e.g. --load-workers 4",
    )
    group.add_argument(
        "--load-address",
        default="127.0.0.1",
        metavar="HOST",
        help="of this machine, as those hosts reach it; the engine then listens on all of its"
        " interfaces, e.g. --load-address 192.0.2.1",
    )


def measure(context: Context) -> Iterator[Cell | str]:
    """Measure single calls without a model, then the ramps with one."""
    context.show_progress("starting", 0.0)
    batches = context.folder / "batches"
    server = _start(context, batches)
    yield from _without_a_model(context, server)
    users, seconds = (QUICK_USERS, QUICK_SECONDS) if context.quick else (USERS, SECONDS)
    context.show_progress("ramps", 0.25)
    yield from _ramps(context, server, users, seconds, batches)


def _start(context: Context, batches: Path) -> Server:
    from ..servers import APPS

    host = "0.0.0.0" if context.options.load_workers else "127.0.0.1"  # noqa: S104 - as asked
    command = ["-m", "bentoml", "serve", "bento_service:Front", "--working-dir", str(APPS)]
    return context.servers.start(
        "bentoml",
        [*command, "--host", host, "--port", "{port}"],
        ready="/readyz",
        BENTOML_HOME=str(context.folder / "home"),
        BENTOML_DO_NOT_TRACK="True",
        BATCHES=str(batches),
    )


def _without_a_model(context: Context, server: Server) -> Iterator[Cell | str]:
    from ..rounds import calls, load

    for count in COUNTS:
        values = f"{count:,} value{'s' * (count > 1)}"
        arms = _arms(server, count)
        if count == 1:
            yield from load(context, ENGINE, f"{values}, JSON", arms, clients=CLIENTS)
            continue
        binary = _binary(server, count)
        by_arm = {cell.arm: cell for cell in calls(context, ENGINE, "", {**arms, "binary": binary})}
        for case, ours in (("JSON", WITH_TENSORWIRE), ("binary", "binary")):
            taken = {**{arm: by_arm[arm] for arm in ARMS}, WITH_TENSORWIRE: by_arm[ours]}
            for arm, cell in taken.items():
                samples, sent = cell.samples, cell.requests
                yield Cell(ENGINE, f"{values}, {case}", arm, LATENCY, samples, 0, sent)


def _arms(server: Server, count: int, mode: str = "double") -> dict[str, Request]:
    """Return the request of each arm: the same array, in the JSON that each of them takes."""
    import numpy as np
    import orjson

    from ..rounds import Request

    array = np.random.default_rng(1).normal(size=(1, count))
    own = orjson.dumps({"X": array}, option=orjson.OPT_SERIALIZE_NUMPY)
    ours = orjson.dumps({"data": {"ndarray": array}}, option=orjson.OPT_SERIALIZE_NUMPY)

    def right(reply: bytes) -> bool:
        said = orjson.loads(reply)
        found = said if isinstance(said, list) else said["data"]["ndarray"]
        return np.array_equal(found, array * 2)

    return {
        AS_IT_IS: Request(server.url(f"/{mode}"), own, right),
        WITH_TENSORWIRE: Request(server.url(f"/tensorwire/{mode}/predict"), ours, right),
        BY_HAND: Request(server.url("/by-hand/double"), own, right),
    }


def _binary(server: Server, count: int) -> Request:
    import numpy as np

    import tensorwire as tw

    from ..rounds import Request

    array = np.random.default_rng(1).normal(size=(1, count))
    body, headers = tw.get_protocol("oip/binary").encode(
        tw.oip.InferRequest(
            [tw.oip.InferTensor("x", array)], parameters={"binary_data_output": True}
        )
    )
    wanted = (array * 2).tobytes()
    url = server.url("/tensorwire/double/v2/models/m/infer")
    return Request(url, bytes(body), lambda reply: reply.endswith(wanted), headers)


def _ramps(
    context: Context, server: Server, users: tuple[int, ...], seconds: float, batches: Path
) -> Iterator[Cell | str]:
    from ..ramps import join, ramp

    given = context.options
    if given.load_workers:
        sys.stderr.write(f"on each other host: {join(given.load_address)}\n")
    requests = {
        f"{mode}, {arm}": request
        for mode in MODES
        for arm, request in _arms(server, ROW, mode).items()
        if arm != BY_HAND  # what is batched cannot be written by hand
    }
    batches.unlink(missing_ok=True)
    found: Mapping[tuple[int, str], list[Turn]] = ramp(
        context,
        requests,
        users,
        rounds=ROUNDS,
        seconds=seconds,
        hosts=given.load_workers,
        address=given.load_address,
    )
    for mode in MODES:
        for count in users:
            arms = (AS_IT_IS, WITH_TENSORWIRE)
            by_arm = {arm: found.get((count, f"{mode}, {arm}"), []) for arm in arms}
            if not all(by_arm.values()):
                yield f"{mode}, {count:,} users: not measured, there was no time."
                continue
            silent = [arm for arm, turns in by_arm.items() if not all(t.seconds for t in turns)]
            if silent:
                yield f"{mode}, {count:,} users: no answer in a turn of {' and '.join(silent)}."
                continue
            for arm, turns in by_arm.items():
                samples = [turn.median or 0.0 for turn in turns]
                failed = sum(sum(turn.failed.values()) for turn in turns)
                sent = failed + sum(len(turn.seconds) for turn in turns)
                case = f"{mode}, {count:,} users"
                yield Cell(ENGINE, case, arm, LATENCY, samples, failed, sent)
    yield from _reasons(found)
    yield from _batches(batches)


def _reasons(found: Mapping[tuple[int, str], list[Turn]]) -> Iterator[str]:
    """Tell why calls failed."""
    counts = Counter[str]()
    for turns in found.values():
        for turn in turns:
            counts.update(turn.failed)
    if counts:
        shown = ", ".join(f"{reason} ({count:,} times)" for reason, count in counts.most_common(4))
        yield f"why calls failed: {shown}; 503 is BentoML's refusal of a batch that would be late."


def _batches(path: Path) -> Iterator[str]:
    """Tell how large the batches were over time: in each fifth of those of an arm."""
    sizes: dict[str, list[int]] = {}
    for line in path.read_text("utf-8").splitlines() if path.exists() else ():
        arm, _, size = line.rpartition(" ")
        sizes.setdefault(arm, []).append(int(size))
    for arm, seen in sizes.items():
        fifth = max(1, len(seen) // 5)
        parts = [seen[start : start + fifth] for start in range(0, fifth * 5, fifth)]
        shown = ", ".join(f"{mean(part):.1f}" for part in parts if part)
        yield f"rows in a batch, {arm}: {shown} in each fifth of them, {max(seen)} at most."


SCENARIOS = (
    Scenario(
        name="bentoml",
        title="BentoML under Locust",
        question="What do users wait for, as they become more, without and with batches?",
        measure=measure,
        engines=("bentoml",),
        libraries=("bentoml",),
        known=Known(
            "median 4 to 220 ms at 50 to 1,000 users, failures up to 25 %",
            "High-Performance Serving, lesson 7.5 of the Machine Learning Zoomcamp",
        ),
        packages=("locust",),
        add_options=add_options,
    ),
)
