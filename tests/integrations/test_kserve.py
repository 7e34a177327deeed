"""KServe: the files of docs/engines/kserve.md, and what `install` leaves as it is."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.support.engine_checks import (
    MANY,
    check_doubled,
    check_refused,
    posted,
)
from tests.support.engine_checks import (
    request as rest_request,
)
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
# Serves the model of a module as KServe's launcher does, on 127.0.0.1 alone.
SERVING = """
import asyncio, importlib, sys

name, port, calls = sys.argv[1:4]
sys.argv[1:] = []
module = importlib.import_module(name)
import uvicorn
from grpc import aio
from kserve import ModelRepository
from kserve.model_server import app
from kserve.protocol.dataplane import DataPlane
from kserve.protocol.grpc.grpc_predict_v2_pb2_grpc import (
    add_GRPCInferenceServiceServicer_to_server,
)
from kserve.protocol.grpc.interceptors import ExceptionToStatusInterceptor
from kserve.protocol.grpc.servicer import InferenceServicer
from kserve.protocol.model_repository_extension import ModelRepositoryExtension
from kserve.protocol.rest.server import RESTServer

model = module.Double("double")
model.load()
models = ModelRepository()
models.update(model)
plane, extension = DataPlane(models), ModelRepositoryExtension(models)
RESTServer("", plane, extension, 8080).create_application()

async def serve():
    server = aio.server(interceptors=(ExceptionToStatusInterceptor(),))
    add_GRPCInferenceServiceServicer_to_server(InferenceServicer(plane, extension), server)
    server.add_insecure_port(f"127.0.0.1:{calls}")
    await server.start()
    await uvicorn.Server(uvicorn.Config(app, port=int(port), log_level="warning")).serve()

asyncio.run(serve())
"""
# Run in the environment: what `install` changes, and that `uninstall` puts it back.
REVERSIBLE = """
from tensorwire.integrations import kserve as ours

lines = []
ours._LOG.addFilter(lambda record: lines.append(record.getMessage()) or True)
from kserve.protocol import infer_type
from kserve.protocol.rest import v2_endpoints

owners = [infer_type, v2_endpoints, infer_type.InferInput, infer_type.InferOutput]
owners += [infer_type.InferRequest, infer_type.InferResponse]
before = [dict(vars(owner)) for owner in owners]
ours.TESTED, tested = ("0.0.1",), ours.TESTED
assert not ours.install()
assert [dict(vars(owner)) for owner in owners] == before
ours.TESTED = tested
assert ours.install() and ours.install()
changed = {
    name for owner, old in zip(owners, before) for name in old if vars(owner)[name] is not old[name]
}
names = {"get_content", "as_numpy", "set_data_from_numpy", "data", "to_grpc", "to_rest"}
assert changed == names | {"APIRouter"}, changed

import copy, pickle
import numpy as np
from kserve import InferInput

array = np.arange(100.0).reshape(2, 50)
made = InferInput("x", [2, 50], "FP64")
made.set_data_from_numpy(array, binary_data=False)
moved = pickle.loads(pickle.dumps(made)), copy.deepcopy(made)
array[0] = 7  # what was written is what it was
for one in (made, *moved):
    numbers = one.as_numpy()
    assert numbers.tolist()[1] == list(map(float, range(50, 100)))
    numbers[0, 0] = 9  # a model may write to its array
    assert one.data == list(map(float, range(100)))
    one.data[3] = 4.0  # a list that was asked for may be changed
    assert one.as_numpy()[0, 3] == 4.0

from kserve import InferRequest
from kserve.protocol.grpc.grpc_predict_v2_pb2 import ModelInferRequest
from tensorwire.protocols.oip.contents import write_contents

bits = np.full(100, 0x7FA00001, np.uint32)  # a signalling NaN, which a list makes a quiet one
message = ModelInferRequest(model_name="m")
tensor = message.inputs.add(name="x", datatype="FP32", shape=[100])
tensor.contents.MergeFromString(write_contents(bits.view(np.float32)))
read = InferRequest.from_grpc(message)
assert (read.inputs[0].as_numpy().view(np.uint32) == bits).all()
assert read.to_grpc().inputs[0].SerializeToString() == tensor.SerializeToString()
ours.uninstall()
for owner, old in zip(owners, before):
    assert all(vars(owner)[name] is old[name] for name in old)
print(*lines, sep="\\n")
"""


@contextmanager
def serving(folder: Path, module: str) -> Iterator[tuple[Engine, int]]:
    """Run KServe with the model of a module; yield the engine, and its port for gRPC."""
    (folder / "serving.py").write_text(SERVING, encoding="utf-8")
    calls = free_port()
    command = [environment_of("kserve"), "serving.py", module, "{port}", str(calls)]
    with running(command, folder, ready="/v2/models/double/ready") as engine:
        yield engine, calls


def test_a_mount(tmp_path: Path) -> None:
    """Every protocol, next to KServe's own endpoints."""
    example("kserve", tmp_path)
    python = environment_of("kserve")
    command = [python, "-m", "uvicorn", "mounted:app", "--host", "127.0.0.1", "--port", "{port}"]
    with running(command, tmp_path, ready="/v2/health/live") as engine:
        check_doubled(engine.url("/tensorwire"), MANY)
        check_refused(engine.url("/tensorwire"))
        status, _, _ = posted(engine.url("/v2/models/none/infer"), b"{}", {})
        assert status in {404, 422}


def test_install(tmp_path: Path) -> None:
    """REST and gRPC answer what KServe answers as it is, errors too."""
    example("kserve", tmp_path)
    text = (tmp_path / "installed.py").read_text("utf-8")
    (tmp_path / "as_it_is.py").write_text(text.replace("\ninstall()\n", "\n"), encoding="utf-8")
    found = []
    for module in ("as_it_is", "installed"):
        with serving(tmp_path, module) as (engine, calls):
            log = engine.log.read_text("utf-8")
            assert log.count("tensorwire reads and writes") == (module == "installed")
            url = engine.url("/v2/models/double/infer")
            answers: dict[tuple[str, str], tuple[Any, Any]] = {}
            for name, body in texts():
                answers["json", name] = ask_json(url, body)
            for name, array in TYPED.items():
                answers["typed", name] = ask_grpc(calls, request(array, raw=False))
            for name, array in ARRAYS.items():
                answers["raw", name] = ask_grpc(calls, request(array, raw=True))
                if array.dtype == np.float64:
                    answers["binary", name] = posted(url, *rest_request("oip/binary", array))[::2]
        found.append(answers)
    theirs, ours = found
    assert not [key for key in theirs if theirs[key] != ours[key]]
    assert sum(answer[0] in {200, "OK"} for answer in ours.values()) > 60
    for form in ("typed", "raw"):
        status, response = ours[form, "float64"]
        assert status == "OK"
        assert values_of(response).tobytes() == (ARRAYS["float64"] * 2).tobytes()
    status, reply = ours["binary", "float64"]
    assert reply.endswith((ARRAYS["float64"] * 2).tobytes())
    assert ours["json", "float64"][1]["outputs"][0]["data"] == (
        (ARRAYS["float64"] * 2).ravel().tolist()
    )


def test_it_is_visible_and_reversible() -> None:
    """One line of the log; all is put back; another version is left alone, and told."""
    done = subprocess.run(
        [environment_of("kserve"), "-c", REVERSIBLE],
        capture_output=True,
        text=True,
        env=variables(),
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    refused, installed = done.stdout.splitlines()
    assert refused == "kserve 0.21.0: tested with 0.0.1, nothing is replaced"
    assert installed.startswith("kserve 0.21.0: tensorwire reads and writes its tensors")
