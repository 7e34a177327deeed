"""Mode ``noop``: a server that only answers, and commands for other people's load tools."""

from __future__ import annotations

import shlex
import sys
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from tensorwire.cli.load_tools import CLIENTS, SECONDS, route
from tensorwire.cli.main import main as tensorwire

from ..process import WorkerError

if TYPE_CHECKING:
    from ..screen import Screen
    from .options import Options

LOCUSTFILE = Path(__file__).with_name("locustfile.py")
FORMATS = ("json/{kind}", "protobuf/{kind}")
OTHERS = ("oip/json", "oip/binary", "oip/protobuf", "tfserving/json", "tfserving/protobuf")


def run(options: Options, screen: Screen) -> int:
    """Serve until Ctrl-C; return the exit code."""
    from tensorwire.server import EchoServer

    with ExitStack() as stack:
        folder = options.folder or stack.enter_context(
            tempfile.TemporaryDirectory(prefix="tensorwire-")
        )
        server = stack.enter_context(EchoServer())
        rest, grpc = f"http://127.0.0.1:{server.rest_port}", f"127.0.0.1:{server.grpc_port}"
        for count in options.choice.counts:
            _write(options, str(Path(folder) / f"{count}"), count, rest, grpc)
        _locust(options, rest, grpc)
        screen.line()
        screen.line(f"REST {rest} and gRPC {grpc} echo every request until Ctrl-C.")
        sys.stdout.flush()
        with suppress(KeyboardInterrupt):
            Event().wait()
    return 0


def _write(options: Options, folder: str, count: int, rest: str, grpc: str) -> None:
    """Write the payloads, and print the command of every tool."""
    kinds = options.choice.kinds
    formats = [text.format(kind=kind) for text in FORMATS for kind in kinds]
    names = ",".join([*formats, *OTHERS])
    arguments = ["make", folder, "--codec", names, "--shape", f"1,{count}"]
    arguments += ["--values", "integers", "--url", rest, "--grpc", grpc]
    print(f"# {count:,} values")
    sys.stdout.flush()
    if tensorwire(arguments):
        raise WorkerError(f"the payloads could not be written to {folder}")
    for name in formats:
        where = route(name, "model")
        if not where.message:
            print(hey(f"{folder}/{name.replace('/', '-')}.json", rest + where.path))
    print()


def hey(file: str, url: str) -> str:
    """Return the command for hey, which sends one body."""
    words = ["hey", "-m", "POST", "-T", "application/json", "-D", file]
    return "  " + shlex.join([*words, "-c", f"{CLIENTS}", "-z", f"{SECONDS}s", url])


def _locust(options: Options, rest: str, grpc: str) -> None:
    """Print what starts Locust alone, and as a master with workers."""
    count = options.choice.counts[-1]
    base = ["locust", "-f", str(LOCUSTFILE), "--headless", "-H", rest, "--grpc-host", grpc]
    base += ["--kind", options.choice.kinds[0], "--count", f"{count}"]
    load = ["-u", f"{CLIENTS}", "-r", f"{CLIENTS}", "-t", f"{SECONDS}s"]
    print("# Locust, with users of REST and gRPC: alone, and as a master and its workers")
    print("  " + shlex.join([*base, *load]))
    print("  " + shlex.join([*base, *load, "--master", "--expect-workers", "2"]))
    print("  " + shlex.join(["locust", "-f", str(LOCUSTFILE), "--worker"]))
