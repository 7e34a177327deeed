"""What is counted and told of requests, whichever way they come."""

from __future__ import annotations

import logging

import pytest

pytest.importorskip("uvicorn")
from tensorwire.errors import DecodeError
from tensorwire.server.intake import Intake
from tensorwire.server.limits import ServerLimits
from tensorwire.server.service import Service
from tensorwire.serving.request import Request


def made(model: object = None, **limits: int) -> Intake:
    """Return the intake of a model."""
    return Intake(Service(model, ServerLimits(**limits)), None)


def asked(intake: Intake, body: bytes, **headers: str) -> Request:
    """Return a request for the model."""
    path = "/api/v1.0/predictions"
    return Request("POST", path, intake.routes.find(path), headers, b"", body)


def test_messages_count_and_probes_do_not() -> None:
    """With as many messages as may be, there is no place for another; probes take none."""
    intake = made(concurrency=1, body=10)
    intake.begin(counts=False)
    assert (intake.active, intake.takes(10), intake.takes(11)) == (1, True, False)
    intake.begin()
    assert (intake.active, intake.takes(10)) == (2, False)
    intake.end()
    assert (intake.active, intake.takes(10)) == (1, True)


def test_quick_is_a_small_echo_as_it_is() -> None:
    """A model, a compressed body and a large one are answered in a thread."""
    echo = made()
    assert echo.is_quick(asked(echo, b"{}"))
    assert not echo.is_quick(asked(echo, b"{}", **{"content-encoding": "gzip"}))
    assert not echo.is_quick(asked(echo, bytes(1 << 20)))
    assert not made(lambda array: array).is_quick(asked(echo, b"{}"))


def test_what_is_not_the_clients_fault_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """A bad message is answered with 400; a fault of ours with 500, and a log line."""
    intake = made()
    call = asked(intake, b"{}")
    assert intake.refused(call, DecodeError("expected x, got y")).status == 400
    assert not caplog.records
    assert intake.refused(call, RuntimeError("disk")).status == 500
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
