"""The errors of this package, and the form of their messages.

::

    CodecError                          base of all
    ├── EncodeError (ValueError)        a value that the codec cannot represent
    ├── DecodeError (ValueError)        bytes that are malformed or not the expected array
    │   └── LimitError                  bytes that claim more than `Limits` allows
    └── UnknownCodecError (LookupError) a name that is not registered

A message has one form: ``expected X, got Y - at $.path; what to do``.
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
    "LongInteger",
    "UnknownCodecError",
    "excerpt",
    "is_known",
    "nearest",
    "reason_of_other",
    "shown",
    "unknown",
]

_DEPTH, _ITEMS = 3, 4  # levels and items of a nested value that `excerpt` shows
_REASON, _PATH, _REMEDY = 800, 200, 400  # characters of the text of an error
_BITS = 256  # bits of the largest integer whose digits are shown
# Classes of which the value is shown, before those that they are derived from.
_SCALARS: Any = (type(None), bool, int, float, complex, str, bytes, bytearray, type)


class CodecError(Exception):
    """Base of every error that this package raises for a value or a payload.

    Parameters
    ----------
    reason : str
        What was expected and what was found: ``expected a list, got dict``.
    path : str, default ""
        Path of the part that was refused. One that does not begin with ``$`` is relative:
        see `within`.
    remedy : str, default ""
        What the caller can do: ``pass lossy=True to round``.

    Attributes
    ----------
    reason : str
        As given; one of more than 800 characters without its middle.
    remedy : str
        As given; empty where there is none.

    Examples
    --------
    >>> error = CodecError("expected a list, got dict", "$.data.ndarray", "pass a list")
    >>> print(error)
    expected a list, got dict - at $.data.ndarray; pass a list
    >>> error.reason, error.path, error.remedy
    ('expected a list, got dict', '$.data.ndarray', 'pass a list')
    """

    def __init__(self, reason: str, path: str = "", remedy: str = "") -> None:
        reason = _shortened(reason, _REASON)
        super().__init__(reason, path, remedy)
        self.reason = reason
        self.remedy = remedy
        self._path = path

    @property
    def path(self) -> str:
        """Path of the part that was refused, as in ``$.data.tensor.values``; ``$`` is the whole."""
        return self._path if self._path.startswith("$") else "$" + self._path

    def within(self, prefix: str) -> CodecError:
        """Put a prefix before a relative path.

        Parameters
        ----------
        prefix : str
            Path of the part in which `path` begins.

        Returns
        -------
        CodecError
            The same error.
        """
        if not self._path.startswith("$"):
            self._path = prefix + self._path
            self.args = (self.reason, self._path, self.remedy)  # which repr shows
        return self

    def suggest(self, remedy: str) -> CodecError:
        """Add another thing that the caller can do, joined by "or".

        Parameters
        ----------
        remedy : str
            The text to add; nothing changes where it is empty.

        Returns
        -------
        CodecError
            The same error.
        """
        self.remedy = ", or ".join(filter(None, (self.remedy, remedy)))
        self.args = (self.reason, self._path, self.remedy)
        return self

    def __str__(self) -> str:
        """Return reason, path and remedy in one line, each without its middle where it is long.

        A name in a path, a dtype and the text of another parser are as long as who sent them likes.
        """
        place = "" if self.path == "$" else f" - at {_shortened(self.path, _PATH)}"
        remedy = _shortened(self.remedy, _REMEDY)
        return f"{self.reason}{place}{remedy and '; '}{remedy}"


def _shortened(text: str, most: int) -> str:
    """Return a text of at most `most` characters: the middle of a longer one is left out."""
    if len(text) <= most:
        return text
    return f"{text[: most // 2 - 3]}...{text[-(most // 2) :]}"


class EncodeError(CodecError, ValueError):
    """The codec cannot represent the value without loss; the remedy names a codec that can."""


class DecodeError(CodecError, ValueError):
    """The bytes are malformed, or are not the array that they claim."""


class LimitError(DecodeError):
    """The payload claims more than the `Limits` in force allow."""


class UnknownCodecError(CodecError, LookupError):
    """No codec or protocol has that name; the message lists the names that are known."""


def is_known(name: Any, known: Container[str]) -> bool:
    """Return whether a name is a str and among the known names."""
    return isinstance(name, str) and name in known


def unknown(what: str, name: Any, known: Iterable[str]) -> str:
    """Return the reason for an unknown name: the nearest known name, then all of them.

    `what` is a noun with its article, as in ``the name of a codec``.
    """
    names = tuple(known)
    return f"expected {what}, got {shown(name)}{nearest(name, names)}; known: {', '.join(names)}"


def nearest(name: Any, known: Iterable[str]) -> str:
    """Return the nearest known name as a question in brackets, or "" where none is near."""
    if not isinstance(name, str):
        return ""
    from difflib import get_close_matches  # takes a millisecond: imported for an error only

    by_lower = {one.lower(): one for one in known}
    near = get_close_matches(name[:80].lower(), by_lower, n=1)
    return f" (did you mean {by_lower[near[0]]!r}?)" if near else ""


class LongInteger:
    """An integer beyond 64 bits in JSON: an error where it is read, ignored where it is not.

    Attributes
    ----------
    digits
        its text.
    """

    __slots__ = ("digits",)

    def __init__(self, digits: str) -> None:
        self.digits = digits

    def refusal(self, error: type[CodecError], path: str) -> CodecError:
        """Return the error for the place where it is read."""
        count = len(self.digits.lstrip("-"))
        got = self.digits if count <= 40 else f"one of {count} digits"
        remedy = "as a float or as a string" if count <= 308 else "as a string"
        return error(f"expected an integer of 64 bits, got {got}", path, f"write it {remedy}")


def shown(value: Any, most: int = 40) -> str:
    """Return how an error message names a value, in at most `most` characters.

    A scalar is its repr; an array its shape; anything else its type: ``5``, ``'abc'``, ``dict``,
    ``ndarray of shape (2, 3)``. No method of a class of other packages is called, and neither the
    size nor the depth of a value costs time.
    """
    kind = type(value)  # isinstance may run code of the value: its __class__ may be a property
    base = next((base for base in _SCALARS if issubclass(kind, base)), None)
    if base in (str, bytes, bytearray):
        text = repr(base.__getitem__(value, slice(most + 1)))
    elif base is int and (bits := int.bit_length(value)) > _BITS:
        text = f"integer of {bits} bits"
    elif base is not None:
        text = base.__repr__(value)
    elif kind.__module__ == "numpy" and kind.__name__ == "ndarray":
        text = f"ndarray of shape {value.shape}"
    elif kind is LongInteger:
        text = value.digits
    else:
        text = kind.__name__
    return text if len(text) <= most else f"{text[: most - 3]}..."


def reason_of_other(error: BaseException, most: int = 200) -> str:
    """Return class and text of an exception of other code, in one line of about `most` characters.

    Its text may be megabytes, and its ``__str__`` may fail.
    """
    kind = type(error).__name__
    try:
        text = " ".join(str(error)[: 4 * most].split())
    except Exception:  # noqa: BLE001 - of a class that nobody here knows
        return kind
    return f"{kind}: {_shortened(text, most)}" if text else kind


def excerpt(value: Any, most: int = 40) -> str:
    """Return the contents of lists and dicts, else as `shown`, in at most `most` characters.

    Only the items that are shown are read; a value that cannot be read is shown as `shown` does.
    """
    try:
        text = _excerpt(value, most, _DEPTH)
    except Exception:  # noqa: BLE001 - a list or a dict of a class that nobody here knows
        text = shown(value, most)
    return text if len(text) <= most else f"{text[: most - 3]}..."


def _excerpt(value: Any, most: int, depth: int) -> str:
    if isinstance(value, (list, tuple)):
        return f"[{_items(value, most, depth)}]"
    if isinstance(value, dict):
        return f"{{{_items(value.items(), most, depth)}}}"
    return shown(value, most + 1)


def _items(items: Any, most: int, depth: int) -> str:
    """Return the first items of a container; a pair of a dict is ``key: value``."""
    if not depth:
        return "..." if items else ""
    pairs = not isinstance(items, (list, tuple))
    first = [
        f"{_excerpt(item[0], most, 0)}: {_excerpt(item[1], most, depth - 1)}"
        if pairs
        else _excerpt(item, most, depth - 1)
        for item in islice(items, _ITEMS)
    ]
    return ", ".join([*first, "..."] if len(items) > _ITEMS else first)
