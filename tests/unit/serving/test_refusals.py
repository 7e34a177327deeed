"""Each error has a status of HTTP and of gRPC, and a text that tells nothing of the inside."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from tensorwire.errors import DecodeError, EncodeError, LimitError
from tensorwire.protocols.family import UnreadableFormError
from tensorwire.serving.refusals import ModelError, Refusal, Status, forget, reason_of, status_of


@pytest.mark.parametrize("status", Status)
def test_names_of_grpc(status: Status) -> None:
    """Each name is one of gRPC's, by grpcio's own list."""
    assert grpc.StatusCode[status.grpc].name == status.grpc


@pytest.mark.parametrize(
    ("error", "http", "name"),
    [
        (Refusal(Status.BUSY, "expected less, got more"), 503, "RESOURCE_EXHAUSTED"),
        (LimitError("expected few, got many"), 413, "RESOURCE_EXHAUSTED"),
        (UnreadableFormError("expected a form, got another"), 415, "INVALID_ARGUMENT"),
        (DecodeError("expected x, got y"), 400, "INVALID_ARGUMENT"),
        (EncodeError("expected x, got y"), 400, "INVALID_ARGUMENT"),
        (ModelError("expected an answer, got none"), 500, "INTERNAL"),
        (ValueError("secret"), 500, "INTERNAL"),
    ],
)
def test_status(error: Exception, http: int, name: str) -> None:
    """What the client did wrong is below 500, all else is a fault of the server."""
    assert (status_of(error).http, status_of(error).grpc) == (http, name)


def test_reason() -> None:
    """Faults of the server tell their class alone; texts are short, and can be sent."""
    assert reason_of(ValueError("secret")) == "internal error: ValueError"
    assert reason_of(ModelError("expected an answer, got none")) == "expected an answer, got none"
    assert reason_of(ModelError("\ud800" + "x" * 900)) == "?" + "x" * 599


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (429, {}),
        (Status.BUSY, {"Retry-After": 3}),
        (Status.BUSY, {"Retry-After": "3\r\nSet-Cookie: a=b"}),
        (Status.BUSY, {"Retry-After": "\N{EURO SIGN}"}),
        (Status.BUSY, {"Retry After": "3"}),
        (Status.BUSY, {"": "3"}),
    ],
    ids=str,
)
def test_what_cannot_be_sent(status: Any, headers: dict[str, Any]) -> None:
    """A model that raises it learns so where it does, and its client has a reply."""
    with pytest.raises((TypeError, ValueError), match=r"expected|str"):
        Refusal(status, "expected less, got more", **headers)


def test_forget() -> None:
    """No traceback of an error is left, nor of what it was raised from or while."""

    def fails() -> None:
        try:
            {"b": 1}["a"]
        except KeyError as first:
            raise ValueError("b") from first

    def fails_too() -> None:
        try:
            fails()
        except ValueError:
            int("c" * 3, 2)

    with pytest.raises(ValueError, match="ccc") as caught:
        fails_too()
    found = caught.value
    chain = [found, found.__context__, found.__context__ and found.__context__.__cause__]
    assert [type(each) for each in chain] == [ValueError, ValueError, KeyError]
    assert all(each is not None and each.__traceback__ is not None for each in chain)
    forget(found)
    assert all(each is not None and each.__traceback__ is None for each in chain)
