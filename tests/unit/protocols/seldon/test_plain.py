"""Messages with nothing but an array: as the official libraries write and read them."""

from collections.abc import Iterator
from random import Random
from typing import Any

import msgpack
import numpy as np
import pytest

import tensorwire as tw
from tensorwire.protocols.seldon.codec import Codec
from tensorwire.protocols.seldon.plain import PLAIN, find
from tensorwire.protocols.seldon.protocol import SeldonProtocol
from tests.support import readers, reference
from tests.support.expectations import describe, refused
from tests.support.values import Array, plain

NAMES = [f"{container}/{kind}" for container, kinds in PLAIN.items() for kind in kinds]
VIEWED = [name for name in NAMES if not name.startswith("json") and not name.endswith("ndarray")]
SINGLE = "protobuf/ndarray"  # of one number
SHAPES = ((), (1,), (2,), (1, 1), (3, 4), (127,), (128, 1), (5, 200), (2, 1, 1, 3), (2,) * 15)
DAMAGED = ((2,), (3, 2), (1, 130), (2, 1, 1, 4))
ODD = ((0,), (2, 0), (1,) * 16 + (2,), (1,) * 40 + (2,))  # shapes that have another form
DTYPES = ("float64", "float32", "float16", "int64", "int32", "int8", "uint8", "uint16", "bool")
MORE = ("complex64", "complex128", "bfloat16", "float8_e5m2", "int4")  # for tftensor


def arrays(name: str) -> Iterator[Array]:
    """Return arrays of a codec, of many dtypes and shapes."""
    for dtype in (*DTYPES, *(MORE if name.endswith("tftensor") else ())):
        for shape in (*SHAPES, *ODD):
            array = plain(dtype, shape)
            if not refused(name, array):
                yield array


def said(name: str, body: bytes, **options: Any) -> Any:
    """Return what a codec that remembers nothing makes of a message."""
    try:
        return describe(Codec(*name.split("/")).decode(body, **options))
    except tw.CodecError as error:
        return str(error)


def message_in(name: str, body: bytes, limits: tw.Limits | None = None) -> Any:
    """Return what a protocol that remembers nothing makes of a message."""
    try:
        found = SeldonProtocol("seldon/" + name.partition("/")[0]).decode(body, limits=limits)
    except tw.CodecError as error:
        return str(error)
    return found.kind, describe(found.value), repr((found.names, found.meta, found.status))


@pytest.mark.parametrize("name", NAMES)
def test_as_the_official_libraries_write(name: str) -> None:
    """The first message of a shape, and the second and third, are those of the official library."""
    codec = Codec(*name.split("/"))
    for array in arrays(name):
        wanted = reference.body(name, array)
        if name == "msgpack/tftensor" and b"tensorContent" not in wanted:
            continue  # a list: each number in the size of its dtype, where msgpack has its own
        if name == "msgpack/ndarray" and array.dtype != np.float64:  # lists, too
            values = msgpack.unpackb(wanted)
            wanted = codec.encode(array)
            assert msgpack.unpackb(wanted) == values, (array.dtype, array.shape)
        for _ in range(3):
            assert codec.encode(array) == wanted, (array.dtype, array.shape)
        assert b"".join(codec.encode_parts(array)) == wanted
        assert codec.encode(array.copy(order="F")) == wanted, (array.dtype, array.shape)
        if not name.endswith("raw"):  # which is the memory as it is
            big = array.astype(array.dtype.newbyteorder(">"))
            assert codec.encode(big) == wanted, (big.dtype, big.shape)


@pytest.mark.parametrize("name", VIEWED)
def test_as_the_official_libraries_read(name: str) -> None:
    """The first message of a shape, and the second and third, say what the official one says."""
    codec = Codec(*name.split("/"))
    for array in arrays(name):
        body = reference.body(name, array)
        wanted = readers.read(name, body)
        for _ in range(3):
            assert readers.same(codec.decode(body), wanted), (array.dtype, array.shape)
        assert readers.same(codec.decode(memoryview(body)), wanted)
        assert message_in(name, body) == message_in(name, body, tw.Limits())


@pytest.mark.parametrize("name", VIEWED)
def test_found_without_a_tree(name: str) -> None:
    """Header, dtype and shape are found where an array is its memory, and only there."""
    container, kind = name.split("/")
    for dtype in ("float64", "float32", "int64", "uint16", "bool"):
        for shape in (*SHAPES, *ODD):
            array = plain(dtype, shape)
            body = reference.body(name, array)
            found = find(container, body)
            alone = array.size == 1 and (container == "msgpack" or dtype == "int64")
            apart = kind == "tftensor" and (dtype in {"uint16", "bool"} or alone)
            deep = kind != "raw" and len(shape) > (15 if container == "msgpack" else 32)
            if not array.size or apart or deep:
                assert found is None, (dtype, shape)
                continue
            assert found is not None, (dtype, shape)
            assert (found[0], found[2:]) == (kind, _owed(kind, array))
            memory = array.astype("<f8") if kind == "tensor" else array
            assert found[1] + memory.tobytes() == body


def _owed(kind: str, array: Array) -> Any:
    if kind == "raw":
        return np.dtype(np.uint8), (array.nbytes,)
    return array.dtype if kind == "tftensor" else np.dtype(np.float64), array.shape


def test_one_number_in_lists() -> None:
    """An ndarray of one number is found in lists of up to four levels, as the runtime writes it."""
    for rank in range(1, 7):
        array = np.full((1,) * rank, 2.5)
        body = reference.body(SINGLE, array)
        found = find("protobuf", body)
        if rank > 4:
            assert found is None
        else:
            assert found == ("ndarray", body[:-8], array.dtype, array.shape)
        codec = Codec("protobuf", "ndarray")
        for _ in range(3):
            assert codec.encode(array) == body
            value = codec.decode(body)
            assert describe(value) == describe(array)
            assert value.flags.writeable
    for other in (np.full((1, 2), 2.5), np.array([True]), np.ones(10_000)):
        assert find("protobuf", reference.body(SINGLE, other)) is None


@pytest.mark.parametrize("name", [*VIEWED, SINGLE])
def test_damaged_bytes(name: str) -> None:
    """Whatever bytes are changed, all readers say the same: direct, of a tree, and the official."""
    random = Random(name)  # noqa: S311 - a test
    shapes = ((1,), (1, 1), (1,) * 4) if name == SINGLE else DAMAGED
    dtype = "uint8" if name.endswith("raw") else "float64"
    bodies = [reference.body(name, plain(dtype, shape)) for shape in shapes]
    met = 0
    for _ in range(2500):
        body = bytearray(random.choice(bodies))
        for _ in range(random.choice((1, 1, 2, 3))):
            _damage(body, random)
        whole = bytes(body)
        assert said(name, whole) == said(name, whole, limits=tw.Limits()), whole
        assert message_in(name, whole) == message_in(name, whole, tw.Limits()), whole
        found = find(name.partition("/")[0], whole)
        if found is not None:
            met += 1
            value = np.ndarray(found[3], found[2], whole, len(found[1]))
            wanted = readers.read(f"{name.partition('/')[0]}/{found[0]}", whole)
            assert readers.same(value, wanted), whole
    assert met > 20


def _damage(body: bytearray, random: Random) -> None:
    """Change, drop, double or put in a few bytes, most of them before the array."""
    reach = len(body) if random.random() < 0.2 else min(len(body), 60)
    at, length = random.randrange(reach + 1), random.randrange(1, 9)
    choice = random.randrange(4)
    if choice == 0 and at < len(body):
        body[at] = random.choice((random.randrange(256), body[at] ^ 1 << random.randrange(8)))
    elif choice == 1:
        del body[at : at + length]
    elif choice == 2:
        body[at:at] = body[at : at + length]
    else:
        body[at:at] = random.randbytes(random.choice((1, 8)))


def _msgpack(tensor: Any) -> bytes:
    packed: bytes = msgpack.packb({"data": tensor})
    return packed


SIX = np.arange(6.0).tobytes()
ODD_SIZES: tuple[Any, ...] = (
    *([-2, -3], [2.0, 3], [True, 6], ["2 ", 3], [[6]], [2, None], [1 << 40, 0], [], [6, 1, -1]),
    *([300, -1], [200, 0.03], [6, 128, 1 / 128], [130, "a"], {"6": 1}, "6", 6, None, b"\6"),
)


@pytest.mark.parametrize("sizes", ODD_SIZES, ids=repr)
def test_odd_sizes_of_msgpack(sizes: Any) -> None:
    """Sizes that msgpack holds and a shape does not have are left to the tree."""
    dims = [{"size": f"{size}"} for size in sizes] if isinstance(sizes, list) else sizes
    content = {"dtype": "DT_DOUBLE", "tensorShape": {"dim": dims}, "tensorContent": SIX}
    for kind, node in (("tensor", {"shape": sizes, "values": SIX}), ("tftensor", content)):
        body = _msgpack({kind: node})
        name = f"msgpack/{kind}"
        assert find("msgpack", body) is None
        assert said(name, body) == said(name, body, limits=tw.Limits())


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"\x22", b"\x1a", b"\x1a\x80", b"\x1a\x04\x12\x02\x0a", b"\x22" + b"\x80" * 300),
        *(b"\x81\xa7binData", b"\x81\xa7binData\xc6\x00", b"\x81\xa7binData\xc4"),
        *(b"\x81\xa4data\x81\xa6tensor\x82\xa5shape", b"\x81\xa4data\x81\xa8tftensor\x83\xa5dtype"),
        b"\x81\xa4data\x81\xa6tensor\x82\xa5shape" + b"\x91" * 400,
        b"\x81\xa4data\x81\xa6tensor\x82\xa5shape\xc1\x02\x03\xa6values\xc4\x08" + bytes(8),
    ],
    ids=repr,
)
def test_cut_off(body: bytes) -> None:
    """Bytes that end too early are left to the tree, which refuses them."""
    for name in VIEWED:
        assert find(name.partition("/")[0], body) is None
        assert said(name, body) == said(name, body, limits=tw.Limits())


@pytest.mark.parametrize("name", [*VIEWED, "protobuf/ndarray", "msgpack/ndarray"])
def test_first_messages_are_not_remembered(name: str) -> None:
    """A shape that is met once leaves nothing behind; one that is met twice is known."""
    codec = Codec(*name.split("/"))
    bodies = {}
    for size in range(2, 200):
        array = np.arange(size, dtype=np.uint8 if name.endswith("raw") else np.float64)
        bodies[size] = codec.encode(array)
        codec.decode(bodies[size])
    assert (len(codec._small), len(codec._reader.views)) == (0, 0)
    for size in (2, 100):
        codec.encode(np.arange(size, dtype=np.uint8 if name.endswith("raw") else np.float64))
        codec.decode(bodies[size])
    assert (len(codec._small), len(codec._reader.views)) == (2, 2 if name in VIEWED else 0)


@pytest.mark.parametrize("name", VIEWED)
def test_views_of_the_body(name: str) -> None:
    """The array of a first message is a read-only view of its body."""
    array = np.arange(6, dtype=np.uint8 if name.endswith("raw") else np.float64)
    body = reference.body(name, array)
    container, kind = name.split("/")
    value = Codec(container, kind).decode(body)
    assert not value.flags.writeable
    assert np.shares_memory(value, np.frombuffer(body, np.uint8))
    for other in {"tensor", "tftensor", "raw"} - {kind}:
        codec = Codec(container, other)
        for _ in range(3):
            with pytest.raises(tw.DecodeError, match=f"expected another kind, got {kind}"):
                codec.decode(body)
