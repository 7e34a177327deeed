"""Media types, charsets, encodings and bodies, without a server."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from typing import Any

import pytest

pytest.importorskip("tensorwire.server", exc_type=ModuleNotFoundError)

from tensorwire import protocols
from tensorwire.server.http import (
    Deadline,
    Negotiator,
    Vanished,
    in_utf8,
    inflate,
    preferred,
    read_body,
)
from tensorwire.server.limits import Refusal, ServerLimits, Status


def negotiator(name: str) -> Negotiator:
    """Return the negotiator of a protocol."""
    family = protocols.get_family(name)
    assert family is not None
    return Negotiator(family)


@pytest.mark.parametrize(
    ("protocol", "headers", "form"),
    [
        ("oip", {}, "oip/json"),
        ("oip", {"content-type": "application/json"}, "oip/json"),
        ("oip", {"content-type": "Application/JSON; charset=utf-8"}, "oip/json"),
        ("oip", {"content-type": "application/vnd.x+json"}, "oip/json"),
        ("oip", {"content-type": "text/plain"}, "oip/json"),
        ("oip", {"content-type": "application/x-www-form-urlencoded"}, "oip/json"),
        ("oip", {"inference-header-content-length": "9"}, "oip/binary"),
        ("oip", {"content-type": "application/octet-stream"}, "oip/binary"),
        ("oip", {"content-type": "application/protobuf"}, "oip/protobuf"),
        ("seldon", {"content-type": "application/x-msgpack"}, "seldon/msgpack"),
        ("seldon", {"content-type": "multipart/form-data; boundary=x"}, "seldon/json"),
    ],
)
def test_source(protocol: str, headers: dict[str, str], form: str) -> None:
    """The media type and the headers of a body tell its form."""
    assert negotiator(protocol).source(headers) == form


@pytest.mark.parametrize(
    ("protocol", "media_type"),
    [("oip", "application/msgpack"), ("tfserving", "multipart/form-data"), ("seldon", "image/png")],
)
def test_unknown_source(protocol: str, media_type: str) -> None:
    """Another media type is refused, with those that are known."""
    with pytest.raises(Refusal, match="application/json, ") as caught:
        negotiator(protocol).source({"content-type": media_type})
    assert caught.value.status is Status.UNKNOWN_MEDIA_TYPE


@pytest.mark.parametrize(
    ("accept", "target"),
    [
        ("", "oip/json"),
        ("*/*", "oip/json"),
        ("application/*", "oip/json"),
        ("text/plain", "oip/json"),
        ("application/octet-stream", "oip/binary"),
        ("application/json;q=0.5, application/octet-stream", "oip/binary"),
        ("application/json;q=0.5, application/octet-stream;q=0.4", "oip/json"),
        ("application/x-protobuf, */*;q=0.1", "oip/protobuf"),
        ("application/json;q=0, */*", "oip/binary"),
        ("application/json;q=high, application/x-protobuf;q=0.1", "oip/protobuf"),
    ],
)
def test_target(accept: str, target: str) -> None:
    """The reply is in the form of the request, unless Accept prefers another."""
    assert negotiator("oip").target("oip/json", accept) == target


def test_nothing_acceptable() -> None:
    """An Accept header that no form meets is refused, with those there are."""
    with pytest.raises(Refusal, match=r"expected one of application/json, .* got 'image/png'"):
        negotiator("oip").target("oip/json", "image/png")


@pytest.mark.parametrize(
    ("accept", "named"),
    [
        ("application/octet-stream", True),
        ("application/octet-stream, application/json;q=0.5", True),
        ("application/octet-stream, application/json", False),
        ("application/*", False),
        ("*/*", False),
    ],
)
def test_is_named(accept: str, *, named: bool) -> None:
    """A form is asked for by name, and not together with JSON."""
    assert negotiator("oip").is_named("oip/binary", accept) is named


def test_preferred() -> None:
    """The first of several that are equally welcome, whatever the order in Accept."""
    kinds = ("application/json", "text/html", "text/plain")
    assert preferred(kinds, "") == "application/json"
    assert preferred(kinds, "text/html,*/*;q=0.8") == "text/html"
    assert preferred(kinds, "text/*") == "text/html"
    assert preferred(kinds, "image/png") == "application/json"


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


def events(*parts: bytes | None) -> Any:
    """Return what ASGI's receive gives: parts of a body; None is a client that has gone."""
    last = len(parts) - 1
    queue = [
        {"type": "http.disconnect"}
        if part is None
        else {"type": "http.request", "body": part, "more_body": n < last}
        for n, part in enumerate(parts)
    ]

    async def receive() -> dict[str, Any]:
        return queue.pop(0)

    return receive


def test_read_body() -> None:
    """A body comes in one part or many; one beyond the limit is refused once it is through."""
    limits = ServerLimits(body=4)
    assert asyncio.run(read_body(events(b"abcd"), limits)) == b"abcd"
    assert asyncio.run(read_body(events(b"a", b"b", b"cd"), limits)) == b"abcd"
    for parts in ((b"abcde",), (b"abc", b"de")):
        with pytest.raises(Refusal, match="expected a body of at most 4 bytes") as caught:
            asyncio.run(read_body(events(*parts), limits))
        assert caught.value.headers == {"Connection": "close"}
    with pytest.raises(Vanished):
        asyncio.run(read_body(events(b"a", None), limits))


def test_a_deadline_that_is_over() -> None:
    """What is awaited beyond its time is cancelled, and raises TimeoutError."""

    async def wait() -> None:
        async with Deadline(0.0):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        asyncio.run(wait())
