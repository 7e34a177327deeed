"""Arrays and binary payloads to the bytes that model servers speak, and back."""

from tensorwire.codec import Codec
from tensorwire.errors import (
    CodecError,
    DecodeError,
    EncodeError,
    LimitError,
    UnknownCodecError,
)
from tensorwire.limits import Limits
from tensorwire.message import Message
from tensorwire.registry import CodecLike, codec_names, dumps, get_codec, loads, register_codec

__all__ = [
    "Codec",
    "CodecError",
    "CodecLike",
    "DecodeError",
    "EncodeError",
    "LimitError",
    "Limits",
    "Message",
    "UnknownCodecError",
    "codec_names",
    "dumps",
    "get_codec",
    "loads",
    "register_codec",
]

__version__ = "0.1.0"
