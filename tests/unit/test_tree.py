"""Trees: arrays out of them and back, walks, and single nodes in protobuf's JSON form."""

import base64
from typing import Any

import numpy as np
import pytest

from tensorwire.errors import DecodeError, EncodeError
from tensorwire.tree import (
    ARRAY,
    MAX_DEPTH,
    ArrayPlaces,
    Leaf,
    Role,
    blob,
    check_out,
    has_leaf,
    integer,
    integers,
    is_plain,
    leaves,
    levels,
    pick,
    replace_arrays,
    text_to_bytes,
    walk,
)
from tests.support.nesting import nested

LEAF = Leaf(Role.BLOB, np.zeros(1))
PLACES = ArrayPlaces({"a": {ARRAY: True}, "rows": {"x": {ARRAY: True}}, "m": {"*": {ARRAY: True}}})


def test_arrays_are_replaced_in_order() -> None:
    """A placeholder for each; what has no array is the same object, and the tree is as it was."""
    other = Leaf(Role.NESTED, [1])
    kept = {"k": [1, 2]}
    tree: Any = {"meta": kept, "data": {"a": LEAF, "n": 1}, "list": [1, {"b": other}]}
    made, arrays = replace_arrays(tree, "?")
    assert made == {"meta": kept, "data": {"a": "?", "n": 1}, "list": [1, {"b": "?"}]}
    assert made["meta"] is kept
    assert arrays == [LEAF, other]
    assert tree["data"]["a"] is LEAF
    assert leaves(tree) == [("$.data.a", LEAF), ("$.list[1].b", other)]
    assert replace_arrays(LEAF, "?") == ("?", [LEAF])
    assert replace_arrays(kept, "?") == (kept, [])


@pytest.mark.parametrize("depth", [0, 1, 100, 20_000])
def test_a_leaf_is_found_at_any_depth(depth: int) -> None:
    """Without a call for each level."""
    assert has_leaf(nested(depth, LEAF))
    assert not has_leaf(nested(depth, "x"))


@pytest.mark.parametrize(
    ("tree", "restored"),
    [
        ({"a": "?"}, True),
        ({"rows": [{"y": 1}, {"x": "?"}]}, True),
        ({"m": {"any name": "?"}}, True),
        ({"b": "?"}, False),
        ({"rows": "?"}, False),
        ({"a": {"a": "?"}}, False),
        ({"a": "other"}, False),
    ],
    ids=repr,
)
def test_an_array_is_restored_where_one_may_be(tree: Any, restored: bool) -> None:  # noqa: FBT001
    """A placeholder in any other place is text."""
    before = repr(tree)
    array = np.zeros(2)
    assert PLACES.restore_array(tree, "?", array) == restored
    assert (repr(tree) == before) != restored


def test_names_of_arrays() -> None:
    """Those of all levels, and `*` for any name."""
    assert PLACES.names == {"a", "x", "*"}
    assert ArrayPlaces({}).names == frozenset()


@pytest.mark.parametrize(
    ("node", "plain"),
    [
        ({"a": [1, 2.5, "x"]}, True),
        ([2**64 - 1, -(2**63)], True),
        ([2**64], False),
        ({1: 2}, False),
        ([(1,)], False),
        ([np.float64(1)], False),
    ],
    ids=repr,
)
def test_plain_trees(node: Any, plain: bool) -> None:  # noqa: FBT001
    """Of these very types, in 64 bits, not too deep."""
    assert is_plain(node, frozenset({int, float, str})) == plain


def test_deep_trees_are_not_plain() -> None:
    """Not deeper than orjson and msgpack read."""
    assert is_plain(nested(MAX_DEPTH, 1), frozenset({int}))
    assert not is_plain(nested(MAX_DEPTH + 2, 1), frozenset({int}))


def test_a_walk_yields_scalars_with_their_paths() -> None:
    """In order; a key that is no text counts as one; levels are bounded."""
    tree = {"a": [1, {"b": "x"}], 5: 2, "c": ()}
    assert list(walk(tree, "$")) == [("$.a[0]", 1), ("$.a[1].b", "x"), ("$", Ellipsis)]
    assert list(walk(3, "$.x")) == [("$.x", 3)]
    with pytest.raises(EncodeError, match="at most 1024 levels") as error:
        list(walk({"a": nested(MAX_DEPTH + 1, 1)}, "$"))
    assert error.value.path.startswith("$.a")
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(EncodeError):
        list(walk(loop, "$"))


@pytest.mark.parametrize("depth", [0, 1, 5, MAX_DEPTH, 100_000])
def test_levels(depth: int) -> None:
    """How deep a tree is, up to one more than what is read."""
    assert levels(nested(depth, 1)) == min(depth, MAX_DEPTH + 1)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 1000])
def test_base64_as_peers_write_it(count: int) -> None:
    """Standard and URL-safe, padded or not, and in lines."""
    data = np.random.default_rng(count).bytes(count)
    for text in (
        base64.b64encode(data).decode(),
        base64.urlsafe_b64encode(data).decode(),
        base64.b64encode(data).decode().rstrip("="),
        base64.encodebytes(data).decode(),
    ):
        assert text_to_bytes(text) == data
        assert blob(text).tobytes() == data


@pytest.mark.parametrize("text", ["*", "A", "QUJ=D", "Ä", "QUJD\0"])
def test_other_text_is_no_base64(text: str) -> None:
    """It is refused, and nothing is skipped but white space."""
    with pytest.raises(DecodeError, match="expected base64"):
        text_to_bytes(text)


@pytest.mark.parametrize(("node", "wanted"), [(5, 5), (3.0, 3), ("-7", -7), ("0", 0)])
def test_an_integer_as_json_has_it(node: Any, wanted: int) -> None:
    """Quoted, or with a fraction of zero."""
    assert integer(node, ".x") == wanted
    assert integers([node], ".x") == [wanted]


@pytest.mark.parametrize("node", [1.5, "x", "1.0", True, None, [1], "9" * 21, float("nan")])
def test_what_is_no_integer(node: Any) -> None:
    """With its path."""
    for call, path in (
        (lambda: integer(node, ".x"), "$.x"),
        (lambda: integers([node], ".x"), "$.x[0]"),
    ):
        with pytest.raises(DecodeError, match="expected an integer, got") as error:
            call()
        assert error.value.path == path


def test_members_by_either_name() -> None:
    """The JSON name, or that of the .proto."""
    assert pick({"tensorShape": 1}, "tensorShape") == 1
    assert pick({"tensor_shape": 1}, "tensorShape") == 1
    assert pick({}, "tensorShape") is None


def test_out_has_to_fit() -> None:
    """Shape, dtype, and that it is writable."""
    check_out(np.zeros((2, 3)), (2, 3), np.dtype(float))
    locked = np.zeros((2, 3))
    locked.flags.writeable = False
    for out, reason in (
        (np.zeros(6), "got float64 of shape \\(6,\\)"),
        (np.zeros((2, 3), "f4"), "got float32"),
        (locked, "got a read-only one"),
        ([0.0] * 6, "got list"),
    ):
        with pytest.raises(DecodeError, match=reason):
            check_out(out, (2, 3), np.dtype(float))  # type: ignore[arg-type]
