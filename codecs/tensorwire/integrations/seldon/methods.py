"""The methods of a model that take a request of Seldon's wrapper as it came."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

import tensorwire as tw
from tensorwire.errors import CodecError
from tensorwire.integrations.seldon.messages import prediction_pb2
from tensorwire.integrations.seldon.replacing import likeness
from tensorwire.protocols.seldon.family import FAMILY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeAlias, TypeGuard

    from tensorwire.protocols.family import Arguments

    Asked: TypeAlias = Sequence[Arguments]

__all__ = ["raw"]

_messages = prediction_pb2()
_utils: Any = import_module("seldon_core.utils")
_users: Any = import_module("seldon_core.user_model")


class _Refused(_utils.SeldonMicroserviceException):
    """What is wrong with a message, also for gRPC, which shows the text of an exception."""

    def __str__(self) -> str:
        return str(self.message)


def raw(method: str) -> Callable[[Any, Any], Any]:
    """Return a raw method for a model: it reads a request, calls a method, and writes the reply.

    The reply has what Seldon's wrapper puts there: the names of `class_names`, the tags and metrics
    of the model or of its `SeldonResponse`, the puid of the request. gRPC brings messages. HTTP
    brings bytes to `predict_raw` alone, where the environment variable PAYLOAD_PASSTHROUGH is
    ``true``; a request that the wrapper has parsed already is left to the wrapper.

    Parameters
    ----------
    method : str
        The method of the model that gets arrays: ``predict``, ``transform_input``,
        ``transform_output``, ``route``, ``aggregate`` or ``send_feedback``.

    Returns
    -------
    callable
        The method that belongs into the class as ``predict_raw``, or another one with ``_raw``.

    Raises
    ------
    ValueError
        `method` is none of these.
    """
    if method not in _ROUTES:
        raise ValueError(f"expected one of {', '.join(_ROUTES)}, got {method!r}")

    def answer(self: Any, request: Any) -> Any:
        if isinstance(request, (dict, list)):
            raise _users.SeldonNotImplementedError(f"{method}_raw reads what is not parsed")
        is_json = isinstance(request, (bytes, str))
        protocol = tw.get_protocol("seldon/json" if is_json else "seldon/protobuf")
        body = request if is_json else request.SerializeToString()
        if isinstance(body, str):  # from the query, or from a form
            body = body.encode()
        kind, respond = _ROUTES[method]
        try:
            message = protocol.decode(body, type=kind, align=True)
            arguments = [FAMILY.arguments(one) for one in _asked(message)]
        except CodecError as error:
            raise _Refused(str(error)) from error
        reply = respond(self, method, message, arguments)
        try:
            written = protocol.encode(reply, missing="nan")[0]
        except CodecError as error:
            raise _Refused(str(error), 500, reason="MICROSERVICE_INTERNAL_ERROR") from error
        return written if is_json else _messages.SeldonMessage.FromString(written)

    answer.__name__ = f"{method}_raw"
    return answer


def _asked(message: Any) -> Sequence[tw.Message]:
    """Return the messages whose values a method gets."""
    if isinstance(message, tw.seldon.Feedback):
        return [message.request] if _has_array(message.request) else []
    return message.messages if isinstance(message, tw.seldon.MessageList) else [message]


def _has_array(message: tw.Message | None) -> TypeGuard[tw.Message]:
    return message is not None and message.kind in ("ndarray", "tensor", "tftensor")


def _call(model: Any, method: str, message: tw.Message, arguments: Asked) -> tw.Message:
    """Call a method with the value of a message."""
    value, names, meta = arguments[0]
    answer = getattr(_users, f"client_{method}")(model, value, names, meta=meta)
    if method == "route":
        if not isinstance(answer.data, int):
            raise _Refused(f"expected an int of route, got {str(answer.data)[:80]}")
        answer.data, meta = np.array([[answer.data]]), {}
    return _reply(model, message, answer, meta)


def _call_with_all(
    model: Any, method: str, message: tw.seldon.MessageList, arguments: Asked
) -> tw.Message:
    """Call a method with the values of several messages; their meta goes into the reply."""
    meta: dict[str, Any] = {"metrics": [], "tags": {}, "requestPath": {}}
    for one in arguments:
        meta["metrics"] += one.meta.get("metrics", [])
        meta["tags"] |= one.meta.get("tags", {})
        meta["requestPath"] |= one.meta.get("requestPath", {})
    values, names = [one.value for one in arguments], [one.names for one in arguments]
    answer = getattr(_users, f"client_{method}")(model, values, names)
    return _reply(model, message.messages[0], answer, meta)


def _call_with_feedback(
    model: Any, method: str, message: tw.seldon.Feedback, arguments: Asked
) -> tw.Message:
    """Call a method with a value, the reward for the answer to it, and the right answer."""
    value, names = arguments[0][:2] if arguments else (np.array([]), [])
    truth = message.truth.value if _has_array(message.truth) else np.array([])
    routing = message.response.meta.get("routing", {}) if message.response else {}
    place = routing.get(import_module("seldon_core.wrapper").PRED_UNIT_ID)
    answer = getattr(_users, f"client_{method}")(model, value, names, message.reward, truth, place)
    if answer.data is None:
        answer.data = np.array([])
    return _reply(model, message.request or tw.Message(None, ""), answer, {})


def _reply(model: Any, request: tw.Message, answer: Any, meta: Mapping[str, Any]) -> tw.Message:
    """Return the reply with a value, and with the names and the meta that the wrapper gives it."""
    data = np.array(answer.data) if isinstance(answer.data, list) else answer.data
    like = likeness(data) if isinstance(data, np.ndarray) and data.ndim else data
    metrics = [*answer.metrics, *_metrics(model)]
    made = _utils.construct_response_json(
        user_model=model,
        is_request=False,
        client_request_raw={"data": {}, "meta": request.meta},
        client_raw_response=like,
        meta=dict(meta),
        custom_metrics=metrics,
        runtime_tags=answer.tags,
    )
    reply = request.reply(data)
    reply.names = made.get("data", {}).get("names") or None
    reply.meta = made["meta"]
    return reply


def _metrics(model: Any) -> list[Any]:
    try:
        return list(model.metrics()) if hasattr(model, "metrics") else []
    except _users.SeldonNotImplementedError:
        return []


_ROUTES: dict[str, tuple[type, Callable[..., tw.Message]]] = {
    "predict": (tw.Message, _call),
    "transform_input": (tw.Message, _call),
    "transform_output": (tw.Message, _call),
    "route": (tw.Message, _call),
    "aggregate": (tw.seldon.MessageList, _call_with_all),
    "send_feedback": (tw.seldon.Feedback, _call_with_feedback),
}
