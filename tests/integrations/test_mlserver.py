"""MLServer: the files of docs/engines/mlserver.md, and what `install` leaves as it is."""

from __future__ import annotations

import http.client
import subprocess
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.support.engine_checks import MANY, check_doubled, check_refused
from tests.support.engine_tensors import (
    ARRAYS,
    TYPED,
    ask_grpc,
    ask_json,
    request,
    texts,
    values_of,
)
from tests.support.engines import environment_of, example, free_port, running, variables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.engines import Engine

pytestmark = pytest.mark.slow
AS_IT_IS = """
import numpy as np
from mlserver import MLModel
from mlserver.codecs import decode_args

class Double(MLModel):
    @decode_args
    async def predict(self, x: np.ndarray) -> np.ndarray:
        return x * 2
"""
# Run in the environment: what `install` changes, and that `uninstall` puts it back.
REVERSIBLE = """
import logging
from tensorwire.integrations import mlserver as ours

lines = []
ours._LOG.addFilter(lambda record: lines.append(record.getMessage()) or True)
before = [vars(owner)[name] for owner, name, _ in ours._OURS]
ours.TESTED, tested = ("0.0.1",), ours.TESTED
assert not ours.install()
assert [vars(owner)[name] for owner, name, _ in ours._OURS] == before
ours.TESTED = tested
assert ours.install() and ours.install()
assert not any(vars(owner)[name] in before for owner, name, _ in ours._OURS)

import copy, pickle
import numpy as np
from mlserver import types
from mlserver.codecs import NumpyCodec

array = np.arange(100.0).reshape(2, 50)
array[1, 1] = np.nan
made = NumpyCodec.encode_output("y", array)
moved = pickle.loads(pickle.dumps(made)), copy.deepcopy(made)
array[0] = 7  # what was written is what it was
ours.uninstall()
assert [vars(owner)[name] for owner, name, _ in ours._OURS] == before
array[0] = np.arange(50.0)
theirs = NumpyCodec.encode_output("y", array)
for one in (made, *moved):
    assert one == theirs and theirs == one
    assert one.model_dump() == theirs.model_dump()
    assert one.model_dump_json() == theirs.model_dump_json()
assert type(made.data.root) is list and len(made.data) == 100 and made.data[3] == 3.0
made.data.root[3] = 4.0  # a list that was asked for may be changed
ours.install()
assert NumpyCodec.decode_output(made)[0, 3] == 4.0
print(*lines, sep="\\n")
"""


@contextmanager
def serving(folder: Path, module: str, **more: str) -> Iterator[tuple[Engine, int]]:
    """Run MLServer with the model of a module; yield the engine, and its port for gRPC."""
    python, calls = environment_of("mlserver"), free_port()
    settings = {
        "MLSERVER_MODEL_NAME": "double",
        "MLSERVER_MODEL_IMPLEMENTATION": f"{module}.Double",
        "MLSERVER_HOST": "127.0.0.1",
        "MLSERVER_HTTP_PORT": "{port}",
        "MLSERVER_GRPC_PORT": str(calls),
        "MLSERVER_METRICS_PORT": str(free_port()),
        "MLSERVER_PARALLEL_WORKERS": "0",
        **more,
    }
    command = [python, "-c", "from mlserver.cli.main import main; main()", "start", "."]
    ready = "http://127.0.0.1:{port}/v2/models/double/ready"
    with running(command, folder, ready=ready, more=settings) as engine:
        end = time.monotonic() + 120
        while not _is_ready(engine):
            assert time.monotonic() < end, engine.log.read_text("utf-8")[-3000:]
            time.sleep(0.05)
        yield engine, calls


def _is_ready(engine: Engine) -> bool:
    """Return whether the model is loaded: MLServer answers 400 until then."""
    with closing(http.client.HTTPConnection("127.0.0.1", engine.port, timeout=60)) as connection:
        connection.request("GET", "/v2/models/double/ready")
        return connection.getresponse().status == 200


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_route(workers: str, tmp_path: Path) -> None:
    """Every protocol, with the model in the server and in a process of its own."""
    example("mlserver", tmp_path)
    with serving(tmp_path, "routed", MLSERVER_PARALLEL_WORKERS=workers) as (engine, _):
        check_doubled(engine.url("/tensorwire"), MANY)
        check_refused(engine.url("/tensorwire"))


def test_install(tmp_path: Path) -> None:
    """REST and gRPC answer what MLServer answers as it is; NaN over gRPC is no error more."""
    example("mlserver", tmp_path)
    (tmp_path / "as_it_is.py").write_text(AS_IT_IS, encoding="utf-8")
    found = []
    for module in ("as_it_is", "installed"):
        with serving(tmp_path, module) as (engine, calls):
            log = engine.log.read_text("utf-8")
            assert log.count("tensorwire reads and writes") == (module == "installed")
            url = engine.url("/v2/models/double/infer")
            answers: dict[tuple[str, str], tuple[Any, Any]] = {}
            for name, body in texts():
                status, reply = ask_json(url, body)
                if isinstance(reply, bytes):  # the traceback that MLServer shows
                    reply = reply.splitlines()[-1]
                answers["json", name] = status, reply
            for name, array in TYPED.items():
                answers["typed", name] = ask_grpc(calls, request(array, raw=False))
            for name, array in ARRAYS.items():
                answers["raw", name] = ask_grpc(calls, request(array, raw=True))
        found.append(answers)
    theirs, ours = found
    better = {key for key in theirs if theirs[key] != ours[key]}
    assert better == {
        (form, name) for form in ("typed", "raw") for name in ("NaN", "signalling NaN")
    }
    for key in sorted(better):
        status, response = ours[key]
        assert theirs[key][0] != "OK"
        assert status == "OK"
        with np.errstate(invalid="ignore"):  # of a signalling NaN
            np.testing.assert_array_equal(values_of(response), ARRAYS[key[1]].ravel() * 2)
    assert sum(answer[0] in {200, "OK"} for answer in ours.values()) > 50
    assert ours["json", "out of range"][0] >= 400


def test_in_workers(tmp_path: Path) -> None:
    """`install` works where the model is in a process of its own, and with adaptive batching."""
    example("mlserver", tmp_path)
    more = {"MLSERVER_PARALLEL_WORKERS": "1", "MLSERVER_MODEL_MAX_BATCH_SIZE": "8"}
    more["MLSERVER_MODEL_MAX_BATCH_TIME"] = "0.05"
    with serving(tmp_path, "installed", **more) as (engine, calls):
        url = engine.url("/v2/models/double/infer")
        bodies = dict(texts())
        status, reply = ask_json(url, bodies["float64"])
        assert status == 200, reply
        expected = (ARRAYS["float64"] * 2).ravel().tolist()
        assert reply["outputs"][0]["data"] == expected
        for raw in (False, True):
            code, response = ask_grpc(calls, request(ARRAYS["float64"], raw=raw))
            assert code == "OK"
            assert values_of(response).tolist() == expected


def test_a_codec(tmp_path: Path) -> None:
    """Shapes and values are as they were sent, and what is none is refused with its place."""
    example("mlserver", tmp_path)
    bodies = dict(texts())
    with serving(tmp_path, "coded") as (engine, _):
        url = engine.url("/v2/models/double/infer")
        for name in ("float64", "one dimension", "int32", "many dimensions", "without elements"):
            status, reply = ask_json(url, bodies[name])
            (output,) = reply["outputs"]
            assert (status, output["shape"]) == (200, list(ARRAYS[name].shape)), name
            assert output["data"] == (ARRAYS[name] * 2).ravel().tolist()
        assert ask_json(url, bodies["null"])[1]["outputs"][0]["data"][-2:] == [3998.0, None]
        status, reply = ask_json(url, bodies["out of range"])
        assert status == 400
        expected = "expected UINT8, which is 0 to 255, got 256 - at $.inputs['x'][256]"
        assert reply["error"].endswith(expected)


def run(code: str) -> Any:
    """Run code in the environment; return what it printed."""
    python = environment_of("mlserver")
    done = subprocess.run(
        [python, "-c", code],
        capture_output=True,
        text=True,
        env=variables(),
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_it_is_visible_and_reversible() -> None:
    """One line of the log; all is put back; another version is left alone, and told."""
    refused, installed, again = run(REVERSIBLE).splitlines()
    assert refused == "mlserver 1.7.1: tested with 0.0.1, nothing is replaced"
    assert installed.startswith("mlserver 1.7.1: tensorwire reads and writes its tensors")
    assert again == installed
