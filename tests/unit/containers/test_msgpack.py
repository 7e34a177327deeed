"""Trees as msgpack, held to the msgpack library."""

from typing import Any

import msgpack
import numpy as np
import pytest

from tensorwire.containers.msgpack import Msgpack, _deep
from tensorwire.errors import DecodeError, EncodeError
from tensorwire.limits import DEFAULT_LIMITS
from tensorwire.tree import ARRAY, ArrayPlaces, Leaf, Role
from tensorwire.wire.buffers import buffer_of
from tests.support.nesting import nested

CONTAINER = Msgpack()
PLACES = ArrayPlaces({"a": {ARRAY: True}, "rows": {"a": {ARRAY: True}}})
NUMBERS = np.arange(6.0).reshape(2, 3)


def leaf_of(role: Role, array: Any) -> Leaf:
    """Return an array on its way out."""
    field = np.dtype("<f8") if role is Role.PACKED else None
    return Leaf(role, array, field, np.shape(array), getattr(array, "dtype", None))


def whole(tree: Any, *leaves: Leaf) -> bytes:
    """Return a message: what is around the leaves, and they."""
    parts = [bytes(buffer_of(CONTAINER.write(leaf))) for leaf in leaves]
    pieces = CONTAINER.frame(tree, [len(part) for part in parts], PLACES)
    return pieces[0] + b"".join(part + piece for part, piece in zip(parts, pieces[1:], strict=True))


@pytest.mark.parametrize(
    ("leaf", "wanted"),
    [
        (leaf_of(Role.NESTED, NUMBERS), NUMBERS.tolist()),
        (leaf_of(Role.NESTED, np.arange(300.0).reshape(3, 100)), None),
        (leaf_of(Role.NESTED, np.array([["a", "é"]])), [["a", "é"]]),
        (leaf_of(Role.NESTED, [1, "a", None]), [1, "a", None]),
        (leaf_of(Role.NESTED, np.array([True, False])), [True, False]),
        (leaf_of(Role.NESTED, np.array([[1, -1]])), [[1, -1]]),
        (leaf_of(Role.VALUES, np.array([[1, -1]], "i4")), [1, -1]),
        (leaf_of(Role.PACKED, NUMBERS.astype("f4")), NUMBERS.tobytes()),
        (leaf_of(Role.BLOB, NUMBERS), NUMBERS.tobytes()),
        (leaf_of(Role.BLOB, np.zeros(70_000, np.uint8)), bytes(70_000)),
        (leaf_of(Role.BLOB, np.zeros(0, np.uint8)), b""),
        (leaf_of(Role.STRINGS, [b"a", b""]), [b"a", b""]),
    ],
    ids=lambda part: part.role.name if isinstance(part, Leaf) else "",
)
def test_an_array_is_what_msgpack_reads(leaf: Leaf, wanted: Any) -> None:
    """Nested lists, flat values, and memory with a header of its size."""
    wanted = np.asarray(leaf.data).tolist() if wanted is None else wanted
    assert msgpack.unpackb(whole({"x": 1, "a": leaf, "y": "z"}, leaf)) == {
        "x": 1,
        "a": wanted,
        "y": "z",
    }


@pytest.mark.parametrize("shape", [(1,), (2, 3), (3, 40)], ids=str)
@pytest.mark.parametrize("dtype", ["f8", "f4", ">f8", "i8", "u1"])
@pytest.mark.parametrize("role", [Role.NESTED, Role.BLOB, Role.VALUES])
def test_small_arrays_are_written_as_any(role: Role, dtype: str, shape: tuple[int, ...]) -> None:
    """The short cut writes the same bytes, or declines."""
    array = np.ones(shape, dtype)
    leaf = leaf_of(role, array)
    write = CONTAINER.small_array_writer(leaf)
    if write is not None:
        found = write(array)
        assert found is None or found == bytes(buffer_of(CONTAINER.write(leaf)))


def test_members_are_written_before_others() -> None:
    """The map has as many more."""
    first = msgpack.packb({"a": 1})
    found = CONTAINER.before({"id": "x", "n": [1]}, first, PLACES)
    assert found == msgpack.packb({"id": "x", "n": [1], "a": 1})


@pytest.mark.parametrize("depth", [1, 510, 511, 512, 900])
def test_deep_values_are_read_again(depth: int) -> None:
    """The packer of msgpack stops at 511 levels."""
    tree = {"x": nested(depth)}
    body = whole(tree)
    assert CONTAINER.read_any(body, PLACES) == tree
    if depth < 511:
        assert body == msgpack.packb(tree)


def test_the_packer_of_deep_trees_writes_the_same_bytes() -> None:
    """Releases of msgpack differ in how deep they write: it is held to them where they do."""
    tree: Any
    for tree in (nested(300, {"k": [1, "a", None, {}], "b": b"x"}), {}, [], [[], {"a": (1.5,)}]):
        assert _deep(tree) == msgpack.packb(tree)


@pytest.mark.parametrize("value", [object(), 2**64, -(2**63) - 1, "\ud800"])
def test_values_that_msgpack_does_not_have(value: Any) -> None:
    """Types, integers beyond 64 bits, and text that is no UTF-8."""
    with pytest.raises(EncodeError):
        CONTAINER.frame({"x": value}, [], PLACES)
    with pytest.raises(EncodeError, match="at most 1024 levels"):
        CONTAINER.frame({"x": nested(1030)}, [], PLACES)


@pytest.mark.parametrize("array", [np.arange(2000.0).reshape(20, 100), np.arange(3000, dtype="u1")])
def test_a_long_array_stays_in_the_bytes(array: Any) -> None:
    """It is a view, or read on demand; the rest is that of msgpack."""
    leaf = leaf_of(Role.NESTED if array.ndim > 1 else Role.BLOB, array)
    body = whole({"x": 1, "a": leaf, "y": [None]}, leaf)
    found = CONTAINER.read(body, PLACES)
    read = found["a"].read(DEFAULT_LIMITS) if hasattr(found["a"], "read") else found["a"]
    assert np.array_equal(np.asarray(read).ravel(), array.ravel())
    assert (found["x"], found["y"]) == (1, [None])
    exact = CONTAINER.read_any(body, PLACES)
    assert exact == msgpack.unpackb(body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x81",
        b"\x81\xa1a",
        b"\xc1",
        b"\x81\xa1a\x01\x00",
        b"\x90",
        b"\x05",
        b"\xdd\xff\xff\xff\xff",
        b"\x81\xa1a\xc6\xff\xff\xff\xff",
        b"\x81\xa1\xff\x01",
    ],
    ids=bytes.hex,
)
def test_what_is_no_map_is_refused(body: bytes) -> None:
    """Cut, with bytes behind it, of another type, or with sizes that are not there."""
    for read in (CONTAINER.read, CONTAINER.read_any):
        with pytest.raises(DecodeError) as error:
            read(body, PLACES)
        assert error.value.reason
    assert not is_map(body)


def is_map(body: bytes) -> bool:
    """Return whether the library reads a map with text for keys."""
    try:
        return isinstance(msgpack.unpackb(body), dict)
    except ValueError:
        return False


def test_integers_of_64_bits_are_exact() -> None:
    """They are never text that a parser would round."""
    tree = {"a": 2**64 - 1, "b": -(2**63)}
    for read in (CONTAINER.read, CONTAINER.read_any):
        assert read(msgpack.packb(tree), PLACES) == tree
