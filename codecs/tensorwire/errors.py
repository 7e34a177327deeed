"""The one failure family.

CodecError                      anything this library refuses
├── EncodeError  (ValueError)   a value that the codec cannot carry
├── DecodeError  (ValueError)   bytes that do not hold what they should
│   └── LimitError              bytes that ask for more than `Limits` allows
└── UnknownCodecError (LookupError)
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

__all__ = [
    "CodecError",
    "DecodeError",
    "EncodeError",
    "LimitError",
    "UnknownCodecError",
    "is_known",
    "nearest",
    "shown",
    "unknown",
]

_DEPTH, _ITEMS = 3, 4  # levels and items of a nested value that an error text shows
_BITS = 256  # of an integer whose digits are shown


class CodecError(Exception):
    """Base of every error raised for a value or a payload.

    Attributes
    ----------
    reason
        what is wrong and what to do about it.
    path
        where, as in ``$.data.tensor.values``; ``$`` is the whole message.
    """

    def __init__(self, reason: str, path: str = "") -> None:
        super().__init__(reason, path)
        self.reason = reason
        self._path = path

    @property
    def path(self) -> str:
        """The place in the message, from its root."""
        return self._path if self._path.startswith("$") else "$" + self._path

    def within(self, prefix: str) -> CodecError:
        """Put `prefix` before the path, unless the path already starts at the root."""
        if not self._path.startswith("$"):
            self._path = prefix + self._path
        return self

    def __str__(self) -> str:
        """Give the reason, then the place."""
        return f"{self.reason} - at `{self.path}`"


class EncodeError(CodecError, ValueError):
    """The value cannot be carried without loss; the text names a codec that can."""


class DecodeError(CodecError, ValueError):
    """The bytes are malformed, or do not hold the array they claim."""


class LimitError(DecodeError):
    """The payload claims more than the `Limits` in force allow."""


class UnknownCodecError(CodecError, LookupError):
    """No codec has that name; the text lists the names there are."""


def is_known(name: Any, known: Container[str]) -> bool:
    """Tell whether a name is one of those that are known; what is not text is none."""
    return isinstance(name, str) and name in known


def unknown(what: str, name: Any, known: Iterable[str]) -> str:
    """Return the reason for a name that is not known: the nearest one, then all of them.

    Parameters
    ----------
    what
        a noun with its article, as in ``the name of a codec``.
    name
        what was given; it need not be text.
    known
        the names there are.
    """
    names = tuple(known)
    return f"expected {what}, got {shown(name)}{nearest(name, names)}; known: {', '.join(names)}"


def nearest(name: Any, known: Iterable[str]) -> str:
    """Return the name that was meant, as a question in brackets; empty where none is near."""
    if not isinstance(name, str):
        return ""
    from difflib import get_close_matches  # a millisecond that only a wrong name needs

    by_lower = {one.lower(): one for one in known}
    near = get_close_matches(name[:80].lower(), by_lower, n=1)
    return f" (did you mean {by_lower[near[0]]!r}?)" if near else ""


def shown(value: Any, most: int = 40) -> str:
    """Return the repr of a value for an error text, at most `most` characters of it.

    Only as much of the value is looked at as is shown, so that neither the size nor the depth of
    what a client sent costs anything; and no `__repr__` of others is called.
    """
    text = _shown(value, most, _DEPTH)
    return text if len(text) <= most else f"{text[: most - 3]}..."


def _shown(value: Any, most: int, depth: int) -> str:
    if value is None or isinstance(value, (bool, float, complex, type)):
        return repr(value)
    if isinstance(value, (str, bytes, bytearray)):
        return repr(value[: most + 1])
    if isinstance(value, int):
        bits = value.bit_length()
        return repr(value) if bits <= _BITS else f"an integer of {bits} bits"
    if isinstance(value, (list, tuple)):
        return f"[{_items(value, most, depth)}]"
    if isinstance(value, dict):
        return f"{{{_items(value.items(), most, depth)}}}"
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeio' or name == 'ndarray' else 'a'} {name}"


def _items(items: Any, most: int, depth: int) -> str:
    """Return the first items of a container; a pair (of a dict) is shown as ``key: value``."""
    if not depth:
        return "..." if items else ""
    pairs = not isinstance(items, (list, tuple))
    first = [
        f"{_shown(item[0], most, 0)}: {_shown(item[1], most, depth - 1)}"
        if pairs
        else _shown(item, most, depth - 1)
        for item in islice(items, _ITEMS)
    ]
    return ", ".join([*first, "..."] if len(items) > _ITEMS else first)
