"""Lossless compression of a whole body: zstd, lz4 and gzip, by the libraries that people install.

A name is the format, then its level or the library: ``zstd-3``, ``gzip-isal``. All of gzip's are
read by whoever reads gzip.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING

from .lookup import installed

if TYPE_CHECKING:
    from collections.abc import Callable

    from .implementation import Rewrite

GZIP = "gzip"
"""The format that HTTP and gRPC servers read; what else is read has to be asked."""


@dataclass(frozen=True)
class Compressor:
    """Two functions that undo each other."""

    name: str
    compress: Rewrite
    decompress: Rewrite


def format_of(name: str) -> str:
    """Return the format: ``gzip`` of ``gzip-6``."""
    return name.partition("-")[0]


def _zstd(level: int) -> tuple[Rewrite, Rewrite]:
    import zstandard

    # The contexts are kept, as a client that sends more than one body keeps them.
    compressor = zstandard.ZstdCompressor(level=level)
    return compressor.compress, zstandard.ZstdDecompressor().decompress


def _lz4() -> tuple[Rewrite, Rewrite]:
    from lz4 import frame

    return frame.compress, frame.decompress


def _gzip(level: int) -> tuple[Rewrite, Rewrite]:
    # Without a date the standard library takes its quick way, and equal bodies stay equal.
    return partial(gzip.compress, compresslevel=level, mtime=0), gzip.decompress


def _isal() -> tuple[Rewrite, Rewrite]:
    from isal import igzip

    return partial(igzip.compress, compresslevel=1), igzip.decompress


_MADE: dict[str, tuple[str, Callable[[], tuple[Rewrite, Rewrite]]]] = {
    "zstd-1": ("zstandard", partial(_zstd, 1)),
    "zstd-3": ("zstandard", partial(_zstd, 3)),
    "lz4": ("lz4", _lz4),
    "gzip-1": ("gzip", partial(_gzip, 1)),
    "gzip-6": ("gzip", partial(_gzip, 6)),
    "gzip-isal": ("isal", _isal),
}
"""Modules, and what makes the two functions."""


def compressors() -> tuple[str, ...]:
    """Return the names of those whose package is installed."""
    return tuple(name for name, (module, _) in _MADE.items() if installed(module))


def absent() -> tuple[str, ...]:
    """Return the packages of the others."""
    return tuple(dict.fromkeys(each for each, _ in _MADE.values() if not installed(each)))


@cache
def get_compressor(name: str) -> Compressor:
    """Return one by its name."""
    return Compressor(name, *_MADE[name][1]())
