"""Tensors of Arrow, held to pyarrow."""

import sys
from typing import Any

import pytest

import tensorwire as tw
from tensorwire.formats.arrow import ArrowTensor
from tests.support.formats import codec_of, error_of, theirs
from tests.support.values import plain


def test_arrow_without_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where pyarrow is missing, the error says which extra to install."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    codec = ArrowTensor()
    for error in (
        error_of(tw.EncodeError, codec.encode, plain("float64", (2,))),
        error_of(tw.DecodeError, codec.decode, b""),
    ):
        assert "pip install 'tensorwire[arrow]'" in str(error)


def test_arrow_strides_that_are_no_order() -> None:
    """A tensor whose strides skip or repeat memory is refused: every byte is accounted for."""
    codec, body = codec_of("arrow/tensor"), theirs("arrow/tensor", plain("float64", (2, 3)))
    strides = (24).to_bytes(8, "little") + (8).to_bytes(8, "little")
    assert body.count(strides) == 1
    for steps in ((0, 8), (8, 8), (16, 8), (24, 0)):
        changed = body.replace(strides, b"".join(step.to_bytes(8, "little") for step in steps))
        error_of(tw.DecodeError, codec.decode, changed)


def test_arrow_messages_of_other_kinds() -> None:
    """What Arrow has besides tensors is refused."""
    arrow: Any = pytest.importorskip("pyarrow")
    batch = arrow.record_batch({"a": [1, 2]})
    sink = arrow.BufferOutputStream()
    with arrow.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    for body in (sink.getvalue().to_pybytes(), batch.serialize().to_pybytes(), b"ARROW1\0\0"):
        error_of(tw.DecodeError, ArrowTensor().decode, body)
