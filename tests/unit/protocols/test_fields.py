"""Plain fields are checked when written and when read, with their paths."""

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import numpy as np
import orjson
import pytest

from tensorwire.errors import DecodeError, EncodeError
from tensorwire.protocols import fields
from tests.support.nesting import nested

SCALAR = "expected a bool, integer, float or string"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fields.text(5, "$.id"), "expected a string, got 5 - at $.id"),
        (
            lambda: fields.text("\ud800", "$.id"),
            "expected Unicode text, got '\\ud800' - at $.id",
        ),
        (lambda: fields.listed({}, str, "$.a"), "expected a list, got dict - at $.a"),  # type: ignore[arg-type]
        (lambda: fields.listed([1], str, "$.a"), "expected str, got 1 - at $.a[0]"),
        (lambda: fields.mapping([], "$.p"), "expected a dict, got list - at $.p"),
        (lambda: fields.mapping({1: 2}, "$.p"), "expected a string, got 1 - at $.p"),
        (
            lambda: fields.scalar_parameters({"a": 2**64}, "$.p", lossy=False),
            "expected an integer of 64 bits, got 18446744073709551616 - at $.p.a",
        ),
        (
            lambda: fields.scalar_parameters({"a": [1]}, "$.p", lossy=False),
            f"{SCALAR}, got list - at $.p.a; use oip/json, or pass lossy=True to drop it",
        ),
        (
            lambda: fields.json_parameters({"a": 1j}, "$.p"),
            "expected a JSON value, got 1j - at $.p.a",
        ),
        (
            lambda: fields.json_parameters({"a": nested(200)}, "$.p"),
            "expected at most 100 levels of parameters, got more - at $.p.a",
        ),
    ],
)
def test_what_is_not_written(call: Callable[[], Any], message: str) -> None:
    """An error tells what was expected, what came, and where."""
    with pytest.raises(EncodeError) as caught:
        call()
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fields.member({"a": 5}, "a"), "expected a string, got 5 - at $.a"),
        (lambda: fields.required({}, "a"), "expected the required member 'a', got nothing"),
        (lambda: fields.required({"a": None}, "a"), "expected the required member 'a', got null"),
        (lambda: fields.sizes([1.5]), "expected a list of integers, got list - at $.shape"),
        (lambda: fields.sizes(5), "expected a list of integers, got 5 - at $.shape"),
        (lambda: fields.sizes([2, -1]), "expected a size of 0 or more, got -1 - at $.shape[1]"),
        (lambda: fields.objects({"a": {}}, "a"), "expected a list of objects, got dict - at $.a"),
        (lambda: fields.objects({"a": [{}, 1]}, "a"), "expected an object, got 1 - at $.a[1]"),
        (lambda: fields.values({"parameters": []}), "expected an object, got list - at $.param"),
        (lambda: fields.values({"parameters": {"a": nested(200)}}), "expected at most 100 levels"),
    ],
)
def test_what_is_not_read(call: Callable[[], Any], message: str) -> None:
    """An error tells what was expected, what came, and where."""
    with pytest.raises(DecodeError) as caught:
        call()
    assert str(caught.value).startswith(message)


def test_what_is_read() -> None:
    """Missing members are empty, and parameters are the caller's own."""
    assert fields.member({}, "a") == fields.member({"a": None}, "a") == ""
    assert fields.objects({}, "a") == fields.objects({"a": None}, "a") == []
    assert fields.sizes(None) == []
    assert fields.sizes(np.array([2, 3])) == [2, 3]
    tree = {"parameters": {"a": [1, {"b": None}]}}
    assert fields.values(tree) == tree["parameters"]
    assert fields.values(tree) is not tree["parameters"]


def test_what_is_written() -> None:
    """Numpy's values and other mappings are written as the values that they are."""
    given = MappingProxyType({"a": np.float32(1.5), "b": None, "c": [np.int8(1), {"d": "é"}]})
    written = orjson.dumps(fields.json_parameters(given, "$.p"))
    assert orjson.loads(written) == {"a": 1.5, "b": None, "c": [1, {"d": "é"}]}
    scalars = {"a": np.int8(1), "b": None}
    assert fields.scalar_parameters(scalars, "$.p", lossy=False) == {"a": 1}
    assert fields.scalar_parameters({"a": [1]}, "$.p", lossy=True) == {}
    assert fields.text(np.str_("a\0"), "$") == "a\0"
