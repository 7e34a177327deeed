"""The kind `tensor`: a shape and float64 values, held to numpy."""

from typing import Any

import numpy as np
import pytest

from tensorwire.errors import DecodeError, EncodeError, LimitError
from tensorwire.kinds.tensor import Tensor
from tensorwire.limits import DEFAULT_LIMITS, Limits
from tensorwire.tree import Role
from tests.support.expectations import describe

KIND = Tensor()
FLAT = np.arange(6.0)


def value(tree: Any, limits: Limits = DEFAULT_LIMITS, payload: int = 1000) -> Any:
    """Read a tree."""
    return KIND.value(tree, payload, limits, None)


@pytest.mark.parametrize("dtype", ["f8", ">f8", "f4", "f2", "i1", "u2", "i8", "?"])
@pytest.mark.parametrize("shape", [(), (1,), (2, 3), (0, 3)], ids=str)
def test_any_shape_of_real_numbers_is_written(dtype: str, shape: tuple[int, ...]) -> None:
    """The shape goes beside the values; bools are 0 and 1."""
    array = np.ones(shape, dtype)
    leaf = KIND.leaf(array, lossy=False)
    assert (leaf.role, leaf.shape) == (Role.PACKED, shape)
    assert leaf.field == np.float64
    assert np.array_equal(leaf.data, array)
    assert np.shares_memory(leaf.data, array) or not array.size
    assert KIND.tree(leaf) == {"shape": list(shape), "values": leaf}


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (np.array([2**53 + 1]), "integers that float64 represents, got 9007199254740993"),
        (np.array([1j]), "complex"),
        (np.array(["a"]), "expected"),
        ([b"a\0", b"b"], "expected numbers, got bytes"),
        ([[1, "a"]], "got 'a' beside 1"),
    ],
)
def test_what_float64_does_not_hold_is_refused(given: Any, reason: str) -> None:
    """Integers that it rounds, complex numbers, text, bytes, and rows that mix types."""
    with pytest.raises(EncodeError, match=reason):
        KIND.leaf(given, lossy=False)


def test_lossy_rounds() -> None:
    """As numpy does."""
    leaf = KIND.leaf(np.array([2**53 + 1]), lossy=True)
    assert leaf.lossy
    assert np.asarray(leaf.data, np.float64).tolist() == [float(2**53 + 1)]


@pytest.mark.parametrize(
    "tree",
    [
        {"shape": [2, 3], "values": FLAT},
        {"shape": [2, 3], "values": FLAT.tolist()},
        {"shape": ["2", 3.0], "values": FLAT.tolist()},
        {"shape": np.array([2, 3]), "values": FLAT.view(np.uint8)},
        {"shape": [2, 3], "values": FLAT.tobytes()},
    ],
    ids=["view", "list", "quoted", "memory", "bytes"],
)
def test_each_form_of_the_values_is_read(tree: Any) -> None:
    """Typed values, lists, and memory; sizes may be quoted, as protobuf's JSON has them."""
    assert describe(value(tree)) == describe(FLAT.reshape(2, 3))


def test_a_view_stays_a_view() -> None:
    """Typed values are not copied."""
    assert np.shares_memory(value({"shape": [6], "values": FLAT}), FLAT)


@pytest.mark.parametrize("tree", [{}, {"shape": [0], "values": []}, {"shape": [3, 0]}], ids=repr)
def test_no_values(tree: Any) -> None:
    """A member that is left out is one without items; then the shape holds no values."""
    if tree:
        assert value(tree).shape == tuple(tree["shape"])
    else:
        with pytest.raises(DecodeError, match=r"expected 1 values for shape \(\), got 0"):
            value(tree)


@pytest.mark.parametrize(
    ("tree", "path", "reason"),
    [
        ([1.5], "$", "expected a tensor, got list"),
        ({"shape": [2], "values": [1.5]}, "$.shape", r"2 values for shape \(2,\), got 1"),
        ({"shape": [-1, -1], "values": [1.5]}, "$.shape", "sizes of at least 0, got -1"),
        ({"shape": 5, "values": [1.5]}, "$.shape", "expected a list of sizes, got 5"),
        ({"shape": ["x"], "values": [1.5]}, "$.shape[0]", "expected an integer, got 'x'"),
        ({"shape": [1.5], "values": [1.5]}, "$.shape[0]", "expected an integer, got 1.5"),
        ({"shape": [True], "values": [1.5]}, "$.shape[0]", "expected an integer, got True"),
        ({"shape": [1], "values": {}}, "$.values", "expected a list of numbers, got dict"),
        ({"shape": [1], "values": [[1.5]]}, "$.values", "expected"),
        ({"shape": [1], "values": [True]}, "$.values", "expected"),
        ({"shape": [1], "values": ["x"]}, "$.values[0]", "expected"),
        ({"shape": [1], "values": b"1234567"}, "$.values", "whole float64 values, got 7"),
        ({"shape": [2**62, 4, 0], "values": []}, "$.shape", r"less than 2\*\*63 bytes"),
        ({"shape": [1] * 65, "values": [1.5]}, "$.shape", "rank of at most 64, got 65"),
    ],
)
def test_what_is_no_tensor_is_refused_with_its_path(tree: Any, path: str, reason: str) -> None:
    """A shape that is not that of the values, and values that are no numbers."""
    with pytest.raises(DecodeError, match=reason) as error:
        value(tree)
    assert error.value.within("$").path == path


def test_limits() -> None:
    """Of elements, with the path of the shape."""
    with pytest.raises(LimitError, match="at most 5 elements, got 6") as error:
        value({"shape": [6], "values": FLAT}, Limits(max_elements=5))
    assert error.value.path == "$.shape"
