"""Flask answers in every protocol, as the files of docs/engines/flask.md say."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

pytest.importorskip("flask", exc_type=ModuleNotFoundError)

from flask import Flask

from tensorwire.integrations.flask import blueprint, view
from tensorwire.serving import Handler
from tests.support.engine_checks import LARGE, MANY, check_doubled, check_refused
from tests.support.engine_requests import REQUESTS, Asked, Model
from tests.support.engines import example, running, variables

if TYPE_CHECKING:
    from pathlib import Path

SIZE = 8 << 20
handle = Handler(Model(), size=SIZE)


def flask_app() -> Any:
    """Return a Flask application with all paths."""
    app = Flask(__name__)
    app.register_blueprint(blueprint(handle), url_prefix="/models")
    return app


def ask(app: Any, asked: Asked, root: str = "") -> Any:
    """Ask an application."""
    return app.test_client().open(
        root + asked.path, method=asked.method, data=asked.body, headers=asked.headers
    )


def test_every_protocol() -> None:
    """Status, headers and body of good and bad requests are those of the handler."""
    app = flask_app()
    for asked in REQUESTS:
        if asked.path == "/nothing/here" or asked.method == "PUT":
            continue
        got = ask(app, asked, "/models")
        reply = handle(asked.body, asked.headers, asked.path, method=asked.method)
        assert (got.status_code, got.data) == (reply.status, reply.body), asked.name
        for name, text in reply.headers.items():
            assert got.headers[name] == text, asked.name


def test_what_has_no_route_is_the_frameworks() -> None:
    """An unknown path is Flask's 404, a method that no route takes its 405; HEAD has no body."""
    app = flask_app()
    assert b"<title>404 Not Found" in ask(app, Asked("unknown", "/models/nothing", {})).data
    wrong = ask(app, Asked("wrong", "/models/v2/models/m/infer", {}, method="PUT"))
    assert wrong.status_code == 405
    assert set(wrong.headers["Allow"].split(", ")) == {"POST", "OPTIONS"}
    for path, status in (("/models/v2/health/live", 200), ("/models/v2/models/m/infer", 405)):
        head = ask(app, Asked("head", path, {}, method="HEAD"))
        assert (head.status_code, head.data) == (status, b"")


@pytest.mark.parametrize("name", ["one", "%C3%A4%20b"])
def test_names_in_the_path(name: str) -> None:
    """The parameters of a path are those of the protocol's, escaped or not."""
    app = Flask(__name__)
    answer = view(handle, "/v2/models/{model_name}/infer")
    app.add_url_rule("/of/<model_name>", view_func=answer, methods=["POST"])
    body = b'{"inputs":[{"name":"x","datatype":"FP64","shape":[1],"data":[1.0]}]}'
    got = ask(app, Asked("", f"/of/{name}", {"Content-Type": "application/json"}, body))
    assert got.json["model_name"] == {"one": "one"}.get(name, "ä b")


def test_what_is_before_a_request() -> None:
    """A function that Flask calls before each request can refuse it."""
    app = flask_app()
    app.before_request(lambda: ("no", 401))
    got = ask(app, REQUESTS[0], "/models")
    assert (got.status_code, got.data) == (401, b"no")


def test_a_body_that_is_too_large() -> None:
    """It is 413 with the error of the protocol."""
    got = ask(flask_app(), Asked("large", "/models/v1/models/m:predict", {}, bytes(SIZE + 1)))
    assert got.status_code == 413
    assert got.json == {"error": f"expected a body of at most {SIZE} bytes, got more"}


@pytest.mark.slow
def test_under_gunicorn(tmp_path: Path) -> None:
    """The page word for word: the client's numbers, 5 MB, and 32 clients with their own values."""
    pytest.importorskip("gunicorn", exc_type=ModuleNotFoundError)
    example("flask", tmp_path)
    options = ["--bind", "127.0.0.1:{port}", "--threads", "8"]
    command = ["python", "-m", "gunicorn", *options, "flask_app:app"]
    with running(command, tmp_path, ready="/models/v2/health/live") as engine:
        client = [sys.executable, "client.py", engine.url()]
        done = subprocess.run(
            client, cwd=tmp_path, env=variables(), capture_output=True, text=True, check=True
        )
        assert done.stdout == f"{np.arange(6.0).reshape(2, 3) * 2}\n"
        check_doubled(engine.url("/models"), MANY)
        check_doubled(engine.url("/models"), [LARGE], ["json/ndarray", "oip/binary"])
        check_doubled(engine.url(), MANY, ["json/ndarray", "protobuf/ndarray"], seldon="/score")
        check_refused(engine.url("/models"))
