"""TensorFlow Serving over gRPC: PredictRequest and PredictResponse, arrays as TensorProto.

Source: tensorflow_serving/apis/predict.proto, tensorflow_serving/apis/model.proto
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tensorwire.containers import CONTAINERS
from tensorwire.containers.protobuf.schema import schema
from tensorwire.errors import DecodeError, shown
from tensorwire.limits import DEFAULT_LIMITS, checked_limits
from tensorwire.missing import VERIFIED
from tensorwire.protocols import bodies
from tensorwire.protocols.grpc_status import trailers_of
from tensorwire.protocols.headers import Headers
from tensorwire.protocols.templates import Templates
from tensorwire.protocols.tfserving.call import claims, from_tree, to_tree
from tensorwire.protocols.tfserving.memo import key_of, write_one
from tensorwire.protocols.tfserving.messages import PredictRequest, PredictResponse, aligned_message
from tensorwire.tree import leaves

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tensorwire.containers.protobuf.schema import Schema
    from tensorwire.limits import Limits
    from tensorwire.missing import Missing
    from tensorwire.protocols.peeking import Peek
    from tensorwire.tree import Tree

__all__ = ["protocol"]

_PROTOBUF = CONTAINERS["protobuf"]
_MEDIA_TYPE = _PROTOBUF.media_types[0]


def protocol(name: str) -> ServingGrpc:
    """Give ``tfserving/protobuf``."""
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

    def encode(
        self,
        message: PredictRequest | PredictResponse,
        *,
        lossy: bool = False,
        missing: Missing | None = None,
    ) -> tuple[bytes, dict[str, str]]:
        """Write a message; see `MessageProtocol`."""
        del lossy, missing  # nothing that TensorFlow has a dtype for is lost
        one = write_one(message, self._templates.known)
        if one is not None:
            return one, {"Content-Type": _MEDIA_TYPE}
        try:
            known = key_of(message)
            body = known and self._templates.write(*known)
        except (TypeError, AttributeError, ValueError):  # no message; said below
            known = body = None
        if not body:
            tree, kind = to_tree(message)
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
        tree, kind = to_tree(message)
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
            lambda tree, size, _: from_tree(tree, kind, limits, size),
            VERIFIED,
        )
        if limits is DEFAULT_LIMITS:
            self._remember(body, kind, found)
        return found

    def _remember(self, body: Any, kind: Any, found: Any) -> None:
        """Remember how a message is read that says nothing but its model and its arrays."""
        known = key_of(found)
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
        """Tell what a message says of its arrays; see `MessageProtocol`."""
        del headers
        kind = PredictRequest if type is None else _class(type)
        found: Peek = bodies.read(
            _PROTOBUF, body, _schema(kind), lambda tree, *_: claims(tree), VERIFIED
        )
        return found

    def encode_error(self, error: BaseException | str) -> tuple[bytes, dict[str, str]]:
        """Give the status of a gRPC call, as its trailers have it: an error has no body."""
        return b"", trailers_of(error)


def _schema(kind: Any) -> Schema:
    return schema(f"tensorflow.serving.{_class(kind).__name__}")


def _class(kind: Any) -> Any:
    if kind is PredictRequest or kind is PredictResponse:
        return kind
    wanted = "PredictRequest or PredictResponse"
    raise DecodeError(f"expected {wanted} for type=, got {shown(kind)}")
