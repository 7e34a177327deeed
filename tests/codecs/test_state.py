"""A codec is a pure function of its arguments: no call sees what another one did."""

from random import Random
from typing import Any

import numpy as np
import pytest

import tensorwire as tw
from tensorwire.protocols.seldon.codec import Codec
from tests.support import reference
from tests.support.corpus import messages, mutated
from tests.support.expectations import describe
from tests.support.values import CODECS, DTYPES, Array, labelled, plain

codecs = pytest.mark.parametrize("name", CODECS)


def said(codec: Any, body: bytes, **options: Any) -> Any:
    """Return what a codec makes of a payload, and in which words it refuses it."""
    try:
        return describe(codec.decode(body, **options))
    except tw.DecodeError as error:
        return str(error)


def written(codec: Any, array: Array, **options: Any) -> Any:
    """Return what a codec makes of an array, and in which words it refuses it."""
    try:
        return codec.encode(array, **options)
    except tw.EncodeError as error:
        return str(error)


def fresh(name: str) -> Codec:
    """Return a codec that has seen nothing."""
    return Codec(*name.split("/"))


@pytest.mark.slow
@codecs
def test_encode_does_not_remember_arrays(name: str) -> None:
    """Arrays of all dtypes, in any order, are written as by a codec that saw no other."""
    arrays = [array for dtype in DTYPES for _, array in labelled(dtype) if array.size < 100][::2]
    calls: list[tuple[Array, dict[str, Any]]] = [(array, {}) for array in arrays]
    calls += [(array, {"lossy": True}) for array in arrays]
    calls += [(array, {"meta": {"puid": "p"}}) for array in arrays]
    wanted = [written(fresh(name), array, **options) for array, options in calls]
    codec, order = fresh(name), list(range(len(calls)))
    for seed in (1, 2):
        Random(seed).shuffle(order)  # noqa: S311 - the same order every time
        for i in order:
            array, options = calls[i]
            assert written(codec, array, **options) == wanted[i], (array, options)


@codecs
@pytest.mark.parametrize("dtype", ["int64", "uint64", ">i8"])
def test_bounds_are_looked_at_every_time(name: str, dtype: str) -> None:
    """Integers that float64 rounds are treated as by a codec that has not written small ones."""
    codec = fresh(name)
    for size in (1, 10, 100):
        for number in (7, 2**53, 2**53 + 1, 2**62, 7):
            array = np.full((1, size), number).astype(dtype)
            assert written(codec, array) == written(fresh(name), array)


@pytest.mark.slow
@codecs
def test_decode_does_not_remember_payloads(name: str) -> None:
    """Payloads, broken ones among them, are read in any order as by a codec that saw no other."""
    bodies = [*messages(name), *mutated(name, 7, 300)]
    wanted = [said(fresh(name), body) for body in bodies]
    codec, order = fresh(name), list(range(len(bodies)))
    for seed in (1, 2):
        Random(seed).shuffle(order)  # noqa: S311 - the same order every time
        for i in order:
            assert said(codec, bodies[i]) == wanted[i], bodies[i]


@pytest.mark.slow
@codecs
def test_payloads_of_one_length(name: str) -> None:
    """Payloads that differ in one byte of their header are distinguished, in turn."""
    array = plain("float64", (2, 3))
    body = bytearray(reference.body(name, array))
    codec = fresh(name)
    for place in range(min(len(body), 90)):
        before = body[place]
        for other in (*(before ^ 1 << bit for bit in range(8)), 0, 0x7F, 0xFF):
            body[place] = other
            codec.decode(reference.body(name, array))
            assert said(codec, bytes(body)) == said(fresh(name), bytes(body))
        body[place] = before


@codecs
def test_options_are_of_one_call(name: str) -> None:
    """copy, out, dtype and limits of one call mean nothing to the next."""
    array = plain("float64", (20, 30))
    body, codec = reference.body(name, array), fresh(name)
    value = codec.decode(body)
    wanted = describe(value)
    options: list[dict[str, Any]] = [
        {"copy": True},
        {"out": np.empty(value.shape, value.dtype)},
        {"dtype": value.dtype},
        {"limits": tw.Limits(max_elements=1)},
        {"limits": tw.Limits(max_elements=value.size)},
        {"dtype": np.int8},
        {"out": np.empty(3)},
    ]
    for option in options * 2:
        said(codec, body, **option)
        again = codec.decode(body)
        assert describe(again) == wanted
        assert again.flags.writeable == value.flags.writeable
