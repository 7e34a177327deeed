"""The OpenAPI document, by a validator that others wrote, and in FastAPI's own."""

from __future__ import annotations

import json

import pytest

from tensorwire.serving import Handler, asgi, openapi

HANDLER = Handler()


def test_it_is_valid() -> None:
    """openapi-spec-validator, which reads the specification's schema, accepts it."""
    validator = pytest.importorskip("openapi_spec_validator")
    document = json.loads(json.dumps(openapi(HANDLER)))
    validator.validate(document)
    with pytest.raises(Exception, match="paths"):
        validator.validate({name: value for name, value in document.items() if name != "paths"})


def test_it_has_every_path() -> None:
    """Each path and method that is served is described, under the prefix."""
    paths = openapi(HANDLER, prefix="/models")["paths"]
    served = {
        (f"/models{row['path']}", method.lower())
        for row in json.loads(HANDLER(b"", {}, "/", method="GET").body)["rest"]
        for method in row["methods"]
    }
    assert served == {(path, method) for path, found in paths.items() for method in found}
    content = paths["/models/v2/models/{model_name}/infer"]["post"]["requestBody"]["content"]
    assert {"application/json", "application/octet-stream", "application/x-protobuf"} <= set(
        content
    )


def test_fastapi_shows_it() -> None:
    """The document of an application in which it is mounted can have its paths, and is valid."""
    validator = pytest.importorskip("openapi_spec_validator")
    fastapi = pytest.importorskip("fastapi")
    app = fastapi.FastAPI()
    app.mount("/models", asgi(HANDLER))
    app.openapi()["paths"].update(openapi(HANDLER, prefix="/models")["paths"])
    document = app.openapi()
    validator.validate(document)
    assert "/models/v1/models/{name}:predict" in document["paths"]
