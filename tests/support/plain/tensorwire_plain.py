"""A protocol of model servers that nobody else has, made known to tensorwire by entry points.

A message is an object whose member ``arrays`` has nested lists by name; a request may say ``for``
which model it is. In JSON it is that object, in protobuf a ``google.protobuf.Struct`` of it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from google.protobuf import json_format, struct_pb2
from google.protobuf.message import DecodeError

import tensorwire as tw
from tensorwire.protocols.family import Call, Candidate, Endpoint, Family, Recognized
from tensorwire.protocols.neutral import Neutral

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Form", "Reply", "Request"]

_STRUCT = "google.protobuf.Struct"


@dataclass
class Reply:
    """Arrays by name."""

    arrays: dict[str, Any]


@dataclass
class Request:
    """Arrays by name, for a model."""

    arrays: dict[str, Any]
    model_name: str = ""

    def reply(self, arrays: Mapping[str, Any]) -> Reply:
        """Answer with arrays by name."""
        return Reply(dict(arrays))


class Plain(Family):
    """Where the protocol is served, and what its messages mean."""

    name = "plain"
    request, response = Request, Reply
    media_types: ClassVar = {
        "json": ("application/json",),
        "protobuf": ("application/x-protobuf",),
    }
    endpoints = (Endpoint("/plain/{model_name}", "predict", ("POST",)), Endpoint("/plain", "live"))
    calls = (Call("plain.Plain", "Predict", "predict", _STRUCT),)
    candidates = (Candidate(_STRUCT, ("fields",), Recognized("protobuf")),)

    def take(self, message: Any) -> Neutral:
        """Take a message apart."""
        return Neutral(message.arrays, model={"name": getattr(message, "model_name", "")})

    def make(self, neutral: Neutral, kind: Any) -> tuple[Any, dict[str, Any]]:
        """Make a message, its unnamed array called ``x``."""
        message = kind({name or "x": value for name, value in neutral.tensors.items()})
        if kind is Request:
            message.model_name = neutral.model.get("name", "")
        return message, {**neutral.extras, "$.id": neutral.id, "$.outputs": neutral.outputs}

    def recognize(self, body: bytes, document: Any) -> Recognized | None:
        """Recognise the member ``arrays``."""
        del body
        return Recognized("json") if isinstance(document, dict) and "arrays" in document else None


FAMILY = Plain()


class Form:
    """Messages as JSON, or as a Struct."""

    request: type = Request
    response: type = Reply
    family = FAMILY

    def __init__(self, name: str) -> None:
        self.name = name
        self.media_type = FAMILY.media_types[name.partition("/")[2]][0]

    def encode(self, message: Any, **_: Any) -> tuple[bytes, dict[str, str]]:
        """Write a message."""
        try:
            arrays = {name: np.asarray(value).tolist() for name, value in message.arrays.items()}
        except ValueError as error:
            raise tw.EncodeError(str(error), "$.arrays") from None
        tree: dict[str, Any] = {"arrays": arrays}
        if getattr(message, "model_name", ""):
            tree["for"] = message.model_name
        if self.media_type == "application/json":
            body = json.dumps(tree).encode()
        else:
            body = json_format.ParseDict(tree, struct_pb2.Struct()).SerializeToString()
        return body, {"Content-Type": self.media_type}

    def encode_parts(self, message: Any, **_: Any) -> tuple[list[bytes], dict[str, str]]:
        """Write a message as one buffer."""
        body, headers = self.encode(message)
        return [body], headers

    def decode(self, body: Any, headers: Any = None, *, type: Any = None, **_: Any) -> Any:  # noqa: A002
        """Read a message."""
        del headers
        try:
            if self.media_type == "application/json":
                tree = json.loads(bytes(body))
            else:
                tree = json_format.MessageToDict(struct_pb2.Struct.FromString(bytes(body)))
            arrays = {name: np.asarray(value) for name, value in tree["arrays"].items()}
        except (ValueError, KeyError, TypeError, AttributeError, DecodeError) as error:
            raise tw.DecodeError(f"expected a plain message, got other bytes: {error}") from None
        return Reply(arrays) if type is Reply else Request(arrays, tree.get("for", ""))

    def peek(self, body: Any, headers: Any = None, *, type: Any = None) -> tw.Peek:  # noqa: A002
        """Describe the arrays of a message; there is no quicker way than to read them."""
        message = self.decode(body, headers, type=type)
        arrays = message.arrays.items()
        return tw.Peek("plain", tuple(tw.TensorInfo(n, x.dtype, x.shape) for n, x in arrays))

    def encode_error(self, error: BaseException | str) -> tuple[bytes, dict[str, str]]:
        """Write the reply to a request that failed."""
        return json.dumps({"wrong": str(error)}).encode(), {"Content-Type": "application/json"}
