"""Messages of the Open Inference Protocol, and what official libraries write for them.

The references know no line of the library: protobuf's runtime, orjson, struct and numpy make them.
"""

import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
import orjson

import tensorwire as tw
from tensorwire.containers.protobuf.schema import message_class
from tests.support.expectations import describe
from tests.support.values import Array, layouts, plain

# Of type Any: many a test hands them what they do not take.
Request: Any = tw.oip.InferRequest
Response: Any = tw.oip.InferResponse
Tensor: Any = tw.oip.InferTensor
Output: Any = tw.oip.RequestedOutput

GRPC = ("oip/protobuf", "oip/protobuf-typed")
REST = ("oip/json", "oip/binary")
PROTOCOLS = (*GRPC, *REST)
LENGTH = "Inference-Header-Content-Length"
MESSAGES = {Request: "inference.ModelInferRequest", Response: "inference.ModelInferResponse"}

# By datatype: numpy's name, and the member of the contents; none where raw contents alone will do.
DATATYPES = {
    "BOOL": ("bool", "bool_contents"),
    "UINT8": ("uint8", "uint_contents"),
    "UINT16": ("uint16", "uint_contents"),
    "UINT32": ("uint32", "uint_contents"),
    "UINT64": ("uint64", "uint64_contents"),
    "INT8": ("int8", "int_contents"),
    "INT16": ("int16", "int_contents"),
    "INT32": ("int32", "int_contents"),
    "INT64": ("int64", "int64_contents"),
    "FP16": ("float16", ""),
    "BF16": ("bfloat16", ""),
    "FP32": ("float32", "fp32_contents"),
    "FP64": ("float64", "fp64_contents"),
    "BYTES": ("bytes", "bytes_contents"),
}
SHAPES = ((), (1,), (7,), (0,), (0, 3), (2, 3), (2, 1, 3, 2), (40, 50))
PARAMETERS = {"b": True, "i": -(2**63), "s": "é\n", "d": 0.1, "u": 2**64 - 1, "": False}


def refused(protocol: str, datatype: str) -> bool:
    """Return whether a protocol cannot represent a datatype."""
    if protocol == "oip/protobuf-typed":
        return not DATATYPES[datatype][1]
    return protocol == "oip/json" and datatype in ("BF16", "FP16")


def arrays(datatype: str) -> Iterator[tuple[str, Array]]:
    """Yield arrays of a datatype in every class of shape and layout; JSON has all their values."""
    name = "str" if datatype == "BYTES" else DATATYPES[datatype][0]
    for shape in SHAPES:
        yield str(shape), plain(name, shape)
    for shape in ((4, 6), (40, 50)):
        for label, array in layouts(plain(name, shape)):
            yield f"{shape} {label}", array


def several(datatypes: Any = ("FP32", "BYTES", "BOOL", "INT64"), *, big: bool = False) -> list[Any]:
    """Return a few named tensors with parameters, small ones or of a few thousand elements."""
    return [
        Tensor(
            f"t{i}",
            plain(
                "str" if name == "BYTES" else DATATYPES[name][0], (50, 40 + i) if big else (2, i)
            ),
            dict(PARAMETERS) if i % 2 else {},
        )
        for i, name in enumerate(datatypes)
    ]


def filled(kind: Any, tensors: list[Any]) -> Any:
    """Return a message in which every member is set."""
    more = ("model é", "3", "id-1", dict(PARAMETERS))
    if kind is Response:
        return Response(tensors, *more)
    outputs = [Output("o", {"binary_data": False, "priority": 3}), Output("p")]
    return Request(tensors, *more, outputs)


def strings(array: Any) -> list[bytes]:
    """Return the elements of an array of strings, text as UTF-8."""
    return [x if isinstance(x, bytes) else x.encode() for x in np.ravel(array).tolist()]


def raw(datatype: str, array: Any) -> bytes:
    """Return the memory of a tensor: little-endian, row-major, BYTES behind their lengths."""
    if datatype == "BYTES":
        return b"".join(struct.pack("<I", len(text)) + text for text in strings(array))
    return bytes(array.astype(array.dtype.newbyteorder("<")).tobytes())


def official(message: Any, *, typed: bool) -> Any:
    """Return the official runtime's message."""
    made: Any = message_class(MESSAGES[type(message)])()
    made.model_name, made.model_version, made.id = (
        message.model_name, message.model_version, message.id,
    )  # fmt: skip
    _parameters(made.parameters, message.parameters)
    request = type(message) is Request
    for tensor in message.inputs if request else message.outputs:
        part = (made.inputs if request else made.outputs).add(name=tensor.name)
        part.datatype, array = tensor.datatype, np.asarray(tensor.value)
        part.shape.extend(array.shape)
        _parameters(part.parameters, tensor.parameters)
        if typed:
            part.contents.SetInParent()  # also where there is no element, as KServe and MLServer do
            field = getattr(part.contents, DATATYPES[tensor.datatype][1])
            field.extend(strings(array) if tensor.datatype == "BYTES" else array.ravel().tolist())
        else:
            blobs = made.raw_input_contents if request else made.raw_output_contents
            blobs.append(raw(tensor.datatype, array))
    for output in message.outputs if request else ():
        _parameters(made.outputs.add(name=output.name).parameters, output.parameters)
    return made


def _parameters(field: Any, parameters: Any) -> None:
    for name, value in parameters.items():
        member = {bool: "bool_param", str: "string_param", float: "double_param"}.get(type(value))
        setattr(field[name], member or ("uint64_param" if value >= 2**63 else "int64_param"), value)


def rest(message: Any, *, binary: bool) -> tuple[bytes, dict[str, str]]:
    """Return the body and the headers of REST, as orjson writes the tree and numpy the memory."""
    tree: dict[str, Any] = {"id": message.id} if message.id else {}
    request = type(message) is Request
    if not request:
        tree["model_name"] = message.model_name
        tree |= {"model_version": message.model_version} if message.model_version else {}
    tree |= {"parameters": message.parameters} if message.parameters else {}
    nodes: list[Any] = []
    tree["inputs" if request else "outputs"] = nodes
    blobs = []
    for tensor in message.inputs if request else message.outputs:
        array = np.asarray(tensor.value)
        node = {"name": tensor.name, "shape": list(array.shape), "datatype": tensor.datatype}
        parameters = dict(tensor.parameters)
        if binary if tensor.binary is None else tensor.binary:
            blobs.append(raw(tensor.datatype, array))
            parameters["binary_data_size"] = len(blobs[-1])
        node |= {"parameters": parameters} if parameters else {}
        if "binary_data_size" not in parameters:
            node["data"] = numbers(tensor.datatype, array)
        nodes.append(node)
    if request and message.outputs:
        tree["outputs"] = [
            {"name": o.name} | ({"parameters": o.parameters} if o.parameters else {})
            for o in message.outputs
        ]
    text = orjson.dumps(tree, option=orjson.OPT_SERIALIZE_NUMPY)
    if not blobs:
        return text, {"Content-Type": "application/json"}
    text += b" " * (-len(text) % 64)  # the first tensor begins at a multiple of 64
    headers = {"Content-Type": "application/octet-stream", LENGTH: str(len(text))}
    return text + b"".join(blobs), headers


def numbers(datatype: str, array: Any) -> Any:
    """Return what orjson writes as the flat data of a tensor."""
    if datatype == "BYTES":
        return [text.decode() for text in strings(array)]
    flat = np.ascontiguousarray(array, array.dtype.newbyteorder("=")).reshape(-1)
    # numpy says the shortest text of a half, which orjson takes for a float of 32 bits
    return [float(str(number)) for number in flat] if datatype == "FP16" else flat


def told(message: Any) -> Any:
    """Return all that a message says, its arrays with dtype, shape and bits, for a comparison."""
    kind = type(message)
    tensors = message.inputs if kind is Request else message.outputs
    outputs = [(o.name, _sorted(o)) for o in message.outputs] if kind is Request else []
    names = (message.model_name, message.model_version, message.id, _sorted(message))
    return kind, names, [(t.name, described(t.value), _sorted(t)) for t in tensors], outputs


def _sorted(holder: Any) -> str:
    return repr(sorted(holder.parameters.items()))  # NaN is as good as NaN, and 1 is not True


def described(value: Any) -> Any:
    """Return dtype, shape and bits as they are to come back: little-endian, strings as bytes."""
    array = value if isinstance(value, np.ndarray) else np.asarray(value)
    if array.dtype.kind not in "OSUT":
        return describe(array.astype(array.dtype.newbyteorder("<")))
    array = np.array(value, object)  # else the NULs at the end of a string are lost
    return "BYTES", array.shape, strings(array)
