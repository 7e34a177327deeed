"""A second opinion on bytes of the Open Inference Protocol, from protobuf's runtime, orjson, numpy.

A reader gives the message that a decoder owes for a body, or raises `Refused`.
"""

import struct
from math import isfinite, nan, prod
from typing import Any

import ml_dtypes
import numpy as np
from google.protobuf.message import DecodeError

from tensorwire.containers.protobuf.schema import message_class
from tests.support.oip_values import DATATYPES, LENGTH, MESSAGES, Output, Request, Response, Tensor
from tests.support.readers import Refused, _need, json_text
from tests.support.values import Array

_CONTENTS = {member for _, member in DATATYPES.values() if member}


def read_grpc(body: bytes, kind: Any) -> Any:
    """Read a ModelInfer message by the official runtime."""
    try:
        message: Any = message_class(MESSAGES[kind])().FromString(body)
    except (DecodeError, RecursionError) as error:
        raise Refused(error) from None
    request = kind is Request
    tensors = message.inputs if request else message.outputs
    blobs = list(message.raw_input_contents if request else message.raw_output_contents)
    _need(len(blobs) in (0, len(tensors)), "count of raw contents")
    found = []
    for i, tensor in enumerate(tensors):
        shape = list(tensor.shape)
        if blobs:
            _need(not tensor.contents.ListFields(), "contents beside raw")
            array = from_raw(tensor.datatype, shape, blobs[i])
        else:
            array = _from_contents(tensor, shape)
        found.append(Tensor(tensor.name, array, _choices(tensor.parameters)))
    names = (message.model_name, message.model_version, message.id, _choices(message.parameters))
    if not request:
        return Response(found, *names)
    return Request(found, *names, [Output(o.name, _choices(o.parameters)) for o in message.outputs])


def _choices(parameters: Any) -> dict[str, Any]:
    chosen = {name: parameters[name].WhichOneof("parameter_choice") for name in parameters}
    return {name: getattr(parameters[name], field) for name, field in chosen.items() if field}


def _from_contents(tensor: Any, shape: list[int]) -> Any:
    name, member = DATATYPES.get(tensor.datatype, ("", ""))
    _need(bool(member), "no datatype of contents")
    for other in _CONTENTS - {member}:
        _need(not getattr(tensor.contents, other), "another member")
    values = list(getattr(tensor.contents, member))
    if tensor.datatype == "BYTES":
        return _shaped(_objects(values), shape)
    if name.startswith(("int", "uint")):
        info = np.iinfo(name)
        _need(all(info.min <= number <= info.max for number in values), "out of range")
    return _shaped(np.array(values, name), shape)


def from_raw(datatype: str, shape: list[int], blob: bytes) -> Any:
    """Read the memory of one tensor."""
    _need(datatype in DATATYPES, "no datatype")
    if datatype == "BYTES":
        values, at = [], 0
        while at < len(blob):
            _need(at + 4 <= len(blob), "half a length")
            (length,) = struct.unpack("<I", blob[at : at + 4])
            values.append(blob[at + 4 : at + 4 + length])
            at += 4 + length
        _need(at == len(blob), "half a string")
        return _shaped(_objects(values), shape)
    name = DATATYPES[datatype][0]
    dtype = np.dtype(getattr(ml_dtypes, name, name)).newbyteorder("<")
    _need(len(blob) % dtype.itemsize == 0, "half an element")
    _need(datatype != "BOOL" or not blob or max(blob) < 2, "no bool")
    return _shaped(np.frombuffer(blob, dtype), shape)


def _objects(values: list[Any]) -> Array:
    array = np.empty(len(values), object)
    array[:] = values
    return array


def _shaped(array: Array, shape: list[int]) -> Array:
    _need(all(size >= 0 for size in shape) and prod(shape) == array.size, "shape")
    _need(len(shape) <= 64, "rank")
    try:
        return array.reshape(shape)
    except (ValueError, OverflowError) as error:
        raise Refused(error) from None


def read_rest(body: bytes, headers: dict[str, str], kind: Any) -> Any:
    """Read the JSON by orjson, and the bytes behind it as the header says."""
    length = int(headers.get(LENGTH, len(body)))
    try:
        tree = json_text(body[:length])
    except ValueError as error:
        raise Refused(error) from None
    blobs = body[length:]
    _need(type(tree) is dict, "no object")
    _need(_is_narrow(tree.get("parameters")), "an integer beyond 64 bits")
    nodes = tree.get("inputs" if kind is Request else "outputs")
    _need(type(nodes) is list and all(type(node) is dict for node in nodes), "no tensors")
    found = []
    for node in nodes:
        shape, parameters = node.get("shape"), dict(_member(node, "parameters", dict))
        _need(_is_narrow(parameters), "an integer beyond 64 bits")
        _need(type(shape) is list and all(type(size) is int for size in shape), "no shape")
        _need(type(node.get("name")) is str, "no name")
        datatype, size = node.get("datatype"), parameters.pop("binary_data_size", None)
        _need(type(datatype) is str and datatype in DATATYPES, "no datatype")
        if size is None:
            array = _from_data(datatype, shape, node.get("data"))
        else:
            _need(type(size) is int and 0 <= size <= len(blobs), "no size")
            _need(node.get("data") is None, "data beside memory")
            array, blobs = from_raw(datatype, shape, blobs[:size]), blobs[size:]
        found.append(Tensor(_member(node, "name", str), array, parameters))
    _need(not blobs, "bytes left")
    names = [_member(tree, name, str) for name in ("model_name", "model_version", "id")]
    if kind is Response:
        return Response(found, *names, _member(tree, "parameters", dict))
    wanted = _member(tree, "outputs", list)
    _need(all(type(node) is dict for node in wanted), "no outputs")
    _need(all(type(node.get("name")) is str for node in wanted), "no name of an output")
    outputs = [Output(_member(o, "name", str), _member(o, "parameters", dict)) for o in wanted]
    return Request(found, *names, _member(tree, "parameters", dict), outputs)


def _is_narrow(parameters: Any) -> bool:
    """Return whether all integers in a JSON value are of 64 bits."""
    if isinstance(parameters, (dict, list)):
        inner = parameters.values() if isinstance(parameters, dict) else parameters
        return all(map(_is_narrow, inner))
    return type(parameters) is not int or -(2**63) <= parameters < 2**64


def _member(node: dict[str, Any], name: str, kind: Any) -> Any:
    value = node.get(name)
    _need(value is None or type(value) is kind, name)
    return kind() if value is None else value


def _from_data(datatype: str, shape: list[int], data: Any) -> Any:
    """Read a list of values: flat, or nested just as the shape says."""
    found: list[int] = []
    first, rows = data, [data]
    while type(first) is list:
        found.append(len(first))
        first = first[0] if first else None
    for size in found:
        _need(all(type(row) is list and len(row) == size for row in rows), "ragged")
        rows = [item for row in rows for item in row]
    _need(bool(found) and found in (shape, [prod(shape)]), "shape of data")
    data = rows
    name = DATATYPES[datatype][0]
    _need(datatype != "BF16", "binary only")
    if datatype == "BYTES":
        _need(all(type(item) is str for item in data), "no text")
        return _shaped(_objects([item.encode() for item in data]), shape)
    if name == "bool":
        _need(all(type(item) is bool for item in data), "no bool")
        return _shaped(np.array(data, bool), shape)
    if name.startswith(("float", "bfloat")):
        data = [nan if item is None else item for item in data]
    _need(all(type(item) in (int, float) for item in data), "no number")
    dtype = np.dtype(getattr(ml_dtypes, name, name))
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        _need(all(isfinite(item) and item == int(item) for item in data), "fraction")
        if any(type(item) is float for item in data):  # a reader of floats rounds all of them
            _need(all(abs(item) < 2**53 for item in data), "rounded")
        _need(all(info.min <= item <= info.max for item in data), "out of range")
        return _shaped(np.array(list(map(int, data)), dtype), shape)
    # An integer that a float would round is refused; a decimal is the nearest float, as ever.
    _need(all(type(item) is float or _is_exact(item) for item in data), "rounded")
    wide = np.array(list(map(float, data)), np.float64)
    with np.errstate(over="ignore"):
        array = wide.astype(dtype)
    _need(np.array_equal(np.isinf(array.astype(float)), np.isinf(wide)), "too large")
    return _shaped(array, shape)


def _is_exact(number: int) -> bool:
    try:
        return int(float(number)) == number
    except OverflowError:
        return False
