"""What load tools read, and the commands that run them."""

from __future__ import annotations

import ast
import subprocess
from typing import TYPE_CHECKING

from google.protobuf import descriptor_pb2, descriptor_pool

from tensorwire.cli.load_tools import GrpcPayload, lua
from tensorwire.containers.protobuf.schema import message_class
from tests.support.command_line import (
    SELDON,
    ghz_reads,
    run,
)

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_commands_can_be_copied(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each tool has its command, quoted for a shell, in lines of 80 columns, over files there."""
    name = "it's here"
    assert run("make", name) == 0
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    commands = [text.strip() for text in shown.replace("\\\n", " ").splitlines()]
    words: dict[str, list[str]] = {}
    for command in commands:
        shell = ["sh", "-c", f'for word in {command.replace("|", "PIPE")}; do echo "$word"; done']
        if command.startswith(("curl", "wrk", "h2load", "vegeta", "locust", "ghz")):
            split = subprocess.run(shell, capture_output=True, check=True, text=True)
            words.setdefault(command.split()[0], []).extend(split.stdout.splitlines())
    assert set(words) == {"curl", "wrk", "h2load", "vegeta", "locust", "ghz"}
    assert "Content-Type: application/json" in words["curl"]
    assert f"@{name}/json-ndarray.json" in words["curl"]
    assert "seldon.protos.Seldon/Predict" in words["ghz"]
    assert {"--insecure", "127.0.0.1:9500"} < set(words["ghz"])
    named = [word.rpartition("=")[2].lstrip("@") for tool in words.values() for word in tool]
    files = {word for word in named if word.startswith(name)}
    assert {str(path.relative_to(folder)) for path in (folder / name).iterdir()} == files
    assert all((folder / file).is_file() for file in files)


def test_the_locust_file_is_python(folder: Path) -> None:
    """It compiles, says where it posts to, and reads the body from the file beside it."""
    assert run("make", "load", "--url", "http://h:1/a?b='c'") == 0
    text = (folder / "load/json_ndarray_locust.py").read_text()
    tree = ast.parse(text)
    compile(tree, "locustfile", "exec")
    constants = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert {"http://h:1", "/a?b='c'", "json-ndarray.json", "json/ndarray"} < constants
    assert {"Content-Type", "application/json"} < constants


def test_the_wrk_script_is_lua(folder: Path) -> None:
    """It sets what wrk documents, and strings are written so that Lua reads the same bytes."""
    assert run("make", "load", "--codec", "json/ndarray") == 0
    lines = (folder / "load/json-ndarray.wrk.lua").read_text().splitlines()
    assert 'wrk.method = "POST"' in lines
    assert 'wrk.headers["Content-Type"] = "application/json"' in lines
    assert 'local file = assert(io.open(here .. "json-ndarray.json", "rb"))' in lines
    assert lua('a"\\\n\u00e9') == '"a\\034\\092\\010\\195\\169"'


def test_ghz_finds_the_service(folder: Path) -> None:
    """The protoset holds every service, with all that it imports."""
    assert run("make", "load", "--codec", "protobuf/tensor") == 0
    data = (folder / "load/tensorwire.protoset").read_bytes()
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(data).file:
        pool.AddSerializedFile(file.SerializeToString())
    for service, method, message in [
        ("seldon.protos.Seldon", "Predict", SELDON),
        ("inference.GRPCInferenceService", "ModelInfer", "inference.ModelInferRequest"),
        (
            "tensorflow.serving.PredictionService",
            "Predict",
            "tensorflow.serving.PredictRequest",
        ),
    ]:
        found = pool.FindServiceByName(service).FindMethodByName(method)
        assert found.input_type.full_name == message


def test_ghz_sends_the_message_whole() -> None:
    """Where a bare message reads as several with lengths before them, one with its length is sent.

    A request starts with 10, the tag of the model's name, which ghz takes for a length first.
    """
    name = "inference.ModelInferRequest"
    misread = 0
    for size in range(1, 40):
        tensor = {"name": "x" * size, "datatype": "FP64", "shape": [size]}
        request = message_class(name)(
            model_name="m" * size, inputs=[tensor], raw_input_contents=[bytes(8 * size)]
        )
        body = request.SerializeToString()
        made = GrpcPayload("oip/protobuf", body, {}, "http://h:1/a/b", name)
        files = made.files()
        command = made.commands("f")[0]
        sent = files[command[command.index("--binary-file") + 1].removeprefix("f/")]
        assert ghz_reads(sent, name) == [body]
        assert files["oip-protobuf.bin"] == body
        misread += ghz_reads(body, name) != [body]
    assert misread > 0
