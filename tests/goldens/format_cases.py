"""The arrays and the odd payloads behind the goldens of the formats, without the real libraries."""

import json
from collections.abc import Iterator
from typing import Any

import ml_dtypes
import msgpack
import numpy as np

from tests.goldens.cases import COMPLEXES, INTS, STRINGS, Array, pool, values

NUMPY = ("bool", *INTS, "float16", "float32", "float64", *COMPLEXES)
FLOAT8S = ("float8_e5m2", "float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2fnuz")
DTYPES = {
    "npy/array": (*NUMPY, *STRINGS),
    "msgpack/numpy": (*NUMPY, *STRINGS),
    "safetensors/arrays": (
        *(name for name in NUMPY if name != "complex128"),
        "bfloat16",
        *FLOAT8S,
    ),
    "arrow/tensor": (*INTS, "float16", "float32", "float64"),
}
SHAPES = ((), (1,), (2, 3), (3, 1, 2), (0,), (0, 3), (300, 0), (1,) * 31 + (2,))


def written_cases(name: str) -> Iterator[tuple[str, Array]]:
    """Yield the arrays that a format represents: every value, then every shape, in C order."""
    for dtype in DTYPES[name]:
        yield f"{dtype} values", pool(dtype)
        for shape in SHAPES:
            label = f"rank {len(shape)}" if len(shape) > 4 else str(shape)
            yield f"{dtype} {label}", values(dtype, shape)
    if name == "safetensors/arrays":
        yield "float8_e8m0fnu values", np.arange(256, dtype="u1").view(ml_dtypes.float8_e8m0fnu)
    else:
        swapped = pool("float64").astype(">f8")
        yield "float64 big-endian", swapped if name != "arrow/tensor" else pool("float64")


def named_cases() -> Iterator[tuple[str, dict[str, Array], dict[str, str]]]:
    """Yield sets of named arrays, and the metadata that goes with them."""
    small = values("float32", (2, 3))
    yield "none", {}, {}
    yield "none, with metadata", {}, {"framework": "pt"}
    yield "one", {"weight": small}, {"format": "pt"}
    names = ("b", "a.0", "é", '"\\\n\x01', "日本", "😀", "", "B")
    yield "names", dict.fromkeys(names, small), {}
    every = {name: values(name, (5,)) for name in DTYPES["safetensors/arrays"]}
    yield "every dtype", every, {}
    yield "empty among others", {"a": small, "b": values("int64", (0, 3)), "c": small}, {}


def safetensors_bytes(header: Any, data: bytes = bytes(8), size: int | None = None) -> bytes:
    """Return a file with a header as text, bytes, or something for JSON."""
    text = header if isinstance(header, (str, bytes)) else json.dumps(header, ensure_ascii=False)
    text = text.encode() if isinstance(text, str) else text
    return (len(text) if size is None else size).to_bytes(8, "little") + text + data


def safetensors_foreign() -> Iterator[tuple[str, bytes]]:
    """Yield files that the library does not write, most of which nobody should."""

    def row(**changes: Any) -> dict[str, Any]:
        return {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]} | changes

    plain = json.dumps({"a": row()})
    second = row(data_offsets=[8, 16])
    yield "with spaces", safetensors_bytes(plain)
    for name, text in {
        "a space before": " " + plain,
        "a newline before": "\n" + plain,
        "padded with spaces": plain + "   ",
        "padded with newlines": plain + "\n\t\r ",
        "padded with NUL": plain + "\0",
        "text behind": plain + "x",
        "a byte order mark": "\ufeff" + plain,
        "cut off": plain[:-1],
        "nothing": "",
        "an array": "[]",
        "null": "null",
        "a comment": plain[:-1] + "/**/}",
        "a comma too many": plain[:-1] + ",}",
        "NaN beside it": plain[:-2] + ',"x":NaN}}',
        "a name twice, the same": plain[:-1] + "," + plain[1:],
        "a name twice": plain[:-1] + "," + json.dumps({"a": row(dtype="I32")})[1:],
        "a name twice, escaped": plain[:-1] + ',"\\u0061":' + json.dumps(row()) + "}",
        "dtype twice": plain.replace('"dtype"', '"dtype": "I32", "dtype"'),
        "half a surrogate pair": plain.replace('"a"', '"\\ud800"'),
        "an escaped name": plain.replace('"a"', '"\\u00e9\\n"'),
        "deep": plain[:-2] + ',"x":' + "[" * 100 + "]" * 100 + "}}",
        "deeper": plain[:-2] + ',"x":' + "[" * 500 + "]" * 500 + "}}",
        "too deep": plain[:-2] + ',"x":' + "[" * 3000 + "]" * 3000 + "}}",
        "an offset 8e0": plain.replace("8]", "8e0]"),
        "an offset 8.0": plain.replace("8]", "8.0]"),
        "an offset -0": plain.replace("[0,", "[-0,"),
        "an offset 08": plain.replace("8]", "08]"),
        "an offset of 25 digits": plain.replace("8]", "1" * 25 + "]"),
    }.items():
        yield name, safetensors_bytes(text)
    yield "not UTF-8", safetensors_bytes(plain.encode().replace(b"a", b"\xff", 1))
    rows: dict[str, dict[str, Any]] = {
        "an unknown member": {"order": "F"},
        "shape -2": {"shape": [-2]},
        "shape 2.0": {"shape": [2.0]},
        "shape true": {"shape": [True], "data_offsets": [0, 4]},
        "shape 2": {"shape": 2},
        "shape null": {"shape": None},
        "shape in text": {"shape": ["2"]},
        "shape of 1 and 2": {"shape": [1, 2]},
        "shape too large": {"shape": [3]},
        "shape too small": {"shape": [1]},
        "shape of 2**61": {"shape": [2**61]},
        "shape of 2**63": {"shape": [2**63]},
        "shape of 2**64": {"shape": [2**64]},
        "shape of 2**62 x 4": {"shape": [2**62, 4]},
        "shape of 2**62 x 2 x 0": {"shape": [2**62, 2, 0], "data_offsets": [0, 0]},
        "rank 65": {"shape": [1] * 64 + [2]},
        "dtype F128": {"dtype": "F128"},
        "dtype f32": {"dtype": "f32"},
        "dtype null": {"dtype": None},
        "dtype 1": {"dtype": 1},
        "dtype in a list": {"dtype": ["F32"]},
        "dtype F4": {"dtype": "F4", "shape": [16]},
        "dtype F6_E2M3": {"dtype": "F6_E2M3", "shape": [4], "data_offsets": [0, 3]},
        "bools of 2": {"dtype": "BOOL", "shape": [8]},
        "offsets reversed": {"data_offsets": [8, 0]},
        "offsets from 4": {"data_offsets": [4, 12]},
        "offsets from -4": {"data_offsets": [-4, 4]},
        "offsets to 12": {"shape": [3], "data_offsets": [0, 12]},
        "offsets to 4": {"shape": [1], "data_offsets": [0, 4]},
        "one offset": {"data_offsets": [8]},
        "three offsets": {"data_offsets": [0, 8, 8]},
        "offsets in text": {"data_offsets": ["0", "8"]},
        "offsets by name": {"data_offsets": {"0": 0, "1": 8}},
        "offsets null": {"data_offsets": None},
    }
    for name, changes in rows.items():
        yield name, safetensors_bytes({"a": row(**changes)}, b"\2" * 8)
    for missing in row():
        rest = {key: part for key, part in row().items() if key != missing}
        yield f"no {missing}", safetensors_bytes({"a": rest})
    yield "a row in a list", safetensors_bytes({"a": ["F32", [2], [0, 8]]})
    yield "a row null", safetensors_bytes({"a": None})
    for name, header, nbytes in (
        ("in another order", {"b": second, "a": row()}, 16),
        ("a gap", {"a": row(), "b": row(data_offsets=[12, 20])}, 20),
        ("an overlap", {"a": row(), "b": row(data_offsets=[4, 12])}, 12),
        ("one place for two", {"a": row(), "b": row()}, 8),
        ("bytes behind", {"a": row()}, 9),
        ("bytes missing", {"a": row()}, 7),
        ("no bytes", {"a": row()}, 0),
        ("nothing but bytes", {}, 8),
        ("empty at the end", {"a": row(), "b": row(shape=[0], data_offsets=[8, 8])}, 8),
        ("empty within", {"a": row(), "b": row(shape=[0], data_offsets=[4, 4])}, 8),
        ("empty backwards", {"a": row(), "b": row(shape=[0], data_offsets=[8, 4])}, 8),
        ("empty beyond", {"a": row(), "b": row(shape=[0], data_offsets=[12, 12])}, 8),
        ("metadata null", {"__metadata__": None, "a": row()}, 8),
        ("metadata empty", {"__metadata__": {}, "a": row()}, 8),
        ("metadata last", {"a": row(), "__metadata__": {"x": "y"}}, 8),
        ("metadata of numbers", {"__metadata__": {"x": 1}, "a": row()}, 8),
        ("metadata in text", {"__metadata__": "x", "a": row()}, 8),
        ("metadata false", {"__metadata__": False, "a": row()}, 8),
        ("metadata an array", {"__metadata__": row()}, 8),
        ("the name that is none", {"": row(), "a": second}, 16),
    ):
        yield name, safetensors_bytes(header, bytes(range(nbytes)))
    for size in (0, 1, 7, 2**31, 2**63, 2**64 - 1, 100_000_001):
        yield f"a size of {size}", safetensors_bytes(plain, size=size)
    yield "7 bytes", bytes(7)
    yield "8 bytes", bytes(8)
    yield "empty", b""


def msgpack_foreign() -> Iterator[tuple[str, bytes]]:
    """Yield maps that msgpack-numpy does not write, or did once."""
    plain = {b"nd": True, b"type": "<f8", b"kind": b"", b"shape": [2], b"data": bytes(range(16))}
    scalar = {b"nd": False, b"type": "<f4", b"data": b"\0\0\x80\x3f"}
    packed = msgpack.packb(plain)
    yield "as it is", packed
    yield "the data first", msgpack.packb(dict(reversed(plain.items())))
    yield "no kind", msgpack.packb({k: v for k, v in plain.items() if k != b"kind"})
    yield "one byte behind", packed + b"\0"
    yield "one byte less", packed[:-1]
    yield "two of them", packed * 2
    yield "an extension type behind", b"\x86" + packed[1:] + b"\xa1x\xd4\x05\0"
    yield "a time behind", b"\x86" + packed[1:] + b"\xa1x\xd6\xff\0\0\0\1"
    yield "a number as a key", b"\x86" + b"\x01\x01" + packed[1:]
    yield "the data twice", b"\x86" + packed[1:] + msgpack.packb({b"data": bytes(16)})[1:]
    yield "the data twice, one short", b"\x86" + msgpack.packb({b"data": b"x"})[1:] + packed[1:]
    yield "not a map", msgpack.packb([1.5, 2.5])
    yield "a number", msgpack.packb(1.5)
    yield "another map", msgpack.packb({"a": 1})
    yield "a map in a list", b"\x91" + packed
    yield "a list of one as a map", b"\x81\xa1a" + packed
    yield "the data long ago", msgpack.packb({b"x": bytes(5000)} | plain)
    yield "text keys", msgpack.packb({key.decode(): part for key, part in plain.items()})
    yield "data as bin 32", packed.replace(b"\xc4\x10", b"\xc6\0\0\0\x10")
    yield "data as bin 32 of 4 GiB", packed.replace(b"\xc4\x10", b"\xc6\xff\xff\xff\xff")
    others: dict[str, dict[bytes, Any]] = {
        "nd 1": {b"nd": 1},
        "nd null": {b"nd": None},
        "data too long": {b"data": bytes(24)},
        "data too short": {b"data": bytes(8)},
        "data as text": {b"data": "\0" * 16},
        "data as a list": {b"data": [0, 0]},
        "shape 2": {b"shape": 2},
        "shape -2": {b"shape": [-2]},
        "shape -1": {b"shape": [-1]},
        "shape 2.0": {b"shape": [2.0]},
        "shape true": {b"shape": [True], b"data": bytes(8)},
        "shape null": {b"shape": None},
        "shape ()": {b"shape": [], b"data": bytes(8)},
        "shape 1 x 2": {b"shape": [1, 2]},
        "shape of 2**62 x 4": {b"shape": [2**62, 4]},
        "shape of 0 x 2**62 x 4": {b"shape": [0, 2**62, 4], b"data": b""},
        "rank 65": {b"shape": [1] * 64 + [2]},
        "kind as text": {b"kind": ""},
        "kind V": {b"kind": b"V", b"type": [["a", "<f8"]]},
        "kind X": {b"kind": b"X"},
        "bools of 2": {b"type": "|b1", b"shape": [16]},
        "no Unicode": {b"type": "<U1", b"shape": [4]},
        "a record's type": {b"type": [["a", "<f8"]]},
        "a comma in the type": {b"type": "<f4,<f4"},
        "a shape in the type": {b"type": "(2,)<f4"},
        "type as bytes": {b"type": b"<f8"},
        "type null": {b"type": None},
        "type 7": {b"type": 7},
        "type float64": {b"type": "float64"},
        "type <f16": {b"type": "<f16", b"shape": [1]},
        "type |S0": {b"type": "|S0", b"data": b""},
        "type |S0 of many": {b"type": "|S0", b"data": b"", b"shape": [10**9]},
        "type |S9999999999": {b"type": "|S9999999999", b"data": b"", b"shape": [0]},
        "no type": {b"type": ...},
        "no shape": {b"shape": ...},
        "no data": {b"data": ...},
    }
    for text in ("=f8", "f8", "d", ">f8", "|f8", "<f3", "|O", "O", "|V8", "<M8[s]", "x" * 99):
        others[f"type {text[:9]}"] = {b"type": text}
    for name, changed in others.items():
        members = {key: part for key, part in (plain | changed).items() if part is not ...}
        yield name, msgpack.packb(members)
    yield "a scalar", msgpack.packb(scalar)
    yield "a scalar of two", msgpack.packb(scalar | {b"data": bytes(8)})
    yield "a scalar of none", msgpack.packb(scalar | {b"data": b""})
    yield "a scalar with a shape", msgpack.packb(scalar | {b"shape": [7]})
    for text in ("(1+2j)", "1j", "(-0-infj)", "(nan+nanj)", "1", "", "(1+2j", "x"):
        yield f"complex {text}", msgpack.packb({b"complex": True, b"data": text})
    yield "complex as bytes", msgpack.packb({b"complex": True, b"data": b"(1+2j)"})
    yield "complex of a number", msgpack.packb({b"complex": True, b"data": 1.5})
    yield "complex of nothing", msgpack.packb({b"complex": True})
    yield "empty", b""
