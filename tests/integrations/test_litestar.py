"""Litestar answers in every protocol, as the files of docs/engines/litestar.md say."""

from __future__ import annotations

import http.client
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pytest

from tests.support.engine_checks import LARGE, MANY, check_doubled, check_refused, posted
from tests.support.engines import Engine, environment_of, example, running, variables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow
# Beside the page's: a route with a name in its path, and a guard.
MORE = """
from litestar import Litestar
from litestar.exceptions import NotAuthorizedException

from litestar_app import handler
from tensorwire.integrations.litestar import mount, route


def guard(connection, _):
    if "x-key" not in connection.headers:
        raise NotAuthorizedException


of = route(handler, "/of/{model_name:str}", "/v2/models/{model_name}/infer")
app = Litestar([mount(handler, "/models"), of], guards=[guard])
"""
OIP = b'{"inputs":[{"name":"x","datatype":"FP64","shape":[1],"data":[1.5]}]}'


@pytest.fixture(scope="module")
def python() -> str:
    """Return the interpreter that has Litestar."""
    return environment_of("litestar")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the files of the page."""
    made = tmp_path_factory.mktemp("litestar")
    example("litestar", made)
    (made / "more_app.py").write_text(MORE)
    return made


@pytest.fixture(scope="module")
def engine(python: str, folder: Path) -> Iterator[Engine]:
    """Run the page's application."""
    command = [python, "-m", "uvicorn", "litestar_app:app", "--port", "{port}"]
    with running(command, folder, ready="/models/v2/health/live") as made:
        yield made


def asked(engine: Engine, method: str, path: str) -> tuple[int, bytes]:
    """Send a request without a body; return status and body."""
    with closing(http.client.HTTPConnection("127.0.0.1", engine.port)) as connection:
        connection.request(method, path)
        reply = connection.getresponse()
        return reply.status, reply.read()


def test_each_client_gets_its_own_in_every_form(engine: Engine) -> None:
    """Of 32 requests at once each gets the answer to its own values, at the mount and a route."""
    check_doubled(engine.url("/models"), MANY)
    seldon = ["json/ndarray", "protobuf/ndarray", "protobuf/tftensor"]
    check_doubled(engine.url(), MANY, seldon, seldon="/score")


def test_5_mb(engine: Engine) -> None:
    """Large bodies come back whole."""
    check_doubled(engine.url("/models"), [LARGE], ["json/ndarray", "oip/binary"])
    check_doubled(engine.url(), [LARGE], ["json/ndarray"], seldon="/score")


def test_what_is_refused(engine: Engine) -> None:
    """A broken message is 400 with its place; paths and methods are the framework's, or ours."""
    check_refused(engine.url("/models"))
    assert asked(engine, "GET", "/nothing") == (404, b'{"status_code":404,"detail":"Not Found"}')
    status, body = asked(engine, "GET", "/models/nothing")
    assert (status, b"expected a path that is served" in body) == (404, True)
    assert asked(engine, "PUT", "/score")[0] == 405
    assert asked(engine, "PUT", "/models/predict")[0] == 405
    assert asked(engine, "HEAD", "/models/v2/health/live") == (200, b"")
    assert asked(engine, "GET", "/models/v2/health/live") == (200, b'{"live":true}')


def test_the_openapi_page_has_the_route(engine: Engine) -> None:
    """With every media type that it takes."""
    status, body = asked(engine, "GET", "/schema/openapi.json")
    assert status == 200
    described = orjson.loads(body)["paths"]["/score"]["post"]["requestBody"]
    assert {"application/json", "application/x-protobuf"} <= described["content"].keys()


def test_the_client_of_the_page(engine: Engine, folder: Path, python: str) -> None:
    """It prints twice its numbers."""
    done = subprocess.run(
        [python, "client.py", engine.url("/models")],
        cwd=folder,
        env=variables(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{np.arange(6.0).reshape(2, 3) * 2}\n"


def test_names_and_guards(python: str, folder: Path) -> None:
    """A name in the path of a route is the model's; guards are asked for routes and mounts."""
    headers: dict[str, Any] = {"Content-Type": "application/json", "X-Key": "1"}
    command = [python, "-m", "uvicorn", "more_app:app", "--port", "{port}"]
    with running(command, folder, ready="/models/v2/health/live") as engine:
        status, _, body = posted(engine.url("/of/%C3%A4%20b"), OIP, headers)
        assert (status, orjson.loads(body)["model_name"]) == (200, "ä b")
        status, _, body = posted(engine.url("/models/v2/models/m/infer"), OIP, headers)
        assert (status, orjson.loads(body)["outputs"][0]["data"]) == (200, [3.0])
        del headers["X-Key"]
        for path in ("/of/m", "/models/v2/models/m/infer"):
            assert posted(engine.url(path), OIP, headers)[0] == 401
