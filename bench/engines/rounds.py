"""The arms of a case in turns, by one client or under load, and the orders in which they follow."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from ..measure.check import CheckError
from ..process import WorkerError
from ..serving import loadgen
from ..serving.clients import Caller, CallError, GrpcClient, RestClient
from ..serving.loadgen import Target
from ..serving.samples import Load
from .scenario import LATENCY, RATE, Cell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from .scenario import Context

T = TypeVar("T")

ROUNDS, QUICK_ROUNDS = 7, 3
SECONDS, QUICK_SECONDS = 0.7, 0.3
"""Of one arm in one round,"""
CALLS = 3
"""and the calls of one client, however long they take."""
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Request:
    """A request of one arm to a server on this machine, and what tells whether a reply is right.

    That of gRPC has the path of its method, and no headers.
    """

    url: str
    body: bytes
    right: Callable[[bytes], bool]
    headers: Mapping[str, str] = field(default_factory=lambda: JSON)
    grpc: bool = False

    def client(self) -> Caller:
        """Return a connection."""
        url = urlsplit(self.url)
        if self.grpc:
            return GrpcClient(url.port or 80, url.path)
        return RestClient(url.port or 80, url.path, self.headers)

    def check(self) -> None:
        """Send it, and raise CheckError unless the reply is right."""
        path = urlsplit(self.url).path
        try:
            with closing(self.client()) as client:
                reply = client.call(self.body).body
        except CallError as error:
            raise WorkerError(f"{path}: {error}") from error
        if not self.right(reply):
            shown = reply[:100].decode(errors="replace")
            raise CheckError(f"{path}: expected the right reply, got {shown}")


def orders(arms: Sequence[T], rounds: int) -> Iterator[list[T]]:
    """Yield the arms for each round: each is first in its turn, and neighbours change.

    >>> list(orders("abc", 3))
    [['a', 'b', 'c'], ['b', 'a', 'c'], ['c', 'a', 'b']]
    """
    for number in range(rounds):
        place = number % len(arms)
        first, *rest = [*arms[place:], *arms[:place]]
        yield [first, *(rest[::-1] if number % 2 else rest)]


def rounds(
    context: Context, arms: Mapping[str, T], once: Callable[[T, float], Load]
) -> dict[str, list[Load]]:
    """Measure all arms in turns; return what was measured of each, a `Load` for each round.

    Parameters
    ----------
    once
        measures an arm once, for about so many seconds.
    """
    number, seconds = (QUICK_ROUNDS, QUICK_SECONDS) if context.quick else (ROUNDS, SECONDS)
    found: dict[str, list[Load]] = {arm: [] for arm in arms}
    for order in orders(list(arms), number):
        for arm in order:
            context.left()
            found[arm].append(once(arms[arm], seconds))
    return found


def load(
    context: Context, engine: str, case: str, arms: Mapping[str, Request], *, clients: int
) -> Iterator[Cell]:
    """Yield a cell of each arm: requests a second of some clients, who ask again when answered.

    A reply of each arm is checked before and after.
    """
    generate = loadgen.choose("auto", grpc=any(arm.grpc for arm in arms.values()))

    def once(arm: Request, seconds: float) -> Load:
        target = Target(arm.url, grpc=arm.grpc, body=arm.body, folder=context.folder)
        return generate(target._replace(headers=arm.headers), clients, seconds)

    for arm, found in _checked(context, arms, once).items():
        failed = sum(each.failed for each in found)
        answered = sum(len(each.latencies) for each in found)
        samples = [each.rate for each in found]
        yield Cell(engine, case, arm, RATE, samples, failed, failed + answered)


def calls(context: Context, engine: str, case: str, arms: Mapping[str, Request]) -> Iterator[Cell]:
    """Yield a cell of each arm: the median seconds of the calls of one client.

    A reply of each arm is checked before and after.
    """
    for arm, found in _checked(context, arms, one_client).items():
        answered = sum(len(each.latencies) for each in found)
        samples = [median(each.latencies) for each in found]
        yield Cell(engine, case, arm, LATENCY, samples, 0, answered)


def one_client(arm: Request, seconds: float) -> Load:
    """Call one after another, for some seconds, and a few times at least; WorkerError if it fails.

    The first call makes the connection, and does not count.
    """
    taken: list[float] = []
    with closing(arm.client()) as client:
        began = perf_counter()
        while len(taken) <= CALLS or perf_counter() - began < seconds:
            before = perf_counter()
            try:
                client.call(arm.body)
            except CallError as error:
                raise WorkerError(str(error)) from error
            taken.append(perf_counter() - before)
    return Load("python", 1, perf_counter() - began, 0, sorted(taken[1:]))


def _checked(
    context: Context, arms: Mapping[str, Request], once: Callable[[Request, float], Load]
) -> dict[str, list[Load]]:
    for arm in arms.values():
        arm.check()
    found = rounds(context, arms, once)
    for arm in arms.values():
        arm.check()
    return found
