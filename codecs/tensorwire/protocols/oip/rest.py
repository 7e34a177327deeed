"""The Open Inference Protocol over REST: JSON, and memory behind it where that is asked for.

A tensor has its values in `data`, or says `binary_data_size` among its parameters; then so many
bytes behind the JSON are its elements, tensor after tensor, with nothing between or behind them.
The header Inference-Header-Content-Length says where the JSON ends. Spaces behind the JSON, which
count as part of it, put the first tensor at a multiple of 64 bytes: what reads the body into
aligned memory has it aligned.
Source: https://github.com/kserve/open-inference-protocol, and the binary tensor data extension of
https://github.com/triton-inference-server/server
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire.containers import CONTAINERS
from tensorwire.containers.protobuf.schema import Schema, array_names
from tensorwire.errors import CodecError, EncodeError
from tensorwire.limits import checked_limits
from tensorwire.missing import BARE, STRICT, reading, writing
from tensorwire.protocols import bodies
from tensorwire.protocols.headers import Headers
from tensorwire.protocols.oip.length import LENGTH, json_length, length_in
from tensorwire.protocols.oip.memo import key_of, maker, write_one
from tensorwire.protocols.oip.messages import InferRequest, InferResponse, class_of, tensors_of
from tensorwire.protocols.oip.rest_json import claims, from_tree, identity_of, to_tree
from tensorwire.protocols.oip.tensor import Rules
from tensorwire.protocols.templates import Templates, padded
from tensorwire.tree import ARRAY, leaves
from tensorwire.wire.buffers import array_part, as_body, assemble, buffer_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tensorwire.limits import Limits
    from tensorwire.missing import Missing, Reading, Words, Writing
    from tensorwire.protocols.family import Family
    from tensorwire.protocols.neutral import Peek
    from tensorwire.tree import Array, Body
    from tensorwire.wire.buffers import Part

__all__ = ["protocol"]

_PLACES = {name: {"data": {ARRAY: True}} for name in ("inputs", "outputs")}
_SCHEMA = Schema("oip.rest", {}, {}, _PLACES, array_names(_PLACES))
_JSON = CONTAINERS["json"]
_ANY: Words = {**BARE, "nan": b"null"}
"""What ``missing="any"`` writes: null for NaN, as MLServer does, and which MLServer, KServe and
all clients read. Infinities are bare words, which Triton, KServe and tritonclient read; MLServer
has none. (Triton reads bare words only: ``missing="nan"``.)"""
_ID = b'{"id":"'
_MULTIPLE = 64  # bytes: a cache line, and the alignment that DLPack asks for
Message = InferRequest | InferResponse


def protocol(name: str) -> OipRest:
    """Give ``oip/json``, or ``oip/binary``."""
    return OipRest(name)


class OipRest:
    """The body of an infer call; both forms are read, the name says which one is written.

    `InferTensor.binary` says it for one tensor.
    """

    request, response = InferRequest, InferResponse

    def __init__(self, name: str) -> None:
        self.name = name
        self._binary = name.endswith("/binary")
        self._templates, self._headers = Templates(_JSON), Headers()
        self._reading = _reading(None)
        self.media_type = "application/octet-stream" if self._binary else "application/json"

    def __repr__(self) -> str:
        """Return the call that gives it."""
        return f"get_protocol({self.name!r})"

    @property
    def family(self) -> Family:
        """The protocol of which this is a form."""
        from tensorwire.protocols.oip.family import FAMILY

        return FAMILY

    def encode(
        self, message: Message, *, lossy: bool = False, missing: Missing | None = None
    ) -> tuple[bytes, dict[str, str]]:
        """Write a message; see `MessageProtocol`."""
        how = STRICT if missing is None and not lossy else _writing(missing, lossy=lossy)
        one = None if lossy else write_one(message, self._templates.known)
        if one is not None:
            if self._goes_binary(message):
                return one, _headers_of(message, one)
            return one, _headers(0, binary=False)
        try:
            known = None if lossy else key_of(message)
            said = known is not None and (message.id or message.parameters)
            identity = identity_of(message) if said else b""
            known = known if identity is not None else None
            multiple = _MULTIPLE if known and self._goes_binary(message) else 1
            body = known and self._templates.write(*known, identity or b"", multiple)
        except (TypeError, AttributeError, ValueError):  # no message; said below
            known = body = None
        if body:
            return body, _headers_of(message, body) if multiple > 1 else _headers(0, binary=False)
        text, blobs = self._write(message, how, lossy=lossy)
        if known is not None and self._templates.learns(known[0]):
            self._learn(known[0], message)
        body = assemble([text] + [b""] * len(blobs), blobs) if blobs else text
        return body, _headers(len(text), binary=bool(blobs))

    def _learn(self, key: Any, message: Message) -> None:
        tree, blobs = to_tree(message, binary=self._binary, lossy=False)
        tree.pop("id", None)
        tree.pop("parameters", None)
        arrays = [leaf for _, leaf in leaves(tree)]
        if arrays and blobs:
            self._templates.refuse(key)
            return
        arrays = arrays or blobs
        behind = [b""] * len(blobs)
        self._templates.learn(
            key,
            arrays,
            lambda: [*_JSON.frame(tree, [0] * len(arrays), _SCHEMA), *behind],
            b"{",
            _MULTIPLE if blobs else 1,
        )

    def _goes_binary(self, message: Message) -> bool:
        """Tell where the tensors of a message that is remembered go: they all go the same way."""
        tensors = message.inputs if isinstance(message, InferRequest) else message.outputs
        if not tensors:
            return False
        binary = tensors[0].binary
        return self._binary if binary is None else binary

    def encode_parts(
        self, message: Message, *, lossy: bool = False, missing: Missing | None = None
    ) -> tuple[list[bytes | memoryview], dict[str, str]]:
        """Write a message as buffers; see `MessageProtocol`."""
        how = STRICT if missing is None and not lossy else _writing(missing, lossy=lossy)
        text, blobs = self._write(message, how, lossy=lossy)
        return [text, *map(buffer_of, blobs)], _headers(len(text), binary=bool(blobs))

    def _write(self, message: Message, how: Writing, *, lossy: bool) -> tuple[bytes, list[Part]]:
        """Write the JSON, and give what goes behind it."""
        tree, blobs = to_tree(message, binary=self._binary, lossy=lossy, how=how)
        try:
            text = bodies.write(_JSON, tree, _SCHEMA)
        except EncodeError as error:
            if ".data" in error.path:
                error.suggest("use oip/binary, or pass missing='any'")
            raise
        if blobs:
            text = padded(text, _MULTIPLE)
        return text, [array_part(blob.data, blob.field) for blob in blobs]

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
        """Read a message; see `MessageProtocol`.

        Without headers, all of ``oip/json`` is JSON, and that of ``oip/binary`` ends where
        `json_size` says.
        """
        if align:
            message = self.decode(body, headers, type=type, limits=limits, missing=missing)
            bodies.align(tensors_of(message)[1])
            return message
        kind, bounds = class_of(type), checked_limits(limits)
        key = None
        if limits is None and self._binary and body.__class__ is bytes:
            length = length_in(headers)
            if length is not None:
                key = kind, len(body), length
                found = self._headers.view(body, key)
                if found is not None:
                    return found
        try:
            text, blobs = self._split(whole := as_body(body), headers)
            found = bodies.read(
                _JSON,
                text,
                _SCHEMA,
                lambda tree, _, how: from_tree(tree, kind, blobs, Rules(bounds, len(whole), how)),
                self._reading if missing is None else _reading(missing),
            )
        except CodecError as error:
            raise error.within("$") from None
        if key and blobs is not None and (not found.id or _begins_with_id(bytes(text))):
            known = maker(found)
            if known is not None:
                self._headers.learn(
                    key, body, *known, (_ID if found.id else b"", found.id.encode())
                )
        return found

    def peek(
        self,
        body: Any,
        headers: Mapping[str, str] | None = None,
        *,
        type: Any = None,  # noqa: A002
    ) -> Peek:
        """Tell what a message says of its tensors; see `MessageProtocol`."""
        kind = class_of(type)
        try:
            text, _ = self._split(as_body(body), headers)
            return bodies.read(
                _JSON, text, _SCHEMA, lambda tree, _, how: claims(tree, kind, how), self._reading
            )
        except CodecError as error:
            raise error.within("$") from None

    def _split(self, body: Body, headers: Mapping[str, str] | None) -> tuple[Body, Array | None]:
        """Give the JSON, and the bytes behind it where there are any."""
        length = json_length(body, headers, binary=self._binary)
        if length == len(body):
            return body, None
        return body[:length], np.frombuffer(body, np.uint8, offset=length)

    def encode_error(self, error: BaseException | str) -> tuple[bytes, dict[str, str]]:
        """Write the reply that says what was wrong."""
        tree = {"error": str(error).encode("utf-8", "replace").decode()}
        return bodies.write(_JSON, tree, _SCHEMA), {"Content-Type": "application/json"}


def _begins_with_id(text: bytes) -> bool:
    """Tell whether the id of a message stands first in its JSON, and can stand nowhere else."""
    return text.startswith(_ID) and text.count(b'"id"') == 1 and b"\\" not in text


def _reading(missing: Missing | None) -> Reading:
    """Return how values are read: null is NaN among floats and in a list of integers alone.

    What is no float by its datatype refuses it there.
    """
    return reading(missing, "any", text=True)._replace(also=frozenset({int}))


def _writing(missing: Missing | None, *, lossy: bool) -> Writing:
    return writing(missing, "error", _ANY, lossy=lossy)


def _headers_of(message: Message, body: bytes) -> dict[str, str]:
    """Return the headers of a message, all tensors of which are behind the JSON."""
    tensors = message.inputs if isinstance(message, InferRequest) else message.outputs
    behind = sum([tensor.value.nbytes for tensor in tensors])
    return _headers(len(body) - behind, binary=True)


def _headers(length: int, *, binary: bool) -> dict[str, str]:
    if not binary:
        return {"Content-Type": "application/json"}
    return {"Content-Type": "application/octet-stream", LENGTH: str(length)}
