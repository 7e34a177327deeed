"""From one codec or protocol to another, and what a message says of itself."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire.containers import CONTAINERS
from tensorwire.errors import DecodeError, EncodeError, UnknownCodecError, is_known, unknown
from tensorwire.protocols.neutral import Payload, refuse
from tensorwire.protocols.seldon.codec import Codec
from tensorwire.protocols.seldon.messages import Message
from tensorwire.protocols.table import get_protocol, protocol_names
from tensorwire.registry import codec_names, essence, get_codec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tensorwire.limits import Limits
    from tensorwire.missing import Missing
    from tensorwire.protocols.peeking import Peek
    from tensorwire.registry import CodecLike

__all__ = ["peek", "transcode"]

_MEDIA_TYPES = {
    "application/octet-stream": "binary",
    "application/grpc": "protobuf",
    "application/grpc+proto": "protobuf",
}
_MEDIA_TYPES |= {name: box.name for box in CONTAINERS.values() for name in box.media_types}


def peek(
    body: Any,
    media_type: str = "application/json",
    *,
    protocol: str = "seldon",
    headers: Mapping[str, str] | None = None,
    reply: bool = False,
) -> Peek:
    """Tell kind, dtype, shape, names and meta of a message, without a look at its arrays.

    Of protobuf, msgpack and binary bodies only the bytes around the arrays are read, so that the
    cost does not grow with the payload. JSON is looked through once, and so are nested lists in
    protobuf and msgpack, where each element says its own type: no array is made of them. Dtype and
    shape are those that `decode` gives, or None where only the values would tell; whether the
    values are an array at all, `decode` checks.

    Parameters
    ----------
    body
        any contiguous buffer.
    media_type
        says which container.
    protocol
        ``seldon``, ``oip`` or ``tfserving``.
    headers
        those of the body, where a part of it is binary.
    reply
        the body answers a request.

    Raises
    ------
    DecodeError
        the bytes are no message, or the media type is none of the protocol.
    """
    name = f"{protocol}/{_MEDIA_TYPES.get(essence(media_type), '')}"
    if name not in protocol_names():
        owners = tuple(dict.fromkeys(name.partition("/")[0] for name in protocol_names()))
        if not is_known(protocol, owners):
            raise DecodeError(unknown("a protocol for protocol=", protocol, owners))
        known = [
            media for media, box in _MEDIA_TYPES.items() if f"{protocol}/{box}" in protocol_names()
        ]
        raise DecodeError(unknown(f"a media type of {protocol}", media_type, known))
    found = get_protocol(name)
    return found.peek(body, headers, type=found.response if reply else None)


def transcode(  # noqa: PLR0913 - what decode takes, and what encode takes
    body: Any,
    source: str,
    target: str,
    *,
    headers: Mapping[str, str] | None = None,
    reply: bool = False,
    lossy: bool = False,
    limits: Limits | None = None,
    missing: Missing | None = None,
) -> bytes:
    """Turn the body of one codec or protocol into that of another.

    What is in the right bytes already is not decoded: the memory of an array is viewed in `body`,
    and copied once, into the result. The name, version and signature of a model are an address, not
    payload: they are kept where the target has a place for them. A single tensor may lose its name
    where the target has none, and is named ``input-0`` (``output-0``) where it needs one.

    Parameters
    ----------
    body
        any contiguous buffer.
    source, target
        names of codecs or protocols, as in ``json/ndarray`` or ``oip/protobuf``.
    headers
        those of `body`, where a part of it is binary; those of the result are the target's media
        type and, for ``oip/binary``, what `tensorwire.oip.json_size` says.
    reply
        the body answers a request.
    lossy
        drop what the target cannot say: column names, meta, status, parameters, and what a file of
        another format says beside its arrays.
    limits
        what the payload may claim; `Limits()` where None.
    missing
        how NaN is spelled in text, when reading and when writing; where None, as `source` and
        `target` have it by default. See `MessageProtocol`.

    Raises
    ------
    DecodeError
        `body` is not what `source` says.
    EncodeError
        the target cannot carry it without loss.
    UnknownCodecError
        there is no codec or protocol of such a name.
    """
    check_name(source)
    check_name(target)
    family, message = _decode(body, source, headers, limits, missing, reply=reply)
    return _encode(family, message, target, missing, reply=reply, lossy=lossy)


def check_name(name: str) -> None:
    """Raise `UnknownCodecError` for a name of no codec and no protocol.

    The entry points of installed packages, which take a millisecond to read, are asked only for a
    name that is neither built in nor registered.
    """
    if is_known(name, protocol_names()):
        return
    try:
        get_codec(name)
    except UnknownCodecError:
        known = [*codec_names(), *protocol_names()]
        reason = unknown("the name of a codec or protocol", name, known)
        raise UnknownCodecError(reason) from None


def _decode(  # noqa: PLR0913
    body: Any,
    source: str,
    headers: Mapping[str, str] | None,
    limits: Limits | None,
    missing: Missing | None,
    *,
    reply: bool,
) -> tuple[str, Any]:
    """Give the protocol of a body, and its message; of a plug-in's codec, "" and a payload."""
    if source in protocol_names():
        protocol = get_protocol(source)
        kind = protocol.response if reply else protocol.request
        message = protocol.decode(body, headers, type=kind, limits=limits, missing=missing)
        return source.partition("/")[0], message
    codec: Any = get_codec(source)
    if not isinstance(codec, Codec):
        return "", _read_plug_in(codec, body, {} if limits is None else {"limits": limits})
    message = get_protocol(f"seldon/{codec.container.name}").decode(
        body, limits=limits, missing=missing
    )
    if message.kind != codec.kind.name:
        codec.decode(body)  # raises an error that says so
    return "seldon", message


def _read_plug_in(codec: Any, body: Any, options: Mapping[str, Any]) -> Payload:
    """Read what a plug-in gives: arrays by name, or one; and what stands beside them."""
    value = codec.decode(body, **options)
    payload = Payload(dict(value) if isinstance(value, dict) else {"": value}, source=codec.name)
    if hasattr(codec, "metadata"):
        payload.metadata = codec.metadata(body)
        payload.extras[getattr(codec, "meta_path", "$.meta")] = payload.metadata
    return payload


def _payload(family: str, message: Any) -> Payload:
    found: Payload = _file(family).take(message) if family else message
    return found


def _turn(family: str, message: Any, target: str, kind: type, *, lossy: bool) -> Any:
    """Turn a message into one of a class of the target's protocol, if it is none yet."""
    file = _file(target.partition("/")[0])
    if type(message) is kind:
        fit = getattr(file, "fit", None)
        return message if fit is None else fit(message)
    made, lost = file.make(_payload(family, message), kind)
    refuse({} if lossy else lost, target)
    return made


def _file(family: str) -> Any:
    return import_module(f"tensorwire.protocols.{family}.convert")


def _encode(  # noqa: PLR0913
    family: str, message: Any, target: str, missing: Missing | None, *, reply: bool, lossy: bool
) -> bytes:
    if target in protocol_names():
        protocol = get_protocol(target)
        kind = protocol.response if reply else protocol.request
        message = _turn(family, message, target, kind, lossy=lossy)
        return protocol.encode(message, lossy=lossy, missing=missing)[0]
    codec: Any = get_codec(target)
    if isinstance(codec, Codec):
        name = f"seldon/{codec.container.name}"
        message = _turn(family, message, name, Message, lossy=lossy)
        if codec.kind.name == "raw" and not lossy:
            _check_bytes(message.value, codec)
        message = replace(message, kind=codec.kind.name)
        return get_protocol(name).encode(message, lossy=lossy, missing=missing)[0]
    payload = _payload(family, message)
    lost = payload.extras | payload.signature() | {"$.id": payload.id, "$.outputs": payload.outputs}
    more = {}
    if payload.source == target:
        lost, more = {}, {"meta": payload.metadata} if payload.metadata else {}
    refuse({} if lossy else lost, target)
    return _plug_in(codec, payload, more)


def _check_bytes(value: Any, codec: Codec) -> None:
    """Refuse to write an array as raw bytes, which would not say its dtype and shape."""
    if not isinstance(value, np.ndarray) or (value.dtype.kind == "S" and not value.ndim):
        return  # one string of bytes, or what the codec judges
    if value.dtype != np.uint8 or value.ndim != 1:
        reason = f"bytes do not say dtype {value.dtype} and shape {value.shape}"
        other = f"{codec.container.name}/tftensor can carry it"
        raise EncodeError(f"{reason}; {other}, and lossy=True writes its memory", codec.place)


def _plug_in(codec: CodecLike, payload: Payload, more: Mapping[str, Any]) -> bytes:
    """Write named arrays by their names if the codec has a place for names, else a single one."""
    arrays = payload.tensors
    if list(arrays) != [""]:
        try:
            return codec.encode(arrays, **more)
        except EncodeError:
            if len(arrays) != 1:
                raise
    return codec.encode(payload.single(), **more)
