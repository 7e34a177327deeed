"""The command line of ``python -m bench.codecs``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from bench.options import Parser, add_shared, checked, count

if TYPE_CHECKING:
    from bench.options import Options

BATCHES = (1, 10, 100, 1_000, 10_000)

EXAMPLES = """\
examples:
  python -m bench.codecs                  the whole picture, 15 s
  ... --codec 'json/*' --values ints      JSON only, integer values
  ... --payload mine.npy --batch 1,64     your own array, repeated to 64 rows
  ... --payload t.csv::price,size         columns; again for more payloads
  ... --targets                           the speeds this project promises
  ... -o run.json                         then: python -m pyperf stats run.json
"""

NO_PROFILE = {
    "output": "-o",
    **{name: f"--{name}" for name in ("csv", "json", "markdown", "memory", "rigorous", "targets")},
}


def _batches(text: str) -> tuple[int, ...]:
    try:
        sizes = sorted({int(part) for part in text.split(",")})
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected numbers such as 1,10,100, got {text!r}"
        ) from None
    if sizes[0] < 1:
        raise argparse.ArgumentTypeError(f"a batch has at least 1 row, got {sizes[0]}")
    return tuple(sizes)


def parser() -> Parser:
    """Build the command line."""
    made = Parser(
        prog="python -m bench.codecs",
        description="Which format for this payload? Every codec, beside what people do without.",
        epilog=EXAMPLES,
    )
    add = made.add_argument
    add("--codec", action="append", metavar="GLOB", help="'json/*,*/tensor'; '*' has plug-ins too")
    add("--batch", type=_batches, metavar="LIST", help="rows per payload: 1,10,100,1000,10000")
    add("--features", type=count, metavar="N", help="values per row: 10")
    add("--dtype", metavar="NAME", help="float64; also float32, int64, uint8, bfloat16 ...")
    add("--values", choices=("ints", "normal", "image"), help="how the values are distributed")
    add(
        "--payload",
        action="append",
        metavar="FILE",
        help="your own: .npy .npz .safetensors .parquet .csv or a request; FILE::NAMES chooses",
    )
    add(
        "--rigorous",
        action="store_true",
        help="by pyperf's Runner, with its options: -p -n -w",
    )
    add(
        "--memory",
        action="store_true",
        help="also the memory of a call, in a pass of its own",
    )
    add("--profile", metavar="SVG", help="no figures, but a flame graph of one cell, by py-spy")
    style = add_shared(made)
    style.add_argument("--json", action="store_true", help="the advice for programs")
    return made


def parse(argv: list[str] | None) -> Options:
    """Read the command line; SystemExit(2) with one line on stderr if it is wrong."""
    made = parser()
    usual = {name: made.get_default(name) for name in ("seconds", "processes")}
    made.set_defaults(**dict.fromkeys(usual))  # None: not asked for
    found, others = made.parse_known_args(argv)
    given = vars(found)
    if others and not found.rigorous:
        made.error(f"unrecognized arguments: {' '.join(others)}")
    if found.rigorous and found.seconds is not None:
        made.error(
            "--rigorous takes as long as its samples: instead of --seconds, -p, -n, -w or --fast"
            " say how many"
        )
    if found.rigorous and found.processes is not None:
        others += ["--processes", str(found.processes)]
    given["rigorous"] = tuple(others) if found.rigorous else None
    given |= {name: value for name, value in usual.items() if given[name] is None}
    asked = (name for name in NO_PROFILE if given[name] not in (None, False))
    if given["profile"] and (name := next(asked, None)):
        made.error(f"--profile draws, and measures nothing: leave out {NO_PROFILE[name]}")
    own = [name for name in ("batch", "features", "dtype", "values", "payload") if given[name]]
    if given["targets"] and own:
        made.error(f"--targets brings its own payloads: leave out --{own[0]}")
    if given["payload"]:
        for name in ("features", "values"):
            if given[name]:
                made.error(f"--payload brings its own values: leave out --{name}")
    given["payload"] = tuple(given["payload"] or ())
    return checked(made, given)
