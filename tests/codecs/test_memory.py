"""What a call takes beside its result: bounded, whatever the size of the array.

As the allocator's books have it (tracemalloc), which numpy, orjson, msgpack and bytes all keep.
"""

import gc
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

import tensorwire as tw
from tests.support.memory import peak
from tests.support.values import CODECS, MEDIA_TYPES, Array, built_in

KIB = 1 << 10
SPARE = 64 * KIB
SHAPES = [(10_000, 10), (1, 100_000), (100_000, 1), (10, 10, 1000)]
VIEWS = [name for name in CODECS if not name.startswith("json") and not name.endswith("ndarray")]

# What is known to take more, and how much more: a regression fails, and so may an improvement be
# written down here.
KNOWN_ENCODE = {"json/ndarray": 96 * KIB, "json/tensor": 80 * KIB}
KNOWN_LAYOUT = {"json/ndarray": 168 * KIB, "json/tensor": 168 * KIB}  # byte order, or shorter text
KNOWN_COLUMN = {"json/ndarray": 272 * KIB}  # one number a row: the most brackets there can be

codecs = pytest.mark.parametrize("name", CODECS)
shapes = pytest.mark.parametrize("shape", SHAPES, ids=str)


def normal(*shape: int) -> Array:
    """Return random numbers of 17 digits: the longest text there is."""
    return np.random.default_rng(1).normal(size=shape)


def skip_lists_of_orjson(name: str) -> None:
    """Skip JSON numbers where simdjson is not installed: orjson then makes an object of each."""
    if name in ("json/ndarray", "json/tensor") and find_spec("simdjson") is None:
        pytest.skip("without simdjson, orjson makes a Python object of each number")


def warm_peak(call: Callable[[], Any]) -> tuple[Any, int]:
    """Return what a call returns and its peak, once all that is made only once is there."""
    call()
    return peak(call)


@codecs
@shapes
def test_encode_takes_its_result(name: str, shape: tuple[int, ...]) -> None:
    """The array is copied once, into the result, with 64 KiB beside that."""
    array, codec = normal(*shape), tw.get_codec(name)
    body, most = warm_peak(lambda: codec.encode(array))
    known = KNOWN_COLUMN if shape[-1] == 1 else KNOWN_ENCODE
    assert most - len(body) <= known.get(name, KNOWN_ENCODE.get(name, SPARE))


@shapes
@pytest.mark.parametrize("name", VIEWS)
def test_encode_parts_takes_nothing(name: str, shape: tuple[int, ...]) -> None:
    """The parts of a payload are the array's own memory, and a few bytes around it."""
    array, codec = normal(*shape), built_in(name)
    assert warm_peak(lambda: codec.encode_parts(array))[1] <= SPARE


@codecs
@pytest.mark.parametrize("layout", ["F", "strided", ">f8", "<f4", "<i8"])
def test_encode_of_other_layouts(name: str, layout: str) -> None:
    """An array that is out of order, or of another dtype, is put in order within the result."""
    array = normal(1000, 100) if layout != "strided" else normal(2000, 300)[::2, ::3]
    if layout == "F":
        array = np.asfortranarray(array)
    elif layout != "strided":
        array = (array * 1000).astype(layout)
    codec = tw.get_codec(name)
    body, most = warm_peak(lambda: codec.encode(array))
    known = KNOWN_LAYOUT.get(name, SPARE)
    if name in ("json/tftensor", "json/raw") and not (
        array.flags.c_contiguous and array.dtype.isnative
    ):
        known += array.nbytes  # put in order before it is written as text
    if name == "json/tensor" and not array.flags.c_contiguous:
        known += array.nbytes
    assert most - len(body) <= known


@shapes
@pytest.mark.parametrize("name", VIEWS)
def test_decode_of_a_view_takes_nothing(name: str, shape: tuple[int, ...]) -> None:
    """A view of the payload takes no more than the array object."""
    codec = tw.get_codec(name)
    body = codec.encode(normal(*shape))
    media_type = MEDIA_TYPES[name.partition("/")[0]]
    out = np.empty_like(codec.decode(body))
    for _ in range(2):  # the second message of a length is remembered
        codec.decode(body)
        tw.loads(body, media_type)
    for buffer in (body, bytearray(body), memoryview(body)):
        assert warm_peak(partial(codec.decode, buffer))[1] <= 4 * KIB
        assert warm_peak(partial(codec.decode, buffer, out=out))[1] <= 4 * KIB
        assert warm_peak(partial(tw.loads, buffer, media_type))[1] <= SPARE


@shapes
@pytest.mark.parametrize("name", [name for name in CODECS if name not in VIEWS])
def test_decode_takes_its_result(name: str, shape: tuple[int, ...]) -> None:
    """What is no view takes its result, and a tenth of it more."""
    skip_lists_of_orjson(name)
    codec = tw.get_codec(name)
    body = codec.encode(normal(*shape))
    array, most = warm_peak(lambda: codec.decode(body))
    assert most <= array.nbytes * 1.1


@shapes
@pytest.mark.parametrize("name", ["protobuf/ndarray", "msgpack/ndarray"])
def test_decode_into_out_takes_little(name: str, shape: tuple[int, ...]) -> None:
    """Numbers go from the payload straight into out=, with a fifth of them on the way at most."""
    codec = tw.get_codec(name)
    body = codec.encode(normal(*shape))
    out = np.empty(shape)
    assert warm_peak(lambda: codec.decode(body, out=out))[1] <= 160 * KIB


@codecs
def test_what_is_spare_does_not_grow(name: str) -> None:
    """Ten times the array takes ten times the result, and no more beside it."""
    skip_lists_of_orjson(name)
    codec = tw.get_codec(name)
    spare = []
    for size in (50_000, 500_000):
        array = normal(size // 10, 10)
        body, most = warm_peak(partial(codec.encode, array))
        spare.append(most - len(body))
        decoded, most = warm_peak(partial(codec.decode, body))
        assert most <= decoded.nbytes * 1.1 + SPARE
    # The length of decimal text is guessed, to within half a percent, from its first block.
    assert spare[1] <= max(1.5 * spare[0], 0.005 * len(body)) + SPARE


@pytest.mark.slow
@codecs
def test_nothing_stays_behind(name: str) -> None:
    """Hundreds of calls, refused ones among them, leave no memory behind."""
    codec = tw.get_codec(name)
    array = normal(100, 10)
    body = codec.encode(array)

    def calls() -> None:
        for i in range(100):
            codec.encode(array)
            codec.decode(body)
            codec.decode(body, copy=True)
            for broken in (body[: len(body) // 2], body + b"\xc1", body[:20] + b"\xff" + body[20:]):
                with suppress(tw.DecodeError):
                    codec.decode(broken)
            with suppress(tw.EncodeError):
                codec.encode([i, None])

    assert _left(calls) < 2 * KIB


def _left(call: Callable[[], Any]) -> int:
    """Return the bytes that every one of several calls leaves.

    The first ones may fill what is bounded, in the place of older objects that are not traced; what
    is not bounded grows in each.
    """
    left = []
    tracemalloc.start()
    try:
        for _ in range(6):
            before = tracemalloc.get_traced_memory()[0]
            call()
            gc.collect()
            left.append(tracemalloc.get_traced_memory()[0] - before)
    finally:
        tracemalloc.stop()
    return min(left)
