"""Bodies as ASGI delivers them: their size, their time, and clients that go away."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tensorwire.serving.refusals import Refusal, Status

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping
    from types import TracebackType
    from typing import TypeAlias

    from tensorwire.server.limits import ServerLimits

    Event: TypeAlias = MutableMapping[str, Any]
    Receive: TypeAlias = Callable[[], Awaitable[Event]]

__all__ = ["Deadline", "Vanished", "read_body", "too_large"]

_DRAIN = 4  # times the limit that are read and dropped: a client reads no reply while it sends


class Vanished(Exception):  # noqa: N818 - nothing is wrong, but nobody is there
    """The client closed the connection."""


async def read_body(receive: Receive, limits: ServerLimits, *, keep: bool = True) -> bytes:
    """Read a body; raise `Refusal` for one over the limit, once all of it has come.

    Without `keep` it is dropped as it comes.
    """
    event = await receive()
    if keep and not event.get("more_body") and "body" in event:  # as most are: all in one
        body: bytes = event["body"]
        if len(body) <= limits.body:
            return body
    try:
        async with Deadline(limits.timeout):
            return await _read_parts(event, receive, limits.body, keep=keep)
    except TimeoutError:
        reason = f"expected the whole body within {limits.timeout} s, got a part of it"
        raise Refusal(Status.TOO_SLOW, reason, Connection="close") from None


async def _read_parts(event: Event, receive: Receive, limit: int, *, keep: bool) -> bytes:
    parts: list[bytes] = []
    size = 0
    while size <= _DRAIN * limit:
        if event["type"] == "http.disconnect":
            raise Vanished
        part: bytes = event.get("body", b"")
        size += len(part)
        if keep and size <= limit:
            parts.append(part)
        else:
            parts.clear()
        if not event.get("more_body"):
            break
        event = await receive()
    if size > limit:
        raise too_large(limit)
    return b"".join(parts)


def too_large(limit: int) -> Refusal:
    """Return the refusal of a body; it closes the connection, since more of the body may come."""
    return Refusal(
        Status.TOO_LARGE, f"expected a body of at most {limit} bytes, got more", Connection="close"
    )


class Deadline:
    """Cancels what is awaited inside of it when its time is over, and raises TimeoutError.

    It is `asyncio.timeout`, which Python 3.10 does not have.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._over = False

    async def __aenter__(self) -> None:
        self._task: Any = asyncio.current_task()
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._cancel)

    def _cancel(self) -> None:
        self._over = True
        self._task.cancel()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        if self._over and kind is asyncio.CancelledError:
            if hasattr(self._task, "uncancel"):  # from Python 3.11 on
                self._task.uncancel()
            raise TimeoutError from None
