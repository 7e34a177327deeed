"""A server of both transports, REST and gRPC, in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tensorwire.server.grpc_server import GrpcServer
from tensorwire.server.rest import RestApp
from tensorwire.server.uvicorn_server import RestServer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from tensorwire.missing import Missing
    from tensorwire.server.limits import ServerLimits

__all__ = ["EchoServer"]


class EchoServer:
    """An echo, or a model, over REST and gRPC, from `start` to `close`; a context manager.

    Parameters
    ----------
    model : object, optional
        A function of an array, or an object with `predict` or `predict_raw`, see
        `tensorwire.serving.model.Model`; None for an echo.
    rest_port, grpc_port : int or None, default 0
        Where to listen: 0 is any free port, None is not at all.
    host : str, default "127.0.0.1"
        The address to listen at.
    limits : ServerLimits, optional
        Bounds on requests; `ServerLimits()` where None.
    reuse_port : bool, default False
        Share the ports with other processes that do so too.
    cors : str or sequence of str, optional
        The origins whose pages may call it from a browser, ``*`` for all; none by default.
    missing : {"null", "nan", "any", "error"}, optional
        What stands for NaN and infinities in requests: ``null``, ``nan`` (the bare words), ``any``
        of both, or ``error`` for neither; None for what clients of each protocol send. Replies have
        what servers of the protocol write.

    Attributes
    ----------
    rest_port, grpc_port : int or None
        Where it listens, once it is started.
    app : RestApp
        The ASGI application.

    Examples
    --------
    >>> from urllib.request import urlopen
    >>> from tensorwire.server import EchoServer
    >>> class Doubling:
    ...     def predict(self, X):
    ...         return 2 * X
    >>> with EchoServer(Doubling(), grpc_port=None) as server:
    ...     url = f"http://127.0.0.1:{server.rest_port}/v1/models/m:predict"
    ...     urlopen(url, b'{"instances":[1.5,2.5]}').read()
    b'{"predictions":[3.0,5.0]}'
    """

    def __init__(  # noqa: PLR0913 - each is one option of a server
        self,
        model: Any = None,
        rest_port: int | None = 0,
        grpc_port: int | None = 0,
        *,
        host: str = "127.0.0.1",
        limits: ServerLimits | None = None,
        reuse_port: bool = False,
        cors: str | Sequence[str] = (),
        missing: Missing | None = None,
    ) -> None:
        self.rest_port = rest_port
        self.grpc_port = grpc_port
        self.app = RestApp(model, limits, cors=cors, missing=missing)
        self._host = host
        self._reuse_port = reuse_port
        self._transports: list[RestServer | GrpcServer] = []

    def start(self) -> EchoServer:
        """Listen, and answer in threads of the server.

        Returns
        -------
        EchoServer
            The same server.

        Raises
        ------
        OSError
            Another program listens at a port.
        """
        service, how = self.app.service, {"reuse_port": self._reuse_port}
        try:
            if self.rest_port is not None:
                rest = RestServer(self.app, self._host, self.rest_port, **how)
                self._transports.append(rest)
                self.rest_port = rest.port
            if self.grpc_port is not None:
                grpc = GrpcServer(service, self._host, self.grpc_port, **how)
                self._transports.append(grpc)
                self.grpc_port = service.grpc_port = grpc.port
        except OSError:
            self.close()
            raise
        return self

    def close(self) -> None:
        """Take no more requests, wait for those under way, and end every thread."""
        service = self.app.service
        service.ready = False
        for transport in self._transports:
            transport.stop()
        for transport in self._transports:
            transport.wait()
        self._transports.clear()
        service.workers.close(service.limits.grace)

    def __enter__(self) -> EchoServer:  # noqa: PYI034 - Self is not in Python 3.10
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
