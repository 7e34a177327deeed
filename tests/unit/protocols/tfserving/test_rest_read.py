"""Small JSON bodies are read directly only where that is what the general reader reads."""

from typing import Any

import numpy as np
import pytest

import tensorwire as tw
from tensorwire.protocols.tfserving.rest_read import SMALL, small_array, small_row
from tests.support.expectations import describe
from tests.support.tfserving_values import Request, Response

protocol: Any = tw.get_protocol("tfserving/json")
START = len(b'{"instances":')


def read(body: bytes, kind: Any, limits: tw.Limits | None) -> Any:
    """Return what a body says, or the text of the error; with limits, by the general reader."""
    try:
        message = protocol.decode(body, type=kind, limits=limits)
    except tw.DecodeError as error:
        return str(error)
    arrays = message.inputs if kind is Request else message.outputs
    return message.rows, {name: describe(array) for name, array in arrays.items()}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("[[1.5,2.5]]", [[1.5, 2.5]]),
        ("[[1.5], [2.5]]", [[1.5], [2.5]]),
        ("[-0.0]", [-0.0]),
        ("[1,2]", [1, 2]),
        ("[1.5,2]", [1.5, 2.0]),
        ("[1,-9223372036854775808]", [1, -(2**63)]),
    ],
)
def test_numbers(text: str, wanted: Any) -> None:
    """Floats, integers of 64 bits, and small integers among floats are read."""
    found = small_array(b'{"instances":%b}' % text.encode(), START)
    assert found is not None
    assert describe(found) == describe(np.array(wanted))


@pytest.mark.parametrize(
    "text",
    [
        "[true,1.5]",
        "[1,true]",
        "[true]",
        "[null,1.5]",
        "[null]",
        "[]",
        "[[],[]]",
        "[[1.5],[2.5,3.5]]",
        "[1.5,9007199254740993]",
        "[1,9223372036854775808]",
        "[-1,9223372036854775808]",
        "[18446744073709551616]",
        "[1e3,true]",
        "[NaN]",
        "1.5",
        "{}",
        "[1.5",
    ],
)
def test_what_is_left_to_the_general_reader(text: str) -> None:
    """Bools, null, ragged and empty lists, long integers, and what is not JSON are not read."""
    assert small_array(b'{"instances":%b}' % text.encode(), START) is None


@pytest.mark.parametrize(
    "body",
    [
        b'{"instances":[1.5,2.5],"instances":[1,true]}',
        b'{"instances":[1,true],"instances":[1.5,2.5]}',
        b'{"instances":[{"x":[1.5]},{"x":[2.5]}]}',
        b'{"instances":[{"x":[1.5]},2]}',
        b'{"instances":[{"x":[1.5,true]}]}',
        b'{"instances":[{"x":1.5}]}',
        b'{"instances":[{"x.y":[1,true]}]}',
        b'{"instances":[{"b64":[1.5]}]}',
        b'{"instances":[{"\\u0078":[1.5]}]}',
        b'{"instances":[{"x":[]}]}',
        b'{"instances":[{"x":{"y":1.5}}]}',
        b'{"inputs":[1.5,2.5]}',
        b'{"inputs":{"x":[1.5,2.5]}}',
        b'{ "instances": [1.5, 2.5]}',
        b'{"instances": [1.5, 2.5]}\n',
        b'{"instances":[1.5]}}',
        b'{"instances":5.5}',
        b'{"instances":[1e400]}',
        b'{"instances":[1e3,2.5]}',
        b'{"instances":' + b"[" * 70 + b"1.5" + b"]" * 70 + b"}",
    ],
)
@pytest.mark.parametrize("kind", [Request, Response])
def test_as_the_general_reader_reads(body: bytes, kind: Any) -> None:
    """What is read directly is what is read where limits are given; an error is the same one."""
    if kind is Response:
        body = body.replace(b"instances", b"predictions").replace(b"inputs", b"outputs")
    assert read(body, kind, None) == read(body, kind, tw.Limits())


def test_long_bodies_are_left_to_the_general_reader() -> None:
    """A body that is longer than the bound has the same array."""
    for size in (SMALL // 4 - 10, SMALL // 4 + 10):
        array = np.arange(float(size)) + 0.5
        body = protocol.encode(Request({"": array}))[0]
        assert np.array_equal(protocol.decode(body).inputs[""], array)


def test_small_row() -> None:
    """One row of one named array is read; two strings are the only ones."""
    start = b'{"instances":[{"x":'
    found = small_row(start + b"[1.5,2.5]}]}", start)
    assert found is not None
    assert describe(found["x"]) == describe(np.array([[1.5, 2.5]]))
    assert small_row(start + b"[1.5,true]}]}", start) is None
    longer = b'{"instances":[{"a":[1],"x":'
    assert small_row(longer + b"[1.5]}]}", longer) is None
