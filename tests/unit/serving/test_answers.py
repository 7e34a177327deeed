"""What is logged of an answer, and what is refused before a model is asked."""

from __future__ import annotations

import logging
from typing import Any

import pytest

import tensorwire as tw
from tensorwire.serving.answers import Answers
from tensorwire.serving.refusals import Refusal, Status
from tensorwire.serving.request import Request


def fail(value: Any) -> Any:
    """Raise."""
    raise ValueError(value)


ANSWERS = Answers(fail, None, 100, None)


def prepared(path: str, body: bytes = b"", method: str = "POST", protocol: str = "") -> Request:
    """Return a request with its route."""
    return ANSWERS.prepared(Request(method, path, body=body), {"ACCEPT": "*/*"}, protocol)


def test_faults_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    """What the model raised is logged with its cause; what the client did wrong is not."""
    for body, status in ((b'{"instances":[1.5]}', 500), (b"[", 400)):
        request = prepared("/v1/models/m:predict", body)
        with pytest.raises(Exception, match="expected") as caught:
            ANSWERS.answer(request)
        assert ANSWERS.refused(request, caught.value).status == status
    assert [(one.name, one.levelno) for one in caplog.records] == [
        ("tensorwire.serving", logging.ERROR)
    ]
    assert caplog.records[0].message == "POST /v1/models/m:predict"
    assert isinstance(caplog.records[0].exc_info[1].__cause__, ValueError)  # type: ignore[index, union-attr]


def test_size() -> None:
    """A body is refused by its size before anything else is done with it."""
    with pytest.raises(Refusal, match="at most 100 bytes") as caught:
        ANSWERS.answer(prepared("/predict", bytes(101)))
    assert caught.value.status is Status.TOO_LARGE


def test_no_message() -> None:
    """Health, metadata and the list of what is served are answered without the model."""
    assert ANSWERS.answer(prepared("/v2/health/live", method="GET")).body == b'{"live":true}'
    listed = ANSWERS.answer(prepared("/", method="GET"))
    assert b"/predict" in listed.body
    assert b"/metrics" not in listed.body
    with pytest.raises(Refusal):
        ANSWERS.answer(prepared("/metrics", method="GET"))


def test_unknown_protocol() -> None:
    """A protocol that an engine names is one that there is."""
    assert prepared("", protocol="oip").route is not None
    for name in ("x", "x/json", "oip/x"):
        with pytest.raises(tw.UnknownCodecError, match=r"'(x|oip/x)'"):
            prepared("", protocol=name)
