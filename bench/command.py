"""The commands of the benchmark, and how each is called, so that a hint can be typed as it is."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

FIRST = "codecs"
"""The command that needs no name: ``tensorwire bench mine.npy``."""
COMMANDS = {
    FIRST: "codecs.__main__",
    "protocols": "protocols.__main__",
    "serving": "serving.__main__",
    "engines": "engines.__main__",
    "scaling": "scaling.__main__",
    "compare": "compare.__main__",
    "record": "compare.record",
    "report": "report.__main__",
}
"""The modules that have their ``main``."""
_caller: ContextVar[str] = ContextVar("_caller", default="")


@contextmanager
def called_by(words: str) -> Iterator[None]:
    """Name commands as they are called here: after ``tensorwire bench``, for one."""
    before = _caller.set(words)
    try:
        yield
    finally:
        _caller.reset(before)


def command(name: str = FIRST) -> str:
    """Return what to type for a command; another program's name stays as it is.

    >>> command("compare")
    'python -m bench.compare'
    >>> with called_by("tensorwire bench"):
    ...     command(), command("compare")
    ('tensorwire bench', 'tensorwire bench compare')
    """
    if name not in COMMANDS:
        return name
    caller = _caller.get()
    if not caller:
        return f"python -m {__package__}.{COMMANDS[name].removesuffix('.__main__')}"
    return caller if name == FIRST else f"{caller} {name}"
