"""Codecs by name: the twelve built in, those registered, and those of installed plug-ins."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol, cast, runtime_checkable

from tensorwire.containers import CONTAINERS
from tensorwire.errors import (
    CodecError,
    DecodeError,
    EncodeError,
    UnknownCodecError,
    shown,
    unknown,
)
from tensorwire.kinds import KINDS
from tensorwire.protocols import get_protocol, protocol_names
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
_known: dict[str, SeldonProtocol] = {}  # by media type, as it was passed
_MOST = 64  # media types that are cached, those with parameters among them


@runtime_checkable
class CodecLike(Protocol):
    """The interface of a codec, which a plug-in implements.

    Attributes
    ----------
    name : str
        A container and a kind, or any two words: ``zlib/tftensor``.
    media_type : str
        The media type of the bytes.

    Examples
    --------
    >>> import tensorwire as tw
    >>> isinstance(tw.get_codec("json/ndarray"), tw.CodecLike)
    True
    """

    name: str
    media_type: str

    @property
    def encode(self) -> Callable[..., bytes]:
        """Turn a value into bytes; raise `EncodeError` for what it cannot represent."""

    @property
    def decode(self) -> Callable[..., Any]:
        """Turn any buffer into a value; raise `DecodeError` for malformed bytes."""


def get_codec(name: str) -> Codec:
    """Return a codec by name.

    Parameters
    ----------
    name : str
        A container and a kind, as in ``protobuf/tftensor``; or the name of a codec that was
        registered, or that an installed package offers.

    Returns
    -------
    Codec
        The same object at each call. A plug-in may have fewer members, see `CodecLike`.

    Raises
    ------
    UnknownCodecError
        No codec has that name; a `LookupError` that lists the names.

    Examples
    --------
    >>> import tensorwire as tw
    >>> codec = tw.get_codec("json/ndarray")
    >>> codec.encode([[1.5, 2.5]])
    b'{"data":{"ndarray":[[1.5,2.5]]}}'
    """
    if not isinstance(name, str):
        raise UnknownCodecError(unknown("the name of a codec", name, codec_names()))
    if name in _BUILT_IN:
        return built_in(name)
    codec = _registered.get(name) or _plugin(name)
    if codec is None:
        if name in protocol_names():
            reason = f"expected the name of a codec, got the protocol {name!r}"
            raise UnknownCodecError(reason, "", f"use get_protocol({name!r})")
        raise UnknownCodecError(unknown("the name of a codec", name, codec_names()))
    return cast("Codec", codec)  # a plug-in may have the members of `CodecLike` only


def _entry_points() -> EntryPoints:
    from importlib.metadata import entry_points  # takes milliseconds: imported on first use

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

    Parameters
    ----------
    codec : CodecLike
        The codec; a package offers it by an entry point in the group ``tensorwire.codecs`` instead.

    Raises
    ------
    EncodeError
        Another codec has the name, or name, media_type, encode or decode is missing; a
        `ValueError`.

    Examples
    --------
    >>> import tensorwire as tw
    >>> class Reversed:
    ...     name = "reversed/raw"
    ...     media_type = "application/octet-stream"
    ...
    ...     def encode(self, value):
    ...         return bytes(value)[::-1]
    ...
    ...     def decode(self, body):
    ...         return bytes(body)[::-1]
    >>> tw.register_codec(Reversed())
    >>> tw.get_codec("reversed/raw").decode(b"abc")
    b'cba'
    """
    _check(codec, getattr(codec, "name", ""))
    with _lock:
        if codec.name in codec_names():
            raise EncodeError(f"expected an unused name, got {codec.name!r} of another codec")
        _registered[codec.name] = codec


def codec_names() -> tuple[str, ...]:
    """Return the names that `get_codec` knows: built in, registered, and of installed plug-ins.

    Returns
    -------
    tuple of str
        The twelve built in first.

    Examples
    --------
    >>> import tensorwire as tw
    >>> tw.codec_names()[:4]
    ('json/ndarray', 'json/tensor', 'json/tftensor', 'json/raw')
    """
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

    The same as ``get_protocol("seldon/json").decode``, or that of another container, for a message.

    Parameters
    ----------
    body : bytes-like
        Any contiguous buffer.
    media_type : str, default "application/json"
        The media type of the container; parameters such as a charset are ignored.
    limits : Limits, optional
        Bounds on the array; ``Limits()`` where None.
    align : bool, default False
        Return an array whose address suits its dtype, copied where that of the payload does not.
    missing : {"error", "null", "nan", "any"}, optional
        The words for NaN that text may contain; ``any`` where None. See `Codec.decode`.

    Returns
    -------
    Message
        The message; its array is a read-only view of `body` where the format allows it.

    Raises
    ------
    DecodeError
        The bytes are not a SeldonMessage, or the media type is not known.

    Examples
    --------
    >>> import tensorwire as tw
    >>> message = tw.loads(b'{"data":{"names":["a"],"ndarray":[[1],[2]]}}')
    >>> message.kind, message.names, message.value.tolist()
    ('ndarray', ['a'], [[1], [2]])
    """
    protocol = _known.get(media_type) if type(media_type) is str else None
    if protocol is None:  # another name of it, or none
        protocol = _protocol(media_type, DecodeError)
    message: Message = protocol.read(body, None, limits, missing, align)
    return message


def dumps(
    message: Message,
    media_type: str = "application/json",
    *,
    lossy: bool = False,
    missing: Missing | None = None,
) -> bytes:
    """Write a SeldonMessage in its own kind.

    The same as ``get_protocol("seldon/json").encode``, or that of another container, for a message.

    Parameters
    ----------
    message : Message
        The message to write.
    media_type : str, default "application/json"
        The media type of the container.
    lossy : bool, default False
        Accept that values which the kind cannot represent are rounded, or come back changed.
    missing : {"error", "null", "nan", "any"}, optional
        The words of NaN and infinities in text; ``error`` where None. See `Codec.encode`.

    Returns
    -------
    bytes
        The body.

    Raises
    ------
    EncodeError
        The kind cannot represent the value.
    UnknownCodecError
        The kind or the media type is not known.

    Examples
    --------
    >>> import tensorwire as tw
    >>> tw.dumps(tw.Message([[1, 2]], "ndarray", names=["a", "b"]))
    b'{"data":{"names":["a","b"],"ndarray":[[1,2]]}}'
    """
    protocol = _known.get(media_type) if type(media_type) is str else None
    if protocol is None:  # another name of it, or none
        protocol = _protocol(media_type, UnknownCodecError)
    return protocol.write(message, lossy, missing)


def _protocol(media_type: Any, error: type[CodecError]) -> SeldonProtocol:
    """Return Seldon's protocol in the container of a media type; raise `error` for another one."""
    name = essence(media_type)
    for container in CONTAINERS.values():
        if name in container.media_types:
            protocol = cast("SeldonProtocol", get_protocol(f"seldon/{container.name}"))
            if type(media_type) is str and len(_known) < _MOST:
                _known[media_type] = protocol
            return protocol
    raise error(_unknown(media_type))


def _unknown(media_type: Any) -> str:
    known = [container.media_types[0] for container in CONTAINERS.values()]
    return unknown("a media type", media_type, known)


def essence(media_type: Any) -> str:
    """Return a media type without its parameters; empty for a value that is not a str."""
    if not isinstance(media_type, str):
        return ""
    return media_type.partition(";")[0].strip().lower()
