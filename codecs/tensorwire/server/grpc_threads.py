"""The threads in which grpcio runs calls, how many calls there may be, and how long each may take.

grpcio waits in a thread for the message of a call, and has no limit of time for it. So there are as
many threads as calls are allowed, each started when it is needed, and a call whose time is over is
ended whatever its thread is doing: its client is told so, and its message is dropped.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from time import monotonic
from typing import TYPE_CHECKING, Any

import grpc

from tensorwire.server.service import Workers

if TYPE_CHECKING:
    from collections.abc import Callable

    from tensorwire.server.limits import ServerLimits

__all__ = ["GrpcThreads"]


class GrpcThreads(ThreadPoolExecutor):
    """An executor for grpcio, whose threads do not keep the process alive.

    Parameters
    ----------
    name
        of the threads.
    limits
        `concurrency` is the number of calls at once, `timeout` their seconds.
    evicts
        whether one call too many ends the oldest, and not itself: for calls that take no time
        unless their client does not go on.
    """

    def __init__(self, name: str, limits: ServerLimits, *, evicts: bool = False) -> None:
        super().__init__(1, name)  # none is started: `submit` does not call the method of this
        self._workers = Workers(limits.concurrency, name)
        self._limits, self._evicts = limits, evicts
        self._calls: dict[object, tuple[float, Any]] = {}  # when each began, the oldest first

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run a call that has begun, in the next thread that is free."""
        future: Future[Any] = Future()
        call = next((each.call for each in args if hasattr(each, "call")), None)
        if len(self._calls) >= self._limits.concurrency:
            reason = f"expected at most {self._limits.concurrency} calls at once, got more"
            oldest = next(iter(list(self._calls.values())), (0.0, None))[1]  # others end meanwhile
            _end(oldest if self._evicts else call, grpc.StatusCode.RESOURCE_EXHAUSTED, reason)
            if not self._evicts:
                future.set_result(None)
                return future
        self._calls[future] = monotonic(), call
        self._workers.post(lambda: self._run(future, fn, args, kwargs))
        return future

    def _run(
        self, future: Future[Any], fn: Callable[..., Any], args: Any, kwargs: dict[str, Any]
    ) -> None:
        try:
            fn(*args, **kwargs)
        finally:
            self._calls.pop(future, None)
            future.set_result(None)

    def look(self) -> None:
        """End the calls whose time is over."""
        limit = self._limits.timeout
        now = monotonic()
        for future, (began, call) in list(self._calls.items()):
            if now - began <= limit:
                return
            reason = f"expected an answer within {limit} s, got none"
            _end(call, grpc.StatusCode.DEADLINE_EXCEEDED, reason)
            self._calls.pop(future, None)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - as the class has it
        """End the threads that do nothing."""
        self._workers.close(0)


def _end(call: Any, code: grpc.StatusCode, reason: str) -> None:
    if call is not None:
        call.cancel(code.value[0], reason)
