"""Plain fields of messages, held byte for byte to protobuf's runtime."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorwire.containers.protobuf.schema import descriptor, message_class, schema
from tensorwire.containers.protobuf.write import map_order, simple
from tests.support.expectations import describe
from tests.support.protobuf_messages import MESSAGES, trees, written


@pytest.mark.parametrize("name", MESSAGES)
@given(data=st.data())
def test_simple_fields(name: str, data: st.DataObject) -> None:
    """Plain fields are written byte for byte as the runtime writes them, or left to it."""
    tree = data.draw(trees(descriptor(name)))
    found = simple(tree, schema(name))
    assert found in (None, written(name, tree))
    assert found is not None or "version" in tree  # a bare number for a message


@pytest.mark.parametrize(
    ("name", "tree"),
    [
        ("inference.InferParameter", {"int64Param": 2**63}),
        ("inference.InferParameter", {"int64Param": "-9223372036854775809"}),
        ("inference.InferParameter", {"uint64Param": -1}),
        ("inference.InferParameter", {"int64Param": 1.0}),
        ("inference.InferParameter", {"int64Param": True}),
        ("inference.InferParameter", {"boolParam": 1}),
        ("inference.InferParameter", {"stringParam": b"a"}),
        ("inference.InferParameter", {"stringParam": "\ud800"}),
        ("inference.InferParameter", {"doubleParam": 1}),
        ("inference.InferParameter", {"noParam": 1}),
        ("inference.ModelMetadataResponse", {"versions": "abc"}),
        ("inference.ModelMetadataResponse", {"inputs": {"name": "x"}}),
        ("inference.ModelMetadataResponse", {"inputs": [{"shape": [True]}]}),
        ("inference.ModelMetadataResponse", {"name": None}),
        ("seldon.protos.Status", {"status": "NO"}),
        ("seldon.protos.Status", {"code": 2**31}),
    ],
    ids=repr,
)
def test_what_is_not_simple(name: str, tree: Any) -> None:
    """A value that is not just what its field takes is left to the runtime."""
    assert simple(tree, schema(name)) is None


def test_a_signed_zero_is_no_default() -> None:
    """Negative zero is written where zero is not, in numbers of a oneof both."""
    for number in (0.0, -0.0, float("nan"), float("inf")):
        made: Any = message_class("inference.InferParameter")(double_param=number)
        written = simple({"doubleParam": number}, schema("inference.InferParameter"))
        assert written == made.SerializeToString()
        assert describe(np.float64(made.double_param)) == describe(np.float64(number))


@given(keys=st.sets(st.text(max_size=4), max_size=8))
def test_keys_of_maps_are_in_the_order_of_the_runtime(keys: set[str]) -> None:
    """Of two keys with the same beginning, the longer comes first."""
    name = "inference.ModelInferRequest.InferRequestedOutputTensor"
    tree = {"parameters": {key: {"int64Param": 1} for key in keys}}
    assert simple(tree, schema(name)) == written(name, tree)
    assert sorted(["a", "ab", "b", ""], key=map_order) == ["ab", "a", "b", ""]


def test_an_empty_message_has_no_bytes() -> None:
    """Neither has one whose values are the defaults."""
    for tree in ({}, {"name": "", "versions": [], "inputs": []}):
        assert simple(tree, schema("inference.ModelMetadataResponse")) == b""
    body = simple({"name": "m", "inputs": [{}]}, schema("inference.ModelMetadataResponse"))
    assert body == b"\x0a\x01m\x22\x00"
