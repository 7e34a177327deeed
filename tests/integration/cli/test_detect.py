"""Payloads that the command line has to tell apart, read whole, and convert exactly."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
import pytest

import tensorwire as tw
from tensorwire.cli.detect import detect
from tensorwire.cli.main import main

GOLDENS: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "goldens" / "msgpack_numpy.json").read_text()
)
Capture = pytest.CaptureFixture[str]
GRPC = {
    "modelName": "m",
    "id": "7",
    "inputs": [
        {"name": "x", "datatype": "FP32", "shape": ["2"], "contents": {"fp32Contents": [1, "NaN"]}}
    ],
}


def run(capsys: Capture, *arguments: str) -> tuple[int, str, str]:
    """Run a command in this process: its exit code, output and errors."""
    code = main(arguments)
    told = capsys.readouterr()
    return code, told.out, told.err


@pytest.mark.parametrize("version", GOLDENS)
@pytest.mark.parametrize("case", GOLDENS["0.4.8"]["bodies"])
def test_msgpack_numpy_is_recognised(version: str, case: str) -> None:
    """What any version of msgpack-numpy wrote is told from a message of Seldon's."""
    assert detect(bytes.fromhex(GOLDENS[version]["bodies"][case])).name == "msgpack/numpy"


def test_seldon_messages_are_no_arrays() -> None:
    """A message in whose bytes the map of an array stands is still a message."""
    inner = bytes.fromhex(GOLDENS["0.4.8"]["bodies"]["array"])
    body = tw.get_codec("msgpack/raw").encode(inner)
    assert detect(body).name == "seldon/msgpack"
    named = tw.get_codec("msgpack/numpy").encode({"data": np.arange(2)})
    assert detect(named).name == "msgpack/numpy"


def test_a_dict_of_arrays_is_shown_and_converted(tmp_path: Path, capsys: Capture) -> None:
    """Arrays are tensors, by their places; plain values stand beside them."""
    file = tmp_path / "a.mp"
    value = {
        "x": [np.arange(2), {"y": np.ones((1, 2), np.float32)}],
        "n": 5,
        "s": "hi",
        "b": b"\xff",
    }
    file.write_bytes(tw.get_codec("msgpack/numpy").encode(value))
    code, out, _ = run(capsys, "inspect", str(file), "--json")
    told = json.loads(out)
    assert code == 0
    assert [(one["name"], one["dtype"], one["shape"]) for one in told["tensors"]] == [
        ("x[0]", "int64", [2]),
        ("x[1].y", "float32", [1, 2]),
    ]
    assert told["values"] == {"n": 5, "s": "hi", "b": {"b64": "/w=="}}
    assert run(capsys, "inspect", str(file))[0] == 0
    flat = {"x": np.array([[1.5, 2.5]]), "n": 5, "s": "hi"}
    file.write_bytes(tw.get_codec("msgpack/numpy").encode(flat))
    code, out, _ = run(capsys, "convert", str(file), "-", "--to", "oip/json")
    assert [(one["name"], one["data"]) for one in json.loads(out)["inputs"]] == [
        ("x", [1.5, 2.5]),
        ("n", [5]),
        ("s", ["hi"]),
    ]


@pytest.mark.parametrize(
    "message",
    [
        GRPC,
        {"inputs": GRPC["inputs"]},
        {
            "model_name": "m",
            "inputs": [{"name": "x", "datatype": "FP32", "shape": [2]}],
            "raw_input_contents": ["AACAPwAAwH8="],
        },
    ],
    ids=["names in camel case", "contents", "raw contents"],
)
def test_grpc_messages_in_json(message: Any, tmp_path: Path, capsys: Capture) -> None:
    """What grpcurl and ghz are given is recognised, shown, and converted to its bytes and back."""
    file, made = tmp_path / "grpc.json", tmp_path / "grpc.bin"
    file.write_text(json.dumps(message))
    code, out, err = run(capsys, "inspect", str(file), "--json")
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert (told["format"], told["message"]) == ("oip/protobuf-json", "InferRequest")
    assert told["tensors"][0]["first"] == [1.0, "NaN"]
    assert run(capsys, "convert", str(file), str(made), "--to", "oip/protobuf")[0] == 0
    request = tw.get_protocol("oip/protobuf").decode(made.read_bytes())
    assert request.model_name == message.get("modelName", message.get("model_name", ""))
    assert np.array_equal(
        request.inputs[0].value, np.array([1, np.nan], np.float32), equal_nan=True
    )
    code, out, _ = run(capsys, "convert", str(made), "-", "--to", "oip/protobuf-json")
    assert json.loads(out)["inputs"][0]["contents"] == {"fp32Contents": [1.0, "NaN"]}


def test_rest_messages_are_still_rest() -> None:
    """The protocol's REST has data, and another name for the model."""
    rest = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1], "data": [1]}]}
    assert detect(json.dumps(rest).encode()).name == "oip/json"
    reply = {"model_name": "m", "outputs": rest["inputs"]}
    assert detect(json.dumps(reply).encode()) == tw_format("oip/json", reply=True)
    assert detect(b'{"inputs":{"x":[1]}}').name == "tfserving/json"


def tw_format(name: str, *, reply: bool) -> Any:
    """Return what is told of a payload."""
    return detect(b'{"strData":"a"}')._replace(name=name, reply=reply)


@pytest.mark.parametrize("levels", [49, 100, 250, 300, 494, 498, 1000])
@pytest.mark.parametrize("container", ["json", "msgpack"])
def test_depth_is_shown(levels: int, container: str, tmp_path: Path, capsys: Capture) -> None:
    """A JSON value as deep as it is read is shown whole, for programs, and its start to people."""
    value: Any = []
    for _ in range(levels - 1):
        value = [value]
    text = "[" * levels + "]" * levels
    file = tmp_path / "deep"
    if container == "json":
        file.write_text(f'{{"jsonData":{text}}}')
    elif levels > 490:
        pytest.skip("msgpack writes no more")
    else:
        file.write_bytes(msgpack.packb({"jsonData": value}))
    before = sys.getrecursionlimit()
    code, out, err = run(capsys, "inspect", str(file), "--json")
    assert (code, err) == (0, "")
    assert out.count("[") == levels
    code, out, err = run(capsys, "inspect", str(file))
    assert (code, err) == (0, "")
    assert "[[[[" in out
    assert sys.getrecursionlimit() == before


@pytest.mark.parametrize("levels", [1030, 5000, 100_000])
def test_what_is_deeper_is_refused_in_one_line(
    levels: int, tmp_path: Path, capsys: Capture
) -> None:
    """No depth is a bug of ours."""
    file = tmp_path / "deep"
    for text in ("[" * levels + "]" * levels, '{"a":' * levels + "1" + "}" * levels):
        file.write_text(f'{{"jsonData":{text}}}')
        for command in (("inspect", str(file)), ("convert", str(file), "-", "--to", "seldon/json")):
            code, _, err = run(capsys, *command)
            assert code == 1
            assert len(err.splitlines()) == 1
            assert "bug" not in err


def test_missing_is_an_option(tmp_path: Path, capsys: Capture) -> None:
    """Convert and inspect take --missing, and name it where null is refused."""
    file = tmp_path / "a.json"
    file.write_text('{"data":{"ndarray":[[null,1.5]]}}')
    code, out, _ = run(
        capsys, "convert", str(file), "-", "--to", "json/ndarray", "--missing", "null"
    )
    assert (code, out) == (0, '{"data":{"ndarray":[[null,1.5]]}}')
    code, _, err = run(
        capsys, "convert", str(file), "-", "--to", "json/ndarray", "--missing", "nan"
    )
    assert code == 1
    assert "; --missing null reads it as NaN" in err or "--missing" in err
    code, out, _ = run(capsys, "inspect", str(file), "--missing", "any", "--json")
    assert json.loads(out)["tensors"][0]["first"] == ["NaN", 1.5]
    code, _, err = run(capsys, "inspect", str(file), "--missing", "error")
    assert code == 1
    for command in ("inspect", "convert"):
        code, _, err = run(capsys, command, str(file), "-", "--to", "npy/array", "--missing", "nul")
        assert code == 2
        assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"data":{"ndarray":[[1234567890123456789,0.5]]}}', "$.data.ndarray[0][0]"),
        ('{"data":{"ndarray":[[18446744073709551617]]}}', "$.data.ndarray[0][0]"),
        ('{"data":{"tensor":{"shape":[2],"values":[1234567890123456789,0.5]}}}', "$.data.tensor"),
        ('{"jsonData":{"a":[18446744073709551617]}}', "$.jsonData.a[0]"),
        ('{"instances":[[1234567890123456789,0.5]]}', "$.instances"),
    ],
)
@pytest.mark.parametrize("target", ["seldon/json", "seldon/protobuf", "oip/json", "npy/array"])
def test_numbers_are_converted_exactly_or_refused(
    text: str, place: str, target: str, tmp_path: Path, capsys: Capture
) -> None:
    """An integer that no dtype holds is refused with its place, and no file is written."""
    file, made = tmp_path / "a.json", tmp_path / "made"
    file.write_text(text)
    for command in (("inspect", str(file)), ("convert", str(file), str(made), "--to", target)):
        code, _, err = run(capsys, *command)
        assert code == 1
        assert f" - at {place}" in err
        assert len(err.splitlines()) == 1
    assert not made.exists()


@pytest.mark.parametrize("name", ["json/tensr", "oip/jsn", "seldon/protbuf", "npy/aray"])
def test_the_nearest_name_is_suggested(name: str, tmp_path: Path, capsys: Capture) -> None:
    """A name that is not known gets the one that was meant, in one line, as a usage error."""
    file = tmp_path / "a.json"
    file.write_text('{"strData":"a"}')
    near = {"tensr": "tensor", "jsn": "json", "protbuf": "protobuf", "aray": "array"}
    first, _, second = name.partition("/")
    for command in (
        ("inspect", str(file), "--as", name),
        ("convert", str(file), "-", "--to", name),
        ("convert", str(file), "-", "--from", name, "--to", "seldon/json"),
        ("make", str(tmp_path / "folder"), "--codec", name),
    ):
        code, _, err = run(capsys, *command)
        assert code == 2, command
        assert f"did you mean '{first}/{near[second]}'" in err
        assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('{"binData":"aGVs\\nbG8="}', b"hello"),
        ('{"binData":"aGVs\\r\\nbG8=\\n"}', b"hello"),
        ('{"binData":" aGVs bG8= "}', b"hello"),
    ],
)
def test_base64_in_lines(text: str, wanted: bytes, tmp_path: Path, capsys: Capture) -> None:
    """Base64 with white space is shown and converted."""
    file, made = tmp_path / "a.json", tmp_path / "made"
    file.write_text(text)
    code, out, _ = run(capsys, "inspect", str(file), "--json")
    assert code == 0
    assert json.loads(out)["tensors"][0]["first"] == list(wanted)
    assert run(capsys, "convert", str(file), str(made), "--to", "protobuf/raw")[0] == 0
    assert made.read_bytes().endswith(wanted)


def test_a_missing_package_is_one_line(tmp_path: Path) -> None:
    """Arrow's messages need pyarrow: its absence is told with the extra to install."""
    file = tmp_path / "a.bin"
    file.write_bytes(b"\xff\xff\xff\xff" + bytes(60))
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from tensorwire.cli.main import main\n"
        "sys.exit(main(sys.argv[1:]))"
    )
    for command in (("inspect", str(file)), ("convert", str(file), "-", "--to", "npy/array")):
        done = subprocess.run(
            [sys.executable, "-c", code, *command],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode in (1, 2)
        (line,) = done.stderr.splitlines()
        assert "pip install 'tensorwire[arrow]'" in line


def test_text_of_grpc_is_no_load(tmp_path: Path, capsys: Capture) -> None:
    """Protobuf's JSON goes over no transport as it is; files of it come from convert."""
    folder = tmp_path / "load"
    code, _, err = run(capsys, "make", str(folder), "--codec", "oip/protobuf-json")
    assert code == 2
    assert "got oip/protobuf-json; make oip/protobuf" in err
    assert not folder.exists()
    file = tmp_path / "a.json"
    file.write_text(json.dumps(GRPC))
    code, out, err = run(capsys, "convert", str(file), "-", "--to", "oip/protobuf-json")
    assert (code, err) == (0, "")
    assert json.loads(out)["modelName"] == "m"
