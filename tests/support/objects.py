"""Values of classes that are derived from Python's own numbers and text, and of none of them."""

import enum


class Color(enum.Enum):
    """Not a number and not text."""

    RED = 1


class Level(enum.IntEnum):
    """A number."""

    LOW = 1


class Word(str):
    """Text, of a class of its own."""

    __slots__ = ()


class Count(int):
    """A number, of a class of its own."""
