"""A model behind every protocol: the bytes of a request in, the bytes of its reply out."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from tensorwire.errors import CodecError
from tensorwire.serving.answers import Answers, log
from tensorwire.serving.batches import Member, gather, scatter
from tensorwire.serving.refusals import Refusal, Status
from tensorwire.serving.request import Reply, Request

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tensorwire.limits import Limits
    from tensorwire.missing import Missing
    from tensorwire.serving.call import Call

__all__ = ["Handler", "error_reply", "read"]

_SIZE = 64 << 20


class Handler:
    """Answers requests with a model, in any engine and in the protocol of each request.

    It never raises: what is wrong with a request, or with the model, is a reply with its status.
    ``SystemExit`` of a model is one too; ``KeyboardInterrupt`` alone passes, since it is the
    user's. It pickles where its model does.

    Parameters
    ----------
    model : callable or object, optional
        A function of an array, or an object with `predict` or `predict_raw`, as for
        `tensorwire.server`; None for an echo.
    limits : Limits, optional
        What a payload may claim; `Limits()` where None.
    size : int, default 64 MiB
        Bytes of one request, as sent and as inflated.
    missing : {"null", "nan", "any", "error"}, optional
        What stands for NaN and infinities in requests: ``null``, ``nan`` (the bare words), ``any``
        of both, or ``error`` for neither; None for what clients of each protocol send.

    Attributes
    ----------
    answers : Answers
        What the applications of `asgi`, `wsgi` and `add_to_server` stand on.

    Raises
    ------
    TypeError
        The model has neither `predict` nor `predict_raw`, and is no function.
    ValueError
        `missing` is not known.

    Examples
    --------
    >>> from tensorwire.serving import Handler
    >>> handle = Handler(lambda X: X * 2)
    >>> handle(b'{"instances":[1.5,2.5]}', {}, "/v1/models/m:predict").body
    b'{"predictions":[3.0,5.0]}'
    >>> handle(b'{"instances":7', {}, "/v1/models/m:predict").status
    400
    >>> [reply.body for reply in handle.batch([b'{"instances":[1]}'] * 2, protocol="tfserving")]
    [b'{"predictions":[2]}', b'{"predictions":[2]}']
    """

    def __init__(
        self,
        model: Any = None,
        *,
        limits: Limits | None = None,
        size: int = _SIZE,
        missing: Missing | None = None,
    ) -> None:
        self._made_of = model, limits, size, missing
        self.answers = Answers(model, limits, size, missing)

    def __reduce__(self) -> tuple[Any, ...]:
        model, limits, size, missing = self._made_of
        return partial(Handler, limits=limits, size=size, missing=missing), (model,)

    def __call__(  # noqa: PLR0913 - each is a part of a request
        self,
        body: Any,
        headers: Mapping[str, str] | None = None,
        path: str = "",
        *,
        protocol: str = "",
        method: str = "POST",
        query: bytes = b"",
        parts: bool = False,
    ) -> Reply:
        """Answer a request.

        Parameters
        ----------
        body : bytes
            The body, as it came.
        headers : mapping of str to str, optional
            The headers of HTTP, in any case.
        path : str, optional
            The path of the URL, or the full name of a method of gRPC
            (``/inference.GRPCInferenceService/ModelInfer``), which tells the protocol.
        protocol : str, optional
            The protocol where no path tells it: ``oip``, whose form the headers tell, or a form,
            as in ``oip/protobuf``.
        method : str, default "POST"
            The method of HTTP.
        query : bytes, optional
            The query of the URL, escaped.
        parts : bool, default False
            Return the body in parts that are the arrays' own memory where they can be.

        Returns
        -------
        Reply
            The answer, or what is wrong.
        """
        request = Request(method, path, None, {}, query, body)
        try:
            return self.answers.answer(
                self.answers.prepared(request, headers, protocol), parts=parts
            )
        except Exception as error:  # noqa: BLE001 - each has its reply
            return self.answers.refused(request, error)

    async def call(  # noqa: PLR0913 - each is a part of a request
        self,
        body: Any,
        headers: Mapping[str, str] | None = None,
        path: str = "",
        *,
        protocol: str = "",
        method: str = "POST",
        query: bytes = b"",
        parts: bool = False,
    ) -> Reply:
        """Answer a request with a model whose `predict` or `predict_raw` may be awaited.

        Parameters
        ----------
        body : bytes
            The body, as it came.
        headers : mapping of str to str, optional
            The headers of HTTP, in any case.
        path : str, optional
            The path of the URL, or the full name of a method of gRPC.
        protocol : str, optional
            The protocol where no path tells it.
        method : str, default "POST"
            The method of HTTP.
        query : bytes, optional
            The query of the URL, escaped.
        parts : bool, default False
            Return the body in parts.

        Returns
        -------
        Reply
            The answer, or what is wrong.
        """
        request = Request(method, path, None, {}, query, body)
        try:
            self.answers.prepared(request, headers, protocol)
        except Exception as error:  # noqa: BLE001 - each has its reply
            return self.answers.refused(request, error)
        return await self.answers.awaited(request, parts=parts)

    def batch(
        self, requests: Iterable[Any], *, protocol: str = "", parts: bool = False
    ) -> list[Reply]:
        """Answer several requests with one call of the model.

        A request that is damaged has its own error, and one whose array, or whose names of columns,
        do not fit the others is answered on its own. So is one that is for no prediction, and one
        that came alone: that is 1.5 times as fast.

        Parameters
        ----------
        requests : iterable
            The body of each, or a tuple of its body, headers and path.
        protocol : str, optional
            The protocol where no path tells it.
        parts : bool, default False
            Return the bodies in parts.

        Returns
        -------
        list of Reply
            One for each request, in their order.
        """
        listed = [one if isinstance(one, tuple) else (one,) for one in requests]
        if len(listed) == 1 or not self.answers.exchange.model.is_function:
            return [self(*one, protocol=protocol, parts=parts) for one in listed]
        batch, members = gather(self.reading(listed, protocol=protocol), count=len(listed))
        made: dict[int, Reply] = {}
        for place, member in enumerate(members):
            if isinstance(member, Member) and member.misfit is not None:
                answer, names = self._asked(member.call.value, member.call.names, member.call.meta)
                made[place] = member.call.reply(answer, names, parts=parts)
        first = next((one.call.names for one in members if isinstance(one, Member)), [])
        answer, names = (None, ()) if batch is None else self._asked(batch, first, {})
        replies = scatter(answer, members, names, parts=parts)
        return [made.get(place, reply) for place, reply in enumerate(replies)]

    def _asked(self, value: Any, names: list[str], meta: dict[str, Any]) -> tuple[Any, Any]:
        """Return what the model answers and its names; an error is an answer, too."""
        try:
            return self.answers.exchange.model.answer(value, names, meta)
        except Exception as error:  # noqa: BLE001 - it is replied
            log("batch", error)
            return error, ()

    def reading(
        self, requests: Iterable[tuple[Any, ...]], *, protocol: str = ""
    ) -> Iterator[Call | Reply]:
        """Read requests one after the other, for `gather`.

        Parameters
        ----------
        requests : iterable of tuple
            Body, headers and path of each; the last two may be left out.
        protocol : str, optional
            The protocol where no path tells it.

        Yields
        ------
        Call or Reply
            A request that was read, or the reply to one that cannot be.
        """
        for one in requests:
            body, headers, path = (*one, None, "")[:3] if len(one) < 3 else one
            request = Request("POST", path or "", body=body)
            try:
                route = self.answers.prepared(request, headers, protocol).route
                if route is not None and route.action != "predict":
                    yield self(body, headers, path)
                else:
                    yield self.answers.read(request)
            except Exception as error:  # noqa: BLE001 - each has its reply
                yield self.answers.refused(request, error)


def read(
    body: Any,
    headers: Mapping[str, str] | None = None,
    path: str = "",
    *,
    protocol: str = "",
    limits: Limits | None = None,
) -> Call:
    """Read a request, for an engine that calls the model itself.

    Parameters
    ----------
    body : bytes
        The body, as it came.
    headers : mapping of str to str, optional
        The headers of HTTP, in any case.
    path : str, optional
        The path of the URL, which tells the protocol.
    protocol : str, optional
        The protocol where no path tells it: ``oip``, whose form the headers tell, or a form, as in
        ``oip/protobuf``.
    limits : Limits, optional
        What the payload may claim; `Limits()` where None.

    Returns
    -------
    Call
        What the request brings, and how to answer it.

    Raises
    ------
    CodecError
        The body is not a message of that protocol, or too large.
    Refusal
        The path or a header is not one that is served.

    Examples
    --------
    >>> from tensorwire.serving import error_reply, read
    >>> call = read(b'{"instances":[1.5,2.5]}', {}, "/v1/models/m:predict")
    >>> call.reply(call.value * 2).body
    b'{"predictions":[3.0,5.0]}'
    >>> try:
    ...     read(b"7", protocol="oip/json")
    ... except Exception as error:
    ...     error_reply(error, protocol="oip/json").status
    400
    """
    reader = _reader(limits)
    return reader.read(reader.prepared(Request("POST", path, body=body), headers, protocol))


def error_reply(
    error: BaseException | str,
    headers: Mapping[str, str] | None = None,
    path: str = "",
    *,
    protocol: str = "",
) -> Reply:
    """Return the reply to a request that `read` refuses, in the form of its protocol.

    Parameters
    ----------
    error : BaseException or str
        What is wrong. A str, a `CodecError` or a `Refusal` is a fault of the request; any other
        exception one of the server, of which the client is told the class alone.
    headers : mapping of str to str, optional
        The headers of the request.
    path : str, optional
        The path of its URL.
    protocol : str, optional
        The protocol where no path tells it.

    Returns
    -------
    Reply
        What is wrong, with its status.

    Examples
    --------
    >>> from tensorwire.serving import error_reply
    >>> error_reply("expected a file, got none", protocol="tfserving").body
    b'{"error":"expected a file, got none"}'
    """
    request = Request("POST", path)
    with suppress(CodecError):  # an unknown protocol: the reply is of none
        _reader(None).prepared(request, headers, protocol)
    return request.refused(Refusal(Status.BAD_INPUT, error) if isinstance(error, str) else error)


@lru_cache(16)
def _reader(limits: Limits | None) -> Answers:
    return Answers(_unused, limits, _SIZE, None)


def _unused(value: Any) -> Any:
    """Stand for a model: one that is no echo, so that its arrays are aligned."""
    return value
