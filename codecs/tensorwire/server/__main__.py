"""``python -m tensorwire.server``: listen until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import re
import signal
import sys
from importlib import import_module
from threading import Event
from typing import TYPE_CHECKING, Any, NoReturn

from tensorwire.arguments import HelpFormatter
from tensorwire.missing import KNOWN
from tensorwire.server.cors import Cors
from tensorwire.server.echo_server import EchoServer
from tensorwire.server.limits import ServerLimits
from tensorwire.serving.model import Model

if TYPE_CHECKING:
    from collections.abc import Sequence

_DEFAULT = ServerLimits()
_LIMITS: dict[str, tuple[type, str, str]] = {
    "body": (int, "BYTES", "the body of one request, e.g. --body 1000000"),
    "elements": (int, "N", "elements of one array, e.g. --elements 100000"),
    "concurrency": (int, "N", "requests at once, of each transport, e.g. --concurrency 8"),
    "timeout": (float, "SECONDS", "for one request, e.g. --timeout 2.5"),
    "threads": (int, "N", "calls of the model at once, e.g. --threads 4"),
    "head": (int, "BYTES", "the headers of one request, e.g. --head 8192"),
    "head_timeout": (float, "SECONDS", "until the headers are there, e.g. --head-timeout 5"),
    "grace": (float, "SECONDS", "for requests under way at the end, e.g. --grace 1"),
}
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
# Seconds between two looks: a signal does not end the wait where another thread receives it.
_LOOK = 0.5


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until a signal: the first lets requests under way finish, the second ends at once."""
    found, limits = parse(arguments)
    stop = Event()

    def stop_serving(*_: object) -> None:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        stop.set()

    server = EchoServer(**found, limits=limits)
    for number in _SIGNALS:
        signal.signal(number, stop_serving)
    try:
        server.start()
    except OSError as error:  # a port at which another program listens
        sys.stderr.write(f"{error}\n")
        return 1
    try:
        places = {"REST": server.rest_port, "gRPC": server.grpc_port}
        said = [f"{name} {found['host']}:{port}" for name, port in places.items() if port]
        sys.stdout.write(f"listening: {', '.join(said)}\n")
        sys.stdout.flush()
        while not stop.wait(_LOOK):
            pass
    finally:
        server.close()
    return 0


def parse(arguments: Sequence[str] | None) -> tuple[dict[str, Any], ServerLimits]:
    """Return the arguments of `EchoServer`; a wrong argument ends the process with one line."""
    parser = _Parser(
        prog="python -m tensorwire.server",
        description="An echo, or a model, over REST and gRPC.",
        formatter_class=HelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add(
        "--model",
        metavar="MODULE:NAME",
        help="a function, or an object with predict, e.g. --model model:Model (default: an echo)",
    )
    port = "0 is any free one, e.g. --{}-port 0"
    add("--rest-port", type=_port, default=9000, metavar="PORT", help=port.format("rest"))
    add("--grpc-port", type=_port, default=9500, metavar="PORT", help=port.format("grpc"))
    add("--no-rest", dest="rest_port", action="store_const", const=None, help="gRPC alone")
    add("--no-grpc", dest="grpc_port", action="store_const", const=None, help="REST alone")
    add("--host", default="127.0.0.1", help="the address to listen at, e.g. --host 0.0.0.0")
    add("--reuse-port", action="store_true", help="share the ports with other such processes")
    add(
        "--cors",
        action="append",
        default=[],
        type=_origin,
        metavar="ORIGIN",
        help="pages that may call it from a browser, * for all, e.g. --cors https://example.org",
    )
    add(
        "--missing",
        choices=KNOWN,
        help="how NaN may come in requests (default: as clients of each protocol send it)",
    )
    for name, (kind, unit, text) in _LIMITS.items():
        default = getattr(_DEFAULT, name)
        add(
            f"--{name.replace('_', '-')}",
            type=_positive(kind),
            default=default,
            metavar=unit,
            help=text,
        )
    found = vars(parser.parse_args(arguments))
    if found["rest_port"] is None and found["grpc_port"] is None:
        parser.error("expected REST or gRPC, got --no-rest and --no-grpc; leave one of them out")
    limits = ServerLimits(**{name: found.pop(name) for name in _LIMITS})
    try:
        found["model"] = _model(found["model"])
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        parser.error(f"--model: {error}")
    return found, limits


class _Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """End the process with the reason, and without the usage."""
        self.exit(2, f"{self.prog}: error: {message}\n")


def _port(text: str) -> int:
    if not re.fullmatch("[0-9]{1,5}", text) or int(text) >= 1 << 16:
        raise argparse.ArgumentTypeError(f"expected a port from 0 to 65535, got {text!r:.40}")
    return int(text)


def _origin(text: str) -> str:
    try:
        Cors(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def _positive(kind: type) -> Any:
    def number(text: str) -> Any:
        value = kind(text)
        if not 0 < value < float("inf"):
            raise argparse.ArgumentTypeError(f"expected a number above 0, got {text}")
        return value

    number.__name__ = kind.__name__  # argparse names it in its messages
    return number


def _model(name: str | None) -> Any:
    """Import a model and check that it can answer; of a class an object is made."""
    if name is None:
        return None
    module, _, attribute = name.partition(":")
    if not module or not attribute:
        raise ValueError(f"expected MODULE:NAME, such as model:Model, got {name!r}")
    found = getattr(import_module(module), attribute)
    model = found() if isinstance(found, type) else found
    Model(model)
    return model


if __name__ == "__main__":
    sys.exit(main())
