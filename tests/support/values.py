"""The arrays that every codec is asked to carry, and the strategies that widen them."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray

import tensorwire as tw
from tests.goldens.cases import DTYPES, SMALL_INTS, dtype_of, pool

Array = NDArray[Any]

CONTAINERS = ("json", "protobuf", "msgpack")
KINDS = ("ndarray", "tensor", "tftensor", "raw")
CODECS = tuple(f"{container}/{kind}" for container in CONTAINERS for kind in KINDS)
MEDIA_TYPES = {
    "json": "application/json",
    "protobuf": "application/x-protobuf",
    "msgpack": "application/msgpack",
}

SHAPES = ((), (1,), (1, 1), (2,), (2, 3), (3, 1, 2), (1,) * 49, (0,), (0, 3), (3, 0), (2, 0, 3))
RANK_64 = (1,) * 63 + (2,)
MANY = (40, 50)  # large enough for every fast path, and for headers of several bytes

__all__ = [
    "CODECS",
    "CONTAINERS",
    "DTYPES",
    "KINDS",
    "MEDIA_TYPES",
    "Array",
    "arrays",
    "built_in",
    "labelled",
    "layouts",
    "nested_lists",
    "plain",
    "tame",
]


def built_in(name: str) -> tw.Codec:
    """Return one of our own codecs, which offers more than a plug-in has to."""
    codec = tw.get_codec(name)
    assert isinstance(codec, tw.Codec)
    return codec


def tame(name: str) -> Array:  # noqa: PLR0911 - a table of cases
    """Return values of a dtype that every kind with that dtype represents."""
    dtype = dtype_of(name)
    if name == "str":
        return np.array(["", "a", "é", "日本", "😀", '"\\', "null"])
    if name == "bytes":
        return np.array([b"", b"a", b"\x80\xff", b'"'])
    if name == "bool":
        return np.array([True, False, False])
    if name in SMALL_INTS:
        return np.array([0, 1, SMALL_INTS[name][0]], np.int8).astype(dtype)
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        return np.array([0, 1, 100, 7, max(info.min, -(2**53)), min(info.max, 2**53)], dtype)
    if dtype.kind == "c":
        return np.array([0, 1.5 - 0.1j, complex(-0.0, 3)], dtype)
    numbers = [0.0, -0.0, 1.0, 0.1, -1.5, 3.0, 2.0]
    return np.array(numbers[1:] if "fnuz" in name else numbers).astype(dtype)


def plain(name: str, shape: tuple[int, ...], values: Array | None = None) -> Array:
    """Return a C-ordered array filled from `values`, the tame ones of the dtype if None."""
    some = tame(name) if values is None else values
    filled: Array = some[np.arange(np.prod(shape, dtype=int)) % len(some)]
    return filled.reshape(shape)


def layouts(array: Array) -> Iterator[tuple[str, Array]]:
    """Yield the same rank-2 values in other memory orders and byte orders."""
    yield "Fortran", np.asfortranarray(array)
    yield "strided", array.repeat(2, axis=0).repeat(3, axis=1)[::2, ::3]
    yield "negative strides", array[::-1, ::-1].copy()[::-1, ::-1]
    yield "transposed", array.T.copy().T
    yield "broadcast", np.broadcast_to(array[:1], array.shape)
    yield "big-endian", array.astype(array.dtype.newbyteorder(">"))
    big = array.astype(array.dtype.newbyteorder(">"))
    yield "big-endian Fortran", np.asfortranarray(big)
    frozen = array.copy()
    frozen.flags.writeable = False
    yield "read-only", frozen
    unaligned = np.zeros(array.nbytes + 1, np.uint8)[1:].view(array.dtype).reshape(array.shape)
    unaligned[...] = array
    yield "unaligned", unaligned


def labelled(name: str) -> Iterator[tuple[str, Array]]:
    """Yield every fixed array of a dtype, with a label for the failure message."""
    for shape in (*SHAPES, RANK_64, MANY):
        label = str(shape) if len(shape) < 4 else f"rank {len(shape)}"
        yield f"{name} {label}", plain(name, shape)
    yield f"{name} every value", pool(name)
    for value in pool(name):
        yield f"{name} only {value!r}", np.array([value], pool(name).dtype)
    for label, array in layouts(plain(name, (4, 6))):
        yield f"{name} small {label}", array
    for label, array in layouts(plain(name, MANY)):
        yield f"{name} {label}", array


def arrays() -> st.SearchStrategy[Array]:
    """Draw arrays of numpy's own numeric dtypes, of any byte order, shape and strides."""
    dtypes = st.one_of(
        npst.boolean_dtypes(),
        npst.integer_dtypes(),
        npst.unsigned_integer_dtypes(),
        npst.floating_dtypes(sizes=(16, 32, 64)),
        npst.complex_number_dtypes(sizes=(64, 128)),
    )
    shapes = npst.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=6)
    drawn: st.SearchStrategy[Array] = npst.arrays(dtypes, shapes)
    return drawn.flatmap(_views)


def _views(array: Array) -> st.SearchStrategy[Array]:
    """Draw the array itself or a basic slice of it."""
    if not array.ndim:
        return st.just(array)
    indices = npst.basic_indices(array.shape, allow_ellipsis=False, max_dims=array.ndim)
    views = indices.map(lambda index: np.asarray(array[index]))
    return st.one_of(st.just(array), views)


def nested_lists() -> st.SearchStrategy[Any]:
    """Draw nested lists of JSON scalars: regular, ragged and mixed."""
    numbers = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    leaves = numbers | st.booleans() | st.text(max_size=3) | st.none()
    alike = [st.integers(-9, 9), st.floats(-9, 9), st.booleans(), st.text(max_size=2), leaves]
    return st.one_of([_rows(leaf) for leaf in alike])


def _rows(leaf: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Draw lists of up to rank 3, each level of one length but for a rare slip."""

    def nest(shape: list[int]) -> st.SearchStrategy[Any]:
        inner = leaf
        for size in reversed(shape):
            even = st.lists(inner, min_size=size, max_size=size)
            inner = even if size else st.just([])
        return inner

    regular = st.lists(st.integers(0, 4), min_size=1, max_size=3).flatmap(nest)
    return st.one_of(regular, regular, st.lists(st.one_of(leaf, regular), max_size=4))
