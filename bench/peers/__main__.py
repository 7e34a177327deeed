"""Try tensorwire against the real libraries: ``python -m bench.peers``.

Exit codes: 0 all is as it should be, 1 something is not (or a peer could not be tried), 2 the
command line is wrong.
"""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from bench.peers.checks import checks
from bench.peers.environments import PEERS, InstallError, cache, environment
from bench.peers.process import PeerError, PeerProcess, Refusal, worker
from bench.peers.report import Report
from bench.peers.speed import speeds
from bench.peers.speed_table import show
from bench.screen.render import Screen

if TYPE_CHECKING:
    from bench.peers.speed import Speed

QUICK = ("triton", "kserve")
"""The peers with the smallest environments that speak every form of the Open Inference Protocol."""


def main(arguments: list[str] | None = None) -> int:
    """Run the peers asked for, and print the report."""
    asked = _parser().parse_args(arguments)
    names = tuple(asked.only.split(",")) if asked.only else QUICK if asked.quick else PEERS
    unknown = [name for name in names if name not in PEERS]
    if unknown:
        _tell(f"no peer {unknown[0]!r}; known: {', '.join(PEERS)}")
        return 2
    report = Report()
    timed: list[Speed] | None = [] if asked.speed or not (asked.only or asked.quick) else None
    for name in dict.fromkeys(names):
        try_peer(name, report, asked, timed)
    print("\n".join(report.lines()))
    if timed:
        show(timed, Screen())
    return 0 if report.good else 1


def try_peer(
    name: str, report: Report, asked: argparse.Namespace, timed: list[Speed] | None
) -> None:
    """Try one peer; whatever goes wrong with it is in the report, and the run goes on."""
    clock = [time.monotonic()]
    try:
        interpreter = environment(name, asked.keep or cache(), _tell, asked.python)
    except InstallError as error:
        report.missing[name] = f"cannot be installed: {error}"
        _tell(f"{name}: cannot be installed: {error}")
        return
    clock.append(time.monotonic())
    try:
        with closing(PeerProcess(name, worker(interpreter, name))) as peer:
            clock.append(time.monotonic())
            report.versions[name] = peer.versions
            report.outcomes += () if asked.speed else checks(peer)
            clock.append(time.monotonic())
            if timed is not None:
                timed += speeds(peer)
    except (PeerError, Refusal) as error:
        report.missing[name] = str(error)
        _tell(f"{name}: {error}")
        return
    clock.append(time.monotonic())
    steps = zip(("environment", "start", "checks", "speed"), pairwise(clock), strict=True)
    _tell(f"{name}: " + ", ".join(f"{step} {end - begin:.0f} s" for step, (begin, end) in steps))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.peers",
        description="Try tensorwire against the real libraries, each in an environment of its own: "
        "they read what we write, we read what they write, and how long both take.",
    )
    parser.add_argument("--only", metavar="NAME,...", help=f"of {', '.join(PEERS)}")
    parser.add_argument("--quick", action="store_true", help=f"only {' and '.join(QUICK)}")
    parser.add_argument(
        "--speed",
        action="store_true",
        help="only how long each takes, beside us; a run of all peers tells it too",
    )
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help=f"where environments are kept; else {cache()}"
    )
    parser.add_argument(
        "--python",
        default=sys.executable,
        help="what makes the environments; the pins need 3.11 or later",
    )
    return parser


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
