"""nginx in front of a model server, for both transports.

``python -m bench.serving.nginx REST_PORT GRPC_PORT`` runs it until stdin ends.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from bench.process import module
from bench.serving.processes import is_ready, wait_for_end

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


def command(rest: int, grpc: int) -> list[str]:
    """Give the command that starts one."""
    return module("bench.serving.nginx", f"{rest}", f"{grpc}")


def program() -> str | None:
    """Give the path of nginx, if it is installed; Debian has it where only root looks."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


def free_ports(count: int) -> list[int]:
    """Give ports that are free at the moment, for programs that cannot choose one themselves."""
    taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in taken]
    for each in taken:
        each.close()
    return ports


def main(rest: str, grpc: str) -> None:
    """Serve until stdin ends."""
    own_rest, own_grpc = free_ports(2)
    with tempfile.TemporaryDirectory(prefix="tensorwire-nginx-") as folder:
        file = Path(folder) / "nginx.conf"
        file.write_text(
            CONFIGURATION.format(
                folder=folder, rest=rest, grpc=grpc, own_rest=own_rest, own_grpc=own_grpc
            )
        )
        found = program() or "nginx"
        server = subprocess.Popen([found, "-p", folder, "-c", str(file), "-e", "stderr"])  # noqa: S603
        try:
            end = time.monotonic() + START
            while server.poll() is None and time.monotonic() < end:
                with suppress(OSError):
                    socket.create_connection(("127.0.0.1", own_grpc), 1).close()
                    is_ready({"rest": own_rest, "grpc": own_grpc})
                    wait_for_end()
                    break
                time.sleep(0.02)
        finally:
            server.terminate()
            try:
                server.wait(5)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
