"""tensorwire shares a process with libraries that register the same messages."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from grpc_tools import protoc

SOURCES = Path(__file__).parents[1] / "support" / "neighbours"

THEY_LOAD = """
import prediction_pb2
from google.protobuf import descriptor_pool
"""

WE_LOAD = """
import numpy as np
import tensorwire as tw

array = np.arange(6.0).reshape(2, 3)
codec = tw.get_codec("protobuf/tftensor")
ours = codec.encode(array, names=["a", "b", "c"], meta={"tags": {"version": 7}})
assert tw.loads(ours, codec.media_type).meta["tags"] == {"version": 7}
"""

WE_TALK = """
seen = prediction_pb2.SeldonMessage.FromString(ours)
tensor = seen.data.tftensor
assert [dim.size for dim in tensor.tensor_shape.dim] == [2, 3]
assert tensor.tensor_content == array.tobytes()
assert list(seen.data.names) == ["a", "b", "c"]
assert seen.meta.tags["version"].number_value == 7

tensor.ClearField("tensor_content")
tensor.double_val.extend([0.5, 1.5, 2.5, 3.5, 4.5, 5.5])
theirs = seen.SerializeToString()
assert codec.decode(theirs).tolist() == [[0.5, 1.5, 2.5], [3.5, 4.5, 5.5]]
assert tw.loads(theirs, codec.media_type).names == ["a", "b", "c"]

seen.data.ndarray.extend([[1.0, 2.0], [3.0, 4.0]])
theirs = seen.SerializeToString()
assert tw.get_codec("protobuf/ndarray").decode(theirs).tolist() == [[1.0, 2.0], [3.0, 4.0]]

pool = descriptor_pool.Default()
found = pool.FindFileContainingSymbol("tensorflow.TensorProto").name
assert found == "tensorflow/core/framework/tensor.proto", found
found = pool.FindFileContainingSymbol("seldon.protos.SeldonMessage").name
assert found == "prediction.proto", found
"""

NOTHING_REGISTERED = """
from google.protobuf import descriptor_pool

for name in ("seldon.protos.SeldonMessage", "tensorflow.TensorProto"):
    try:
        descriptor_pool.Default().FindMessageTypeByName(name)
    except KeyError:
        continue
    raise AssertionError(name)
"""

LIST_MODULES = """
import sys
import tensorwire

print(*sys.modules)
"""


def run(script: str, *folders: Path) -> str:
    """Run a script in a fresh interpreter, warnings as errors, and return what it printed."""
    path = os.pathsep.join([*map(str, folders), os.environ.get("PYTHONPATH", "")])
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        check=False,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def neighbours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of modules that register what seldon-core and tensorflow register."""
    folder = tmp_path_factory.mktemp("neighbours")
    files = [str(path.relative_to(SOURCES)) for path in SOURCES.rglob("*.proto")]
    well_known = Path(protoc.__file__).parent / "_proto"
    paths = [f"--proto_path={SOURCES}", f"--proto_path={well_known}"]
    assert protoc.main(["protoc", *paths, f"--python_out={folder}", *files]) == 0
    for package in ("tensorflow", "tensorflow/core", "tensorflow/core/framework"):
        (folder / package / "__init__.py").touch()  # a real tensorflow would win over a namespace
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    "script",
    [
        pytest.param(THEY_LOAD + WE_LOAD + WE_TALK, id="they-load-first"),
        pytest.param(WE_LOAD + THEY_LOAD + WE_TALK, id="we-load-first"),
    ],
)
def test_same_names_in_one_process(script: str, neighbours: Path) -> None:
    """We and libraries with the same message names load in any order and read each other."""
    run(script, neighbours)


def test_default_pool_is_left_alone() -> None:
    """Encoding and decoding register nothing in protobuf's default pool."""
    run(WE_LOAD + NOTHING_REGISTERED)


def test_import_is_light() -> None:
    """Importing tensorwire loads no server, no benchmark and no test module."""
    loaded = set(run(LIST_MODULES).split())
    heavy = {"bench", "grpc", "pyperf", "pytest", "rich", "tensorwire.server", "uvicorn"}
    assert "tensorwire" in loaded
    assert not loaded & heavy
