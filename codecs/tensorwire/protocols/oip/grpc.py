"""The Open Inference Protocol over gRPC: ModelInferRequest and ModelInferResponse.

The elements of all tensors stand in raw contents, in order, or each in the contents of its tensor.
Source: https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tensorwire.containers import CONTAINERS
from tensorwire.containers.protobuf import varint
from tensorwire.containers.protobuf.schema import schema
from tensorwire.errors import CodecError
from tensorwire.limits import DEFAULT_LIMITS, checked_limits
from tensorwire.missing import FINITE, STRICT, VERIFIED, reading, writing
from tensorwire.protocols import bodies
from tensorwire.protocols.grpc_status import trailers_of
from tensorwire.protocols.headers import Headers
from tensorwire.protocols.oip.call import claims, from_tree, parameters, to_tree
from tensorwire.protocols.oip.memo import key_of, maker, write_one
from tensorwire.protocols.oip.messages import InferRequest, InferResponse, class_of, tensors_of
from tensorwire.protocols.oip.tensor import Rules
from tensorwire.protocols.templates import Templates
from tensorwire.tree import leaves

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tensorwire.containers.protobuf.schema import Schema
    from tensorwire.limits import Limits
    from tensorwire.missing import Missing, Reading
    from tensorwire.protocols.family import Family
    from tensorwire.protocols.neutral import Peek
    from tensorwire.tree import Tree

__all__ = ["OipGrpc", "name_of", "protocol"]

_NAMES = {
    InferRequest: "inference.ModelInferRequest",
    InferResponse: "inference.ModelInferResponse",
}
_PROTOBUF = CONTAINERS["protobuf"]
_MEDIA_TYPE = _PROTOBUF.media_types[0]
_ID = b"\x1a"  # the tag of the field id = 3


def protocol(name: str) -> OipGrpc:
    """Give ``oip/protobuf``, or ``oip/protobuf-typed``."""
    return OipGrpc(name)


class OipGrpc:
    """The bytes of a ModelInfer call. Both forms are read; the name says which one is written."""

    media_type = _MEDIA_TYPE
    request, response = InferRequest, InferResponse

    def __init__(self, name: str) -> None:
        self.name = name
        self._typed = name.endswith("-typed")
        self._templates, self._headers = Templates(_PROTOBUF), Headers()

    def __repr__(self) -> str:
        """Return the call that gives it."""
        return f"get_protocol({self.name!r})"

    @property
    def family(self) -> Family:
        """The protocol of which this is a form."""
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
        how = STRICT if missing is None else writing(missing, "error", FINITE)
        one = write_one(message, self._templates.known)
        if one is not None:
            return one, {"Content-Type": _MEDIA_TYPE}
        try:
            known = key_of(message)
            said = known and (message.id or message.parameters)
            identity = _identity(message, lossy=lossy) if said else b""
            body = known and self._templates.write(*known, identity)
        except (TypeError, AttributeError, ValueError):  # no message; said below
            known = body = None
        if not body:
            tree = to_tree(message, typed=self._typed, lossy=lossy, how=how)
            body = bodies.write(_PROTOBUF, tree, _schema(message))
            if known is not None and self._templates.learns(known[0]):
                self._learn(known[0], tree, _schema(message), len(known[1]))
        return body, {"Content-Type": _MEDIA_TYPE}

    def _learn(self, key: Any, tree: Tree, message: Schema, count: int) -> None:
        tree.pop("id", None)
        tree.pop("parameters", None)
        head: Tree = {k: tree[k] for k in ("modelName", "modelVersion") if k in tree}
        arrays = [leaf for _, leaf in leaves(tree)]
        if len(arrays) != count:
            self._templates.refuse(key)
            return
        self._templates.learn(
            key,
            arrays,
            lambda: _PROTOBUF.frame(tree, [leaf.data.nbytes for leaf in arrays], message),
            b"".join(_PROTOBUF.frame(head, [], message)),
        )

    def encode_parts(
        self,
        message: InferRequest | InferResponse,
        *,
        lossy: bool = False,
        missing: Missing | None = None,
    ) -> tuple[list[bytes | memoryview], dict[str, str]]:
        """Write a message as buffers; see `MessageProtocol`."""
        how = STRICT if missing is None else writing(missing, "error", FINITE)
        tree = to_tree(message, typed=self._typed, lossy=lossy, how=how)
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
            reading(missing, "error", text=False)  # raises for an unknown word: bytes have NaN
        kind = class_of(type)
        if limits is None and body.__class__ is bytes:
            found = self._headers.view(body, (kind, len(body)))
            if found is not None:
                return found
        limits = checked_limits(limits)
        found = self._read(
            body, kind, lambda tree, size, _: from_tree(tree, kind, Rules(limits, size))
        )
        if limits is DEFAULT_LIMITS:
            self._remember(body, kind, found)
        return found

    def _remember(self, body: Any, kind: Any, found: Any) -> None:
        """Remember how a message is read that says little but its model and its arrays."""
        known = maker(found)
        if known is not None and not found.parameters:
            identity = found.id.encode()
            before = _ID + varint.write(len(identity))
            self._headers.learn((kind, len(body)), body, *known, (before, identity))

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
        found: Peek = self._read(body, kind, lambda tree, *_: claims(tree, kind))
        return found

    def _read(self, body: Any, kind: Any, build: Callable[[Tree, int, Reading], Any]) -> Any:
        try:
            return bodies.read(_PROTOBUF, body, schema(_NAMES[kind]), build, VERIFIED)
        except CodecError as error:
            raise error.within("$") from None

    def encode_error(self, error: BaseException | str) -> tuple[bytes, dict[str, str]]:
        """Give the status of a gRPC call, as its trailers have it: an error has no body."""
        return b"", trailers_of(error)


def name_of(kind: type[InferRequest | InferResponse]) -> str:
    """Return the full name of the message that a class stands for."""
    return _NAMES[kind]


def _schema(message: InferRequest | InferResponse) -> Schema:
    return schema(_NAMES[InferRequest if isinstance(message, InferRequest) else InferResponse])


def _identity(message: InferRequest | InferResponse, *, lossy: bool) -> bytes:
    """Write the fields id = 3 and parameters = 4."""
    text = message.id.encode()
    written = _ID + varint.write(len(text)) + text if text else b""
    if message.parameters:
        tree = parameters(message.parameters, "$", lossy=lossy)
        written += b"".join(_PROTOBUF.frame(tree, [], _schema(message))) if tree else b""
    return written
