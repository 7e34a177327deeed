"""Real messages of every codec, and what a careless or hostile sender makes of them."""

import random
from collections.abc import Iterator
from functools import cache

import msgpack
import numpy as np
import orjson

from tests.goldens.cases import dtype_of
from tests.support import reference
from tests.support.expectations import refused
from tests.support.values import Array, plain, tame

META = {
    "puid": "p-1",
    "tags": {"a": 1.5, "b": ["x", {"c": None}]},
    "routing": {"r": 1},
    "requestPath": {"model": "image:1"},
    "metrics": [{"key": "k", "type": "GAUGE", "value": 0.5, "tags": {"t": "u"}}],
}
STATUS = {"code": 200, "info": "fine", "reason": "none", "status": "FAILURE"}
TFTENSOR_DTYPES = (
    "float32",
    "bool",
    "int8",
    "uint16",
    "float16",
    "complex64",
    "int64",
    "str",
    "int4",
)
# Numbers, separators, keys and headers that a mutation puts where they do not belong.
TOKENS = {
    "json": [
        *rb"""
        [ ] { } , : " null true NaN - 1e999 18446744073709551615 -9223372036854775809 1E5 . = 0
        "ndarray":[1] "values": "tensor" \ud800 \u0000 [[ ]]
    """.split(),
        *(b" ", b"\n", b"\xff"),
    ],
    "protobuf": list(
        map(
            bytes.fromhex,
            """
            0a 12 1a 22 00 7f 0c 8000 ffffffffffffffffff01 0a09110000000000000000 0a022001 0a023200
            0801 0a031a0178 f80100 0b0c 22026162 808004
            """.split(),  # noqa: SIM905 - a table
        )
    ),
    "msgpack": list(
        map(
            bytes.fromhex,
            """
            90 91 80 81 c0 c1 c2 c40178 cb0000000000000000 ca00000000 ddffffffff c6ffffffff d40578
            cfffffffffffffffff d3ffffffffffffffff a76e646172726179 a676616c756573 dc0002
            """.split(),  # noqa: SIM905 - a table
        )
    ),
}


@cache
def messages(name: str) -> tuple[bytes, ...]:
    """Return small and big payloads of a codec, plain and in a full envelope."""
    return tuple(_messages(name))


def _messages(name: str) -> Iterator[bytes]:
    for array in _arrays(name):
        if refused(name, array):
            continue
        yield reference.body(name, array)
        if array.size in (6, 600):
            yield _enveloped(name, array)


def _arrays(name: str) -> Iterator[Array]:
    kind = name.partition("/")[2]
    random_numbers = np.random.default_rng(3).normal(size=(60, 10))
    if kind == "raw":
        yield from (plain("uint8", (size,)) for size in (0, 6, 600, 3000))
        return
    dtypes = TFTENSOR_DTYPES if kind == "tftensor" else ("float64", "int64", "bool", "str", "uint8")
    for dtype in dtypes:
        for shape in ((), (1,), (2, 3), (3, 0), (1, 2, 2)):
            yield plain(dtype, shape)
        yield plain(dtype, (1, 600))
        yield np.full(300, tame(dtype)[1], dtype_of(dtype) if dtype != "str" else None)
    yield random_numbers
    yield random_numbers.reshape(600)
    yield random_numbers.reshape(5, 12, 10)
    yield plain("float64", (3000,))  # long enough for every fast reader
    yield np.arange(-1500, 1500, dtype=np.int64).reshape(30, 100)
    yield np.array([1, 2**63 + 1], np.uint64)
    yield np.arange(-300, 300, dtype=np.int64).reshape(60, 10)


def _enveloped(name: str, array: Array) -> bytes:
    """Return the payload beside names, meta and status."""
    container, kind = name.split("/")
    names = ["a", "ndarray", '"values":[']
    if container == "protobuf":
        message = reference.message(kind, array)
        reference.wrap(message, names if kind != "raw" else [], META, STATUS)
        return reference.protobuf_bytes(message)
    tree = reference.tree(name, array)
    if kind != "raw":
        tree["data"] = {"names": names} | tree["data"]
    tree = {"status": STATUS, "meta": META} | tree
    packed: bytes = orjson.dumps(tree) if container == "json" else msgpack.packb(tree)
    return packed


def mutated(name: str, seed: int, count: int) -> Iterator[bytes]:
    """Yield messages of a codec with a few bytes flipped, dropped, doubled, moved or put in."""
    chance = random.Random(f"{name} {seed}")  # noqa: S311 - the same ones every time
    for _ in range(count):
        body = bytearray(chance.choice(messages(name)))
        for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
            _mutate(body, chance, TOKENS[name.partition("/")[0]])
        yield bytes(body)


def _mutate(body: bytearray, chance: random.Random, tokens: list[bytes]) -> None:
    # Most of a big message is numbers: look at the bytes around them more often.
    reach = min(len(body), chance.choice((40, 200, len(body))))
    at = (
        chance.randrange(reach + 1)
        if chance.random() < 0.7
        else len(body) - chance.randrange(reach + 1)
    )
    length = chance.choice((1, 1, 2, 9, 11, 40))
    action = chance.randrange(7)
    if action == 0 and at < len(body):
        body[at] ^= 1 << chance.randrange(8)
    elif action == 1 and at < len(body):
        body[at] = chance.randrange(256)
    elif action == 2:
        del body[at : at + length]
    elif action == 3:
        body[at:at] = body[at : at + length]
    elif action == 4:
        body[at:at] = chance.choice(tokens)
    elif action == 5:
        token = chance.choice(tokens)
        body[at : at + len(token)] = token
    else:
        there = chance.randrange(len(body) + 1)
        body[at:at] = body[there : there + length]
