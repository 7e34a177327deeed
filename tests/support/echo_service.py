"""A server of HTTP whose replies say what was asked, for the load of ``bench.engines``."""

from __future__ import annotations

from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

from bench.engines.rounds import Request

if TYPE_CHECKING:
    from collections.abc import Iterator


class Echo(BaseHTTPRequestHandler):
    """Answers with the body, the path and a header of the request; with 500 at ``/broken``."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet for a reply

    def do_POST(self) -> None:
        """Answer."""
        body = self.rfile.read(int(self.headers["Content-Length"])) + self.path.encode()
        body += self.headers["X-More"].encode()
        self.send_response(500 if self.path == "/broken" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Write nothing."""


@contextmanager
def echoing() -> Iterator[str]:
    """Yield the address of a server that echoes."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def request(url: str, path: str, wanted: bytes) -> Request:
    """Return a request whose reply is to be so."""
    return Request(url + path, b"x", lambda reply: reply == wanted, {"X-More": "1"})
