"""Requests that offer an upgrade: answered over HTTP/1.1, once, with their body (RFC 9110, 7.8)."""

from __future__ import annotations

import asyncio
import re
import shutil
import socket
import subprocess
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("tensorwire.server", exc_type=ModuleNotFoundError)

import uvicorn
from uvicorn.server import ServerState

from tensorwire.server import EchoServer, RestApp, ServerLimits
from tensorwire.server.uvicorn_server import connection_class

if TYPE_CHECKING:
    from pathlib import Path

BODY, ANSWER = b'{"data":{"ndarray":[[1,2.5]]}}', b'{"data":{"ndarray":[[1.0,2.5]]}}'
# What Java's HttpClient sends by default.
OFFER = (
    b"Connection: Upgrade, HTTP2-Settings\r\n"
    b"HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\n"
    b"Upgrade: h2c\r\n"
)
SIZED = b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n%x;a=b\r\n%b\r\n0\r\nX-Trailer: t\r\n\r\n"
CHUNKED %= (9, BODY[:9], len(BODY) - 9, BODY[9:])
NEXT = b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n"


def request(offer: bytes, framed: bytes = SIZED, version: bytes = b"1.1") -> bytes:
    """Build a request with a body that offers an upgrade."""
    head = b"POST /api/v1.0/predictions HTTP/%b\r\nHost: x\r\n" % version
    return head + offer + b"Content-Type: application/json\r\n" + framed


class Transport(asyncio.Transport):
    """What a connection writes to, in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.written, self.closed = b"", False

    def write(self, data: Any) -> None:
        """Keep what is written."""
        self.written += data

    def get_write_buffer_size(self) -> int:
        """Return the size of what waits to be sent: nothing."""
        return 0

    def is_closing(self) -> bool:
        """Return whether it is closed."""
        return self.closed

    def close(self) -> None:
        """Close."""
        self.closed = True

    def pause_reading(self) -> None:
        """Go on."""

    def resume_reading(self) -> None:
        """Go on."""


def replies_to(*parts: bytes) -> tuple[list[tuple[int, bytes]], bool]:
    """Feed bytes to a connection, one part after the other; give the replies, and its end."""

    async def talk() -> tuple[bytes, bool]:
        config = uvicorn.Config(app, ws="none", lifespan="off", log_config=None)
        made: Any = connection_class(app)
        connection = made(config=config, server_state=ServerState(), app_state={})
        transport = Transport()
        connection.connection_made(transport)
        for part in parts:
            connection.data_received(part)
            for _ in range(3):
                await asyncio.sleep(0)
        for _ in range(20):
            await asyncio.sleep(0)
        closed = transport.closed
        connection.connection_lost(None)
        return transport.written, closed

    limits = ServerLimits()
    app = RestApp(limits=limits)
    written, closed = asyncio.run(talk())
    return split(written), closed


def split(received: bytes) -> list[tuple[int, bytes]]:
    """Split what came over a connection into statuses and bodies; nothing may be left over."""
    replies = []
    while received:
        head, _, received = received.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        assert length, head
        size = int(length[1])
        replies.append((int(head[9:12]), received[:size]))
        received = received[size:]
    return replies


@pytest.mark.slow
@pytest.mark.parametrize("framed", [SIZED, CHUNKED], ids=["sized", "chunked"])
def test_wherever_the_bytes_are_split(framed: bytes) -> None:
    """One reply with the body, and one to the next request, whatever arrives together."""
    sent = request(OFFER, framed) + NEXT
    expected = [(200, ANSWER), (200, b'{"live":true}')]
    assert replies_to(sent) == (expected, False)
    for at in range(1, len(sent)):
        assert replies_to(sent[:at], sent[at:]) == (expected, False), at
    assert replies_to(*[bytes([byte]) for byte in sent]) == (expected, False)


@pytest.mark.parametrize(
    "offer",
    [
        b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n",
        b"Upgrade: TLS/1.0, HTTP/1.1\r\nConnection: Upgrade\r\n",
        b"Upgrade: h2c\r\nUpgrade: other/2\r\nConnection: keep-alive\r\nConnection: upgrade\r\n",
        b"connection: UPGRADE\r\nUPGRADE: h2c\r\n",
        b"Connection: keep-alive , upgrade\r\nUpgrade:\r\n",
        b"Connection:upgrade\r\nUpgrade:h2c\r\nX-Upgrade: h2c\r\n",
        b"Upgrade: h2c\r\n",
        b"Connection: upgrade\r\n",
        b"",
    ],
    ids=repr,
)
@pytest.mark.parametrize("framed", [SIZED, CHUNKED], ids=["sized", "chunked"])
def test_any_offer(offer: bytes, framed: bytes) -> None:
    """Whatever is offered and however, the reply is the same, and the connection goes on."""
    sent = request(offer, framed)
    expected = [(200, ANSWER)] * 2 + [(200, b'{"live":true}')]
    assert replies_to(sent + sent + NEXT) == (expected, False)
    head = sent.index(b"\r\n\r\n") + 4
    assert replies_to(sent[:head], sent[head:] + sent[:head], sent[head:], NEXT)[0] == expected


def test_requests_without_a_body() -> None:
    """A GET that offers an upgrade is answered, and so is what stands behind it."""
    offered = NEXT.replace(b"Host", OFFER + b"Host")
    assert replies_to(offered * 3 + request(OFFER)) == (
        [(200, b'{"live":true}')] * 3 + [(200, ANSWER)],
        False,
    )


@pytest.mark.parametrize(
    ("offer", "version"),
    [
        (b"Connection: close, Upgrade\r\nUpgrade: h2c\r\n", b"1.1"),
        (b"Connection: Upgrade\r\nUpgrade: h2c\r\n", b"1.0"),
        (b"Connection: keep-alive, Upgrade\r\nUpgrade: h2c\r\n", b"1.0"),
    ],
)
def test_a_last_request(offer: bytes, version: bytes) -> None:
    """With close, and in HTTP/1.0, one reply with the body ends the connection."""
    sent = request(offer, version=version)
    for at in (1, len(sent) - len(BODY), len(sent) - 1):
        assert replies_to(sent[:at], sent[at:]) == ([(200, ANSWER)], True)


@pytest.mark.parametrize(
    ("framed", "status"),
    [
        (b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n{}", 400),
        (b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}", 400),
        (b"X: a\r\n folded\r\nContent-Length: 2\r\n\r\n{}", 400),
    ],
    ids=repr,
)
def test_wrong_requests_stay_wrong(framed: bytes, status: int) -> None:
    """An offer makes no wrong head right: it is refused once, and the connection is closed."""
    statuses = [reply[0] for reply in replies_to(request(OFFER, framed))[0]]
    assert statuses == [status]
    assert replies_to(request(OFFER, framed))[1]


@pytest.mark.parametrize("target", [b"/predict", b"host:80", b"*"])
def test_connect(target: bytes) -> None:
    """CONNECT opens no tunnel."""
    replies, _ = replies_to(b"CONNECT %b HTTP/1.1\r\nHost: x\r\n" % target + OFFER + b"\r\n")
    assert [status for status, _ in replies] in ([400], [404], [405])


@pytest.mark.parametrize("framed", [SIZED, CHUNKED], ids=["sized", "chunked"])
def test_over_sockets(server: EchoServer, framed: bytes) -> None:
    """The same over a socket, head and body in packets of their own, one request in flight."""
    sent, last = request(OFFER, framed), NEXT.replace(b"Host", b"Connection: close\r\nHost")
    cuts = [1, 40, sent.index(b"\r\n\r\n") + 4, len(sent) - len(BODY) + 7, len(sent) - 1]
    address = ("127.0.0.1", server.rest_port or 0)
    for at in cuts:
        received = b""
        with closing(socket.create_connection(address)) as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.sendall(sent[:at])
            time.sleep(0.02)  # for the two to arrive apart, as they do over a network
            client.sendall(sent[at:] + last)
            while part := client.recv(1 << 16):
                received += part
        assert split(received) == [(200, ANSWER), (200, b'{"live":true}')]


def test_a_long_body(server: EchoServer) -> None:
    """A body of many packets comes back whole."""
    text = b'{"strData":"%b"}' % (b"x" * (4 << 20))
    framed = b"Content-Length: %d\r\n\r\n" % len(text) + text
    received = b""
    with closing(socket.create_connection(("127.0.0.1", server.rest_port or 0))) as client:
        client.sendall(request(b"Upgrade: h2c\r\nConnection: close, upgrade\r\n", framed))
        while part := client.recv(1 << 20):
            received += part
    assert split(received) == [(200, text)]


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize(
    "more", [[], ["-H", "Transfer-Encoding: chunked"], ["-H", "Expect: 100-continue"]]
)
def test_curl(server: EchoServer, more: list[str]) -> None:
    """``curl --http2`` gets its answer over HTTP/1.1."""
    url = f"http://127.0.0.1:{server.rest_port}/predict"
    command = ["curl", "-sS", "--max-time", "20", "--http2", "-d", BODY.decode(), *more, url]
    command += ["-w", " %{http_code} %{http_version}"]
    done = subprocess.run(command, capture_output=True, check=False)
    if b"not support" in done.stderr:
        pytest.skip("this curl is built without HTTP/2")
    assert done.stdout == ANSWER + b" 200 1.1"


JAVA = """
import java.net.URI;
import java.net.http.*;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.List;

public class Client {
    public static void main(String[] arguments) throws Exception {
        String text = arguments[1];
        var client = HttpClient.newHttpClient();
        var request = HttpRequest.newBuilder(URI.create(arguments[0]))
            .header("Content-Type", "application/json");
        var sized = request.copy().POST(BodyPublishers.ofString(text)).build();
        var chunked = request.copy()
            .POST(BodyPublishers.fromPublisher(BodyPublishers.ofString(text))).build();
        for (var each : List.of(sized, chunked, sized)) {
            var reply = client.send(each, HttpResponse.BodyHandlers.ofString());
            System.out.println(reply.version() + " " + reply.statusCode() + " " + reply.body());
        }
    }
}
"""


@pytest.mark.slow
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("javac") is None, reason="no JDK is installed")
def test_java(server: EchoServer, tmp_path: Path) -> None:
    """Java's own HttpClient, by default, gets its answers."""
    source = tmp_path / "Client.java"
    source.write_text(JAVA, encoding="utf-8")
    url = f"http://127.0.0.1:{server.rest_port}/predict"
    command = ["java", str(source), url, BODY.decode()]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "release version" in done.stderr or "error:" in done.stderr:
        pytest.skip("the JDK is older than java.net.http")
    assert done.stdout.splitlines() == [f"HTTP_1_1 200 {ANSWER.decode()}"] * 3, done.stderr
