"""Write the tftensor goldens with the real TensorFlow.

The one command, from the root of the checkout, with Python 3.11::

    pip install tensorflow-cpu==2.21.0 && python -m tests.goldens.make_tftensor

``tftensor.json`` holds what ``tf.make_tensor_proto`` writes for each array of ``cases.py``.
``tftensor_foreign.json`` holds TensorProtos made here, some of them invalid, and how TensorFlow's
two readers take each: ``tf.make_ndarray``, in Python, and ``tf.io.parse_tensor``, in C++. For no
strings at all the first fills the shape with str, not bytes; both stand as empty bytes here.
"""

import json
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf  # type: ignore[import-not-found,import-untyped,unused-ignore]

from tests.goldens.cases import NUMERIC, SMALL_INTS, Array, bits, dtype_of, tftensor_cases, values

FOLDER = Path(__file__).parent
TensorProto = tf.make_tensor_proto(0).__class__
INT32, STRING = tf.int32.as_datatype_enum, tf.string.as_datatype_enum
VAL_FIELDS = {
    "bool": "bool_val",
    "float16": "half_val",
    "bfloat16": "half_val",
    "float32": "float_val",
    "float64": "double_val",
    "complex64": "scomplex_val",
    "complex128": "dcomplex_val",
    "int64": "int64_val",
    "uint32": "uint32_val",
    "uint64": "uint64_val",
}
SHAPE_2 = bytes.fromhex("1204 1202 0802")


def enum_of(name: str) -> int:
    """Return the number that TensorProto has for the dtype."""
    enum: int = tf.as_dtype(dtype_of(name)).as_datatype_enum
    return enum


def proto(dtype: int, shape: tuple[int, ...] | None, **fields: Any) -> Any:
    """Return a TensorProto; ``shape=None`` leaves the shape out."""
    message = TensorProto(dtype=dtype, **fields)
    if shape is not None:
        message.tensor_shape.SetInParent()
        for size in shape:
            message.tensor_shape.dim.add(size=size)
    return message


def val_field(name: str, array: Array) -> dict[str, Any]:
    """Return the ``*_val`` field of the dtype, holding the elements of a 1-d array."""
    if name.startswith("float8") or name == "float4_e2m1fn":
        return {"float8_val": array.tobytes()}
    field = VAL_FIELDS.get(name, "int_val")
    if field == "half_val":
        array = array.view(np.uint16)
    if name in SMALL_INTS:
        array = array.astype(np.int8)
    if array.dtype.kind == "c":
        array = np.stack([array.real, array.imag], axis=-1).ravel()
    return {field: array.tolist()}


def foreign_cases() -> Iterator[tuple[str, bytes]]:
    """Yield the name and the bytes of every TensorProto that the readers are shown."""
    for name in NUMERIC:
        for case, message in numeric_cases(name):
            yield f"{name} {case}", message.SerializeToString(deterministic=True)
    for case, message in (*string_cases(), *shape_cases(), *value_cases()):
        yield case, message.SerializeToString(deterministic=True)
    yield from wire_cases()


def numeric_cases(name: str) -> Iterator[tuple[str, Any]]:
    """Yield a numeric dtype in both of its forms, with right and wrong amounts of data."""
    enum = enum_of(name)
    some = values(name, (7,))
    for count in (6, 1, 2, 0, 7):
        yield f"{count} of (2, 3)", proto(enum, (2, 3), **val_field(name, some[:count]))
    for count in (1, 0, 2):
        yield f"{count} of ()", proto(enum, (), **val_field(name, some[:count]))
    yield "0 of (0, 3)", proto(enum, (0, 3))
    yield "1 of (0, 3)", proto(enum, (0, 3), **val_field(name, some[:1]))

    content = some[:6].tobytes()
    one = content[: len(content) // 6]
    yield "content", proto(enum, (2, 3), tensor_content=content)
    yield "content ()", proto(enum, (), tensor_content=one)
    yield "content a byte short", proto(enum, (2, 3), tensor_content=content[:-1])
    yield "content a byte long", proto(enum, (2, 3), tensor_content=content + b"\1")
    yield "content of one element", proto(enum, (2, 3), tensor_content=one)
    yield "content of (0, 3)", proto(enum, (0, 3), tensor_content=one)
    both = proto(enum, (2, 3), tensor_content=content, **val_field(name, some[6:]))
    yield "content and 1 value", both

    wrong = {"double_val": [1.5] * 6} if name != "float64" else {"float_val": [1.5] * 6}
    yield "values of another dtype", proto(enum, (2, 3), **wrong)
    if name.startswith("complex"):
        for count in (1, 3, 13):
            parts = {VAL_FIELDS[name]: np.arange(1.0, count + 1).tolist()}
            yield f"{count} floats of (2, 3)", proto(enum, (2, 3), **parts)


def string_cases() -> Iterator[tuple[str, Any]]:
    """Yield strings, whose content form is all the lengths as varints and then all the bytes."""
    some = [b"a\0", b"", "é".encode(), b"\xff", b"dd", b"e", b"f"]
    for count in (6, 1, 2, 0, 7):
        yield f"string {count} of (2, 3)", proto(STRING, (2, 3), string_val=some[:count])
    for count in (1, 0, 2):
        yield f"string {count} of ()", proto(STRING, (), string_val=some[:count])
    yield "string 0 of (0, 3)", proto(STRING, (0, 3))
    yield "string 1 of (0, 3)", proto(STRING, (0, 3), string_val=some[:1])
    yield "string content", proto(STRING, (2,), tensor_content=b"\1\2abb")
    yield "string content short", proto(STRING, (2,), tensor_content=b"\1\2ab")
    yield "string content long", proto(STRING, (2,), tensor_content=b"\1\2abbc")
    yield "string content of (0, 3)", proto(STRING, (0, 3), tensor_content=b"\1a")


def shape_cases() -> Iterator[tuple[str, Any]]:
    """Yield shapes that one may not expect."""
    yield "shape missing", proto(INT32, None, int_val=[5])
    yield "shape missing, no value", proto(INT32, None)
    odd: list[tuple[int, ...]] = [(-1,), (-1, 2), (-2,), (-1, -1), (-2, -3), (2**62, 4)]
    for shape in odd:
        yield f"shape {shape}", proto(INT32, shape, int_val=[1, 2, 3, 4, 5, 6])
    yield "shape (-1,), no value", proto(INT32, (-1,))
    empty: list[tuple[int, ...]] = [(2**62, 4, 0), (0, 2**62, 4), (2**63 - 1, 0)]
    for shape in empty:
        yield f"shape {shape}", proto(INT32, shape)
    for rank in (64, 65, 254, 255):
        yield f"shape of rank {rank}", proto(INT32, (1,) * rank, int_val=[5])
    named = proto(INT32, (2,), int_val=[5, 6])
    named.tensor_shape.dim[0].name = "batch"
    yield "shape with a dim name", named
    scalar, vector = proto(INT32, (), int_val=[5]), proto(INT32, (2,), int_val=[5])
    for message in (scalar, vector):
        message.tensor_shape.unknown_rank = True
    yield "unknown rank", scalar
    yield "unknown rank with (2,)", vector


def value_cases() -> Iterator[tuple[str, Any]]:
    """Yield values that the dtype cannot hold, and dtypes that there are not."""
    int_vals = {
        "int8": (128, -129, 256),
        "uint8": (256, -1),
        "int16": (32768, -32769),
        "uint16": (65536, -1),
        "int4": (8, -9, 16),
        "uint4": (16, -1),
        "int2": (2, -3),
        "uint2": (4, -1),
    }
    for name, numbers in int_vals.items():
        for number in numbers:
            yield f"{name} of value {number}", proto(enum_of(name), (1,), int_val=[number])
    for name in ("float16", "bfloat16"):
        for number in (65536, -1):
            yield f"{name} of pattern {number}", proto(enum_of(name), (1,), half_val=[number])
    for name, byte in {"bool": 2, "int4": 0x17, "uint4": 0xFF, "int2": 7, "uint2": 7}.items():
        content = bytes([1, byte])
        yield f"{name} content byte {byte}", proto(enum_of(name), (2,), tensor_content=content)
    for enum in (0, 99, 100 + INT32, tf.resource.as_datatype_enum, tf.variant.as_datatype_enum):
        yield f"dtype {enum}", proto(enum, (1,), int_val=[5])
    yield "version number", proto(INT32, (1,), int_val=[5], version_number=7)


def wire_cases() -> Iterator[tuple[str, bytes]]:
    """Yield messages spelt as protobuf allows, though no writer of TensorProtos spells them so."""
    int32 = bytes([0x08, INT32])
    packed, unpacked = bytes.fromhex("3a 02 05 06"), bytes.fromhex("38 05 38 06")
    yield "wire unpacked", int32 + SHAPE_2 + unpacked
    yield "wire packed in two", int32 + SHAPE_2 + bytes.fromhex("3a 01 05 3a 01 06")
    yield "wire packed and unpacked", int32 + SHAPE_2 + bytes.fromhex("3a 01 05 38 06")
    yield "wire reordered", packed + SHAPE_2 + int32
    yield "wire dtype twice", b"\x08\x01" + int32 + SHAPE_2 + packed
    yield "wire shape twice", int32 + SHAPE_2 + bytes.fromhex("1204 1202 0801") + packed
    yield "wire dim size twice", int32 + bytes.fromhex("1206 1204 0807 0802") + packed
    content = bytes.fromhex("22 08 0100000002000000")
    yield "wire content twice", int32 + SHAPE_2 + bytes.fromhex("22 04 09000000") + content
    yield "wire content, then empty content", int32 + SHAPE_2 + content + b"\x22\x00" + packed
    yield "wire unknown field", int32 + SHAPE_2 + packed + bytes.fromhex("a23e 03 616263")
    yield "wire int_val of another wire type", int32 + SHAPE_2 + bytes.fromhex("3d 01020304")
    yield "wire -1 in five bytes", int32 + SHAPE_2 + bytes.fromhex("3a 06 ffffffff0f 05")
    yield "wire 2**32 + 5", int32 + SHAPE_2 + bytes.fromhex("3a 06 8580808010 06")
    yield "wire overlong varint", int32 + SHAPE_2 + bytes.fromhex("3a 03 8500 06")
    yield "wire bool of 2", bytes.fromhex("080a") + SHAPE_2 + bytes.fromhex("5a 02 02 00")
    yield "wire bool of 256", bytes.fromhex("080a") + SHAPE_2 + bytes.fromhex("5a 03 8002 00")
    yield "wire unpacked bool of 2", bytes.fromhex("080a") + SHAPE_2 + bytes.fromhex("5802 5800")
    yield "wire varint of eleven bytes", int32 + SHAPE_2 + b"\x3a\x0c" + b"\x85" * 10 + b"\0\6"
    yield "wire cut in a value", int32 + SHAPE_2 + bytes.fromhex("3a 02 05")
    yield "wire cut in a varint", int32 + SHAPE_2 + bytes.fromhex("3a 02 05 86")
    yield "wire float_val of seven bytes", b"\x08\x01" + SHAPE_2 + b"\x2a\x07" + bytes(7)
    yield "wire empty", b""


def reading(read: Callable[[], Any]) -> Any:
    """Return what a reader makes of a message as JSON holds it, or "error"."""
    try:
        result = read()
    except Exception:  # noqa: BLE001  whatever TensorFlow raises is its refusal
        return "error"
    array = np.array(result, object) if isinstance(result, bytes) else np.asarray(result)
    described: dict[str, Any] = {"dtype": array.dtype.name, "shape": list(array.shape)}
    if array.dtype == object:
        elements = array.ravel().tolist()
        return described | {"hex": [tf.compat.as_bytes(element).hex() for element in elements]}
    return described | {"hex": bits(array).hex()}


def readings(message: bytes) -> dict[str, Any]:
    """Return a message and how both of TensorFlow's readers take it."""

    def make_ndarray() -> Any:
        return tf.make_ndarray(TensorProto.FromString(message))

    def parse_tensor() -> Any:
        dtype = TensorProto.FromString(message).dtype
        return tf.io.parse_tensor(message, dtype).numpy()

    python, cpp = reading(make_ndarray), reading(parse_tensor)
    both = {"both": python} if python == cpp else {"make_ndarray": python, "parse_tensor": cpp}
    return {"proto": message.hex(), **both}


def written(array: Array) -> tuple[str, str | None]:
    """Return the bytes in hex or the error, and the dtype that make_ndarray gives if another."""
    try:
        message = tf.make_tensor_proto(array)
    except TypeError as error:
        return f"TypeError: {error}", None
    back = tf.make_ndarray(message)
    if array.dtype.kind in "SU":
        as_bytes = np.char.encode(array, "utf-8") if array.dtype.kind == "U" else array
        same = back.tolist() == as_bytes.tolist()
    else:
        same = back.dtype == array.dtype and bits(back) == bits(array)
    if not same or back.shape != array.shape:
        raise SystemExit(f"make_ndarray does not return {array!r} but {back!r}")
    other = None if back.dtype == array.dtype else back.dtype.name
    return message.SerializeToString(deterministic=True).hex(), other


def save(name: str, **parts: dict[str, Any]) -> None:
    """Write one golden file, a line for each case."""
    packages = ("tensorflow-cpu", "numpy", "ml_dtypes", "protobuf")
    parts = {"made with": {package: version(package) for package in packages}} | parts
    blocks = []
    for title, entries in parts.items():
        lines = [f"  {json.dumps(key)}: {json.dumps(entries[key])}" for key in sorted(entries)]
        blocks.append(f"{json.dumps(title)}: {{\n" + ",\n".join(lines) + "\n}")
    (FOLDER / name).write_text("{\n" + ",\n".join(blocks) + "\n}\n", encoding="utf-8")


def main() -> None:
    """Write both golden files."""
    results = {name: written(array) for name, array in tftensor_cases()}
    others = {name: other for name, (_, other) in results.items() if other}
    save(
        "tftensor.json",
        make_tensor_proto={name: result for name, (result, _) in results.items()},
        make_ndarray_dtype=others,
    )
    foreign = {name: readings(message) for name, message in foreign_cases()}
    save("tftensor_foreign.json", cases=foreign)


if __name__ == "__main__":
    main()
