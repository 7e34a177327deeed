"""Each format read by its official library, and its numbers by numpy: a second opinion on bytes.

A reader takes a payload and the kind that is expected in it, and returns the value that a decoder
owes for it, or raises `Refused`.
"""

import base64
import binascii
import json
import re
from math import prod
from types import NoneType
from typing import Any

import ml_dtypes
import msgpack
import numpy as np
import orjson
from google.protobuf.message import DecodeError

from tests.support.expectations import INT64, UINT64, describe
from tests.support.reference import SeldonMessage
from tests.support.values import Array

_ALLOWED = 16 << 20  # bytes that a payload may claim beyond four times its own
_INTEGERS, _NOTHING = frozenset({int}), frozenset[type]()
_WORDS = {"NaN": np.nan, "Infinity": np.inf, "-Infinity": -np.inf}

# By TensorFlow's name: numpy's name, and the JSON name of the member that holds the values.
_TYPES = {
    "DT_FLOAT": ("float32", "floatVal"),
    "DT_DOUBLE": ("float64", "doubleVal"),
    "DT_INT32": ("int32", "intVal"),
    "DT_UINT8": ("uint8", "intVal"),
    "DT_INT16": ("int16", "intVal"),
    "DT_INT8": ("int8", "intVal"),
    "DT_STRING": ("bytes", "stringVal"),
    "DT_COMPLEX64": ("complex64", "scomplexVal"),
    "DT_INT64": ("int64", "int64Val"),
    "DT_BOOL": ("bool", "boolVal"),
    "DT_BFLOAT16": ("bfloat16", "halfVal"),
    "DT_UINT16": ("uint16", "intVal"),
    "DT_COMPLEX128": ("complex128", "dcomplexVal"),
    "DT_HALF": ("float16", "halfVal"),
    "DT_UINT32": ("uint32", "uint32Val"),
    "DT_UINT64": ("uint64", "uint64Val"),
    "DT_FLOAT8_E5M2": ("float8_e5m2", "float8Val"),
    "DT_FLOAT8_E4M3FN": ("float8_e4m3fn", "float8Val"),
    "DT_FLOAT8_E4M3FNUZ": ("float8_e4m3fnuz", "float8Val"),
    "DT_FLOAT8_E4M3B11FNUZ": ("float8_e4m3b11fnuz", "float8Val"),
    "DT_FLOAT8_E5M2FNUZ": ("float8_e5m2fnuz", "float8Val"),
    "DT_INT4": ("int4", "intVal"),
    "DT_UINT4": ("uint4", "intVal"),
    "DT_INT2": ("int2", "intVal"),
    "DT_UINT2": ("uint2", "intVal"),
    "DT_FLOAT4_E2M1FN": ("float4_e2m1fn", "float8Val"),
}


class Refused(Exception):  # noqa: N818 - a verdict, not a failure
    """The payload does not hold what it should."""


def read(codec: str, body: bytes) -> Any:
    """Return what the payload holds, or raise `Refused`."""
    container, kind = codec.split("/")
    if container == "protobuf":
        return _read_message(body, kind)
    try:
        load = json_text if container == "json" else _unpack
        tree = load(body)
    except (ValueError, TypeError, RecursionError, msgpack.UnpackException) as error:
        raise Refused(error) from None
    return _Tree(tree, len(body)).read(kind)


_STRINGS_AND_WORDS = re.compile(rb'"(?:[^"\\\\]|\\\\.)*"|-?Infinity|NaN', re.DOTALL)


def json_text(body: bytes) -> Any:
    """Return what orjson reads, bare words allowed; numbers as Python's json has them, exactly."""

    def without(match: re.Match[bytes]) -> bytes:
        return match[0] if match[0].startswith(b'"') else b"0"

    if b"NaN" in body or b"Infinity" in body:
        orjson.loads(_STRINGS_AND_WORDS.sub(without, body))
    else:
        orjson.loads(body)
    return json.loads(body)


def _unpack(body: bytes) -> Any:
    """Read msgpack, whose extension types no message has a place for."""

    def refuse(code: int, data: bytes) -> None:
        raise Refused(f"extension type {code} of {len(data)} bytes")

    return msgpack.unpackb(body, ext_hook=refuse)


def nested_array(nested: Any, also: frozenset[type] = frozenset()) -> Any:
    """Return the array that nested lists say; the lists where no dtype holds their values.

    Null is NaN among floats, and None in rows that mix types; among integers, if these are `also`
    floats.
    """
    shape: list[int] = []
    first = nested
    while isinstance(first, list):
        shape.append(len(first))
        first = first[0] if first else None
    _need(0 < len(shape) <= 64, "rank")
    leaves = [nested]
    for size in shape:
        _need(all(type(row) is list and len(row) == size for row in leaves), "ragged")
        leaves = [item for row in leaves for item in row]
    types = {type(leaf) for leaf in leaves}
    _need(types <= {int, float, bool, str, bytes, NoneType}, "not a scalar")
    integers = [leaf for leaf in leaves if type(leaf) is int]
    _need(all(leaf in INT64 or leaf in UINT64 for leaf in integers), "64 bits")
    if NoneType in types:
        leaves, types = _without_null(leaves, types - {NoneType}, also)
    if types == {int, float}:
        _need(all(int(float(leaf)) == leaf for leaf in integers), "a float would round it")
    if types == {int}:
        if all(leaf in INT64 for leaf in leaves):
            return np.array(leaves, np.int64).reshape(shape)
        if all(leaf in UINT64 for leaf in leaves):
            return np.array(leaves, np.uint64).reshape(shape)
        return nested
    if types in ({float}, {int, float}, set()):
        return np.array(leaves, np.float64).reshape(shape)
    if types == {bool}:
        return np.array(leaves).reshape(shape)
    return nested


def _without_null(leaves: list[Any], types: set[type], also: frozenset[type]) -> Any:
    """Return the leaves, and the types of them, with NaN for null where that is a float."""
    _need(types != {bool} and (types != {int} or int in also), "null among integers or bools")
    if types <= {int, float}:
        return [np.nan if leaf is None else leaf for leaf in leaves], {*types, float}
    return leaves, {*types, NoneType}


def same(value: Any, wanted: Any) -> bool:
    """Return whether a decoded value is the one that is owed; strings may be lists or arrays."""
    if isinstance(wanted, np.ndarray):
        if not isinstance(value, np.ndarray):
            return False
        if wanted.dtype.kind == "S":  # no strings: how long they would be is nothing to promise
            return bool(value.dtype.kind == "S" and value.shape == wanted.shape)
        return bool(describe(value) == describe(wanted))
    if isinstance(value, np.ndarray) and value.dtype.kind in "SUT":
        value = value.tolist()
    return type(value) is type(wanted) and repr(value) == repr(wanted)


class _Tree:
    """A message in JSON's form, read without a thought of speed."""

    def __init__(self, tree: Any, payload: int) -> None:
        self.tree, self.payload = tree, payload

    def read(self, kind: str) -> Any:
        tree = self.tree
        _need(type(tree) is dict, "no object")
        data = tree.get("data")
        raws = [tree[name] for name in ("binData", "bin_data") if tree.get(name) is not None]
        raw = raws[0] if raws else None
        _need(data is None or type(data) is dict, "data is no object")
        kinds = [k for k in ("tensor", "ndarray", "tftensor") if data and data.get(k) is not None]
        kinds += ["raw"] * len(raws)  # of a oneof, two spellings are two members
        _need(kinds == [kind] and (data is None or raw is None), "another kind")
        names = data.get("names") if data else None
        _need(names is None or type(names) is list, "names are no list")
        _need(all(type(name) is str for name in names or []), "a name is no string")
        for around in ("meta", "status"):
            _need(tree.get(around) is None or type(tree[around]) is dict, f"{around} is no object")
            _need(_is_plain(tree.get(around)), f"{around} has keys or values that JSON has not")
        if raw is not None:
            return np.frombuffer(_bytes(raw), np.uint8)
        node = data[kind]
        if kind == "ndarray":
            _need(type(node) is list, "no list")
            return nested_array(node)
        _need(type(node) is dict, "no object")
        return self._tensor(node) if kind == "tensor" else self._tftensor(node)

    def _tensor(self, node: Any) -> Array:
        shape, values = node.get("shape"), node.get("values")
        _need(shape is None or type(shape) is list, "no list of sizes")
        sizes = [_integer(size) for size in shape or []]
        if isinstance(values, bytes):
            _need(len(values) % 8 == 0, "not float64")
            return _reshape(np.frombuffer(values, "<f8"), sizes)
        return _reshape(_numbers([] if values is None else values, _INTEGERS), sizes)

    def _tftensor(self, node: Any) -> Any:
        dtype = node.get("dtype", 0)
        if type(dtype) is not str:
            dtype = _type_name(_integer(dtype))
        _need(dtype in _TYPES, "no dtype of numpy's")
        whole = _either(node, "tensorShape", "tensor_shape")
        _need(whole is None or type(whole) is dict, "no shape")
        dims = whole.get("dim") if whole else None
        dims = [] if dims is None else dims
        _need(type(dims) is list and all(type(dim) is dict for dim in dims), "no dims")
        shape = [_integer(dim.get("size", 0)) for dim in dims]
        content = _either(node, "tensorContent", "tensor_content")
        content = b"" if content is None else _bytes(content)
        member = _TYPES[dtype][1]
        snake = re.sub("[A-Z]", lambda letter: "_" + letter[0].lower(), member)
        values = _either(node, member, snake)
        if content:
            return tensor_proto(dtype, shape, content, None, self.payload)
        if member == "stringVal":
            _need(values is None or type(values) is list, "no list of strings")
            values = [_bytes(item) for item in values or []]
        elif member == "float8Val":
            values = b"" if values is None else _bytes(values)
        elif member == "boolVal":
            _need(values is None or type(values) is list, "no list")
            _need(all(type(item) is bool for item in values or []), "no bool")
        else:
            floats = member in ("floatVal", "doubleVal", "scomplexVal", "dcomplexVal")
            values = _numbers([] if values is None else values, _INTEGERS if floats else _NOTHING)
        return tensor_proto(dtype, shape, b"", values, self.payload)


def tensor_proto(dtype: str, shape: list[int], content: bytes, values: Any, payload: int) -> Any:
    """Return the array of a TensorProto: of its content, else of its values."""
    _need(all(size >= 0 for size in shape), "unknown size")
    name, member = _TYPES[dtype]
    if name == "bytes":
        _need(not content, "strings are no content")
        return _strings(shape, values, payload)
    target = np.dtype(getattr(ml_dtypes, name, name))
    count = prod(shape)
    if content:
        _need(len(content) == count * target.itemsize, "length of content")
        _need(name != "bool" or max(content) < 2, "no bool")
        return _reshape(np.frombuffer(content, target.newbyteorder("<")), shape)
    _need(count * target.itemsize <= 4 * payload + _ALLOWED, "too large")
    if member == "float8Val":
        some = np.frombuffer(values, np.uint8).view(target)
    elif target.kind == "c":
        part = np.dtype(f"f{target.itemsize // 2}")
        some = _narrow(np.array(values, np.float64), part)
        _need(some.size % 2 == 0, "half a number")
        some = some.view(target)
    elif member in ("floatVal", "doubleVal"):
        some = _narrow(np.array(values, np.float64), target)
    elif member == "halfVal":
        some = np.array(_whole(values, range(2**16)), np.uint16).view(target)
    elif name == "bool":
        some = np.array(_whole(values, range(2)), bool)
    elif name in ("int2", "int4", "uint2", "uint4"):
        limits = ml_dtypes.iinfo(target)  # type: ignore[no-untyped-call]
        some = np.array(_whole(values, range(limits.min, limits.max + 1)), np.int8).astype(target)
    else:
        info = np.iinfo(target)
        some = np.array(_whole(values, range(int(info.min), int(info.max) + 1)), target)
    _need(some.size <= count, "too many values")
    if not some.size:
        some = np.zeros(1, target)
    filled = np.concatenate([some, np.repeat(some[-1:], max(count - some.size, 0))])
    return _reshape(filled[:count], shape)


def _strings(shape: list[int], values: list[bytes], payload: int) -> Any:
    count = prod(shape)
    _need(len(values) <= count, "too many values")
    each = max(8, *map(len, values)) if values else 8
    _need(count * each <= 4 * payload + _ALLOWED, "too large")
    if not count:
        return np.empty(0, "S1").reshape(shape)
    filled = (values or [b""]) + (values or [b""])[-1:] * (count - max(len(values), 1))
    nested: Any = filled
    for size in reversed(shape[1:]):
        nested = [nested[i : i + size] for i in range(0, len(nested), size)]
    _need(len(shape) <= 64, "rank")
    return nested if shape else nested[0]


def _read_message(body: bytes, kind: str) -> Any:
    try:
        message = SeldonMessage.FromString(body)
    except (DecodeError, RecursionError) as error:
        raise Refused(error) from None
    which = message.WhichOneof("data_oneof")
    if which == "data":
        which = message.data.WhichOneof("data_oneof")
    _need(which == ("binData" if kind == "raw" else kind), "another kind")
    if kind == "raw":
        return np.frombuffer(message.binData, np.uint8)
    if kind == "tensor":
        tensor = message.data.tensor
        return _reshape(np.array(list(tensor.values), np.float64), list(tensor.shape))
    if kind == "ndarray":
        return nested_array(_from_list_value(message.data.ndarray))
    proto = message.data.tftensor
    name = _type_name(proto.dtype)
    shape = [dim.size for dim in proto.tensor_shape.dim]
    member = re.sub("[A-Z]", lambda letter: "_" + letter[0].lower(), _TYPES[name][1])
    values = getattr(proto, member)
    values = values if isinstance(values, bytes) else list(values)
    return tensor_proto(name, shape, proto.tensor_content, values, len(body))


def _from_list_value(list_value: Any) -> list[Any]:
    items: list[Any] = []
    for value in list_value.values:
        chosen = value.WhichOneof("kind")
        _need(chosen not in (None, "struct_value"), "no scalar")
        item = None if chosen == "null_value" else getattr(value, chosen)
        items.append(_from_list_value(item) if chosen == "list_value" else item)
    return items


def _need(condition: bool, why: str) -> None:  # noqa: FBT001 - as assert takes one
    if not condition:
        raise Refused(why)


def _is_plain(tree: Any) -> bool:
    """Return whether the keys of a tree are text, and its values such as JSON has, or bytes."""
    left = [tree]
    while left:
        part = left.pop()
        if isinstance(part, dict):
            if not all(type(key) is str for key in part):
                return False
            left.extend(part.values())
        elif isinstance(part, list):
            left.extend(part)
        elif type(part) not in (str, bytes, int, float, bool, NoneType):
            return False
    return True


def _either(node: dict[str, Any], camel: str, snake: str) -> Any:
    return node.get(snake) if node.get(camel) is None else node[camel]


def _type_name(number: int) -> str:
    enum = SeldonMessage.DESCRIPTOR.file.pool.FindEnumTypeByName("tensorflow.DataType")
    found = enum.values_by_number.get(number)
    _need(found is not None and found.name in _TYPES, "no dtype of numpy's")
    return str(found.name)


def _integer(node: Any) -> int:
    if type(node) is float:
        _need(node.is_integer(), "no integer")
        return int(node)
    if type(node) is str:
        _need(re.fullmatch("-?[0-9]{1,20}", node) is not None, "no integer")
        return int(node)
    _need(type(node) is int, "no integer")
    return int(node)


def _numbers(node: Any, also: frozenset[type]) -> Any:
    """Return a flat list of numbers, which may be quoted, as an array."""
    _need(type(node) is list, "no list of numbers")
    if not node:
        return np.empty(0)
    array = nested_array([_unquoted(item) for item in node], also)
    _need(isinstance(array, np.ndarray) and array.ndim == 1, "no flat list of one type")
    return array


def _unquoted(item: Any) -> Any:
    if type(item) is str:
        if item in _WORDS:
            return _WORDS[item]
        try:
            item = json.loads(item, parse_constant=lambda _: None)
        except ValueError:
            item = None
        _need(item is not None, "no number")
    _need(type(item) in (int, float, NoneType), "no number")
    return item


def _bytes(node: Any) -> bytes:
    """Return bytes, which text writes as base64: standard or URL-safe, padded or not, spaced."""
    if isinstance(node, bytes):
        return node
    _need(isinstance(node, str), "no bytes")
    spaces = dict.fromkeys(map(ord, " \t\n\v\f\r"))
    text = node.translate(spaces).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refused(error) from None


def _reshape(array: Array, shape: list[int]) -> Array:
    _need(all(size >= 0 for size in shape) and prod(shape) == array.size, "shape")
    try:
        return array.reshape(shape)
    except (ValueError, OverflowError) as error:
        raise Refused(error) from None


def _whole(values: Any, allowed: range) -> list[int]:
    numbers = values.tolist() if isinstance(values, np.ndarray) else values or []
    _need(all(np.isfinite(number) and number == int(number) for number in numbers), "fraction")
    _need(all(int(number) in allowed for number in numbers), "out of range")
    return [int(number) for number in numbers]


def _narrow(array: Array, dtype: np.dtype[Any]) -> Array:
    with np.errstate(over="ignore"):
        narrow = array.astype(dtype)
    _need(not (np.isinf(narrow) & np.isfinite(array)).any(), "too large")
    return narrow
