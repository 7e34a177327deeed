"""The Open Inference Protocol over REST, JSON and memory behind it, held to orjson and numpy."""

import json
from typing import Any

import numpy as np
import orjson
import pytest

import tensorwire as tw
from tests.support.oip_reader_checks import slow
from tests.support.oip_readers import read_rest
from tests.support.oip_values import (
    DATATYPES,
    LENGTH,
    PARAMETERS,
    REST,
    Request,
    Response,
    Tensor,
    numbers,
    rest,
    several,
    told,
)
from tests.support.values import plain

protocols = pytest.mark.parametrize("name", REST)
kinds = pytest.mark.parametrize("kind", [Request, Response])


@kinds
@pytest.mark.parametrize("big", [False, True])
def test_some_in_json_and_some_behind(kind: Any, *, big: bool) -> None:
    """Each tensor says for itself where it goes; either name writes and reads such a body."""
    for bits in range(16):
        message = kind(several(big=big))
        for i, tensor in enumerate(several(big=big)):
            tensors = message.inputs if kind is Request else message.outputs
            tensors[i] = Tensor(tensor.name, tensor.value, tensor.parameters, bool(bits >> i & 1))
        wanted = rest(message, binary=False)
        for name in REST:
            assert tw.get_protocol(name).encode(message) == wanted
            body, headers = wanted
            assert told(tw.get_protocol(name).decode(body, headers, type=kind)) == told(message)
            assert told(slow(name, body, headers, kind)) == told(message)


@pytest.mark.slow
@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("datatype", sorted(set(DATATYPES) - {"BF16"}))
def test_nested_data(datatype: str, indent: int | None) -> None:
    """Data may be flat or nested as the shape says, with spaces or without, at any length."""
    for shape in ((), (1,), (5,), (0,), (0, 3), (2, 3), (2, 1, 3), (40, 50), (60, 2, 20)):
        array = plain("str" if datatype == "BYTES" else DATATYPES[datatype][0], shape)
        flat = numbers(datatype, array)
        flat = flat if isinstance(flat, list) else flat.tolist()
        nested: Any = flat
        for size in reversed(shape[1:]):
            rows = range(0, len(nested), size)
            nested = [nested[row : row + size] for row in rows]
        for data in (flat, nested):
            node = {"name": "x", "datatype": datatype, "shape": shape, "data": data}
            body = json.dumps({"inputs": [node, node]}, indent=indent).encode()
            message = Request([Tensor("x", array), Tensor("x", array)])
            assert told(tw.get_protocol("oip/json").decode(body)) == told(message), shape
            assert told(slow("oip/json", body, None)) == told(message), shape


def test_members_in_another_order() -> None:
    """The members of a tensor may come in any order, among others that nobody knows."""
    for count in (2, 3000):
        data = np.arange(count * 2.0).reshape(count, 2)
        first = {"data": data.tolist(), "shape": [count, 2], "x": {"data": [1]}, "datatype": "FP64"}
        first["name"] = ""
        second = {"datatype": "INT8", "data": [[1]] * count, "name": "data", "shape": [count, 1]}
        body = json.dumps({"data": [1] * 3000, "id": "i", "inputs": [first, second]}).encode()
        message = Request([Tensor("", data), Tensor("data", np.ones((count, 1), np.int8))], id="i")
        assert told(tw.get_protocol("oip/json").decode(body)) == told(message)
        assert told(slow("oip/json", body, None)) == told(message)


@protocols
@kinds
def test_parameters(name: str, kind: Any) -> None:
    """Parameters keep their types, and the ones that only JSON has are read as they came."""
    protocol = tw.get_protocol(name)
    for value in (*PARAMETERS.values(), 0, -1, 0.0, -0.0, 1e-320, 2**63):
        message = kind([Tensor("x", [1.5], {"k": value})], parameters={"": value})
        assert told(protocol.decode(*protocol.encode(message), type=kind)) == told(message)
    odd: Any = {"headers": {"a": [None, 1.5]}, "l": [], "n": None}
    member = "inputs" if kind is Request else "outputs"
    body = orjson.dumps({member: [], "parameters": odd})
    assert protocol.decode(body, type=kind).parameters == odd
    for wrong in (np.nan, np.inf, -np.inf, 2**64, [2**64], {"a": np.nan}, b"b", 1j):
        with pytest.raises(tw.EncodeError) as caught:
            protocol.encode(kind([Tensor("x", [1.5], {"k": wrong})]))
        assert caught.value.path.startswith(f"$.{member}[0].parameters.k")


@kinds
def test_blobs_are_views(kind: Any) -> None:
    """N tensors behind the JSON come back as N read-only views of the body."""
    message = kind([t for t in several(big=True) if t.datatype != "BYTES"] * 2)
    body, headers = tw.get_protocol("oip/binary").encode(message)
    memory = np.frombuffer(body, np.uint8)
    for name in REST:
        read = tw.get_protocol(name).decode(body, headers, type=kind)
        tensors = read.inputs if kind is Request else read.outputs
        assert len(tensors) == 6
        for tensor in tensors:
            assert np.shares_memory(tensor.value, memory)
            assert not tensor.value.flags.writeable


def test_parts_are_the_arrays() -> None:
    """The parts of a message hold the memory of the arrays that are in order."""
    values = [np.arange(600.0), np.ones((3, 5), np.float32)]
    message = Request([Tensor("a", values[0]), Tensor("b", values[1]), Tensor("c", values[0][::2])])
    parts, headers = tw.get_protocol("oip/binary").encode_parts(message)
    assert (b"".join(parts), headers) == rest(message, binary=True)
    for value in values:
        assert any(np.shares_memory(np.frombuffer(part, np.uint8), value) for part in parts)


@pytest.mark.parametrize("count", [3, 3000])
def test_integers_are_exact(count: int) -> None:
    """Integers of 64 bits are no floats, in small and in big bodies."""
    for dtype in (np.int64, np.uint64):
        info = np.iinfo(dtype)
        array = np.full(count, info.max, dtype)
        array[:2] = info.min, 2**53 + 1
        body, headers = tw.get_protocol("oip/json").encode(Request([Tensor("x", array)]))
        for read in (tw.get_protocol("oip/json").decode(body), slow("oip/json", body, headers)):
            assert read.inputs[0].value.dtype == dtype
            assert read.inputs[0].value.tolist() == array.tolist()


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_short_floats_keep_their_bits(dtype: str) -> None:
    """The decimal text of a narrow float is short, and reads back to the same bits."""
    wide = np.random.default_rng(2).integers(0, 2**16, 4000, np.uint16)
    array = wide.view("float16") if dtype == "float16" else wide.astype("<u4").__lshift__(14)
    array = array if dtype == "float16" else (array + wide).view("float32")
    array = array[np.isfinite(array)]
    body, _ = tw.get_protocol("oip/json").encode(Request([Tensor("x", array, binary=False)]))
    assert tw.get_protocol("oip/json").decode(body).inputs[0].value.tobytes() == array.tobytes()
    data = orjson.loads(body)["inputs"][0]["data"]
    assert [repr(number) for number in data[:99]] == [repr(float(str(x))) for x in array[:99]]


@pytest.mark.parametrize(("count", "where"), [(1, 0), (4, 3), (3000, 0), (3000, 2999)])
@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_nan_is_refused(count: int, where: int, number: float, dtype: str) -> None:
    """JSON has no NaN: the error says where it is and who can carry it; a person may lose it."""
    array = np.zeros((1, count), dtype)
    array[0, where] = number
    message = Request([Tensor("a", [1]), Tensor("x", array, binary=False)])
    protocol = tw.get_protocol("oip/json")
    with pytest.raises(tw.EncodeError, match="use oip/binary") as caught:
        protocol.encode(message)
    assert caught.value.path == f"$.inputs[1].data[{where}]"
    data = orjson.loads(protocol.encode(message, lossy=True)[0])["inputs"][1]["data"]
    assert [i for i, item in enumerate(data) if item is None] == [where]
    message.inputs[1].binary = None
    binary = tw.get_protocol("oip/binary")
    read = binary.decode(*binary.encode(message)).inputs[1].value
    assert read.tobytes() == array.tobytes()


@protocols
def test_bytes(name: str) -> None:
    """Byte strings keep their NULs; those that are no text go behind the JSON."""
    values: list[Any] = [
        ["a\0", "\0"],
        [[b"a\0"], [b""]],
        "x",
        [b"x" * 70_000, b"\0"],
        ["é" * 9000],
    ]
    values += [np.array(["é", ""], np.dtypes.StringDType()), np.array([[b"a"], [b"b"]])]
    for value in values:
        message = Request([Tensor("x", value), Tensor("y", [1, 2])])
        body, headers = tw.get_protocol(name).encode(message)
        assert told(read_rest(body, headers, Request)) == told(message)
        for read in (tw.get_protocol(name).decode(body, headers), slow(name, body, headers)):
            assert told(read) == told(message)
    message = Request([Tensor("x", [b"\xff", b"\x00"])])
    with pytest.raises(tw.EncodeError, match="use oip/binary"):
        tw.get_protocol("oip/json").encode(message)
    binary = tw.get_protocol("oip/binary")
    assert told(binary.decode(*binary.encode(message))) == told(message)


def test_the_header() -> None:
    """The header says where the JSON ends, however its name is spelled; braces say it too."""
    message = Request([Tensor('{"}\\', np.frombuffer(b'{"}\\' * 2, np.int32), {"\\": '"}'})])
    for name in REST:
        protocol = tw.get_protocol(name)
        body, headers = tw.get_protocol("oip/binary").encode(message)
        length = headers[LENGTH]
        for spelled in (LENGTH, LENGTH.lower(), LENGTH.upper()):
            others = {"Content-Type": "application/octet-stream", "Accept": "*/*"}
            assert told(protocol.decode(body, others | {spelled: length})) == told(message)
    assert told(tw.get_protocol("oip/binary").decode(body)) == told(message)
    with pytest.raises(tw.DecodeError):  # headers that do not say it, say that all is JSON
        tw.get_protocol("oip/binary").decode(body, {"Accept": "*/*"})
    assert tw.oip.json_size(body) == int(length)
    with pytest.raises(tw.DecodeError):
        tw.get_protocol("oip/json").decode(body)


def test_json_size() -> None:
    """The JSON of a body ends where its first object does; a body without one is refused."""
    ends = {b"{}": 2, b'{"a":{}}{': 8, b' {"}":"\\"}"}\xff"{': 12, b"{{}}\x00}": 4, b'{"\xff"}': 5}
    for body, end in ends.items():
        for buffer in (body, bytearray(body), memoryview(body)):
            assert tw.oip.json_size(buffer) == end
    for body in (b"", b"}", b"{", b'{"}', b"[{}]", b"x{}", b"{{}", b'{"a":"\\"}', b"\xff", b"null"):
        with pytest.raises(tw.DecodeError):
            tw.oip.json_size(body)


@protocols
def test_errors(name: str) -> None:
    """An error is a JSON object of one member, and read as what it is."""
    protocol = tw.get_protocol(name)
    for error in (ValueError('no "x"'), tw.DecodeError("é", "$.inputs"), "plain"):
        body, headers = protocol.encode_error(error)
        assert body == orjson.dumps({"error": str(error)})
        assert headers == {"Content-Type": "application/json"}
        with pytest.raises(tw.DecodeError) as caught:
            protocol.decode(body, headers, type=Response)
        assert str(error) in str(caught.value)
