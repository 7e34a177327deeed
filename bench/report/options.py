"""The command line of ``python -m bench.report``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bench.options import Parser, check_output

EXAMPLES = """\
examples:
  python -m bench.codecs -o run.json
  python -m bench.report run.json --html run.html
  python -m bench.report run.json --png chart.png
"""


@dataclass(frozen=True)
class Options:
    """What to read, and what to write."""

    runs: tuple[str, ...]
    html: str | None
    png: str | None


def parser() -> Parser:
    """Build the command line."""
    made = Parser(
        prog="python -m bench.report",
        description="A run as one page to look at, which needs no network and no script.",
        epilog=EXAMPLES,
    )
    add = made.add_argument
    add("runs", nargs="+", metavar="RUN", help="a file of -o; of bench.serving also several")
    add("--html", metavar="FILE", help="write the page")
    add("--png", metavar="FILE", help="write its chart, for a README")
    add("--force", action="store_true", help="overwrite these files")
    return made


def parse(argv: list[str] | None) -> Options:
    """Read the command line; SystemExit(2) with one line on stderr if it is wrong."""
    made = parser()
    given = made.parse_args(argv)
    written = {"--html": given.html, "--png": given.png}
    if not any(written.values()):
        made.error("say what to write: --html FILE, --png FILE")
    for option, name in written.items():
        if name:
            _check(made, option, name, given.runs, force=given.force)
    if given.html and given.png and Path(given.html).absolute() == Path(given.png).absolute():
        made.error("--html and --png name the same file")
    return Options(tuple(given.runs), given.html, given.png)


def _check(made: Parser, option: str, name: str, runs: list[str], *, force: bool) -> None:
    path = Path(name)
    if path.is_file() and any(path.samefile(run) for run in runs if Path(run).exists()):
        made.error(f"{option} {name}: is the run itself")
    check_output(made, option, name, force=force)
