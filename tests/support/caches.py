"""What tests of caches share: shapes of one size, counted calls, and protocols without a past."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tensorwire.protocols import _built_in

LIVE = pytest.mark.parametrize("count", [300, 1000])


def shapes(count: int, least: int = 1) -> list[tuple[int, int]]:
    """Return distinct shapes, many of one size, of arrays of at least so many elements."""
    found = [(rows, size // rows) for size in range(least, 4 * count + least) for rows in (1, 2, 3)]
    found = [(rows, columns) for rows, columns in found if columns]
    return list(dict.fromkeys(found))[:count]


@contextmanager
def counted(owner: Any, name: str) -> Iterator[list[int]]:
    """Count the calls of a method."""
    calls: list[int] = []
    method = getattr(owner, name)

    def call(*args: Any, **options: Any) -> Any:
        calls.append(1)
        return method(*args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, call)
        yield calls


def fresh(name: str) -> Any:
    """Return a protocol that remembers nothing."""
    return _built_in.__wrapped__(name)
