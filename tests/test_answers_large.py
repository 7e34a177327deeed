"""Integers beyond 2**53 that a model answers with: exact, whatever array the request brought."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tensorwire as tw

MEDIA_TYPES = ("application/json", "application/x-protobuf", "application/msgpack")
LARGE = [2**53 + 1, np.int64(-(2**53) - 1), np.array([2**53 + 1, 5]), np.array([[2**64 - 1]], "u8")]


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
@pytest.mark.parametrize("kind", ["tensor", "strData", "raw", "jsonData"])
@pytest.mark.parametrize("answer", LARGE, ids=str)
def test_large_integers(answer: Any, kind: str, media_type: str) -> None:
    """A `tensor` would round them, so that they go back as tftensor."""
    reply = tw.Message(None, kind).reply(answer)
    assert reply.kind == "tftensor"
    found = tw.loads(tw.dumps(reply, media_type), media_type).value
    assert found.tolist() == np.asarray(answer).tolist()


@pytest.mark.parametrize("answer", [2**53, np.array([2**53, -5]), np.array([], np.int64)])
def test_integers_that_float64_holds(answer: Any) -> None:
    """They go back as before."""
    assert tw.Message(None, "strData").reply(answer).kind == "tensor"


def test_nested_lists_keep_their_kind() -> None:
    """JSON's lists hold every integer of 64 bits."""
    reply = tw.Message(None, "ndarray").reply(np.array([2**53 + 1]))
    assert tw.dumps(reply) == b'{"data":{"ndarray":[9007199254740993]}}'
