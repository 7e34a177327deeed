"""A server in front of the model server: nginx, or our own, whose model calls the other one.

``python -m bench.serving.proxies HOW REST_PORT GRPC_PORT`` runs one until stdin ends.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tensorwire as tw

from ..process import module, tell
from .cells import GRPC, REST
from .clients import JSON, PROTOBUF, Caller, connect
from .processes import wait_for_end

if TYPE_CHECKING:
    from collections.abc import Callable

    from tensorwire.server import RawMessage

NGINX = "nginx"
HOWS = ("pass", "route", "recode")


def command(how: str, rest: int, grpc: int) -> list[str]:
    """Return the command that starts one."""
    return module(f"{__package__}.proxies", how, f"{rest}", f"{grpc}")


class Hop:
    """Answers what the next server answers.

    Parameters
    ----------
    how
        ``pass`` gives the bytes on; ``route`` looks at kind and shape first and chooses where they
        go; ``recode`` decodes and encodes request and reply.
    """

    def __init__(self, how: str, rest: int, grpc: int) -> None:
        self._ports = {REST: rest, GRPC: grpc}
        self._own = threading.local()  # a connection is one thread's at a time
        self.predict_raw: Callable[[RawMessage], Any] = getattr(self, f"_{how}")

    def _next(self, message: RawMessage, where: str = "") -> Caller:
        family, _, container = message.protocol.partition("/")
        key = f"{message.protocol} {where}"
        callers: dict[str, Caller] = self._own.__dict__
        if key not in callers:
            transport = REST if container == "json" else GRPC
            callers[key] = connect(transport, self._ports[transport], family)
        return callers[key]

    def _pass(self, message: RawMessage) -> bytes:
        return self._next(message).call(message.body).body

    def _route(self, message: RawMessage) -> bytes:
        family, _, container = message.protocol.partition("/")
        media_type = JSON if container == "json" else PROTOBUF
        seen = tw.peek(message.body, media_type, protocol=family)
        # Both places are the same server here: what is measured is the look, not the model.
        shape = seen.tensors[0].shape if seen.tensors else None
        where = "images" if shape is not None and shape[-1:] == (3,) else "others"
        return self._next(message, where).call(message.body).body

    def _recode(self, message: RawMessage) -> Any:
        protocol = tw.get_protocol(message.protocol)
        body, _ = protocol.encode(protocol.decode(message.body))
        reply = self._next(message).call(body).body
        return protocol.decode(reply, type=protocol.response)


START = 10.0
CONFIGURATION = """\
daemon off;
master_process off;
error_log stderr crit;
pid {folder}/pid;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_max_body_size 0;
    client_body_buffer_size 16m;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 100000000;
    upstream rest {{ server 127.0.0.1:{rest}; keepalive 64; }}
    upstream grpc {{ server 127.0.0.1:{grpc}; keepalive 64; }}
    server {{
        listen 127.0.0.1:{own_rest};
        location / {{
            proxy_pass http://rest;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }}
    }}
    server {{
        listen 127.0.0.1:{own_grpc} http2;
        http2_max_requests 100000000;
        location / {{ grpc_pass grpc://grpc; }}
    }}
}}
"""


def program() -> str | None:
    """Return the path of nginx, if it is installed; Debian has it where only root looks."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


def free_ports(count: int) -> list[int]:
    """Return ports that are free at the moment, for programs that cannot choose one themselves."""
    taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in taken]
    for each in taken:
        each.close()
    return ports


def serve_nginx(rest: int, grpc: int) -> None:
    """Run nginx in front of a model server, for both transports, until stdin ends."""
    own_rest, own_grpc = free_ports(2)
    with tempfile.TemporaryDirectory(prefix="tensorwire-nginx-") as folder:
        file = Path(folder) / "nginx.conf"
        ports = {"rest": rest, "grpc": grpc, "own_rest": own_rest, "own_grpc": own_grpc}
        file.write_text(CONFIGURATION.format(folder=folder, **ports))
        command = [program() or "nginx", "-p", folder, "-c", str(file), "-e", "stderr"]
        with subprocess.Popen(command) as server:  # noqa: S603 - an installed tool
            try:
                end = time.monotonic() + START
                while server.poll() is None and time.monotonic() < end:
                    with suppress(OSError):
                        socket.create_connection(("127.0.0.1", own_grpc), 1).close()
                        tell({"rest": own_rest, "grpc": own_grpc})
                        wait_for_end()
                        break
                    time.sleep(0.02)
            finally:
                server.terminate()


def serve_hop(how: str, rest: int, grpc: int) -> None:
    """Run our own server in front of a model server until stdin ends."""
    from tensorwire.server import EchoServer

    with EchoServer(Hop(how, rest, grpc)) as server:
        tell({"rest": server.rest_port, "grpc": server.grpc_port})
        wait_for_end()


if __name__ == "__main__":
    given, *numbers = sys.argv[1:]
    if given == NGINX:
        serve_nginx(*map(int, numbers))
    else:
        serve_hop(given, *map(int, numbers))
