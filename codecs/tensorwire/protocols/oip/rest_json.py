"""The JSON of an infer call and the memory behind it, as a tree and back; see `oip_rest`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from tensorwire import guess
from tensorwire.errors import CodecError, DecodeError, EncodeError, excerpt, shown
from tensorwire.missing import STRICT
from tensorwire.protocols import fields
from tensorwire.protocols.neutral import Peek
from tensorwire.protocols.oip.datatypes import FP16, row_of
from tensorwire.protocols.oip.messages import (
    InferRequest,
    InferResponse,
    InferTensor,
    RequestedOutput,
    tensors_of,
)
from tensorwire.protocols.oip.tensor import (
    Rules,
    data_leaf,
    decoded,
    from_raw,
    from_values,
    info,
    raw_leaf,
    refuse_shared_memory,
)

if TYPE_CHECKING:
    from tensorwire.missing import Reading, Writing
    from tensorwire.protocols.neutral import TensorInfo
    from tensorwire.protocols.oip.datatypes import Datatype
    from tensorwire.tree import Array, Leaf, Tree

__all__ = ["claims", "from_tree", "identity_of", "to_tree"]

_SIZE = "binary_data_size"
_REQUIRED = ("name", "datatype", "shape")


def to_tree(
    message: InferRequest | InferResponse, *, binary: bool, lossy: bool, how: Writing = STRICT
) -> tuple[Tree, list[Leaf]]:
    """Make the JSON of a message, and what goes behind it."""
    member, tensors = tensors_of(message)
    tree: Tree = {}
    if message.id != "":
        tree["id"] = fields.text(message.id, "$.id")
    if isinstance(message, InferResponse):
        tree["model_name"] = fields.text(message.model_name, "$.model_name")
        if message.model_version != "":
            tree["model_version"] = fields.text(message.model_version, "$.model_version")
    tree |= _parameters(message.parameters, "$", how)
    nodes: list[Tree] = []
    blobs: list[Leaf] = []
    for i, tensor in enumerate(fields.listed(tensors, InferTensor, f"$.{member}")):
        node, leaf = _tensor(tensor, f"$.{member}[{i}]", how, default=binary, lossy=lossy)
        nodes.append(node)
        if leaf is not None:
            blobs.append(leaf)
    tree[member] = nodes
    if isinstance(message, InferRequest) and message.outputs:
        wanted = fields.listed(message.outputs, RequestedOutput, "$.outputs")
        tree["outputs"] = [
            {"name": fields.text(output.name, f"$.outputs[{i}].name")}
            | _parameters(output.parameters, f"$.outputs[{i}]", how)
            for i, output in enumerate(wanted)
        ]
    return tree, blobs


def _tensor(
    tensor: InferTensor, path: str, how: Writing, *, default: bool, lossy: bool
) -> tuple[Tree, Leaf | None]:
    """Give what stands in the JSON, and what goes behind it."""
    binary = default if tensor.binary is None else tensor.binary
    try:
        if binary:
            row, leaf = raw_leaf(tensor, how)
        else:
            row, leaf = data_leaf(tensor, how, lossy=lossy)
    except CodecError as error:
        raise error.within(path) from None
    node: Tree = {"name": fields.text(tensor.name, f"{path}.name")}
    node |= {"shape": list(leaf.shape), "datatype": row.name}
    node |= _parameters(tensor.parameters, path, how)
    if _SIZE in node.get("parameters", {}):
        raise EncodeError("set by the encoder, where it belongs", f"{path}.parameters.{_SIZE}")
    if not binary:
        return node | {"data": leaf}, None
    size = leaf.data.nbytes
    return node | {"parameters": {**node.get("parameters", {}), _SIZE: size}}, leaf


def identity_of(message: InferRequest | InferResponse) -> bytes | None:
    """Write the members that stand before all others; None where one of them stands elsewhere."""
    tree: Tree = {"id": message.id} if message.id else {}
    if message.parameters:
        if isinstance(message, InferResponse):
            return None
        tree |= _parameters(message.parameters, "$")
    return orjson.dumps(tree)[1:-1] + b","


def _parameters(values: Any, path: str, how: Writing = STRICT) -> Tree:
    if isinstance(values, dict) and not values:
        return {}
    return {"parameters": fields.json_parameters(values, f"{path}.parameters", how.words)}


def from_tree(
    tree: Tree, kind: type, blobs: Array | None, rules: Rules
) -> InferRequest | InferResponse:
    """Make the message of a class that the JSON says; `blobs` are the bytes behind it."""
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
        raise DecodeError(f"{blobs.size - at} bytes behind the last tensor")
    name, version = fields.member(tree, "model_name"), fields.member(tree, "model_version")
    id_ = fields.member(tree, "id")
    if kind is InferResponse:
        return InferResponse(tensors, name, version, id_, fields.values(tree, rules.how))
    wanted = fields.objects(tree, "outputs")
    outputs = [_wanted(node, rules.how, f".outputs[{i}]") for i, node in enumerate(wanted)]
    return InferRequest(tensors, name, version, id_, fields.values(tree, rules.how), outputs)


def _wanted(node: Tree, how: Reading, path: str) -> RequestedOutput:
    """Read one output that is asked for."""
    try:
        fields.required(node, "name")
        return RequestedOutput(fields.member(node, "name"), fields.values(node, how))
    except CodecError as error:
        raise error.within(path) from None


def _read(node: Tree, blobs: Array | None, at: int, rules: Rules) -> tuple[InferTensor, int]:
    """Read one tensor; the bytes behind the JSON that are its own begin there."""
    name, row, shape = _heading(node)
    parameters = fields.values(node, rules.how)
    if parameters:
        refuse_shared_memory(parameters)
    size, data = parameters.pop(_SIZE, None), node.get("data")
    if size is None:
        if data is None:
            raise DecodeError("neither data nor binary_data_size", ".data")
        if isinstance(data, np.ndarray):  # taken for base64
            raise DecodeError("a string in place of a list of values", ".data")
        try:
            value = from_values(data, row, shape, rules)
            value = decoded(value, row, parameters) if parameters else value
        except CodecError as error:
            raise error.within("" if error.path.startswith("$.shape") else ".data") from None
        # What came as JSON that few servers read may go as JSON again.
        return InferTensor(name, value, parameters, False if row is FP16 else None), 0
    left = 0 if blobs is None else blobs.size - at
    if type(size) is not int or not 0 <= size <= left or data is not None:
        reason = f"binary_data_size is {shown(size)}, and {left} bytes are left"
        raise DecodeError(reason if data is None else "data beside binary_data_size", ".parameters")
    memory = np.empty(0, np.uint8) if blobs is None else blobs[at : at + size]
    value = decoded(from_raw(memory, row, shape, rules), row, parameters)
    return InferTensor(name, value, parameters), size


def _heading(node: Tree) -> tuple[str, Datatype, list[int]]:
    """Return name, datatype and shape of a tensor, which have to be there."""
    name, datatype, shape = node.get("name"), node.get("datatype"), node.get("shape")
    if name is None or datatype is None or shape is None:
        for required in _REQUIRED:
            fields.required(node, required)
    if type(name) is not str:
        name = fields.member(node, "name")  # raises
    return name, row_of(datatype), fields.sizes(shape)


def _claim(node: Tree, how: Reading, path: str) -> TensorInfo:
    try:
        refuse_shared_memory(fields.values(node, how))
        return info(*_heading(node))
    except CodecError as error:
        raise error.within(path) from None


def _tensors(tree: Tree, kind: type) -> tuple[str, list[Tree]]:
    member = "inputs" if kind is InferRequest else "outputs"
    if tree.get(member) is None:
        if "error" in tree:
            text = excerpt(tree["error"], 500)
            raise DecodeError(f"the server answered with an error: {text}", ".error")
        found = guess.of_members(tree, "oip/json")
        raise DecodeError(f"no {member}: this is no {kind.__name__}", "", found)
    return member, fields.objects(tree, member)


def claims(tree: Tree, kind: type, how: Reading) -> Peek:
    """Tell what the JSON says of its tensors."""
    member, nodes = _tensors(tree, kind)
    raw = any(fields.values(node, how).get(_SIZE) is not None for node in nodes)
    return Peek(
        "raw" if raw else "data",
        tuple(_claim(node, how, f".{member}[{i}]") for i, node in enumerate(nodes)),
        id=fields.member(tree, "id"),
        model_name=fields.member(tree, "model_name"),
        parameters=fields.values(tree, how),
    )
