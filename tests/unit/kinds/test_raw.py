"""The kind `raw`: bytes as they are, and the memory of arrays."""

import array as stdlib_array
from typing import Any

import numpy as np
import pytest

from tensorwire.errors import DecodeError, EncodeError, LimitError
from tensorwire.kinds.raw import Raw
from tensorwire.limits import DEFAULT_LIMITS, Limits
from tensorwire.tree import Role

KIND = Raw()


@pytest.mark.parametrize(
    "given",
    [
        b"abc",
        bytearray(b"abc"),
        memoryview(b"abc"),
        stdlib_array.array("d", [1.5]),
        np.arange(6, dtype=">i4").reshape(2, 3),
        np.array([b"a", b"bc"]),
        np.array([], np.float32),
        np.float64(0.1),
        np.array([1 + 2j]),
    ],
    ids=lambda given: type(given).__name__,
)
def test_the_bytes_are_those_of_the_memory(given: Any) -> None:
    """In C order, whatever the dtype."""
    leaf = KIND.leaf(given, lossy=False)
    assert leaf.role is Role.BLOB
    memory = given if isinstance(given, (bytes, bytearray)) else np.asarray(given).tobytes()
    assert leaf.data.tobytes() == memory
    assert KIND.tree(leaf) is leaf


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("abc", "expected bytes or an array for raw, got str"),
        (1.5, "got float"),
        (True, "got bool"),
        ([1, 2], "got list"),
        ((1, 2), "got tuple"),
        (None, "None"),
        (object(), "object"),
        (np.array(["a", 1], object), "strings|mix"),
    ],
)
def test_values_without_bytes_of_their_own_are_refused(given: Any, reason: str) -> None:
    """Strings, numbers and lists could be bytes in more than one way."""
    with pytest.raises(EncodeError, match=reason):
        KIND.leaf(given, lossy=True)


@pytest.mark.parametrize("tree", [b"abc", "YWJj", "YWJj\n", np.frombuffer(b"abc", np.uint8)])
def test_bytes_and_base64_are_read(tree: Any) -> None:
    """As a flat array of uint8."""
    found = KIND.value(tree, 10, DEFAULT_LIMITS, None)
    assert (found.dtype.str, found.shape, found.tobytes()) == ("|u1", (3,), b"abc")


def test_bytes_are_not_copied() -> None:
    """They are a view of the payload."""
    body = b"abc"
    found = KIND.value(body, 10, DEFAULT_LIMITS, None)
    assert np.shares_memory(found, np.frombuffer(body, np.uint8))


@pytest.mark.parametrize("tree", [None, 1, [1], {}, "?", "YWJ"], ids=repr)
def test_what_is_no_bytes_is_refused(tree: Any) -> None:
    """Other types, and text that is not base64."""
    if tree == "YWJ":  # without the padding that some writers leave out
        assert KIND.value(tree, 10, DEFAULT_LIMITS, None).tobytes() == b"ab"
        return
    with pytest.raises(DecodeError, match="expected b"):
        KIND.value(tree, 10, DEFAULT_LIMITS, None)


def test_limits() -> None:
    """Of bytes and elements."""
    for limits in (Limits(max_bytes=2), Limits(max_elements=2)):
        with pytest.raises(LimitError, match="at most 2"):
            KIND.value(b"abc", 10, limits, None)
