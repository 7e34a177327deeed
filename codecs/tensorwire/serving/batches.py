"""Several requests in one call of a model: their arrays in one batch, and each its own reply."""

from __future__ import annotations

from collections.abc import Mapping
from operator import length_hint
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tensorwire.errors import CodecError, DecodeError, LimitError, shown
from tensorwire.serving.refusals import ModelError
from tensorwire.serving.request import Reply

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tensorwire.serving.call import Call
    from tensorwire.tree import Array

__all__ = ["Member", "gather", "scatter"]

_PENDING = 1 << 18  # bytes that are copied into the batch at once: small arrays cost a call each


class Member(NamedTuple):
    """A request of a batch.

    Parameters
    ----------
    call : Call
        The request.
    rows : slice
        Its rows of the batch.
    misfit : CodecError or None
        Why it is not in the batch.

    Examples
    --------
    >>> from tensorwire.serving import gather, read
    >>> gather([read(b'{"instances":[1.5,2.5]}', protocol="tfserving")])[1][0].rows
    slice(0, 2, None)
    """

    call: Call
    rows: slice = slice(0)
    misfit: CodecError | None = None


class _Batch:
    """An array that grows by the rows of other ones."""

    def __init__(self, out: Array | None, count: int) -> None:
        self.array = out
        self._grows = out is None
        self._count = count
        self._dtype: Any = None if out is None else out.dtype
        self._row = () if out is None else out.shape[1:]
        self._names: list[str] | None = None
        self._seen = self._bytes = self._written = self._rows = 0
        self._pending: list[Array] = []

    def add(self, value: Any, names: list[str]) -> slice:
        """Append the rows of an array; raise `CodecError` for one that does not fit."""
        if type(value) is not np.ndarray or not value.ndim:
            raise DecodeError(f"expected an array of rows for a batch, got {shown(value)}")
        shape = value.shape
        if self._dtype is None:
            self._dtype, self._row = value.dtype, shape[1:]
        if value.dtype != self._dtype or shape[1:] != self._row:
            wanted = f"{self._dtype} rows of shape {self._row}, as in the batch"
            raise DecodeError(f"expected {wanted}, got {value.dtype} of {shape[1:]}")
        if self._names is None:
            self._names = names
        elif names != self._names:
            wanted = f"the names of the batch, {shown(self._names)}"
            raise DecodeError(f"expected {wanted}, got {shown(names)}")
        begin, end = self._rows, self._rows + shape[0]
        if not self._grows and self.array is not None and end > len(self.array):
            raise LimitError(f"expected at most {len(self.array)} rows in a batch, got {end}")
        self._rows = end
        self._seen += 1
        self._pending.append(value)
        self._bytes += value.nbytes
        if self._bytes >= _PENDING:
            self._flush()
        return slice(begin, end)

    def _flush(self) -> None:
        """Copy the arrays that are pending."""
        # As many rows as there will be if the rest is like what came.
        rows = max(self._rows, -(-self._rows * self._count // self._seen))
        if self.array is None:
            self.array = np.empty((rows, *self._row), self._dtype)
        elif self._rows > len(self.array):  # the memory moves, and is not copied
            self.array.resize((rows, *self._row), refcheck=False)
        np.concatenate(self._pending, out=self.array[self._written : self._rows])
        self._written, self._bytes = self._rows, 0
        self._pending.clear()

    def finished(self) -> Array | None:
        """Return the batch, None where nothing is in it."""
        if not self._seen:
            return None
        if self.array is None:
            return np.concatenate(self._pending)
        if self._pending:
            self._flush()
        if not self._grows:
            return self.array[: self._rows]
        if self._rows < len(self.array):
            self.array.resize((self._rows, *self._row), refcheck=False)
        return self.array


def gather(
    calls: Iterable[Call | Reply], out: Array | None = None, *, count: int = 0
) -> tuple[Array | None, list[Member | Reply]]:
    """Put the arrays of requests into one batch, row after row.

    A request whose array is in the batch gives up its own, so that of requests that are read one
    after the other (`Handler.reading`) one array at a time is in memory beside the batch.

    Parameters
    ----------
    calls : iterable of Call or Reply
        Requests; a `Reply`, to one that could not be read, is passed on.
    out : numpy.ndarray, optional
        The array that takes the rows; by default a new one.
    count : int, optional
        How many requests there are, where `calls` has no length.

    Returns
    -------
    batch : numpy.ndarray or None
        The rows; the part of `out` that is filled. None where no request has any.
    members : list of Member or Reply
        Each request with its rows, or with the reason why it is not in the batch: dtype, sizes and
        names of the columns are those of the first one.

    Examples
    --------
    >>> from tensorwire.serving import gather, read, scatter
    >>> bodies = [b'{"instances":[1.5,2.5]}', b'{"instances":[4.0]}', b'{"instances":[[1.0]]}']
    >>> batch, members = gather([read(body, protocol="tfserving") for body in bodies])
    >>> batch
    array([1.5, 2.5, 4. ])
    >>> [reply.status for reply in scatter(batch * 2, members)]
    [200, 200, 400]
    """
    batch = _Batch(out, count or length_hint(calls, 0))
    members: list[Member | Reply] = []
    for call in calls:
        if isinstance(call, Reply):
            members.append(call)
            continue
        try:
            member = Member(call, batch.add(call.value, call.names))
        except CodecError as error:
            members.append(Member(call, slice(0), error))
        else:
            members.append(member)
            call.release()
    return batch.finished(), members


def scatter(
    answer: Any,
    members: Iterable[Member | Reply],
    names: Sequence[str] = (),
    *,
    parts: bool = False,
) -> list[Reply]:
    """Reply to each request of a batch with its rows, or with its error.

    Parameters
    ----------
    answer : array_like, mapping of str to array_like, or BaseException
        What the model made of the batch: as many rows as the batch has; or what it raised.
    members : iterable of Member or Reply
        The requests, as `gather` returns them.
    names : sequence of str, optional
        The names of the columns.
    parts : bool, default False
        Return the bodies in parts that are the array's own memory where they can be.

    Returns
    -------
    list of Reply
        One for each request, in their order.

    Examples
    --------
    >>> from tensorwire.serving import gather, read, scatter
    >>> calls = [read(b'{"instances":[1.5]}', protocol="tfserving") for _ in range(2)]
    >>> batch, members = gather(calls)
    >>> [reply.body for reply in scatter(-batch, members)]
    [b'{"predictions":[-1.5]}', b'{"predictions":[-1.5]}']
    """
    members = list(members)
    there = [one for one in members if isinstance(one, Member) and one.misfit is None]
    if there and not isinstance(answer, BaseException):
        answer = _rows_of(answer, there[-1].rows.stop)
    replies = []
    for member in members:
        if isinstance(member, Reply):
            replies.append(member)
        elif member.misfit is not None:
            replies.append(member.call.error(member.misfit))
        elif isinstance(answer, BaseException):
            replies.append(member.call.error(answer))
        elif isinstance(answer, Mapping):
            rows = {name: value[member.rows] for name, value in answer.items()}
            replies.append(member.call.reply(rows, names, parts=parts))
        else:
            replies.append(member.call.reply(answer[member.rows], names, parts=parts))
    return replies


def _rows_of(answer: Any, rows: int) -> Any:
    """Return an answer whose rows can be told apart; an error for any other one."""
    for value in answer.values() if isinstance(answer, Mapping) else (answer,):
        try:
            got = len(value)
        except TypeError:
            got = -1
        if got != rows or isinstance(value, (str, bytes)):
            text = shown(value) if got < 0 else f"{got}"
            return ModelError(f"expected {rows} rows of the model, for a batch, got {text}")
    return answer
