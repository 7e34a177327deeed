"""The client of HTTP/1.1 of ``bench.serving``: any pieces, closed connections, errors."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from bench.serving.clients import CallError, RestClient

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def replies(*scripts: tuple[bytes, ...]) -> Iterator[int]:
    """Serve each connection by sending the pieces of its script, one for each request's end."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for script in scripts:
            connection, _ = listener.accept()
            with connection:
                for piece in script:
                    if piece.startswith(b"HTTP"):
                        connection.recv(1 << 16)
                    connection.sendall(piece)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()
        thread.join(5)


def test_the_client_reads_replies_in_pieces() -> None:
    """Head and body may come in any pieces; what the server tells of its time is kept."""
    pieces = (
        b"HTTP/1.1 200 OK\r\nserver-timing: model;dur=1",
        b"\r\nCONTENT-length: 6\r",
        b"\n\r\nab",
        b"cd",
        b"ef",
    )
    with replies(pieces) as port:
        client = RestClient(port, "/", {})
        assert client.call(b"x") == (b"abcdef", "model;dur=1")
        client.close()


def test_a_closed_connection_is_opened_again() -> None:
    """A server may close one that is kept; the request goes out again, and is counted."""
    one = (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1",)
    two = (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2",)
    with replies(one, two) as port:
        client = RestClient(port, "/", {})
        assert [client.call(b"x").body for _ in range(2)] == [b"1", b"2"]
        assert client.resent == 1
        client.close()


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ((b"HTTP/1.1 400 Bad\r\nContent-Length: 3\r\n\r\nbad",), "REST 400: bad"),
        ((b"HTTP/1.1 200 OK\r\n\r\n",), "without a Content-Length"),
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nb",), "closed the connection"),
        ((), "REST: "),
    ],
)
def test_what_is_no_answer_is_an_error(script: tuple[bytes, ...], reason: str) -> None:
    """Another status, no length, too few bytes, or nothing at all."""
    with replies(script) as port:
        client = RestClient(port, "/", {})
        with pytest.raises(CallError, match=reason):
            client.call(b"x")
        client.close()
