"""TensorFlow Serving over gRPC: PredictRequest and PredictResponse, arrays as TensorProto.

Source: tensorflow_serving/apis/predict.proto, tensorflow_serving/apis/model.proto
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire.containers import CONTAINERS
from tensorwire.containers.protobuf.schema import schema
from tensorwire.containers.protobuf.write import map_order
from tensorwire.errors import CodecError, DecodeError, shown
from tensorwire.kinds import KINDS
from tensorwire.kinds.tensorproto import BY_NAME, STRING, dtype_of
from tensorwire.limits import DEFAULT_LIMITS, checked_limits
from tensorwire.missing import VERIFIED
from tensorwire.protocols import bodies, fields
from tensorwire.protocols.grpc_status import trailers_of
from tensorwire.protocols.headers import Headers
from tensorwire.protocols.neutral import Peek, TensorInfo
from tensorwire.protocols.templates import FEW_BYTES, Templates
from tensorwire.protocols.tfserving.messages import (
    PredictRequest,
    PredictResponse,
    aligned_message,
    tensors_of,
    version_of,
)
from tensorwire.tree import leaves

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tensorwire.containers.protobuf.schema import Schema
    from tensorwire.limits import Limits
    from tensorwire.missing import Missing
    from tensorwire.protocols.family import Family
    from tensorwire.protocols.templates import Known
    from tensorwire.tree import Tree

__all__ = ["protocol"]

_PROTOBUF = CONTAINERS["protobuf"]
_MEDIA_TYPE = _PROTOBUF.media_types[0]
_TENSOR = KINDS["tftensor"]


def protocol(name: str) -> ServingGrpc:
    """Return ``tfserving/protobuf``."""
    return ServingGrpc(name)


class ServingGrpc:
    """The bytes of a Predict call, just as protobuf writes them."""

    media_type = _MEDIA_TYPE
    request, response = PredictRequest, PredictResponse

    def __init__(self, name: str) -> None:
        self.name = name
        self._templates, self._headers = Templates(_PROTOBUF), Headers()

    def __repr__(self) -> str:
        """Return the call that gives it."""
        return f"get_protocol({self.name!r})"

    @property
    def family(self) -> Family:
        """The protocol of which this is a form."""
        from tensorwire.protocols.tfserving.family import FAMILY

        return FAMILY

    def encode(
        self,
        message: PredictRequest | PredictResponse,
        *,
        lossy: bool = False,
        missing: Missing | None = None,
    ) -> tuple[bytes, dict[str, str]]:
        """Write a message; see `MessageProtocol`."""
        del lossy, missing  # nothing that TensorFlow has a dtype for is lost
        one = _write_one(message, self._templates.known)
        if one is not None:
            return one, {"Content-Type": _MEDIA_TYPE}
        try:
            known = _key_of(message)
            body = known and self._templates.write(*known)
        except (TypeError, AttributeError, ValueError):  # not a message; refused below
            known = body = None
        if not body:
            tree, kind = _to_tree(message)
            body = bodies.write(_PROTOBUF, tree, _schema(kind))
            if known is not None and self._templates.learns(known[0]):
                self._learn(known[0], tree, _schema(kind), len(known[1]))
        return body, {"Content-Type": _MEDIA_TYPE}

    def _learn(self, key: Any, tree: Tree, message: Schema, count: int) -> None:
        arrays = [leaf for _, leaf in leaves(tree)]
        if len(arrays) != count:
            self._templates.refuse(key)
            return
        self._templates.learn(
            key,
            arrays,
            lambda: _PROTOBUF.frame(tree, [leaf.data.nbytes for leaf in arrays], message),
            b"",
        )

    def encode_parts(
        self,
        message: PredictRequest | PredictResponse,
        *,
        lossy: bool = False,
        missing: Missing | None = None,
    ) -> tuple[list[bytes | memoryview], dict[str, str]]:
        """Write a message as buffers; see `MessageProtocol`."""
        del lossy, missing
        tree, kind = _to_tree(message)
        return bodies.write_parts(_PROTOBUF, tree, _schema(kind)), {"Content-Type": _MEDIA_TYPE}

    def decode(  # noqa: PLR0913
        self,
        body: Any,
        headers: Mapping[str, str] | None = None,
        *,
        type: type | None = None,  # noqa: A002 - the word that every decoder uses
        limits: Limits | None = None,
        align: bool = False,
        missing: Missing | None = None,
    ) -> Any:
        """Read a message; see `MessageProtocol`."""
        if align:
            message = self.decode(body, headers, type=type, limits=limits, missing=missing)
            return aligned_message(message)
        del headers, missing  # bytes have NaN itself
        kind = PredictRequest if type is None else _class(type)
        if limits is None and body.__class__ is bytes:
            found = self._headers.view(body, (kind, len(body)))
            if found is not None:
                return found
        limits = checked_limits(limits)
        found = bodies.read(
            _PROTOBUF,
            body,
            _schema(kind),
            lambda tree, size, _: _from_tree(tree, kind, limits, size),
            VERIFIED,
        )
        if limits is DEFAULT_LIMITS:
            self._remember(body, kind, found)
        return found

    def _remember(self, body: Any, kind: Any, found: Any) -> None:
        """Remember how a message is read that has nothing but its model and its arrays."""
        known = _key_of(found)
        if known is None:
            return
        arrays = found.inputs if kind is PredictRequest else found.outputs
        model, names = known[0][1:5], list(arrays)
        self._headers.learn(
            (kind, len(body)),
            body,
            list(arrays.values()),
            lambda made, _: kind(dict(zip(names, made, strict=True)), *model),
        )

    def peek(
        self,
        body: Any,
        headers: Mapping[str, str] | None = None,
        *,
        type: type | None = None,  # noqa: A002
    ) -> Peek:
        """Infer names, dtypes and shapes of the arrays; see `MessageProtocol`."""
        del headers
        kind = PredictRequest if type is None else _class(type)
        found: Peek = bodies.read(
            _PROTOBUF, body, _schema(kind), lambda tree, *_: _peek(tree), VERIFIED
        )
        return found

    def encode_error(self, error: BaseException | str) -> tuple[bytes, dict[str, str]]:
        """Return the status of a gRPC call as trailers: an error has no body."""
        return b"", trailers_of(error)


def _schema(kind: Any) -> Schema:
    return schema(f"tensorflow.serving.{_class(kind).__name__}")


def _class(kind: Any) -> Any:
    if kind is PredictRequest or kind is PredictResponse:
        return kind
    wanted = "PredictRequest or PredictResponse"
    raise DecodeError(f"expected {wanted} for type=, got {shown(kind)}")


def _to_tree(message: PredictRequest | PredictResponse) -> tuple[Tree, type]:
    """Return the fields that are set, in the order of their numbers, and the message's class."""
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


def _from_tree(tree: Tree, kind: type, limits: Limits, size: int) -> Any:
    """Make a message of the fields in a tree."""
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


def _peek(tree: Tree) -> Peek:
    nodes = tree.get("inputs") or tree.get("outputs") or {}
    tensors = tuple(_tensor_info(name, node) for name, node in nodes.items())
    return Peek("tftensor", tensors, model_name=tree.get("modelSpec", {}).get("name", ""))


def _tensor_info(name: str, node: Tree) -> TensorInfo:
    row = BY_NAME.get(node.get("dtype", ""))
    dtype = None if row is None else np.dtype("S") if row.number == STRING else dtype_of(row)
    dims = node.get("tensorShape", {}).get("dim", [])
    return TensorInfo(name, dtype, tuple(dim.get("size", 0) for dim in dims))


def _key_of(message: Any) -> tuple[Any, list[np.ndarray[Any, Any]]] | None:
    """Return what the bytes around the arrays depend on, and the arrays, in the order of the bytes.

    None for messages that are not worth remembering, and for what is not a message.
    """
    kind = type(message)
    if kind is PredictRequest:
        tensors = message.inputs
        if message.output_filter != []:
            return None
    elif kind is PredictResponse:
        tensors = message.outputs
    else:
        return None
    version = message.version
    if type(tensors) is not dict or (version is not None and type(version) is not int):
        return None
    model = message.model_name, version, message.version_label, message.signature_name
    key: tuple[Any, ...] = (kind, *model)
    arrays = []
    if len(tensors) > 1:  # a map is written in order
        if any(type(name) is not str for name in tensors):
            return None
        tensors = {name: tensors[name] for name in sorted(tensors, key=map_order)}
    for name in tensors:
        array = tensors[name]
        if type(array) is not np.ndarray:
            return None
        key += (name, array.dtype, array.shape)
        arrays.append(array)
    return key, arrays


def _write_one(message: Any, known: Known) -> bytes | None:
    """Write a message that holds one small array; None for any other.

    It is what `_key_of` and `Templates.write` do, without calls in between.
    """
    kind = message.__class__
    if kind is PredictRequest and message.output_filter.__class__ is list:
        tensors = None if message.output_filter else message.inputs
    elif kind is PredictResponse:
        tensors = message.outputs
    else:
        return None
    version, label, signature = message.version, message.version_label, message.signature_name
    if tensors.__class__ is not dict or len(tensors) != 1:
        return None
    if version is not None and version.__class__ is not int:
        return None
    ((name, array),) = tensors.items()
    if type(array) is not np.ndarray or array.nbytes > FEW_BYTES:
        return None
    try:
        key = (kind, message.model_name, version, label, signature, name, array.dtype, array.shape)
        _, start, (_, behind), writers = known[key]
    except (KeyError, TypeError):  # unknown, or a name that is none
        return None
    return start + array.tobytes() + behind if writers is None else None
