"""The Open Inference Protocol over REST: JSON, with binary data after it for some tensors.

A tensor has its values in `data`, or the parameter `binary_data_size`: then its elements are that
many bytes after the JSON. The bytes of all such tensors follow each other without gaps. ::

    {"inputs":[{"name":"x","shape":[2],"datatype":"FP32","parameters":{"binary_data_size":8}}]}
    (spaces up to a multiple of 64 bytes)
    00 00 80 3f 00 00 00 40

The header Inference-Header-Content-Length is the length of the JSON with its spaces. They align the
first tensor at a multiple of 64 bytes in a body that is read into aligned memory.
Source: https://github.com/kserve/open-inference-protocol, and the binary tensor data extension of
https://github.com/triton-inference-server/server
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire.containers import CONTAINERS
from tensorwire.errors import CodecError, EncodeError
from tensorwire.limits import checked_limits
from tensorwire.missing import BARE, STRICT, reading, writing
from tensorwire.protocols import bodies
from tensorwire.protocols.oip.length import ALL, DIGITS, LENGTH, json_length, json_size, length_in
from tensorwire.protocols.oip.messages import (
    InferRequest,
    InferResponse,
    class_of,
    remaker,
    small_array_key,
    tensors_of,
)
from tensorwire.protocols.oip.rest_json import (
    NotPlainError,
    finite_json,
    from_tree,
    peek_tree,
    read_plain,
    to_tree,
    write_plain,
)
from tensorwire.protocols.oip.tensor import Rules
from tensorwire.tree import ARRAY, ArrayPlaces
from tensorwire.wire.buffers import array_part, as_body, assemble, buffer_of
from tensorwire.wire.memo import SMALL_BYTES, Frame, FrameCache, ViewCache

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
_SCHEMA = ArrayPlaces(_PLACES)
_JSON = CONTAINERS["json"]
_ANY: Words = {**BARE, "nan": b"null"}
"""The words of ``missing="any"``: null for NaN, which MLServer writes, and which MLServer, KServe
and all clients read; bare words for infinities, which Triton, KServe and tritonclient read
(MLServer reads no infinities). Triton reads NaN as a bare word only: use ``missing="nan"``."""
_ID = b'{"id":"'
_MULTIPLE = 64  # bytes: a cache line, and the alignment that DLPack asks for
_SMALL = 6 << 10  # bytes of JSON that orjson reads at once
_NOT_PLAIN = (
    NotPlainError,
    struct.error,
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
    ArithmeticError,
)
Message = InferRequest | InferResponse


def protocol(name: str) -> OipRest:
    """Return ``oip/json``, or ``oip/binary``."""
    return OipRest(name)


class OipRest:
    """The body of an infer call: it reads both forms, and writes the form of its name.

    `InferTensor.binary` selects the form of a single tensor.
    """

    request, response = InferRequest, InferResponse

    def __init__(self, name: str) -> None:
        self.name = name
        self._binary = name.endswith("/binary")
        self._frames, self._views = FrameCache(), ViewCache()
        self._reading = _reading(None)
        self.media_type = "application/octet-stream" if self._binary else "application/json"

    def __repr__(self) -> str:
        """Return the call that returns this protocol."""
        return f"get_protocol({self.name!r})"

    @property
    def family(self) -> Family:
        """The protocol of this form."""
        from tensorwire.protocols.oip.family import FAMILY

        return FAMILY

    def encode(
        self, message: Message, *, lossy: bool = False, missing: Missing | None = None
    ) -> tuple[bytes, dict[str, str]]:
        """Write a message; see `MessageProtocol`."""
        options = STRICT if missing is None and not lossy else _writing(missing, lossy=lossy)
        try:
            known = None if lossy else small_array_key(message)
            frame = None if known is None else self._frames.known.get(known[0])
            if known is not None and frame is not None:
                first, write, last, _, _ = frame
                if write is None:
                    return first + known[1].tobytes(), _headers(len(first))
                text = write(known[1])
                if text is not None:
                    return first + text + last, {"Content-Type": "application/json"}
            if not lossy:
                return self._write_plain(message, known)
        except _NOT_PLAIN:  # `to_tree` writes the message, or raises the error
            pass
        text, parts = self._write(message, options, lossy=lossy)
        if not parts:
            return text, {"Content-Type": "application/json"}
        return assemble([text] + [b""] * len(parts), parts), _headers(len(text))

    def _write_plain(
        self, message: Message, known: tuple[Any, Array] | None
    ) -> tuple[bytes, dict[str, str]]:
        """Write a message of plain arrays, or raise an exception of `_NOT_PLAIN`."""
        text, arrays = write_plain(message, self._binary)
        if arrays:
            text = _padded(text)
        if known is not None and not self._frames.is_new(known[0]):
            self._frames.keep(known[0], self._frame(text, known[1], binary=bool(arrays)))
        if not arrays:
            return text, {"Content-Type": "application/json"}
        return b"".join([text, *map(_memory, arrays)]), _headers(len(text))

    @staticmethod
    def _frame(text: bytes, array: Array, *, binary: bool) -> Frame:
        """Return the frame of a message whose only array is the last member of its JSON."""
        if binary:
            return Frame(text, None, b"")
        last = b"}]}"
        data = finite_json(array) or b""
        return Frame(text[: -len(data + last)], finite_json, last)

    def encode_parts(
        self, message: Message, *, lossy: bool = False, missing: Missing | None = None
    ) -> tuple[list[bytes | memoryview], dict[str, str]]:
        """Write a message as buffers; see `MessageProtocol`."""
        options = STRICT if missing is None and not lossy else _writing(missing, lossy=lossy)
        text, parts = self._write(message, options, lossy=lossy)
        headers = _headers(len(text)) if parts else {"Content-Type": "application/json"}
        return [text, *map(buffer_of, parts)], headers

    def _write(
        self, message: Message, options: Writing, *, lossy: bool
    ) -> tuple[bytes, list[Part]]:
        """Write any message; return its JSON, and the binary data after it."""
        tree, blobs = to_tree(message, binary=self._binary, lossy=lossy, options=options)
        try:
            text = bodies.write(_JSON, tree, _SCHEMA)
        except EncodeError as error:
            if ".data" in error.path:
                error.suggest("use oip/binary, or pass missing='any'")
            raise
        if blobs:
            text = _padded(text)
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

        Without headers, a body of ``oip/json`` is JSON as a whole, and the JSON of ``oip/binary``
        ends where `json_size` finds its end.
        """
        if align:
            message = self.decode(body, headers, type=type, limits=limits, missing=missing)
            bodies.align(tensors_of(message)[1])
            return message
        kind = InferRequest if type is None else class_of(type)
        if limits is None and missing is None and body.__class__ is bytes:
            try:
                if headers is None and not self._binary and len(body) <= _SMALL:
                    return read_plain(body, len(body), kind)  # saves two calls
                found = self._decode_plain(body, headers, kind)
            except _NOT_PLAIN:  # `from_tree` reads the message, or raises the error
                found = None
            if found is not None:
                return found
        bounds = checked_limits(limits)
        try:
            text, blobs = self._split(whole := as_body(body), headers)
            return bodies.read(
                _JSON,
                text,
                _SCHEMA,
                lambda tree, _, options: from_tree(
                    tree, kind, blobs, Rules(bounds, len(whole), options)
                ),
                self._reading if missing is None else _reading(missing),
            )
        except CodecError as error:
            raise error.within("$") from None

    def _decode_plain(self, body: bytes, headers: Any, kind: Any) -> Any:
        """Read a message of plain arrays; None, or an exception of `_NOT_PLAIN`, for any other."""
        length = length_in(headers)
        if length is None:
            return None
        key = (kind, len(body), length)
        if self._binary:
            found = self._views.view(body, key)
            if found is not None:
                return found
        size = len(body)
        if length and length is not ALL:
            size = int(length) if DIGITS.fullmatch(length) else -1
        elif self._binary and not length:
            size = json_size(body)
        if not 0 <= size <= min(_SMALL, len(body)):
            return None
        found = read_plain(body, size, kind)
        if self._binary and size < len(body):
            self._remember(key, body, size, found)
        return found

    def _remember(self, key: Any, body: bytes, size: int, found: Message) -> None:
        """Cache the header of a message with all its tensors after the JSON.

        Not of the first one of a shape: in traffic of many shapes it would not come again.
        """
        tensors = found.inputs if isinstance(found, InferRequest) else found.outputs
        if self._views.is_new((key, tensors[0].value.shape)):
            return
        identity = found.id.encode()
        if identity and not _begins_with_id(body[:size]):
            return
        made = remaker(found)
        if made is not None:
            self._views.remember(key, body, *made, (_ID if identity else b"", identity))

    def peek(
        self,
        body: Any,
        headers: Mapping[str, str] | None = None,
        *,
        type: Any = None,  # noqa: A002
    ) -> Peek:
        """Describe the tensors of a message; see `MessageProtocol`."""
        kind = class_of(type)
        try:
            text, _ = self._split(as_body(body), headers)
            return bodies.read(
                _JSON,
                text,
                _SCHEMA,
                lambda tree, _, options: peek_tree(tree, kind, options),
                self._reading,
            )
        except CodecError as error:
            raise error.within("$") from None

    def _split(self, body: Body, headers: Mapping[str, str] | None) -> tuple[Body, Array | None]:
        """Return the JSON, and the bytes after it, None where there are none."""
        length = json_length(body, headers, binary=self._binary)
        if length == len(body):
            return body, None
        return body[:length], np.frombuffer(body, np.uint8, offset=length)

    def encode_error(self, error: BaseException | str) -> tuple[bytes, dict[str, str]]:
        """Write the reply with the text of an error."""
        tree = {"error": str(error).encode("utf-8", "replace").decode()}
        return bodies.write(_JSON, tree, _SCHEMA), {"Content-Type": "application/json"}


def _begins_with_id(text: bytes) -> bool:
    """Return whether the id is the first member of a JSON text, and occurs only there."""
    return text.startswith(_ID) and text.count(b'"id"') == 1 and b"\\" not in text


def _reading(missing: Missing | None) -> Reading:
    """Return the options of a reader: null is NaN among floats, and among integers.

    A tensor of an integer datatype then refuses NaN.
    """
    return reading(missing, "any", text=True)._replace(also=frozenset({int}))


def _writing(missing: Missing | None, *, lossy: bool) -> Writing:
    return writing(missing, "error", _ANY, lossy=lossy)


def _memory(array: Array) -> bytes | memoryview:
    """Return the memory of an array in C order; raise for a large one in another order."""
    if array.nbytes <= SMALL_BYTES:
        return array.tobytes()
    if not array.flags.c_contiguous:
        raise NotPlainError
    return array.data


def _padded(text: bytes) -> bytes:
    """Return JSON with spaces after it, up to a length that is a multiple of 64."""
    return text.ljust(-(-len(text) // _MULTIPLE) * _MULTIPLE)


def _headers(length: int) -> dict[str, str]:
    """Return the headers of a binary body with JSON of that length."""
    return {"Content-Type": "application/octet-stream", LENGTH: str(length)}
