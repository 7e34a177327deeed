"""The model behind the server: an object with `predict` or `predict_raw`, or none, for an echo."""

from __future__ import annotations

from inspect import Parameter, isawaitable, signature
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from tensorwire.errors import CodecError, reason_of_other
from tensorwire.protocols.family import UnknownOutputError
from tensorwire.serving.refusals import ModelError, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tensorwire.protocols.family import Family

__all__ = ["Model", "RawMessage", "failure", "made", "unfit"]

_T = TypeVar("_T")
_LONGEST = 400  # characters of what a model raised


class RawMessage(NamedTuple):
    """A request that has not been decoded.

    Parameters
    ----------
    body : bytes
        The message, inflated where it came compressed.
    protocol : str
        Its form, as in ``seldon/protobuf``: a name for `tensorwire.get_protocol`.
    headers : mapping of str to str
        The headers of HTTP, by names in lower case; the metadata of gRPC is not among them.

    Examples
    --------
    >>> import tensorwire as tw
    >>> class Model:
    ...     def predict_raw(self, message):
    ...         protocol = tw.get_protocol(message.protocol)
    ...         request = protocol.decode(message.body, message.headers)
    ...         return request.reply(2 * request.value)
    >>> from tensorwire.serving import RawMessage
    >>> Model().predict_raw(RawMessage(b'{"data":{"ndarray":[1.5]}}', "seldon/json")).value
    array([3.])
    """

    body: bytes
    protocol: str
    headers: Mapping[str, str] = {}


class Model:
    """Calls a model as Seldon's Python wrapper would; a function is a model of `predict` alone.

    ``predict(X, names, meta)``
        takes an array (a dict of arrays by name where there are several; bytes, text or a JSON
        value where the message holds that), the names of its columns, and the metadata of the
        message. It returns an array, a list, a dict of arrays, text, bytes, or a pair of one of
        these and names. It may leave out `meta`, or both.
    ``predict_raw(message)``
        takes a `RawMessage`, and returns the bytes of the reply, or a message of the same protocol.
        It is preferred where both are there.
    ``class_names``
        the names of the columns that `predict` returns, or a method that returns them.
    ``send_feedback(X, names, reward, truth)``
        learns how good an answer was.
    ``init_metadata()``
        returns platform, versions, inputs and outputs, as the Open Inference Protocol has them.
    """

    def __init__(self, model: Any) -> None:
        predict, raw = getattr(model, "predict", None), getattr(model, "predict_raw", None)
        if predict is None and raw is None and callable(model) and not isinstance(model, type):
            predict = model
        if isinstance(model, type):
            reason = f"expected a model, got the class {model.__name__}"
            raise TypeError(f"{reason}; pass an object of it")
        if model is not None and predict is None and raw is None:
            reason = f"expected a model with predict or predict_raw, got {type(model).__name__}"
            raise TypeError(reason)
        self._model = model
        self._predict = predict
        self._count = 0 if predict is None else _arguments_of(predict)
        self.is_echo = model is None
        self.is_raw = raw is not None
        self.is_function = predict is not None and raw is None  # of arrays, so that it can batch

    def reply(self, family: Family, request: Any) -> Any:
        """Make the reply to a decoded request."""
        if self._predict is None:
            return family.echo(request)
        arguments = family.arguments(request)
        answer = _guarded(self._predict, *arguments[: self._count])
        return made(family, request, *self._named(answer))

    async def awaited(self, family: Family, request: Any) -> Any:
        """Make the reply to a decoded request, and wait for the model where it is awaited."""
        if self._predict is None:
            return family.echo(request)
        arguments = family.arguments(request)
        answer = await _awaited(self._predict, *arguments[: self._count])
        return made(family, request, *self._named(answer))

    def answer(self, *arguments: Any) -> tuple[Any, Sequence[str]]:
        """Call `predict` with as many of value, names and meta as it takes; name its answer."""
        assert self._predict is not None  # noqa: S101 - `reply` and `is_function` tell
        return self._named(_guarded(self._predict, *arguments[: self._count]))

    def _named(self, answer: Any) -> tuple[Any, Sequence[str]]:
        """Return the value of an answer, and the names of its columns."""
        if isinstance(answer, tuple) and _has_names(answer):
            value, names = answer
        else:
            try:
                value, names = answer, getattr(self._model, "class_names", ())
            except BaseException as error:
                raise failure(error) from error
            if type(names) is not tuple:
                names = _guarded(lambda: list(names() if callable(names) else names))
        if value is None:
            raise ModelError("expected an answer of the model, got None")
        return value, names

    async def raw_awaited(self, message: RawMessage) -> Any:
        """Make the reply as `raw_reply` does, and wait for the model where it is awaited."""
        return await _awaited(self._model.predict_raw, message)

    def raw_reply(self, message: RawMessage) -> Any:
        """Make the reply to a request as it came: bytes, or a message."""
        return _guarded(self._model.predict_raw, message)

    def feedback(self, family: Family, feedback: Any) -> Any:
        """Pass feedback to the model; return its answer, None where it takes no feedback."""
        send = getattr(self._model, "send_feedback", None)
        return None if send is None else _guarded(send, *family.judgement(feedback))

    def metadata(self) -> dict[str, Any]:
        """Return platform, versions, inputs and outputs of the model."""
        made = {"versions": [], "platform": "tensorwire", "inputs": [], "outputs": []}
        metadata = _guarded(lambda: dict(getattr(self._model, "init_metadata", dict)()))
        return made | {key: value for key, value in metadata.items() if key in made}


def _guarded(call: Callable[..., _T], *arguments: Any) -> _T:
    """Call a method of the model; any exception, SystemExit included, becomes a ModelError.

    A `Refusal` has its own status, and passes.
    """
    try:
        return call(*arguments)
    except Refusal:
        raise
    except BaseException as error:
        raise failure(error) from error


async def _awaited(call: Callable[..., Any], *arguments: Any) -> Any:
    """Call a method of the model, and wait for what it returns where that is awaited.

    Exceptions and SystemExit become a ModelError; a `Refusal`, and what ends a task of the event
    loop, pass.
    """
    try:
        answer = call(*arguments)
        return await answer if isawaitable(answer) else answer
    except Refusal:
        raise
    except (Exception, SystemExit) as error:
        raise failure(error) from error


def made(family: Family, request: Any, value: Any, names: Sequence[str]) -> Any:
    """Return the reply that carries the answer of a model."""
    try:
        return family.reply(request, value, names)
    except UnknownOutputError:
        raise
    except BaseException as error:
        raise unfit(error) from error


def failure(error: BaseException) -> ModelError:
    """Return the error for a model that raised."""
    return ModelError(f"expected an answer of the model, got {reason_of_other(error, _LONGEST)}")


def unfit(error: BaseException) -> ModelError:
    """Return the error for an answer that no reply represents."""
    if isinstance(error, CodecError):
        reason = f"{error.reason}, in the answer of the model"
        return ModelError(str(CodecError(reason, error.path, error.remedy)))
    found = reason_of_other(error, _LONGEST)
    return ModelError(f"expected an answer of the model that a reply represents, got {found}")


def _has_names(answer: tuple[Any, ...]) -> bool:
    """Return whether a tuple is a pair of a value and the names of its columns."""
    if len(answer) != 2:
        return False
    return isinstance(answer[1], (list, tuple)) and all(isinstance(name, str) for name in answer[1])


def _arguments_of(predict: Callable[..., Any]) -> int:
    """Count how many of X, names and meta a method takes."""
    try:
        parameters = signature(predict).parameters.values()
    except (TypeError, ValueError):  # a function written in C
        return 3
    if any(parameter.kind is Parameter.VAR_POSITIONAL for parameter in parameters):
        return 3
    kinds = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    return min(3, sum(parameter.kind in kinds for parameter in parameters))
