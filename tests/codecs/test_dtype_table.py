"""What comes back for each dtype, by codec: the table of docs/dtypes.md, each cell of it."""

from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import tensorwire as tw

TABLE = Path(__file__).parents[2] / "docs" / "dtypes.md"
KINDS = ("ndarray", "tensor", "tftensor", "raw")
CONTAINERS = ("json", "protobuf", "msgpack")
NUMBERS = [0, 1, 100]
FRACTIONS = [0.1, -2.5, 1e-3]
# The values of each line: such that every value of the dtype goes the way of one of them.
LINES: dict[str, Any] = {
    "bool": np.array([[True, False, True]]),
    "int8": np.array([NUMBERS], np.int8),
    "int16": np.array([NUMBERS], np.int16),
    "int32": np.array([NUMBERS], np.int32),
    "int64": np.array([NUMBERS], np.int64),
    "uint8": np.array([NUMBERS], np.uint8),
    "uint16": np.array([NUMBERS], np.uint16),
    "uint32": np.array([NUMBERS], np.uint32),
    "uint64": np.array([NUMBERS], np.uint64),
    "int64 beyond 2**53": np.array([[2**53 + 1, 1]]),
    "uint64 beyond int64": np.array([[2**64 - 1, 1]], np.uint64),
    "float16": np.array([FRACTIONS], np.float16),
    "float32": np.array([FRACTIONS], np.float32),
    "float64": np.array([[*FRACTIONS, 1e308, -0.0]]),
    "NaN and infinities": np.array([[np.nan, np.inf, -np.inf]]),
    "bfloat16": np.array([FRACTIONS], ml_dtypes.bfloat16),
    "complex64": np.array([[0.1 + 1j]], np.complex64),
    "complex128": np.array([[0.1 + 1j]]),
    "str": np.array([["a", "\u00e4b"]]),
    "bytes": np.array([[b"a", b"\xffb"]]),
    "mixed rows": [["a", 1, 0.5, None]],
}


def came_back(value: Any, back: Any) -> bool:
    """Return whether a value is what was encoded, whatever the dtype it has now."""
    if isinstance(value, list) or isinstance(back, list):
        return bool(type(value) is type(back) and value == back)
    if value.shape != back.shape or is_text(value) != is_text(back):
        return False
    if is_text(value):
        return bool(value.dtype.kind == back.dtype.kind and value.tolist() == back.tolist())
    if value.dtype.kind in "iu" and list(map(int, value.flat)) != list(map(int, back.flat)):
        return False
    return bool(((value == back) | ((value != value) & (back != back))).all())  # noqa: PLR0124


def is_text(array: Any) -> bool:
    """Return whether an array is one of strings."""
    return array.dtype.kind in "SU"


def same_bits(value: Any, back: Any) -> bool:
    """Return whether an array is the one that was encoded, to the bit."""
    if is_text(value):
        return came_back(value, back)
    alike = value.dtype == back.dtype and value.shape == back.shape
    return bool(alike and value.tobytes() == back.tobytes())


def cell(name: str, value: Any) -> str:
    """Return what the table has to say of a codec and a value."""
    codec = tw.get_codec(name)
    try:
        body = codec.encode(value)
    except tw.EncodeError:
        return "refused"
    back = codec.decode(body)
    if isinstance(back, list):
        assert came_back(value, back)
        return "lists"
    if name.endswith("/raw"):
        assert back.tobytes() == value.tobytes()
        return "uint8, its memory"
    said = {"S": "bytes", "U": "str"}.get(back.dtype.kind, back.dtype.name)
    if came_back(value, back):
        kept = name.endswith("/tftensor") and same_bits(value, back)
        return "the same" if kept else said
    asked = codec.decode(body, dtype=np.str_ if value.dtype.kind == "U" else value.dtype)
    assert same_bits(value, asked), (name, value)
    return f"**{said}, not equal**"


def lines() -> list[str]:
    """Return the lines of the table, one for all dtypes that go the same way."""
    found = [
        "| kind | original dtype | json | protobuf | msgpack |",
        "| --- | --- | --- | --- | --- |",
    ]
    for kind in KINDS:
        ways: dict[str, list[str]] = {}
        for label, value in LINES.items():
            cells = (cell(f"{container}/{kind}", value) for container in CONTAINERS)
            ways.setdefault(" | ".join(cells), []).append(label)
        found += [f"| {kind} | {', '.join(labels)} | {way} |" for way, labels in ways.items()]
    return found


def test_the_table_is_what_the_codecs_do() -> None:
    """Each cell of docs/dtypes.md is what encode and decode do, and no line is missing."""
    written = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if line[:1] == "|"]
    assert written == lines()


@pytest.mark.parametrize("name", ["json/ndarray", "json/tensor", "msgpack/ndarray"])
@pytest.mark.parametrize("size", [1, 10, 100, 20_000])
def test_float32_text_read_as_float32(name: str, size: int) -> None:
    """Each finite float32, the shortest text of which is written, has the same bits again."""
    bits = np.random.default_rng(size).integers(0, 2**32, (size, 2), np.uint32)
    array = bits.view(np.float32)
    array[~np.isfinite(array)] = np.finfo(np.float32).max
    codec = tw.get_codec(name)
    body = codec.encode(array)
    assert codec.decode(body, dtype=np.float32).tobytes() == array.tobytes()
    out = np.empty_like(array)
    assert codec.decode(body, dtype=np.float32, out=out) is out
    assert out.tobytes() == array.tobytes()
