"""The forms of requests and replies by Content-Type and Accept."""

from __future__ import annotations

import pytest

from tensorwire import protocols
from tensorwire.serving.negotiation import Negotiator, preferred
from tensorwire.serving.refusals import Refusal, Status


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
