"""The scenario of grpcio: every method gives the right reply, and a wrong one shows."""

from __future__ import annotations

import importlib.util
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("grpc", exc_type=ModuleNotFoundError)

import grpc

from bench.engines.scenario import ARMS, AS_IT_IS, WITH_TENSORWIRE
from bench.engines.scenarios.grpcio import FORMS, requests
from bench.engines.servers import APPS
from bench.measure.check import CheckError

if TYPE_CHECKING:
    from collections.abc import Iterator


class Running:
    """A server of this process."""

    def __init__(self, port: int) -> None:
        self._port = port

    def url(self, path: str) -> str:
        """Return the address of a path."""
        return f"http://127.0.0.1:{self._port}{path}"


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    """Serve the methods of the application."""
    spec = importlib.util.spec_from_file_location("plain_grpc", APPS / "plain_grpc.py")
    assert spec is not None
    assert spec.loader is not None
    app = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(app)
    made = grpc.server(ThreadPoolExecutor(2))
    made.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("bench", app.HANDLERS)])
    port = made.add_insecure_port("127.0.0.1:0")
    made.start()
    yield Running(port)
    made.stop(None).wait()


@pytest.mark.parametrize("form", FORMS)
def test_every_arm_is_right(form: str, server: Any) -> None:
    """Replies are checked by protobuf's runtime; typed contents are written by hand, too."""
    for count in (1, 1000):
        made = requests(server, form, count)
        assert set(made) == (set(ARMS) if form == "typed" else {AS_IT_IS, WITH_TENSORWIRE})
        for request in made.values():
            request.check()


@pytest.mark.parametrize("form", FORMS)
def test_a_wrong_reply_is_found(form: str, server: Any) -> None:
    """The reply to other values is not right."""
    one, other = (requests(server, form, count)[AS_IT_IS] for count in (1, 2))
    with pytest.raises(CheckError):
        type(one)(one.url, other.body, one.right, {}, grpc=True).check()
