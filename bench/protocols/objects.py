"""Each protocol as people do it without tensorwire: messages and lists, by the protocol's name."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bench.implementations.implementation import Way
from bench.protocols import lists, messages
from bench.protocols.lists import NAME

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.protocols.messages import Codec


def _way(name: str, make: Callable[[], Codec], *, several: bool) -> Way:
    encode, decode = make()
    if several:
        return Way(
            name,
            lambda array: encode({f"{NAME}{i}": part for i, part in enumerate(array)}),
            lambda body: [part for _, part in sorted(decode(body).items())],
        )
    return Way(name, lambda array: encode({NAME: array}), lambda body: decode(body)[NAME])


_MADE: dict[str, Callable[[], Codec]] = {
    "oip/binary": lists.binary,
    "oip/protobuf": messages.raw,
    "oip/protobuf-typed": messages.typed,
    "oip/json": lists.json,
    "tfserving/protobuf": messages.predict,
    "tfserving/json rows": partial(lists.rows, named=False),
    "tfserving/json named rows": partial(lists.rows, named=True),
    "tfserving/json columns": lists.columns,
}
_SEVERAL = {name: make for name, make in _MADE.items() if not name.endswith("rows")} | {
    "tfserving/json rows": partial(lists.rows, named=True)
}
OBJECTS: dict[str, Callable[[], Way]] = {
    f"{name}{suffix}:objects": partial(_way, f"{name}{suffix}:objects", make, several=bool(suffix))
    for suffix, ways in (("", _MADE), (" x8", _SEVERAL))
    for name, make in ways.items()
}
