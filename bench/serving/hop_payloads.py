"""An image as every protocol and kind carries it, ready to be sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import tensorwire as tw
from bench.payloads.case import IMAGE, Case, build
from bench.serving.cells import KINDS, REST, TRANSPORTS
from bench.serving.clients import name_of

if TYPE_CHECKING:
    from collections.abc import Iterator


class Picture(NamedTuple):
    """A request.

    Attributes
    ----------
    protocol
        ``seldon`` or ``tfserving``.
    kind
        Seldon's kind; empty for TF Serving.
    """

    transport: str
    protocol: str
    kind: str
    body: bytes

    @property
    def label(self) -> str:
        """What its row is called."""
        return f"{self.protocol} {self.kind}".strip()


def image() -> Any:
    """Give a batch of one image."""
    return build(Case("image", "hop", (1, *IMAGE), "uint8", "image"))


def pictures(transports: tuple[str, ...], kinds: tuple[str, ...] = KINDS) -> Iterator[Picture]:
    """Give all requests."""
    array = image()
    for transport in (each for each in TRANSPORTS if each in transports):
        request = tw.tfserving.PredictRequest({"image": array}, model_name="model")
        if transport == REST:
            request = tw.tfserving.PredictRequest({"": array}, model_name="model")
        serving = tw.get_protocol(name_of(transport, "tfserving"))
        yield Picture(transport, "tfserving", "", serving.encode(request)[0])
        seldon = tw.get_protocol(name_of(transport))
        for kind in kinds:
            yield Picture(transport, "seldon", kind, seldon.encode(tw.Message(array, kind))[0])


def answer(picture: Picture, body: bytes) -> int:
    """Read a reply: the one number in it."""
    protocol = tw.get_protocol(name_of(picture.transport, picture.protocol))
    reply = protocol.decode(body, type=protocol.response)
    if picture.protocol == "seldon":
        value = reply.value
    else:
        (value,) = reply.outputs.values()
    if value.shape != (1,):
        raise ValueError(f"a reply of shape {value.shape}")
    return int(value[0])
