"""What does each protocol cost? Measured, checked, and compared.

``python -m bench.protocols --help`` names the options.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..cli import Parser, guarded
from ..interrupt import leave, orderly

if TYPE_CHECKING:
    from ..cli import Options

NAME = "protocols"
QUICK = {"seconds": 5.0, "processes": 1}
EXAMPLES = """\
examples:
  {protocols}  the whole picture, 15 s
  {protocols} --quick  fewer payloads, one process, 5 s
  {protocols} --protocol 'oip/*,tfserving/json rows'  some of them
  {protocols} --targets  the speeds this project promises
  {protocols} -p 5 --seconds 60 -o run.json  then: python -m pyperf stats run.json
"""


@orderly(NAME)
def main(argv: list[str] | None = None) -> int:
    """Run the command line; the exit code: 0, 1 wrong or failed, 2 usage, 130 interrupted."""
    options = parse(argv)
    return guarded(NAME, lambda: _list(options) if options.list else _measure(options))


def parse(argv: list[str] | None) -> Options:
    """Read the command line; SystemExit(2) with one line on stderr if it is wrong."""
    made = Parser(
        name=NAME,
        description="Which protocol? Whole messages, beside the objects and lists of others.",
        epilog=EXAMPLES,
    )
    add = made.add_argument
    add(
        "--protocol",
        action="append",
        metavar="GLOB",
        help="some of them (default: all)",
    )
    add("--quick", action="store_true", help="fewer payloads, one process, 5 s")
    made.add_run()
    given = vars(made.parse_args(argv))
    for name, value in QUICK.items() if given["quick"] else ():
        if given[name] == made.get_default(name):
            given[name] = value
    given["codec"] = given.pop("protocol")
    return made.options(given)


def _list(options: Options) -> int:
    from .plan import select

    for name in select(options.codec):
        print(name)
    return 0


def _measure(options: Options) -> int:
    from ..cli import finish, require_all
    from ..measure import machine
    from ..measure.run import Session, run
    from ..screen import Progress
    from ..targets import needed
    from . import plan
    from .show import show
    from .targets import promises

    if options.output:
        require_all("-o", "pyperf")
    selected = plan.select(options.codec)
    cases = plan.cases(options)
    if options.targets:
        promised, able = list(promises()), plan.known(bounds=True)
        asked = plan.select(options.codec, bounds=True)
        chosen = [needed(promised, able, case.label, asked) for case in cases]
    else:
        chosen = [plan.implementations(selected, case) for case in cases]
    session = Session(cases, chosen, options.op, started=options.started)
    run(session, options.seconds, options.processes, Progress(quiet=options.quiet))
    return finish(NAME, session, options, machine.warnings(), show)


if __name__ == "__main__":
    leave(main())
