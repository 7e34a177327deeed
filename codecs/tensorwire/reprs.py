"""Bounded reprs of messages: a few lines for a body of any size."""

from __future__ import annotations

from dataclasses import MISSING, fields
from reprlib import Repr
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tensorwire.tree import Array

__all__ = ["repr_of"]

_SHOWN = 12  # elements of an array in a repr


class _Bounded(Repr):
    """The repr of a value with at most a few items on each level."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = 80
        self.maxdict = self.maxlist = self.maxtuple = 6
        self.maxlevel = 4

    def repr_ndarray(self, array: Array, level: int) -> str:
        """Return the values of a small array, else its dtype and shape."""
        if array.size > _SHOWN or array.itemsize > self.maxstring:
            return f"<{array.dtype} array of shape {array.shape}>"
        plain = array.tolist()  # numpy's own repr may take several lines
        return f"array({self.repr1(plain, level)}, dtype={array.dtype})"

    def repr_bytes(self, value: bytes, level: int) -> str:
        """Return the first bytes, and how many there are."""
        del level
        if len(value) <= self.maxstring // 4:
            return repr(value)
        return f"<{len(value)} bytes: {value[: self.maxstring // 4]!r}...>"

    repr_bytearray = repr_memoryview = repr_bytes

    def repr_TensorInfo(self, info: Any, level: int) -> str:  # noqa: N802 - the name of a class
        """Return the name, dtype and shape of an array."""
        name = self.repr1(info.name, level)
        return f"TensorInfo(name={name}, dtype={info.dtype!r}, shape={info.shape!r})"

    def repr_instance(self, value: Any, level: int) -> str:
        """Return the bounded repr of a message; of any other object, its class only."""
        if type(value).__module__.startswith(("tensorwire.", "builtins", "numpy")):
            return super().repr_instance(value, level)
        return f"<{type(value).__qualname__}>"


def repr_of(message: Any) -> str:
    """Return a repr of a dataclass: its first field, and all fields that differ from the default.

    A large array is shown as dtype and shape, long text and lists by their first items.
    """
    bounded, parts = _Bounded(), []
    for i, field in enumerate(fields(message)):
        value = getattr(message, field.name)
        default = field.default if field.default_factory is MISSING else field.default_factory()
        if i and type(value) is type(default) and not hasattr(value, "dtype") and value == default:
            continue
        parts.append(f"{field.name}={bounded.repr(value)}")
    return f"{type(message).__qualname__}({', '.join(parts)})"
