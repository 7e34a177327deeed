"""A ModelInferRequest or ModelInferResponse as a tree, and back; see `oip_grpc`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tensorwire.containers.protobuf.write import map_order
from tensorwire.errors import CodecError, DecodeError
from tensorwire.missing import STRICT
from tensorwire.protocols import fields
from tensorwire.protocols.neutral import Peek
from tensorwire.protocols.oip.datatypes import row_of
from tensorwire.protocols.oip.messages import (
    InferRequest,
    InferResponse,
    InferTensor,
    RequestedOutput,
    tensors_of,
)
from tensorwire.protocols.oip.tensor import (
    Rules,
    contents_leaf,
    decoded,
    from_raw,
    from_values,
    info,
    raw_leaf,
    refuse_shared_memory,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tensorwire.missing import Writing
    from tensorwire.protocols.neutral import TensorInfo
    from tensorwire.protocols.oip.datatypes import Datatype
    from tensorwire.tree import Tree

__all__ = ["claims", "from_tree", "parameters", "to_tree"]

_RAW = {"inputs": "rawInputContents", "outputs": "rawOutputContents"}


def to_tree(
    message: InferRequest | InferResponse, *, typed: bool, lossy: bool, how: Writing = STRICT
) -> Tree:
    """Make the tree of a message, its members in the order of their numbers."""
    member, tensors = tensors_of(message)
    tree: Tree = {}
    for name, value in (
        ("modelName", message.model_name),
        ("modelVersion", message.model_version),
        ("id", message.id),
    ):
        if value != "":
            tree[name] = fields.text(value, f"$.{name}")
    tree |= parameters(message.parameters, "$", lossy=lossy)
    if tensors:
        tree[member] = []
    raw = []
    for i, tensor in enumerate(fields.listed(tensors, InferTensor, f"$.{member}")):
        path = f"$.{member}[{i}]"
        try:
            row, leaf = (contents_leaf if typed else raw_leaf)(tensor, how)
        except CodecError as error:
            raise error.within(path) from None
        part: Tree = {"name": fields.text(tensor.name, f"{path}.name"), "datatype": row.name}
        part |= {"shape": list(leaf.shape), **parameters(tensor.parameters, path, lossy=lossy)}
        if not typed:
            raw.append(leaf)
        else:
            part["contents"] = {row.member: leaf} if 0 not in leaf.shape else {}
        tree[member].append(part)
    if isinstance(message, InferRequest) and message.outputs:
        wanted = fields.listed(message.outputs, RequestedOutput, "$.outputs")
        tree["outputs"] = [
            {"name": fields.text(output.name, f"$.outputs[{i}].name")}
            | parameters(output.parameters, f"$.outputs[{i}]", lossy=lossy)
            for i, output in enumerate(wanted)
        ]
    if raw:
        tree[_RAW[member]] = raw
    return tree


def parameters(values: Mapping[str, Any], path: str, *, lossy: bool) -> Tree:
    """Give the member `parameters` of a message, in the order in which maps are written."""
    if isinstance(values, dict) and not values:
        return {}
    checked = fields.scalar_parameters(values, f"{path}.parameters", lossy=lossy)
    if not checked:
        return {}
    return {"parameters": {k: _parameter(checked[k]) for k in sorted(checked, key=map_order)}}


def _parameter(value: Any) -> Tree:
    if isinstance(value, bool):
        return {"boolParam": value}
    if isinstance(value, int):
        return {"int64Param" if value < 1 << 63 else "uint64Param": int(value)}
    return {"doubleParam": float(value)} if isinstance(value, float) else {"stringParam": value}


def from_tree(tree: Tree, kind: type, rules: Rules) -> InferRequest | InferResponse:
    """Make the message of a class that a tree says."""
    member = "inputs" if kind is InferRequest else "outputs"
    nodes, raw = fields.objects(tree, member), tree.get(_RAW[member], [])
    if raw and len(raw) != len(nodes):
        for i, node in enumerate(nodes):  # whose elements are elsewhere, by design
            _claim(node, f".{member}[{i}]")
        reason = f"{len(raw)} raw contents for {len(nodes)} tensors; there is one for each, or none"
        raise DecodeError(reason, f".{_RAW[member]}")
    tensors = []
    for i, node in enumerate(nodes):
        place = f".{_RAW[member]}[{i}]" if raw else f".{member}[{i}].contents"
        try:
            name, row, shape = _heading(node)
            said = _values(node)
            refuse_shared_memory(said)
            if raw and node.get("contents"):
                raise DecodeError("contents beside raw contents", ".contents")
            value = (
                from_raw(raw[i], row, shape, rules)
                if raw
                else _contents(node.get("contents"), row, shape, rules)
            )
        except CodecError as error:
            raise error.within(place if error.path == "$" else f".{member}[{i}]") from None
        if said:
            value = decoded(value, row, said, place)
        tensors.append(InferTensor(name, value, said))
    name, version, id_ = (tree.get(name, "") for name in ("modelName", "modelVersion", "id"))
    if kind is InferResponse:
        return InferResponse(tensors, name, version, id_, _values(tree))
    wanted = [RequestedOutput(o.get("name", ""), _values(o)) for o in tree.get("outputs", [])]
    return InferRequest(tensors, name, version, id_, _values(tree), wanted)


def _heading(node: Tree) -> tuple[str, Datatype, list[int]]:
    """Return name, datatype and shape of a tensor: no size is rank 0, as protobuf has it."""
    return node.get("name", ""), row_of(node.get("datatype", "")), fields.sizes(node.get("shape"))


def _claim(node: Tree, path: str) -> TensorInfo:
    try:
        refuse_shared_memory(_values(node))
        return info(*_heading(node))
    except CodecError as error:
        raise error.within(path) from None


def _values(node: Tree) -> dict[str, Any]:
    """Give parameters as plain values; one that says nothing is left out."""
    found = node.get("parameters")
    if not found:
        return {}
    return {name: value for name, choice in found.items() for value in choice.values()}


def _contents(node: Any, row: Any, shape: list[int], rules: Rules) -> Any:
    members = node or {}
    if not row.member:
        raise DecodeError(f"{row.name} travels in raw contents only")
    name = row.member
    others = [key for key in members if key != name]
    if others:
        raise DecodeError(
            f"{others[0]} beside {name}, which {row.name} takes", f".contents.{others[0]}"
        )
    try:
        return from_values(members.get(name, []), row, shape, rules)
    except CodecError as error:
        raise error.within(
            "" if error.path.startswith("$.shape") else f".contents.{name}"
        ) from None


def claims(tree: Tree, kind: type) -> Peek:
    """Tell what a message says of its tensors."""
    member = "inputs" if kind is InferRequest else "outputs"
    nodes = fields.objects(tree, member)
    return Peek(
        "raw" if tree.get(_RAW[member]) else "contents",
        tuple(_claim(node, f".{member}[{i}]") for i, node in enumerate(nodes)),
        id=tree.get("id", ""),
        model_name=tree.get("modelName", ""),
        parameters=_values(tree),
    )
