"""A loopback of our own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from socket import create_connection, create_server

import pytest

from bench.engines.namespace import alone

SPACE = Path("/proc/thread-self/ns/net")


def test_ports_stay_inside() -> None:
    """What listens there is reached from there and from its children, and not from outside."""
    with alone() as is_alone:
        if not is_alone:
            pytest.skip("no namespace: it takes Linux, and the rights of root")
        with create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            create_connection(("127.0.0.1", port), 5).close()
            code = f"import socket; socket.create_connection(('127.0.0.1', {port}), 5)"
            subprocess.run([sys.executable, "-c", code], check=True)
            within = SPACE.readlink()
    assert SPACE.readlink() != within


def test_without_the_tool(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says that it is not, and changes nothing."""
    before = SPACE.readlink()
    monkeypatch.setenv("PATH", "")
    with alone() as is_alone:
        assert not is_alone
        assert SPACE.readlink() == before
