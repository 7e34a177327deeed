"""Our reading of msgpack is the msgpack library's, whatever the sizes of numbers and headers."""

import struct
from itertools import product
from typing import Any

import msgpack
import numpy as np
import pytest

import tensorwire as tw
from tests.support.reader_checks import agree

NAMES = ("msgpack/ndarray", "msgpack/tensor", "msgpack/tftensor", "msgpack/raw")
codecs = pytest.mark.parametrize("name", NAMES)
HEAD = b"\x81\xa4data\x81\xa7ndarray"
ELEMENTS = {  # one number in each of the sizes that msgpack has
    "float64": struct.pack(">Bd", 0xCB, 1.5),
    "float32": struct.pack(">Bf", 0xCA, 1.5),
    "uint8": b"\xcc\xff",
    "uint16": b"\xcd\xff\xff",
    "uint32": b"\xce\xff\xff\xff\xff",
    "uint64": b"\xcf" + b"\xff" * 8,
    "small uint64": b"\xcf" + bytes(7) + b"\x05",
    "int8": b"\xd0\xff",
    "int16": b"\xd1\xff\xff",
    "int32": b"\xd2\xff\xff\xff\xff",
    "int64": b"\xd3\x80" + bytes(7),
    "fixint": b"\x05",
    "negative fixint": b"\xff",
    "nil": b"\xc0",
    "false": b"\xc2",
    "str": b"\xa1a",
    "bin": b"\xc4\x01a",
    "empty list": b"\x90",
    "list": b"\x91\x05",
    "map": b"\x80",
    "ext": b"\xd4\x05a",
    "timestamp": b"\xd6\xff" + bytes(4),
    "reserved": b"\xc1",
}


def lists(rows: list[list[bytes]]) -> bytes:
    """Return an ndarray message of rows of encoded elements."""
    body = b"".join(b"\xdc" + struct.pack(">H", len(row)) + b"".join(row) for row in rows)
    return HEAD + b"\xdd" + struct.pack(">I", len(rows)) + body


@pytest.mark.slow
@pytest.mark.parametrize("most", ELEMENTS)
def test_one_element_among_others(most: str) -> None:
    """One element of another sort, wherever it stands, is never read as its neighbours are."""
    for count in (3, 200):
        alike = [ELEMENTS[most]] * count
        agree("msgpack/ndarray", lists([alike]))
        for other, place in product(ELEMENTS.values(), (0, 1, count - 1)):
            row = [*alike[:place], other, *alike[place + 1 :]]
            agree("msgpack/ndarray", lists([row]))
            agree("msgpack/ndarray", lists([alike, row]))
            agree("msgpack/ndarray", lists([row, alike]))


@pytest.mark.parametrize("element", ELEMENTS)
def test_rows_of_other_headers(element: str) -> None:
    """Rows with headers of other sizes, or of other lengths, are read as msgpack does."""
    item = ELEMENTS[element]
    for count in (2, 15, 16, 70):
        row16 = b"\xdc" + struct.pack(">H", count) + item * count
        row32 = b"\xdd" + struct.pack(">I", count) + item * count
        fixed = bytes([0x90 | count]) + item * count if count < 16 else row16
        shorter = b"\xdc" + struct.pack(">H", count - 1) + item * (count - 1)
        for rows in ([row16] * 9, [row32] * 9, [fixed] * 9, [row16, row32], [row16, shorter]):
            agree("msgpack/ndarray", HEAD + bytes([0x90 | len(rows)]) + b"".join(rows))
            agree("msgpack/ndarray", HEAD + bytes([0x91 | len(rows)]) + b"".join(rows))
            agree("msgpack/ndarray", HEAD + bytes([0x90 | len(rows)]) + b"".join(rows) + b"\x00")


VALUES = np.arange(300.0)
WHOLE: list[Any] = [
    {"data": {"ndarray": VALUES.tobytes()}},
    {"data": {"tensor": {"shape": VALUES.tolist(), "values": b""}}},
    {"data": {"tensor": {"shape": [300], "values": VALUES.tolist()}}},
    {"data": {"tensor": {"shape": [30, 10], "values": VALUES.reshape(30, 10).tolist()}}},
    {"data": {"tensor": {"shape": [300], "values": VALUES.tobytes()}, "names": ["\u00e9"]}},
    {"data": {"tensor": {"shape": [300], "values": VALUES.tobytes() + b"x"}}},
    {"data": {"tensor": {"shape": b"\x01", "values": VALUES[:1].tobytes()}}},
    {"data": {"names": VALUES.tolist(), "tensor": {"shape": [1], "values": [1]}}},
    {
        "data": {
            "tftensor": {"dtype": 3, "tensorShape": {"dim": [{"size": 300}]}, "intVal": bytes(300)}
        }
    },
    {
        "data": {
            "tftensor": {
                "dtype": 1,
                "tensorShape": {"dim": [{"size": 300}]},
                "floatVal": VALUES.tobytes(),
            }
        }
    },
    {
        "data": {
            "tftensor": {
                "dtype": 2,
                "tensorShape": {"dim": [{"size": 300}]},
                "tensorContent": VALUES.tolist(),
            }
        }
    },
    {
        "data": {
            "tftensor": {
                "dtype": 7,
                "tensorShape": {"dim": [{"size": 300}]},
                "stringVal": bytes(300),
            }
        }
    },
    {
        "data": {
            "tftensor": {
                "dtype": 7,
                "tensorShape": {"dim": [{"size": 300}]},
                "stringVal": VALUES.tolist(),
            }
        }
    },
    {
        "data": {
            "tftensor": {
                "dtype": 24,
                "tensorShape": {"dim": [{"size": 300}]},
                "float8Val": VALUES.tolist(),
            }
        }
    },
    {"binData": VALUES.tolist()},
    {"binData": "AAAA"},
    {"meta": {"tags": {"ndarray": VALUES.tolist()}}, "data": {"ndarray": [1]}},
    {"ndarray": VALUES.tolist()},
    {"x": {"binData": bytes(400)}, "binData": b"a"},
    [{"binData": b"a"}],
]


@codecs
@pytest.mark.parametrize("which", range(len(WHOLE)))
def test_long_arrays_in_odd_places(name: str, which: int) -> None:
    """A long array or `bin` that the fast reader finds is used only where msgpack has it."""
    body = msgpack.packb(WHOLE[which])
    agree(name, body)
    agree(name, body + b"\xc0")
    agree(name, body[:-1])


def test_the_last_of_doubled_keys_counts() -> None:
    """As in Python's dict, whichever of the two arrays is the long one."""
    long, short = msgpack.packb([1.5] * 200), msgpack.packb([2.5])
    for first, last in ((long, short), (short, long)):
        body = b"\x81\xa4data\x82\xa7ndarray" + first + b"\xa7ndarray" + last
        assert agree("msgpack/ndarray", body)
        assert tw.get_codec("msgpack/ndarray").decode(body).tolist() == msgpack.unpackb(last)
