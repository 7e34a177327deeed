"""Reprs of messages: a few lines, whatever the size and the depth of what is in them."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

import tensorwire as tw
from tensorwire.protocols.neutral import TensorInfo
from tensorwire.reprs import repr_of
from tests.support.nesting import nested


@dataclass(repr=False)
class Note:
    """A message."""

    value: Any
    names: Any = None
    meta: dict[str, Any] = field(default_factory=dict)

    __repr__ = repr_of


class Stranger:
    """A class of somebody else, whose repr must not be called."""

    def __repr__(self) -> str:
        """Fail."""
        raise AssertionError


@pytest.mark.parametrize(
    ("note", "text"),
    [
        (Note(None), "Note(value=None)"),
        (Note(1, meta={}), "Note(value=1)"),
        (Note(1, names=["a"], meta={"k": 1}), "Note(value=1, names=['a'], meta={'k': 1})"),
        (Note(1, names=[]), "Note(value=1, names=[])"),
        (Note(1, names=np.array([1])), "Note(value=1, names=array([1], dtype=int64))"),
        (Note(np.arange(12)), "Note(value=array([0, 1, 2, 3, 4, 5, ...], dtype=int64))"),
        (Note(np.zeros((13, 1))), "Note(value=<float64 array of shape (13, 1)>)"),
        (Note(np.array(["x" * 100])), "Note(value=<<U100 array of shape (1,)>)"),
        (Note(np.array([[0.5]], "f4")), "Note(value=array([[0.5]], dtype=float32))"),
        (Note(b"abc"), "Note(value=b'abc')"),
        (Note(b"a" * 21), "Note(value=<21 bytes: b'aaaaaaaaaaaaaaaaaaaa'...>)"),
        (Note(bytearray(21)), f"Note(value=<21 bytes: {bytearray(20)!r}...>)"),
        (Note(Stranger()), "Note(value=<Stranger>)"),
        (Note(nested(9)), "Note(value=[[[[[...]]]]])"),
        (Note(list(range(9))), "Note(value=[0, 1, 2, 3, 4, 5, ...])"),
        (Note(Note(1)), "Note(value=<Note>)"),
        (
            Note(TensorInfo("x", np.dtype("f4"), (2,))),
            "Note(value=TensorInfo(name='x', dtype=dtype('float32'), shape=(2,)))",
        ),
    ],
    ids=str,
)
def test_a_repr_names_what_is_not_as_by_default(note: Note, text: str) -> None:
    """The first field always; arrays by dtype and shape, long values by their beginning."""
    assert repr(note) == text


@pytest.mark.parametrize(
    "value",
    [nested(100_000), ["a" * 10**6] * 1000, {"k" * 10**6: 1}, np.zeros(10**7), bytes(10**7)],
    ids=["deep", "long", "keys", "array", "bytes"],
)
def test_a_repr_is_short(value: Any) -> None:
    """Whatever a message holds; our own messages have it."""
    assert len(repr(Note(value, meta={"a": value}))) < 1100
    message = tw.Message(value, "jsonData" if not isinstance(value, bytes) else "raw")
    assert len(repr(message)) < 600
