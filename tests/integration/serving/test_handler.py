"""A handler answers as the server does, without a server: the same status, headers and bytes."""

from __future__ import annotations

import asyncio
import copy
import pickle
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import tensorwire as tw
from tensorwire.serving import Handler, Refusal, error_reply, read
from tensorwire.serving.refusals import Status
from tests.support.engine_requests import CALLS, REQUESTS, Asked, Model

pytest.importorskip("tensorwire.server", exc_type=ModuleNotFoundError)

from tensorwire.server import EchoServer, ServerLimits
from tests.support.server_clients import ask, call, refused

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZE = 8 << 20
HANDLER = Handler(Model(), size=SIZE)
ROWS = b'{"instances":[1.5,2.5]}'
SERVING = "/v1/models/m:predict"


@pytest.fixture(scope="module")
def server() -> Iterator[EchoServer]:
    """Run the server with the same model."""
    with EchoServer(Model(), limits=ServerLimits(body=SIZE)) as running:
        yield running


@pytest.mark.parametrize("asked", REQUESTS, ids=[one.name for one in REQUESTS])
def test_it_answers_http_as_the_server(server: EchoServer, asked: Asked) -> None:
    """Status, headers and body are those of the server, called or awaited, whole or in parts."""
    body = asked.body or (None if asked.method == "GET" else b"")
    there = ask(server.rest_port, asked.path, body, asked.headers, asked.method)
    arguments = asked.body, asked.headers, asked.path
    for reply in (
        HANDLER(*arguments, method=asked.method),
        HANDLER(*arguments, method=asked.method, parts=True),
        asyncio.run(HANDLER.call(*arguments, method=asked.method)),
    ):
        assert (reply.status, reply.body) == (there.status, there.body)
        told = {name.lower(): value for name, value in reply.headers.items()}
        assert told == {name: there.headers[name] for name in told}
        assert (reply.grpc == "OK") == (not reply.reason) == (reply.status < 400)


@pytest.mark.parametrize(("method", "protocol", "body"), CALLS)
def test_it_answers_grpc_as_the_server(
    server: EchoServer, method: str, protocol: str, body: bytes
) -> None:
    """The bytes are those of the server, or status and text; the method tells the protocol."""
    replies = [
        HANDLER(body, protocol=protocol),
        HANDLER(body, None, method),
        asyncio.run(HANDLER.call(body, None, method)),
        *HANDLER.batch([(body, None, method)]),
    ]
    for reply in replies:
        if reply.grpc == "OK":
            assert reply.body == call(server.grpc_port, method, body)
        else:
            assert (reply.grpc, reply.reason) == refused(server.grpc_port, method, body)


@pytest.mark.parametrize(
    "method", [path for path in HANDLER.answers.calls if path[-7:] != "Predict"]
)
def test_it_answers_other_methods_of_grpc(server: EchoServer, method: str) -> None:
    """Health, metadata and feedback are those of the server, alone or in a batch."""
    wanted = call(server.grpc_port, method, b"")
    assert HANDLER(b"", None, method).body == wanted
    assert asyncio.run(HANDLER.call(b"", None, method)).body == wanted
    assert [one.body for one in HANDLER.batch([(b"", None, method)])] == [wanted]


def test_it_needs_no_server() -> None:
    """Neither gRPC nor a package of the server is imported with it, nor an event loop."""
    code = "import sys, tensorwire.serving; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    assert not {"grpc", "uvicorn", "prometheus_client", "asyncio"} & {*found.decode().split()}


def test_it_pickles() -> None:
    """A handler that was pickled, or copied, answers as before."""
    for again in (pickle.loads(pickle.dumps(HANDLER)), copy.deepcopy(HANDLER)):  # noqa: S301 - ours
        assert again(bytes(SIZE + 1), {}, SERVING).status == 413
        assert again(ROWS, {}, SERVING) == HANDLER(ROWS, {}, SERVING)


def test_a_model_that_is_awaited() -> None:
    """What `predict` or `predict_raw` awaits is waited for; its errors are replies."""

    async def twice(value: Any) -> Any:
        await asyncio.sleep(0)
        if value[0] < 0:
            raise ValueError("negative")
        return value * 2

    class Raw:
        async def predict_raw(self, message: Any) -> bytes:
            await asyncio.sleep(0)
            return bytes(message.body)

    handler = Handler(twice)
    assert asyncio.run(handler.call(ROWS, {}, SERVING)).body == b'{"predictions":[3.0,5.0]}'
    reply = asyncio.run(handler.call(b'{"instances":[-1.5]}', {}, SERVING))
    assert reply.status == 500
    assert b"ValueError: negative" in reply.body
    assert asyncio.run(Handler(Raw()).call(ROWS, {}, SERVING)).body == ROWS


def test_a_model_that_refuses() -> None:
    """A refusal of the model has its own status, called, awaited and in a batch."""

    def refuse(value: Any) -> Any:
        raise Refusal(Status.BUSY, f"expected a free GPU for {value.size}, got none")

    async def refuse_later(value: Any) -> Any:
        return refuse(value)

    replies = [
        Handler(refuse)(ROWS, {}, SERVING),
        asyncio.run(Handler(refuse_later).call(ROWS, {}, SERVING)),
        *Handler(refuse).batch([(ROWS, {}, SERVING)]),
    ]
    for reply in replies:
        assert (reply.status, reply.grpc) == (503, "RESOURCE_EXHAUSTED")
        assert reply.body == b'{"error":"expected a free GPU for 2, got none"}'


@pytest.mark.parametrize("error", [KeyboardInterrupt, asyncio.CancelledError])
def test_what_passes(error: type[BaseException]) -> None:
    """The interrupt of the user passes, and so does what ends a task."""

    def predict(value: Any) -> Any:
        del value
        raise error

    handler = Handler(predict)
    with pytest.raises(error):
        asyncio.run(handler.call(ROWS, {}, SERVING))
    if error is KeyboardInterrupt:
        with pytest.raises(error):
            handler(ROWS, {}, SERVING)


def test_the_path_of_any_engine() -> None:
    """Slashes at the ends of a path, and the case of headers, do not matter."""
    for path in ("predict", "predict/", "/predict", "/predict/"):
        reply = HANDLER(b'{"strData":"x"}', {"CONTENT-TYPE": "application/json"}, path)
        assert reply.body == b'{"strData":"x"}'


def test_a_protocol_that_the_engine_names() -> None:
    """A family takes its form from the headers, a form from nothing; an unknown one is refused."""
    body = tw.get_codec("protobuf/tensor").encode(np.ones(2))
    assert HANDLER(body, protocol="seldon/protobuf").status == 200
    assert (
        HANDLER(body, {"Content-Type": "application/x-protobuf"}, protocol="seldon").status == 200
    )
    assert HANDLER(body, protocol="seldon").status == 400
    reply = HANDLER(body, protocol="sledon")
    assert (reply.status, reply.grpc) == (400, "INVALID_ARGUMENT")
    assert "'sledon'" in reply.reason


def test_a_body_beyond_the_size() -> None:
    """It is refused with the text of the server."""
    reply = Handler(size=10)(ROWS, {}, SERVING)
    assert reply.status == 413
    assert reply.reason == "expected a body of at most 10 bytes, got more"


def test_read_refuses() -> None:
    """What no path or header serves is a Refusal, what is no message a CodecError."""
    for path in ("/nothing", "", "/v2/health/live", "/send-feedback"):
        with pytest.raises(Refusal):
            read(ROWS, {}, path)
    with pytest.raises(tw.DecodeError):
        read(b"[", {}, SERVING)
    with pytest.raises(tw.LimitError):
        read(ROWS, {}, SERVING, limits=tw.Limits(max_elements=1))
    with pytest.raises(LookupError):
        read(ROWS, protocol="sledon")


def test_error_reply_is_that_of_the_handler() -> None:
    """The reply to what `read` refuses is the one that a handler gives."""
    for asked in REQUESTS:
        if asked.method != "POST" or asked.path == "/send-feedback":
            continue
        arguments = asked.headers, asked.path
        found: Exception | None = None
        try:
            read(asked.body, *arguments)
        except (tw.CodecError, Refusal) as error:
            found = error
        if found is not None and asked.name != "bomb":  # whose size a handler bounds
            assert error_reply(found, *arguments) == HANDLER(asked.body, *arguments)
    assert error_reply("no", protocol="sledon").body == b'{"error":"no"}'


def test_a_batch() -> None:
    """One call of the model answers all that fits; the rest is answered on its own, in order."""
    sizes: list[int] = []

    def twice(value: Any) -> Any:
        sizes.append(len(value))
        return value * 2

    handler = Handler(twice)
    requests: list[Any] = [
        (ROWS, {}, SERVING),
        (b"[", {}, SERVING),
        (b'{"instances":[[1.5]]}', {}, SERVING),
        (b'{"data":{"ndarray":[4.5]}}', {}, "/predict"),
        (ROWS, {}, "/nothing"),
    ]
    assert handler.batch(requests) == [handler(*one) for one in requests]
    assert sizes[:2] == [1, 3]  # the one of another shape, and three rows of two requests


def test_a_batch_of_one() -> None:
    """A request that came alone is answered as a call is, also with fewer rows."""
    handler = Handler(lambda x: x[:1])
    asked: Any = b'{"data":{"ndarray":[1.5,2.5]}}', {}, "/predict"
    (alone,) = handler.batch([asked])
    assert (alone.status, alone.body) == (200, b'{"data":{"ndarray":[1.5]}}')
    assert [reply.status for reply in handler.batch([asked] * 2)] == [500, 500]


@pytest.mark.parametrize(
    "model",
    [None, lambda x: x.nothing, lambda x: x[:1], lambda x: x.ndim, lambda x: x.sort()],
)
def test_a_batch_that_fails(model: Any) -> None:
    """Where the model fails, each request has the error; an echo needs no batch."""
    replies = Handler(model).batch([(ROWS, {}, SERVING), (b"[", {}, SERVING)])
    assert [one.status for one in replies] == [200 if model is None else 500, 400]
