"""A run as one page to look at.

``python -m bench.report --help`` names the options.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..cli import Parser
from ..command import command
from ..interrupt import leave, orderly

if TYPE_CHECKING:
    from argparse import Namespace

    from .page import Page

NAME = "report"
EXAMPLES = """\
examples:
  {codecs} -o run.json
  {report} run.json --html run.html
  {report} run.json --png chart.png
"""


def parser() -> Parser:
    """Return the command line."""
    made = Parser(
        name=NAME,
        description="A run as one page to look at, which needs no network and no script.",
        epilog=EXAMPLES,
    )
    add = made.add_argument
    add("runs", nargs="+", metavar="RUN", help="a file written with -o; of serving also several")
    add("--html", metavar="FILE", help="write the page")
    add("--png", metavar="FILE", help="write its chart, for a README")
    add("--force", action="store_true", help="overwrite these files")
    return made


def parse(argv: list[str] | None) -> Namespace:
    """Read the command line; SystemExit(2) with one line on stderr if it is wrong."""
    made = parser()
    given = made.parse_args(argv)
    written = {"--html": given.html, "--png": given.png}
    if not any(written.values()):
        made.error("expected --html FILE or --png FILE")
    for option, name in written.items():
        path = Path(name or ".")
        if path.is_file() and any(path.samefile(run) for run in given.runs if Path(run).exists()):
            made.error(f"{option}: expected a file other than the runs, got {name}")
        if name:
            made.check_output(option, name, force=given.force)
    if given.html and given.png and Path(given.html).absolute() == Path(given.png).absolute():
        made.error(f"expected two files, got {given.html} for both --html and --png")
    return given


@orderly(NAME)
def main(argv: list[str] | None = None) -> int:
    """Run the command line; the exit code: 0, 1 not written, 2 usage or an unreadable file."""
    from ..cli import guarded

    options = parse(argv)
    return guarded(NAME, lambda: _report(options))


def _report(options: Namespace) -> int:
    from tensorwire.cli.files import write

    from ..cli import require_all
    from ..interrupt import UsageError

    needed = ("pyperf", "jinja2", "vl_convert", *["PIL"] * bool(options.png))
    require_all(command(NAME), *needed)
    from .page import render

    page = _page(options)
    # All of it is made before any of it is written.
    made: dict[str, bytes] = {}
    if options.html:
        made[options.html] = render(page).encode(errors="replace")
    if options.png:
        if page.picture is None:
            raise UsageError(f"--png: expected cells with times in {options.runs[0]}, got none")
        made[options.png] = page.picture()
    for path, content in made.items():
        write(path, content)
    return 0


def _page(options: Namespace) -> Page:
    from ..engines import records
    from ..interrupt import UsageError
    from . import codecs, engines, serving

    if len(options.runs) == 1 and records.claims(options.runs[0]):
        return engines.build(options.runs[0])
    if serving.claims(options.runs[0]):
        return serving.build(options.runs)
    if len(options.runs) > 1:
        count = len(options.runs)
        raise UsageError(
            f"expected one run of {command()}, got {count} files; {command('compare')} compares two"
        )
    return codecs.build(options.runs[0])


if __name__ == "__main__":
    leave(main())
