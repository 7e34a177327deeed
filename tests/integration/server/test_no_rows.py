"""A batch of none: what a model answers without rows is written as TensorFlow Serving writes it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import tensorwire as tw

pytest.importorskip("tensorwire.server", exc_type=ModuleNotFoundError)

from tensorwire.server import EchoServer
from tests.support.server_clients import JSON, ask, call

PATH, METHOD = "/v1/models/m:predict", "/tensorflow.serving.PredictionService/Predict"


class Answer:
    """A model that answers with one value, whatever it is asked."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def predict(self, X: Any) -> Any:  # noqa: ARG002, N803 - Seldon's name
        """Answer."""
        return self.value


@pytest.mark.parametrize(
    "value",
    [
        np.zeros((0, 2)),
        np.zeros((0, 3, 2), np.float32),
        np.zeros(0, np.int64),
        {"y": np.zeros((0, 2))},
        {"y": np.zeros((0, 2)), "z": np.zeros(0, np.int32)},
    ],
    ids=["(0, 2)", "(0, 3, 2)", "(0,)", "named", "two"],
)
def test_no_rows(value: Any) -> None:
    """In rows it is `{"predictions":[]}`, whatever the sizes behind the 0, and however many."""
    with EchoServer(Answer(value)) as server:
        answer = ask(server.rest_port, PATH, b'{"instances":[1.5]}', JSON)
    assert (answer.status, json.loads(answer.body)) == (200, {"predictions": []})
    found = tw.get_protocol("tfserving/json").decode(answer.body, type=tw.tfserving.PredictResponse)
    assert [array.size for array in found.outputs.values()] == [0]


def test_columns_without_rows() -> None:
    """In columns each output has its name."""
    value = {"y": np.zeros((0, 2)), "z": np.ones(2)}
    with EchoServer(Answer(value)) as server:
        answer = ask(server.rest_port, PATH, b'{"inputs":{"x":[1.5]}}', JSON)
    assert json.loads(answer.body) == {"outputs": {"y": [], "z": [1.0, 1.0]}}


def test_grpc_keeps_the_shape() -> None:
    """A TensorProto says the sizes behind the 0."""
    body = tw.get_protocol("tfserving/protobuf").encode(
        tw.tfserving.PredictRequest({"x": np.ones(1)}, "m")
    )[0]
    with EchoServer(Answer(np.zeros((0, 2)))) as server:
        answer = call(server.grpc_port, METHOD, body)
    found = tw.get_protocol("tfserving/protobuf").decode(answer, type=tw.tfserving.PredictResponse)
    assert [array.shape for array in found.outputs.values()] == [(0, 2)]


def test_what_has_rows_is_refused_as_before() -> None:
    """Rows of two numbers that are complex are still a fault of the model."""
    with EchoServer(Answer(np.ones((2, 2), complex))) as server:
        answer = ask(server.rest_port, PATH, b'{"instances":[1.5]}', JSON)
    assert answer.status == 500
