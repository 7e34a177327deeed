"""Formats of other libraries: what those libraries write and read of an array."""

import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
import pytest

import tensorwire as tw
from tensorwire.formats.arrow import ArrowTensor
from tensorwire.formats.format import Format
from tensorwire.formats.msgpack_numpy import MsgpackNumpy
from tensorwire.formats.npy import Npy
from tensorwire.formats.safetensors import Safetensors
from tests.goldens.cases import dtype_of
from tests.goldens.format_cases import (
    safetensors_bytes,
)
from tests.support.expectations import describe
from tests.support.values import Array

ROOT = Path(__file__).parents[2]
GOLDENS = json.loads((ROOT / "tests/goldens/formats.json").read_text(encoding="utf-8"))
FORMATS: dict[str, type[Format]] = {
    "npy/array": Npy,
    "msgpack/numpy": MsgpackNumpy,
    "safetensors/arrays": Safetensors,
    "arrow/tensor": ArrowTensor,
}
formats = pytest.mark.parametrize("name", FORMATS)
SWAPPED = {"npy/array", "msgpack/numpy"}  # they carry big-endian arrays as they are
SAFETENSORS = {
    "bool": "BOOL",
    "bfloat16": "BF16",
    "complex64": "C64",
    "float8_e5m2": "F8_E5M2",
    "float8_e4m3fn": "F8_E4M3",
    "float8_e4m3fnuz": "F8_E4M3FNUZ",
    "float8_e5m2fnuz": "F8_E5M2FNUZ",
    "float8_e8m0fnu": "F8_E8M0",
    **{f"int{bits}": f"I{bits}" for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": f"U{bits}" for bits in (8, 16, 32, 64)},
    **{f"float{bits}": f"F{bits}" for bits in (16, 32, 64)},
}
BY_TAG = {tag: name for name, tag in SAFETENSORS.items()}


def codec_of(name: str) -> Format:
    """Return the codec, or skip the test where the library that it needs is missing."""
    if name == "arrow/tensor":
        pytest.importorskip("pyarrow")
    return FORMATS[name]()


def theirs(name: str, array: Array) -> bytes:
    """Return what the format has for an array, by numpy, msgpack, json or pyarrow alone."""
    if name == "npy/array":
        file = BytesIO()
        np.save(file, array, allow_pickle=False)
        return file.getvalue()
    if name == "msgpack/numpy":
        shape, data = list(array.shape), array.tobytes()
        head = {b"nd": True, b"type": array.dtype.str, b"kind": b"", b"shape": shape, b"data": data}
        packed: bytes = msgpack.packb(head)
        return packed
    array = array.astype(array.dtype.newbyteorder("<"))
    if name == "safetensors/arrays":
        tag, size = SAFETENSORS[array.dtype.name], array.nbytes
        row = {"dtype": tag, "shape": array.shape, "data_offsets": [0, size]}
        text = json.dumps({"": row}, separators=(",", ":"))
        return safetensors_bytes(text + " " * (-len(text) % 8), array.tobytes())
    arrow: Any = pytest.importorskip("pyarrow")
    sink = arrow.BufferOutputStream()
    arrow.ipc.write_tensor(arrow.Tensor.from_numpy(array), sink)
    written: bytes = sink.getvalue().to_pybytes()
    return written


def read_by_others(name: str, body: bytes) -> Any:
    """Return what numpy, msgpack, json or pyarrow make of a payload that was read here."""
    if name == "npy/array":
        return np.load(BytesIO(body), allow_pickle=False)
    if name == "msgpack/numpy":
        found = msgpack.unpackb(body)
        if b"nd" not in found:
            return np.array(complex(found[b"data"]))
        shape = found[b"shape"] if found[b"nd"] else ()
        return np.ndarray(shape, np.dtype(found[b"type"]), found[b"data"])
    if name == "safetensors/arrays":
        size = 8 + int.from_bytes(body[:8], "little")
        rows = json.loads(body[8:size])
        rows.pop("__metadata__", None)
        arrays = {}
        for key, row in rows.items():
            start, end = (size + offset for offset in row["data_offsets"])
            flat = np.frombuffer(body[start:end], dtype_of(BY_TAG[row["dtype"]]))
            arrays[key] = flat.reshape(row["shape"])
        return arrays[""] if list(arrays) == [""] else arrays
    arrow: Any = pytest.importorskip("pyarrow")
    return arrow.ipc.read_tensor(arrow.BufferReader(body)).to_numpy()


def described(value: Any) -> Any:
    """Return what one array, or each of several, is."""
    if isinstance(value, dict):
        return {key: describe(array) for key, array in sorted(value.items())}
    return describe(value)


def same(got: Any, want: Any) -> bool:
    """Return whether two values are the same bit for bit, byte order and all."""
    return bool(described(got) == described(want))


def error_of(
    kind: type[tw.CodecError], call: Callable[..., Any], *arguments: Any, **options: Any
) -> tw.CodecError:
    """Return the error of a call, which names a place and a reason."""
    with pytest.raises(kind) as caught:
        call(*arguments, **options)
    assert caught.value.path.startswith("$")
    assert caught.value.reason
    return caught.value


def npy_file(header: str, data: bytes = bytes(16), version: tuple[int, int] = (1, 0)) -> bytes:
    """Return a .npy file with a header as text."""
    width, encoding = (2, "latin-1") if version == (1, 0) else (4, "utf-8")
    text = header.encode(encoding)
    return b"\x93NUMPY" + bytes(version) + len(text).to_bytes(width, "little") + text + data
