"""Whole messages to and from bytes, in any codec or protocol by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tensorwire as tw
from tensorwire.cli.routes import check_packages
from tensorwire.limits import DEFAULT_LIMITS, Limits
from tensorwire.transcoding import find_form

if TYPE_CHECKING:
    from argparse import Namespace

    from tensorwire.cli.detect import Format
    from tensorwire.missing import Missing
    from tensorwire.tree import Array

__all__ = ["decode", "limits_of", "metadata", "request"]

# TensorFlow Serving's REST leaves a single tensor unnamed; its gRPC cannot.
_NAMES = {"oip": "input-0", "tfserving/json": "", "tfserving/protobuf": "inputs"}


def limits_of(options: Namespace) -> Limits | None:
    """Give the limits that were asked for; a plug-in need not know of limits."""
    limits = Limits(options.max_elements, options.max_bytes, options.max_rank)
    return None if limits == DEFAULT_LIMITS else limits


def decode(
    body: bytes, found: Format, limits: Limits | None = None, missing: Missing | None = None
) -> Any:
    """Read a message: of a protocol its own class, else what the codec gives.

    Raises
    ------
    DecodeError
        the bytes are no such message.
    UnknownCodecError
        there is no format of that name.
    UsageError
        the format needs a package that is not installed.
    """
    find_form(found.name)
    check_packages(found.name)
    if found.name in tw.protocol_names():
        protocol = tw.get_protocol(found.name)
        of_seldon = {"MessageList": tw.seldon.MessageList, "Feedback": tw.seldon.Feedback}
        usual = protocol.response if found.reply else protocol.request
        kind = of_seldon.get(found.message, usual)
        return protocol.decode(body, type=kind, limits=limits, missing=missing)
    codec: Any = tw.get_codec(found.name)
    if not isinstance(codec, tw.Codec):
        return codec.decode(body) if limits is None else codec.decode(body, limits=limits)
    message = tw.loads(body, codec.media_type, limits=limits, missing=missing)
    if message.kind != codec.kind.name:
        codec.decode(body, limits=limits)  # says which kind there is
    return message


def metadata(body: bytes, found: Format) -> dict[str, Any]:
    """Return what a file of another format says beside its arrays; most say nothing."""
    if found.name in tw.protocol_names():
        return {}
    told = getattr(tw.get_codec(found.name), "metadata", None)
    beside: dict[str, Any] = told(body) if callable(told) else {}
    return beside


def request(name: str, array: Array, options: Namespace) -> tuple[bytes, dict[str, str]]:
    """Write an array as a request: the body, and the headers of HTTP.

    Raises
    ------
    EncodeError
        the format cannot carry the array.
    UnknownCodecError
        there is no format of that name.
    """
    find_form(name)
    if name in tw.protocol_names():
        message = _message(name, array, options)
        return tw.get_protocol(name).encode(message, lossy=options.lossy, missing=options.missing)
    codec = tw.get_codec(name)
    # A plug-in takes an array; more only if it says so.
    more: dict[str, Any] = {
        "names": options.names,
        "lossy": options.lossy,
        "missing": options.missing,
    }
    body = codec.encode(array, **{key: value for key, value in more.items() if value})
    return body, {"Content-Type": codec.media_type}


def _message(name: str, array: Array, options: Namespace) -> Any:
    protocol = name.partition("/")[0]
    tensor = _NAMES.get(name, _NAMES.get(protocol, "")) if options.input is None else options.input
    if protocol == "oip":
        inputs = [tw.oip.InferTensor(tensor, array)]
        return tw.oip.InferRequest(inputs, model_name=options.model)
    if protocol == "tfserving":
        return tw.tfserving.PredictRequest({tensor: array}, model_name=options.model)
    return tw.Message(array, names=options.names)
