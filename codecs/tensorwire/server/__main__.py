"""``python -m tensorwire.server``: listen until SIGTERM or Ctrl-C."""

from __future__ import annotations

import signal
import sys
from threading import Event
from typing import TYPE_CHECKING

from tensorwire.server.echo_server import EchoServer
from tensorwire.server.options import parse

if TYPE_CHECKING:
    from collections.abc import Sequence

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
# Seconds: a signal that comes to another thread, or just before the main one waits, wakes nobody.
_LOOK = 0.5


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve; requests under way are finished after the first signal, not after the second."""
    found, limits = parse(arguments)
    stop = Event()

    def told(*_: object) -> None:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        stop.set()

    server = EchoServer(**found, limits=limits)
    for number in _SIGNALS:
        signal.signal(number, told)
    try:
        server.start()
    except OSError as error:  # a port that is taken
        sys.stderr.write(f"{error}\n")
        return 1
    try:
        places = {"REST": server.rest_port, "gRPC": server.grpc_port}
        said = [f"{name} {found['host']}:{port}" for name, port in places.items() if port]
        sys.stdout.write(f"listening: {', '.join(said) or 'nowhere'}\n")
        sys.stdout.flush()
        while not stop.wait(_LOOK):
            pass
    finally:
        server.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
