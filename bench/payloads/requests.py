"""Recorded requests of every protocol, recognised as ``tensorwire inspect`` does; JSON lists."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

import tensorwire as tw
from tensorwire.cli.detect import detect
from tensorwire.protocols import families

from .arrays import WANTED, check_room, choose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tensorwire.protocols.family import Family
    from tensorwire.tree import Array

COST = 8
"""Bytes that parsing takes for a byte of JSON: ``1.5,`` becomes a Python float in a list."""
UNKNOWN = (
    f"{WANTED}a file of another format; known are .npy, .npz, .safetensors, .parquet, .csv, nested"
    " JSON lists, and requests in JSON, protobuf or msgpack"
)
BEFORE, AFTER = b'{"data":{"ndarray":', b"}}"


def request(path: str, asked: str) -> Iterator[tuple[str, Array]]:
    """Read the tensors of a request, a reply, or a list of messages."""
    yield from recorded(path, asked)[1]


def recorded(path: str, asked: str = "") -> tuple[str, Iterator[tuple[str, Array]]]:
    """Return the form of a recorded message, by the name of what writes it, and its tensors."""
    size = Path(path).stat().st_size
    check_room(size)
    body = Path(path).read_bytes()
    check_room(size * (COST if body.lstrip()[:1] in (b"{", b"[") else 2))
    if body.lstrip()[:1] == b"[":
        if asked:
            raise ValueError(f"holds one array, without a name: leave out ::{asked}")
        return "a list", iter([("", _array("", _list(body)))])
    form, message, family = _message(body)
    tensors = dict(_tensors(message, family))
    if not tensors:
        raise ValueError("the message holds no tensor")
    names = choose(list(tensors), asked)
    return form, ((name, _array(name, tensors[name])) for name in names)


def _list(body: bytes) -> Any:
    """Read a nested list as the member ``ndarray`` is read: nothing is rounded or made text."""
    try:
        return tw.loads(BEFORE + body + AFTER, "application/json").value
    except tw.CodecError as error:
        orjson.loads(body)  # its error has the place, if it is not JSON
        raise ValueError(str(error).replace("$.data.ndarray", "$")) from None


_protocols = cache(families)
"""Those of this process, asked for once: a folder has thousands of requests."""


def _message(body: bytes) -> tuple[str, Any, Family]:
    try:
        found = detect(body, protocols=_protocols())
    except tw.DecodeError as error:
        raise ValueError(UNKNOWN if "--as" in str(error) else str(error)) from None
    message = found.decode(body[found.start :])
    if isinstance(message, tw.Message):  # in the container of one of the codecs
        return f"{found.name.partition('/')[2]}/{message.kind}", message, found.family
    return found.name, message, found.family


def _tensors(message: Any, family: Family) -> Iterator[tuple[str, Any]]:
    """Yield the arrays of a message, and of the messages in it, by their names there."""
    if not family.media_types:  # a codec of arrays has read it
        yield from message.items() if isinstance(message, Mapping) else [("", message)]
        return
    found = family.contents(message)
    if found.tensors is None and "kind" in found.fields:
        kind = found.fields["kind"] or "no payload"
        raise ValueError(f"a message that holds {kind}, and so no array")
    for name, value, _ in found.tensors or ():
        yield name, value
    for member, inner in found.messages:
        yield from ((member, value) for _, value in _tensors(inner, family))


def _array(name: str, value: Any) -> Array:
    before = f"{name}: " if name else ""
    if isinstance(value, list):
        reason = "holds values of several types, or bytes that end in NUL"
        raise ValueError(before + reason)  # noqa: TRY004 - the file is wrong, not the program
    array: Array = np.asarray(value)
    return array.astype("U") if array.dtype.kind == "T" else array
