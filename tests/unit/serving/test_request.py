"""The route and the message of a request, from the scope of ASGI."""

from __future__ import annotations

from typing import Any

import pytest

from tensorwire import protocols
from tensorwire.serving.negotiation import Negotiator
from tensorwire.serving.refusals import Refusal, Status
from tensorwire.serving.request import Reply, Request
from tensorwire.serving.routes import Routes

ROUTES = Routes([Negotiator(family) for family in protocols.families()])


def request(path: str, method: str = "POST", **scope: Any) -> Request:
    """Return the request of a scope."""
    headers = [(b"content-type", b"application/json")]
    full = {"method": method, "path": path, "headers": headers, **scope}
    return Request.of_scope(full, ROUTES)


def test_a_path_of_a_mount() -> None:
    """The prefix under which an application is mounted is no part of the path."""
    one = request("/models/predict", root_path="/models")
    assert one.path == "/predict"
    assert one.checked_route().action == "predict"


def test_a_name_with_a_slash() -> None:
    """An escaped slash is a part of a model's name."""
    one = request("/v2/models/a/b/infer", raw_path=b"/v2/models/a%2Fb/infer")
    assert one.checked_route().address["model_name"] == "a/b"


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/nothing", "POST", Status.UNKNOWN_ROUTE),
        ("/v2/models/m/infer", "GET", Status.WRONG_METHOD),
        ("/predict", "GET", Status.WRONG_METHOD),
    ],
)
def test_what_is_refused(path: str, method: str, status: Status) -> None:
    """An unknown path, a wrong method, and a GET without a message."""
    with pytest.raises(Refusal) as caught:
        request(path, method).checked_route()
    assert caught.value.status is status


def test_the_message() -> None:
    """The body with its form, and the form of the reply."""
    one = request("/predict")
    one.body = b"{}"
    raw, target = one.message(100)
    assert (raw.body, raw.protocol, target) == (b"{}", "seldon/json", "seldon/json")


def test_the_form_that_an_engine_knows() -> None:
    """It is taken as it is, and no header is asked."""
    one = request("/predict")
    one.form, one.body = "seldon/protobuf", b"\xef"
    assert one.message(100)[0].protocol == "seldon/protobuf"


def test_the_body_of_a_reply() -> None:
    """One part is the body itself; several, or a view, are joined."""
    body = b"abc"
    assert Reply(200, {}, [body]).body is body
    assert Reply(200, {}, [memoryview(body)]).body == body
    assert Reply(200, {}, [b"ab", memoryview(b"c")]).body == body
    assert Reply(200, {}, []).body == b""
