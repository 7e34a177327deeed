"""Ramps of Locust: more and more users, a master and its workers, all arms in turns."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
from base64 import b64encode
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from ..process import Child, WorkerError
from ..serving.proxies import free_ports
from .rounds import orders

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .rounds import Request
    from .scenario import Context

LOCUSTFILE = Path(__file__).with_name("locustfile.py")
WORKERS = 2
SPARE = 40.0
"""Seconds that Locust takes to start and to end, on a machine that has other work too."""
PORT = 5557
"""Of the master, where workers of other hosts look for it."""


class Turn(NamedTuple):
    """What one arm did in one round: seconds of its calls, and how many failed, by reason."""

    seconds: Sequence[float]
    failed: Mapping[str, int]

    @property
    def median(self) -> float | None:
        """The median; None where no call was answered."""
        return median(self.seconds) if self.seconds else None


def join(host: str) -> str:
    """Return what a host types to be a worker; a worker ends with its master, so it starts again.

    >>> join("10.0.0.1")
    'while sleep 1; do locust -f - --worker --master-host 10.0.0.1; done'
    """
    words = ["locust", "-f", "-", "--worker", "--master-host", host]
    return f"while sleep 1; do {shlex.join(words)}; done"


def ramp(  # noqa: PLR0913 - each says what is measured
    context: Context,
    arms: Mapping[str, Request],
    users: Sequence[int],
    *,
    rounds: int,
    seconds: float,
    hosts: int = 0,
    address: str = "127.0.0.1",
) -> dict[tuple[int, str], list[Turn]]:
    """Run a ramp; return the turns of each number of users and arm, one a round.

    Where there is no time for all, those of most users are missing.

    Parameters
    ----------
    seconds
        of a turn.
    hosts
        workers on other hosts that are waited for, instead of `WORKERS` of this one.
    address
        of the engine, as the workers reach it.

    Raises
    ------
    WorkerError
        Locust failed, or is not done in time.
    """
    for request in arms.values():
        request.check()
    turns = [(count, order) for count in users for order in orders(list(arms), rounds)]
    result = context.folder / "ramp.json"
    plan = {
        "turns": turns,
        "seconds": seconds,
        "result": str(result),
        "within": context.left() - SPARE,
        "arms": {
            name: {
                "path": urlsplit(each.url).path,
                "headers": dict(each.headers),
                "body": b64encode(each.body).decode(),
            }
            for name, each in arms.items()
        },
    }
    port = urlsplit(next(iter(arms.values())).url).port
    _locust(context, f"http://{address}:{port}", json.dumps(plan), hosts)
    for request in arms.values():
        request.check()
    try:
        found = json.loads(result.read_bytes())
    except (OSError, ValueError):
        raise WorkerError("Locust wrote no result") from None
    return _turns(turns, found["turns"], found["done"])


def _locust(context: Context, url: str, plan: str, hosts: int) -> None:
    """Run the master, and its workers unless they come from other hosts."""
    port = PORT if hosts else free_ports(1)[0]
    base = [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--skip-log-setup"]
    command = [*base, "--master", "--headless", "-H", url, "-u", "1", "-r", "1", "--plan", plan]
    command += ["--exit-code-on-error", "0"]
    command += ["--expect-workers", f"{hosts or WORKERS}", "--master-bind-port", f"{port}"]
    command += ["--master-bind-host", "0.0.0.0" if hosts else "127.0.0.1"]  # noqa: S104 - as asked
    worker = [*base, "--worker", "--master-port", f"{port}"]
    commands = [command, *([worker] * WORKERS if not hosts else [])]
    children = [Child(each, stdout=subprocess.DEVNULL) for each in commands]
    try:
        children[0].wait(context.left())
        if children[0].returncode():
            raise WorkerError(f"Locust failed: {children[0].complaint()}")
    except subprocess.TimeoutExpired:
        raise WorkerError("Locust is not done in time") from None
    finally:
        for child in children:
            child.signal(signal.SIGTERM)
            child.close()


def _turns(
    turns: Sequence[tuple[int, Sequence[str]]],
    count: int,
    done: Sequence[tuple[int, float | str]],
) -> dict[tuple[int, str], list[Turn]]:
    """Return what was done by users and arm, in as many turns as there was time for.

    Parameters
    ----------
    done
        of each call, the number of its turn, and the seconds or why it failed.
    """
    places = [(users, arm) for users, order in turns for arm in order][:count]
    by_number: list[tuple[list[float], dict[str, int]]] = [([], {}) for _ in places]
    for number, outcome in done:
        seconds, failed = by_number[number]
        if isinstance(outcome, str):
            failed[outcome] = failed.get(outcome, 0) + 1
        else:
            seconds.append(outcome)
    found: dict[tuple[int, str], list[Turn]] = {}
    for place, turn in zip(places, by_number, strict=True):
        found.setdefault(place, []).append(Turn(*turn))
    return found
