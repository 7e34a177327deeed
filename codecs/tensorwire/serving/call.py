"""A request that was read: what it brings, and how to answer it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from tensorwire.errors import CodecError
from tensorwire.serving.model import failure, made
from tensorwire.serving.refusals import ModelError, Refusal, Status
from tensorwire.serving.request import Reply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tensorwire.protocols.family import Family
    from tensorwire.serving.exchange import Exchange
    from tensorwire.serving.model import RawMessage
    from tensorwire.serving.request import Request

__all__ = ["Call", "Origin", "call_of"]


class Origin(NamedTuple):
    """Where a call comes from, and so how it is answered."""

    family: Family
    exchange: Exchange
    request: Request
    raw: RawMessage
    target: str
    message: Any


@dataclass(slots=True)
class Call:
    """A request that was read; `read` makes it.

    Parameters
    ----------
    value : object
        What a model is called with: an array, a dict of arrays by name where there are several;
        bytes, text or a JSON value where the message holds that.
    names : list of str
        The names of its columns.
    meta : dict
        The other fields of the message.

    Examples
    --------
    >>> from tensorwire.serving import read
    >>> call = read(b'{"data":{"names":["a"],"ndarray":[[1.5]]}}', {}, "/predict")
    >>> call.value, call.names
    (array([[1.5]]), ['a'])
    >>> call.reply([[3.0]], ["b"]).body
    b'{"data":{"names":["b"],"ndarray":[[3.0]]}}'
    >>> call.error("expected less than 1, got 1.5").status
    400
    """

    value: Any
    names: list[str]
    meta: dict[str, Any]
    _of: Origin = field(init=False, repr=False, compare=False)

    def reply(self, value: Any, names: Sequence[str] = (), *, parts: bool = False) -> Reply:
        """Answer with what the model made; a value that cannot be carried is an error reply.

        Parameters
        ----------
        value : object
            An array, a list, a dict of arrays, text, bytes; an exception is answered as by `error`.
        names : sequence of str, optional
            The names of its columns.
        parts : bool, default False
            Return the body in parts that are the array's own memory where they can be.

        Returns
        -------
        Reply
            The answer, or what is wrong with it.
        """
        if isinstance(value, BaseException):
            return self.error(value)
        of = self._of
        try:
            reply = made(of.family, of.message, value, names)
            body, headers = of.exchange.write(reply, of.raw, of.target, parts=parts)
        except Exception as error:  # noqa: BLE001 - each has its reply
            return self._of.request.refused(error)
        return Reply(200, headers, body if isinstance(body, list) else [body])

    def error(self, error: BaseException | str) -> Reply:
        """Answer with what is wrong.

        Parameters
        ----------
        error : BaseException or str
            A str, a `CodecError` or a `Refusal` is a fault of the request; any other exception is
            one of the model, and told as such.

        Returns
        -------
        Reply
            What is wrong, in the form of the protocol.
        """
        if isinstance(error, str):
            error = Refusal(Status.BAD_INPUT, error)
        elif not isinstance(error, (CodecError, ModelError, Refusal)):
            error = failure(error)
        return self._of.request.refused(error)

    def release(self) -> None:
        """Drop the arrays of the request, which is in a batch now, and can still be answered."""
        self._of.family.release(self._of.message)
        self.value = None


def call_of(origin: Origin) -> Call:
    """Return the call of a message that was decoded."""
    call = Call(*origin.family.arguments(origin.message))
    call._of = origin  # noqa: SLF001 - of this file
    return call
