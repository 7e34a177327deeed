"""Charsets and content encodings are undone, within a limit."""

from __future__ import annotations

import gzip
import random
import zlib
from typing import Any

import pytest

from tensorwire.serving.encodings import in_utf8, inflate
from tensorwire.serving.refusals import Refusal, Status


@pytest.mark.parametrize("charset", ["utf-8", "utf-16", "utf-16le", "utf-32", "iso-8859-1"])
def test_in_utf8(charset: str) -> None:
    """Text in any charset becomes UTF-8, as Python writes it."""
    text = '{"strData":"é"}'
    assert in_utf8(text.encode(charset), f"application/json; charset={charset}") == text.encode()


def test_byte_order_marks_are_left_out() -> None:
    """A mark tells the charset, and is no part of the JSON."""
    for charset in ("utf-8-sig", "utf-16", "utf-32"):
        assert in_utf8("[1]".encode(charset), "application/json") == b"[1]"


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"abc", ""),
        (b"abc", "identity"),
        (gzip.compress(b"abc", mtime=0), "gzip"),
        (gzip.compress(b"a", mtime=0) + gzip.compress(b"bc", mtime=0), "x-gzip"),
        (zlib.compress(b"abc"), "deflate"),
    ],
)
def test_inflate(body: bytes, encoding: str) -> None:
    """What gzip and zlib of the standard library write is undone."""
    assert inflate(body, encoding, 100) == b"abc"


@pytest.mark.parametrize(
    ("body", "encoding", "status", "reason"),
    [
        (b"abc", "br", Status.UNKNOWN_MEDIA_TYPE, "expected a Content-Encoding of gzip or deflate"),
        (b"abc", "gzip", Status.BAD_INPUT, "expected gzip, got other bytes"),
        (
            gzip.compress(b"abc", mtime=0)[:-3],
            "gzip",
            Status.BAD_INPUT,
            "expected gzip up to its end",
        ),
        (
            gzip.compress(bytes(1 << 20), mtime=0),
            "gzip",
            Status.TOO_LARGE,
            "expected at most 100 bytes",
        ),
    ],
)
def test_inflate_refuses(body: bytes, encoding: str, status: Status, reason: str) -> None:
    """What is no such encoding, is cut short, or grows beyond the limit is refused."""
    with pytest.raises(Refusal, match=reason) as caught:
        inflate(body, encoding, 100)
    assert caught.value.status is status


class Counting:
    """What zlib reads, in all."""

    def __init__(self, inflater: Any, fed: list[int]) -> None:
        self._inflater, self._fed = inflater, fed

    def decompress(self, data: Any, limit: int) -> Any:
        """Count."""
        self._fed.append(len(data))
        return self._inflater.decompress(data, limit)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inflater, name)


@pytest.mark.parametrize("text", [b"", b"a", b"abc" * 100])
def test_many_members(text: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Members of gzip take time in proportion to their bytes, whatever is in them."""
    fed: list[int] = []
    made = zlib.decompressobj
    monkeypatch.setattr(zlib, "decompressobj", lambda bits: Counting(made(bits), fed))
    body = gzip.compress(text, mtime=0) * 3000
    assert inflate(body, "gzip", 1 << 20) == text * 3000
    assert sum(fed) < 16 * len(body)


def test_too_many_members() -> None:
    """A body of nothing but empty members is refused."""
    with pytest.raises(Refusal, match="at most 10000 members of gzip"):
        inflate(gzip.compress(b"", mtime=0) * 200_000, "gzip", 100)


@pytest.mark.parametrize("sizes", [[0], [300], [70_000, 3, 0, 200_000], [1 << 20, 1 << 20]])
def test_members_of_any_size(sizes: list[int]) -> None:
    """The standard library's gzip reads the same of members that are short and long in turns."""
    source = random.Random(1)  # noqa: S311 - bytes that do not compress
    parts = [source.randbytes(size) for size in sizes]
    body = b"".join(gzip.compress(part, mtime=0) for part in parts)
    assert inflate(body, "gzip", 1 << 22) == gzip.decompress(body) == b"".join(parts)
    total = sum(sizes)
    if total:
        with pytest.raises(Refusal, match=f"at most {total - 1} bytes when inflated"):
            inflate(body, "gzip", total - 1)
        with pytest.raises(Refusal, match="up to its end"):
            inflate(body[:-1], "gzip", total)
    with pytest.raises(Refusal, match="got other bytes"):
        inflate(body + b"x" * 20, "gzip", total)
