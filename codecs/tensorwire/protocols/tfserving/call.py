"""A PredictRequest or PredictResponse as a tree, and back; see `tfserving_grpc`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire.containers.protobuf.write import map_order
from tensorwire.errors import CodecError
from tensorwire.kinds import KINDS
from tensorwire.kinds.tftypes import BY_NAME, STRING, dtype_of
from tensorwire.protocols import bodies, fields
from tensorwire.protocols.peeking import Peek, TensorInfo
from tensorwire.protocols.tfserving.messages import (
    PredictRequest,
    PredictResponse,
    tensors_of,
    version_of,
)

if TYPE_CHECKING:
    from tensorwire.limits import Limits
    from tensorwire.tree import Tree

__all__ = ["claims", "from_tree", "to_tree"]

_TENSOR = KINDS["tftensor"]


def to_tree(message: PredictRequest | PredictResponse) -> tuple[Tree, type]:
    """Give the fields that are set, in the order of their numbers, and the class of the message."""
    member, tensors = tensors_of(message)
    names = sorted(tensors, key=map_order)
    arrays = {str(name): _tensor(tensors[name], f"$.{member}.{name}") for name in names}
    spec = _model_spec(message)
    tree: Tree = {"modelSpec": spec} if spec else {}
    if isinstance(message, PredictResponse):
        return ({member: arrays} | tree if arrays else tree), PredictResponse
    if arrays:
        tree[member] = arrays
    wanted = fields.listed(message.output_filter, str, "$.outputFilter")
    if wanted:
        tree["outputFilter"] = [
            fields.text(name, f"$.outputFilter[{i}]") for i, name in enumerate(wanted)
        ]
    return tree, PredictRequest


def _model_spec(message: PredictRequest | PredictResponse) -> Tree:
    spec: Tree = {}
    name = fields.text(message.model_name, "$.modelSpec.name")
    signature = fields.text(message.signature_name, "$.modelSpec.signatureName")
    version, label = version_of(message)
    if name:
        spec["name"] = name
    if version is not None:
        spec["version"] = {"value": int(version)}
    if signature:
        spec["signatureName"] = signature
    if label:
        spec["versionLabel"] = label
    return spec


def _tensor(value: Any, path: str) -> Tree:
    try:
        leaf = _TENSOR.leaf(value, lossy=False)
        tree: Tree = _TENSOR.tree(leaf)
    except CodecError as error:
        raise error.within(path) from None
    return tree


def from_tree(tree: Tree, kind: type, limits: Limits, size: int) -> Any:
    """Make the message of a class that a tree says."""
    member = "inputs" if kind is PredictRequest else "outputs"
    arrays: dict[str, Any] = {}
    name, used = "", 0
    try:
        for name, node in tree.get(member, {}).items():
            value = _TENSOR.value(node, size, limits.after(used, size), None)
            arrays[name] = value
            used += bodies.taken(value)
    except CodecError as error:
        raise error.within(f"$.{member}.{name}") from None
    spec = tree.get("modelSpec", {})
    version = spec.get("version")
    message = kind(
        arrays,
        spec.get("name", ""),
        None if version is None else version.get("value", 0),
        spec.get("versionLabel", ""),
        spec.get("signatureName", ""),
    )
    if kind is PredictRequest:
        message.output_filter = tree.get("outputFilter", [])
    return message


def claims(tree: Tree) -> Peek:
    """Tell what a message says of its arrays; a response has `outputs` in place of `inputs`."""
    nodes = tree.get("inputs") or tree.get("outputs") or {}
    tensors = tuple(_info(name, node) for name, node in nodes.items())
    return Peek("tftensor", tensors, model_name=tree.get("modelSpec", {}).get("name", ""))


def _info(name: str, node: Tree) -> TensorInfo:
    row = BY_NAME.get(node.get("dtype", ""))
    dtype = None if row is None else np.dtype("S") if row.number == STRING else dtype_of(row)
    dims = node.get("tensorShape", {}).get("dim", [])
    return TensorInfo(name, dtype, tuple(dim.get("size", 0) for dim in dims))
