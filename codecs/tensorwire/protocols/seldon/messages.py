"""Payloads with their envelope: the messages of Seldon Core v1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tensorwire import frames, lists
from tensorwire.arrays import NUMBERS, as_array
from tensorwire.errors import DecodeError, EncodeError, shown
from tensorwire.protocols.seldon import customdata as seldon_any
from tensorwire.reprs import repr_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tensorwire.tree import Array

__all__ = ["Feedback", "Message", "MessageList"]


@dataclass(slots=True, repr=False)
class Message:
    """A value with its envelope: a SeldonMessage.

    Parameters
    ----------
    value : array_like, bytes-like, str, dict, list or Any
        By kind: the array, or nested lists where rows mix numbers and strings; bytes for ``raw``;
        text for ``strData``; any JSON value for ``jsonData``; a `tensorwire.seldon.Any`, or its
        JSON object with ``@type``, for ``customData``.
    kind : str, default "tensor"
        ``ndarray``, ``tensor``, ``tftensor`` or ``raw``; ``strData``, ``jsonData`` or
        ``customData``; empty, with the value None, where there is meta or status alone. `dumps`
        keeps it.
    names : sequence of str, optional
        The names of the columns.
    meta : mapping, optional
        The members puid, tags, routing, requestPath and metrics, in their JSON form.
    status : mapping, optional
        The members code, info, reason and status of a reply.

    Examples
    --------
    >>> import tensorwire as tw
    >>> request = tw.Message([[1.5], [2.5]], "ndarray", names=["x"], meta={"puid": "p1"})
    >>> tw.dumps(request.reply([[3], [5]]))
    b'{"meta":{"puid":"p1"},"data":{"ndarray":[[3],[5]]}}'
    """

    value: Any
    kind: str = "tensor"
    names: Sequence[str] | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)
    status: Mapping[str, Any] = field(default_factory=dict)

    def __init__(
        self,
        value: Any,
        kind: str = "tensor",
        names: Sequence[str] | None = None,
        meta: Mapping[str, Any] | None = None,
        status: Mapping[str, Any] | None = None,
    ) -> None:
        """Set the fields, in four fifths of the time of a generated `__init__`."""
        self.value = value
        self.kind = kind
        self.names = names
        self.meta = {} if meta is None else meta
        self.status = {} if status is None else status

    def __repr__(self) -> str:
        """Return the fields that are set; large values are shortened."""
        return repr_of(self)

    def to_frame(self, backend: str = "pandas") -> Any:
        """Return the array as a frame: a column for each name, of the dtype of its values.

        Columns without names have their number as name. In rows that mix types, each column has a
        dtype of its own.

        Parameters
        ----------
        backend : str, default "pandas"
            The library of the frame: ``pandas``, ``polars`` or ``pyarrow``, or another one that
            narwhals builds frames with.

        Returns
        -------
        DataFrame or Table
            A frame of that library.

        Raises
        ------
        DecodeError
            The value is not an array of one or two dimensions, there are more or fewer names than
            columns, or the library is not installed.
        """
        path = f"$.data.{self.kind}"
        if self.kind not in ("ndarray", "tensor", "tftensor"):
            raise DecodeError(f"expected an array, got the kind {shown(self.kind)}", "$")
        try:
            columns = frames.columns_in(self.value, self.names)
        except DecodeError as error:
            raise error.within(path) from None
        return frames.to_frame(columns, backend)

    def reply(self, value: Any, names: Sequence[str] | None = None) -> Message:
        """Return the answer to this message, in the kind that Seldon's wrapper would choose.

        Numbers go back in the kind of the request, or as `tensor` where it brought no array or raw
        bytes; strings, bools, rows that mix types or have None in them go back as `ndarray`, bytes
        as `raw`, a str as `strData`, a dict or a list of dicts as `jsonData`, an `Any` as
        `customData`; the columns of a frame have their names.

        Where that kind cannot hold the value, another one is chosen: `tensor` for a single number,
        and `tftensor` for arrays of bytes, of complex numbers or of the dtypes of ml_dtypes. An
        array without rows goes into an `ndarray` as the empty list, as the wrapper writes it: the
        number of its columns is not kept. The request's puid, by which a caller matches answers,
        is kept.

        Parameters
        ----------
        value : array_like, bytes-like, str, dict, list or Any
            The value of the reply.
        names : sequence of str, optional
            The names of its columns.

        Returns
        -------
        Message
            The reply.

        Raises
        ------
        EncodeError
            The value is none of these.
        """
        meta = {"puid": self.meta["puid"]} if "puid" in self.meta else {}
        if frames.is_frame(value):
            value, names = frames.rows_of(value, names)
        kind, value = self._answer(value)
        return Message(value, kind, names, meta)

    def _answer(self, value: Any) -> tuple[str, Any]:  # noqa: PLR0911 - a table of cases
        """Return the kind of a reply, and its value."""
        if isinstance(value, (bytes, bytearray, memoryview)):
            return "raw", value
        if isinstance(value, str):
            return "strData", value
        if isinstance(value, Mapping):
            return "jsonData", value
        if isinstance(value, seldon_any.Any):
            return "customData", value
        try:
            array = as_array(value)
        except EncodeError:
            if isinstance(value, (list, tuple)) and any(isinstance(row, Mapping) for row in value):
                return "jsonData", value
            as_array(value, none=True)  # unless it is for None among numbers
            return "ndarray", value
        if isinstance(array, list):
            has_bytes = any(isinstance(item, bytes) for item in lists.scalars(array))
            return ("tftensor" if has_bytes else "ndarray"), value
        return self._kind_of(array, value)

    def _kind_of(self, array: Array, value: Any) -> tuple[str, Any]:
        numbers = array.dtype.num in NUMBERS and array.dtype.kind != "b"
        if not numbers and array.dtype.kind not in "bUT":
            return "tftensor", value
        if not array.ndim:
            if array.dtype.kind in "UT":
                return "strData", str(array.item())
            return ("tftensor" if self.kind == "tftensor" else "tensor"), value
        kind = self.kind if self.kind in ("ndarray", "tftensor") else "tensor"
        kind = kind if numbers else "ndarray"
        if kind == "ndarray" and 0 in array.shape[:-1]:
            return kind, array.reshape(array.shape[: array.shape.index(0) + 1])
        return kind, value


@dataclass(slots=True, repr=False)
class MessageList:
    """The messages that a combiner is sent: a SeldonMessageList.

    Parameters
    ----------
    messages : sequence of Message, optional
        The replies to combine, in order.

    Examples
    --------
    >>> import tensorwire as tw
    >>> replies = tw.seldon.MessageList([tw.Message([1.0]), tw.Message([2.0])])
    >>> body, _ = tw.get_protocol("seldon/json").encode(replies)
    >>> body.count(b"tensor")
    2
    """

    messages: Sequence[Message] = ()

    def __repr__(self) -> str:
        """Return the fields that are set; large values are shortened."""
        return repr_of(self)


@dataclass(slots=True, repr=False)
class Feedback:
    """Feedback on a reply: a reward, and the right response.

    Parameters
    ----------
    request, response : Message, optional
        The request, and the response to it.
    reward : float, default 0.0
        A number whose meaning is the receiver's; in protobuf it is a float32.
    truth : Message, optional
        The right response.

    Examples
    --------
    >>> import tensorwire as tw
    >>> feedback = tw.seldon.Feedback(tw.Message([1.0]), reward=0.5)
    >>> body, _ = tw.get_protocol("seldon/protobuf").encode(feedback)
    >>> tw.get_protocol("seldon/protobuf").decode(body, type=tw.seldon.Feedback).reward
    0.5
    """

    request: Message | None = None
    response: Message | None = None
    reward: float = 0.0
    truth: Message | None = None

    def __repr__(self) -> str:
        """Return the fields that are set; large values are shortened."""
        return repr_of(self)


def messages_in(message: Message | MessageList | Feedback) -> Sequence[Message]:
    """Return the SeldonMessages of a message: itself, or those in it."""
    if isinstance(message, Message):
        return [message]
    if isinstance(message, MessageList):
        return message.messages
    found = (message.request, message.response, message.truth)
    return [one for one in found if one is not None]
