"""google.protobuf.Any to JSON and back, held to protobuf's json_format."""

from typing import Any

import pytest
from google.protobuf import any_pb2, duration_pb2, json_format, struct_pb2, wrappers_pb2

from tensorwire.errors import EncodeError
from tensorwire.protocols.seldon import customdata
from tensorwire.protocols.seldon.customdata import from_json, to_json
from tests.support.nesting import nested

URL = "type.googleapis.com/google.protobuf."
MESSAGES: list[Any] = [
    duration_pb2.Duration(seconds=3, nanos=5),
    wrappers_pb2.Int64Value(value=2**62),
    wrappers_pb2.StringValue(value="é"),
    json_format.ParseDict({"a": [1.5, None, {"b": True}]}, struct_pb2.Struct()),
]


def packed(message: Any) -> Any:
    """Return the runtime's own Any of a message."""
    made = any_pb2.Any()
    made.Pack(message)
    return made


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.DESCRIPTOR.name)
def test_a_known_type_is_converted_as_protobuf_does(message: Any) -> None:
    """In both directions."""
    made = packed(message)
    ours = customdata.Any(made.type_url, made.value)
    tree = json_format.MessageToDict(made)
    assert to_json(ours, lossy=False) == tree
    assert from_json(tree, lossy=False) == ours


def test_what_is_empty() -> None:
    """No type and no bytes are the empty object."""
    assert to_json(customdata.Any(), lossy=False) == {}


@pytest.mark.parametrize("url", ["type.googleapis.com/seldon.protos.Nothing", "", "x", "/"])
def test_an_unknown_type_is_not_converted(url: str) -> None:
    """The error tells to import its module."""
    with pytest.raises(EncodeError, match="a type that protobuf's default pool has"):
        to_json(customdata.Any(url, b"x"), lossy=True)
    with pytest.raises(EncodeError, match="a type that protobuf's default pool has"):
        from_json({"@type": url, "a": 1}, lossy=True)


@pytest.mark.parametrize(
    ("tree", "path", "reason"),
    [
        ({"@type": URL + "Duration", "value": "x"}, "$", "expected an object of the type"),
        ({"@type": URL + "Duration", "value": "1s", "a": 1}, "$", "only the members '@type'"),
        ({"@type": URL + "Duration"}, "$", "expected an object of the type"),
        (
            {"@type": URL + "Int64Value", "value": 2**53 + 1},
            "$.value",
            "integers that float64 represents",
        ),
        ({"@type": URL + "Struct", "value": nested(200)}, "$", "levels of nesting"),
    ],
)
def test_an_object_that_its_type_does_not_hold(tree: Any, path: str, reason: str) -> None:
    """With its place."""
    with pytest.raises(EncodeError, match=reason) as error:
        from_json(tree, lossy=False)
    assert error.value.within("$").path.startswith(path)


def test_lossy_takes_an_integer_that_may_be_rounded() -> None:
    """Quoted, it is exact without."""
    for value in (2**53 + 1, str(2**53 + 1)):
        made = from_json({"@type": URL + "Int64Value", "value": value}, lossy=value != str(value))
        assert made.value == wrappers_pb2.Int64Value(value=2**53 + 1).SerializeToString()


@pytest.mark.parametrize("value", [b"\xff", b"\x0a\x05", b"\x08"])
def test_bytes_that_are_no_message_of_the_type(value: bytes) -> None:
    """The runtime refuses them."""
    with pytest.raises(EncodeError, match="expected the bytes of") as error:
        to_json(customdata.Any(URL + "Duration", value), lossy=True)
    assert error.value.path == "$.value"


def test_what_json_does_not_represent_is_a_loss() -> None:
    """A field that the type does not have."""
    body = MESSAGES[0].SerializeToString() + b"\x98\x06\x01"
    message = customdata.Any(URL + "Duration", body)
    with pytest.raises(EncodeError, match="pass lossy=True to drop them") as error:
        to_json(message, lossy=False)
    assert error.value.path == "$.value"
    assert to_json(message, lossy=True)["value"] == "3.000000005s"
