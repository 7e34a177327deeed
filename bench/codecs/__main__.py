"""Which format should this payload travel in? Measured, checked, and answered.

``python -m bench.codecs --help`` names the options.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from bench.interrupt import leave, orderly

if TYPE_CHECKING:
    from bench.options import Options

NAME = "python -m bench.codecs"


@orderly(NAME)
def main(argv: list[str] | None = None) -> int:
    """Run the command line; the exit code: 0, 1 wrong or failed, 2 usage, 130 interrupted."""
    if "--worker" in (sys.argv[1:] if argv is None else argv):
        from bench.codecs.rigorous_worker import work

        return work()
    from bench.codecs.options import parse
    from bench.command import guarded

    options = parse(argv)
    return guarded(NAME, lambda: _list(options) if options.list else _measure(options))


def _list(options: Options) -> int:
    from bench.codecs.plan import select
    from bench.implementations.lookup import baselines_for, missing_for

    codecs = select(options.codec or ("*",))
    for name in codecs:
        print(name)
    for name in baselines_for(codecs, floors=True):
        module = missing_for(name)
        print(name + (f"  (skipped: {module} is not installed)" if module else ""))
    return 0


def _measure(options: Options) -> int:
    from bench.codecs import plan, targets
    from bench.codecs.show import show
    from bench.command import finish
    from bench.implementations.implementation import FIRST_USE
    from bench.measure import environment, transport
    from bench.measure import session as interleaved
    from bench.measure.session import Session
    from bench.options import require
    from bench.screen.progress import Progress

    if options.output:
        require("pyperf", "-o")
    if options.rigorous is not None:
        from bench.codecs import rigorous_options

        rigorous_options.check(options.rigorous)
    codecs = plan.select(options.codec)
    plan.check_packages(options.codec)
    able, skipped = plan.ways(codecs, floors=options.targets)
    cases = targets.cases() if options.targets else plan.cases(options)
    ways = [targets.ways(codecs, able, case.label) if options.targets else able for case in cases]
    plan.check_memory(cases, able)
    operations = options.op
    if "decode" in operations and not (options.targets or options.profile):
        operations = (*operations, FIRST_USE)
    session = Session(cases, ways, operations)
    notes = [*environment.warnings(), *skipped]
    progress = Progress(quiet=options.quiet)
    if options.profile:
        from bench.codecs.profile import profile

        return profile(session, options, progress)
    if not options.targets:
        session.trips = transport.measure(max(case.size for case in cases), options.seconds)
    try:
        if options.rigorous is None:
            interleaved.run(session, options, progress)
        else:
            from bench.codecs import rigorous

            rigorous.run(session, options, progress)
        if options.memory and not session.interrupted:
            from bench.measure.memory import weigh

            weigh(session, progress)
    except KeyboardInterrupt:
        session.interrupted = True
    return finish(NAME, session, options, notes, show)


if __name__ == "__main__":
    leave(main())
