"""A link of so many bytes a second over 127.0.0.1, and whole transfers through it.

What stands between sender and receiver passes on each piece when a link of that rate would have
carried its last bit. Nothing of the system is changed, and nobody needs to be root.
"""

from __future__ import annotations

import select
import socket
import time
from contextlib import ExitStack, contextmanager
from queue import SimpleQueue
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SMALLEST, LARGEST = 1_500, 1 << 16
"""Bytes of a piece: a frame of Ethernet, and what is worth a call of the system."""
TICK = 1e-3
"""Seconds that a piece takes, within these bounds."""
HEAD = 8
"""Bytes before a body: its length."""
PATIENCE = 60.0


class Pacer:
    """When the last bit of each piece has passed a link that carries one piece after another.

    Parameters
    ----------
    rate
        Bytes a second.
    clock, sleep
        Of a test, which does not wait.
    """

    def __init__(
        self,
        rate: float,
        clock: Callable[[], float] = time.perf_counter,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.rate = rate
        self.piece = int(min(LARGEST, max(SMALLEST, rate * TICK)))
        self._clock, self._sleep = clock, sleep
        self._free = clock()
        """When the link is free again."""

    def carry(self, count: int, *, queued: bool) -> None:
        """Wait until so many bytes have passed.

        Parameters
        ----------
        queued
            Whether they were there before the last ones had passed: the link was never idle then,
            however late this process wakes up.
        """
        if not queued:
            self._free = max(self._free, self._clock())
        self._free += count / self.rate
        wait = self._free - self._clock()
        if wait > 0:
            self._sleep(wait)


def forward(source: socket.socket, sink: socket.socket, pacer: Pacer, idle: Event) -> None:
    """Pass on what comes, at the rate of the link, until it ends.

    Parameters
    ----------
    idle
        Set while nothing is under way: what comes then is not taken for queued.
    """
    while True:
        queued = bool(select.select([source], [], [], 0)[0])
        if not queued:
            idle.set()
        piece = source.recv(pacer.piece)
        idle.clear()
        if not piece:
            break
        pacer.carry(len(piece), queued=queued)
        sink.sendall(piece)
    sink.shutdown(socket.SHUT_WR)


class PacedLink:
    """Sends bodies through a link; what arrives is read in a thread of its own."""

    def __init__(self, sender: socket.socket, receiver: socket.socket, idle: Event) -> None:
        self._sender, self._receiver, self._idle = sender, receiver, idle
        self._reads: SimpleQueue[Callable[[bytes], Any] | None] = SimpleQueue()
        self._done: SimpleQueue[float | Exception] = SimpleQueue()
        self._thread = Thread(target=self._receive, daemon=True)
        self._thread.start()

    def seconds(self, write: Callable[[], bytes], read: Callable[[bytes], Any]) -> float:
        """Return the seconds from before the body is written until after it is read.

        Parameters
        ----------
        write
            Returns the body: encodes, and compresses.
        read
            Takes the body as it arrived: decompresses, and decodes.

        Raises
        ------
        OSError
            The connection broke.
        """
        self._reads.put(read)
        self._idle.wait(PATIENCE)
        start = time.perf_counter()
        body = write()
        self._sender.sendall(len(body).to_bytes(HEAD, "little") + body)
        ended = self._done.get()
        if isinstance(ended, Exception):
            raise ended
        return ended - start

    def close(self) -> None:
        """End the thread."""
        self._reads.put(None)
        self._thread.join(PATIENCE)

    def _receive(self) -> None:
        while (read := self._reads.get()) is not None:
            self._done.put(self._received(read))

    def _received(self, read: Callable[[bytes], Any]) -> float | Exception:
        """Return when it was read, or what went wrong, to be raised where somebody waits."""
        try:
            read(self._exactly(int.from_bytes(self._exactly(HEAD), "little")))
        except Exception as error:  # noqa: BLE001 - as above
            return error
        return time.perf_counter()

    def _exactly(self, count: int) -> bytes:
        buffer = bytearray(count)
        view, have = memoryview(buffer), 0
        while have < count:
            more = self._receiver.recv_into(view[have:])
            if not more:
                raise ConnectionError("the link ended within a body")
            have += more
        return bytes(buffer)


def _pair() -> tuple[socket.socket, socket.socket]:
    """Return two ends of a connection over 127.0.0.1."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        first = socket.create_connection(server.getsockname(), PATIENCE)
        second, _ = server.accept()
    for end in (first, second):
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        end.settimeout(PATIENCE)
    return first, second


@contextmanager
def paced_link(rate: float) -> Iterator[PacedLink]:
    """Open a link of so many bytes a second.

    Raises
    ------
    OSError
        This machine lets nobody listen on 127.0.0.1.
    """
    with ExitStack() as stack:
        (sender, inward), (outward, receiver) = _pair(), _pair()
        for end in (sender, inward, outward, receiver):
            stack.enter_context(end)
        inward.settimeout(None)
        idle = Event()
        arguments = (inward, outward, Pacer(rate), idle)
        proxy = Thread(target=forward, args=arguments, daemon=True)
        proxy.start()
        link = PacedLink(sender, receiver, idle)
        try:
            yield link
        finally:
            sender.shutdown(socket.SHUT_WR)
            proxy.join(PATIENCE)
            link.close()
