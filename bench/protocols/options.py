"""The command line of ``python -m bench.protocols``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.options import Parser, add_shared, checked

if TYPE_CHECKING:
    from bench.options import Options

QUICK = {"seconds": 5.0, "processes": 1}
EXAMPLES = """\
examples:
  python -m bench.protocols                   the whole picture, 15 s
  python -m bench.protocols --quick           fewer payloads, one process, 5 s
  python -m bench.protocols --protocol 'oip/*'the Open Inference Protocol only
  python -m bench.protocols --targets         the speeds this project promises
"""


def parser() -> Parser:
    """Build the command line."""
    made = Parser(
        prog="python -m bench.protocols",
        description="Which protocol? Whole messages, beside the objects and lists of others.",
        epilog=EXAMPLES,
    )
    add = made.add_argument
    add("--protocol", action="append", metavar="GLOB", help="'oip/*,tfserving/json rows'")
    add("--quick", action="store_true", help="fewer payloads, one process, 5 s")
    add_shared(made)
    return made


def parse(argv: list[str] | None) -> tuple[Options, bool]:
    """Read the command line: what is asked for, and whether it is to be quick."""
    made = parser()
    given = vars(made.parse_args(argv))
    quick = given.pop("quick")
    if quick:
        given |= {
            name: value for name, value in QUICK.items() if given[name] == made.get_default(name)
        }
    given["codec"] = given.pop("protocol")
    own = ("batch", "features", "dtype", "values")  # each payload is ours to choose
    return checked(made, given | dict.fromkeys(own) | {"payload": ()}), quick
