"""Try checks, each from a seed of its own, and count what becomes of them."""

import random
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.differential.contents import Wrong

Check = Callable[[random.Random], bool]  # True: survived, False: refused; raises Wrong
_SHOWN = 3  # failures of a kind of check that are printed
_LONGEST = 2000  # characters of a failure that are printed


@dataclass
class Tally:
    """What became of the checks of one kind.

    Attributes
    ----------
    survived, refused
        how many messages were read or written, and how many refused with a `CodecError`.
    wrong
        the number and the text of each check that found a fault.
    seconds
        how long they took.
    """

    survived: int = 0
    refused: int = 0
    wrong: list[tuple[int, str]] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def tried(self) -> int:
        """How many checks there were."""
        return self.survived + self.refused + len(self.wrong)


def one(name: str, check: Check, seed: str, number: int, tally: Tally) -> None:
    """Try one check."""
    chance = random.Random(f"{seed}/{name}/{number}")  # noqa: S311 - the same ones every time
    try:
        if check(chance):
            tally.survived += 1
        else:
            tally.refused += 1
    except Wrong as wrong:
        tally.wrong.append((number, str(wrong)))
    except Exception as error:  # noqa: BLE001 - a second opinion that fails is a fault, too
        tally.wrong.append((number, f"the check raised {type(error).__name__}: {error}"))


def run(
    checks: Mapping[str, tuple[Check, int]],
    *,
    count: int,
    seed: str = "0",
    seconds: float = float("inf"),
    first: int = 0,
) -> dict[str, Tally]:
    """Try so many checks, shared out by the weight of each kind, or until the time is over."""
    tallies = {name: Tally() for name in checks}
    total = sum(weight for _, weight in checks.values())
    end = time.monotonic() + seconds
    for name, (check, weight) in checks.items():
        started = time.monotonic()
        limit = started + (end - started) * weight / total
        total -= weight
        share = max(1, round(count * weight / sum(w for _, w in checks.values())))
        for number in range(first, first + share):
            one(name, check, seed, number, tallies[name])
            if number % 256 == 0 and time.monotonic() > limit:
                break
        tallies[name].seconds = time.monotonic() - started
    return tallies


def report(tallies: Mapping[str, Tally], seed: str) -> str:
    """Return the counts as a table, and the first failures with the calls that repeat them."""
    heads = ("check", "tried", "survived", "refused", "wrong", "seconds")
    rows = [
        (name, *map(str, (t.tried, t.survived, t.refused, len(t.wrong), f"{t.seconds:.1f}")))
        for name, t in tallies.items()
    ]
    every = tallies.values()
    sums = (
        sum(t.tried for t in every),
        sum(t.survived for t in every),
        sum(t.refused for t in every),
        sum(len(t.wrong) for t in every),
    )
    rows.append(("all", *map(str, sums), f"{sum(t.seconds for t in every):.1f}"))
    lines = [f"{row[0]:<12}" + "".join(f"{cell:>10}" for cell in row[1:]) for row in (heads, *rows)]
    for name, tally in tallies.items():
        for number, text in tally.wrong[:_SHOWN]:
            call = f"python -m tests.differential --only {name} --seed {seed} --number {number}"
            lines += ["", f"wrong: {name} {number}", f"  {text[:_LONGEST]}", f"  repeat: {call}"]
    return "\n".join(lines)


def say(text: str) -> None:
    """Print a text."""
    sys.stdout.write(text + "\n")
