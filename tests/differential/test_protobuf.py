"""Our reading of protobuf is the official runtime's, whoever wrote the bytes and however oddly."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tensorwire as tw
from tests.support.reader_checks import agree
from tests.support.reference import SeldonMessage, protobuf_bytes
from tests.support.variants import varint

NAMES = ("protobuf/ndarray", "protobuf/tensor", "protobuf/tftensor", "protobuf/raw")
codecs = pytest.mark.parametrize("name", NAMES)


def field(number: int, content: bytes) -> bytes:
    """Return a field of bytes, a string, a message or packed numbers."""
    return varint(number << 3 | 2, None) + varint(len(content), None) + content


def number(field_number: int, value: int) -> bytes:
    """Return a field of one integer."""
    return varint(field_number << 3, None) + varint(value % 2**64, None)


def tensor(*fields: bytes) -> bytes:
    """Return a message whose data (3) is a tensor (2)."""
    return field(3, field(2, b"".join(fields)))


def ndarray(*fields: bytes) -> bytes:
    """Return a message whose data (3) is an ndarray (3)."""
    return field(3, field(3, b"".join(fields)))


def tftensor(dtype: int, shape: list[int], *fields: bytes) -> bytes:
    """Return a message whose data (3) is a tftensor (4)."""
    dims = b"".join(field(2, number(1, size)) for size in shape)
    return field(3, field(4, number(1, dtype) + field(2, dims) + b"".join(fields)))


ONE, TWO = np.float64(1).tobytes(), np.float64(2).tobytes()
NUMBER = b"\x0a\x09\x11"
FINE = tensor(field(1, b"\x02"), field(2, ONE + TWO))
GROUP = b"\x63\x08\x01\x64"
NINE = b"\x80" * 8

# What a conforming writer may send, each with what protobuf reads in it.
LEGAL = {
    "an unpacked shape": (tensor(number(1, 2), field(2, ONE + TWO)), [1, 2]),
    "unpacked values": (tensor(field(1, b"\x02"), b"\x11" + ONE, b"\x11" + TWO), [1, 2]),
    "packed and unpacked": (tensor(number(1, 2), b"\x11" + ONE, field(2, TWO)), [1, 2]),
    "values before the shape": (tensor(field(2, ONE + TWO), field(1, b"\x02")), [1, 2]),
    "values in pieces": (tensor(field(2, ONE), field(1, b"\x02"), field(2, TWO)), [1, 2]),
    "an overlong size": (tensor(field(1, b"\x82" + NINE + b"\x00"), field(2, ONE + TWO)), [1, 2]),
    "a size of 64 bits": (tensor(field(1, varint(2**33 + 2, None)), field(2, ONE + TWO)), [1, 2]),
    "a tensor in pieces": (tensor(field(1, b"\x02")) + tensor(field(2, ONE + TWO)), [1, 2]),
    "an unknown field before": (number(99, 5) + FINE, [1, 2]),
    "an unknown field after": (FINE + field(99, b"xyz"), [1, 2]),
    "an unknown field within": (
        tensor(field(1, b"\x02"), number(9, 1), field(2, ONE + TWO)),
        [1, 2],
    ),
    "an unknown group": (GROUP + FINE + GROUP, [1, 2]),
    "a wrong wire type": (tensor(field(1, b"\x02"), b"\x15abcd", field(2, ONE + TWO)), [1, 2]),
    "a oneof that lost": (field(4, b"raw") + FINE, [1, 2]),
    "an inner oneof that lost": (ndarray(NUMBER + ONE) + FINE, [1, 2]),
    "an empty status": (field(1, b"") + FINE, [1, 2]),
    "no values": (tensor(field(1, b"\x00")), []),
    "an empty tensor field twice": (tensor(field(1, b"\x00"), field(2, b""), field(2, b"")), []),
}
LEGAL_NDARRAY = {
    "numbers": (ndarray(NUMBER + ONE, NUMBER + TWO), [1.0, 2.0]),
    "a list in pieces": (ndarray(NUMBER + ONE) + ndarray(NUMBER + TWO), [1.0, 2.0]),
    "a number, then another in one value": (
        ndarray(field(1, b"\x11" + ONE + b"\x11" + TWO)),
        [2.0],
    ),
    "a string, then a number": (ndarray(field(1, b"\x1a\x01a\x11" + ONE)), [1.0]),
    "an overlong length": (ndarray(b"\x0a\x89\x00\x11" + ONE), [1.0]),
    "a bool of 64 bits": (ndarray(field(1, b"\x20" + b"\xff" * 9 + b"\x01")), [True]),
    "strings and numbers": (ndarray(NUMBER + ONE, field(1, b"\x1a\x01a")), [1.0, "a"]),
    "an unknown field in a value": (ndarray(field(1, b"\x78\x01\x11" + ONE)), [1.0]),
    "nothing": (ndarray(), []),
    "empty rows": (ndarray(b"\x0a\x02\x32\x00" * 2), [[], []]),
}
LEGAL_TFTENSOR = {
    "a bool that is 2": (tftensor(10, [3], field(11, b"\x02\x00\x01")), [True, False, True]),
    "a bool of ten bytes": (tftensor(10, [1], field(11, b"\xff" * 9 + b"\x01")), [True]),
    "64 bits for 32": (tftensor(3, [1], field(7, varint(2**40 + 7, None))), [7]),
    "a negative int8": (tftensor(6, [1], field(7, varint(2**64 - 5, None))), [-5]),
    "an unpacked value": (tftensor(9, [2], number(10, 3), number(10, -4)), [3, -4]),
    "a last value repeated": (tftensor(1, [3], field(5, np.float32(0.5).tobytes())), [0.5] * 3),
    "no value": (tftensor(1, [3]), [0.0] * 3),
    "an explicit size 0": (tftensor(1, [0]), []),
    "the last of two contents": (tftensor(4, [1], field(4, b"\x01"), field(4, b"\x02")), [2]),
    "content beside values": (tftensor(4, [1], field(4, b"\x01"), field(7, b"\x02")), [1]),
    "strings": (tftensor(7, [2], field(8, b"a"), field(8, b"\xff")), [b"a", b"\xff"]),
    "a half as bits": (tftensor(19, [1], field(13, varint(0x3C00, None))), [1.0]),
    "a name of a dimension": (
        field(3, field(4, b"\x08\x04\x12\x07\x12\x05\x12\x01n\x08\x01")),
        [0],
    ),
}
# What must be refused, though it looks like a message at first.
ILLEGAL = {
    "a varint of eleven bytes": tensor(
        field(1, b"\x82" + NINE + b"\x80\x80\x00"), field(2, ONE + TWO)
    ),
    "a length beyond the end": FINE[:1] + b"\x7f" + FINE[2:],
    "a length of 2**63": b"\x1a" + b"\xff" * 8 + b"\x7f",
    "a length of 2**64 - 1": b"\x1a" + b"\xff" * 9 + b"\x01",
    "field number 0": b"\x00\x00" + FINE,
    "wire type 6": b"\x0e" + FINE,
    "wire type 7": FINE + b"\x0f",
    "a group that never ends": GROUP[:-1] + FINE,
    "a group that ends only": b"\x64" + FINE,
    "a loser that is malformed": field(3, field(4, b"\x08")) + FINE,
    "names that are not UTF-8": field(3, field(1, b"\xff") + field(2, field(2, ONE))),
    "status that is not UTF-8": field(1, field(2, b"\xc3")) + FINE,
    "a shape of another size": tensor(field(1, b"\x01"), field(2, ONE + TWO)),
    "a negative shape": tensor(field(1, varint(2**64 - 1, None) * 2), field(2, ONE)),
    "values that are half": tensor(field(1, b"\x01"), field(2, ONE[:4])),
    "a shape that overflows": tensor(field(1, varint(2**31 - 1, None) * 3 + b"\x00")),
    "a size cut off by its message": tftensor(8, [], b"")[:-1] + b"\x01\x08",
    "a null beside a bool": ndarray(field(1, b"\x20\x01"), field(1, b"\x08\x00")),
    "a struct in an ndarray": ndarray(field(1, b"\x2a\x00")),
    "a value without a kind": ndarray(field(1, b"")),
    "ragged rows": ndarray(b"\x0a\x02\x32\x00", field(1, field(6, NUMBER + ONE))),
    "a dtype of nobody": tftensor(99, [1], field(4, b"\x01")),
    "a resource": tftensor(20, []),
    "a dtype + 100": tftensor(101, [1]),
    "no dtype": tftensor(0, [1]),
    "too many values": tftensor(3, [1], field(7, b"\x01\x02")),
    "content of another length": tftensor(3, [1], field(4, b"\x01\x02")),
    "content of a string": tftensor(7, [1], field(4, b"a")),
    "a bool of 2 in content": tftensor(10, [1], field(4, b"\x02")),
    "an int8 of 128": tftensor(6, [1], field(7, varint(128, None))),
    "a uint8 below 0": tftensor(4, [1], field(7, varint(2**64 - 1, None))),
    "a half of 17 bits": tftensor(19, [1], field(13, varint(2**16, None))),
    "half a complex": tftensor(8, [1], field(9, bytes(4))),
    "an unknown size": tftensor(1, [-1]),
    "a shape that wraps to 0": tftensor(1, [2**32, 2**32]),
    "a shape that wraps to 1": tftensor(4, [2**63 - 1, 2**63 - 1], field(4, b"a")),
    "strData": field(5, b"x"),
    "jsonData": field(6, b"\x11" + ONE),
    "customData": field(7, b""),
    "nothing": b"",
    "data without a payload": field(3, b""),
    "only names": field(3, field(1, b"a")),
}


@pytest.mark.parametrize("case", LEGAL)
def test_legal_tensor(case: str) -> None:
    """A tensor that no writer of ours would write is read as protobuf reads it."""
    body, wanted = LEGAL[case]
    assert agree("protobuf/tensor", body)
    assert tw.get_codec("protobuf/tensor").decode(body).tolist() == wanted


@pytest.mark.parametrize("case", LEGAL_NDARRAY)
def test_legal_ndarray(case: str) -> None:
    """Lists that no writer of ours would write are read as protobuf reads them."""
    body, wanted = LEGAL_NDARRAY[case]
    assert agree("protobuf/ndarray", body)
    value = tw.get_codec("protobuf/ndarray").decode(body)
    assert (value if isinstance(value, list) else value.tolist()) == wanted


@pytest.mark.parametrize("case", LEGAL_TFTENSOR)
def test_legal_tftensor(case: str) -> None:
    """A TensorProto that no writer of ours would write is read as protobuf reads it."""
    body, wanted = LEGAL_TFTENSOR[case]
    assert agree("protobuf/tftensor", body)
    assert tw.get_codec("protobuf/tftensor").decode(body).tolist() == wanted


@codecs
@pytest.mark.parametrize("case", ILLEGAL)
def test_illegal(name: str, case: str) -> None:
    """What protobuf refuses, or what holds no array, is refused by every codec."""
    assert not agree(name, ILLEGAL[case])


@codecs
@given(body=st.binary(max_size=60))
def test_any_bytes(name: str, body: bytes) -> None:
    """Whatever the bytes, protobuf's verdict is ours."""
    agree(name, body)
    agree(name, field(3, body))
    for member in (2, 3, 4):
        agree(name, field(3, field(member, body)))


values = st.recursive(
    st.floats() | st.booleans() | st.text(max_size=3) | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.just("k"), inner, max_size=1),
    max_leaves=20,
)


@given(rows=st.lists(values, max_size=5))
def test_any_list_value(rows: list[object]) -> None:
    """Every ListValue that the runtime can build is an array, nested lists, or refused."""
    message = SeldonMessage()
    message.data.ndarray.SetInParent()
    message.data.ndarray.extend(rows)
    agree("protobuf/ndarray", protobuf_bytes(message))


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 2, 63, 64, 65, 1000, 20000])
@pytest.mark.parametrize(
    "odd", [b"\x0a\x02\x20\x01", b"\x0a\x00", b"\x0a\x03\x1a\x01x", b"\x0a\x02\x32\x00"]
)
def test_one_odd_element(count: int, odd: bytes) -> None:
    """One element of another type, wherever it stands in the numbers, is never read as a number."""
    numbers = [NUMBER + np.float64(i).tobytes() for i in range(count)]
    for place in {0, 1, count // 2, count - 1, count}:
        agree("protobuf/ndarray", ndarray(*numbers[:place], odd, *numbers[place:]))
        # Of the size of a number, so that nothing else gives it away.
        same_size = b"\x0a\x09" + (odd[2:] + b"\x7a\xff")[:2] + bytes(7)
        agree("protobuf/ndarray", ndarray(*numbers[:place], same_size, *numbers[place:]))


@given(shape=st.lists(st.integers(1, 5), min_size=2, max_size=4), data=st.data())
def test_one_odd_row(shape: list[int], data: st.DataObject) -> None:
    """One changed byte anywhere among nested rows is seen: by us as by protobuf."""
    message = SeldonMessage()
    message.data.ndarray.extend(np.ones(shape).tolist())
    body = bytearray(protobuf_bytes(message))
    body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    agree("protobuf/ndarray", bytes(body))
