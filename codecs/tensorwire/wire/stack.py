"""Room for code of others that calls itself, once for each level of what it is given."""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["with_room"]

_T = TypeVar("_T")


def with_room(call: Callable[[], _T]) -> _T:
    """Call something, in a thread of its own where the caller's stack has too little room for it.

    Python bounds the frames of each thread, so that what `call` may do would depend on how deep its
    caller is. A new thread begins with none. `call` is called again from the start, and must bound
    its own depth.
    """
    try:
        return call()
    except RecursionError:
        pass
    ends: list[Any] = []

    def run() -> None:
        try:
            ends.append((call(), None))
        except BaseException as error:  # noqa: BLE001 - raised again, by the caller
            ends.append((None, error))

    thread = Thread(target=run, name="tensorwire-with-room")
    thread.start()
    thread.join()
    value, error = ends[0]
    if error is not None:
        raise error
    found: _T = value
    return found
