"""Peek of whole messages tells what decode would, without reading an array."""

import tracemalloc
from typing import Any

import numpy as np
import pytest

import tensorwire as tw
from tensorwire import seldon
from tests.support.seldon_messages import FEEDBACK, LISTS, MESSAGES, encoded, protocol
from tests.support.values import CONTAINERS, KINDS, MEDIA_TYPES, Array, plain


def test_peek() -> None:
    """Peek tells kind, dtype, shape, names, meta and status as decode would."""
    for container in CONTAINERS:
        for message in MESSAGES:
            body = encoded(container, message)
            found = tw.peek(body, MEDIA_TYPES[container])
            read = protocol(container).decode(body)
            assert (found.kind, found.names) == (read.kind, read.names)
            assert (found.meta, found.status) == (read.meta, read.status)
            assert len(found.tensors) == (message.kind in KINDS)
            if found.tensors and not isinstance(read.value, list):
                strings = read.value.dtype.kind in "SUT"
                if not (strings and container != "json"):
                    assert found.dtype == read.value.dtype
                    assert found.shape == read.value.shape
        body = encoded(container, LISTS[3])
        listed = protocol(container).peek(body, type=seldon.MessageList)
        assert [(one.name, one.shape) for one in listed.tensors] == [
            ("seldonMessages[0]", (60, 10)),
            ("seldonMessages[1]", (300, 4)),
            ("seldonMessages[2]", (4000,)),
        ]
        body = encoded(container, FEEDBACK[0])
        judged = protocol(container).peek(body, type=seldon.Feedback)
        assert [(one.name, one.shape) for one in judged.tensors] == [
            ("request", (2, 3)),
            ("response", (300, 4)),
            ("truth", (60, 10)),
        ]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("container", ["protobuf", "msgpack"])
def test_peek_looks_at_no_array(container: str, kind: str) -> None:
    """Of binary bodies, peek touches the bytes around an array, and tells what they claim.

    Of nested lists those are the bytes between the numbers, which say what the numbers are.
    """
    array = np.random.default_rng(1).normal(size=(1000, 50, 2))
    body = bytearray(encoded(container, tw.Message(array, kind, None, {"puid": "p"})))
    if kind != "ndarray":
        body[-40_000:-9] = bytes(40_000 - 9)  # which is no array any more
    tw.peek(bytes(body), MEDIA_TYPES[container])  # which imports what it needs
    tracemalloc.start()
    try:
        found = tw.peek(bytes(body), MEDIA_TYPES[container])
        peak = tracemalloc.get_traced_memory()[1] - len(body)
    finally:
        tracemalloc.stop()
    assert peak < 96 << 10  # of 80 kB on Python 3.11, 85 kB on 3.10
    assert found.meta == {"puid": "p"}
    assert found.shape == (array.shape if kind != "raw" else (array.nbytes,))
    assert found.dtype == (np.float64 if kind != "raw" else np.uint8)


def test_peek_where_only_the_values_tell() -> None:
    """Peek says None for what only the values would tell, rather than something wrong."""
    rows: list[Any] = [["a", 1.5], ["b", 2.5]]
    for container in CONTAINERS:
        body = encoded(container, tw.Message(rows, "ndarray"))
        found = tw.peek(body, MEDIA_TYPES[container])
        assert found.dtype is None
        assert found.shape in (None, (2, 2))
    many = np.arange(200, dtype=np.uint64)
    found = tw.peek(encoded("msgpack", tw.Message(many, "ndarray")), MEDIA_TYPES["msgpack"])
    assert (found.dtype, found.shape) == (None, (200,))


@pytest.mark.parametrize("dtype", ["float64", "int64", "bool", "float32", "uint8"])
@pytest.mark.parametrize("shape", [(1,), (1, 1), (3,), (2, 3), (40, 30), (2, 3, 4, 5), (0,)])
def test_peek_and_decode_agree(dtype: str, shape: tuple[int, ...]) -> None:
    """Peek tells the dtype and the shape that decode gives, of every kind in every container."""
    array: Array = plain(dtype, shape)
    for container in CONTAINERS:
        for kind in KINDS:
            body = encoded(container, tw.Message(array, kind))
            found, read = tw.peek(body, MEDIA_TYPES[container]), protocol(container).decode(body)
            assert (found.dtype, found.shape) == (read.value.dtype, read.value.shape)
