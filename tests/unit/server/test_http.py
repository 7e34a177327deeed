"""Bodies as ASGI delivers them, without a server."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytest.importorskip("tensorwire.server", exc_type=ModuleNotFoundError)

from tensorwire.server.http import Deadline, Vanished, read_body
from tensorwire.server.limits import ServerLimits
from tensorwire.serving.refusals import Refusal


def events(*parts: bytes | None) -> Any:
    """Return what ASGI's receive gives: parts of a body; None is a client that has gone."""
    last = len(parts) - 1
    queue = [
        {"type": "http.disconnect"}
        if part is None
        else {"type": "http.request", "body": part, "more_body": n < last}
        for n, part in enumerate(parts)
    ]

    async def receive() -> dict[str, Any]:
        return queue.pop(0)

    return receive


def test_read_body() -> None:
    """A body comes in one part or many; one beyond the limit is refused once it is through."""
    limits = ServerLimits(body=4)
    assert asyncio.run(read_body(events(b"abcd"), limits)) == b"abcd"
    assert asyncio.run(read_body(events(b"a", b"b", b"cd"), limits)) == b"abcd"
    for parts in ((b"abcde",), (b"abc", b"de")):
        with pytest.raises(Refusal, match="expected a body of at most 4 bytes") as caught:
            asyncio.run(read_body(events(*parts), limits))
        assert caught.value.headers == {"Connection": "close"}
    with pytest.raises(Vanished):
        asyncio.run(read_body(events(b"a", None), limits))


def test_a_deadline_that_is_over() -> None:
    """What is awaited beyond its time is cancelled, and raises TimeoutError."""

    async def wait() -> None:
        async with Deadline(0.0):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        asyncio.run(wait())
