"""Charsets and content encodings are undone, within a limit."""

from __future__ import annotations

import gzip
import zlib

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
