"""Writer and reader of the JSON of an infer call, and of the binary data after it.

There are two paths with the same results. `write_plain` and `read_plain` use only orjson and numpy,
for small messages of plain arrays; they raise `NotPlainError` for any other message. `to_tree` and
`from_tree` convert every message to a tree, which the container writes and reads: arrays of any
size, values of any type; an invalid message raises an error with its path.
"""

from __future__ import annotations

from array import array as flat_array
from functools import lru_cache
from math import prod
from struct import Struct
from types import NoneType
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from tensorwire import guess
from tensorwire.errors import CodecError, DecodeError, EncodeError, excerpt, shown
from tensorwire.missing import STRICT
from tensorwire.protocols import fields
from tensorwire.protocols.neutral import Peek
from tensorwire.protocols.oip.messages import (
    InferRequest,
    InferResponse,
    RequestedOutput,
    tensors_of,
)
from tensorwire.protocols.oip.tensor import (
    FP16,
    NAMES,
    SHARED_MEMORY,
    InferTensor,
    Rules,
    data_leaf,
    datatype_named,
    decoded,
    from_raw,
    from_values,
    info,
    raw_leaf,
    refuse_shared_memory,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tensorwire.missing import Reading, Writing
    from tensorwire.protocols.neutral import TensorInfo
    from tensorwire.protocols.oip.tensor import Datatype
    from tensorwire.tree import Array, Leaf, Tree

__all__ = [
    "NotPlainError",
    "finite_json",
    "from_tree",
    "peek_tree",
    "read_plain",
    "to_tree",
    "write_plain",
]

_loads, _dumps, _NUMPY = orjson.loads, orjson.dumps, orjson.OPT_SERIALIZE_NUMPY
_N, _BACKSLASH = b"n\\"  # `in` is faster for an int
_SIZE = "binary_data_size"
_REQUIRED = ("name", "datatype", "shape")
_SCALARS = frozenset({str, int, bool, NoneType})  # parameters that orjson reads and writes as is
_TEXT, _INTEGER, _BOOL = ({str}, {int}, {bool})
_NUMBER: set[Any] = {int, float}
_SMALL = 1024  # elements of an array that is one piece of JSON
_LOOP_MAX = 16  # numbers that Python compares faster than numpy
_SAFE = 2.0**53  # integers below it are floats, all of them
_LOWEST = -_SAFE
_SQUARES = _SAFE**2  # the sum of squares is below it where all numbers are below 2**53
_CODES = {
    "INT8": "b", "INT16": "h", "INT32": "i", "INT64": "q", "UINT8": "B", "UINT16": "H",
    "UINT32": "I", "UINT64": "Q", "FP32": "f", "FP64": "d", "BOOL": "?",
}  # fmt: skip
_DTYPES = {name: dtype for dtype, name in NAMES.items()}
_FORMATS = {name: (code, _DTYPES[name], code in "fd") for name, code in _CODES.items()}
"""By datatype: its code for `struct` and `array.array`, its dtype, whether it is a float."""


class NotPlainError(Exception):
    """The message must be written or read through a tree."""


def write_plain(  # noqa: C901, PLR0912 - a function call for each tensor would cost a tenth more
    message: Any,
    binary: bool,  # noqa: FBT001
) -> tuple[bytes, list[Array]]:
    """Write the JSON of a message of plain arrays by a single call of orjson.

    A message is plain if its arrays are of numbers and bools in native byte order, those in JSON
    have at most 1024 finite elements, and its parameters are text, integers and bools. A request of
    one value takes 1.5 us; the tree takes 25 us.

    Returns
    -------
    The JSON, and the arrays whose memory follows it.

    Raises
    ------
    NotPlainError
        the message is not plain; an invalid message may raise other exceptions of Python.
    """
    tree: Tree = {}
    if message.id.__class__ is not str or message.parameters.__class__ is not dict:
        raise NotPlainError
    if message.id:
        tree["id"] = message.id
    if message.__class__ is InferRequest:
        member, tensors, wanted = "inputs", message.inputs, message.outputs
    else:
        member, tensors, wanted = "outputs", message.outputs, []
        tree |= _plain_model(message)
    if message.parameters:
        tree["parameters"] = _scalars(message.parameters)
    if tensors.__class__ is not list or wanted.__class__ is not list:
        raise NotPlainError
    tree[member] = nodes = []
    blobs: list[Array] = []
    for tensor in tensors:
        name, array, more, chosen = tensor.name, tensor.value, tensor.parameters, tensor.binary
        if tensor.__class__ is not InferTensor or type(array) is not np.ndarray:
            raise NotPlainError
        if name.__class__ is not str or more.__class__ is not dict:
            raise NotPlainError
        node: Tree = {"name": name, "shape": array.shape, "datatype": NAMES[array.dtype]}
        if more:
            node["parameters"] = _scalars(more)
            if _SIZE in more:
                raise NotPlainError
        if binary if chosen is None else chosen:
            blobs.append(array)
            node["parameters"] = {**more, _SIZE: array.nbytes}
        else:
            if array.size > _SMALL or node["datatype"] == "FP16":
                raise NotPlainError
            node["data"] = array.ravel()
        nodes.append(node)
    if wanted:
        tree["outputs"] = list(map(_plain_output, wanted))
    text = _dumps(tree, None, _NUMPY)
    if b"null" in text and len(blobs) < len(nodes):  # it may be NaN
        raise NotPlainError
    return text, blobs


def finite_json(array: Array) -> bytes | None:
    """Write an array as a flat list; return None if it has NaN or an infinity."""
    text = _dumps(array.ravel(), None, _NUMPY)
    return None if _N in text else text


def _plain_model(message: Any) -> Tree:
    """Return the model of a response, for orjson."""
    model, version = message.model_name, message.model_version
    plain = message.__class__ is InferResponse and model.__class__ is version.__class__ is str
    if not plain:
        raise NotPlainError
    return {"model_name": model, "model_version": version} if version else {"model_name": model}


def _plain_output(output: Any) -> Tree:
    """Return a requested output, for orjson."""
    if type(output) is not RequestedOutput or output.name.__class__ is not str:
        raise NotPlainError
    more = _scalars(output.parameters)
    return {"name": output.name, "parameters": more} if more else {"name": output.name}


def _scalars(parameters: Any) -> dict[str, Any]:
    """Return parameters of types that orjson reads and writes exactly; raise for others."""
    if parameters.__class__ is dict and _SCALARS.issuperset(map(type, parameters.values())):
        scalars: dict[str, Any] = parameters
        return scalars
    raise NotPlainError


def read_plain(  # noqa: C901 - a function call for each tensor would cost more than the tensor
    body: bytes, length: int, kind: type
) -> InferRequest | InferResponse:
    """Read a message of plain arrays, whose JSON has `length` bytes.

    A tensor is plain if it is a flat list of numbers or bools in the range of the datatype (for
    floats, below 2**53), or binary data of the size of the shape. A request of one value takes
    3 us, of which ``orjson.loads`` takes 0.5; the tree takes 12 us.

    Raises
    ------
    NotPlainError
        the message is not plain; an invalid message may raise other exceptions of Python.
    """
    tree = _loads(body if length == len(body) else body[:length])
    request = kind is InferRequest
    nodes, at = tree["inputs" if request else "outputs"], length
    tensors: list[InferTensor] = []
    for node in nodes:
        name, shape, datatype = node["name"], node["shape"], node["datatype"]
        data, more = node.get("data"), node.get("parameters")
        if name.__class__ is not str or shape.__class__ is not list:
            raise NotPlainError
        for size in shape:
            if size.__class__ is not int or size < 1:
                raise NotPlainError
        more = {} if more is None else _read_scalars(more)
        if data.__class__ is list:
            if more and _SIZE in more:
                raise NotPlainError
            few = len(data) <= _LOOP_MAX and datatype != "BOOL"
            array = (_few_numbers if few else _many_numbers)(data, datatype, shape, body)
        else:
            size, array = more.pop(_SIZE, None), np.ndarray(shape, _DTYPES[datatype], body, at)
            if size.__class__ is not int or size != array.nbytes or data is not None:
                raise NotPlainError
            if datatype == "BOOL":
                raise NotPlainError
            at += size
        tensors.append(InferTensor(name, array, more))
    if at != len(body) or nodes.__class__ is not list:
        raise NotPlainError
    if request and len(tree) == 1:  # the usual request: the model is in the URL
        return InferRequest(tensors)
    return _plain_message(tree, tensors, request=request)


def _plain_message(
    tree: Tree, tensors: list[InferTensor], *, request: bool
) -> InferRequest | InferResponse:
    """Read the fields of a message other than its tensors."""
    get = tree.get
    texts = get("model_name", ""), get("model_version", ""), get("id", "")
    if not _TEXT.issuperset(map(type, texts)):
        raise NotPlainError
    more = get("parameters")
    more = {} if more is None else _read_scalars(more)
    if not request:
        return InferResponse(tensors, *texts, more)
    wanted = get("outputs")
    if wanted is None:
        return InferRequest(tensors, *texts, more)
    if wanted.__class__ is not list:
        raise NotPlainError
    return InferRequest(tensors, *texts, more, [_plain_wanted(node) for node in wanted])


def _plain_wanted(node: Tree) -> RequestedOutput:
    """Read a requested output."""
    name, more = node["name"], node.get("parameters")
    if name.__class__ is not str:
        raise NotPlainError
    return RequestedOutput(name, {} if more is None else _read_scalars(more))


def _read_scalars(parameters: Any) -> dict[str, Any]:
    """Return parameters that are scalars; raise for those of shared memory."""
    scalars = _scalars(parameters)
    if scalars.keys().isdisjoint(SHARED_MEMORY):
        return scalars
    raise NotPlainError


def _few_numbers(data: list[Any], datatype: str, shape: list[int], body: bytes) -> Array:
    """Return an array of a few numbers; raise for one that the datatype cannot represent.

    `array.array` converts the list and checks the range of integers in half of the time of
    ``numpy.array``, which first has to find the type and the shape of a list.
    """
    del body
    code, dtype, floats = _FORMATS[datatype]
    if floats:
        for number in data:
            if number.__class__ not in _NUMBER or not _LOWEST < number < _SAFE:
                raise NotPlainError  # null, text, a list, or a large number
    elif not _INTEGER.issuperset(map(type, data)):
        raise NotPlainError
    array: Array = np.ndarray(shape, dtype, flat_array(code, data))
    if array.size != len(data):
        raise NotPlainError
    return array


def _many_numbers(data: list[Any], datatype: str, shape: list[int], body: bytes) -> Array:
    """Return an array of numbers or bools; raise for one that the datatype cannot represent.

    `struct` refuses everything but numbers in range, in a third of the time of ``numpy.array``. It
    accepts bools as numbers; but true and false contain the letter e, so that the types of the
    values are checked only if there is an e after the first ``"data"`` of the text, or a backslash,
    by which a key may be written in another way.
    """
    types = _BOOL if datatype == "BOOL" else _NUMBER
    check = types is _BOOL or body.find(b"e", body.find(b'"data"') + 6) >= 0 or _BACKSLASH in body
    if check and not types.issuperset(map(type, data)):
        raise NotPlainError
    code, dtype, floats = _FORMATS[datatype]
    if prod(shape) != len(data):
        raise NotPlainError
    array: Array = np.empty(shape, dtype)
    _packer(code, len(data))(array, 0, *data)
    if floats and not np.vdot(array, array) < _SQUARES:
        raise NotPlainError
    return array


@lru_cache(maxsize=1024)
def _packer(code: str, size: int) -> Callable[..., None]:
    """Return a function that packs so many values into memory."""
    return Struct(f"{size}{code}").pack_into


def to_tree(
    message: InferRequest | InferResponse, *, binary: bool, lossy: bool, options: Writing = STRICT
) -> tuple[Tree, list[Leaf]]:
    """Return the JSON of a message as a tree, and the arrays of the binary data after it."""
    member, tensors = tensors_of(message)
    tree: Tree = {}
    if message.id != "":
        tree["id"] = fields.text(message.id, "$.id")
    if isinstance(message, InferResponse):
        tree["model_name"] = fields.text(message.model_name, "$.model_name")
        if message.model_version != "":
            tree["model_version"] = fields.text(message.model_version, "$.model_version")
    tree |= _parameters(message.parameters, "$", options)
    nodes: list[Tree] = []
    blobs: list[Leaf] = []
    for i, tensor in enumerate(fields.listed(tensors, InferTensor, f"$.{member}")):
        node, leaf = _tensor(tensor, f"$.{member}[{i}]", options, default=binary, lossy=lossy)
        nodes.append(node)
        if leaf is not None:
            blobs.append(leaf)
    tree[member] = nodes
    if isinstance(message, InferRequest) and message.outputs:
        wanted = fields.listed(message.outputs, RequestedOutput, "$.outputs")
        tree["outputs"] = [
            {"name": fields.text(output.name, f"$.outputs[{i}].name")}
            | _parameters(output.parameters, f"$.outputs[{i}]", options)
            for i, output in enumerate(wanted)
        ]
    return tree, blobs


def _tensor(
    tensor: InferTensor, path: str, options: Writing, *, default: bool, lossy: bool
) -> tuple[Tree, Leaf | None]:
    """Return a tensor in the JSON, and its array if that is written after the JSON."""
    binary = default if tensor.binary is None else tensor.binary
    try:
        if binary:
            row, leaf = raw_leaf(tensor, options)
        else:
            row, leaf = data_leaf(tensor, options, lossy=lossy)
    except CodecError as error:
        raise error.within(path) from None
    node: Tree = {"name": fields.text(tensor.name, f"{path}.name")}
    node |= {"shape": list(leaf.shape), "datatype": row.name}
    node |= _parameters(tensor.parameters, path, options)
    if _SIZE in node.get("parameters", {}):
        reason = f"expected parameters without {_SIZE}, which the encoder sets, got one"
        raise EncodeError(reason, f"{path}.parameters.{_SIZE}", "leave it out")
    if not binary:
        return node | {"data": leaf}, None
    size = leaf.data.nbytes
    return node | {"parameters": {**node.get("parameters", {}), _SIZE: size}}, leaf


def _parameters(values: Any, path: str, options: Writing = STRICT) -> Tree:
    if isinstance(values, dict) and not values:
        return {}
    return {"parameters": fields.json_parameters(values, f"{path}.parameters", options.words)}


def from_tree(
    tree: Tree, kind: type, blobs: Array | None, rules: Rules
) -> InferRequest | InferResponse:
    """Return the message of a class from its tree; `blobs` are the bytes after the JSON."""
    tensors, at = [], 0
    member, nodes = _tensors(tree, kind)
    for i, node in enumerate(nodes):
        try:
            tensor, size = _read(node, blobs, at, rules)
        except CodecError as error:
            raise error.within(f".{member}[{i}]") from None
        at += size
        tensors.append(tensor)
    if blobs is not None and at != blobs.size:
        raise DecodeError(f"expected {at} bytes after the JSON, got {blobs.size}")
    name, version = fields.member(tree, "model_name"), fields.member(tree, "model_version")
    id_ = fields.member(tree, "id")
    if kind is InferResponse:
        return InferResponse(tensors, name, version, id_, fields.values(tree, rules.options))
    wanted = fields.objects(tree, "outputs")
    outputs = [_wanted(node, rules.options, f".outputs[{i}]") for i, node in enumerate(wanted)]
    return InferRequest(tensors, name, version, id_, fields.values(tree, rules.options), outputs)


def _wanted(node: Tree, options: Reading, path: str) -> RequestedOutput:
    """Read one requested output."""
    try:
        fields.required(node, "name")
        return RequestedOutput(fields.member(node, "name"), fields.values(node, options))
    except CodecError as error:
        raise error.within(path) from None


def _read(node: Tree, blobs: Array | None, at: int, rules: Rules) -> tuple[InferTensor, int]:
    """Return one tensor, and the size of its bytes after the JSON, which begin at `at`."""
    name, row, shape = _heading(node)
    parameters = fields.values(node, rules.options)
    if parameters:
        refuse_shared_memory(parameters)
    size, data = parameters.pop(_SIZE, None), node.get("data")
    if size is None:
        if data is None:
            raise DecodeError("expected data or binary_data_size, got neither", ".data")
        if isinstance(data, np.ndarray):  # read as base64
            raise DecodeError("expected a list of values, got a string", ".data")
        try:
            value = from_values(data, row, shape, rules)
            value = decoded(value, row, parameters) if parameters else value
        except CodecError as error:
            raise error.within("" if error.path.startswith("$.shape") else ".data") from None
        # A client that sends FP16 as JSON, which few servers read, gets it as JSON.
        return InferTensor(name, value, parameters, False if row is FP16 else None), 0
    left = 0 if blobs is None else blobs.size - at
    if type(size) is not int or not 0 <= size <= left or data is not None:
        reason = f"expected binary_data_size of at most {left} bytes, got {shown(size)}"
        both = "expected data or binary_data_size, got both"
        raise DecodeError(reason if data is None else both, ".parameters")
    memory = np.empty(0, np.uint8) if blobs is None else blobs[at : at + size]
    value = decoded(from_raw(memory, row, shape, rules), row, parameters)
    return InferTensor(name, value, parameters), size


def _heading(node: Tree) -> tuple[str, Datatype, list[int]]:
    """Return name, datatype and shape of a tensor, which are required."""
    name, datatype, shape = node.get("name"), node.get("datatype"), node.get("shape")
    if name is None or datatype is None or shape is None:
        for required in _REQUIRED:
            fields.required(node, required)
    if type(name) is not str:
        name = fields.member(node, "name")  # raises
    return name, datatype_named(datatype), fields.sizes(shape)


def _info(node: Tree, options: Reading, path: str) -> TensorInfo:
    try:
        refuse_shared_memory(fields.values(node, options))
        return info(*_heading(node))
    except CodecError as error:
        raise error.within(path) from None


def _tensors(tree: Tree, kind: type) -> tuple[str, list[Tree]]:
    member = "inputs" if kind is InferRequest else "outputs"
    if tree.get(member) is None:
        if "error" in tree:
            text = excerpt(tree["error"], 500)
            raise DecodeError(f"expected {member}, got an error from the server: {text}", ".error")
        found = guess.of_members(tree, "oip/json")
        raise DecodeError(f"expected {member} of {kind.__name__}, got none", "", found)
    return member, fields.objects(tree, member)


def peek_tree(tree: Tree, kind: type, options: Reading) -> Peek:
    """Describe the tensors of a message in JSON."""
    member, nodes = _tensors(tree, kind)
    raw = any(fields.values(node, options).get(_SIZE) is not None for node in nodes)
    return Peek(
        "raw" if raw else "data",
        tuple(_info(node, options, f".{member}[{i}]") for i, node in enumerate(nodes)),
        id=fields.member(tree, "id"),
        model_name=fields.member(tree, "model_name"),
        parameters=fields.values(tree, options),
    )
