"""Clients and servers of grpcio with tensorwire's messages, beside protobuf's runtime."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

pytest.importorskip("grpc", exc_type=ModuleNotFoundError)

import grpc
import grpc.aio

import tensorwire as tw
from tensorwire.containers.protobuf.schema import message_class
from tensorwire.integrations.grpcio import client, method_handler, server
from tests.support import reference
from tests.support.engine_checks import LARGE, MANY
from tests.support.engines import example, running, variables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

INFER = "/inference.GRPCInferenceService/ModelInfer"
SELDON = "/seldon.protos.Seldon/Predict"
FEEDBACK = "/seldon.protos.Model/SendFeedback"
SERVING = "/tensorflow.serving.PredictionService/Predict"
UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
ROWS = np.arange(6.0).reshape(2, 3)


@contextmanager
def served(handlers: dict[str, Any]) -> Iterator[Any]:
    """Serve methods by their paths; yield a channel."""
    running = grpc.server(ThreadPoolExecutor(8), options=UNLIMITED)
    for path, handler in handlers.items():
        _, service, name = path.split("/")
        methods = {name: handler}
        running.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(service, methods)])
    port = running.add_insecure_port("127.0.0.1:0")
    running.start()
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}", options=UNLIMITED) as channel:
            yield channel
    finally:
        running.stop(None).wait()


def doubled(request: Any, _: Any) -> Any:
    """Answer with twice the first array."""
    if isinstance(request, tw.oip.InferRequest):
        return request.reply({"y": request.inputs[0].value * 2})
    if isinstance(request, tw.tfserving.PredictRequest):
        return request.reply({"y": request.inputs["x"] * 2})
    return request.reply(request.value * 2)


def infer_request(value: Any, *, typed: bool = False) -> Any:
    """Return the message of protobuf's runtime."""
    message: Any = message_class("inference.ModelInferRequest")(model_name="m")
    tensor = message.inputs.add(name="x", datatype="FP64", shape=value.shape)
    if typed:
        tensor.contents.fp64_contents.extend(value.ravel().tolist())
    else:
        message.raw_input_contents.append(value.tobytes())
    return message


def infer_response(value: Any, *, typed: bool = False) -> Any:
    """Return the message of protobuf's runtime."""
    message: Any = message_class("inference.ModelInferResponse")(model_name="m")
    tensor = message.outputs.add(name="y", datatype="FP64", shape=value.shape)
    if typed:
        tensor.contents.fp64_contents.extend(value.ravel().tolist())
    else:
        message.raw_output_contents.append(value.tobytes())
    return message


@pytest.mark.parametrize("typed", [False, True])
@pytest.mark.parametrize(
    "make",
    [method_handler, lambda f, *m: grpc.unary_unary_rpc_method_handler(f, *server(*m))],
    ids=["handler", "pair"],
)
def test_a_server_answers_the_runtime(make: Callable[..., Any], *, typed: bool) -> None:
    """A client of protobuf's runtime gets what it would of a server of protobuf's runtime."""
    form = "oip/protobuf-typed" if typed else ""
    with served({INFER: make(doubled, INFER, form)}) as channel:
        response: Any = message_class("inference.ModelInferResponse")
        call = channel.unary_unary(
            INFER,
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=response.FromString,
        )
        assert call(infer_request(ROWS, typed=typed)) == infer_response(ROWS * 2, typed=typed)


@pytest.mark.parametrize("typed", [False, True])
def test_a_client_asks_the_runtime(*, typed: bool) -> None:
    """A server of protobuf's runtime gets what it would of a client of protobuf's runtime."""
    got = []

    def answer(request: Any, _: Any) -> Any:
        got.append(request)
        return infer_response(ROWS, typed=typed)

    request: Any = message_class("inference.ModelInferRequest")
    handler: Any = grpc.unary_unary_rpc_method_handler(
        answer, request.FromString, lambda message: message.SerializeToString()
    )
    with served({INFER: handler}) as channel:
        call = channel.unary_unary(INFER, *client(INFER, "oip/protobuf-typed" if typed else ""))
        reply = call(tw.oip.InferRequest([tw.oip.InferTensor("x", ROWS * 3)], "m"))
    assert got == [infer_request(ROWS * 3, typed=typed)]
    assert isinstance(reply, tw.oip.InferResponse)
    np.testing.assert_array_equal(reply.outputs[0].value, ROWS)


@pytest.mark.parametrize("kind", ["ndarray", "tensor", "tftensor"])
def test_seldon(kind: str) -> None:
    """A reply is the message that protobuf's runtime makes, in the kind of the request."""
    with served({SELDON: method_handler(doubled, SELDON)}) as channel:
        body = channel.unary_unary(SELDON)(reference.body(f"protobuf/{kind}", ROWS))
        assert reference.SeldonMessage.FromString(body) == reference.message(kind, ROWS * 2)
        reply = channel.unary_unary(SELDON, *client(SELDON))(tw.Message(ROWS, kind))
    np.testing.assert_array_equal(reply.value, ROWS * 2)
    assert reply.kind == kind


def test_feedback_and_tensorflow() -> None:
    """The messages of a method are its own, of its protocol."""

    def learned(feedback: Any, _: Any) -> Any:
        assert isinstance(feedback, tw.seldon.Feedback)
        return tw.Message("learned" if feedback.reward == 0.5 else "", "strData")

    handlers = {
        FEEDBACK: method_handler(learned, FEEDBACK),
        SERVING: method_handler(doubled, SERVING),
    }
    with served(handlers) as channel:
        answer = channel.unary_unary(FEEDBACK, *client(FEEDBACK))(tw.seldon.Feedback(reward=0.5))
        assert answer.value == "learned"
        request = tw.tfserving.PredictRequest({"x": ROWS}, "m")
        reply = channel.unary_unary(SERVING, *client(SERVING))(request)
    np.testing.assert_array_equal(reply.outputs["y"], ROWS * 2)


def refused(call: Any, message: Any) -> tuple[str, str]:
    """Return the status and the details of a call that is refused."""
    with pytest.raises(grpc.RpcError) as error:
        call(message)
    return error.value.code().name, error.value.details() or ""


def test_what_is_no_message_is_refused() -> None:
    """INVALID_ARGUMENT with the place; limits and errors of the function, too."""

    def picky(request: Any, _: Any) -> Any:
        raise tw.DecodeError("expected a square", "$.inputs[0]") if request.inputs else KeyError()

    limits = tw.Limits(max_elements=3)
    handlers = {
        INFER: method_handler(picky, INFER),
        SELDON: method_handler(doubled, SELDON, limits=limits),
    }
    with served(handlers) as channel:
        infer, raw = channel.unary_unary(INFER, *client(INFER)), channel.unary_unary(INFER)
        short = infer_request(ROWS)
        short.raw_input_contents[0] = b"short"
        status, details = refused(raw, short.SerializeToString())
        assert status == "INVALID_ARGUMENT"
        assert details.endswith(" - at $.rawInputContents[0]")
        one = tw.oip.InferRequest([tw.oip.InferTensor("x", ROWS)])
        assert refused(infer, one) == ("INVALID_ARGUMENT", "expected a square - at $.inputs[0]")
        assert refused(infer, tw.oip.InferRequest([]))[0] == "UNKNOWN"
        status, details = refused(channel.unary_unary(SELDON, *client(SELDON)), tw.Message(ROWS))
        assert (status, "expected at most 3" in details) == ("INVALID_ARGUMENT", True)


def test_unknown_methods_and_forms() -> None:
    """They are refused with the nearest name, before anything is called."""
    with pytest.raises(tw.UnknownCodecError, match=r"did you mean '/infer.*/ModelInfer'"):
        client("/inference.GRPCInferenceService/ModelInfr")
    with pytest.raises(tw.UnknownCodecError, match=r"known: oip/protobuf, oip/protobuf-typed"):
        server(INFER, "seldon/protobuf")


def test_each_client_gets_its_own() -> None:
    """Of 32 calls at once each gets the answer to its own values, and 5 MB come back."""
    with served({INFER: method_handler(doubled, INFER)}) as channel:
        infer = channel.unary_unary(INFER, *client(INFER))
        asked = [tw.oip.InferRequest([tw.oip.InferTensor("x", one)]) for one in (*MANY, LARGE)]
        waiting = [infer.future(one) for one in asked]
        for value, reply in zip((*MANY, LARGE), waiting, strict=True):
            np.testing.assert_array_equal(reply.result().outputs[0].value, value * 2)


def test_asyncio() -> None:
    """A server and a client of grpc.aio: answers, and refusals."""

    async def slowly(request: Any, context: Any) -> Any:
        await asyncio.sleep(0)
        return doubled(request, context)

    async def main() -> tuple[list[Any], Any]:
        running = grpc.aio.server()
        methods = {"ModelInfer": method_handler(slowly, INFER)}
        service = INFER.split("/")[1]
        handler = grpc.method_handlers_generic_handler(service, methods)
        running.add_generic_rpc_handlers([handler])
        port = running.add_insecure_port("127.0.0.1:0")
        await running.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            infer = channel.unary_unary(INFER, *client(INFER))
            asked = [tw.oip.InferRequest([tw.oip.InferTensor("x", one)]) for one in MANY]
            replies = await asyncio.gather(*map(infer, asked))
            try:
                raw: Any = channel.unary_unary(INFER)
                await raw(b"\xff")
            except grpc.aio.AioRpcError as error:
                status = error.code().name
        await running.stop(None)
        return replies, status

    replies, status = asyncio.run(main())
    for value, reply in zip(MANY, replies, strict=True):
        np.testing.assert_array_equal(reply.outputs[0].value, value * 2)
    assert status == "INVALID_ARGUMENT"


@pytest.mark.slow
@pytest.mark.parametrize("file", ["server.py", "own_server.py"])
def test_the_files_of_the_page(file: str, tmp_path: Path) -> None:
    """The client of the page gets twice its numbers of either server."""
    example("grpcio", tmp_path)
    with running(["python", file, "127.0.0.1:{port}"], tmp_path) as engine:
        done = subprocess.run(
            [sys.executable, "client.py", f"127.0.0.1:{engine.port}"],
            cwd=tmp_path,
            env=variables(),
            capture_output=True,
            text=True,
            check=True,
        )
    assert done.stdout == f"{ROWS * 2}\n"
