"""The server as a part of others, and where its extra is not installed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import tensorwire as tw

SERVER = Path(tw.__file__).parent / "server"
INFER = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [2], "data": [1.5, 2.5]}]}


def python(code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter."""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_library_does_not_load_the_server() -> None:
    """`import tensorwire` loads neither the server nor what it needs."""
    done = python(
        "import sys, tensorwire\n"
        "names = {'grpc', 'uvicorn', 'prometheus_client', 'tensorwire.server', 'asyncio'}\n"
        "print(sorted(names & set(sys.modules)))"
    )
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["grpc", "uvicorn", "prometheus_client", "grpc_reflection"])
def test_a_missing_extra(name: str) -> None:
    """Without what it needs, the server says how to install it."""
    done = python(
        f"import sys; sys.modules[{name!r}] = None\n"
        "import tensorwire\n"
        "try:\n"
        "    import tensorwire.server\n"
        "except ImportError as error:\n"
        "    print(error)"
    )
    assert name in done.stdout
    assert "pip install 'tensorwire[server]'" in done.stdout


def test_mounted_in_starlette() -> None:
    """The application answers under the path at which it is mounted, beside others."""
    pytest.importorskip("tensorwire.server", exc_type=ModuleNotFoundError)
    applications = pytest.importorskip("starlette.applications")
    routing = pytest.importorskip("starlette.routing")
    testclient = pytest.importorskip("starlette.testclient")
    from tensorwire.server import RestApp

    app = applications.Starlette(routes=[routing.Mount("/models", RestApp())])
    mounted(testclient.TestClient(app))


def test_mounted_in_fastapi() -> None:
    """The same in FastAPI."""
    pytest.importorskip("tensorwire.server", exc_type=ModuleNotFoundError)
    fastapi = pytest.importorskip("fastapi")
    testclient = pytest.importorskip("fastapi.testclient")
    from tensorwire.server import RestApp

    class Doubling:
        def predict(self, X: Any) -> Any:  # noqa: N803
            return X * 2

    app = fastapi.FastAPI()
    app.mount("/models", RestApp())
    app.mount("/doubling", RestApp(Doubling()))
    client = testclient.TestClient(app)
    mounted(client)
    reply = client.post("/doubling/v2/models/m/infer", json=INFER)
    assert reply.json()["outputs"][0]["data"] == [3, 5]


def mounted(client: Any) -> None:
    """Ask an application that is mounted at /models."""
    reply = client.post("/models/v2/models/m/infer", json=INFER)
    assert reply.json()["outputs"] == INFER["inputs"]
    assert client.get("/models/v2/health/ready").json() == {"ready": True}
    assert client.post("/models/predict", content=b"{").status_code == 400
    assert client.get("/models/nope").status_code == 404
    assert client.get("/v2/health/ready").status_code == 404
    big = json.dumps({"strData": "x" * 100_000})
    assert client.post("/models/predict", content=big).json() == json.loads(big)
    assert 'route="/predict"' in client.get("/models/metrics").text


def test_lifespan() -> None:
    """Alone under any ASGI server, it starts and ends as ASGI has it."""
    pytest.importorskip("tensorwire.server", exc_type=ModuleNotFoundError)
    testclient = pytest.importorskip("starlette.testclient")
    from tensorwire.server import RestApp

    with testclient.TestClient(RestApp()) as client:
        assert client.get("/v2").json()["version"] == tw.__version__


def test_the_server_names_no_array() -> None:
    """Transports name no kind, and no protobuf message that holds arrays."""
    words = ("TensorProto", "tensor_content", "ListValue", "raw_input_contents", "np.frombuffer")
    for path in SERVER.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not [word for word in words if word in text]
