"""The Open Inference Protocol over gRPC: ModelInferRequest and ModelInferResponse.

The elements of all tensors stand in raw contents, in order, or each in the contents of its tensor.
Source: https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tensorwire.containers import CONTAINERS
from tensorwire.errors import CodecError, LimitError
from tensorwire.limits import DEFAULT_LIMITS
from tensorwire.protocols import bodies
from tensorwire.protocols.oip import (
    InferRequest,
    InferResponse,
    InferTensor,
    class_of,
    tensors_of,
)
from tensorwire.protocols.oip_call import claims, from_tree, to_tree
from tensorwire.protocols.oip_key import key_of
from tensorwire.protocols.templates import Headers, Templates
from tensorwire.tree import leaves
from tensorwire.wire import varint
from tensorwire.wire.schema import schema

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tensorwire.limits import Limits
    from tensorwire.peeking import Peek
    from tensorwire.tree import Tree
    from tensorwire.wire.schema import Schema

__all__ = ["protocol"]

_NAMES = {
    InferRequest: "inference.ModelInferRequest",
    InferResponse: "inference.ModelInferResponse",
}
_PROTOBUF = CONTAINERS["protobuf"]


def protocol(name: str) -> OipGrpc:
    """Give ``oip/protobuf``, or ``oip/protobuf-typed``."""
    return OipGrpc(name)


class OipGrpc:
    """The bytes of a ModelInfer call. Both forms are read; the name says which one is written."""

    media_type = "application/x-protobuf"
    request, response = InferRequest, InferResponse

    def __init__(self, name: str) -> None:
        self.name = name
        self._typed = name.endswith("-typed")
        self._templates, self._headers = Templates(_PROTOBUF), Headers()

    def encode(
        self, message: InferRequest | InferResponse, *, lossy: bool = False
    ) -> tuple[bytes, dict[str, str]]:
        """Write a message; see `MessageProtocol`."""
        del lossy  # nothing that has a datatype is lost
        try:
            known = key_of(message)
            identity = _identity(message.id) if known and message.id else b""
            body = known and self._templates.write(*known, identity)
        except (TypeError, AttributeError, UnicodeEncodeError):  # no message; said below
            known = body = None
        if not body:
            tree = to_tree(message, typed=self._typed)
            body = bodies.write(_PROTOBUF, tree, _schema(message))
            if known is not None:
                self._learn(known[0], tree, _schema(message), len(known[1]))
        return body, {"Content-Type": "application/x-protobuf"}

    def _learn(self, key: Any, tree: Tree, message: Schema, count: int) -> None:
        tree.pop("id", None)
        head: Tree = {k: tree[k] for k in ("modelName", "modelVersion") if k in tree}
        arrays = [leaf for _, leaf in leaves(tree)]
        if len(arrays) != count:
            return
        self._templates.learn(
            key,
            arrays,
            lambda: _PROTOBUF.frame(tree, [leaf.data.nbytes for leaf in arrays], message),
            b"".join(_PROTOBUF.frame(head, [], message)),
        )

    def encode_parts(
        self, message: InferRequest | InferResponse, *, lossy: bool = False
    ) -> tuple[list[bytes | memoryview], dict[str, str]]:
        """Write a message as buffers; see `MessageProtocol`."""
        del lossy
        tree = to_tree(message, typed=self._typed)
        buffers = bodies.write_parts(_PROTOBUF, tree, _schema(message))
        return buffers, {"Content-Type": self.media_type}

    def decode(
        self,
        body: Any,
        headers: Mapping[str, str] | None = None,
        *,
        type: Any = None,  # noqa: A002 - the word that every decoder uses
        limits: Limits | None = None,
    ) -> Any:
        """Read a message; see `MessageProtocol`."""
        del headers
        kind = class_of(type)
        if limits is None:
            if body.__class__ is bytes:
                found = self._headers.view(body, kind)
                if found is not None:
                    return found
            limits = DEFAULT_LIMITS
        found = self._read(body, kind, lambda tree, size: from_tree(tree, kind, limits, size))
        if limits is DEFAULT_LIMITS:
            self._remember(body, kind, found)
        return found

    def _remember(self, body: Any, kind: Any, found: Any) -> None:
        """Remember how a message is read that says nothing but its model and one array."""
        known = key_of(found)
        if known is None or len(known[1]) != 1 or found.id:
            return
        name, model, version = tensors_of(found)[1][0].name, found.model_name, found.model_version
        self._headers.learn(
            body,
            kind,
            known[1][0],
            lambda: self.encode_parts(found)[0],
            lambda array: kind([InferTensor(name, array)], model, version),
        )

    def peek(
        self,
        body: Any,
        headers: Mapping[str, str] | None = None,
        *,
        type: Any = None,  # noqa: A002
    ) -> Peek:
        """Tell what a message says of its tensors; see `MessageProtocol`."""
        del headers
        kind = class_of(type)
        found: Peek = self._read(body, kind, lambda tree, _: claims(tree, kind))
        return found

    def _read(self, body: Any, kind: Any, build: Callable[[Tree, int], Any]) -> Any:
        try:
            return bodies.read(_PROTOBUF, body, schema(_NAMES[kind]), build)
        except CodecError as error:
            raise error.within("$") from None

    def encode_error(self, error: BaseException | str) -> tuple[bytes, dict[str, str]]:
        """Give the status of a gRPC call, as its trailers have it: an error has no body."""
        code = 3 if isinstance(error, (CodecError, str)) else 13
        code = 8 if isinstance(error, LimitError) else code
        return b"", {"grpc-status": str(code), "grpc-message": str(error)}


def _schema(message: InferRequest | InferResponse) -> Schema:
    return schema(_NAMES[InferRequest if isinstance(message, InferRequest) else InferResponse])


def _identity(text: str) -> bytes:
    """Write the field id = 3."""
    encoded = text.encode()
    return b"\x1a" + varint.write(len(encoded)) + encoded
