"""Arrays and binary payloads to the bytes that model servers speak, and back."""

import importlib
import typing

from tensorwire.errors import (
    CodecError,
    DecodeError,
    EncodeError,
    LimitError,
    UnknownCodecError,
)
from tensorwire.limits import Limits
from tensorwire.missing import Missing
from tensorwire.protocols import MessageProtocol, get_protocol, protocol_names
from tensorwire.protocols.neutral import Peek, TensorInfo
from tensorwire.protocols.seldon.codec import Codec
from tensorwire.protocols.seldon.messages import Message
from tensorwire.registry import CodecLike, codec_names, dumps, get_codec, loads, register_codec
from tensorwire.transcoding import peek, transcode

if typing.TYPE_CHECKING:
    from tensorwire import oip, seldon, tfserving

__all__ = [
    "Codec",
    "CodecError",
    "CodecLike",
    "DecodeError",
    "EncodeError",
    "LimitError",
    "Limits",
    "Message",
    "MessageProtocol",
    "Missing",
    "Peek",
    "TensorInfo",
    "UnknownCodecError",
    "codec_names",
    "dumps",
    "get_codec",
    "get_protocol",
    "loads",
    "oip",
    "peek",
    "protocol_names",
    "register_codec",
    "seldon",
    "tfserving",
    "transcode",
]

__version__ = "0.1.0"

if not typing.TYPE_CHECKING:  # where it is, the names above are all there are

    def __getattr__(name: str) -> object:
        """Load the messages of a protocol when they are first asked for."""
        if name in ("oip", "seldon", "tfserving"):
            return importlib.import_module(f"tensorwire.{name}")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
