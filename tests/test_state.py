"""A codec is a pure function of its arguments: no call sees another, in whatever thread it is."""

from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

import numpy as np
import pytest

import tensorwire as tw
from tensorwire.codec import Codec
from tests import reference
from tests.corpus import messages, mutated
from tests.promises import describe
from tests.values import CODECS, DTYPES, Array, labelled, plain

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


@codecs
def test_encode_does_not_remember_arrays(name: str) -> None:
    """Arrays of all dtypes and shapes, in any order, are written as by a codec that saw no other."""
    arrays = [array for dtype in DTYPES for _, array in labelled(dtype)]
    calls: list[tuple[Array, dict[str, Any]]] = [(array, {}) for array in arrays]
    calls += [(array, {"lossy": True}) for array in arrays]
    calls += [(array, {"meta": {"puid": "p"}}) for array in arrays]
    wanted = [written(fresh(name), array, **options) for array, options in calls]
    codec, order = fresh(name), list(range(len(calls)))
    for seed in (1, 2):
        Random(seed).shuffle(order)
        for i in order:
            array, options = calls[i]
            assert written(codec, array, **options) == wanted[i], (array, options)


@codecs
def test_decode_does_not_remember_payloads(name: str) -> None:
    """Payloads, broken ones among them, are read in any order as by a codec that saw no other."""
    bodies = [*messages(name), *mutated(name, 7, 300)]
    wanted = [said(fresh(name), body) for body in bodies]
    codec, order = fresh(name), list(range(len(bodies)))
    for seed in (1, 2):
        Random(seed).shuffle(order)
        for i in order:
            assert said(codec, bodies[i]) == wanted[i], bodies[i]


@codecs
def test_payloads_of_one_length(name: str) -> None:
    """Payloads that differ in a single byte of their header are told apart, one after the other."""
    array = plain("float64", (2, 3))
    body = bytearray(reference.body(name, array))
    codec = fresh(name)
    for place in range(min(len(body), 64)):
        before = body[place]
        for other in range(256):
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


@codecs
def test_threads_share_a_codec(name: str) -> None:
    """One codec used by many threads at once gives each of them its own result."""
    codec = tw.get_codec(name)
    rows = [plain("float64", (1 + i % 40, 1 + i % 7)) + i for i in range(60)]
    rows += [np.arange(i * 30, dtype=np.float64).reshape(-1, 3) for i in range(1, 40)]
    rows = [row.astype(np.int64) if i % 3 == 0 else row for i, row in enumerate(rows)]
    wanted = [(body := fresh(name).encode(row), describe(fresh(name).decode(body))) for row in rows]

    def work(i: int) -> bool:
        body, value = wanted[i % len(rows)]
        array = codec.decode(body)
        out = np.zeros(array.shape, array.dtype)
        codec.decode(body, out=out)
        broken = said(codec, body[: len(body) // 2])
        same = codec.encode(rows[i % len(rows)]) == body and isinstance(broken, str)
        return same and describe(array) == value and describe(out) == value

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(400)))


def test_threads_make_the_first_call() -> None:
    """Whatever is made at the first use is made once and whole, though many threads come first."""
    array = plain("float64", (5, 5))
    for name in CODECS:
        wanted = reference.body(name, array)
        with ThreadPoolExecutor(8) as pool:
            codec = fresh(name)
            assert set(pool.map(lambda _, c=codec: c.encode(array), range(64))) == {wanted}
