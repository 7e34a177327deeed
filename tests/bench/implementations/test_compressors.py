"""Each compressor against another library of its format."""

from __future__ import annotations

import gzip
import zlib

import numpy as np
import pytest

from bench.implementations import compressors

BODIES = (b"", b"a", b"row,1.5\n" * 5_000, np.random.default_rng(3).bytes(70_000))
NAMES = ("zstd-1", "zstd-3", "lz4", "gzip-1", "gzip-6", "gzip-isal")
pyarrow = pytest.importorskip("pyarrow")


def read(name: str, packed: bytes, size: int) -> bytes:
    """Decompress by a library that is not the one under test."""
    kind = compressors.format_of(name)
    if kind == "gzip":
        return zlib.decompress(packed, wbits=31)
    found: bytes = pyarrow.Codec(kind).decompress(packed, size, asbytes=True)
    return found


def written(name: str, body: bytes) -> bytes:
    """Compress by such a library."""
    kind = compressors.format_of(name)
    if kind == "gzip":
        return gzip.compress(body)
    found: bytes = pyarrow.Codec(kind).compress(body, asbytes=True)
    return found


def test_all_are_there() -> None:
    """The extra brings a package for each; none is missing where tests run."""
    assert compressors.compressors() == NAMES
    assert compressors.absent() == ()


@pytest.mark.parametrize("name", NAMES)
def test_another_library_reads_it(name: str) -> None:
    """What is written is of the format that the name says, and is the body."""
    for body in BODIES:
        packed = compressors.get_compressor(name).compress(body)
        assert read(name, packed, len(body)) == body


@pytest.mark.parametrize("name", [n for n in NAMES if not n.startswith("zstd")])
def test_it_reads_another_library(name: str) -> None:
    """What another library wrote is read."""
    for body in BODIES:
        assert compressors.get_compressor(name).decompress(written(name, body)) == body


def test_a_missing_package_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without zstandard and isal there is lz4, and the standard library's gzip."""
    monkeypatch.setattr(compressors, "installed", lambda m: m not in {"zstandard", "isal"})
    assert compressors.compressors() == ("lz4", "gzip-1", "gzip-6")
    assert compressors.absent() == ("zstandard", "isal")
