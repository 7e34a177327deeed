"""Seldon's wrapper with tensorwire, as docs/engines/seldon.md says: `raw`, and `install`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import numpy as np
import orjson
import pytest
from google.protobuf import json_format

from tensorwire.containers.protobuf.schema import message_class
from tests.support.engine_checks import posted
from tests.support.engines import environment_of, example, free_port, running, variables

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

PAIRS = Path(__file__).parents[1] / "support/seldon_pairs.py"
JSON = {"Content-Type": "application/json"}
VALUES = [[1.5, -2.0], [0.1, 1e300]]
SWAPPING = """
import json, logging, sys
from tensorwire.integrations import seldon
from tensorwire.integrations.seldon import replacing
logged = []
handler = logging.Handler()
handler.emit = lambda record: logged.append(record.getMessage())
replacing._LOG.addHandler(handler)
from seldon_core import seldon_client, seldon_methods, utils, wrapper
def owners():
    return [getattr(m, n).__module__.split(".")[0] for n in replacing._OURS
            for m in (seldon_client, seldon_methods, utils, wrapper) if hasattr(m, n)]
found = [owners(), seldon.install(), owners(), seldon.install(), owners()]
seldon.uninstall()
found.append(owners())
replacing.TESTED = ("1.0.0",)
found += [seldon.install(), owners(), logged]
json.dump(found, sys.stdout)
"""
REFUSING = """
import json
from tensorwire.integrations.seldon import raw
try:
    raw("predict_raw")
except ValueError as error:
    print(json.dumps(str(error)))
"""


class Wrapper:
    """The server of the page."""

    def __init__(self, rest: int, grpc_port: int) -> None:
        self.rest, self.grpc = rest, grpc_port

    def post(self, path: str, body: bytes) -> tuple[int, Any]:
        """Return the status, and the reply as orjson reads it."""
        status, _, reply = posted(f"http://127.0.0.1:{self.rest}{path}", body, JSON)
        return status, orjson.loads(reply)

    def call(self, method: str, message: Any) -> Any:
        """Return the reply as protobuf's runtime reads it."""
        with grpc.insecure_channel(f"127.0.0.1:{self.grpc}") as channel:
            method = f"/seldon.protos.{method}"
            return message_of(channel.unary_unary(method)(message.SerializeToString(), timeout=60))


def message_of(body: bytes | None = None, **fields: Any) -> Any:
    """Return a SeldonMessage of protobuf's runtime."""
    made = message_class("seldon.protos.SeldonMessage")
    return made(**fields) if body is None else made.FromString(body)


def served(folder: Path, **more: str) -> Iterator[Wrapper]:
    """Run the server of the page until the block ends."""
    python = environment_of("seldon")
    example("seldon", folder)
    port = free_port()
    command = [python, "serve.py", "{port}", str(port)]
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", **more}
    with running(command, folder, ready="/health/ping", more=quiet) as engine:
        yield Wrapper(engine.port, port)


@pytest.fixture(scope="module")
def passing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wrapper]:
    """Run it with bytes for `predict_raw`."""
    yield from served(tmp_path_factory.mktemp("passing"), PAYLOAD_PASSTHROUGH="true")


@pytest.fixture(scope="module")
def parsing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wrapper]:
    """Run it with JSON that the wrapper parses, after `install`."""
    yield from served(tmp_path_factory.mktemp("parsing"))


def in_environment(*arguments: str) -> Any:
    """Return what a script in the environment prints as JSON."""
    command = [environment_of("seldon"), *arguments]
    quiet = variables({"TF_CPP_MIN_LOG_LEVEL": "3"})
    done = subprocess.run(command, env=quiet, capture_output=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:].decode()
    return orjson.loads(done.stdout)


def test_replaced_functions_do_what_the_wrappers_own_do() -> None:
    """Results are the same in type, dtype, shape, bytes, writability, and so are exceptions."""
    found = in_environment(str(PAIRS))
    assert found["different"] == []
    assert found["count"] > 10_000


def test_install_is_undone_and_knows_its_versions() -> None:
    """Every module gets the functions, once; `uninstall` puts all back; others are left alone."""
    found = in_environment("-c", SWAPPING)
    before, named, after, again, still, undone, refused, untouched, logged = found
    assert set(before) == {"seldon_core"}
    assert set(after) == set(still) == {"tensorwire"}
    assert len(named) == 7
    assert again == named
    assert before == undone == untouched
    assert refused == []
    assert len(logged) == 3
    assert all(name in logged[0] for name in named)
    assert logged[2] == "seldon-core 1.17.1: tested with 1.0.0, nothing is replaced"


@pytest.mark.parametrize("server", ["passing", "parsing"])
@pytest.mark.parametrize("kind", ["ndarray", "tensor", "tftensor"])
def test_json(server: str, kind: str, request: pytest.FixtureRequest) -> None:
    """A reply has the kind, names and puid that the wrapper's has, and twice the values."""
    array = np.array(VALUES)
    data: Any = {
        "ndarray": VALUES,
        "tensor": {"shape": [2, 2], "values": array.ravel().tolist()},
        "tftensor": {
            "dtype": "DT_DOUBLE",
            "tensorShape": {"dim": [{"size": "2"}, {"size": "2"}]},
            "doubleVal": array.ravel().tolist(),
        },
    }[kind]
    body = json.dumps({"meta": {"puid": "p"}, "data": {kind: data}}).encode()
    status, reply = request.getfixturevalue(server).post("/api/v1.0/predictions", body)
    assert status == 200
    assert reply["meta"] == {"puid": "p"}
    assert reply["data"].keys() == {"names", kind}
    assert reply["data"]["names"] == ["t:0", "t:1"]
    got = message_of()
    json_format.ParseDict({"data": reply["data"]}, got)
    assert values(got.data).tolist() == (array * 2).tolist()


def values(data: Any) -> Any:
    """Return the array of a message, read by protobuf's runtime."""
    if data.HasField("ndarray"):
        rows = [
            [cell.number_value for cell in row.list_value.values] for row in data.ndarray.values
        ]
        return np.array(rows)
    if data.HasField("tensor"):
        return np.array(data.tensor.values).reshape(data.tensor.shape)
    tensor = data.tftensor
    shape = [dim.size for dim in tensor.tensor_shape.dim]
    return np.frombuffer(tensor.tensor_content or np.array(tensor.double_val).tobytes()).reshape(
        shape
    )


@pytest.mark.parametrize("service", ["Seldon", "Model"])
@pytest.mark.parametrize("rows", [2, 5000])
def test_grpc(passing: Wrapper, service: str, rows: int) -> None:
    """A message of protobuf's runtime has a reply that it reads: names, puid, twice the values."""
    array = np.arange(rows * 2.0).reshape(rows, 2)
    request = message_of(data={"ndarray": array.tolist()}, meta={"puid": "p"})
    reply = passing.call(f"{service}/Predict", request)
    assert reply.meta.puid == "p"
    assert list(reply.data.names) == ["t:0", "t:1"]
    assert values(reply.data).tolist() == (array * 2).tolist()


def test_refusals(passing: Wrapper) -> None:
    """What is wrong with a message is a 400 with its place; gRPC tells the same text."""
    status, reply = passing.post("/predict", b'{"data":{"tensor":{"shape":[3],"values":[1]}}}')
    assert status == 400
    assert reply["status"]["reason"] == "MICROSERVICE_BAD_DATA"
    assert "$.data.tensor" in reply["status"]["info"]
    with pytest.raises(grpc.RpcError) as failed:
        passing.call("Seldon/Predict", message_of(data={"tensor": {"shape": [3], "values": [1]}}))
    assert "$.data.tensor" in str(failed.value.details())


def test_what_the_wrapper_alone_reads(parsing: Wrapper) -> None:
    """NaN, letters that flask escapes, forms and text go the wrapper's way after `install`."""
    assert parsing.post("/predict", b'{"strData":"\\u00e9"}') == (
        200,
        {"meta": {}, "strData": "\u00e9\u00e9"},
    )
    assert parsing.post("/predict", b"{")[0] == 400
    with pytest.raises(orjson.JSONDecodeError):
        parsing.post("/predict", b'{"data":{"ndarray":[[NaN]]}}')


def test_raw_names_the_methods_that_there_are() -> None:
    """A word that is no method is refused where the class is written."""
    found = in_environment("-c", REFUSING)
    assert found.endswith("send_feedback, got 'predict_raw'")


def test_without_seldon_core(tmp_path: Path) -> None:
    """The error names what is to be installed."""
    code = "import sys; sys.modules['seldon_core'] = None; import tensorwire.integrations.seldon"
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, env=variables(), cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "pip install --no-deps seldon-core==1.17.1" in done.stderr
