"""TensorFlow Serving over REST: named arrays as JSON, by rows or each as a whole.

Source: https://www.tensorflow.org/tfx/serving/api_rest
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from tensorwire.errors import DecodeError, EncodeError, excerpt, shown
from tensorwire.limits import checked_limits
from tensorwire.missing import BARE, reading, writing
from tensorwire.protocols import bodies, fields
from tensorwire.protocols.tfserving.messages import (
    PredictRequest,
    PredictResponse,
    aligned_message,
    tensors_of,
)
from tensorwire.protocols.tfserving.rest_read import SMALL, find, small_message
from tensorwire.protocols.tfserving.rest_text import RowsJSON
from tensorwire.protocols.tfserving.rest_write import small_body, write
from tensorwire.tree import ARRAY, ArrayPlaces
from tensorwire.wire.buffers import as_bytes, assemble, buffer_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tensorwire.limits import Limits
    from tensorwire.missing import Missing, Reading, Writing
    from tensorwire.protocols.family import Family
    from tensorwire.protocols.neutral import Peek
    from tensorwire.protocols.tfserving.rest_read import Found
    from tensorwire.tree import Tree
    from tensorwire.wire.buffers import Part

__all__ = ["protocol"]

_JSON = RowsJSON()
_KEYS = {PredictRequest: ("instances", "inputs"), PredictResponse: ("predictions", "outputs")}
_LONG = {ARRAY: True, "b64": {ARRAY: True}}  # an array, or the base64 of one string
_PLACES = {key: {"*": _LONG, **_LONG} for _, key in _KEYS.values()} | {
    key: _LONG for key, _ in _KEYS.values()
}
_SCHEMA = ArrayPlaces(_PLACES)
_READING = reading(None, "nan", text=True)
_WRITING = writing(None, "nan", BARE)


def protocol(name: str) -> ServingRest:
    """Return ``tfserving/json``."""
    return ServingRest(name)


class ServingRest:
    """The JSON of a Predict call. The path of its URL, with the model, is `PredictRequest.path`."""

    media_type = "application/json"
    request, response = PredictRequest, PredictResponse

    def __init__(self, name: str) -> None:
        self.name = name

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
        options = _WRITING if missing is None and not lossy else _writing(missing, lossy=lossy)
        body = small_body(message)  # finite numbers do not depend on the options
        if body is None:
            body = assemble(*_pieces(message, options, lossy=lossy))
        return body, {"Content-Type": "application/json"}

    def encode_parts(
        self,
        message: PredictRequest | PredictResponse,
        *,
        lossy: bool = False,
        missing: Missing | None = None,
    ) -> tuple[list[bytes | memoryview], dict[str, str]]:
        """Write a message as buffers; see `MessageProtocol`."""
        options = _writing(missing, lossy=lossy)
        first, *pieces = (parted := _pieces(message, options, lossy=lossy))[0]
        buffers: list[bytes | memoryview] = [first]
        for part, piece in zip(parted[1], pieces, strict=True):
            buffers += [buffer_of(part), piece]
        return buffers, {"Content-Type": self.media_type}

    def decode(  # noqa: PLR0913
        self,
        body: Any,
        headers: Mapping[str, str] | None = None,
        *,
        type: Any = None,  # noqa: A002 - the word that every decoder uses
        limits: Limits | None = None,
        align: bool = False,
        missing: Missing | None = None,
        signature: Mapping[str, Any] | None = None,
    ) -> Any:
        """Read a message; see `MessageProtocol`.

        Parameters
        ----------
        signature
            the dtypes of the model's inputs (of its outputs, for a reply) by name, as numpy or
            TensorFlow names them. It names an array that has no name, other names are refused,
            and so are values that the dtype does not have.
        """
        del headers
        kind = PredictRequest if type is None else _class(type)
        if body.__class__ is not bytes:
            body = as_bytes(body)
        if len(body) <= SMALL and limits is None and missing is None and signature is None:
            message = small_message(body, kind, _KEYS[kind])  # its array is aligned
            if message is not None:
                return message
        message = _read(body, kind, checked_limits(limits), missing, signature)
        return aligned_message(message) if align else message

    def peek(
        self,
        body: Any,
        headers: Mapping[str, str] | None = None,
        *,
        type: Any = None,  # noqa: A002
    ) -> Peek:
        """Infer names, dtypes and shapes of the arrays; see `MessageProtocol`."""
        del headers
        kind = _class(type)
        found: Peek = bodies.read(
            _JSON,
            as_bytes(body),
            _SCHEMA,
            lambda tree, *_: _find(tree, kind).peek(),
            _READING,
        )
        return found

    def encode_error(self, error: BaseException | str) -> tuple[bytes, dict[str, str]]:
        """Write an error as a reply: ``{"error": text}``."""
        text = str(error).encode("utf-8", "replace").decode()
        return orjson.dumps({"error": text}), {"Content-Type": self.media_type}


def _writing(missing: Missing | None, *, lossy: bool) -> Writing:
    return writing(missing, "nan", BARE, lossy=lossy)


def _read(
    body: bytes,
    kind: Any,
    limits: Limits,
    missing: Missing | None,
    signature: Mapping[str, Any] | None,
) -> Any:
    """Read a message of any size and form."""

    def build(tree: Tree, size: int, options: Reading) -> Any:
        found = _find(tree, kind)
        message = kind(found.read(limits, size, options, signature), rows=found.rows)
        if kind is PredictRequest:
            message.signature_name = fields.member(tree, "signature_name")
        return message

    options = _READING if missing is None else reading(missing, "nan", text=True)
    if signature is not None:  # its dtypes decide on rounding
        options = options._replace(exact=False)
    return bodies.read(_JSON, body, _SCHEMA, build, options)


def _class(kind: Any) -> Any:
    if kind is None:
        return PredictRequest
    if kind is PredictRequest or kind is PredictResponse:
        return kind
    wanted = "PredictRequest or PredictResponse"
    raise DecodeError(f"expected {wanted} for type=, got {shown(kind)}")


def _find(tree: Tree, kind: Any) -> Found:
    if kind is PredictResponse and "error" in tree:
        said = tree["error"]
        text = said[:1000] if type(said) is str else excerpt(said, 1000)
        raise DecodeError(f"expected a response, got the error of the server: {text}", "$.error")
    return find(tree, *_KEYS[kind])


def _pieces(
    message: PredictRequest | PredictResponse, options: Writing, *, lossy: bool
) -> tuple[list[bytes], list[Part]]:
    """Return the bytes around the arrays of a message, and the parts of the arrays."""
    member, tensors = tensors_of(message)
    pieces, parts = write(member, tensors, options, rows=message.rows, lossy=lossy)
    head = b"{"
    if isinstance(message, PredictRequest):
        if message.output_filter and not lossy:
            reason = "expected no output_filter, which REST cannot represent, got names"
            remedy = "use tfserving/protobuf, or pass lossy=True to drop them"
            raise EncodeError(reason, "$.output_filter", remedy)
        if message.signature_name != "":
            name = fields.text(message.signature_name, "$.signature_name")
            head += b'"signature_name":' + orjson.dumps(name) + b","
    pieces[0] = head + pieces[0]
    pieces[-1] += b"}"
    return pieces, parts
