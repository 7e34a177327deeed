"""What is measured of the protocols: payloads, and which implementations on each of them."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from tensorwire.errors import unknown

from ..implementations.implementation import MEMCPY, OBJECTS, codec_of
from ..implementations.protocols import FIRST, HAND, KNOWN, PEEK, PROTOCOLS, SEVERAL, VIEWED
from ..interrupt import UsageError
from ..payloads.case import IMAGE, Case

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..cli import Options

ONE, TABLE, LONG, SMALL, LARGE = "1 value", "10,000x10", "1x100,000", "8 kB", "8 MB"
PICTURE, NORMED, FLOAT32 = "image u1", "image f4", "4 MB f4"
TEN, HUNDRED, MIXED = "10 values", "100 values", "to 128 values"
FEW_FLOAT32 = ("1 value f4", "10 values f4", "100 values f4")
SINGLE, MANY, LARGEST, GROWTH = "one tensor", "8 tensors", "as memory", "8 kB and 8 MB"
CODECS = ("protobuf/tensor", "protobuf/tftensor", "msgpack/tensor", "json/tensor", "json/ndarray")
BOUNDS = (FIRST, KNOWN, HAND)
"""Endings of what only ``--targets`` compares."""


def cases(options: Options) -> list[Case]:
    """Return the payloads to measure."""
    picture = (1, *IMAGE)
    found = [
        _case(ONE, SINGLE, (1, 1)),
        _case(TABLE, SINGLE, (10_000, 10)),
        _case(PICTURE, SINGLE, picture, "uint8", "image"),
        _case(NORMED, SINGLE, picture, "float32"),
        _case(FLOAT32, LARGEST, (1_000, 1_000), "float32"),
    ]
    if options.targets:
        found.insert(2, _case(LONG, SINGLE, (1, 100_000)))
        found += [_case(TEN, SINGLE, (1, 10)), _case(HUNDRED, SINGLE, (1, 100))]
        sizes = zip(FEW_FLOAT32, (1, 10, 100), strict=True)
        found += [_case(label, SINGLE, (1, size), "float32") for label, size in sizes]
        found.append(_case(MIXED, SINGLE, (1, 128)))
    else:
        found += [_case("8 x 1", MANY, (8, 1, 1)), _case("8 x 12,500", MANY, (8, 1_250, 10))]
    found += [_case(SMALL, GROWTH, (1, 1_000)), _case(LARGE, GROWTH, (1, 1_000_000))]
    if options.quick and not options.targets:
        return [case for case in found if case.label in (ONE, TABLE, "8 x 1", SMALL, LARGE)]
    return found


def _case(
    label: str, section: str, shape: tuple[int, ...], dtype: str = "float64", values: str = "normal"
) -> Case:
    return Case(label, section, shape, dtype, values, series=False)


def known(*, bounds: bool = False) -> tuple[str, ...]:
    """Return all there is to measure; with bounds, also what only targets compare."""
    names = [name for name in PROTOCOLS if bounds or not name.endswith(BOUNDS)]
    return (*names, *CODECS, MEMCPY)


def select(globs: Sequence[str], *, bounds: bool = False) -> tuple[str, ...]:
    """Return what matches any of the patterns: protocols, and what is compared with them.

    Without a pattern, all.
    """
    names = known(bounds=bounds)[:-1]
    for glob in globs:
        if not any(fnmatchcase(_plain(name), glob) for name in names):
            plain = dict.fromkeys(map(_plain, names))
            raise UsageError(unknown("the name or pattern of a protocol", glob, plain))
    chosen = [n for n in names if not globs or any(fnmatchcase(_plain(n), glob) for glob in globs)]
    return (*chosen, MEMCPY)


def _plain(name: str) -> str:
    """Return the name of a protocol without what is done with it."""
    return codec_of(name).removesuffix(SEVERAL)


def implementations(selected: Sequence[str], case: Case) -> tuple[str, ...]:
    """Return what is measured on one payload."""
    if case.section == GROWTH:
        wanted = {MEMCPY, *VIEWED, *(name + PEEK for name in VIEWED)}
    elif case.section == LARGEST:  # JSON takes a thousand times as long
        wanted = {MEMCPY, *VIEWED, *(name + OBJECTS for name in VIEWED), *CODECS[:3]}
    elif case.section == MANY:
        wanted = {MEMCPY, *(name for name in PROTOCOLS if SEVERAL in name)}
    else:
        wanted = {MEMCPY, *CODECS, *PROTOCOLS} - {
            name for name in PROTOCOLS if SEVERAL in name or name.endswith(PEEK)
        }
    return tuple(name for name in selected if name in wanted)
