"""Mode ``hop``: the extra latency of one service in front of the model server."""

from __future__ import annotations

import gc
import random
import sys
import time
from collections import defaultdict
from functools import partial
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

from bench.interrupt import INTERRUPTED
from bench.measure.check import CheckError
from bench.serving import hop_tables, proxies, servers, suite
from bench.serving.clients import Caller, connect
from bench.serving.hop_payloads import Picture, answer, image, pictures
from bench.serving.processes import Process, Processes, recording
from bench.serving.proxies import NGINX

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.screen import Progress, Screen
    from bench.serving.options import Options

DIRECT, AGAIN = "no hop", "again"
ROUNDS, QUICK_ROUNDS = 6, 3

Medians = dict[tuple[str, str, str], list[float]]
"""By transport, label of the payload, and hop: the median of each round."""


def run(options: Options, screen: Screen, progress: Progress) -> int:
    """Do it; the exit code."""
    found = list(pictures(options.choice.transports, options.choice.kinds))
    medians: Medians = defaultdict(list)
    code = 0
    try:
        hops = _measure(options, found, medians, progress)
    except KeyboardInterrupt:
        if not medians:
            raise
        code, hops = INTERRUPTED, list(dict.fromkeys(hop for _, _, hop in medians))
    finally:
        progress.clear()
    made = partial(hop_tables.benchmarks, found, medians)
    with suite.saving(options, made, interrupted=bool(code)):
        if options.csv:
            hop_tables.write_csv(found, hops, medians, sys.stdout)
        else:
            hop_tables.show(found, hops, medians, screen, quiet=options.quiet)
    return code


def _start(processes: Processes, progress: Progress) -> dict[str, Process]:
    progress.show("starting", 0.0)
    server = processes.start(servers.command("pixels", "sum")).ready()
    ports = server.ports["rest"], server.ports["grpc"]
    hops = {DIRECT: server}
    if proxies.program():
        hops[NGINX] = processes.start(proxies.command(NGINX, *ports))
    for how in proxies.HOWS:
        hops[how] = processes.start(proxies.command(how, *ports))
    for name, process in hops.items():
        if name != DIRECT:
            process.ready()
    return {**hops, AGAIN: server}


def _measure(
    options: Options, found: Sequence[Picture], medians: Medians, progress: Progress
) -> list[str]:
    wanted = int(image().sum())
    rounds = QUICK_ROUNDS if options.quick else ROUNDS
    order = random.Random(20)  # noqa: S311 - order only
    with Processes() as processes:
        hops = _start(processes, progress)
        progress.restart()
        callers = _connect(found, hops)
        ends = time.monotonic() + options.seconds
        total, done = rounds * len(callers), 0
        with recording(options.flames, {k: v for k, v in hops.items() if k != AGAIN}):
            for _ in range(rounds):
                for picture in order.sample(found, len(found)):
                    gc.collect()
                    for hop in order.sample(list(hops), len(hops)):
                        seconds = max(0.0, ends - time.monotonic()) / (total - done)
                        taken = _burst(picture, callers[picture, hop], seconds, wanted)
                        medians[picture.transport, picture.label, hop].append(taken)
                        done += 1
                        progress.show("measuring", done / total)
        for caller in callers.values():
            caller.close()
    return [name for name in hops if name != AGAIN]


def _connect(
    found: Sequence[Picture], hops: Mapping[str, Process]
) -> dict[tuple[Picture, str], Caller]:
    return {
        (picture, hop): connect(
            picture.transport, process.ports[picture.transport.lower()], picture.protocol
        )
        for picture in found
        for hop, process in hops.items()
    }


def _burst(picture: Picture, caller: Caller, seconds: float, wanted: int) -> float:
    """Send the image for some time; the median of the seconds until the reply."""
    caller.call(picture.body)  # connections may have been closed meanwhile
    taken: list[float] = []
    end = perf_counter() + seconds
    while not taken or perf_counter() < end:
        began = perf_counter()
        body = caller.call(picture.body).body
        taken.append(perf_counter() - began)
        if answer(picture, body) != wanted:
            raise CheckError(f"{picture.transport} {picture.label}: a wrong answer")
    return median(taken)
