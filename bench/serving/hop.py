"""Mode ``hop``: the extra latency of one service in front of the model server.

The request is an image, in every protocol and kind.
"""

from __future__ import annotations

import gc
import random
import time
from itertools import groupby
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

import tensorwire as tw

from .. import figures
from ..measure.check import CheckError
from ..payloads.case import IMAGE, Case, build
from ..screen import Row, Table
from . import proxies, records, servers
from .cells import KINDS, REST, TRANSPORTS
from .clients import Caller, connect, name_of
from .mode import Mode
from .processes import Process, Processes, recording
from .proxies import NGINX
from .records import AGAIN, DIRECT, Hop, Hops

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..screen import Progress, Screen
    from .options import Options
    from .records import Benchmark

ROUNDS, QUICK_ROUNDS = 6, 3
ORDER = (DIRECT, NGINX, *proxies.HOWS)
NOTE = (
    "p50 of one client with ready-made bodies, and what each hop adds to it: ms, and % below."
    " noise: how far a second series without a hop is from the first."
)
HOPS_NOTE = (
    "pass: our server, bytes in and out. route: after tw.peek. recode: decodes and encodes again"
    " both ways. Every answer was checked."
)


class Picture(NamedTuple):
    """A request.

    Attributes
    ----------
    protocol
        ``seldon`` or ``tfserving``.
    kind
        Seldon's kind; empty for TF Serving.
    """

    transport: str
    protocol: str
    kind: str
    body: bytes

    @property
    def label(self) -> str:
        """What its row is called."""
        return f"{self.protocol} {self.kind}".strip()


def image() -> Any:
    """Return a batch of one image."""
    return build(Case("image", "hop", (1, *IMAGE), "uint8", "image"))


def pictures(transports: tuple[str, ...], kinds: tuple[str, ...] = KINDS) -> Iterator[Picture]:
    """Return all requests."""
    array = image()
    for transport in (each for each in TRANSPORTS if each in transports):
        request = tw.tfserving.PredictRequest({"image": array}, model_name="model")
        if transport == REST:
            request = tw.tfserving.PredictRequest({"": array}, model_name="model")
        serving = tw.get_protocol(name_of(transport, "tfserving"))
        yield Picture(transport, "tfserving", "", serving.encode(request)[0])
        seldon = tw.get_protocol(name_of(transport))
        for kind in kinds:
            yield Picture(transport, "seldon", kind, seldon.encode(tw.Message(array, kind))[0])


def answer(picture: Picture, body: bytes) -> int:
    """Read a reply: the one number in it."""
    protocol = tw.get_protocol(name_of(picture.transport, picture.protocol))
    reply = protocol.decode(body, type=protocol.response)
    if picture.protocol == "seldon":
        value = reply.value
    else:
        (value,) = reply.outputs.values()
    if value.shape != (1,):
        raise ValueError(f"a reply of shape {value.shape}")
    return int(value[0])


class OneHop(Mode):
    """In every round each payload goes through each hop once, in a new order."""

    columns = (
        *("transport", "protocol", "kind", "hop", "bytes", "p50_s", "extra_s", "extra", "noise"),
    )

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.pictures = list(pictures(options.choice.transports, options.choice.kinds))
        self.medians: dict[tuple[Picture, str], list[float]] = {}
        self.found = self.medians

    def measure(self, progress: Progress) -> None:
        """Start the hops, and send the image through all of them in turn."""
        options = self.options
        wanted = int(image().sum())
        rounds = QUICK_ROUNDS if options.quick else ROUNDS
        order = random.Random(20)  # noqa: S311 - order only
        with Processes() as processes:
            hops = _start(processes, progress)
            progress.restart()
            callers = {
                (each, hop): connect(
                    each.transport, process.ports[each.transport.lower()], each.protocol
                )
                for each in self.pictures
                for hop, process in hops.items()
            }
            ends = time.monotonic() + options.seconds
            total, done = rounds * len(callers), 0
            with recording(options.flames, {k: v for k, v in hops.items() if k != AGAIN}):
                for _ in range(rounds):
                    for picture in order.sample(self.pictures, len(self.pictures)):
                        gc.collect()
                        for hop in order.sample(list(hops), len(hops)):
                            seconds = max(0.0, ends - time.monotonic()) / (total - done)
                            p50 = _burst(picture, callers[picture, hop], seconds, wanted)
                            self.medians.setdefault((picture, hop), []).append(p50)
                            done += 1
                            progress.show("measuring", done / total)
            for caller in callers.values():
                caller.close()

    def records(self) -> list[Hop]:
        """Return the record of each payload and hop."""
        return [
            Hop(picture.transport, picture.label, hop, len(picture.body), medians)
            for (picture, hop), medians in self.medians.items()
        ]

    def hops(self) -> list[str]:
        """Return the hops that were measured, in the order of the columns."""
        measured = {hop for _, hop in self.medians}
        return [hop for hop in ORDER if hop in measured]

    def benchmarks(self) -> Iterator[Benchmark]:
        """Return a benchmark per payload and hop."""
        return records.hop_benchmarks(self.records())

    def rows(self) -> Iterator[Sequence[Any]]:
        """Return a line per payload and hop."""
        found = Hops(self.records())
        for picture in self.pictures:
            key = picture.transport, picture.label
            _, noise = found.noise(*key) or (0, 0)
            for hop in self.hops():
                if added := found.added(*key, hop):
                    numbers = (median(self.medians[picture, hop]), *added[1:], noise)
                    texts = (f"{value:.6g}" for value in numbers)
                    yield (*picture[:3], hop, len(picture.body), *texts)

    def show(self, screen: Screen) -> None:
        """Write the table."""
        found, hops = Hops(self.records()), self.hops()
        others = [hop for hop in hops if hop != DIRECT]
        columns = ("bytes", DIRECT, *others, "noise")
        table = Table("One hop, a 224x224x3 image", columns, note=NOTE)
        for transport, members in groupby(self.pictures, key=lambda picture: picture.transport):
            table.rows.append(Row(transport, style="group"))
            for picture in members:
                table.rows += _rows(picture, others, found)
        screen.table(table)
        if not self.options.quiet:
            screen.line()
            screen.line(HOPS_NOTE, "note")
            if NGINX not in hops:
                screen.line("nginx is not installed: no real proxy beside ours.", "warning")


def _rows(picture: Picture, others: Sequence[str], found: Hops) -> list[Row]:
    key = picture.transport, picture.label
    base = found.added(*key, DIRECT)
    if base is None:
        return []
    times = [figures.size(len(picture.body)), figures.duration(base[0])]
    shares = ["", ""]
    for hop in others:
        added = found.added(*key, hop)
        times.append(f"{added[1] * 1e3:+.2f} ms" if added else "-")
        shares.append(f"{added[2] * 100:+.0f} %" if added else "")
    noise = found.noise(*key)
    times.append(f"{noise[0] * 1e3:.2f} ms" if noise else "-")
    shares.append(f"{noise[1] * 100:.0f} %" if noise else "")
    return [Row(picture.label, tuple(times)), Row("", tuple(shares), "baseline")]


def _start(processes: Processes, progress: Progress) -> dict[str, Process]:
    progress.show("starting", 0.0)
    server = processes.start(servers.command("pixels", "sum")).ready()
    ports = server.ports["rest"], server.ports["grpc"]
    hows = [*[NGINX] * bool(proxies.program()), *proxies.HOWS]
    hops = {how: processes.start(proxies.command(how, *ports)) for how in hows}
    for process in hops.values():
        process.ready()
    return {DIRECT: server, **hops, AGAIN: server}


def _burst(picture: Picture, caller: Caller, seconds: float, wanted: int) -> float:
    """Send the image for some time; the median of the seconds until the reply."""
    caller.call(picture.body)  # connections may have been closed meanwhile
    times: list[float] = []
    end = perf_counter() + seconds
    while not times or perf_counter() < end:
        began = perf_counter()
        body = caller.call(picture.body).body
        times.append(perf_counter() - began)
        if answer(picture, body) != wanted:
            raise CheckError(f"{picture.transport} {picture.label}: a wrong answer")
    return median(times)
