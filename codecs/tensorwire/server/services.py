"""The services of gRPC, as each protocol documents them: methods of bytes in, bytes out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf.message import DecodeError as Malformed

from tensorwire.containers.protobuf.schema import message_class
from tensorwire.errors import DecodeError
from tensorwire.server import about

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from tensorwire.server.model import Model

    Answer: TypeAlias = Callable[[bytes, Any], bytes]  # of a body and gRPC's context

__all__ = ["ABOUT", "FEEDBACKS", "PREDICTS", "SERVICES", "about_methods"]

_SELDON, _MODEL = "seldon.protos.Seldon", "seldon.protos.Model"
_OIP, _SERVING = "inference.GRPCInferenceService", "tensorflow.serving.PredictionService"
SERVICES = (_SELDON, _MODEL, _OIP, _SERVING)

# Methods by the protocol of their messages.
PREDICTS: dict[str, str] = {
    f"/{_SELDON}/Predict": "seldon/protobuf",
    f"/{_MODEL}/Predict": "seldon/protobuf",
    f"/{_OIP}/ModelInfer": "oip/protobuf",
    f"/{_SERVING}/Predict": "tfserving/protobuf",
}
FEEDBACKS: dict[str, str] = {
    f"/{_SELDON}/SendFeedback": "seldon/protobuf",
    f"/{_MODEL}/SendFeedback": "seldon/protobuf",
}
_ABOUT = ("ServerLive", "ServerReady", "ModelReady", "ServerMetadata", "ModelMetadata")
ABOUT = tuple(f"/{_OIP}/{name}" for name in _ABOUT)  # of the server and its model


def about_methods(model: Model, is_ready: Callable[[], bool]) -> dict[str, Answer]:
    """Give the methods that tell of the server and its model; none carries an array."""

    def of_model(request: Any) -> dict[str, Any]:
        return about.model(model, request.name, request.version)

    answers: dict[str, Callable[[Any], dict[str, Any]]] = {
        "ServerLive": lambda _: {"live": True},
        "ServerReady": lambda _: {"ready": is_ready()},
        "ModelReady": lambda _: {"ready": is_ready()},
        "ServerMetadata": lambda _: about.server(),
        "ModelMetadata": of_model,
    }
    names = zip(ABOUT, _ABOUT, strict=True)
    return {path: _method(name, answers[name]) for path, name in names}


def _method(name: str, answer: Callable[[Any], dict[str, Any]]) -> Answer:
    request = message_class(f"inference.{name}Request")
    response = message_class(f"inference.{name}Response")

    def method(body: bytes, _: Any) -> bytes:
        try:
            asked = request.FromString(body)
        except Malformed:
            raise DecodeError(f"the bytes are no {name}Request") from None
        return response(**answer(asked)).SerializeToString()

    return method
