"""What is known of our messages, held to their descriptors; trees, held to json_format."""

import json
from typing import Any

import numpy as np
import pytest
from google.protobuf import descriptor_pool, json_format
from google.protobuf.internal import encoder as encoder_module
from hypothesis import given
from hypothesis import strategies as st

from tensorwire.containers.protobuf.schema import (
    Form,
    descriptor,
    message_class,
    pool,
    schema,
    to_tree,
)
from tensorwire.tree import ARRAY, Role
from tests.support.expectations import describe
from tests.support.nesting import nested
from tests.support.protobuf_messages import MESSAGES, made, trees, written

encoder: Any = encoder_module  # the stubs have no functions of it
SELDON = "seldon.protos.SeldonMessage"
NAMES = (
    *MESSAGES,
    *(SELDON, "seldon.protos.Feedback", "seldon.protos.Meta", "seldon.protos.Tensor"),
    *("inference.ModelInferRequest", "inference.InferTensorContents", "tensorflow.TensorProto"),
)
WIRE_TYPES = {1: 1, 2: 5, 3: 0, 4: 0, 5: 0, 8: 0, 9: 2, 11: 2, 12: 2, 13: 0, 14: 0}  # by type


@pytest.mark.parametrize("name", NAMES)
def test_fields_are_those_of_the_descriptor(name: str) -> None:
    """By either name and by tag: numbers, whether repeated, in a oneof, and which enum."""
    known = schema(name)
    assert known is schema(name)
    assert known.name == name
    for field in descriptor(name).fields:
        found = known.fields[field.name]
        assert found is known.fields[field.json_name]
        repeated = field.default_value == []
        assert (found.name, found.number, found.repeated) == (
            field.json_name,
            field.number,
            repeated,
        )
        assert found.oneof is (field.containing_oneof is not None)
        wire_type = 2 if repeated else WIRE_TYPES[field.type]
        assert found.tag == encoder.TagBytes(field.number, wire_type)
        if field.enum_type is not None:
            assert found.enum == {one.number: one.name for one in field.enum_type.values}
        tagged = known.by_tag.get(int.from_bytes(found.tag, "little"))
        assert tagged is None if found.form is Form.OPAQUE and not found.message else tagged


@pytest.mark.parametrize(
    ("name", "field", "form", "role"),
    [
        (SELDON, "status", Form.MESSAGE, None),
        (SELDON, "binData", Form.BYTES, Role.BLOB),
        (SELDON, "strData", Form.STRING, None),
        (SELDON, "jsonData", Form.OPAQUE, None),
        (SELDON, "customData", Form.OPAQUE, None),
        ("seldon.protos.DefaultData", "ndarray", Form.LISTVALUE, Role.NESTED),
        ("seldon.protos.Tensor", "values", Form.FIXED, Role.VALUES),
        ("seldon.protos.Tensor", "shape", Form.VARINTS, Role.VALUES),
        ("seldon.protos.Meta", "tags", Form.OPAQUE, None),
        ("seldon.protos.Meta", "requestPath", Form.OPAQUE, None),
        ("seldon.protos.Metric", "value", Form.FLOAT, None),
        ("seldon.protos.Metric", "type", Form.INTEGER, None),
        ("inference.ModelInferRequest", "parameters", Form.MAP, None),
        ("inference.ModelInferRequest", "rawInputContents", Form.BYTES, Role.BLOB),
        ("inference.InferTensorContents", "bytesContents", Form.BYTES, Role.STRINGS),
        ("tensorflow.serving.ModelSpec", "version", Form.MESSAGE, None),
    ],
)
def test_how_a_field_lies_in_the_bytes(
    name: str, field: str, form: Form, role: Role | None
) -> None:
    """What the fast paths read, and what is left to the runtime."""
    found = schema(name).fields[field]
    assert (found.form, found.role) == (form, role)


def test_where_arrays_may_be() -> None:
    """By either of the JSON names, in messages, in lists of them and in maps."""
    places = schema(SELDON).places
    assert places["data"]["ndarray"] == places["binData"] == {ARRAY: True}
    assert places["data"]["tensor"]["values"] == {ARRAY: True}
    assert places["data"]["tftensor"]["tensorContent"] == {ARRAY: True}
    assert places["data"]["tftensor"]["tensor_content"] == {ARRAY: True}
    assert not {"strData", "jsonData", "meta", "status"} & set(places)
    assert schema(SELDON).names >= {"ndarray", "binData", "values", "tensorContent", "shape"}
    raw = schema("inference.ModelInferRequest").places
    assert raw["raw_input_contents"] == raw["rawInputContents"] == {ARRAY: True}
    assert "contents" in raw["inputs"]


def test_the_pool_is_ours() -> None:
    """Nothing of it is in protobuf's default pool, whatever else is loaded in the process."""
    assert pool() is pool()
    assert pool() is not descriptor_pool.Default()
    assert message_class(SELDON) is message_class(SELDON)
    assert message_class(SELDON).DESCRIPTOR is descriptor(SELDON)
    assert descriptor(SELDON).file.pool is pool()
    try:
        other = descriptor_pool.Default().FindMessageTypeByName(SELDON)
    except KeyError:
        return
    assert other is not descriptor(SELDON)
    with pytest.raises(KeyError):
        descriptor("seldon.protos.Nothing")


@pytest.mark.parametrize("name", MESSAGES)
@given(data=st.data())
def test_a_tree_makes_the_message_again(name: str, data: st.DataObject) -> None:
    """It is that of protobuf's JSON, with numbers as numbers."""
    message = made(name, data.draw(trees(descriptor(name))))
    assert written(name, to_tree(message)) == message.SerializeToString(deterministic=True)


@pytest.mark.parametrize(
    "tree",
    [
        {},
        {"status": {"code": 5, "status": "FAILURE"}, "strData": "é"},
        {"meta": {"puid": "p", "tags": {"a": [None, True, {"b": "c"}], "d": 1.5, "e": {}}}},
        {"meta": {"routing": {"a": -1}, "requestPath": {"b": "c"}}},
        {"meta": {"metrics": [{"key": "k", "type": "TIMER", "value": 0.5, "tags": {"x": "y"}}]}},
        {"data": {"names": ["a", ""], "ndarray": [[1.5, "a"], [True, []]]}},
        {"jsonData": {"a": [1.0, [], {}], "b": None}},
        {"jsonData": [[["x"]]]},
        {"jsonData": "text"},
    ],
)
def test_a_tree_is_that_of_json_format(tree: dict[str, Any]) -> None:
    """All that a SeldonMessage has beside typed arrays."""
    message = json_format.ParseDict(tree, message_class(SELDON)())
    wanted = json_format.MessageToDict(message)
    assert json.dumps(to_tree(message), sort_keys=True) == json.dumps(wanted, sort_keys=True)


def test_arrays_are_typed() -> None:
    """Packed numbers have the dtype of their field, bytes are uint8, and NaN is kept."""
    tensor = {"shape": [2, -1], "values": [float("nan"), 0.5]}
    found = to_tree(made(SELDON, {"data": {"tensor": tensor}}))["data"]["tensor"]
    assert describe(found["shape"]) == describe(np.array([2, -1], np.int32))
    assert describe(found["values"]) == describe(np.array([np.nan, 0.5]))
    assert describe(to_tree(made(SELDON, {"binData": b"ab"}))["binData"]) == describe(
        np.array([97, 98], np.uint8)
    )
    contents = {"boolContents": [True, False], "bytesContents": [b"a", b""], "fp32Contents": [0.1]}
    found = to_tree(made("inference.InferTensorContents", contents))
    assert describe(found["boolContents"]) == describe(np.array([True, False]))
    assert found["bytesContents"] == [b"a", b""]
    assert describe(found["fp32Contents"]) == describe(np.array([0.1], np.float32))


def test_a_value_without_a_kind() -> None:
    """It is null among plain values, and not a value of an array."""
    message: Any = message_class(SELDON)()
    message.jsonData.list_value.values.add()
    assert to_tree(message) == {"jsonData": [None]}
    message.data.ndarray.values.add()
    (odd,) = to_tree(message)["data"]["ndarray"]
    assert odd is not None
    assert type(odd).__name__ == "Value without a kind"


def test_an_enum_of_a_later_release_is_its_number() -> None:
    """As in json_format."""
    message: Any = message_class("seldon.protos.Status")(status=7)
    assert to_tree(message) == json_format.MessageToDict(message) == {"status": 7}


@pytest.mark.parametrize("depth", [1, 90])
def test_depth_takes_no_frames(depth: int) -> None:
    """Lists in lists are read as deep as the runtime reads them."""
    message: Any = message_class(SELDON)()
    value = message.jsonData
    for _ in range(depth):
        value = value.list_value.values.add()
    value.number_value = 1.5
    assert to_tree(message) == {"jsonData": nested(depth)}
