"""The threads in which models run."""

from __future__ import annotations

from concurrent.futures import CancelledError, Future, InvalidStateError
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from threading import Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Workers"]

_T = TypeVar("_T")


class Workers:
    """A number of calls at once, in threads that are started as they are needed.

    They are daemons, unlike those of `concurrent.futures`: a model that never ends would not let
    the process end.
    """

    def __init__(self, count: int) -> None:
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._count = count
        self._threads: list[Thread] = []
        self._starting = Lock()
        self._places: SimpleQueue[None] = SimpleQueue()  # a semaphore that costs nothing
        for _ in range(count):
            self._places.put(None)

    def run(self, call: Callable[[], _T]) -> _T:
        """Run a call in this thread, as one of those that run at once."""
        self._places.get()
        try:
            return call()
        finally:
            self._places.put(None)

    def submit(self, call: Callable[[], _T]) -> Future[_T]:
        """Give a call to the next thread that is free."""
        if len(self._threads) < self._count:
            self._start()
        future: Future[_T] = Future()
        self._calls.put(lambda: _run(future, partial(self.run, call)))
        return future

    def _start(self) -> None:
        with self._starting:
            number = len(self._threads)
            if number < self._count:
                name = f"tensorwire-model-{number}"
                self._threads.append(Thread(target=self._work, name=name, daemon=True))
                self._threads[-1].start()

    def abandon(self, future: Future[_T]) -> None:
        """Wait for a call no longer: it does not begin, or nobody hears how it ends."""
        if not future.cancel():
            with suppress(InvalidStateError):  # it has just ended
                future.set_exception(CancelledError())

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call()
            del call  # it holds a request, and the next may be long in coming

    def close(self, timeout: float) -> None:
        """End the threads, once the calls that they were given are done, if that is in time."""
        for _ in self._threads:
            self._calls.put(None)
        end = monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, end - monotonic()))


def _run(future: Future[_T], call: Callable[[], _T]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    with suppress(InvalidStateError):  # abandoned
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001 - it is for the one who waits
            future.set_exception(error)
            del future  # the error holds this frame, which would hold the error
