"""What a user's type checker sees of codecs and messages. Checked, never run.

Where `type: ignore` stands, a checker has to complain: mypy and basedpyright report one that is
not needed.
"""

from typing import Any

import numpy as np
from typing_extensions import assert_type

import tensorwire as tw

codec = tw.get_codec("json/ndarray")
assert_type(codec, tw.Codec)
assert_type(codec.name, str)
assert_type(codec.media_type, str)
assert_type(codec.encode(np.zeros(3), names=["a"], lossy=True), bytes)
assert_type(codec.encode([[1, 2], [3, 4]], missing="null"), bytes)
assert_type(codec.decode(b"{}", copy=True), Any)
assert_type(codec.decode(memoryview(b"{}"), dtype=np.float32, out=np.empty(3)), Any)
assert_type(tw.codec_names(), tuple[str, ...])

message = tw.loads(b"{}", "application/json", limits=tw.Limits(max_rank=2))
assert_type(message, tw.Message)
assert_type(message.kind, str)
assert_type(message.reply([1.5]), tw.Message)
assert_type(tw.dumps(message.reply([1.5])), bytes)


class Compressed:
    """A codec of a plug-in."""

    name = "zlib/tftensor"
    media_type = "application/x-protobuf+zlib"

    def encode(self, value: object) -> bytes:
        """Encode a value."""
        return codec.encode(value)

    def decode(self, body: bytes) -> Any:
        """Decode a body."""
        return codec.decode(body)


class NoCodec:
    """A class that has no media type, and cannot encode."""

    name = "none/none"


tw.register_codec(Compressed())
like: tw.CodecLike = codec

tw.register_codec(NoCodec())  # type: ignore[arg-type]
codec.encode([1.0], missing="nil")  # type: ignore[arg-type]
codec.encode([1.0], "names")  # type: ignore[call-arg]
codec.decode(b"{}", unknown=True)  # type: ignore[call-arg]
tw.loads(b"{}", limits=7)  # type: ignore[arg-type]
