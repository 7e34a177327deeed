"""A request that was read is answered as the server answers it, whatever calls the model."""

from __future__ import annotations

import numpy as np
import pytest

import tensorwire as tw
from tensorwire.serving import Call, Handler, Refusal, read
from tests.support.engine_requests import REQUESTS, Asked, Model

MODEL = Model()
HANDLER = Handler(MODEL)
READABLE = [
    one
    for one in REQUESTS
    if one.method == "POST" and HANDLER(one.body, one.headers, one.path).status in (200, 500)
]


@pytest.mark.parametrize(
    "asked",
    [one for one in READABLE if one.path != "/send-feedback"],
    ids=lambda one: one.name,
)
def test_reply(asked: Asked) -> None:
    """The reply to what a model made, or raised, is that of a handler of the same model."""
    call = read(asked.body, asked.headers, asked.path)
    try:
        reply = call.reply(MODEL.predict(call.value), MODEL.class_names)
    except (SystemExit, ValueError) as error:
        reply = call.error(error)
    assert reply == HANDLER(asked.body, asked.headers, asked.path)


def of(body: bytes = b'{"data":{"names":["x"],"ndarray":[[1.5]]},"meta":{"puid":"p"}}') -> Call:
    """Return a call of Seldon's."""
    return read(body, protocol="seldon")


def test_what_it_brings() -> None:
    """Value, names and meta are those of the message."""
    call = of()
    np.testing.assert_array_equal(call.value, [[1.5]])
    assert (call.names, call.meta) == (["x"], {"puid": "p"})


def test_errors() -> None:
    """Text and refusals are the request's fault, other errors the model's."""
    call = of()
    assert call.error("no").status == 400
    assert call.error(tw.DecodeError("expected x, got y")).status == 400
    reply = call.error(ValueError("no"))
    assert (reply.status, reply.grpc) == (500, "INTERNAL")
    assert reply.reason == "expected an answer of the model, got ValueError: no"
    assert call.reply(ValueError("no")) == reply


def test_a_value_that_no_reply_carries() -> None:
    """It is an error of the model, not of the request."""
    assert of().reply(object()).status == 500
    assert of().reply(None).status == 500


def test_parts() -> None:
    """The parts are the body, and the last of them is the memory of the array."""
    body, headers = tw.get_protocol("oip/binary").encode(
        tw.oip.InferRequest([tw.oip.InferTensor("x", np.zeros(4))])
    )
    call = read(body, {**headers, "Accept": "application/octet-stream"}, "/v2/models/m/infer")
    value = np.arange(1000.0)
    reply = call.reply(value, parts=True)
    assert reply.body == call.reply(value).body
    assert np.shares_memory(np.frombuffer(reply.parts[-1], np.float64), value)


@pytest.mark.parametrize("asked", READABLE, ids=lambda one: one.name)
def test_release(asked: Asked) -> None:
    """A call without its arrays is answered as before."""
    try:
        call = read(asked.body, asked.headers, asked.path)
    except Refusal:
        return  # feedback
    if not isinstance(call.value, np.ndarray):
        return
    answer = np.abs(call.value) * 2
    before = call.reply(answer)
    call.release()
    assert call.reply(answer) == before
    assert not isinstance(call.value, np.ndarray)
