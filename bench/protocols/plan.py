"""What is measured of the protocols: payloads, and which ways on each of them."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from bench.implementations.implementation import MEMCPY, codec_of
from bench.options import UsageError
from bench.payloads.case import IMAGE, Case
from bench.implementations.protocols import PEEK, SEVERAL, WAYS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.options import Options

ONE, TABLE, LONG, SMALL, LARGE = "1 value", "10,000x10", "1x100,000", "8 kB", "8 MB"
PICTURE, NORMED, FLOAT32 = "image u1", "image f4", "4 MB f4"
SINGLE, MANY, LARGEST, GROWTH = "one tensor", "8 tensors", "as memory", "8 kB and 8 MB"
CODECS = ("protobuf/tensor", "protobuf/tftensor", "msgpack/tensor", "json/tensor", "json/ndarray")


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
    else:
        found += [_case("8 x 1", MANY, (8, 1, 1)), _case("8 x 12,500", MANY, (8, 1_250, 10))]
    return [*found, _case(SMALL, GROWTH, (1, 1_000)), _case(LARGE, GROWTH, (1, 1_000_000))]


def quick(found: Sequence[Case]) -> list[Case]:
    """Return a few of the payloads, for a first look."""
    return [case for case in found if case.label in (ONE, TABLE, "8 x 1", SMALL, LARGE)]


def _case(
    label: str, section: str, shape: tuple[int, ...], dtype: str = "float64", values: str = "normal"
) -> Case:
    return Case(label, section, shape, dtype, values, series=False)


def select(globs: Sequence[str]) -> tuple[str, ...]:
    """Return the ways that match any of the patterns: protocols, and what is compared with them.

    Without a pattern, all.
    """
    known = [*WAYS, *CODECS]
    for glob in globs:
        if not any(fnmatchcase(_plain(name), glob) for name in known):
            names = ", ".join(dict.fromkeys(map(_plain, known)))
            raise UsageError(f"no protocol matches {glob!r}; known: {names}")
    chosen = [n for n in known if not globs or any(fnmatchcase(_plain(n), glob) for glob in globs)]
    return (*chosen, MEMCPY)


def _plain(name: str) -> str:
    """Return the name of a way without what is done with it."""
    return codec_of(name).removesuffix(SEVERAL)


def ways(selected: Sequence[str], case: Case) -> tuple[str, ...]:
    """Return what is measured on one payload."""
    viewed = {name.removesuffix(PEEK) for name in WAYS if name.endswith(PEEK)}
    if case.section == GROWTH:
        wanted = {MEMCPY, *viewed, *(name + PEEK for name in viewed)}
    elif case.section == LARGEST:  # JSON takes a thousand times as long
        wanted = {MEMCPY, *viewed, *(name + ":objects" for name in viewed), *CODECS[:3]}
    elif case.section == MANY:
        wanted = {MEMCPY, *(name for name in WAYS if SEVERAL in name)}
    else:
        wanted = {MEMCPY, *CODECS, *WAYS} - {n for n in WAYS if SEVERAL in n or PEEK in n}
    return tuple(name for name in selected if name in wanted)
