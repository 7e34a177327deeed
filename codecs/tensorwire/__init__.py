"""Arrays and binary payloads to the bytes that model servers speak, and back.

A codec turns an array into a ``SeldonMessage`` and back. Its name is a container and a kind:
`codec_names` lists them, and ``protobuf/tftensor`` is the fast one for every dtype.

>>> import numpy as np
>>> import tensorwire as tw
>>> codec = tw.get_codec("protobuf/tftensor")
>>> body = codec.encode(np.arange(6.0).reshape(2, 3), names=["a", "b", "c"])
>>> codec.decode(body).shape
(2, 3)

A whole message has a value, names, meta and status; a reply goes out as the kind that came in:

>>> request = tw.loads(b'{"data":{"names":["x"],"ndarray":[[1.5],[2.5]]}}', "application/json")
>>> tw.dumps(request.reply(request.value * 2), "application/json")
b'{"data":{"ndarray":[[3.0],[5.0]]}}'

Other protocols are whole messages too: `tensorwire.oip` (KServe, Triton, MLServer) and
`tensorwire.tfserving` have the classes, `protocol_names` lists the forms.

>>> from tensorwire.oip import InferRequest, InferTensor
>>> body, headers = tw.get_protocol("oip/binary").encode(InferRequest([InferTensor("x", [1, 2])]))
>>> tw.peek(body, protocol="oip", headers=headers).tensors[0]
TensorInfo(name='x', dtype=dtype('int64'), shape=(2,))

Whatever cannot be represented, or is damaged, is a `CodecError` that names the place:

>>> tw.get_codec("json/tensor").encode([2**53 + 1])  # doctest: +ELLIPSIS
Traceback (most recent call last):
    ...
tensorwire.errors.EncodeError: ...
"""

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
