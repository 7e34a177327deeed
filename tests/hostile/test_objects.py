"""Bodies of a few bytes that become many objects: refused before a parser makes them."""

from __future__ import annotations

import json
import tracemalloc
from typing import TYPE_CHECKING, Any

import msgpack
import numpy as np
import pytest

import tensorwire as tw
from tensorwire.containers.json import scan
from tensorwire.limits import MAX_OBJECTS

if TYPE_CHECKING:
    from collections.abc import Callable

MANY = MAX_OBJECTS + 1
LISTS, MAPS = b"[" + b"[]," * (MANY - 1) + b"[]]", b"[" + b"{}," * (MANY - 1) + b"{}]"
PACKED = b"\xdd" + MANY.to_bytes(4, "big") + b"\x90" * MANY
OIP = b'{"inputs":[{"name":"x","datatype":"FP64","shape":[1],"data":%b}]}'


@pytest.mark.parametrize(
    ("protocol", "body"),
    [
        ("seldon/json", b'{"data":{"ndarray":%b}}' % LISTS),
        ("seldon/json", b'{"jsonData":%b}' % LISTS),
        ("seldon/json", b'{"jsonData":%b,"meta":{"tags":{"a":NaN}}}' % MAPS),
        ("oip/json", OIP % LISTS),
        ("oip/json", b'{"inputs":%b}' % MAPS),
        ("oip/binary", OIP % LISTS),
        ("tfserving/json", b'{"instances":%b}' % LISTS),
        ("tfserving/json", b'{"instances":%b}' % MAPS),
        ("seldon/msgpack", b"\x81\xa8jsonData" + PACKED),
        ("seldon/msgpack", b"\x81\xa4data\x81\xa7ndarray" + PACKED),
        ("seldon/msgpack", b"\x81\xa8jsonData" + PACKED.replace(b"\x90", b"\x80")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_many_objects(protocol: str, body: bytes) -> None:
    """They are a LimitError, and the memory for them is not taken."""
    if "msgpack" not in protocol:  # which is counted while it is made
        tracemalloc.start()
    try:
        with pytest.raises(tw.LimitError, match=f"at most {MAX_OBJECTS} lists and maps"):
            tw.get_protocol(protocol).decode(body)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 12 * len(body)


def count(value: Any) -> int:
    """Count lists and maps."""
    if isinstance(value, dict):
        return 1 + sum(map(count, value.values()))
    return 1 + sum(map(count, value)) if isinstance(value, list) else 0


VALUES: list[Any] = [
    [],
    {},
    [[], [[]], {"a": []}],
    {"[": "]", "{": "[[[[", "a": ["{{", [1.5, "x"]]},
    {'"[': '\\"[', "\\": "[[", "a\\": ['\\["', {}]},
    ["[" * 70_000, [], "\\" * 3 + "[", {"x" * 70_000: [[]]}],
]


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
@pytest.mark.parametrize("dumps", [json.dumps, lambda value: json.dumps(value, indent=1)])
def test_brackets_in_strings(
    value: Any, dumps: Callable[[Any], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lists and maps are counted as the standard library reads them, whatever strings hold."""
    text = dumps(value).encode()
    monkeypatch.setattr(scan, "MAX_OBJECTS", count(value))
    scan.check_objects(text)
    monkeypatch.setattr(scan, "MAX_OBJECTS", count(value) - 1)
    if len(text) > count(value) - 1:
        with pytest.raises(tw.LimitError):
            scan.check_objects(text)


def test_arrays_of_many_rows() -> None:
    """Rows of one length are read without objects, as many as there are."""
    rows = np.arange(MANY, dtype=np.float64).reshape(-1, 1)
    for name in ("json/ndarray", "msgpack/ndarray"):
        codec = tw.get_codec(name)
        assert np.array_equal(codec.decode(codec.encode(rows)), rows)


def test_large_bodies_of_few_objects() -> None:
    """Large texts and bytes are no objects."""
    text = "[{" * MANY
    assert tw.loads(json.dumps({"strData": text}).encode(), "application/json").value == text
    packed = msgpack.packb({"binData": b"\x90" * MANY})
    assert bytes(tw.loads(packed, "application/msgpack").value) == b"\x90" * MANY
