"""Whatever the bytes, the Open Inference Protocol is read exactly, or refused with a place."""

import json
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from random import Random
from typing import Any

import orjson
import pytest

import tensorwire as tw
from tests.support import variants
from tests.support.corpus import TOKENS, _mutate
from tests.support.memory import peak
from tests.support.oip_bodies import one_grpc, one_json
from tests.support.oip_reader_checks import agree, fast, said
from tests.support.oip_values import (
    DATATYPES,
    GRPC,
    LENGTH,
    PROTOCOLS,
    REST,
    Request,
    Response,
    Tensor,
    filled,
    official,
    refused,
    rest,
    several,
    told,
)

protocols = pytest.mark.parametrize("name", PROTOCOLS)
MIB = 1 << 20


@cache
def messages(name: str) -> tuple[tuple[bytes, dict[str, str], Any], ...]:
    """Return small and big bodies of a protocol with their headers, as official libraries write."""
    return tuple(_messages(name))


def _messages(name: str) -> Iterator[tuple[bytes, dict[str, str], Any]]:
    carried = [datatype for datatype in DATATYPES if not refused(name, datatype)]
    for kind in (Request, Response):
        lone = [kind([Tensor("x", t.value)]) for t in several(carried) + several(carried, big=True)]
        for message in [*lone, kind([]), kind(several()), filled(kind, several(carried))]:
            if name in REST:
                yield *rest(message, binary=name == "oip/binary"), kind
            else:
                made = official(message, typed=name.endswith("typed"))
                yield made.SerializeToString(deterministic=True), {}, kind


@pytest.mark.slow
@protocols
def test_truncated_at_every_byte(name: str) -> None:
    """A message that is cut off anywhere is read, or refused, as the official library does."""
    small = [message for message in messages(name) if len(message[0]) < 300]
    for body, headers, kind in small:
        for stop in range(len(body)):
            cut = headers if int(headers.get(LENGTH, 0)) <= stop else {LENGTH: str(stop)}
            agree(name, body[:stop], cut, kind)
        agree(
            name,
            body + b"\0",
            headers | ({LENGTH: str(len(body))} if LENGTH not in headers and name in REST else {}),
            kind,
        )


@pytest.mark.slow
@protocols
def test_every_byte_changed(name: str) -> None:
    """One wrong byte is seen, also right after the same message with the right one was read."""
    for body, headers, kind in [m for m in messages(name) if len(m[0]) < 130][::2]:
        changed = bytearray(body)
        for place, byte in enumerate(body):
            for other in (byte ^ 1 << place % 8, byte + 1 & 0xFF):
                changed[place] = other
                tw.get_protocol(name).decode(body, headers, type=kind)
                agree(name, bytes(changed), headers, kind)
            changed[place] = byte


@pytest.mark.slow
@protocols
@pytest.mark.parametrize("seed", range(4))
def test_mutated_messages(name: str, seed: int) -> None:
    """Messages with bytes flipped, dropped, doubled and moved are read as by the libraries."""
    chance = Random(f"{name} {seed}")  # noqa: S311 - the same ones every time
    tokens = TOKENS["protobuf" if name in GRPC else "json"] + [
        b'"data":[1]', b'"binary_data_size":8', b'"shape":[2]', b"BYTES", b"\x2a\x00", b"\x3a\x00",
    ]  # fmt: skip
    held = 0
    for _ in range(1000):
        body, headers, kind = chance.choice(messages(name))
        changed = bytearray(body)
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            _mutate(changed, chance, tokens)
        if LENGTH in headers:
            moved = int(headers[LENGTH]) + chance.choice((0, 0, 0, len(changed) - len(body), 1, -1))
            headers = {LENGTH: str(min(moved, len(changed)))}
        held += agree(name, bytes(changed), headers, kind)
        if name == "oip/binary":
            said(fast, name, bytes(changed), None, kind)
            with suppress(tw.DecodeError):
                tw.oip.json_size(changed)
    assert held > 20


JUNK: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    2**53 + 1,
    2**63,
    1e300,
    "",
    "8",
    "FP32",
    "BYTES",
    "INT64",
]
JUNK += [
    "BOOL",
    [],
    [1],
    [[1]],
    [None],
    [2, 3],
    [-1],
    [0],
    {},
    {"data": [1]},
    [{}],
    [1.0, 2**53 + 1],
]


@pytest.mark.slow
@pytest.mark.parametrize("name", REST)
@pytest.mark.parametrize("seed", range(4))
def test_rewritten_json(name: str, seed: int) -> None:
    """JSON with other spaces, keys, values and doubled members is read as by orjson."""
    chance = Random(f"{name} {seed}")  # noqa: S311 - the same ones every time
    held = 0
    for _ in range(400):
        body, headers, kind = chance.choice(messages(name))
        length = int(headers.get(LENGTH, len(body)))
        tree, marks = orjson.loads(body[:length]), []
        nodes = tree["inputs" if kind is Request else "outputs"]
        for node in nodes:
            if "data" in node and chance.random() < 0.9:  # a number in many is to be odd, no more
                marks.append(_data(node["data"], node["shape"], chance))
                node["data"] = f"@{len(marks) - 1}@"
        for node in chance.choice(([], [], [tree], nodes[:1], nodes)):
            node[chance.choice((*node, "data", "parameters", "id"))] = chance.choice(JUNK)
        text = variants.json_text(tree, chance)
        for i, data in enumerate(marks):
            text = text.replace(b'"@%d@"' % i, data)
        headers = {LENGTH: str(len(text))} if LENGTH in headers else headers
        held += agree(name, text + body[length:], headers, kind)
    assert held > 80


def _data(data: Any, shape: list[int], chance: Random) -> bytes:
    """Write the data of a tensor, flat or nested, with an odd value in it once in a while."""
    if data and chance.random() < 0.3:
        data[chance.randrange(len(data))] = chance.choice((*JUNK, 3, 2.0, data[0]))
    if all(shape) and chance.random() < 0.5:
        for size in reversed(shape[1:]):
            data = [data[i : i + size] for i in range(0, len(data), size)]
    return json.dumps(data, separators=chance.choice(((",", ":"), None, (" ,\n", ":")))).encode()


@protocols
def test_limits(name: str) -> None:
    """Limits hold for each tensor, views too, and are checked before a value is read."""
    for datatype in ("FP64", "BYTES", "BOOL"):
        value = several([datatype] * 3, big=True)[2].value
        message = Request([Tensor("a", value[:1, :1]), Tensor("x", value)])
        body, headers = tw.get_protocol(name).encode(message)
        protocol, size = tw.get_protocol(name), value.size
        itemsize = 1 if datatype == "BYTES" else value.itemsize
        for good in (tw.Limits(size), tw.Limits(None, None, 2), tw.Limits(None, size * 100)):
            assert told(protocol.decode(body, headers, limits=good)) == told(message)
        for bad in (
            tw.Limits(size - 1),
            tw.Limits(max_rank=1),
            tw.Limits(None, size * itemsize - 1),
        ):
            with pytest.raises(tw.LimitError) as caught:
                protocol.decode(body, headers, limits=bad)
            bad_one = 0 if bad.max_rank == 1 else 1
            assert caught.value.path.startswith(f"$.inputs[{bad_one}]")


SHORT = b"\1\0\0\0a"
BOMBS = {
    **{
        f"raw {shape[-2:]} {datatype}": one_grpc(datatype, shape, raw=[bytes(8)])
        for shape in ([2**33], [2**31, 2**31, 2**31], [2**63 - 1], [1] * 60 + [2**40])
        for datatype in DATATYPES
    },
    "shape": one_json(shape=[2**40]),
    "huge sizes": one_json(shape=[2**63, 2**63], data=[]),
    "deep": ("oip/json", b'{"inputs":' + b"[" * 10**6 + b"]" * 10**6 + b"}"),
    "deep data": ("oip/json", b'{"inputs":[{"data":' + b"[" * 10**6 + b"1" + b"]" * 10**6),
    # Padded to the length of the longest, these would be 80 MB.
    "strings": one_grpc("BYTES", [4001], bytes_contents=[bytes(20_000)] + [b"a"] * 4000),
    "raw strings": one_grpc("BYTES", [4001], raw=[b"\x20\x4e\0\0" + bytes(20_000) + SHORT * 4000]),
    "text": one_json("BYTES", [4001], ["x" * 20_000 + "\0"] + ["a"] * 4000),
    "quotes": ("oip/binary", b'{"' + b'\\"' * 200_000),
    "braces": ("oip/binary", b"{" * 200_000),
    "keys": ("oip/binary", b'{"":' * 100_000),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", BOMBS)
def test_claims_of_gigabytes(case: str) -> None:
    """A body that claims gigabytes, or minutes, is read or refused for little."""
    name, body = BOMBS[case]

    def read() -> None:
        with suppress(tw.DecodeError):
            tw.get_protocol(name).decode(body)

    _, most = peak(read)
    assert most < 12 * len(body) + MIB


@pytest.mark.parametrize("depth", [2, 63, 64, 65, 66, 500, 1023, 1024, 5000])
def test_deep_data(depth: int) -> None:
    """Lists in lists are read as deep as numpy goes, in small bodies and in big ones."""
    for inner, size in ((b"[1]", 1), (b"[%b1]" % (b"1," * 4000), 4001)):
        data = b"[" * (depth - 1) + inner + b"]" * (depth - 1)
        for shape in ([1] * (depth - 1) + [size], [size]):
            head = b'{"inputs":[{"name":"x","datatype":"INT8","shape":%b,"data":' % orjson.dumps(
                shape
            )
            agree("oip/json", head + data + b"}]}", {}, Request)
            agree("oip/json", head + data[:-1] + b"}]}", {}, Request)


@protocols
@pytest.mark.parametrize("body", [None, "{}", 5, [1], {}, object(), memoryview(bytes(9))[::2]])
def test_what_is_no_buffer(name: str, body: object) -> None:
    """What is no buffer of bytes is refused as a message would be."""
    with pytest.raises(tw.DecodeError):
        tw.get_protocol(name).decode(body)


@protocols
def test_what_is_no_class(name: str) -> None:
    """A message is a request or a response; of any other class there is none."""
    kinds: list[Any] = [dict, 5, "InferRequest", Tensor]
    for kind in kinds:
        with pytest.raises(tw.DecodeError):
            tw.get_protocol(name).decode(b'{"inputs":[]}', type=kind)
