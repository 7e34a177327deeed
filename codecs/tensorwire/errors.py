"""The one failure family.

CodecError                      anything this library refuses
├── EncodeError  (ValueError)   a value that the codec cannot carry
├── DecodeError  (ValueError)   bytes that do not hold what they should
│   └── LimitError              bytes that ask for more than `Limits` allows
└── UnknownCodecError (LookupError)
"""

from __future__ import annotations

__all__ = ["CodecError", "DecodeError", "EncodeError", "LimitError", "UnknownCodecError"]


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
