"""Conversion from one codec or protocol to another, and description of a message."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, cast

from tensorwire.errors import DecodeError, EncodeError, UnknownCodecError, unknown
from tensorwire.protocols import (
    find_protocol,
    get_family,
    get_protocol,
    known_protocol,
    protocol_names,
)
from tensorwire.protocols.family import Family
from tensorwire.protocols.neutral import Neutral, refuse_loss
from tensorwire.registry import codec_names, essence, get_codec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tensorwire.limits import Limits
    from tensorwire.missing import Missing
    from tensorwire.protocols import MessageProtocol
    from tensorwire.protocols.neutral import Peek

__all__ = ["peek", "transcode"]

_GRPC = ("application/grpc", "application/grpc+proto")  # whose bodies are protobuf
_PROTOBUF = "application/x-protobuf"


def peek(
    body: Any,
    media_type: str = "application/json",
    *,
    protocol: str = "seldon",  # the protocol of `loads`
    headers: Mapping[str, str] | None = None,
    reply: bool = False,
) -> Peek:
    """Return kind, dtype, shape, names and meta of a message, without decoding its arrays.

    Of protobuf, msgpack and binary bodies only the bytes around the arrays are read, so that the
    cost does not grow with the payload. JSON is scanned once, and so are nested lists in protobuf
    and msgpack, where each element has its own type: no array is made of them. Dtype and shape are
    those that `decode` returns, or None where they depend on the values. The values are not
    checked: `decode` may still refuse them.

    Parameters
    ----------
    body : buffer
        Any contiguous buffer.
    media_type : str, default "application/json"
        The media type of `body`, which selects its container.
    protocol : str, default "seldon"
        ``seldon``, ``oip``, ``tfserving``, or the protocol of an installed package.
    headers : mapping of str to str, optional
        The HTTP headers of `body`, where a part of it is binary.
    reply : bool, default False
        Whether `body` answers a request.

    Returns
    -------
    Peek
        Name, dtype and shape of each array, and the other fields of the message.

    Raises
    ------
    DecodeError
        The bytes are not a message, or the protocol does not use the media type.

    Examples
    --------
    >>> import tensorwire as tw
    >>> found = tw.peek(b'{"data":{"names":["a","b"],"ndarray":[[1.5,2.5]]}}')
    >>> found.kind, found.dtype, found.shape, found.names
    ('ndarray', dtype('float64'), (1, 2), ['a', 'b'])
    """
    name: Any = protocol
    form_name = _form_of(name, essence(media_type)) if isinstance(name, str) else None
    if form_name is None:
        raise _unknown_form(protocol, media_type)
    form = get_protocol(form_name)
    return form.peek(body, headers, type=form.response if reply else None)


@lru_cache(256)
def _form_of(protocol: str, media_type: str) -> str | None:
    """Return the name of the form with a media type; None for an unknown one."""
    family = get_family(protocol)
    form = family and family.form_of(_PROTOBUF if media_type in _GRPC else media_type)
    return f"{protocol}/{form}" if form else None


def _unknown_form(protocol: Any, media_type: Any) -> DecodeError:
    """Return the error for an unknown protocol, or an unknown media type of a protocol."""
    family = get_family(protocol) if isinstance(protocol, str) else None
    if family is None:
        names = dict.fromkeys(name.partition("/")[0] for name in protocol_names())
        return DecodeError(unknown("a protocol for protocol=", protocol, names))
    known = [name for names in family.media_types.values() for name in names]
    return DecodeError(unknown(f"a media type of {protocol}", media_type, known))


def transcode(  # noqa: PLR0913 - the options of decode and of encode
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
    """Convert the body of one codec or protocol to that of another.

    The memory of an array is viewed in `body`, and copied once, into the result. The name, version
    and signature of a model are an address, not payload: they are kept where the target represents
    them, and dropped otherwise. A single tensor loses its name where the target has no names, and
    is named ``input-0`` (``output-0``) where the target requires one.

    Parameters
    ----------
    body : buffer
        Any contiguous buffer.
    source, target : str
        Names of codecs or protocols, as in ``json/ndarray`` or ``oip/protobuf``.
    headers : mapping of str to str, optional
        The HTTP headers of `body`, where a part of it is binary. Those of the result are the
        target's media type and, for ``oip/binary``, `tensorwire.oip.json_size` of it.
    reply : bool, default False
        Whether `body` answers a request.
    lossy : bool, default False
        Drop what the target does not represent: column names, meta, status, parameters, and the
        metadata in a file of another format.
    limits : Limits, optional
        What the payload may claim; `Limits()` where None.
    missing : {"error", "null", "nan", "any"}, optional
        How text represents NaN, in both bodies; the defaults of `source` and `target` where None.
        See `MessageProtocol`.

    Returns
    -------
    bytes
        The body in the form of `target`.

    Raises
    ------
    DecodeError
        `body` is not a message of `source`.
    EncodeError
        `target` cannot represent it without loss.
    UnknownCodecError
        No codec or protocol has such a name.

    Examples
    --------
    >>> import tensorwire as tw
    >>> body = b'{"data":{"ndarray":[[1.5,2.5]]}}'
    >>> tw.transcode(body, "json/ndarray", "tfserving/json")
    b'{"instances":[[1.5,2.5]]}'
    """
    reader, writer = find_form(source), find_form(target)
    kind = reader.response if reply else reader.request
    message = reader.decode(body, headers, type=kind, limits=limits, missing=missing)
    kind = writer.response if reply else writer.request
    if type(message) is kind:
        message = writer.family.fit(message)
    else:
        message, lost = writer.family.make(reader.family.take(message), kind)
        refuse_loss({} if lossy else lost, target)
    return writer.encode(message, lossy=lossy, missing=missing)[0]


def find_form(name: str) -> MessageProtocol:
    """Return a protocol by its name, or the protocol of a codec by the name of the codec.

    Raises
    ------
    UnknownCodecError
        no codec and no protocol has that name.
    """
    found: MessageProtocol | None = known_protocol(name)
    if found is not None:
        return found
    try:
        codec: Any = get_codec(name)
    except UnknownCodecError:
        found = find_protocol(name)
        if found is None:
            known = [*codec_names(), *protocol_names()]
            reason = unknown("the name of a codec or protocol", name, known)
            raise UnknownCodecError(reason) from None
        return found
    protocol: Any = getattr(codec, "protocol", None)  # a codec of SeldonMessage has one
    return protocol if hasattr(protocol, "family") else cast("MessageProtocol", _Arrays(codec))


class _Arrays(Family):
    """A codec of arrays without a message, as a protocol with one form."""

    request = response = object  # differs from the classes of all other protocols
    media_types: ClassVar = {}

    def __init__(self, codec: Any) -> None:
        self.name, self.media_type = codec.name, codec.media_type
        self.family = self
        self._codec = codec

    def decode(self, body: Any, headers: Any, *, limits: Limits | None = None, **_: Any) -> Neutral:
        """Read the arrays by name, or the single array, and the metadata."""
        del headers
        codec = self._codec  # decode of a plug-in may have no `limits`
        value = codec.decode(body) if limits is None else codec.decode(body, limits=limits)
        arrays = dict(value) if isinstance(value, dict) else {"": value}
        neutral = Neutral(arrays, source=codec.name)
        if hasattr(codec, "metadata"):
            neutral.metadata = codec.metadata(body)
            neutral.extras[getattr(codec, "meta_path", "$.meta")] = neutral.metadata
        return neutral

    def take(self, message: Neutral) -> Neutral:
        """Return the message unchanged: `decode` returns a `Neutral`."""
        return message

    def make(self, neutral: Neutral, kind: type) -> tuple[Neutral, dict[str, Any]]:
        """Return the message; only the same codec keeps the metadata, so others lose it."""
        del kind
        if neutral.source == self.name:
            return neutral, {}
        return neutral, {**neutral.extras, "$.id": neutral.id, "$.outputs": neutral.outputs}

    def encode(self, neutral: Neutral, **_: Any) -> tuple[bytes, dict[str, str]]:
        """Write the arrays by name if the codec supports names, else a single array."""
        codec, arrays = self._codec, neutral.tensors
        same = neutral.source == self.name and neutral.metadata
        more = {"meta": neutral.metadata} if same else {}
        headers = {"Content-Type": self.media_type}
        if list(arrays) != [""]:
            try:
                return codec.encode(arrays, **more), headers
            except EncodeError:
                if len(arrays) != 1:
                    raise
        return codec.encode(neutral.single(), **more), headers
