"""TensorFlow Serving over gRPC: PredictRequest and PredictResponse, arrays as TensorProto.

Source: tensorflow_serving/apis/predict.proto, tensorflow_serving/apis/model.proto
"""

from __future__ import annotations

from functools import lru_cache
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
from tensorwire.protocols.neutral import Peek, TensorInfo
from tensorwire.protocols.tfserving.grpc_frame import find_entries, frame_of
from tensorwire.protocols.tfserving.messages import (
    PredictRequest,
    PredictResponse,
    aligned_message,
    tensors_of,
    version_of,
)
from tensorwire.tree import Irregular
from tensorwire.wire.memo import SMALL_BYTES, FrameCache, ViewCache

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tensorwire.containers.protobuf.schema import Schema
    from tensorwire.limits import Limits
    from tensorwire.missing import Missing
    from tensorwire.protocols.family import Family
    from tensorwire.tree import Array, Tree
    from tensorwire.wire.memo import Frame

__all__ = ["protocol"]

_PROTOBUF = CONTAINERS["protobuf"]
_MEDIA_TYPE = _PROTOBUF.media_types[0]
_TENSOR = KINDS["tftensor"]
_SPEC = 0x0A  # the tag of the model in a request, and of the arrays
_MAP = {PredictRequest: 0x12, PredictResponse: 0x0A}


def protocol(name: str) -> ServingGrpc:
    """Return ``tfserving/protobuf``."""
    return ServingGrpc(name)


class ServingGrpc:
    """The bytes of a Predict call, as protobuf's runtime writes them."""

    media_type = _MEDIA_TYPE
    request, response = PredictRequest, PredictResponse

    def __init__(self, name: str) -> None:
        self.name = name
        self._frames, self._views = FrameCache(), ViewCache()

    def __repr__(self) -> str:
        """Return the call that returns this protocol."""
        return f"get_protocol({self.name!r})"

    @property
    def family(self) -> Family:
        """The protocol of this form."""
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
        del lossy, missing  # TensorProto is exact for every dtype of TensorFlow
        try:
            body = self._write_one(message) or self._write_numbers(message)
        except (TypeError, AttributeError, ValueError):  # not a message; refused below
            body = None
        if body is None:
            tree, kind = _to_tree(message)
            body = bodies.write(_PROTOBUF, tree, _schema(kind))
        return body, {"Content-Type": _MEDIA_TYPE}

    def _write_one(self, message: Any) -> bytes | None:
        """Write a message of one small array of numbers; None for any other.

        It is what `_key_of` and `Frame.join` do, without calls in between: 1 us.
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
        if type(array) is not np.ndarray or array.nbytes > SMALL_BYTES:
            return None
        key = (kind, message.model_name, version, label, signature, name, array.dtype, array.shape)
        frame = self._frames.known.get(key) or self._frame(key)
        return None if frame is None else frame.first + array.tobytes() + frame.last

    def _write_numbers(self, message: Any) -> bytes | None:
        """Write a message of arrays of numbers in one piece; None for any other."""
        known = _key_of(message)
        if known is None:
            return None
        key, arrays = known
        frame = self._frames.known.get(key) or self._frame(key)
        return None if frame is None else frame.join(arrays)

    def _frame(self, key: Any) -> Frame | None:
        """Return the bytes around the arrays of a key, None where they are not plain numbers.

        Callers have looked into the younger generation of the cache.
        """
        frames = self._frames
        frame = frames.get(key) if frames.older else None
        if frame is None:
            frame = _new_frame(key)
            if frame is not None and not frames.is_new(key):
                frames.keep(key, frame)
        return frame

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
        found = None
        if limits is None and body.__class__ is bytes:
            found = self._views.view(body, (kind, len(body)))
            if found is not None:
                return found
            found = self._view(body, kind)
        if found is None:
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
        """Cache the layout of a message that has only a model and arrays."""
        arrays = found.inputs if kind is PredictRequest else found.outputs
        if kind is PredictRequest and found.output_filter:
            return
        model = found.model_name, found.version, found.version_label, found.signature_name
        names = list(arrays)
        self._views.remember(
            (kind, len(body)),
            body,
            list(arrays.values()),
            lambda made, _: kind(dict(zip(names, made, strict=True)), *model),
        )

    def _view(self, body: bytes, kind: Any) -> Any:
        """View the arrays of a message of plain numbers, and cache its layout; None for others."""
        at, spec = 0, b""
        if kind is PredictRequest and len(body) > 1 and body[0] == _SPEC and body[1] < 0x80:
            at = 2 + body[1]
            spec = body[:at]
        found = find_entries(body, at, _MAP[kind])
        if found is None:
            return None
        entries, end = found
        names, spans = entries
        if end != len(body):
            rest = body[end : end + 2]
            if kind is PredictRequest or rest[:1] != b"\x12" or rest[-1] != len(body) - end - 2:
                return None
            spec = body[end:]
        try:
            model = _model_of(spec, kind)
        except (CodecError, Irregular):  # the general reader raises it again
            return None
        if not self._views.is_new((kind, len(body), spans[0][0])):  # not the first of its shape
            self._views.remember_at(
                (kind, len(body)),
                body,
                spans,
                lambda arrays, _: kind(dict(zip(names, arrays, strict=True)), *model),
            )
        return kind(entries.view(body), *model)

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
            used += bodies.owned_nbytes(value)
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


def _key_of(  # noqa: PLR0911 - one for each reason
    message: Any,
) -> tuple[Any, list[Array]] | None:
    """Return what the bytes around the arrays depend on, and the arrays, in the order of the bytes.

    None for messages of other than arrays, and for what is not a message.
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
    if type(tensors) is not dict or not tensors:
        return None
    if version is not None and type(version) is not int:
        return None
    key = [kind, message.model_name, version, message.version_label, message.signature_name]
    arrays = []
    if len(tensors) > 1:  # a map is written in order
        if any(type(name) is not str for name in tensors):
            return None
        tensors = {name: tensors[name] for name in sorted(tensors, key=map_order)}
    for name, array in tensors.items():
        if type(array) is not np.ndarray:
            return None
        key += name, array.dtype, array.shape
        arrays.append(array)
    return tuple(key), arrays


def _new_frame(key: Any) -> Frame | None:
    """Return the bytes around the arrays of a key, None where they are not plain numbers."""
    kind, *model = key[:5]
    try:
        spec = _spec_bytes(kind, *model)
    except CodecError:  # the general writer raises it again
        return None
    entries = zip(key[5::3], key[6::3], key[7::3], strict=True)
    if kind is PredictRequest:
        return frame_of(b"\x12", entries, spec)
    frame = frame_of(b"\x0a", entries)
    if frame is None or not spec:
        return frame
    if not frame.others:
        return frame._replace(last=frame.last + spec)
    write, behind = frame.others[-1]
    return frame._replace(others=(*frame.others[:-1], (write, behind + spec)))


@lru_cache(maxsize=64)
def _spec_bytes(kind: Any, name: str, version: int | None, label: str, signature: str) -> bytes:
    """Return the bytes of the model field of a message, empty where it has no model."""
    tree, _ = _to_tree(kind({}, name, version, label, signature))
    return b"".join(_PROTOBUF.frame(tree, [], _schema(kind)))


@lru_cache(maxsize=64)
def _model_of(spec: bytes, kind: Any) -> tuple[str, int | None, str, str]:
    """Return name, version, label and signature of a message that has only a model."""
    tree = _PROTOBUF.read(spec, _schema(kind), VERIFIED)
    found = _from_tree(tree, kind, DEFAULT_LIMITS, len(spec))
    return found.model_name, found.version, found.version_label, found.signature_name
