"""An echo for the tests of a module."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tensorwire.server import EchoServer


@pytest.fixture(scope="module")
def server() -> Iterator[EchoServer]:
    """Run an echo of both transports, of bodies up to 8 MiB."""
    from tensorwire.server import EchoServer, ServerLimits  # which not every environment has

    with EchoServer(limits=ServerLimits(body=8 << 20)) as running:
        yield running


@pytest.fixture(scope="module")
def port(server: EchoServer) -> int | None:
    """Return the port of its REST."""
    return server.rest_port
