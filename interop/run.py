"""A run: each peer in turn, and what is known so far."""

from __future__ import annotations

import sys
import time
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from bench.environments import InstallError, environment
from interop import round_trip_losses, speed
from interop.checks import Report, checks, listed
from interop.peers import requirements
from interop.process import PeerError, PeerProcess, Refusal, worker
from interop.round_trip_losses import lost_by, lost_by_us, undeclared
from interop.speed import speeds

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bench.screen import Screen
    from interop.round_trip_losses import Loss
    from interop.speed import Speed

__all__ = ["PARTS", "Run", "report_progress"]

PARTS = CHECKS, LOSSES, SPEED = ("checks", "losses", "speed")


@dataclass
class Run:
    """What is known so far."""

    parts: Sequence[str]
    """What is done with each peer."""
    report: Report = field(default_factory=Report)
    losses: list[Loss] = field(default_factory=list)
    speeds: list[Speed] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether every peer was tried, and nothing was found that is not declared."""
        return self.report.good and not any(undeclared(self.losses))

    def try_peer(self, name: str, root: Path, python: str) -> None:
        """Try one peer; whatever goes wrong with it is in the report, and the run goes on."""
        clock = [time.monotonic()]
        try:
            pins = requirements(name)
            interpreter = environment(pins, root, report_progress, python, compiled=False)
        except InstallError as error:
            self._miss(name, f"cannot be installed: {error}")
            return
        clock.append(time.monotonic())
        try:
            with closing(PeerProcess(name, worker(interpreter, name))) as peer:
                clock.append(time.monotonic())
                self.report.versions[name] = peer.versions
                for part in self.parts:
                    self._do(part, peer)
                    clock.append(time.monotonic())
        except (PeerError, Refusal) as error:
            self._miss(name, str(error))
            return
        except KeyboardInterrupt:
            self.report.missing[name] = "interrupted"
            raise
        steps = zip(("environment", "start", *self.parts), pairwise(clock), strict=True)
        report_progress(
            f"{name}: " + ", ".join(f"{step} {end - begin:.0f} s" for step, (begin, end) in steps)
        )

    def _do(self, part: str, peer: PeerProcess) -> None:
        if part == CHECKS:
            self.report.checked[peer.peer] = tuple(peer.implementations)
            self.report.outcomes += checks(peer)
        elif part == LOSSES:
            self.losses += lost_by(peer)
        else:
            for each in speeds(peer):
                self.speeds.append(each)

    def _miss(self, name: str, reason: str) -> None:
        self.report.missing[name] = reason
        report_progress(f"{name}: {reason}")

    def finish(self) -> None:
        """Do what needs no peer."""
        if LOSSES in self.parts:
            self.losses += lost_by_us()

    def show(self, screen: Screen) -> None:
        """Write all that is known."""
        self.report.show(screen)
        if self.losses:
            round_trip_losses.show(self.losses, screen, words=CHECKS not in self.parts)
            listed("NOT AS KNOWN_LOSSES in known_losses.py:", undeclared(self.losses), screen)
        if self.speeds:
            speed.show(self.speeds, screen)
        self.report.show_missing(screen)


def report_progress(line: str) -> None:
    """Print progress to stderr, apart from the report."""
    print(line, file=sys.stderr, flush=True)
