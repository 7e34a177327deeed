"""Write the goldens of the neighbours' formats with the real libraries.

The one command, from the root of the checkout, with Python 3.11::

    pip install msgpack-numpy==0.4.8 pyarrow==26.0.1 safetensors==0.8.0 ml_dtypes numpy \
        && python -m tests.goldens.make_formats

``formats.json`` holds, for each array of ``format_cases.py``, the bytes that the library of the
format writes; and for each odd payload of ``format_cases.py`` how the library reads it.
"""

import json
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgpack_numpy  # type: ignore[import-not-found,import-untyped,unused-ignore]
import numpy as np
import pyarrow as pa  # type: ignore[import-not-found,import-untyped,unused-ignore]
import safetensors  # type: ignore[import-not-found,import-untyped,unused-ignore]

from tests.goldens.cases import Array
from tests.goldens.format_cases import (
    msgpack_foreign,
    named_cases,
    safetensors_foreign,
    written_cases,
)

FOLDER = Path(__file__).parent
PACKAGES = ("ml_dtypes", "msgpack", "msgpack-numpy", "numpy", "pyarrow", "safetensors")


def write_msgpack(array: Array) -> bytes:
    """Return what msgpack-numpy writes."""
    packed: bytes = msgpack_numpy.packb(array)
    return packed


def write_arrow(array: Array) -> bytes:
    """Return what pyarrow writes."""
    sink = pa.BufferOutputStream()
    pa.ipc.write_tensor(pa.Tensor.from_numpy(array), sink)
    written: bytes = sink.getvalue().to_pybytes()
    return written


def write_safetensors(arrays: dict[str, Array], metadata: dict[str, str]) -> bytes:
    """Return what the safetensors library writes; the arrays have to be in C order."""
    specs = {
        name: safetensors.TensorSpec(
            dtype=array.dtype.name,
            shape=array.shape,
            data_ptr=array.ctypes.data,
            data_len=array.nbytes,
        )
        for name, array in arrays.items()
    }
    return bytes(safetensors.serialize(specs, metadata=metadata or None))


def read_safetensors(body: bytes) -> Any:
    """Return every array as dtype, shape and bytes, or "error"."""
    try:
        found = safetensors.deserialize(body)
    except Exception:  # noqa: BLE001 - whatever it raises is its refusal
        return "error"
    return {
        name: {"dtype": row["dtype"], "shape": row["shape"], "hex": bytes(row["data"]).hex()}
        for name, row in sorted(found)
    }


def read_msgpack(body: bytes) -> Any:
    """Return the array as dtype, shape and bytes, or "error"; what is no array counts as one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = msgpack_numpy.unpackb(body)
    except Exception:  # noqa: BLE001 - whatever it raises is its refusal
        return "error"
    if not isinstance(found, (np.ndarray, np.generic, complex)) or type(found) is float:
        return "error"
    array = np.asarray(found)
    if array.dtype.hasobject:
        return "error"  # it took the bytes for addresses
    return {"dtype": array.dtype.str, "shape": list(array.shape), "hex": array.tobytes().hex()}


def main() -> None:
    """Write the file, a case a line."""
    scalars = ("bool", "int8", "uint64", "float16", "float32", "complex64")
    sections: dict[str, dict[str, Any]] = {
        "made with": {name: version(name) for name in PACKAGES},
        "msgpack/numpy": {c: write_msgpack(a).hex() for c, a in written_cases("msgpack/numpy")},
        "arrow/tensor": {c: write_arrow(a).hex() for c, a in written_cases("arrow/tensor")},
        "safetensors/arrays": {
            case: write_safetensors({"": array}, {}).hex()
            for case, array in written_cases("safetensors/arrays")
        },
        "safetensors of names": {
            case: write_safetensors(arrays, metadata).hex()
            for case, arrays, metadata in named_cases()
        },
        "msgpack of scalars": {
            name: write_msgpack(np.dtype(name).type(1)).hex() for name in scalars
        },
        "msgpack of others": {
            "objects": write_msgpack(np.array([None, {"a": 1}], object)).hex(),
            "records": write_msgpack(np.zeros(2, "<f8,<i4")).hex(),
        },
        "safetensors foreign": {name: read_safetensors(b) for name, b in safetensors_foreign()},
        "msgpack foreign": {name: read_msgpack(body) for name, body in msgpack_foreign()},
    }
    texts = []
    for section, cases in sections.items():
        lines = (f"{json.dumps(case)}: {json.dumps(golden)}" for case, golden in cases.items())
        texts.append(f"{json.dumps(section)}: {{\n" + ",\n".join(lines) + "\n}")
    (FOLDER / "formats.json").write_text("{\n" + ",\n".join(texts) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
