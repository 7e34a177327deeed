"""Each error has a status of HTTP and of gRPC, and a text that tells nothing of the inside."""

from __future__ import annotations

import grpc
import pytest

from tensorwire.errors import DecodeError, EncodeError, LimitError
from tensorwire.protocols.family import UnreadableFormError
from tensorwire.serving.refusals import ModelError, Refusal, Status, reason_of, status_of


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
