"""What would tensorwire change in the engine that I run? ``python -m bench.engines --help``."""

from __future__ import annotations

import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from ..cli import Parser
from ..command import COMMANDS
from ..environments import cache
from ..interrupt import INTERRUPTED, complain, leave, orderly

if TYPE_CHECKING:
    from argparse import Namespace

    from .records import Run
    from .scenario import Scenario

NAME = "engines"
EXAMPLES = """\
In a clone: pip install -e '.[load]'. Engines run in environments of their own, which are made when
they are first needed, from the package index; servers listen on this machine only. Each scenario
takes up to 3 minutes, or 40 s with --quick.

examples:
  {engines} --list
  {engines} web --quick
  {engines} -o run.json --html run.html
"""


def parser(known: list[Scenario]) -> Parser:
    """Return the command line."""
    made = Parser(
        name=NAME,
        description="The known benchmarks of the field: each engine as it is, the same engine with"
        " tensorwire inside, and the same route written by hand with orjson and numpy.",
        epilog=EXAMPLES,
    )
    add = made.add_argument
    add("names", nargs="*", metavar="NAME", help="a scenario of --list (default: all)")
    add("--quick", action="store_true", help="fewer and shorter rounds")
    add("--list", action="store_true", help="name the scenarios, measure nothing")
    made.add_output("write all samples as JSON")
    add("--html", metavar="FILE", help="write the page of the run")
    add(
        "--keep",
        type=Path,
        default=cache(),
        metavar="DIR",
        help=f"where environments are kept, e.g. --keep envs (default: {cache()})",
    )
    add("--markdown", action="store_true", help="the table in Markdown")
    add("-q", "--quiet", action="store_true", help="only the answer: no table, no progress")
    for scenario in known:
        if scenario.add_options is not None:
            scenario.add_options(made.add_argument_group(f"options of {scenario.name}"))
    return made


def parse(argv: list[str] | None, known: list[Scenario]) -> Namespace:
    """Read the command line; SystemExit(2) with one line on stderr if it is wrong."""
    made = parser(known)
    given = made.parse_args(argv)
    names = [scenario.name for scenario in known]
    for name in given.names:
        if name not in names:
            made.error(f"expected the name of a scenario, got {name!r}; known: {', '.join(names)}")
    for option, name in (("-o", given.output), ("--html", given.html)):
        if name:
            made.check_output(option, name, force=given.force)
    if given.output and given.html and Path(given.output).resolve() == Path(given.html).resolve():
        made.error(f"expected two files for -o and --html, got {given.html} for both")
    given.keep = given.keep.absolute()
    return given


@orderly(NAME)
def main(argv: list[str] | None = None) -> int:
    """Run the command line; the exit code: 0, 1 one failed or none could run, 2, 130."""
    from ..cli import guarded
    from .scenario import scenarios

    known = scenarios()
    options = parse(argv, known)
    chosen = [each for each in known if not options.names or each.name in options.names]
    return guarded(NAME, lambda: _listed(chosen) if options.list else _run(chosen, options))


def _listed(chosen: list[Scenario]) -> int:
    """Name the scenarios, and what they answer."""
    from ..screen import Screen

    screen = Screen()
    for scenario in chosen:
        screen.line(scenario.name, "title")
        screen.line(f"  {scenario.title}. {scenario.question}")
    return 0


def _run(chosen: list[Scenario], options: Namespace) -> int:
    from ..cli import require_all
    from ..screen import Progress, Screen

    require_all("the load of engines", "grpc")
    if options.html:
        require_all("--html", "pyperf", "jinja2", "vl_convert")
    from . import table
    from .records import Run
    from .run import run

    done = Run([], options.quick)
    progress = Progress(quiet=options.quiet)
    try:
        for scenario in chosen:
            done.results.append(run(scenario, options, progress, _say))
    except KeyboardInterrupt as pressed:
        done.results += pressed.args
        done.interrupted = True
        if not any(result.cells for result in done.results):
            return complain(NAME, "interrupted before anything was measured", INTERRUPTED)
    problem = _write(done, options)
    table.show(done, Screen(markdown=options.markdown), quiet=options.quiet)
    if problem:
        return complain(NAME, problem, 1)
    if done.interrupted:
        return INTERRUPTED
    failed = any(result.failed for result in done.results)
    return int(failed or not any(result.cells for result in done.results))


def _write(done: Run, options: Namespace) -> str:
    """Write the file of the run, and its page, which is made of such a file.

    Returns what went wrong, since the results are shown anyway.
    """
    from tensorwire.cli.files import write

    from .records import to_bytes

    problems = []
    if options.output:
        try:
            write(options.output, to_bytes(done))
        except OSError as error:
            problems.append(f"-o {options.output}: {error.strerror or error}")
    if options.html and any(result.cells for result in done.results):
        report = import_module(f"{__package__.partition('.')[0]}.{COMMANDS['report']}")
        with tempfile.TemporaryDirectory(prefix="tensorwire-") as folder:
            path = Path(folder) / "run.json"
            path.write_bytes(to_bytes(done))
            try:
                code = report.main([str(path), "--html", options.html, "--force"])
            except SystemExit:  # the folder of the page has gone since
                code = 2
        if code:
            problems.append(f"--html {options.html}: not written")
    return "; ".join(problems)


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    leave(main())
