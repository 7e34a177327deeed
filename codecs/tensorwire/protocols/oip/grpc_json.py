"""The Open Inference Protocol's gRPC messages in protobuf's JSON, the input of grpcurl and ghz.

It differs from the JSON of REST: members are named as in the .proto files, with or without
underscores (``modelName``, ``raw_input_contents``), 64-bit integers are text, bytes are base64, and
parameters have a type (``{"k": {"int64Param": "1"}}``). Protobuf's runtime reads it; values that
the runtime would change without an error (invalid base64, integers that a float rounds) are refused
first.
Source: https://protobuf.dev/programming-guides/json/
"""

from __future__ import annotations

import json
import re
from math import isfinite
from typing import TYPE_CHECKING, Any

import pybase64

from tensorwire import guess, lists
from tensorwire.containers import CONTAINERS
from tensorwire.containers.protobuf.schema import message_class
from tensorwire.errors import CodecError, DecodeError, EncodeError, shown
from tensorwire.missing import FINITE, STRICT, writing
from tensorwire.protocols import bodies
from tensorwire.protocols.oip.grpc import OipGrpc, name_of, to_tree
from tensorwire.protocols.oip.messages import InferRequest, InferResponse, class_of
from tensorwire.tree import ArrayPlaces, text_to_bytes
from tensorwire.wire.buffers import as_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tensorwire.limits import Limits
    from tensorwire.missing import Missing
    from tensorwire.protocols.family import Family
    from tensorwire.protocols.neutral import Peek
    from tensorwire.tree import Tree

__all__ = ["protocol"]

_JSON = CONTAINERS["json"]
_HEADERS = {"Content-Type": "application/json"}
_SCHEMA = ArrayPlaces({})
_BYTES = ("bytesContents", "bytes_contents")
_RAW = ("rawInputContents", "raw_input_contents", "rawOutputContents", "raw_output_contents")
_FLOATS = ("fp32Contents", "fp32_contents", "fp64Contents", "fp64_contents")
_WHERE = re.compile(r" at \w+((?:\.\w+|\[\d+\])*)\.*\s*$")
_FIELDS = re.compile(r"(Failed to (load JSON|parse \w+ field|parse JSON): )+")


def protocol(name: str) -> OipGrpcJson:
    """Return ``oip/protobuf-json``."""
    return OipGrpcJson(name)


class OipGrpcJson:
    """The text of a ModelInfer call.

    Typed contents are written, and raw contents where a tensor has a datatype that needs them.
    """

    media_type = _HEADERS["Content-Type"]
    request, response = InferRequest, InferResponse

    def __init__(self, name: str) -> None:
        self.name = name
        self._grpc = OipGrpc("oip/protobuf")

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
        """Write a message; see `MessageProtocol`. NaN and infinities are words in quotes."""
        options = STRICT if missing is None else writing(missing, "error", FINITE)
        try:
            tree = to_tree(message, typed=True, lossy=lossy, options=options)
        except EncodeError:  # the datatype has no typed contents, or the message is invalid
            tree = to_tree(message, typed=False, lossy=lossy, options=options)
        return bodies.write(_JSON, _as_text(tree), _SCHEMA), dict(_HEADERS)

    def encode_parts(
        self,
        message: InferRequest | InferResponse,
        *,
        lossy: bool = False,
        missing: Missing | None = None,
    ) -> tuple[list[bytes | memoryview], dict[str, str]]:
        """Write a message as one buffer; see `MessageProtocol`."""
        body, headers = self.encode(message, lossy=lossy, missing=missing)
        return [body], headers

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
        kind = class_of(type)
        binary = _to_protobuf(body, kind)
        return self._grpc.decode(
            binary, headers, type=kind, limits=limits, align=align, missing=missing
        )

    def peek(
        self,
        body: Any,
        headers: Mapping[str, str] | None = None,
        *,
        type: Any = None,  # noqa: A002
    ) -> Peek:
        """Describe the tensors of a message; see `MessageProtocol`."""
        kind = class_of(type)
        return self._grpc.peek(_to_protobuf(body, kind), headers, type=kind)

    def encode_error(self, error: BaseException | str) -> tuple[bytes, dict[str, str]]:
        """Return the status of a gRPC call as its trailers: an error has no body."""
        return self._grpc.encode_error(error)


def _as_text(tree: Tree) -> Tree:
    """Replace 64-bit integers by text, and NaN and infinities by words in quotes."""
    for member in ("inputs", "outputs"):
        for node in tree.get(member, []):
            if "shape" in node:
                node["shape"] = list(map(str, node["shape"]))
            _parameters_as_text(node)
    _parameters_as_text(tree)
    return tree


def _parameters_as_text(node: Tree) -> None:
    for choice in node.get("parameters", {}).values():
        ((name, value),) = choice.items()
        if name in ("int64Param", "uint64Param"):
            choice[name] = str(value)
        elif name == "doubleParam" and not isfinite(value):
            choice[name] = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]


def _to_protobuf(body: Any, kind: type[InferRequest | InferResponse]) -> bytes:
    """Return the bytes of the message that the text of a body represents."""
    from google.protobuf import json_format  # takes milliseconds: imported on first use

    message = message_class(name_of(kind))()
    try:
        tree = _loads(as_bytes(body))
        _prepare(tree)
        json_format.ParseDict(tree, message)
    except CodecError as error:
        raise error.within("$") from None
    except (json_format.Error, ValueError, TypeError, AttributeError) as error:
        raise _explained(str(error)) from None
    except RecursionError:
        raise DecodeError("expected fewer nested lists and objects, got more", "$") from None
    binary: bytes = message.SerializeToString()
    return binary


def _explained(text: str) -> DecodeError:
    """Return the error of protobuf's runtime, with its path in the form of `CodecError`."""
    where = _WHERE.search(text)
    reason = _FIELDS.sub("", text[: where.start()] if where else text).strip().rstrip(".")
    return DecodeError(
        f"expected fields of the message, got others: {reason[:200]}",
        "$" + (where[1] if where else ""),
    )


def _loads(body: bytes) -> Tree:
    """Read JSON as protobuf's runtime does: a member twice is an error, integers are exact."""
    try:
        tree = json.loads(body.decode(), object_pairs_hook=_unique, parse_constant=_no_number)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DecodeError(
            f"expected JSON, got other text: {error}", "", guess.of_bytes(body, "JSON")
        ) from None
    if not isinstance(tree, dict):
        raise DecodeError(f"expected a JSON object, got {shown(tree)}")
    return tree


def _unique(pairs: list[tuple[str, Any]]) -> Tree:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise DecodeError(f"expected each member once, got {shown(twice)} twice")
    return members


def _no_number(word: str) -> Any:
    raise DecodeError(f"expected a number, got the bare word {word}", "", "put it in quotes")


def _prepare(tree: Tree) -> None:
    """Raise `DecodeError` for values that protobuf's runtime would change without an error."""
    for name in _RAW:
        _to_plain_base64(tree.get(name), f".{name}")
    for path, contents in _contents(tree):
        for name in _BYTES:
            _to_plain_base64(contents.get(name), f"{path}.{name}")
        for name in _FLOATS:
            for i, number in enumerate(_listed(contents.get(name))):
                if type(number) is int and lists.rounds(number):
                    reason = f"expected integers that float64 holds, got {shown(number)}"
                    raise DecodeError(reason, f"{path}.{name}[{i}]")


def _contents(tree: Tree) -> Iterator[tuple[str, Tree]]:
    for member in ("inputs", "outputs"):
        for i, node in enumerate(_listed(tree.get(member))):
            contents = node.get("contents") if isinstance(node, dict) else None
            if isinstance(contents, dict):
                yield f".{member}[{i}].contents", contents


def _listed(node: Any) -> list[Any]:
    return node if isinstance(node, list) else []


def _to_plain_base64(node: Any, path: str) -> None:
    """Replace variants of base64 by the standard one; raise `DecodeError` for other text."""
    for i, text in enumerate(_listed(node)):
        if not isinstance(text, str):
            continue  # the runtime raises for it
        try:
            node[i] = pybase64.b64encode_as_string(text_to_bytes(text))
        except CodecError:
            reason = f"expected base64, got {shown(text)}"
            raise DecodeError(reason, f"{path}[{i}]") from None
