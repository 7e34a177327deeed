"""Run the checks, print what came out, and fail where anything is wrong."""

import argparse
import sys

from tests.differential.checks import CHECKS
from tests.differential.run import report, run, say


def main(arguments: list[str] | None = None) -> int:
    """Run the checks that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.differential", description=__doc__)
    parser.add_argument("--checks", type=int, default=500_000, help="how many (default: 500000)")
    parser.add_argument("--seed", default="0", help="other checks for another seed (default: 0)")
    parser.add_argument("--minutes", type=float, help="stop after so many minutes")
    parser.add_argument("--only", choices=CHECKS, action="append", help="checks of this kind")
    parser.add_argument("--number", type=int, help="the one check of that number, of --only")
    options = parser.parse_args(arguments)
    chosen = {name: CHECKS[name] for name in options.only or CHECKS}
    seconds = float("inf") if options.minutes is None else 60 * options.minutes
    count, first = options.checks, 0
    if options.number is not None:
        count, first = len(chosen), options.number
    tallies = run(chosen, count=count, seed=options.seed, seconds=seconds, first=first)
    say(report(tallies, options.seed))
    return int(any(tally.wrong for tally in tallies.values()))


if __name__ == "__main__":
    sys.exit(main())
