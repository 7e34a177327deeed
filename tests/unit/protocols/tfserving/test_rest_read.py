"""Small JSON bodies are read directly only where that is what the general reader reads."""

import json
from random import Random
from typing import Any

import numpy as np
import pytest

import tensorwire as tw
from tensorwire.protocols.tfserving.rest_read import SMALL, small_message
from tests.support.expectations import describe
from tests.support.tfserving_values import Request, Response

protocol: Any = tw.get_protocol("tfserving/json")


def small(body: bytes) -> tuple[str, Any, bool] | None:
    """Return name, array, and whether it is by rows, of a body that is read directly."""
    message = small_message(body, Request, ("instances", "inputs"))
    if message is None:
        return None
    ((name, array),) = message.inputs.items()
    return name, array, message.rows


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
    for pad in ("", " " * 2000):  # few and many are read in two ways
        found = small(b'{"instances":%b}' % (text + pad).encode())
        assert found is not None
        name, array, rows = found
        assert (name, rows) == ("", True)
        assert describe(array) == describe(np.array(wanted))
        assert array.flags.writeable


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
    for pad in ("", " " * 2000):
        assert small(b'{"instances":%b}' % (text + pad).encode()) is None


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


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('{"instances":[{"x":[1.5,2.5]}]}', ("x", [[1.5, 2.5]], True)),
        ('{"instances":[{"x":3}]}', ("x", [3], True)),
        ('{ "inputs" : [1.5] }', ("", [1.5], False)),
        ('{"inputs":{"a.e":[[1],[2]]}}', ("a.e", [[1], [2]], False)),
        ('{"instances":[{"x":[1.5,true]}]}', None),
        ('{"instances":[{"a":[1],"x":[1.5]}]}', None),
        ('{"instances":[{"x":[1.5]},{"x":[1.5]}]}', None),
        ('{"instances":{"x":[1.5]}}', None),
        ('{"inputs":[{"x":[1.5]}]}', None),
        ('{"inputs":{"x":1.5}}', None),
        ('{"inputs":[1.5],"instances":[1.5]}', None),
        ('{"outputs":[1.5]}', None),
        ('{"inputs":{"a.b":[18446744073709551616]}}', None),
    ],
)
def test_names(text: str, wanted: Any) -> None:
    """One array is read with or without a name, by rows or as a whole."""
    for pad in ("", " " * 2000):
        found = small((text + pad).encode())
        assert (found is None) == (wanted is None)
        if found:
            name, array, rows = found
            assert (name, describe(array), rows) == (
                wanted[0], describe(np.array(wanted[1])), wanted[2],
            )  # fmt: skip


TOKENS = ("1.5", "2", "-0.0", "1e3", "2.5e-05", "true", "null", '"a.e"', "[1.5]", "[]", "{}", "NaN")
LARGE = (
    "9007199254740993",
    "9223372036854775808",
    "18446744073709551616",
    "1.5e300",
    "1e400",
    "9" * 200,
)


@pytest.mark.parametrize("seed", range(8))
def test_generated_bodies(seed: int) -> None:
    """Few and many numbers, regular but for a token: what is read is the general reader's word."""
    chance = Random(seed)  # noqa: S311 - the same ones every time
    held = 0
    for _ in range(60):
        count, width = chance.choice((1, 2, 24, 25, 60)), chance.choice((1, 2, 3))
        usual = chance.choice(("1.5", "7", "-2.25e-3"))
        rows = [[usual] * width for _ in range(count)]
        for _ in range(chance.choice((0, 1, 1, 2))):
            chance.choice(rows)[chance.randrange(width)] = chance.choice(TOKENS + LARGE)
        if chance.random() < 0.1:
            chance.choice(rows).pop()
        flat = chance.random() < 0.3
        texts = [",".join(row) if flat else f"[{','.join(row)}]" for row in rows]
        text = f"[{chance.choice((',', ', ', ' ,')).join(texts)}]"
        form = chance.choice(FORMS)
        body = (form % text).encode()
        direct = small(body)
        wanted = read(body, Request, tw.Limits())
        assert read(body, Request, None) == wanted, body
        if direct is not None:
            held += 1
            name, array, by_rows = direct
            assert (by_rows, {name: describe(array)}) == wanted, body
            kept = json.loads(body)  # of a key twice the last, as orjson
            node = kept.get("instances", kept.get("inputs"))
            while isinstance(node, (dict, list)) and name and name not in node:
                (node,) = node
            assert np.array_equal(
                array, np.array(node[name] if name else node).reshape(array.shape)
            )
    assert held > 3


FORMS = (
    '{"instances":%s}',
    '{"instances": %s}',
    '{"inputs":%s}',
    '{"instances":[{"a.b":%s}]}',
    '{"inputs":{"x":%s}}',
    '{"instances":[true,1],"instances":%s}',
    '{"instances":[{"x":[2.5],"x":%s}]}',
    '{"instances":%s}}',
    '{"instances":%s,"signature_name":"e"}',
)
