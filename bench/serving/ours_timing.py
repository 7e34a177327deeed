"""Our server, with the time of its parts told in every reply: see `bench.serving.timing`.

The server itself has no such switch, and no request should pay for one; so the three steps of an
exchange are wrapped here, in the process that is measured.
"""

from __future__ import annotations

from functools import wraps
from threading import local
from typing import TYPE_CHECKING, Any

from bench.serving import timing
from tensorwire.server import grpc_server
from tensorwire.server.model import RawMessage

if TYPE_CHECKING:
    from collections.abc import Callable

    from tensorwire.server import EchoServer


class _Laps(local):
    """Of the request that this thread answers."""

    decode = model = encode = 0.0


def tell_times(server: EchoServer) -> EchoServer:
    """Wrap a server that is not started yet."""
    exchange: Any = server.app.service.exchange
    laps = _Laps()
    exchange._decode = _timed(exchange._decode, laps, "decode")  # noqa: SLF001 - as said above
    exchange._encode = _timed(exchange._encode, laps, "encode")  # noqa: SLF001
    exchange.model.reply = _timed(exchange.model.reply, laps, "model")
    exchange.model.raw_reply = _timed(exchange.model.raw_reply, laps, "model")
    exchange.predict = _told(exchange.predict, laps)
    grpc_server._answer = _answer  # type: ignore[assignment]  # noqa: SLF001
    return server


def _timed(step: Callable[..., Any], laps: _Laps, name: str) -> Callable[..., Any]:
    @wraps(step)
    def timed(*arguments: Any) -> Any:
        watch = timing.Watch()
        made = step(*arguments)
        setattr(laps, name, watch.lap())
        return made

    return timed


def _told(predict: Callable[..., Any], laps: _Laps) -> Callable[..., Any]:
    def told(*arguments: Any) -> Any:
        laps.decode = laps.model = laps.encode = 0.0
        body, headers = predict(*arguments)
        parts = timing.Parts(laps.decode, laps.model, laps.encode)
        return body, {**headers, timing.HEADER: timing.write(parts)}

    return told


def _answer(exchange: Callable[..., Any], protocol: str, body: bytes, context: Any) -> bytes:
    reply: tuple[bytes, dict[str, str]] = exchange(RawMessage(body, protocol), protocol)
    told = reply[1].get(timing.HEADER)
    if told:
        context.set_trailing_metadata(((timing.HEADER, told),))
    return reply[0]


__all__ = ["tell_times"]
