"""FastAPI and Starlette answer in every protocol, as the files of docs/engines/starlette.md say."""

from __future__ import annotations

import asyncio
import importlib.util
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pytest

pytest.importorskip("fastapi", exc_type=ModuleNotFoundError)

from fastapi import Depends, FastAPI, HTTPException
from httpx import ASGITransport, AsyncClient, Response
from openapi_spec_validator import validate
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from tensorwire.integrations.starlette import endpoint, router
from tensorwire.serving import Handler, openapi
from tests.support.engine_checks import LARGE, MANY, check_doubled, check_refused
from tests.support.engine_requests import REQUESTS, Asked, Model
from tests.support.engines import example, running, variables

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SIZE = 8 << 20
handle = Handler(Model(), size=SIZE)


def ask(app: Any, *asked: Asked, root: str = "") -> list[Response]:
    """Ask an application, all requests at once."""

    async def answers() -> list[Response]:
        client = AsyncClient(transport=ASGITransport(app), base_url="http://localhost")
        async with client:
            waiting = [
                client.request(one.method, root + one.path, content=one.body, headers=one.headers)
                for one in asked
            ]
            return await asyncio.gather(*waiting)

    return asyncio.run(answers())


def fastapi_app(**options: Any) -> FastAPI:
    """Return a FastAPI application with all paths."""
    app = FastAPI()
    app.include_router(router(handle), prefix="/models", **options)
    return app


def same(got: Response, asked: Asked) -> None:
    """Compare a response with the reply of the handler itself."""
    reply = handle(asked.body, asked.headers, asked.path, method=asked.method)
    assert (got.status_code, got.content) == (reply.status, reply.body), asked.name
    for name, text in reply.headers.items():
        assert got.headers[name] == text, asked.name


def test_every_protocol() -> None:
    """Status, headers and body of good and bad requests are those of the handler."""
    served = [one for one in REQUESTS if one.path != "/nothing/here" and one.method != "PUT"]
    for asked, got in zip(served, ask(fastapi_app(), *served, root="/models"), strict=True):
        same(got, asked)


def test_what_has_no_route_is_the_frameworks() -> None:
    """An unknown path is FastAPI's 404, and a method that no route takes its 405."""
    app = fastapi_app()
    unknown, wrong, head = ask(
        app,
        Asked("unknown", "/models/nothing", {}),
        Asked("wrong", "/models/v2/models/m/infer", {}, method="PUT"),
        Asked("head", "/models/v2/health/live", {}, method="HEAD"),
    )
    assert (unknown.status_code, unknown.json()) == (404, {"detail": "Not Found"})
    assert (wrong.status_code, wrong.json()) == (405, {"detail": "Method Not Allowed"})
    assert (head.status_code, head.content) == (405, b"")


def test_the_openapi_page_has_every_path() -> None:
    """FastAPI's document is valid, and has each path with its media types, under the prefix."""
    document = fastapi_app().openapi()
    validate(document)
    for path, methods in openapi(handle)["paths"].items():
        found = document["paths"][f"/models{path}"]
        assert found.keys() == methods.keys()
        for method, described in methods.items():
            assert found[method]["summary"] == described["summary"]
            assert found[method].get("requestBody") == described.get("requestBody")
            assert [one["name"] for one in found[method].get("parameters", [])] == [
                one["name"] for one in described["parameters"]
            ]


def test_dependencies_guard_it() -> None:
    """What FastAPI's dependencies refuse never comes to the model."""

    def guard() -> None:
        raise HTTPException(401)

    (got,) = ask(fastapi_app(dependencies=[Depends(guard)]), REQUESTS[0], root="/models")
    assert (got.status_code, got.json()) == (401, {"detail": "Unauthorized"})


@pytest.mark.parametrize("mounted", [False, True])
def test_starlette(*, mounted: bool) -> None:
    """A route stands for the path of a protocol, also in a mount where that path begins."""
    routes = [Route("/score", endpoint(handle, "/v2/models/m/infer"), methods=["POST"])]
    app = Starlette(routes=[Mount("/v2", routes=routes)] if mounted else routes)
    root = "/v2/score" if mounted else "/score"
    served = [one for one in REQUESTS if one.path == "/v2/models/m/infer" and one.method == "POST"]
    asked = [Asked(one.name, "", one.headers, one.body) for one in served]
    assert len(served) > 10
    for one, got in zip(served, ask(app, *asked, root=root), strict=True):
        same(got, one)


def test_names_in_the_path() -> None:
    """The parameters of a path are those of the protocol's, escaped or not."""
    seen = []
    app = FastAPI()
    app.add_api_route(
        "/of/{model_name}",
        endpoint(handle, "/v2/models/{model_name}/infer"),
        methods=["POST"],
    )
    body = b'{"inputs":[{"name":"x","datatype":"FP64","shape":[1],"data":[1.0]}]}'
    for name in ("one", "%C3%A4%20b"):
        (got,) = ask(app, Asked("", f"/of/{name}", {"Content-Type": "application/json"}, body))
        seen.append(orjson.loads(got.content)["model_name"])
    assert seen == ["one", "ä b"]


@pytest.mark.parametrize("name", ["m", "%C3%A4"])
def test_a_path_that_is_one_of_another_protocol(name: str) -> None:
    """What a route stands for decides, not what its own path would be, escaped or not."""
    answer = endpoint(handle, "/predict")
    app = Starlette(routes=[Route("/v2/models/{name}/infer", answer, methods=["POST"])])
    seldon = REQUESTS[0]
    (got,) = ask(app, Asked("", f"/v2/models/{name}/infer", seldon.headers, seldon.body))
    same(got, seldon)


def test_a_body_that_is_too_large() -> None:
    """It is 413 with the error of the protocol."""
    (got,) = ask(fastapi_app(), Asked("large", "/models/v1/models/m:predict", {}, bytes(SIZE + 1)))
    assert got.status_code == 413
    assert got.json() == {"error": f"expected a body of at most {SIZE} bytes, got more"}


def test_each_client_gets_its_own() -> None:
    """Of 32 requests at once, to a model that gives way, each gets the answer to its own values."""

    async def slowly(X: Any) -> Any:  # noqa: N803 - Seldon's name
        await asyncio.sleep(0)
        return X * 2

    app = FastAPI()
    app.include_router(router(Handler(slowly)))
    values = [np.full((3, 2), number, np.float64) for number in range(32)]
    bodies = [orjson.dumps({"data": {"ndarray": value.tolist()}}) for value in values]
    asked = (Asked("", "/predict", {"Content-Type": "application/json"}, body) for body in bodies)
    for value, got in zip(values, ask(app, *asked), strict=True):
        assert orjson.loads(got.content) == {"data": {"ndarray": (value * 2).tolist()}}


def loaded(path: Path) -> Any:
    """Import a file."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["fastapi_app", "starlette_app"])
def test_the_files_of_the_page(name: str, tmp_path: Path) -> None:
    """They answer what the page says."""
    files = {path.stem: path for path in example("starlette", tmp_path)}
    app = loaded(files[name]).app
    served: Iterable[Asked] = (
        Asked("", "/models/v1/models/double:predict", {}, b'{"instances":[1.5,2]}'),
        Asked("", "/models/predict", {}, b'{"data":{"ndarray":[[1.5,2]]}}'),
    )
    serving, seldon = ask(app, *served)
    assert serving.json() == {"predictions": [3.0, 4.0]}
    assert seldon.json() == {"data": {"ndarray": [[3.0, 4.0]]}}
    if name == "starlette_app":
        (asked,) = (one for one in REQUESTS if one.name == "oip json")
        (got,) = ask(app, Asked("", "/score", asked.headers, asked.body))
        assert got.json()["outputs"][0]["data"] == [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]


@pytest.mark.slow
def test_under_uvicorn(tmp_path: Path) -> None:
    """The page word for word: the client's numbers, 5 MB, and 32 clients with their own values."""
    example("starlette", tmp_path)
    command = ["python", "-m", "uvicorn", "fastapi_app:app", "--port", "{port}"]
    with running(command, tmp_path, ready="/models/v2/health/live") as engine:
        client = [sys.executable, "client.py", engine.url("/models")]
        done = subprocess.run(
            client, cwd=tmp_path, env=variables(), capture_output=True, text=True, check=True
        )
        assert done.stdout == f"{np.arange(6.0).reshape(2, 3) * 2}\n"
        check_doubled(engine.url("/models"), MANY)
        check_doubled(engine.url("/models"), [LARGE], ["json/ndarray", "oip/binary"])
        check_refused(engine.url("/models"))
