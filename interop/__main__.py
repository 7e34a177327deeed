"""Try tensorwire against the real libraries: ``python -m interop``.

Exit codes: 0 no unknown fault, 1 an unknown fault, or a peer that could not be tried, 2 a wrong
command line, 130 interrupted, with the report of what was tried until then.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bench.cli import Parser, guarded, require_all
from bench.environments import cache
from bench.interrupt import INTERRUPTED, leave, orderly
from interop.peers import PEERS

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

NAME = "python -m interop"
QUICK = ("triton", "kserve", "onnx", "msgpack-numpy", "safetensors", "pyarrow", "pickle")
"""The peers whose environments are made in a few seconds each."""


@orderly(NAME)
def main(arguments: list[str] | None = None) -> int:
    """Run the peers that were asked for, and print the report."""
    options = _parsed(arguments)
    return guarded(NAME, lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    from bench.screen import Screen
    from interop.run import CHECKS, LOSSES, PARTS, SPEED, Run, report_progress

    chosen = [part for part in (LOSSES, SPEED) if getattr(options, part)]
    if "pyarrow" in options.names:
        require_all("our side of the peer pyarrow", "pyarrow")
    some = options.only or options.quick
    run, code = Run(chosen or ((CHECKS, LOSSES) if some else PARTS)), 0
    folder = (options.keep or cache()).absolute()  # workers have working directories of their own
    try:
        for name in options.names:
            run.try_peer(name, folder, options.python)
    except KeyboardInterrupt:
        report_progress("interrupted: this is what was found until then")
        code = INTERRUPTED
    run.finish()
    if options.output:
        from interop import records

        records.write(run, options.output)
    run.show(Screen())
    return code or (0 if run.good else 1)


def _parsed(arguments: list[str] | None) -> argparse.Namespace:
    made = _parser()
    options = made.parse_args(arguments)
    options.names = _names(options)
    for name in options.names:
        if name not in PEERS:
            made.error(f"expected the name of a peer, got {name!r}; known: {', '.join(PEERS)}")
    if options.output:
        made.check_output("-o", options.output, force=options.force)
    return options


def _names(options: argparse.Namespace) -> Sequence[str]:
    if not options.only:
        return QUICK if options.quick else PEERS
    return tuple(dict.fromkeys(name.strip() for name in options.only.split(",")))


def _parser() -> Parser:
    parser = Parser(
        name=NAME,
        description="Try tensorwire against the real libraries, each in an environment of its own:"
        " they read what we write, we read what they write; what each loses of arrays that are"
        " easily changed; and the time and bytes of both.",
    )
    add = parser.add_argument
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--only", metavar="NAME,...", help=f"of {', '.join(PEERS)}; e.g. --only msgpack-numpy"
    )
    which.add_argument("--quick", action="store_true", help=f"only {', '.join(QUICK)}")
    add("--losses", action="store_true", help="only what is lost, and each refusal in its words")
    add("--speed", action="store_true", help="only time and bytes; a run of all peers has them too")
    add(
        "-o",
        dest="output",
        metavar="FILE",
        help="write all that was found as JSON, too, e.g. -o found.json",
    )
    add("--force", action="store_true", help="overwrite that file")
    add(
        "--keep",
        type=Path,
        metavar="DIR",
        help=f"where environments are kept, e.g. --keep peers (default: {cache()})",
    )
    add(
        "--python",
        default=sys.executable,
        help="of 3.11 or later, makes the environments, e.g. --python python3",
    )
    return parser


if __name__ == "__main__":
    leave(main())
