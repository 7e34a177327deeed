"""The kind `tftensor`: TensorProto as trees, held to what TensorFlow's rules make by protobuf."""

from typing import Any

import numpy as np
import pytest

from tensorwire.errors import DecodeError, EncodeError, LimitError
from tensorwire.kinds.tftensor import TFTensor
from tensorwire.limits import DEFAULT_LIMITS, Limits
from tensorwire.missing import Reading
from tensorwire.tree import Role
from tests.goldens.cases import DTYPES
from tests.support import reference
from tests.support.expectations import describe
from tests.support.values import Array, plain

KIND = TFTensor()


def value(tree: Any, limits: Limits = DEFAULT_LIMITS, options: Reading | None = None) -> Any:
    """Read a tree."""
    return KIND.value(tree, 1000, limits, None, *([options] if options else []))


def proto(dtype: str, shape: list[int], **members: Any) -> dict[str, Any]:
    """Return the tree of a TensorProto."""
    return {"dtype": dtype, "tensorShape": {"dim": [{"size": n} for n in shape]}, **members}


@pytest.mark.parametrize("shape", [(), (1,), (2, 3), (0,), (3, 0)], ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_tree_is_that_of_tensorflow(dtype: str, shape: tuple[int, ...]) -> None:
    """dtype, sizes, and the member that the values go into."""
    array = plain(dtype, shape)
    leaf = KIND.leaf(array, lossy=False)
    tree = KIND.tree(leaf)
    wanted = reference.msgpack_tree("tftensor", array)["data"]["tftensor"]
    assert list(tree) == list(wanted)
    assert (tree["dtype"], tree["tensorShape"]) == (wanted["dtype"], wanted["tensorShape"])
    for member in set(wanted) - {"dtype", "tensorShape"}:
        assert tree[member] is leaf
        assert contents(leaf) == wanted[member]
    assert (leaf.role is Role.ABSENT) == (not array.size)
    if leaf.role is not Role.ABSENT:
        assert describe(value(wanted)) == describe(read_back(array))


def contents(leaf: Any) -> Any:
    """Return what the member of a leaf holds."""
    if leaf.role is Role.STRINGS:
        return list(leaf.data)
    if leaf.role is Role.BLOB:
        array = np.asarray(leaf.data)
        return array.astype(array.dtype.newbyteorder("<")).tobytes()
    return np.asarray(leaf.data).ravel().tolist()


def read_back(array: Array) -> Array:
    """Return an array with its text as bytes."""
    return np.char.encode(array, "utf-8") if array.dtype.kind == "U" else array


def test_content_is_the_memory_of_the_array() -> None:
    """It is not copied in either direction."""
    array = np.arange(6.0).reshape(2, 3)
    assert KIND.leaf(array, lossy=False).data is array
    content = array.view(np.uint8).ravel()
    found = value(proto("DT_DOUBLE", [2, 3], tensorContent=content))
    assert np.shares_memory(found, array)
    assert describe(found) == describe(array)


@pytest.mark.parametrize(
    ("tree", "wanted"),
    [
        (proto("DT_FLOAT", [2], floatVal=[0.1]), np.array([0.1, 0.1], np.float32)),
        (proto("DT_INT32", [3], intVal=["1", 2]), np.array([1, 2, 2], np.int32)),
        (proto("DT_INT32", [2]), np.zeros(2, np.int32)),
        (proto("DT_INT8", [2], int_val=[-128, 127]), np.array([-128, 127], np.int8)),
        (proto("DT_HALF", [1], halfVal=[0x3C00]), np.array([1.0], np.float16)),
        (proto("DT_COMPLEX64", [1], scomplexVal=[1.0, -2.0]), np.array([1 - 2j], np.complex64)),
        (proto("DT_BOOL", [2], boolVal=[True, False]), np.array([True, False])),
        (proto("DT_UINT64", [1], uint64Val=["18446744073709551615"]), np.array([2**64 - 1], "u8")),
        (proto("DT_DOUBLE", [0], doubleVal=[]), np.empty(0)),
        (proto("DT_DOUBLE", [], doubleVal=[1.5]), np.array(1.5)),
        ({"dtype": 2, "doubleVal": [1.5]}, np.array(1.5)),
        (proto("DT_STRING", [3], stringVal=["YQ==", b"bc"]), np.array([b"a", b"bc", b"bc"])),
        (proto("DT_STRING", [1]), np.array([b""])),
        (proto("DT_INT64", [2], tensorContent="AQAAAAAAAAACAAAAAAAAAA=="), np.array([1, 2])),
        (proto("DT_FLOAT8_E5M2", [2], float8Val=b"\x3c"), None),
    ],
)
def test_values_are_filled_up_with_the_last(tree: Any, wanted: Any) -> None:
    """As TensorFlow reads them; both names of a member, numbers quoted or not."""
    found = value(tree)
    if wanted is None:
        assert found.dtype.name == "float8_e5m2"
        assert found.astype(float).tolist() == [1.0, 1.0]
    else:
        assert describe(found) == describe(wanted)


@pytest.mark.parametrize(
    ("tree", "path", "reason"),
    [
        ([1.5], "$", "expected a TensorProto, got list"),
        ({}, "$.dtype", "expected a TensorFlow dtype of arrays, got 0"),
        (proto("DT_RESOURCE", []), "$.dtype", "got 'DT_RESOURCE'"),
        (proto("DT_FLOAT", [2], floatVal=[1.0] * 3), "$.floatVal", r"2 values for .*, got 3"),
        (proto("DT_FLOAT", [1], floatVal={}), "$.floatVal", "a list of values, got dict"),
        (proto("DT_FLOAT", [1], floatVal=[True]), "$.floatVal", "expected"),
        (proto("DT_FLOAT", [1], floatVal=[None]), "$.floatVal[0]", "expected numbers, got null"),
        (proto("DT_INT8", [1], intVal=[128]), "$.intVal", "expected"),
        (proto("DT_INT32", [1], intVal=[1.5]), "$.intVal", "expected"),
        (proto("DT_BOOL", [1], boolVal=[1]), "$.boolVal", "expected bool values, got int64"),
        (proto("DT_COMPLEX64", [1], scomplexVal=[1.0]), "$.scomplexVal", "pairs .* got 1 numbers"),
        (proto("DT_STRING", [1], stringVal="YQ=="), "$.stringVal", "a list of strings, got 'YQ=='"),
        (proto("DT_STRING", [1], stringVal=["?"]), "$.stringVal", "expected base64"),
        (proto("DT_STRING", [1], stringVal=[b""] * 2), "$.stringVal", "at most 1 values"),
        (proto("DT_STRING", [1], tensorContent=b"a"), "$.tensorContent", "expected stringVal"),
        (
            proto("DT_FLOAT", [2], tensorContent=b"abc"),
            "$.tensorContent",
            r"expected 8 bytes for shape \(2,\) of float32, got 3",
        ),
        (proto("DT_BOOL", [2], tensorContent=b"\1\2"), "$.tensorContent", "bools of 0 or 1"),
        (proto("DT_FLOAT", [1], tensorContent="?"), "$.tensorContent", "expected base64"),
        (proto("DT_FLOAT", [1], tensorContent=5), "$.tensorContent", "expected bytes, got 5"),
    ],
)
def test_what_is_no_tensor_proto_is_refused_with_its_path(
    tree: Any, path: str, reason: str
) -> None:
    """Members of other types, and values that the dtype or the shape does not hold."""
    with pytest.raises(DecodeError, match=reason) as error:
        value(tree)
    assert error.value.within("$").path == path


@pytest.mark.parametrize(
    "tree",
    [
        proto("DT_DOUBLE", [10**9], doubleVal=[1.5]),
        proto("DT_DOUBLE", [10**9]),
        proto("DT_STRING", [10**8], stringVal=[b"a"]),
        proto("DT_STRING", [20_000], stringVal=[b"a" * 1000]),
        proto("DT_DOUBLE", [1] * 65, doubleVal=[1.5]),
        proto("DT_DOUBLE", [2**62, 4, 0]),
    ],
)
def test_filling_up_is_limited(tree: Any) -> None:
    """A few bytes do not become gigabytes."""
    with pytest.raises(LimitError):
        value(tree)


def test_limits_of_the_caller() -> None:
    """Of content and of values."""
    for tree in (
        proto("DT_UINT8", [3], tensorContent=b"abc"),
        proto("DT_UINT8", [3], intVal=[1, 2, 3]),
        proto("DT_STRING", [3], stringVal=[b"a"]),
    ):
        assert value(tree, Limits(max_elements=3)).shape == (3,)
        with pytest.raises(LimitError, match="at most 2 elements, got 3"):
            value(tree, Limits(max_elements=2))


def test_null_is_nan_among_floats_alone() -> None:
    """Where the caller allows it."""
    options = Reading(null=True, also=frozenset({int}))
    found = value(proto("DT_FLOAT", [2], floatVal=[None, 1.5]), options=options)
    assert describe(found) == describe(np.array([np.nan, 1.5], np.float32))
    with pytest.raises(DecodeError, match="expected integers, got null"):
        value(proto("DT_INT32", [2], intVal=[None, 1]), options=options)


def test_nested_bytes_keep_their_nuls() -> None:
    """Which numpy would drop; lists that mix types are refused."""
    assert KIND.leaf(b"a\0", lossy=False).data == [b"a\0"]
    leaf = KIND.leaf([[b"a\0"], [b"b"]], lossy=False)
    assert (leaf.data, leaf.shape) == ([b"a\0", b"b"], (2, 1))
    with pytest.raises(EncodeError, match="got 'a' beside 1"):
        KIND.leaf([1, "a"], lossy=True)
