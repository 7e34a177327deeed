"""grpcio: the messages of tensorwire in any client and any server, synchronous or of `grpc.aio`.

For a model behind every protocol there is `tensorwire.serving.add_to_server`; this is for servers
and clients that have methods of their own.
"""

from __future__ import annotations

from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, TypeAlias

import tensorwire as tw
from tensorwire.errors import CodecError, UnknownCodecError, unknown
from tensorwire.extras import Needed
from tensorwire.protocols import families

with Needed("tensorwire.integrations.grpcio", "grpcio"):
    import grpc

if TYPE_CHECKING:
    from collections.abc import Callable

    from tensorwire.limits import Limits
    from tensorwire.protocols.family import Call, Family

__all__ = ["client", "method_handler", "server"]


_Pair: TypeAlias = "tuple[Callable[[Any], Any], Callable[[Any], Any]]"


def client(method: str, form: str = "", *, limits: Limits | None = None) -> _Pair:
    """Return the serializers of a client, for ``channel.unary_unary(method, *client(method))``.

    Parameters
    ----------
    method : str
        The path of a method that carries tensors: ``/seldon.protos.Seldon/Predict``.
    form : str, optional
        Another form of its messages than the usual one: ``oip/protobuf-typed``.
    limits : Limits, optional
        What a reply may claim; `Limits()` where None.

    Returns
    -------
    request_serializer : callable
        From a message to bytes.
    response_deserializer : callable
        From bytes to a message.

    Raises
    ------
    UnknownCodecError
        No protocol has that method, or there is no such form.

    Examples
    --------
    >>> import grpc
    >>> from tensorwire.integrations.grpcio import client
    >>> infer = "/inference.GRPCInferenceService/ModelInfer"
    >>> with grpc.insecure_channel("127.0.0.1:8001") as channel:
    ...     call = channel.unary_unary(infer, *client(infer))
    """
    protocol, _ = _protocol_of(method, form)
    return (
        lambda message: protocol.encode(message)[0],
        lambda body: protocol.decode(body, type=protocol.response, limits=limits),
    )


def server(method: str, form: str = "", *, limits: Limits | None = None) -> _Pair:
    """Return the serializers of a server, for ``grpc.unary_unary_rpc_method_handler``.

    grpcio answers INTERNAL to a request that its deserializer refuses; `method_handler` answers
    INVALID_ARGUMENT, with the reason.

    Parameters
    ----------
    method : str
        The path of a method that carries tensors: ``/seldon.protos.Seldon/Predict``.
    form : str, optional
        Another form of the replies than the usual one: ``oip/protobuf-typed``.
    limits : Limits, optional
        What a request may claim; `Limits()` where None.

    Returns
    -------
    request_deserializer : callable
        From bytes to a message.
    response_serializer : callable
        From a message to bytes.

    Raises
    ------
    UnknownCodecError
        No protocol has that method, or there is no such form.

    Examples
    --------
    >>> import grpc
    >>> from tensorwire.integrations.grpcio import server
    >>> def infer(request, context):
    ...     return request.reply({"y": request.inputs[0].value * 2})
    >>> pair = server("/inference.GRPCInferenceService/ModelInfer")
    >>> handler = grpc.unary_unary_rpc_method_handler(infer, *pair)
    """
    protocol, kind = _protocol_of(method, form)
    return (
        lambda body: protocol.decode(body, type=kind, limits=limits),
        lambda message: protocol.encode(message)[0],
    )


def method_handler(
    function: Callable[[Any, Any], Any],
    method: str,
    form: str = "",
    *,
    limits: Limits | None = None,
) -> Any:
    """Return the handler of a method, which refuses what is no message with INVALID_ARGUMENT.

    Parameters
    ----------
    function : callable
        Takes a message and the context of grpcio, and returns a message; a coroutine function
        for a server of `grpc.aio`. The `CodecError` that it raises is refused in the same way.
    method : str
        The path of a method that carries tensors: ``/seldon.protos.Seldon/Predict``.
    form : str, optional
        Another form of the replies than the usual one: ``oip/protobuf-typed``.
    limits : Limits, optional
        What a request may claim; `Limits()` where None.

    Returns
    -------
    grpc.RpcMethodHandler
        For ``grpc.method_handlers_generic_handler``.

    Raises
    ------
    UnknownCodecError
        No protocol has that method, or there is no such form.

    Examples
    --------
    >>> import grpc
    >>> from tensorwire.integrations.grpcio import method_handler
    >>> def predict(message, context):
    ...     return message.reply(message.value * 2)
    >>> methods = {"Predict": method_handler(predict, "/seldon.protos.Seldon/Predict")}
    >>> handler = grpc.method_handlers_generic_handler("seldon.protos.Seldon", methods)
    """
    read, write = server(method, form, limits=limits)

    def answer(body: bytes, context: Any) -> Any:
        try:
            return function(read(body), context)
        except CodecError as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))

    async def answer_async(body: bytes, context: Any) -> Any:
        try:
            return await function(read(body), context)
        except CodecError as error:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))

    chosen: Any = answer_async if iscoroutinefunction(function) else answer
    return grpc.unary_unary_rpc_method_handler(chosen, response_serializer=write)


def _protocol_of(method: str, form: str) -> tuple[tw.MessageProtocol, type]:
    """Return the form of a method, and the class of its requests."""
    known: dict[str, tuple[Family, Call]] = {}
    for family in families():
        for call in family.calls:
            if call.action in ("predict", "feedback"):
                known.setdefault(call.path, (family, call))
    if method not in known:
        raise UnknownCodecError(unknown("a method that carries tensors", method, tuple(known)))
    family, call = known[method]
    forms = [f"{family.name}/{container}" for container in call.forms]
    if form and form not in forms:
        raise UnknownCodecError(unknown(f"a form of {method}", form, forms))
    protocol = tw.get_protocol(form or forms[0])
    kind = family.feedback if call.action == "feedback" else protocol.request
    return protocol, kind or protocol.request
