"""The REST application on uvicorn, in a thread of its own."""

from __future__ import annotations

import asyncio
import socket
from threading import Thread
from time import monotonic, sleep
from typing import TYPE_CHECKING

import uvicorn

from tensorwire.server.uvicorn_server import connection_class

if TYPE_CHECKING:
    from tensorwire.server.uvicorn_server import Connection
    from tensorwire.server.rest import RestApp

__all__ = ["RestServer"]

_START = 10.0  # seconds in which an event loop runs, on any machine


class RestServer:
    """Listens from the moment it is made, and answers until it is closed.

    Parameters
    ----------
    app
        what answers.
    host, port
        where to listen; port 0 is any that is free.
    reuse_port
        share the port with other processes that say so.

    Attributes
    ----------
    port
        where it listens.
    """

    def __init__(self, app: RestApp, host: str, port: int, *, reuse_port: bool) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family, reuse_port=reuse_port)
        self.port: int = self._socket.getsockname()[1]
        self._limits = app.service.limits
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                http=connection_class(app.service.limits),
                ws="none",
                lifespan="off",
                log_config=None,
                proxy_headers=False,
                server_header=False,
                callback_notify=self._look,
                timeout_notify=0,
                timeout_graceful_shutdown=app.service.limits.grace,  # type: ignore[arg-type]
            )
        )
        self._thread = Thread(target=self._run, name="tensorwire-rest", daemon=True)
        self._thread.start()
        end = monotonic() + _START
        while not self._server.started and self._thread.is_alive() and monotonic() < end:
            sleep(0.002)
        if not self._server.started:
            raise OSError(f"no HTTP server started within {_START} s")

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])

    async def _look(self) -> None:
        """Look at every connection, once a second."""
        now = asyncio.get_running_loop().time()
        connections: list[Connection] = list(self._server.server_state.connections)  # type: ignore[arg-type]
        for connection in connections:
            connection.look(now)

    def stop(self) -> None:
        """Take no more requests."""
        self._server.should_exit = True

    def wait(self) -> None:
        """Wait for the requests under way, if they end in time."""
        self._thread.join(self._limits.grace + _START)
        self._socket.close()
