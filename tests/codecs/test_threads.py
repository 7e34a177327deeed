"""A codec is one object for all threads and calls, and no call sees what another one did."""

import gc
import random
import sys
import threading
import weakref
from collections.abc import Iterator
from functools import partial
from typing import Any

import msgpack
import numpy as np
import pytest

import tensorwire as tw
from tensorwire.wire.memo import BYTES, MOST
from tests.support import reference
from tests.support.expectations import decoded, describe, refused
from tests.support.values import CODECS, Array, plain

codecs = pytest.mark.parametrize("name", CODECS)
binary = pytest.mark.parametrize("name", [name for name in CODECS if "json" not in name])
# Those whose messages end in the memory of the array, and may be remembered by their length.
viewed = pytest.mark.parametrize(
    "name",
    [f"{c}/{k}" for c in ("protobuf", "msgpack") for k in ("tensor", "tftensor", "raw")],
)

THREADS = 8
DTYPES = ("float64", "float32", ">f8", "int64", "int32", "uint8", "bool", "complex64", "bfloat16")
# Six shapes of twelve elements: their messages are of one length, and only the headers differ.
SHAPES = ((12,), (3, 4), (4, 3), (2, 6), (6, 2), (2, 2, 3), (1,), (), (7, 5), (300,), (20, 30))
NAMES = ["ssnSECRET", "ageSECRET"]
META = {"puid": "puidSECRET", "tags": {"tagSECRET": "valueSECRET"}}


def fresh(name: str) -> tw.Codec:
    """Return a codec that remembers nothing."""
    return tw.Codec(*name.split("/"))


def cases(name: str) -> list[Array]:
    """Return arrays that the codec represents, many of which have messages of the same length."""
    arrays = [plain(dtype, shape) for dtype in DTYPES[:2] + DTYPES[3:] for shape in SHAPES]
    arrays += [plain("float64", shape).astype(">f8") for shape in SHAPES]
    arrays += [np.asfortranarray(plain("float64", shape)) for shape in SHAPES]
    arrays += [np.asarray(plain("float64", shape) + 1) for shape in SHAPES]
    return [array for array in arrays if not refused(name, array)]


def outcome(codec: tw.Codec, body: Any, **options: Any) -> Any:
    """Return what decoding gives, or the error and the place."""
    try:
        value = codec.decode(body, **options)
    except tw.CodecError as error:
        return type(error), str(error)
    return describe(value), getattr(getattr(value, "flags", None), "writeable", None)


def of_length(name: str, length: int, array: Array, names: Any) -> bytes:
    """Return a message of the wanted length that holds an array, names and meta."""
    for count in range(length):
        body = fresh(name).encode(array, names=names, meta={"puid": "x" * count})
        if len(body) == length:
            return body
    pytest.fail(f"no such message of {length} bytes")


def remembered(codec: tw.Codec) -> Iterator[Any]:
    """Yield all that a codec remembers, and what its functions hold."""
    caches: Any = codec._frames, codec._small, codec._reader.views
    todo: list[Any] = [part for cache in caches for part in (cache.known, cache.older)]
    seen: set[int] = set()
    while todo:
        thing = todo.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        yield thing
        if isinstance(thing, dict):
            todo += [*thing.keys(), *thing.values()]
        elif isinstance(thing, (tuple, list, set, frozenset)):
            todo += thing
        elif isinstance(thing, partial):
            todo += [thing.func, *thing.args, *thing.keywords.values()]
        elif callable(thing):
            todo += [cell.cell_contents for cell in getattr(thing, "__closure__", None) or ()]
            todo += [getattr(thing, "__self__", None), getattr(thing, "__defaults__", None)]


@pytest.mark.slow
def test_threads_share_every_codec() -> None:
    """Eight threads encode and decode with the same twelve codecs, each in an order of its own."""
    work = [(name, array) for name in CODECS for array in cases(name)]
    bodies = [fresh(name).encode(array) for name, array in work]
    values = [describe(decoded(name, array)) for name, array in work]
    shared = {name: fresh(name) for name in CODECS}
    start = threading.Barrier(THREADS)
    wrong: list[str] = []

    def run(seed: int) -> None:
        order = list(range(len(work))) * 2
        random.Random(seed).shuffle(order)  # noqa: S311 - an order, not a secret
        start.wait()
        for index in order:
            name, array = work[index]
            try:
                if shared[name].encode(array) != bodies[index]:
                    wrong.append(f"{name} writes {array.dtype} {array.shape}")
                if describe(shared[name].decode(bodies[index])) != values[index]:
                    wrong.append(f"{name} reads {array.dtype} {array.shape}")
                got = tw.loads(bodies[index], shared[name].media_type)
                if describe(got.value) != values[index] or got.kind != name.split("/")[1]:
                    wrong.append(f"loads {name} {array.dtype} {array.shape}")
            except Exception as error:  # noqa: BLE001 - whatever a thread meets is the result
                wrong.append(f"{name} {array.dtype} {array.shape}: {error!r}")

    threads = [threading.Thread(target=run, args=(seed,)) for seed in range(THREADS)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert wrong == []


@codecs
def test_order_of_calls_does_not_matter(name: str) -> None:
    """One codec gives for every message, in any order, what a codec of its own gives for each."""
    arrays = cases(name)
    bodies = [fresh(name).encode(array) for array in arrays]
    wanted = [outcome(fresh(name), body) for body in bodies]
    one = fresh(name)
    order = [index for index in range(len(arrays)) for _ in range(3)]
    random.Random(7).shuffle(order)  # noqa: S311 - an order, not a secret
    for index in order:
        assert one.encode(arrays[index]) == bodies[index]
        assert outcome(one, bodies[index]) == wanted[index]
        assert outcome(one, memoryview(bytearray(bodies[index]))) == wanted[index]


@pytest.mark.slow
@binary
def test_any_other_header_is_read_anew(name: str) -> None:
    """A message that differs in one bit from one that is remembered is read for itself."""
    array = plain("float64", (3, 4))
    body, one = fresh(name).encode(array), fresh(name)
    wanted = outcome(one, body)
    for place in range(len(body)):
        for bit in range(8):
            other = bytearray(body)
            other[place] ^= 1 << bit
            # Bytes that are remembered are immutable, so ask with both.
            assert outcome(one, bytes(other)) == outcome(fresh(name), bytes(other)), (place, bit)
            assert outcome(one, other) == outcome(fresh(name), other), (place, bit)
        assert outcome(one, body) == wanted


@binary
@pytest.mark.parametrize("dtype", ["bool", "int4", "uint2", "float4_e2m1fn", "float16"])
def test_values_are_checked_every_time(name: str, dtype: str) -> None:
    """A dtype of which some bytes are no value is checked also where the header is known."""
    array = plain(dtype, (2, 6))
    if refused(name, array):
        return
    body, one = fresh(name).encode(array), fresh(name)
    for end in (body[-1:], b"\x02", b"\x80", b"\xff"):
        other = body[:-1] + end
        for _ in range(2):
            assert outcome(one, body) == outcome(fresh(name), body)
            assert outcome(one, other) == outcome(fresh(name), other)


@pytest.mark.parametrize("container", ["protobuf", "msgpack"])
@pytest.mark.parametrize("dtype", ["BOOL", "INT4", "UINT4", "INT2", "UINT2", "FLOAT4_E2M1FN"])
def test_content_is_checked_every_time(container: str, dtype: str) -> None:
    """Content that others write, of which some bytes are no value, is checked on every call."""
    name = f"{container}/tftensor"
    one = fresh(name)
    for content in (b"\0\1\1", b"\0\1\2", b"\0\1\x10", b"\0\1\xff", b"\0\1\1", b"\0\0\xff"):
        body = fresh(name).encode(np.frombuffer(content, np.uint8))
        if container == "protobuf":
            message = reference.SeldonMessage.FromString(body)
            tensor = message.data.tftensor
            types = tensor.DESCRIPTOR.fields_by_name["dtype"].enum_type.values_by_name
            tensor.dtype = types[f"DT_{dtype}"].number
            body = message.SerializeToString()
        else:
            tree = msgpack.unpackb(body)
            tree["data"]["tftensor"]["dtype"] = f"DT_{dtype}"
            body = msgpack.packb(tree)
        for _ in range(2):
            assert outcome(one, body) == outcome(fresh(name), body)


@binary
def test_names_and_meta_at_the_same_length(name: str) -> None:
    """A message with names and meta, as long as one without, is read as what it is."""
    bare = fresh(name).encode(plain("float64", (8, 8)))
    small = plain("float64", (2, 2))
    named = of_length(name, len(bare), small, None if name.endswith("raw") else ["a", "b"])
    for bodies in ((bare, named, bare), (named, bare, named)):
        one = fresh(name)
        for body in bodies * 2:
            assert outcome(one, body) == outcome(fresh(name), body)
        message = tw.loads(named, fresh(name).media_type)
        assert set(message.meta["puid"]) == {"x"}


@binary
def test_options_after_a_plain_call(name: str) -> None:
    """What decode is asked for holds on every call, whatever the calls before it were."""
    array = plain("float64", (3, 4))
    one = fresh(name)
    body = one.encode(array)
    wanted = decoded(name, array)
    before = bytes(bytearray(body))
    for _ in range(3):
        assert describe(one.decode(body)) == describe(wanted)
        copy = one.decode(body, copy=True)
        assert copy.flags.writeable
        assert not np.shares_memory(copy, np.frombuffer(body, np.uint8))
        copy[...] = 9
        assert body == before
        out = np.zeros_like(wanted)
        assert one.decode(body, out=out) is out
        assert describe(out) == describe(wanted)
        with pytest.raises(tw.DecodeError):
            one.decode(body, out=np.zeros(5, wanted.dtype))
        assert one.decode(body, dtype=np.complex128).dtype == np.complex128
        with pytest.raises(tw.LimitError):
            one.decode(body, limits=tw.Limits(max_elements=2))
        mine = bytearray(body)
        value = one.decode(mine)
        if not value.flags.writeable:
            assert np.shares_memory(value, np.frombuffer(mine, np.uint8))


@codecs
def test_refusals_after_a_plain_call(name: str) -> None:
    """A value that cannot be represented is refused although its dtype and shape are known."""
    kinds: list[tuple[Array, Array]] = [
        (np.ones(3), np.array([1, np.nan, np.inf])),
        (np.ones(3, np.float32), np.array([1, np.nan, 3], np.float32)),
        (np.ones(3, int), np.array([1, 2**53 + 1, 3])),
        (np.ones((2, 2), np.uint64), np.full((2, 2), 2**64 - 1, np.uint64)),
        (np.array(["a", "b"]), np.array(["\ud800", "b"])),
        (np.array(["a", "b"]), np.array(["é", "z"])),
    ]
    one = fresh(name)

    def written(codec: tw.Codec, value: Array, **options: Any) -> Any:
        try:
            return codec.encode(value, **options)
        except tw.EncodeError as error:
            return str(error)

    for pair in kinds:
        for value in (*pair, *pair):
            for options in ({}, {"lossy": True}, {"meta": {"puid": "1"}}, {}):
                wanted = written(fresh(name), value, **options)
                assert written(one, value, **options) == wanted


@codecs
def test_layouts_of_one_dtype_and_shape(name: str) -> None:
    """The memory order of an array is seen although its dtype and shape are known."""
    array = plain("float64", (3, 4))
    body, one = fresh(name).encode(array), fresh(name)
    wide = array.repeat(2, axis=1)
    for same in (array, np.asfortranarray(array), wide[:, ::2], array[::-1].copy()[::-1]):
        assert one.encode(same) == body
        assert b"".join(one.encode_parts(same)) == body
    array[0, 0] = 5
    assert one.encode(array) == fresh(name).encode(array) != body


@codecs
def test_names_and_meta_are_not_remembered(name: str) -> None:
    """Nothing of names or meta is kept, and it is not in the next message either."""
    one = fresh(name)
    for array in cases(name):
        options: dict[str, Any] = {"meta": META, "status": {"info": "infoSECRET"}}
        names = NAMES if array.ndim < 2 else [f"{i}SECRET" for i in range(array.shape[1])]
        named = options if name.endswith("raw") else options | {"names": names}
        body = one.encode(array, **named)
        assert b"SECRET" in body
        one.decode(body)
        one.decode(body, copy=True)
        one.encode_parts(array, **named)
        assert b"SECRET" not in one.encode(array)
    kept = list(remembered(one))
    assert any(isinstance(thing, bytes) for thing in kept)
    assert not any(isinstance(thing, bytes) and b"SECRET" in thing for thing in kept)
    assert not any(isinstance(thing, str) and "SECRET" in thing for thing in kept)


def test_names_that_a_later_key_replaces_are_not_remembered() -> None:
    """Of a msgpack map that says `data` twice the last counts, and nothing of the first is kept."""
    one = fresh("msgpack/tensor")
    tensor = {"shape": [2], "values": np.ones(2).tobytes()}
    first = msgpack.packb("data") + msgpack.packb({"names": NAMES})
    body = b"\x82" + first + msgpack.packb("data") + msgpack.packb({"tensor": tensor})
    assert one.decode(body).tolist() == [1, 1]
    assert not any(isinstance(thing, bytes) and b"SECRET" in thing for thing in remembered(one))


@pytest.mark.slow
@codecs
def test_values_are_not_remembered(name: str) -> None:
    """No array and no message is kept alive by a codec, nor any of their values."""
    one = fresh(name)
    array = np.full((3, 4), 1234.5678)
    gone = weakref.ref(array)
    body = one.encode(array)
    count = sys.getrefcount(body)
    one.encode(array)
    one.encode_parts(array)
    value = one.decode(body)
    one.decode(body, copy=True)
    memory = array[0, 0].tobytes()
    del array, value
    gc.collect()
    assert gone() is None
    assert sys.getrefcount(body) == count
    for thing in remembered(one):
        assert not (isinstance(thing, bytes) and (memory in thing or b"1234.5" in thing))
        assert not (isinstance(thing, bytes) and memory[::-1] in thing)


@pytest.mark.slow
@codecs
def test_what_is_remembered_is_bounded(name: str) -> None:
    """Thousands of shapes leave no more behind than two generations, and all are right."""
    one = fresh(name)
    for size in range(1, 3 * MOST):
        array = np.zeros(size, np.uint8 if name.endswith("raw") else bool)
        body = one.encode(array)
        if size % 100 == 1:
            assert describe(one.decode(body)) == describe(decoded(name, array))
    for kept, most in ((one._frames, MOST), (one._small, MOST), (one._reader.views, 4 * MOST)):
        assert len(kept.known) <= most
        assert len(kept.older) <= most
        assert kept._nbytes <= BYTES


@viewed
def test_short_headers_are_remembered(name: str) -> None:
    """Views are in use: the third message of a length is read without a scan of its tags."""
    one = fresh(name)
    body = one.encode(plain("float64", (3, 4)))
    views = one._reader.views
    for _ in range(2):  # a batch size that comes once is not remembered
        assert views.view(body, len(body)) is None
        value = one.decode(body)
    seen = views.view(body, len(body))
    assert seen is not None
    assert describe(seen) == describe(value)
    assert not seen.flags.writeable
