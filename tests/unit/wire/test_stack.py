"""Room on the stack: the call is made whole, in a thread of its own where there is too little."""

import sys
import threading

import pytest

from tensorwire.wire.stack import with_room
from tests.support.nesting import under


def descend(depth: int) -> int:
    """Return how deep calls went."""
    return 0 if not depth else 1 + descend(depth - 1)


def test_a_call_with_room_is_made_here() -> None:
    """Once, in the same thread."""
    calls: list[threading.Thread] = []
    assert with_room(lambda: calls.append(threading.current_thread())) is None
    assert calls == [threading.current_thread()]


def test_a_call_without_room_is_made_in_another_thread() -> None:
    """What the caller has used of its own stack does not count."""
    limit = sys.getrecursionlimit()
    depth = limit // 2
    call = lambda: descend(depth)  # noqa: E731
    with pytest.raises(RecursionError):
        under(limit * 2 // 3, call)
    assert under(limit * 2 // 3, lambda: with_room(call)) == depth


@pytest.mark.parametrize("error", [ValueError("bad"), KeyboardInterrupt(), SystemExit(3)])
def test_its_error_is_raised_here(error: BaseException) -> None:
    """From either thread, the very same."""
    calls: list[int] = []

    def fail() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise RecursionError
        raise error

    with pytest.raises(type(error)) as caught:
        with_room(fail)
    assert caught.value is error
    assert len(calls) == 2

    def fail_at_once() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        with_room(fail_at_once)
    assert caught.value is error


def test_what_never_ends_is_a_recursion_error() -> None:
    """A thread of its own has an end, too."""

    def forever() -> int:
        return 1 + forever()

    with pytest.raises(RecursionError):
        with_room(forever)
