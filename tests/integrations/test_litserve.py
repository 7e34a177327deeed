"""LitServe answers in every protocol, as the files of docs/engines/litserve.md say."""

from __future__ import annotations

import http.client
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np
import orjson
import pytest

from tests.support.engine_checks import (
    BROKEN,
    FORMS,
    LARGE,
    MANY,
    check_doubled,
    check_refused,
    posted,
)
from tests.support.engines import Engine, environment_of, example, running, variables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow
# One path beside another API, and batches that wait until they are full: names are the sizes.
MORE = """
import sys

import litserve as ls

from litserve_app import Double
from tensorwire.integrations.litserve import TensorAPI
from tensorwire.serving import Handler


class Sized(TensorAPI):
    def setup(self, device):
        self.handler = Handler(lambda X: X * 0 + len(X))


if __name__ == "__main__":
    sized = Sized(api_path="/v1/models/sized:predict", max_batch_size=4, batch_timeout=30)
    server = ls.LitServer([sized, Double(api_path="/predict")], accelerator="cpu")
    server.run(host="127.0.0.1", port=int(sys.argv[1]), generate_client_file=False)
"""


@pytest.fixture(scope="module")
def python() -> str:
    """Return the interpreter that has LitServe."""
    return environment_of("litserve")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the files of the page."""
    made = tmp_path_factory.mktemp("litserve")
    example("litserve", made)
    (made / "more_app.py").write_text(MORE)
    return made


@pytest.fixture(scope="module")
def engine(python: str, folder: Path) -> Iterator[Engine]:
    """Run the page's server, whose workers take a moment after it answers."""
    with running([python, "litserve_app.py", "{port}"], folder, ready="/health") as made:
        yield made


def asked(engine: Engine, method: str, path: str) -> tuple[int, bytes]:
    """Send a request without a body; return status and body."""
    with closing(http.client.HTTPConnection("127.0.0.1", engine.port)) as connection:
        connection.request(method, path)
        reply = connection.getresponse()
        return reply.status, reply.read()


def test_each_client_gets_its_own_in_every_form(engine: Engine) -> None:
    """Of 32 requests at once, which are batched, each gets the answer to its own values."""
    check_doubled(engine.url(), MANY)


def test_a_batch_of_all_forms(engine: Engine) -> None:
    """Requests in different forms, good and broken, have each its own reply."""
    with ThreadPoolExecutor(2) as both:
        good = both.submit(check_doubled, engine.url(), MANY * 2, FORMS)
        for _ in range(10):
            check_refused(engine.url())
        good.result()


def test_5_mb(engine: Engine) -> None:
    """Large bodies come back whole."""
    check_doubled(engine.url(), [LARGE], ["json/ndarray", "oip/binary"])


def test_what_is_the_engines(engine: Engine) -> None:
    """Its own paths are its own, and a method that it does not take is its 405."""
    assert asked(engine, "GET", "/health") == (200, b"ok")
    assert asked(engine, "GET", "/predict") == (405, b'{"detail":"Method Not Allowed"}')
    assert asked(engine, "HEAD", "/predict") == (405, b"")
    status, _, body = posted(engine.url("/nothing"), b"{}", {})
    assert status == 404
    assert orjson.loads(body)["error"].startswith("expected a path that is served")


def test_the_client_of_the_page(engine: Engine, folder: Path, python: str) -> None:
    """It prints twice its numbers."""
    done = subprocess.run(
        [python, "client.py", engine.url()],
        cwd=folder,
        env=variables(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{np.arange(6.0).reshape(2, 3) * 2}\n"


def test_one_call_of_the_model_a_batch(python: str, folder: Path) -> None:
    """Three good requests and a broken one are a batch of three rows; other paths are others'."""
    good = b'{"instances":[1.5]}'
    broken = b'{"instances":[1.5,[2]]}'
    with running([python, "more_app.py", "{port}"], folder, ready="/health") as engine:
        url = engine.url("/v1/models/sized:predict")
        with ThreadPoolExecutor(4) as clients:
            asked = [good, broken, good, good]
            replies = list(clients.map(lambda body: posted(url, body, {}), asked))
        assert [status for status, *_ in replies] == [200, 400, 200, 200]
        for status, _, body in replies:
            if status == 200:
                assert orjson.loads(body) == {"predictions": [3.0]}
            else:
                assert b" - at $.instances[1]" in body
        check_doubled(engine.url(), MANY, ["json/ndarray"])
        body, place = BROKEN["json/ndarray"]
        status, _, reply = posted(engine.url("/predict"), body, {})
        assert (status, f" - at {place}" in reply.decode()) == (400, True)
