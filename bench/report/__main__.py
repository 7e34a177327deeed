"""A run as one page to look at.

``python -m bench.report --help`` names the options.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.ending import leave, orderly

if TYPE_CHECKING:
    from bench.report.options import Options
    from bench.report.page import Page

NAME = "python -m bench.report"


@orderly(NAME)
def main(argv: list[str] | None = None) -> int:
    """Run the command line; the exit code: 0, 1 not written, 2 usage or an unreadable file."""
    from bench.command import guarded
    from bench.report.options import parse

    options = parse(argv)
    return guarded(NAME, lambda: _report(options))


def _report(options: Options) -> int:
    from bench.options import UsageError, require
    from bench.report.files import write
    from bench.report.page import render
    from bench.report.picture import png

    require("pyperf", "a file of a run")
    if options.png:
        require("resvg_py", "--png")
    page = _page(options)
    # All of it is made before any of it is written.
    made: dict[str, bytes] = {}
    if options.html:
        made[options.html] = render(page).encode()
    if options.png:
        if page.chart is None:
            raise UsageError(f"--png: nothing was timed in {options.runs[0]}")
        made[options.png] = png(page.chart)
    for path, content in made.items():
        write(path, content)
    return 0


def _page(options: Options) -> Page:
    from bench.options import UsageError
    from bench.report import codecs, serving

    if serving.claims(options.runs[0]):
        return serving.build(options.runs)
    if len(options.runs) > 1:
        raise UsageError(
            "one run of bench.codecs is one page; two are compared by python -m bench.compare"
        )
    return codecs.build(options.runs[0])


if __name__ == "__main__":
    leave(main())
