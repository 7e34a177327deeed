"""The cost of a plain HTTP request without a codec, with which codecs are compared.

Python's own client and server on one connection over 127.0.0.1: a body there, an empty answer
back. ``python -m bench.serving`` measures real servers.
"""

from __future__ import annotations

import socket
import time
from collections import defaultdict
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler
from itertools import pairwise
from socketserver import TCPServer
from statistics import median
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SMALLEST, LARGEST, STEP = 64, 1 << 24, 4
LONGEST = 24
"""Bytes of a number, comma included, where it takes most: as text."""
TURN = 2e-3
"""Seconds that one size is measured at a time, so that drift hits all sizes equally."""
SHARE, MOST = 0.04, 0.5
"""Of the run's seconds, and never more than this."""
PATIENCE = 5.0


class _Swallow(BaseHTTPRequestHandler):
    """Read a body, and answer with nothing."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    timeout = PATIENCE

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Log nothing."""


class _Server(TCPServer):
    """A server that leaves errors, such as Ctrl-C, to its client."""

    def handle_error(self, *_: object) -> None:
        """Log nothing."""


def measure(values: int, seconds: float) -> dict[int, float]:
    """Return the median seconds of a request, by the bytes of its body.

    Parameters
    ----------
    values
        The numbers in the largest payload of the run.
    seconds
        Of the whole run; a small share of it is used.

    Returns
    -------
    dict
        Empty where this machine lets nobody listen on 127.0.0.1.
    """
    sizes = [SMALLEST]
    while sizes[-1] < min(values * LONGEST, LARGEST):
        sizes.append(sizes[-1] * STEP)
    try:
        with _Server(("127.0.0.1", 0), _Swallow) as server:
            server.timeout = PATIENCE
            # One connection, which is all that is asked for; it ends when the client closes it.
            thread = Thread(target=server.handle_request, daemon=True)
            thread.start()
            host, port = server.socket.getsockname()
            try:
                return _medians(host, port, sizes, min(MOST, SHARE * seconds))
            finally:
                thread.join(PATIENCE)
    except (OSError, HTTPException):
        return {}


def seconds_of(http_round_trips: Mapping[int, float], size: float) -> float | None:
    """Return the seconds of a request with so many bytes, interpolated.

    Above the largest body, each byte costs what it costs there.
    """
    if not http_round_trips:
        return None
    known = sorted(http_round_trips)
    if size <= known[0]:
        return http_round_trips[known[0]]
    for low, high in pairwise(known):
        if size <= high:
            return http_round_trips[low] + (http_round_trips[high] - http_round_trips[low]) * (
                size - low
            ) / (high - low)
    return http_round_trips[known[-1]] * size / known[-1]


def _medians(host: str, port: int, sizes: list[int], seconds: float) -> dict[int, float]:
    seconds_by_size: dict[int, list[float]] = defaultdict(list)
    ends = time.monotonic() + seconds
    with closing(HTTPConnection(host, port, timeout=PATIENCE)) as connection:
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _request(connection, b"")
        while not seconds_by_size or time.monotonic() < ends:
            for size in sizes:
                body = bytes(size)
                turn = time.monotonic() + TURN
                _request(connection, body)
                while True:
                    seconds_by_size[size].append(_request(connection, body))
                    if time.monotonic() > turn:
                        break
    return {size: median(each) for size, each in seconds_by_size.items()}


def _request(connection: HTTPConnection, body: bytes) -> float:
    start = time.perf_counter()
    connection.request("POST", "/", body)
    connection.getresponse().read()
    return time.perf_counter() - start
