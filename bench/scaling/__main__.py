"""What do 1, 100 and 10,000 nodes need? ``python -m bench.scaling --help``."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from ..cli import Parser, counts
from ..interrupt import leave, orderly

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable

NAME = "scaling"
EXAMPLES = """\
Cores, network and memory are computed from what one server of this machine is measured to cost, or
from the file of such a measurement; the rest is what you state.

examples:
  {scaling} --quick
  {scaling} --quick --values 1000 -o scaling.json
  {scaling} scaling.json --requests 500 --nodes 10,1000
  {scaling} scaling.json --cores 64 --network 100 --memory 256
  {scaling} scaling.json --model 20 --model-memory 2000
  {scaling} scaling.json --clients 5000 --balancer 400
"""


def parser() -> Parser:
    """Return the command line."""
    made = Parser(
        name=NAME,
        description="What fleets of model servers need for a traffic, and what breaks first.",
        epilog=EXAMPLES,
    )
    add = made.add_argument
    add("file", nargs="?", metavar="FILE", help="of -o (default: measure now, in about a minute)")
    add("--quick", action="store_true", help="measure less, in about 10 s")
    for option, default, what in (
        ("values", 10_000, "doubles in a request that is measured"),
        ("requests", 2000, "requests/s that arrive at each node"),
        ("model", 5, "ms of a core that the model takes for a request"),
        ("model-memory", 500, "MB of the model in each worker"),
        ("cores", 32, "cores of a node"),
        ("network", 25, "Gbit/s of a node, in each direction"),
        ("memory", 128, "GB of a node"),
        ("clients", 1000, "connections that are open to each node"),
        ("balancer", 100, "Gbit/s of one load balancer"),
    ):
        whole = option in ("values", "cores", "clients")
        name = "N" if whole or option == "requests" else what.split()[0].upper()
        least = 1 if whole else 0 if option.startswith("model") else 0.001
        read = _number(int if whole else float, least)
        help_ = f"{what} (default: {default})"
        add(f"--{option}", type=read, default=default, metavar=name, help=help_)
    add(
        "--nodes",
        type=counts,
        default=(1, 100, 10_000),
        metavar="LIST",
        help="sizes of fleets (default: 1,100,10000)",
    )
    made.add_output("write what was measured as JSON")
    add("--markdown", action="store_true", help="tables in Markdown")
    add("-q", "--quiet", action="store_true", help="no progress")
    return made


def _number(kind: type[int | float], least: float) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            value = kind(-1)
        if not least <= value < 1e9:
            raise argparse.ArgumentTypeError(f"expected a number from {least:g} on, got {text!r}")
        return value

    return read


def parse(argv: list[str] | None) -> Namespace:
    """Read the command line; SystemExit(2) with one line on stderr if it is wrong."""
    made = parser()
    given = made.parse_args(argv)
    if given.output:
        if given.file:
            made.error("expected FILE or -o, got both")
        made.check_output("-o", given.output, force=given.force)
    return given


@orderly(NAME)
def main(argv: list[str] | None = None) -> int:
    """Run the command line; the exit code: 0, 1 failed, 2 usage, 130 interrupted."""
    from ..cli import guarded

    options = parse(argv)
    return guarded(NAME, lambda: _run(options))


def _run(options: Namespace) -> int:
    from ..cli import require_all
    from ..interrupt import UsageError
    from ..screen import Screen
    from . import tables
    from .fleet import Node
    from .records import read, to_bytes

    if options.file:
        measured = read(options.file)
    else:
        from tensorwire.cli.files import write
        from tensorwire.extras import EXTRAS

        if sys.platform != "linux":
            raise UsageError(f"measuring reads /proc of Linux, got {sys.platform}; pass a FILE")
        require_all("a server", *EXTRAS["server"])
        measured = _measured(options)
        if options.output:
            write(options.output, to_bytes(measured))
    node = Node(
        requests=options.requests,
        model_s=options.model / 1e3,
        model_bytes=options.model_memory * 1e6,
        cores=options.cores,
        network=options.network * 1e9,
        memory=options.memory * 1e9,
        clients=options.clients,
        balancer=options.balancer * 1e9,
    )
    tables.show(measured, node, options.nodes, Screen(markdown=options.markdown))
    return 0


def _measured(options: Namespace) -> Any:
    from ..process import WorkerError
    from ..screen import Progress
    from ..serving.clients import CallError
    from .measure import measure

    progress = Progress(quiet=options.quiet)
    try:
        return measure(options.values, quick=options.quick, show_progress=progress.show)
    except CallError as error:
        raise WorkerError(str(error)) from error
    finally:
        progress.clear()


if __name__ == "__main__":
    leave(main())
