"""Which format should this payload travel in? Measured, checked, and answered.

``python -m bench.codecs --help`` names the options.
"""

from __future__ import annotations

import argparse
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..cli import Parser, count, counts, guarded, seconds
from ..interrupt import leave, orderly
from ..measure.pyperf_suite import Rigour

if TYPE_CHECKING:
    from ..cli import Options
    from ..measure.run import Session
    from .traffic import Sample

NAME = "codecs"
EXAMPLES = """\
examples:
  {codecs}  the whole picture, 15 s
  {codecs} --codec 'json/*,*/tensor' --values ints  some codecs, integer values
  {codecs} --batch 1,64 --features 784 --dtype float32  other shapes
  {codecs} mine.npy --batch 1,64  your own array, repeated to 64 rows
  {codecs} t.csv::price,size mine.npy  columns of a table, beside an array
  {codecs} mine.npy --check-links  whether to compress it, over which link
  {codecs} recorded  a folder of requests: what each format costs for all of them
  {codecs} --targets  the speeds this project promises
  {codecs} -p 5 --seconds 60 -o run.json  then: python -m pyperf stats run.json
  {codecs} --profile a.svg --codec json/raw --op decode --batch 1  where its time goes
  {codecs} --rigorous -n 5 -w 0 -l 9 --min-time 0.01  each cell in processes of its own
  {codecs} --rigorous --timeout 60 --affinity 0
  {codecs} --rigorous --fast --inherit-environ LANG

other commands, with --help of their own:
  {protocols}  what each protocol costs
  {serving}  what a format costs in a whole request
  {compare}  two runs beside each other
  {compare} --history runs  a folder of runs
  {report}  a run as a page
"""
SECONDS, MANY_PROCESSES = 15.0, 20
PROCESSES, FEWEST, EACH = 9, 3, 1.5
"""Of a run of many seconds, of one of few, and the seconds that each of them should have."""
NO_PROFILE = {
    "output": "-o",
    **{
        name: f"--{name.replace('_', '-')}"
        for name in (
            *("check_links", "csv", "json", "links", "markdown"),
            *("memory", "rigorous", "targets"),
        )
    },
}
"""Options that make no sense with ``--profile``."""
RIGOUR = {
    "samples": "-n",
    "warmups": "-w",
    "loops": "-l",
    "min_time": "--min-time",
    "fast": "--fast",
    "timeout": "--timeout",
    "affinity": "--affinity",
    "inherit_environ": "--inherit-environ",
    "copy_env": "--copy-env",
}
"""Options of pyperf's Runner, by their names here."""
MOST = 100_000
"""More processors than any machine has."""


@orderly(NAME)
def main(argv: list[str] | None = None) -> int:
    """Run the command line; the exit code: 0, 1 wrong or failed, 2 usage, 130 interrupted."""
    options = parse(argv)
    return guarded(NAME, lambda: _list(options) if options.list else _measure(options))


def parser() -> Parser:
    """Return the command line."""
    made = Parser(
        name=NAME,
        description="Which format for this payload? Every codec, beside what people do without.",
        epilog=EXAMPLES,
    )
    add = made.add_argument
    add("--codec", action="append", metavar="GLOB", help="some of them; '*' has plug-ins, too")
    add("--batch", type=counts, metavar="LIST", help="rows (default: 1,10,100,1000,10000)")
    add("--features", type=count, metavar="N", help="values of a row (default: 10)")
    add("--dtype", metavar="NAME", help="of the values (default: float64, or a file's)")
    add(
        "--values", choices=("ints", "normal", "image"), help="what they are like (default: normal)"
    )
    add(
        "payload",
        nargs="*",
        metavar="FILE",
        help="your own: .npy, .npz, .safetensors, .parquet, .csv, a request, or a folder of them;"
        " FILE::NAMES chooses (default: generated values)",
    )
    add("--details", action="store_true", help="also each direction, first use, bytes, baselines")
    add("--memory", action="store_true", help="also the memory of a call, in a pass of its own")
    add("--links", action="store_true", help="also compressed, over links of several speeds")
    add("--check-links", action="store_true", help="--links, and real transfers to compare")
    add("--profile", metavar="SVG", help="a flame graph of one cell by py-spy, no figures")
    forms = made.add_run(processes=f"{FEWEST} to {PROCESSES}, by --seconds")
    forms.add_argument("--json", action="store_true", help="the advice for programs")
    add = made.add_argument_group("measured by pyperf, each cell in many processes").add_argument
    add("--rigorous", action="store_true", help="do so, by default in 20 processes")
    add("-n", dest="samples", type=count, metavar="N", help="values of a process (default: 3)")
    add("-w", "--warmups", type=none_or_more, metavar="N", help="warm-ups (default: 1)")
    add("-l", "--loops", type=count, metavar="N", help="calls of a value (default: found)")
    add("--min-time", type=seconds, metavar="S", help="seconds of a value (default: 0.1)")
    add("--fast", action="store_true", help="-p 10 -n 2")
    add("--timeout", type=count, metavar="S", help="seconds of a process (default: any)")
    add("--affinity", type=processors, metavar="LIST", help="processors (default: all)")
    add("--inherit-environ", metavar="LIST", help="variables that processes get")
    add("--copy-env", action="store_true", help="processes get all variables")
    return made


def parse(argv: list[str] | None) -> Options:
    """Read the command line; SystemExit(2) with one line on stderr if it is wrong."""
    made = parser()
    made.set_defaults(seconds=None, processes=None)  # not asked for
    given = vars(made.parse_intermixed_args(argv))
    whole = given["seconds"] or SECONDS
    usual = {
        "seconds": SECONDS,
        "processes": max(FEWEST, min(PROCESSES, int(whole / EACH))),
    }
    asked = {name for name, value in given.items() if value not in (None, False, [])}
    if given["profile"] and (others := [name for name in NO_PROFILE if name in asked]):
        other = NO_PROFILE[others[0]]
        made.error(f"expected --profile alone, got {other} beside it; leave out {other}")
    own = [name for name in ("payload", "batch", "features", "dtype", "values") if name in asked]
    if given["targets"] and own:
        left = given["payload"][0] if own[0] == "payload" else f"--{own[0]}"
        made.error(f"expected the payloads of --targets, got {left} too; leave out {left}")
    for name in ("features", "values") if given["payload"] else ():
        if given[name]:
            file = given["payload"][0]
            made.error(f"expected the values of {file}, got --{name} too; leave out --{name}")
    rigour = {name: given.pop(name) for name in RIGOUR}
    if given["rigorous"]:
        if given["seconds"] is not None:
            made.error(
                "expected -p, -n, -w or --fast beside --rigorous, got --seconds; it takes as long"
                " as its samples"
            )
        usual["processes"] = MANY_PROCESSES // 2 if rigour["fast"] else MANY_PROCESSES
    elif others := [option for name, option in RIGOUR.items() if name in asked]:
        made.error(f"expected --rigorous beside {others[0]}, got none")
    given["rigorous"] = _rigour(rigour) if given["rigorous"] else None
    given |= {name: value for name, value in usual.items() if given[name] is None}
    given["payload"] = tuple(given["payload"])
    given["links"] |= given["check_links"]
    if given["links"] and (given["targets"] or given["op"] != "both"):
        other = "--targets" if given["targets"] else "--op"
        made.error(
            f"expected both directions of one payload for --links, got {other}; leave it out"
        )
    return made.options(given)


def _rigour(given: dict[str, Any]) -> Rigour:
    if given.pop("fast"):
        given["samples"] = given["samples"] or 2
    if given["inherit_environ"]:
        given["inherit_environ"] = tuple(given["inherit_environ"].split(","))
    return Rigour(**{name: value for name, value in given.items() if value is not None})


def none_or_more(text: str) -> int:
    """Read a whole number from 0 on."""
    return 0 if text == "0" else count(text)


def processors(text: str) -> str:
    """Read a list of processors that this process may use, such as ``0`` or ``2-3,5``."""
    wanted: set[int] = set()
    try:
        for part in text.split(","):
            first, _, last = part.partition("-")
            wanted.update(range(int(first), min(int(last or first), MOST) + 1))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected processors such as 0 or 2-3,5, got {text!r}"
        ) from None
    if hasattr(os, "sched_getaffinity"):
        able = os.sched_getaffinity(0)
        if not wanted or not wanted <= able:
            names = ", ".join(map(str, sorted(able)))
            reason = f"expected processors that this process may use, got {text}; use {names}"
            raise argparse.ArgumentTypeError(reason)
    return text


def _list(options: Options) -> int:
    from ..implementations.lookup import baselines_for, missing_for
    from .plan import select

    codecs = select(options.codec or ("*",))
    for name in codecs:
        print(name)
    for name in baselines_for(codecs, bounds=True):
        module = missing_for(name)
        print(name + (f"  (skipped: {module} is not installed)" if module else ""))
    return 0


def _session(options: Options) -> tuple[Session, Sample | None, list[str]]:
    """Return what is to be measured, the sample of recorded traffic, and what is left out."""
    from ..implementations.implementation import FIRST_USE
    from ..measure.run import Session
    from ..targets import needed
    from . import links, plan, traffic
    from .targets import cases as target_cases
    from .targets import promises

    codecs = plan.select(options.codec)
    plan.check_packages(options.codec)
    able, skipped = plan.implementations(codecs, bounds=options.targets)
    sampled = None if options.targets else traffic.sample(options)
    if sampled and not options.codec:
        able += sampled.protocols
    cases = target_cases() if options.targets else sampled.cases if sampled else plan.cases(options)
    promised = list(promises())
    chosen = [needed(promised, able, case.label) if options.targets else able for case in cases]
    plan.check_memory(cases, able)
    skipped += links.prepare(options, cases, codecs)
    operations = options.op
    if "decode" in operations and not (options.targets or options.profile):
        operations = (*operations, FIRST_USE)
    mean = sampled.mean if sampled else None
    session = Session(cases, chosen, operations, started=options.started, mean=mean)
    return session, sampled, skipped


def _measure(options: Options) -> int:
    from ..cli import finish, require_all
    from ..measure import machine, pyperf_suite, transport
    from ..measure.run import run
    from ..screen import Progress
    from . import links
    from .show import show

    if options.output:
        require_all("-o", "pyperf")
    if options.rigorous:
        require_all("--rigorous", "pyperf")
    session, sampled, skipped = _session(options)
    progress = Progress(quiet=options.quiet)
    if options.profile:
        from ..measure.flamegraph import profile

        drawn = profile(session, Path(options.profile), options.seconds, progress)
        if not options.quiet:
            print(f"{options.profile}: {drawn}; open it in a browser")
        return 0
    if not options.targets:
        largest = max(case.size for case in session.cases)
        session.http_round_trips = transport.measure(largest, options.seconds)
    try:
        if options.rigorous:
            pyperf_suite.run(
                session, options.rigorous, options.processes, progress, quiet=options.quiet
            )
        else:
            run(session, options.seconds, options.processes, progress)
        if options.memory and not session.interrupted:
            from ..measure.memory import weigh

            weigh(session, progress)
        links.measure(session, options, progress)
    except KeyboardInterrupt:
        session.interrupted = True
    return finish(
        NAME, session, options, [*machine.warnings(), *skipped], partial(show, sample=sampled)
    )


if __name__ == "__main__":
    leave(main())
