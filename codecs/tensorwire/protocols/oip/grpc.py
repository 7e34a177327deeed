"""The Open Inference Protocol over gRPC: ModelInferRequest and ModelInferResponse.

The elements of all tensors are in the raw contents of the message, in order, or the elements of
each tensor are in its contents. ::

    ModelInferRequest                       InferInputTensor       InferTensorContents
    0a model_name     22 parameters         0a name                32 fp32_contents
    12 model_version  2a inputs, each       12 datatype            3a fp64_contents
    1a id             32 outputs, each      1a shape, packed
                      3a raw_input_contents 2a contents

ModelInferResponse has its tensors in `outputs` 2a, and 32 raw_output_contents. The canonical bytes
of plain arrays are written and read by `grpc_frame`, and what is around the arrays is cached; any
other message is converted to a tree, which the container writes and reads.
Source: https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire.containers import CONTAINERS
from tensorwire.containers.protobuf.schema import schema
from tensorwire.containers.protobuf.write import map_order
from tensorwire.errors import CodecError, DecodeError
from tensorwire.limits import checked_limits
from tensorwire.missing import FINITE, STRICT, VERIFIED, reading, writing
from tensorwire.protocols import bodies, fields
from tensorwire.protocols.grpc_status import trailers_of
from tensorwire.protocols.neutral import Peek
from tensorwire.protocols.oip.grpc_frame import plain_pieces, read_plain, write_field
from tensorwire.protocols.oip.messages import (
    InferRequest,
    InferResponse,
    RequestedOutput,
    asked_outputs,
    class_of,
    remaker,
    small_array_key,
    tensors_of,
)
from tensorwire.protocols.oip.tensor import (
    InferTensor,
    Rules,
    contents_leaf,
    datatype_named,
    decoded,
    from_raw,
    from_values,
    info,
    raw_leaf,
    refuse_shared_memory,
)
from tensorwire.wire.memo import Frame, FrameCache, ViewCache

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tensorwire.containers.protobuf.schema import Schema
    from tensorwire.limits import Limits
    from tensorwire.missing import Missing, Reading, Writing
    from tensorwire.protocols.family import Family
    from tensorwire.protocols.neutral import TensorInfo
    from tensorwire.protocols.oip.tensor import Datatype
    from tensorwire.tree import Array, Tree

__all__ = ["OipGrpc", "name_of", "protocol", "to_tree"]

_NAMES = {
    InferRequest: "inference.ModelInferRequest",
    InferResponse: "inference.ModelInferResponse",
}
_PROTOBUF = CONTAINERS["protobuf"]
_MEDIA_TYPE = _PROTOBUF.media_types[0]
_ID = 0x1A  # the tag of the id
_NOT_PLAIN = (TypeError, AttributeError, ValueError, LookupError)
_RAW = {"inputs": "rawInputContents", "outputs": "rawOutputContents"}


def protocol(name: str) -> OipGrpc:
    """Return ``oip/protobuf``, or ``oip/protobuf-typed``."""
    return OipGrpc(name)


class OipGrpc:
    """The bytes of a ModelInfer call: it reads both forms, and writes the form of its name."""

    media_type = _MEDIA_TYPE
    request, response = InferRequest, InferResponse

    def __init__(self, name: str) -> None:
        self.name = name
        self._typed = name.endswith("-typed")
        self._frames, self._views = FrameCache(), ViewCache()

    def __repr__(self) -> str:
        """Return the call that returns this protocol."""
        return f"get_protocol({self.name!r})"

    @property
    def family(self) -> Family:
        """The protocol of this form."""
        from tensorwire.protocols.oip.family import FAMILY

        return FAMILY

    def encode(
        self,
        message: InferRequest | InferResponse,
        *,
        lossy: bool = False,
        missing: Missing | None = None,
    ) -> tuple[bytes, dict[str, str]]:
        """Write a message; see `MessageProtocol`."""
        options = STRICT if missing is None else writing(missing, "error", FINITE)
        try:
            one = small_array_key(message)
            if one is not None:
                key, array = one
                frame = self._frames.known.get(key)
                if frame is not None:  # inlined `Frame.join`: half of the time
                    return frame[0] + array.tobytes() + frame[2], {"Content-Type": _MEDIA_TYPE}
            body = self._write_plain(message, one, lossy=lossy)
        except _NOT_PLAIN:  # `to_tree` writes the message, or raises the error
            body = None
        if not body:
            tree = to_tree(message, typed=self._typed, lossy=lossy, options=options)
            body = bodies.write(_PROTOBUF, tree, _schema(message))
        return body, {"Content-Type": _MEDIA_TYPE}

    def _write_plain(
        self, message: Any, one: tuple[Any, Array] | None, *, lossy: bool
    ) -> bytes | None:
        """Write a message of plain arrays; None, or an exception of `_NOT_PLAIN`, for any other."""
        known = _key_of(message) if one is None else (one[0], [one[1]])
        if known is None:
            return None
        key, arrays = known
        frame = self._frames.get(key)
        if frame is None:
            pieces, head = plain_pieces(message, _wanted(message), typed=self._typed)
            frame = Frame.of(pieces, [None] * len(arrays), head)
            if not self._frames.is_new(key):
                self._frames.keep(key, frame)
        more = one is None and (message.id or message.parameters)
        return frame.join(arrays, _lead(message, lossy=lossy) if more else b"")

    def encode_parts(
        self,
        message: InferRequest | InferResponse,
        *,
        lossy: bool = False,
        missing: Missing | None = None,
    ) -> tuple[list[bytes | memoryview], dict[str, str]]:
        """Write a message as buffers; see `MessageProtocol`."""
        options = STRICT if missing is None else writing(missing, "error", FINITE)
        tree = to_tree(message, typed=self._typed, lossy=lossy, options=options)
        buffers = bodies.write_parts(_PROTOBUF, tree, _schema(message))
        return buffers, {"Content-Type": _MEDIA_TYPE}

    def decode(  # noqa: PLR0913
        self,
        body: Any,
        headers: Mapping[str, str] | None = None,
        *,
        type: Any = None,  # noqa: A002 - the word that every decoder uses
        limits: Limits | None = None,
        align: bool = False,
        missing: Missing | None = None,
    ) -> Any:
        """Read a message; see `MessageProtocol`."""
        if align:
            message = self.decode(body, headers, type=type, limits=limits, missing=missing)
            bodies.align(tensors_of(message)[1])
            return message
        del headers
        if missing is not None:
            reading(missing, "error", text=False)  # raises for an unknown word
        kind = class_of(type)
        found = None
        if limits is None and body.__class__ is bytes:
            found = self._views.view(body, (kind, len(body)))
            if found is not None:
                return found
            found = read_plain(body, kind)
        if found is None:
            bounds = checked_limits(limits)
            found = self._read(
                body, kind, lambda tree, size, _: _from_tree(tree, kind, Rules(bounds, size))
            )
        if limits is None and body.__class__ is bytes:
            self._remember(body, kind, found)
        return found

    def _remember(self, body: bytes, kind: Any, found: Any) -> None:
        """Cache the header of a message without parameters, if it is not the first of its shape."""
        tensors = found.inputs if kind is InferRequest else found.outputs
        value = tensors[0].value if tensors else None
        if type(value) is not np.ndarray or self._views.is_new((kind, len(body), value.shape)):
            return
        made = None if found.parameters else remaker(found)
        if made is not None:
            identity = found.id.encode()
            before = write_field(_ID, identity)[: -len(identity)] if identity else b""
            self._views.remember((kind, len(body)), body, *made, (before, identity))

    def peek(
        self,
        body: Any,
        headers: Mapping[str, str] | None = None,
        *,
        type: Any = None,  # noqa: A002
    ) -> Peek:
        """Describe the tensors of a message; see `MessageProtocol`."""
        del headers
        kind = class_of(type)
        found: Peek = self._read(body, kind, lambda tree, *_: _peek(tree, kind))
        return found

    def _read(self, body: Any, kind: Any, build: Callable[[Tree, int, Reading], Any]) -> Any:
        try:
            return bodies.read(_PROTOBUF, body, schema(_NAMES[kind]), build, VERIFIED)
        except CodecError as error:
            raise error.within("$") from None

    def encode_error(self, error: BaseException | str) -> tuple[bytes, dict[str, str]]:
        """Return the status of a gRPC call as its trailers: an error has no body."""
        return b"", trailers_of(error)


def name_of(kind: type[InferRequest | InferResponse]) -> str:
    """Return the full name of the protobuf message of a class."""
    return _NAMES[kind]


def _schema(message: InferRequest | InferResponse) -> Schema:
    return schema(_NAMES[InferRequest if isinstance(message, InferRequest) else InferResponse])


def _key_of(message: Any) -> tuple[Any, list[Array]] | None:
    """Return the cache key of a message, and its arrays.

    The bytes of the message except arrays, id and parameters depend on the key only. Returns None
    for a message that is not cached: of other values than arrays, or with parameters of a tensor.
    """
    kind = type(message)
    asked: Any = ()
    if kind is InferRequest:
        tensors = message.inputs
        if message.outputs:
            asked = asked_outputs(message.outputs)
    elif kind is InferResponse:
        tensors = message.outputs
    else:
        return None
    if asked is None or type(message.id) is not str or type(tensors) is not list:
        return None
    if type(message.parameters) is not dict:
        return None
    if not tensors:
        return None
    key: list[Any] = [kind, message.model_name, message.model_version, asked]
    arrays = []
    for tensor in tensors:
        array, more = tensor.value, tensor.parameters
        if type(array) is not np.ndarray or more or type(more) is not dict:
            return None
        key += tensor.name, array.dtype, array.shape
        arrays.append(array)
    return tuple(key), arrays


def _wanted(message: Any) -> bytes:
    """Write the requested outputs."""
    if message.__class__ is not InferRequest or not message.outputs:
        return b""
    tree: Tree = {"outputs": _outputs(message, lossy=False)}
    return b"".join(_PROTOBUF.frame(tree, [], _schema(message)))


def _lead(message: InferRequest | InferResponse, *, lossy: bool) -> bytes:
    """Write the fields id = 3 and parameters = 4."""
    text = message.id.encode()
    written = write_field(_ID, text) if text else b""
    if message.parameters:
        tree = _parameters(message.parameters, "$", lossy=lossy)
        written += b"".join(_PROTOBUF.frame(tree, [], _schema(message))) if tree else b""
    return written


def to_tree(
    message: InferRequest | InferResponse, *, typed: bool, lossy: bool, options: Writing = STRICT
) -> Tree:
    """Return the tree of a message, with its members in the order of their field numbers."""
    member, tensors = tensors_of(message)
    tree: Tree = {}
    for name, value in (
        ("modelName", message.model_name),
        ("modelVersion", message.model_version),
        ("id", message.id),
    ):
        if value != "":
            tree[name] = fields.text(value, f"$.{name}")
    tree |= _parameters(message.parameters, "$", lossy=lossy)
    if tensors:
        tree[member] = []
    raw = []
    for i, tensor in enumerate(fields.listed(tensors, InferTensor, f"$.{member}")):
        path = f"$.{member}[{i}]"
        try:
            row, leaf = (contents_leaf if typed else raw_leaf)(tensor, options)
        except CodecError as error:
            raise error.within(path) from None
        part: Tree = {"name": fields.text(tensor.name, f"{path}.name"), "datatype": row.name}
        part |= {"shape": list(leaf.shape), **_parameters(tensor.parameters, path, lossy=lossy)}
        if not typed:
            raw.append(leaf)
        else:
            part["contents"] = {row.member: leaf} if 0 not in leaf.shape else {}
        tree[member].append(part)
    if isinstance(message, InferRequest) and message.outputs:
        tree["outputs"] = _outputs(message, lossy=lossy)
    if raw:
        tree[_RAW[member]] = raw
    return tree


def _outputs(message: InferRequest, *, lossy: bool) -> list[Tree]:
    """Return the requested outputs as a tree."""
    wanted = fields.listed(message.outputs, RequestedOutput, "$.outputs")
    return [
        {"name": fields.text(output.name, f"$.outputs[{i}].name")}
        | _parameters(output.parameters, f"$.outputs[{i}]", lossy=lossy)
        for i, output in enumerate(wanted)
    ]


def _parameters(values: Mapping[str, Any], path: str, *, lossy: bool) -> Tree:
    """Return the member `parameters` of a message, in the order in which maps are written."""
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


def _from_tree(tree: Tree, kind: type, rules: Rules) -> InferRequest | InferResponse:
    """Return the message of a class from its tree."""
    member = "inputs" if kind is InferRequest else "outputs"
    nodes, raw = fields.objects(tree, member), tree.get(_RAW[member], [])
    if raw and len(raw) != len(nodes):
        for i, node in enumerate(nodes):  # shared memory is the more useful error
            _info(node, f".{member}[{i}]")
        reason = f"expected raw contents of {len(nodes)} tensors, got {len(raw)}"
        raise DecodeError(reason, f".{_RAW[member]}")
    tensors = []
    for i, node in enumerate(nodes):
        try:
            name, row, shape = _heading(node)
            parameters = _values(node)
            if parameters:
                refuse_shared_memory(parameters)
            if raw and node.get("contents"):
                raise DecodeError("expected contents or raw contents, got both", ".contents")
            value = (
                from_raw(raw[i], row, shape, rules)
                if raw
                else _contents(node.get("contents"), row, shape, rules)
            )
        except CodecError as error:
            place = _place(member, i, raw) if error.path == "$" else f".{member}[{i}]"
            raise error.within(place) from None
        if parameters:
            value = decoded(value, row, parameters, _place(member, i, raw))
        tensors.append(InferTensor(name, value, parameters))
    name, version, id_ = tree.get("modelName", ""), tree.get("modelVersion", ""), tree.get("id", "")
    if kind is InferResponse:
        return InferResponse(tensors, name, version, id_, _values(tree))
    wanted = [RequestedOutput(o.get("name", ""), _values(o)) for o in tree.get("outputs", [])]
    return InferRequest(tensors, name, version, id_, _values(tree), wanted)


def _place(member: str, i: int, raw: Any) -> str:
    """Return the path of the elements of a tensor."""
    return f".{_RAW[member]}[{i}]" if raw else f".{member}[{i}].contents"


def _heading(node: Tree) -> tuple[str, Datatype, list[int]]:
    """Return name, datatype and shape of a tensor; in protobuf an absent shape is rank 0."""
    return (
        node.get("name", ""),
        datatype_named(node.get("datatype", "")),
        fields.sizes(node.get("shape")),
    )


def _info(node: Tree, path: str) -> TensorInfo:
    try:
        refuse_shared_memory(_values(node))
        return info(*_heading(node))
    except CodecError as error:
        raise error.within(path) from None


def _values(node: Tree) -> dict[str, Any]:
    """Return parameters as plain values; one without a value is left out."""
    found = node.get("parameters")
    if not found:
        return {}
    return {name: value for name, choice in found.items() for value in choice.values()}


def _contents(node: Any, row: Any, shape: list[int], rules: Rules) -> Any:
    members = node or {}
    if not row.member:
        raise DecodeError(f"expected raw contents of {row.name}, got contents")
    name = row.member
    if not members.keys() <= {name}:
        other = next(key for key in members if key != name)
        reason = f"expected {name} for {row.name}, got {other}"
        raise DecodeError(reason, f".contents.{other}")
    try:
        return from_values(members.get(name, []), row, shape, rules)
    except CodecError as error:
        raise error.within(
            "" if error.path.startswith("$.shape") else f".contents.{name}"
        ) from None


def _peek(tree: Tree, kind: type) -> Peek:
    """Describe the tensors of a message."""
    member = "inputs" if kind is InferRequest else "outputs"
    nodes = fields.objects(tree, member)
    return Peek(
        "raw" if tree.get(_RAW[member]) else "contents",
        tuple(_info(node, f".{member}[{i}]") for i, node in enumerate(nodes)),
        id=tree.get("id", ""),
        model_name=tree.get("modelName", ""),
        parameters=_values(tree),
    )
