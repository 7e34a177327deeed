"""Ray Serve answers every protocol, over HTTP and gRPC, and loses no request while it changes."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tensorwire.containers.protobuf.schema import message_class
from tensorwire.serving import Handler
from tests.support.engines import ROOT, environment_of, example, variables
from tests.support.ray_inside import RayInside, alone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

ROWS = np.arange(6.0).reshape(2, 3)
GRPC = 9000
INFER = "/inference.GRPCInferenceService/ModelInfer"
# In the namespace, by the Python and the libraries of the tests.
CHECKED = """
from tests.support.engine_checks import LARGE, MANY, check_doubled, check_refused, posted
root = "http://127.0.0.1:8000{prefix}"
check_doubled(root, MANY)
check_doubled(root, [LARGE], ["json/ndarray", "oip/binary"])
check_refused(root)
assert posted(root + "/nowhere", b"{{}}", {{}})[0] == 404
import urllib.request
with urllib.request.urlopen(root + "/v2/health/ready") as reply:
    assert reply.read() == b'{{"ready":true}}'
query = "?json=%7B%22data%22%3A%7B%22ndarray%22%3A%5B1.5%5D%7D%7D"
with urllib.request.urlopen(root + "/predict" + query) as reply:
    assert reply.read() == b'{{"data":{{"ndarray":[3.0]}}}}'
"""
TOGETHER = """
from concurrent.futures import ThreadPoolExecutor
from tests.support.engine_checks import posted
bodies = [b'{"instances":[%d]}' % number for number in range(30)]
bodies[7] = b'{"instances":[[1],2]}'
url = "http://127.0.0.1:8000/batches/v1/models/m:predict"
with ThreadPoolExecutor(30) as pool:
    replies = list(pool.map(lambda body: posted(url, body, {}), bodies))
for number, (status, _, body) in enumerate(replies):
    if number == 7:
        assert status == 400 and b"$.instances" in body, body
    else:
        assert (status, body) == (200, b'{"predictions":[%d]}' % (2 * number)), body
"""


@pytest.fixture(scope="module", params=["default", "HAProxy"])
def ray(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RayInside]:
    """Run the files of the page: both applications, behind both proxies that Ray has."""
    python, folder = environment_of("ray"), tmp_path_factory.mktemp("ray")
    example("ray_serve", folder)
    proxy = {"RAY_SERVE_ENABLE_HA_PROXY": "1"} if request.param == "HAProxy" else {}
    inside = RayInside(python, folder, variables(proxy))
    try:
        inside("load", "ray_grpc")
        inside("deploy", "ray_service", "default", "/")
        inside("deploy", "ray_batches", "batches", "/batches")
        yield inside
    finally:
        inside.close()


@pytest.mark.parametrize("prefix", ["", "/batches"])
def test_http(ray: RayInside, prefix: str) -> None:
    """Each client gets its own numbers in each form, and 5 MB; errors have their place."""
    ray("run", sys.executable, "-c", CHECKED.format(prefix=prefix))


@pytest.mark.parametrize("application", ["default", "batches"])
def test_grpc(ray: RayInside, application: str) -> None:
    """The methods of three protocols, two of them called Predict, each answer in their own."""

    def ask(method: str, request: Any, reply: str) -> Any:
        status, reason, body = ray("grpc", GRPC, application, method, request.SerializeToString())
        assert status == "OK", reason
        return message_class(reply).FromString(body)

    infer: Any = message_class("inference.ModelInferRequest")()
    infer.inputs.add(name="x", datatype="FP64", shape=[2, 3])
    infer.raw_input_contents.append(ROWS.tobytes())
    made = ask(INFER, infer, "inference.ModelInferResponse")
    assert made.raw_output_contents[0] == (ROWS * 2).tobytes()

    seldon: Any = message_class("seldon.protos.SeldonMessage")()
    seldon.data.tensor.shape.extend(ROWS.shape)
    seldon.data.tensor.values.extend(ROWS.ravel())
    for service in ("Seldon", "Model"):
        made = ask(f"/seldon.protos.{service}/Predict", seldon, "seldon.protos.SeldonMessage")
        assert list(made.data.tensor.values) == (ROWS * 2).ravel().tolist()

    serving: Any = message_class("tensorflow.serving.PredictRequest")()
    serving.inputs["x"].dtype = 2
    serving.inputs["x"].tensor_shape.dim.add(size=6)
    serving.inputs["x"].tensor_content = ROWS.tobytes()
    method = "/tensorflow.serving.PredictionService/Predict"
    made = ask(method, serving, "tensorflow.serving.PredictResponse")
    assert [one.tensor_content for one in made.outputs.values()] == [(ROWS * 2).tobytes()]

    empty: Any = message_class("inference.ServerLiveRequest")()
    live = "/inference.GRPCInferenceService/ServerLive"
    assert ask(live, empty, "inference.ServerLiveResponse").live
    status, reason, _ = ray("grpc", GRPC, application, INFER, b"\xff\xff")
    assert status == "INVALID_ARGUMENT"
    assert "inference.ModelInferRequest" in reason


def test_the_client_of_the_page(ray: RayInside) -> None:
    """It prints doubled numbers."""
    code = "import runpy; runpy.run_path('client.py')"
    assert ray("run", sys.executable, "-c", code) == "[0. 2. 4.]\n"


def test_a_batch_has_an_error_for_each(ray: RayInside) -> None:
    """Of requests that are sent together, the wrong one alone is refused."""
    ray("run", sys.executable, "-c", TOGETHER)


def test_every_method_has_its_own() -> None:
    """Ray calls a method by the last part of its name, so that the deployment has all of them."""
    names = {path.rpartition("/")[2] for path in Handler().answers.calls}
    code = "from tensorwire.integrations.ray_serve import Endpoint; print(*vars(Endpoint))"
    command = [environment_of("ray"), "-c", code]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env=variables(), timeout=120
    )
    assert not names - set(done.stdout.split())


def test_changes_lose_no_request(tmp_path: Path) -> None:
    """An update replaces all replicas under load; only a process that ends loses what it had."""
    app = ROOT / "bench/engines/apps/ray_changes.py"
    command = alone([environment_of("ray"), str(app), "--changes", "update,ends"])
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=variables(),
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert [line["change"] for line in lines] == ["update", "ends"], done.stderr[-4000:]
    update, ends = (line["found"] for line in lines)
    assert set(update) == {"old", "new"}
    assert set(ends) <= {"old", "500 Internal Server Error"}
    assert ends.get("500 Internal Server Error", 0) <= lines[1]["clients"]
    assert ends["old"] > 100


NODES = """
import subprocess, sys
sys.path.insert(0, "bench/engines/apps")
import ray
from ray_cluster import cluster

with cluster(nodes=2):
    assert len(ray.nodes()) == 2
    address = ray.get_runtime_context().gcs_address
    command = [*sys.argv[1:], "-m", "bench.engines", "ray-microbenchmark", "--quick"]
    subprocess.run([*command, "--ray-address", address], check=True)
"""


def test_the_benchmark_in_a_cluster_of_two_nodes() -> None:
    """The scenario measures in a cluster that there is already, and leaves it running."""
    done = subprocess.run(
        alone([environment_of("ray"), "-c", NODES, sys.executable]),
        cwd=ROOT,
        env=variables(),
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-4000:]
    assert "ray-microbenchmark: Ray Serve" in done.stdout
    assert "failed:" not in done.stdout
