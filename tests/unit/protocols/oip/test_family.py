"""The Open Inference Protocol: bodies that are its own, addresses, and calls about the model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tensorwire import protocols
from tensorwire.errors import DecodeError
from tensorwire.protocols.family import (
    ServerState,
    message_class,
)
from tensorwire.protocols.oip.family import FAMILY
from tensorwire.protocols.oip.messages import InferRequest, InferTensor

STATE = ServerState("1.2", ready=True, metadata=lambda: {"versions": [], "inputs": []})


def test_calls_about_the_model_answer_in_protobuf() -> None:
    """The messages of gRPC are those of the official runtime; other bytes are refused."""
    family = protocols.get_family("oip")
    assert family is not None
    calls = {call.name: call for call in family.calls if not call.message}
    asked = message_class("inference.ModelMetadataRequest")(name="m", version="2")
    body = family.call(calls["ModelMetadata"], asked.SerializeToString(), STATE)
    read: Any = message_class("inference.ModelMetadataResponse").FromString(body)
    assert (read.name, list(read.versions)) == ("m", ["2"])
    with pytest.raises(DecodeError, match="expected a ModelMetadataRequest"):
        family.call(calls["ModelMetadata"], b"\xff", STATE)


TENSOR = {"name": "x", "datatype": "FP32", "shape": [1], "data": [1.5]}


@pytest.mark.parametrize(
    ("document", "form", "reply"),
    [
        ({"inputs": [TENSOR]}, "json", False),
        ({"outputs": [TENSOR]}, "json", True),
        ({"inputs": [TENSOR | {"parameters": {"binary_data_size": 4}}]}, "binary", False),
        ({"inputs": [TENSOR | {"contents": {}}]}, "protobuf-json", False),
        ({"inputs": [TENSOR], "modelName": "m"}, "protobuf-json", False),
    ],
    ids=["request", "reply", "binary", "contents", "modelName"],
)
def test_json_is_recognised_by_its_members(
    document: dict[str, Any],
    form: str,
    reply: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """The forms of the specification, and the JSON of the gRPC messages."""
    found = FAMILY.recognize(b"", document)
    assert found is not None
    assert (found.form, found.reply) == (form, reply)


def test_the_length_of_the_json_makes_it_binary() -> None:
    """The header of the binary extension tells JSON from JSON with memory behind it."""
    header = {"inference-header-content-length": "5"}
    assert FAMILY.refine("json", header) == "binary"
    assert FAMILY.refine("json", {}) == "json"
    assert FAMILY.refine("protobuf", header) == "protobuf"


def test_a_path_names_model_and_version() -> None:
    """A version that the path leaves out is empty."""
    assert FAMILY.address({"model_name": "m"}) == {"model_name": "m", "model_version": ""}
    found = FAMILY.address({"model_name": "m", "model_version": "3"})
    assert found == {"model_name": "m", "model_version": "3"}


def test_a_tensor_twice_is_refused() -> None:
    """Two inputs of one name are an error of the request."""
    one = InferTensor("x", np.ones(1))
    with pytest.raises(DecodeError, match=r"distinct tensor names.* at \$\.inputs"):
        FAMILY.tensors(InferRequest([one, one]))
