"""Formats by name, and the format of a payload from its bytes alone.

The first bytes tell .npy, safetensors and Arrow apart. Then each protocol is asked whether it
recognises the bytes, as JSON if they are that. Protobuf's bytes do not name their message: the
candidates are those that parse the bytes, declare every field in them, and have a payload. The
first whose payload can be decoded is chosen, else the first of all.
"""

from __future__ import annotations

import json
import re
import warnings
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

import tensorwire as tw
from tensorwire.cli.files import UsageError
from tensorwire.containers.protobuf import varint
from tensorwire.errors import CodecError, DecodeError, excerpt, reason_of_other, shown
from tensorwire.extras import lacking
from tensorwire.protocols import families, find_protocol
from tensorwire.protocols.family import Recognized, message_class
from tensorwire.transcoding import find_form

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from google.protobuf.message import Message

    from tensorwire.limits import Limits
    from tensorwire.missing import Missing
    from tensorwire.protocols.family import Candidate, Family

__all__ = ["Format", "check_packages", "detect", "format_names", "format_of"]

# The keys that msgpack-numpy puts into the map of an array, as bytes or, before 0.4.5, as text.
_ARRAY = re.compile(
    rb"(?:\xc4\x02|\xa2)nd[\xc2\xc3](?:\xc4\x04|\xa4)type|(?:\xc4\x07|\xa7)complex\xc3"
)
_LIST_OF_ARRAYS = re.compile(
    rb"(?:[\x91-\x9f]|\xdc..|\xdd....)[\x83-\x85](?:\xc4\x02|\xa2)nd[\xc2\xc3]", re.DOTALL
)
_NPY, _ARROW = re.compile(rb"\x93NUMPY"), re.compile(rb"\xff\xff\xff\xff")
_FRAME = 5  # of gRPC: a zero byte, and the length in four bytes, big-endian
_DEPTH = 4  # of messages in messages that are looked into
_ITEMS = 16  # of the messages in a list


def format_names() -> tuple[str, ...]:
    """List the names of codecs and protocols."""
    return (*tw.codec_names(), *tw.protocol_names())


def check_packages(*names: str) -> None:
    """Raise `UsageError` if a package is missing that one of these formats needs."""
    for name in names:
        with suppress(tw.UnknownCodecError):  # the caller raises the error with the known names
            if find_protocol(name) is None:
                needed: tuple[str, ...] = getattr(tw.get_codec(name), "needs", ())
                if reason := lacking(name, *needed):
                    raise UsageError(reason)


class Format(NamedTuple):
    """What a payload is.

    Attributes
    ----------
    name
        of a codec or a protocol.
    reply
        whether it is a reply.
    message
        the name of a message that is neither request nor reply, such as ``Feedback``; else empty.
    start
        the offset of the payload: after the gRPC frame header or the length prefix of ghz, if any.
    either
        whether the bytes are both a valid request and a valid reply.
    """

    name: str
    reply: bool = False
    message: str = ""
    start: int = 0
    either: bool = False

    @property
    def family(self) -> Family:
        """The protocol of which it is a form."""
        return find_form(self.name).family

    def decode(
        self, body: bytes, limits: Limits | None = None, missing: Missing | None = None
    ) -> Any:
        """Read a message, from its start: of a protocol its class, else what the codec returns.

        Raises
        ------
        DecodeError
            the bytes are not such a message.
        UnknownCodecError
            the format is unknown.
        UsageError
            the format needs a package that is not installed.
        """
        form = find_form(self.name)
        check_packages(self.name)
        if not form.family.media_types:  # a codec of arrays, without a message around them
            codec: Any = tw.get_codec(self.name)
            return codec.decode(body) if limits is None else codec.decode(body, limits=limits)
        usual = form.response if self.reply else form.request
        kind = form.family.messages.get(self.message, usual)
        return form.decode(body, type=kind, limits=limits, missing=missing)

    def metadata(self, body: bytes) -> dict[str, Any]:
        """Return the metadata beside the arrays in a file of another format; most have none."""
        if find_protocol(self.name) is not None:
            return {}
        read = getattr(tw.get_codec(self.name), "metadata", None)
        metadata: dict[str, Any] = read(body) if callable(read) else {}
        return metadata

    def reads(self, body: bytes) -> bool:
        """Return whether bytes are such a message."""
        try:
            self.decode(body)
        except CodecError:
            return False
        return True


def format_of(body: bytes, name: str | None, *, reply: bool) -> Format:
    """Return the format of a payload, of which the name may be known.

    Raises
    ------
    DecodeError
        no name is given, and the bytes are of no known format.
    """
    if name is None:
        return detect(body, reply=reply)
    with suppress(DecodeError, tw.UnknownCodecError):
        if find_form(name).family.messages:  # there are several messages
            found = detect(body, reply=reply)
            if found.name == name:
                return found._replace(reply=reply)
    return Format(name, reply=reply)


def detect(
    body: bytes, *, reply: bool = False, protocols: Sequence[Family] | None = None
) -> Format:
    """Return the format of a payload; `reply` decides where the bytes read as both.

    Whoever asks for many payloads passes the `protocols`: to find those that are installed takes
    more time than to recognise a small message.

    Raises
    ------
    DecodeError
        the bytes are of no known format.
    """
    if not body:
        raise DecodeError("expected a payload, got an empty file")
    known = families() if protocols is None else protocols
    if body[0] == 0 and int.from_bytes(body[1:_FRAME], "big") == len(body) - _FRAME:
        return _bare(body[_FRAME:], known, reply=reply)._replace(start=_FRAME)
    try:
        return _bare(body, known, reply=reply)
    except DecodeError:
        start = next((n for n in range(1, 6) if varint.write(len(body) - n) == body[:n]), 0)
        if not start:
            raise
        return _bare(body[start:], known, reply=reply)._replace(start=start)


def _bare(body: bytes, protocols: Sequence[Family], *, reply: bool) -> Format:
    found = _of_arrays(body)
    if found is not None:
        return found
    problem = DecodeError(
        "expected a format that is known here, got other bytes", remedy="pass --as NAME"
    )
    document, is_text = None, body.lstrip(b" \t\r\n")[:1] in (b"{", b"[", b'"')
    if is_text:
        try:
            document = _parsed(body)
        except orjson.JSONDecodeError as error:  # a newline and a quote are also tags of protobuf
            problem = DecodeError(f"expected JSON, got other text: {error}")
    greedy_last = sorted(protocols, key=lambda family: family.greedy)
    for family in greedy_last:
        recognized = _recognized(family, body, document)
        if recognized is not None:
            form, is_reply, message = recognized
            found = Format(f"{family.name}/{form}", is_reply, message)
            if not is_text and _ARRAY.search(body) and not found.reads(body):
                return Format("msgpack/numpy")
            return found
    if document is not None:
        raise _of_no_protocol(document)
    found = _protobuf(body, greedy_last, reply=reply)
    if found is None:
        raise problem
    return found


def _recognized(family: Family, body: bytes, document: Any) -> Recognized | None:
    """Return what a protocol recognises; None, with a warning, where its code fails."""
    try:
        found: Any = family.recognize(body, document)
    except Exception as error:  # noqa: BLE001 - of code that nobody here knows
        problem = reason_of_other(error)
    else:
        if found is None or isinstance(found, Recognized):
            recognized: Recognized | None = found
            return recognized
        problem = shown(found)
    text = f"expected recognize() to return a Recognized or None, got {problem}"
    warnings.warn(f"protocol {family.name} is left out: {text}", RuntimeWarning, stacklevel=2)
    return None


def _of_arrays(body: bytes) -> Format | None:
    """Recognise the formats that their first bytes give away."""
    if body[8:9] == b"{" and int.from_bytes(body[:8], "little") <= len(body) - 8:
        return Format("safetensors/arrays")
    starts = ((_NPY, "npy/array"), (_ARROW, "arrow/tensor"), (_LIST_OF_ARRAYS, "msgpack/numpy"))
    return next((Format(name) for start, name in starts if start.match(body)), None)


def _parsed(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        try:
            return json.loads(body)  # some servers write bare NaN
        except (ValueError, RecursionError):
            raise error from None


def _of_no_protocol(document: Any) -> DecodeError:
    if not isinstance(document, dict):
        return DecodeError(f"expected an object, got {type(document).__name__}")
    if "error" in document:
        return DecodeError(
            f"expected a message, got an error reply: {excerpt(document['error'], 400)}", "$.error"
        )
    keys = ", ".join(map(shown, islice(document, 5))) or "none"
    return DecodeError(f"expected a message of a known protocol, got the keys: {keys}")


def _protobuf(body: bytes, protocols: list[Family], *, reply: bool) -> Format | None:
    """Recognise the message of protobuf that the bytes are, None if they are none."""
    fitting = [
        Format(f"{family.name}/{one.recognized.form}", *one.recognized[1:])
        for family in protocols
        for one in family.candidates
        if _fits(body, one)
    ]
    readable = [found for found in fitting if found.reads(body)] or fitting[:1]
    if not readable:
        return None
    first = readable[0]
    twin = first._replace(reply=True)
    if first.reply or twin not in readable:
        return first
    return (twin if reply else first)._replace(either=True)


def _fits(body: bytes, one: Candidate) -> bool:
    from google.protobuf.message import DecodeError as NotThisOneError

    try:
        message = message_class(one.message).FromString(body)
    except NotThisOneError:
        return False
    there = {field.name for field, _ in message.ListFields()}
    return not there.isdisjoint(one.payload) and _is_known(message, _DEPTH)


def _is_known(message: Message, depth: int) -> bool:
    """Return whether a message, and the messages in it, have declared fields only."""
    from google.protobuf.unknown_fields import UnknownFieldSet

    if len(UnknownFieldSet(message)):
        return False
    return depth == 0 or all(_is_known(inner, depth - 1) for inner in _messages(message))


def _messages(message: Message) -> Iterator[Message]:
    from google.protobuf.message import Message as AnyMessage

    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if isinstance(value, AnyMessage):
            yield value
        else:
            items = value.values() if hasattr(value, "values") else value[:_ITEMS]
            yield from (item for item in items if isinstance(item, AnyMessage))
