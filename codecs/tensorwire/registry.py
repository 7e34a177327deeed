"""Codecs by name: the twelve built in, those registered, and those of installed plug-ins."""

from __future__ import annotations

from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol, cast, runtime_checkable

from tensorwire.containers import CONTAINERS
from tensorwire.errors import (
    DecodeError,
    EncodeError,
    UnknownCodecError,
    shown,
    unknown,
)
from tensorwire.kinds import KINDS
from tensorwire.protocols import get_protocol
from tensorwire.protocols.seldon.codec import Codec, built_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.metadata import EntryPoints

    from tensorwire.limits import Limits
    from tensorwire.missing import Missing
    from tensorwire.protocols.seldon.messages import Message
    from tensorwire.protocols.seldon.protocol import SeldonProtocol

__all__ = ["CodecLike", "codec_names", "dumps", "get_codec", "loads", "register_codec"]

GROUP = "tensorwire.codecs"
_BUILT_IN = tuple(f"{c}/{k}" for c in CONTAINERS for k in KINDS)
_registered: dict[str, CodecLike] = {}
_lock = Lock()


@runtime_checkable
class CodecLike(Protocol):
    """What a plug-in has to offer."""

    name: str
    media_type: str

    @property
    def encode(self) -> Callable[..., bytes]:
        """Turn a value into bytes; raise `EncodeError` for what cannot be carried."""

    @property
    def decode(self) -> Callable[..., Any]:
        """Turn any buffer into a value; raise `DecodeError` for what is malformed."""


def get_codec(name: str) -> Codec:
    """Get a codec by name, as in ``get_codec("protobuf/tftensor")``.

    Raises
    ------
    UnknownCodecError
        there is none of that name; a `LookupError` that lists the names.
    """
    if not isinstance(name, str):
        raise UnknownCodecError(unknown("the name of a codec", name, codec_names()))
    if name in _BUILT_IN:
        return built_in(name)
    codec = _registered.get(name) or _plugin(name)
    if codec is None:
        raise UnknownCodecError(unknown("the name of a codec", name, codec_names()))
    return cast("Codec", codec)  # a plug-in may offer less: what `CodecLike` says


def _entry_points() -> EntryPoints:
    from importlib.metadata import entry_points  # milliseconds that few programs need

    return entry_points(group=GROUP)


def _plugin(name: str) -> CodecLike | None:
    for entry in _entry_points():
        if entry.name != name:
            continue
        loaded = entry.load()
        codec = _check(loaded() if isinstance(loaded, type) else loaded, name)
        return _registered.setdefault(name, codec)
    return None


def register_codec(codec: CodecLike) -> None:
    """Make a codec known by its name to `get_codec` and to the benchmark.

    Raises
    ------
    EncodeError
        the name is taken, or the codec lacks name, media_type, encode or decode; a `ValueError`.
    """
    _check(codec, getattr(codec, "name", ""))
    with _lock:
        if codec.name in codec_names():
            raise EncodeError(f"expected a name that is free, got {codec.name!r}, a codec's")
        _registered[codec.name] = codec


def codec_names() -> tuple[str, ...]:
    """List the names that `get_codec` knows: built in, registered, and of installed plug-ins."""
    plugins = (entry.name for entry in _entry_points())
    return tuple(dict.fromkeys([*_BUILT_IN, *_registered, *plugins]))


def _check(codec: Any, name: Any) -> CodecLike:
    named = isinstance(name, str) and "/" in name
    if not named or not isinstance(codec, CodecLike) or codec.name != name:
        wanted = "a name such as 'container/kind', a media_type, encode and decode"
        raise EncodeError(f"expected a codec with {wanted}, got {shown(codec)}")
    return codec


def loads(
    body: Any,
    media_type: str = "application/json",
    *,
    limits: Limits | None = None,
    align: bool = False,
    missing: Missing | None = None,
) -> Message:
    """Read a SeldonMessage of any kind: value, kind, names, meta and status.

    What ``get_protocol("seldon/json")``, or the protocol of another container, does for a message.

    Parameters
    ----------
    body
        any contiguous buffer.
    media_type
        says which container; parameters such as a charset are ignored.
    limits
        what the payload may claim; `Limits()` where None.
    align
        return an array whose address suits its dtype, copied where the payload's does not.
    missing
        what stands for NaN in text; ``any``, null and bare words, where None. See `Codec.decode`.

    Raises
    ------
    DecodeError
        the bytes are no message, or the media type is not known.
    """
    protocol = _protocol(media_type) if media_type.__class__ is str else None
    if protocol is None:
        raise DecodeError(_unknown(media_type))
    message: Message = protocol.decode(body, None, limits=limits, align=align, missing=missing)
    return message


def dumps(
    message: Message,
    media_type: str = "application/json",
    *,
    lossy: bool = False,
    missing: Missing | None = None,
) -> bytes:
    """Write a SeldonMessage in its own kind.

    What ``get_protocol("seldon/json")``, or the protocol of another container, does for a message.

    Parameters
    ----------
    message
        what to write.
    media_type
        says which container.
    lossy, missing
        as `Codec.encode` takes them.

    Raises
    ------
    EncodeError
        the kind cannot carry the value.
    UnknownCodecError
        the kind or the media type is not known.
    """
    protocol = _protocol(media_type) if media_type.__class__ is str else None
    if protocol is None:
        raise UnknownCodecError(_unknown(media_type))
    return protocol.write(message, lossy=lossy, missing=missing)


@lru_cache(maxsize=64)
def _protocol(media_type: str) -> SeldonProtocol | None:
    """Return Seldon's protocol in the container of a media type, None where there is none."""
    wanted = essence(media_type)
    for container in CONTAINERS.values():
        if wanted in container.media_types:
            return cast("SeldonProtocol", get_protocol(f"seldon/{container.name}"))
    return None


def _unknown(media_type: Any) -> str:
    known = [container.media_types[0] for container in CONTAINERS.values()]
    return unknown("a media type", media_type, known)


def essence(media_type: Any) -> str:
    """Return a media type without its parameters; empty for what is not text."""
    if not isinstance(media_type, str):
        return ""
    return media_type.partition(";")[0].strip().lower()
