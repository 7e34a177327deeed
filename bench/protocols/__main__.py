"""What does each protocol cost? Measured, checked, and compared.

``python -m bench.protocols --help`` names the options.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.interrupt import leave, orderly

if TYPE_CHECKING:
    from bench.options import Options

NAME = "python -m bench.protocols"


@orderly(NAME)
def main(argv: list[str] | None = None) -> int:
    """Run the command line; the exit code: 0, 1 wrong or failed, 2 usage, 130 interrupted."""
    from bench.command import guarded
    from bench.protocols.options import parse

    options, quick = parse(argv)
    return guarded(NAME, lambda: _list(options) if options.list else _measure(options, quick=quick))


def _list(options: Options) -> int:
    from bench.protocols.plan import select

    for name in select(options.codec):
        print(name)
    return 0


def _measure(options: Options, *, quick: bool) -> int:
    from bench.codecs import targets
    from bench.command import finish
    from bench.measure import environment
    from bench.measure.session import Session, run
    from bench.options import require
    from bench.protocols import plan as protocols_plan
    from bench.protocols import targets as protocols_targets
    from bench.protocols.show import show
    from bench.screen.progress import Progress

    if options.output:
        require("pyperf", "-o")
    selected = protocols_plan.select(options.codec)
    cases = protocols_plan.cases(options)
    if options.targets:
        promised = list(protocols_targets.promises())
        able = protocols_plan.select(())
        ways = [targets.ways(selected, able, case.label, promised) for case in cases]
    else:
        cases = protocols_plan.quick(cases) if quick else cases
        ways = [protocols_plan.ways(selected, case) for case in cases]
    session = Session(cases, ways, options.op)
    run(session, options, Progress(quiet=options.quiet))
    return finish(NAME, session, options, environment.warnings(), show)


if __name__ == "__main__":
    leave(main())
