"""Run the checks, print what came out, and fail where anything is wrong."""

import argparse
import sys

from tensorwire.arguments import HelpFormatter
from tests.differential.checks import CHECKS
from tests.differential.run import report, run, say


def main(arguments: list[str] | None = None) -> int:
    """Run the checks that the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.differential", description=__doc__, formatter_class=HelpFormatter
    )
    add = parser.add_argument
    add("--checks", type=int, default=500_000, metavar="N", help="how many, e.g. --checks 1000")
    add("--seed", default="0", metavar="TEXT", help="another seed, other checks, e.g. --seed b")
    add("--minutes", type=float, metavar="MINUTES", help="stop after so many, e.g. --minutes 1")
    add(
        "--only",
        choices=CHECKS,
        action="append",
        metavar="KIND",
        help=f"checks of this kind: {', '.join(CHECKS)}; e.g. --only {next(iter(CHECKS))}",
    )
    add("--number", type=int, metavar="N", help="this one check, e.g. --number 7")
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
