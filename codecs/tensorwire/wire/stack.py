"""Stack space for recursive code of other libraries."""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["with_room"]

_T = TypeVar("_T")


def with_room(call: Callable[[], _T]) -> _T:
    """Call a function; after a `RecursionError`, call it again in a new thread.

    Python limits the stack of each thread, so that the depth that `call` reaches would depend on
    the depth of its caller. The stack of a new thread is empty. `call` must limit its own depth.
    """
    try:
        return call()
    except RecursionError:
        pass
    results: list[Any] = []

    def run() -> None:
        try:
            results.append((call(), None))
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            results.append((None, error))

    thread = Thread(target=run, name="tensorwire-with-room")
    thread.start()
    thread.join()
    value, error = results[0]
    if error is not None:
        raise error
    result: _T = value
    return result
