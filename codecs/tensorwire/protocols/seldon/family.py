"""SeldonMessage <-> what a message says whatever its protocol."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorwire import lists
from tensorwire.errors import EncodeError
from tensorwire.protocols.neutral import Payload
from tensorwire.protocols.seldon.messages import Message

__all__ = ["make", "take"]


def take(message: Any) -> Payload:
    """Take a message apart; raise `EncodeError` for one that holds no array."""
    if not isinstance(message, Message) or message.kind in ("jsonData", "customData", ""):
        raise EncodeError("holds no array, so that only Seldon's protocol can carry it")
    meta = dict(message.meta)
    puid = meta.pop("puid", "")
    extras = {"$.data.names": message.names, "$.status": message.status}
    extras |= {f"$.meta.{name}": [value] for name, value in meta.items()}
    value = message.value
    if message.kind == "strData":
        value = lists.to_array([value.encode()], EncodeError)
    elif message.kind == "raw":
        value = np.frombuffer(value, np.uint8)
    return Payload({"": value}, puid, {}, (), extras)


def make(payload: Payload, kind: Any) -> tuple[Message, dict[str, Any]]:
    """Make a message of the one array, in the kind that keeps its dtype; and tell what is lost."""
    if kind is not Message:
        raise EncodeError(f"nothing else is turned into a {kind.__name__}")
    meta = {"puid": payload.id} if payload.id else {}
    lost = payload.extras | payload.signature() | {"$.outputs": payload.outputs}
    return Message(payload.single(), "tftensor", None, meta), lost
