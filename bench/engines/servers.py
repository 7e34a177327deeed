"""Engines as processes, each in its environment: started on a free port, waited for, and ended."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import time
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING

import tensorwire

from ..process import Child, WorkerError
from ..serving.proxies import free_ports

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

APPS = Path(__file__).with_name("apps")
KEEPER = Path(__file__).with_name("keeper.py")
START = 120.0
"""Seconds in which an engine answers, one that imports TensorFlow on a busy machine too."""
PAUSE = 0.05
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class Server(Child):
    """An engine, and the port of 127.0.0.1 that it was told."""

    what = "the engine"

    def __init__(
        self, command: Sequence[str], port: int, variables: Mapping[str, str], folder: Path
    ) -> None:
        keeper = [sys.executable, "-I", "-S", str(KEEPER)]
        super().__init__(
            [*keeper, *command], stdout=subprocess.DEVNULL, only=variables, folder=folder
        )
        self.port = port

    def ready(self, path: str, seconds: float) -> Server:
        """Wait until a GET is answered, with whatever status below 500."""
        until = time.monotonic() + seconds
        while (status := self._status(path)) is None or status >= 500:
            if self.returncode() is not None:
                raise WorkerError(f"{self.what} does not start: {self.complaint()}")
            if time.monotonic() > until:
                raise WorkerError(f"{self.what} does not answer within {seconds:.0f} s")
            time.sleep(PAUSE)
        return self

    def check(self) -> None:
        """Raise WorkerError if it has ended."""
        if self.returncode() is not None:
            raise WorkerError(f"{self.what} has ended: {self.complaint()}")

    def url(self, path: str) -> str:
        """Return the address of a path."""
        return f"http://127.0.0.1:{self.port}{path}"

    def _status(self, path: str) -> int | None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.connect()
            if not path:
                return 200
            connection.request("GET", path)
            return connection.getresponse().status
        except OSError:
            return None
        except http.client.HTTPException:
            return 500
        finally:
            connection.close()


class Servers:
    """Starts engines, and ends all of them at the end of a ``with``; at the limit it kills them.

    tensorwire is found by PYTHONPATH, in a folder that has nothing else of this environment; beside
    it is ``apps``.
    """

    def __init__(self, interpreters: Mapping[str, str], folder: Path, limit: float) -> None:
        self._interpreters, self._folder = interpreters, folder
        self._started: list[Server] = []
        self._limit = Timer(limit, self._kill)
        self._limit.daemon = True
        self._path = folder / "path"
        self._path.mkdir()
        (self._path / "tensorwire").symlink_to(Path(tensorwire.__file__).parent)

    def variables(self, **more: str) -> dict[str, str]:
        """Return the variables of the environment of an engine."""
        path = os.pathsep.join((str(self._path), str(APPS)))
        return {**os.environ, **ONE_THREAD, "PYTHONPATH": path, "PYTHONNOUSERSITE": "1", **more}

    def start(
        self,
        engine: str,
        arguments: Sequence[str],
        *,
        ready: str = "/",
        port: int | None = None,
        seconds: float = START,
        **variables: str,
    ) -> Server:
        """Start the Python of an engine, and wait until it answers.

        Parameters
        ----------
        arguments
            of Python, ``-m uvicorn --port {port} app:app``: ``{port}`` becomes a free one.
        ready
            the path that is asked until it is answered; of gRPC none: its port takes connections.
        port
            the port, where the engine takes it from elsewhere.
        seconds
            in which it answers.
        variables
            of the environment of the engine.
        """
        made = self._started_of(self._interpreters[engine], arguments, port, variables)
        return made.ready(ready, seconds)

    def start_own(self, arguments: Sequence[str], *, ready: str) -> Server:
        """Start the Python of this process, for our own server, and wait until it answers."""
        return self._started_of(sys.executable, arguments, None, {}).ready(ready, START)

    def _started_of(
        self,
        interpreter: str,
        arguments: Sequence[str],
        port: int | None,
        variables: Mapping[str, str],
    ) -> Server:
        port = port or free_ports(1)[0]
        words = [word.replace("{port}", str(port)) for word in arguments]
        paths = os.pathsep.join((str(Path(interpreter).parent), os.environ.get("PATH", "")))
        given = self.variables(**{"PATH": paths, **variables})
        made = Server([interpreter, *words], port, given, self._folder)
        self._started.append(made)
        return made

    def end(self, server: Server) -> None:
        """End one of them."""
        self._started.remove(server)
        server.close()

    def __enter__(self) -> Servers:  # noqa: PYI034 - Self is not in Python 3.10
        self._limit.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._limit.cancel()
        for server in self._started:
            server.close_input()
        for server in self._started:
            server.close()

    def _kill(self) -> None:
        for server in self._started:
            server.close_input()  # the keeper ends whatever is left
