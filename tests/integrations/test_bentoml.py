"""BentoML answers in every protocol, as the files of docs/engines/bentoml.md say."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.support.engine_checks import LARGE, MANY, check_doubled, check_refused, posted
from tests.support.engines import Engine, environment_of, example, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

QUIET = {"BENTOML_DO_NOT_TRACK": "True", "NO_COLOR": "1"}
JSON = {"Content-Type": "application/json"}


def serving(folder: Path, service: str) -> Iterator[Engine]:
    """Yield a service of the page, which ends afterwards."""
    interpreter = environment_of("bentoml")
    example("bentoml", folder)
    more = {**QUIET, "BENTOML_HOME": str(folder / "home")}
    command = [interpreter, "-m", "bentoml", "serve", service]
    command += ["--host", "127.0.0.1", "--port", "{port}"]
    with running(command, folder, ready="/readyz", more=more) as engine:
        yield engine


@pytest.fixture(scope="module")
def double(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Yield the first file of the page, under BentoML."""
    yield from serving(tmp_path_factory.mktemp("double"), "service:Double")


@pytest.fixture(scope="module")
def batched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Yield the second file of the page, under BentoML."""
    yield from serving(tmp_path_factory.mktemp("batched"), "batched:Front")


def test_every_form(double: Engine) -> None:
    """5 MB, and 32 clients with their own values, in every form."""
    check_doubled(double.url(), [LARGE])
    check_doubled(double.url(), MANY)


def test_what_is_refused(double: Engine) -> None:
    """400, and the place in the error."""
    check_refused(double.url())


def test_what_the_page_says(double: Engine) -> None:
    """The second reply, the protocol's health, and BentoML's own beside it."""
    body = b'{"instances":[1.5,2]}'
    status, _, reply = posted(double.url("/v1/models/double:predict"), body, JSON)
    assert (status, json.loads(reply)) == (200, {"predictions": [3.0, 4.0]})
    for path in ("/v2/health/ready", "/readyz", "/metrics"):
        connection = http.client.HTTPConnection("127.0.0.1", double.port, timeout=60)
        connection.request("GET", path)
        assert connection.getresponse().status == 200, path
        connection.close()


def test_batched(batched: Engine) -> None:
    """32 clients at once each get their own values back from the batches of another service."""
    forms = ("json/ndarray", "oip/binary")
    check_doubled(batched.url(), [np.ones((2, 3))], forms)
    check_doubled(batched.url(), MANY[:16], forms)
    check_refused(batched.url())
