"""Multi Model Server, and TorchServe, which came from it: started, and models registered."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from bench.engines.scenarios.multi_model_server import low_port
from tests.support.engines import environment_of, example, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = ["ANSWERED", "Answer", "EntryContext", "ModelServer", "served"]

ANSWERED = 120.0
"""Seconds in which any request is answered, on a machine that is busy."""
_MODULES = {
    "multi_model_server": ("mms.model_server", "--mms-config"),
    "torchserve": (
        "ts.model_server",
        *("--ncs", "--disable-token-auth", "--enable-model-api", "--ts-config"),
    ),
}


class Answer(NamedTuple):
    """A response; names of headers in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class EntryContext:
    """What a worker passes to its entry point, for requests with the same headers."""

    def __init__(self, headers: dict[str, Any]) -> None:
        self.headers = headers
        self.statuses: dict[int, tuple[int, str]] = {}
        self.sent: dict[int, dict[str, str]] = {}
        self.get_response_content_type: Callable[[int], str] | None = None

    def get_all_request_header(self, place: int) -> dict[str, Any]:
        """Return the headers of a request."""
        assert place >= 0
        return self.headers

    def set_response_status(self, code: int, phrase: str, place: int) -> None:
        """Note the status of a reply."""
        self.statuses[place] = code, phrase

    def set_response_header(self, place: int, name: str, value: str) -> None:
        """Note a header of a reply."""
        self.sent.setdefault(place, {})[name] = value


class ModelServer(NamedTuple):
    """A server that runs: the ports of inference, of management, of gRPC, its models, its log."""

    port: int
    management: int
    grpc: int
    models: Path
    log: Path

    def register(self, name: str, url: str, handler: str, *, batch: int = 1) -> None:
        """Load a model with one worker; it waits for a batch to fill up, for a second at most."""
        wanted = f"/models?url={url}&model_name={name}&handler={handler}&initial_workers=1"
        wanted += f"&synchronous=true&batch_size={batch}&max_batch_delay=1000"
        made = _asked(self.management, wanted, b"", {})
        assert made.status == 200, made.body + self.log.read_bytes()[-4000:]

    def ask(self, name: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send a request to a model."""
        return _asked(self.port, f"/predictions/{name}", body, headers)

    def ask_at_once(
        self, name: str, requests: Sequence[tuple[bytes, Mapping[str, str]]]
    ) -> list[Answer]:
        """Send requests to a model, all at once."""
        with ThreadPoolExecutor(len(requests)) as pool:
            return list(pool.map(lambda one: self.ask(name, *one), requests))


def _asked(port: int, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    connection = HTTPConnection("127.0.0.1", port, timeout=ANSWERED)
    try:
        connection.request("POST", path, body, dict(headers))
        got = connection.getresponse()
        named = {name.lower(): value for name, value in got.getheaders()}
        return Answer(got.status, named, got.read())
    finally:
        connection.close()


@contextmanager
def served(engine: str, folder: Path) -> Iterator[ModelServer]:
    """Run a server, with the file of its page as the model ``doubled``; skip without a JRE."""
    if shutil.which("java") is None:
        pytest.skip(f"{engine} needs a Java runtime: apt-get install default-jre-headless")
    interpreter = environment_of(engine)
    ports = [low_port() for _ in range(5)]
    names = "inference_address", "management_address", "metrics_address"
    lines = [f"{name}=http://127.0.0.1:{port}" for name, port in zip(names, ports, strict=False)]
    for name, port in zip(("inference", "management"), ports[3:], strict=True):
        lines += [f"grpc_{name}_address=127.0.0.1", f"grpc_{name}_port={port}"]
    (folder / "config.properties").write_text("\n".join(lines), encoding="utf-8")
    models, temporary = folder / "models", folder / "tmp"
    (models / "doubled").mkdir(parents=True)
    temporary.mkdir()
    example(engine, models / "doubled")
    module, *options = _MODULES[engine]
    command = [interpreter, "-m", module, "--start", "--foreground", "--model-store", "models"]
    with running(
        [*command, *options, "config.properties"],
        folder,
        ready="/ping",
        port=ports[0],
        # The pid file is in the one, the sockets of the workers are in the other: both have the
        # same names for every server of the machine.
        more={"TMPDIR": str(temporary), "TEMP": str(temporary)},
    ) as engine_:
        yield ModelServer(ports[0], ports[1], ports[3], models, engine_.log)
