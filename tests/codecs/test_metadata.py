"""What a file says beside its arrays is kept by a conversion, or refused: never just dropped."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tensorwire as tw
from tensorwire.cli.main import main
from tensorwire.formats.arrow import ArrowTensor
from tensorwire.formats.format import Format
from tensorwire.formats.safetensors import Safetensors
from tests.goldens.format_cases import safetensors_bytes

METADATA = {"format": "pt", "k": "v"}
ROW = {"dtype": "F64", "shape": [3], "data_offsets": [0, 24]}
VALUES = np.arange(3.0)
NAMES = tuple(name for name in (*tw.codec_names(), *tw.protocol_names()) if "doubling" not in name)


def safetensors_file(name: str = "a", metadata: Any = METADATA) -> bytes:
    """Return a file as the format's own documentation has it."""
    header = {"__metadata__": metadata, name: ROW}
    return safetensors_bytes(json.dumps(header), VALUES.tobytes())


def arrow_file() -> bytes:
    """Return a message that pyarrow wrote, with names of its dimensions."""
    pyarrow = pytest.importorskip("pyarrow")
    sink = pyarrow.BufferOutputStream()
    tensor = pyarrow.Tensor.from_numpy(VALUES.reshape(1, 3), dim_names=["row", ""])
    pyarrow.ipc.write_tensor(tensor, sink)
    body: bytes = sink.getvalue().to_pybytes()
    return body


FILES = {"safetensors/arrays": safetensors_file, "arrow/tensor": arrow_file}
PATHS = {"safetensors/arrays": "$.__metadata__", "arrow/tensor": "$.dim_names"}


def told(name: str, body: bytes) -> dict[str, Any]:
    """Return what a codec of another format says beside arrays."""
    codec: Any = tw.get_codec(name)
    found: dict[str, Any] = codec.metadata(body)
    return found


@pytest.mark.parametrize("source", FILES)
def test_the_same_format_keeps_it(source: str) -> None:
    """A conversion to the same format has the same metadata and arrays."""
    body = FILES[source]()
    made = tw.transcode(body, source, source)
    assert told(source, made) == told(source, body) != {}
    first, second = tw.get_codec(source).decode(body), tw.get_codec(source).decode(made)
    assert str(first) == str(second)
    assert tw.transcode(made, source, source, lossy=True) == made


@pytest.mark.parametrize("source", FILES)
@pytest.mark.parametrize("target", NAMES)
def test_any_other_refuses_it(source: str, target: str) -> None:
    """Each other codec and protocol refuses to lose it, and loses it where that is accepted."""
    if source == target:
        return
    body = FILES[source]()
    with pytest.raises(
        tw.EncodeError, match=r"expected nothing that .* cannot .*; pass lossy=True to drop it"
    ) as caught:
        tw.transcode(body, source, target)
    assert caught.value.path == PATHS[source]
    if target not in ("json/raw", "protobuf/raw", "msgpack/raw"):
        assert tw.transcode(body, source, target, lossy=True)


def test_safetensors_metadata() -> None:
    """It is what the header holds, and goes back by meta=, also beside one array without a name."""
    codec = Safetensors()
    assert codec.metadata(safetensors_file()) == METADATA
    assert codec.metadata(safetensors_file(metadata={})) == {}
    body = safetensors_bytes(json.dumps({"a": ROW}), VALUES.tobytes())
    assert codec.metadata(body) == {}
    body = codec.encode(VALUES, meta=METADATA)
    assert codec.metadata(memoryview(body)) == METADATA
    assert codec.decode(body).tolist() == [0.0, 1.0, 2.0]
    made = tw.transcode(body, "safetensors/arrays", "safetensors/arrays")
    assert made == body
    with pytest.raises(tw.DecodeError, match="expected strings by name"):
        codec.metadata(safetensors_file(metadata={"a": 1}))


def test_arrow_names() -> None:
    """The names that we write are read by pyarrow: as many as there are dimensions, or none."""
    pyarrow = pytest.importorskip("pyarrow")
    codec = ArrowTensor()
    body = codec.encode(np.zeros((2, 3)), meta={"dim_names": ["a", "b"]})
    assert pyarrow.ipc.read_tensor(pyarrow.BufferReader(body)).dim_names == ["a", "b"]
    assert codec.metadata(body) == {"dim_names": ["a", "b"]}
    assert codec.metadata(codec.encode(np.zeros((2, 3)))) == {}
    for wrong in (["a"], ["a", "b", "c"], "ab", [1, 2], None):
        with pytest.raises(tw.EncodeError, match="expected"):
            codec.encode(np.zeros((2, 3)), meta={"dim_names": wrong})
    with pytest.raises(tw.EncodeError, match="expected"):
        codec.encode(np.zeros((2, 3)), meta={"names": ["a", "b"]})
    with pytest.raises(tw.DecodeError):
        codec.metadata(b"x")


@pytest.mark.parametrize("name", ["npy/array", "msgpack/numpy"])
def test_formats_without(name: str) -> None:
    """A format without metadata returns none."""
    codec: Any = tw.get_codec(name)
    assert isinstance(codec, Format)
    assert codec.metadata(codec.encode(VALUES)) == {}


def test_the_order_of_memory_is_kept() -> None:
    """An .npy file in Fortran order, or of swapped bytes, is converted to the same bytes."""
    codec = tw.get_codec("npy/array")
    for array in (np.asfortranarray(np.ones((2, 3))), np.arange(3, dtype=">i2")):
        body = codec.encode(array)
        assert tw.transcode(body, "npy/array", "npy/array") == body


@pytest.mark.parametrize("target", ["npy/array", "safetensors/arrays", "msgpack/numpy"])
def test_members_of_a_request_are_refused_by_files(target: str) -> None:
    """An id, wanted outputs, parameters, a signature: a file of arrays cannot represent them."""
    infer, tensor = tw.oip.InferRequest, tw.oip.InferTensor("x", VALUES)
    oip = tw.get_protocol("oip/protobuf")
    requests: dict[str, Any] = {
        "$.id": infer([tensor], id="7"),
        "$.outputs": infer([tensor], outputs=[tw.oip.RequestedOutput("y")]),
        "$.parameters": infer([tensor], parameters={"a": 1}),
    }
    for path, message in requests.items():
        with pytest.raises(tw.EncodeError) as caught:
            tw.transcode(oip.encode(message)[0], "oip/protobuf", target)
        assert caught.value.path == path
        assert tw.transcode(oip.encode(message)[0], "oip/protobuf", target, lossy=True)
    serving = tw.tfserving.PredictRequest({"x": VALUES}, signature_name="other")
    body = tw.get_protocol("tfserving/protobuf").encode(serving)[0]
    with pytest.raises(tw.EncodeError) as caught:
        tw.transcode(body, "tfserving/protobuf", target)
    assert caught.value.path == "$.model_spec.signature_name"


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Convert keeps it, or says in one line what it would lose; inspect shows it."""
    source, made = tmp_path / "a.safetensors", tmp_path / "b"
    source.write_bytes(safetensors_file())
    assert main(["convert", str(source), str(made), "--to", "safetensors/arrays"]) == 0
    assert Safetensors().metadata(made.read_bytes()) == METADATA
    made.unlink()
    for target in ("oip/json", "npy/array", "protobuf/tftensor"):
        assert main(["convert", str(source), str(made), "--to", target]) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert f"expected nothing that {target} cannot represent" in line
        assert line.endswith(" - at $.__metadata__; pass --lossy to drop it")
        assert not made.exists()
        assert main(["convert", str(source), str(made), "--to", target, "--lossy"]) == 0
        made.unlink()
    capsys.readouterr()
    assert main(["inspect", str(source), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["metadata"] == METADATA
    assert main(["inspect", str(source)]) == 0
    assert 'metadata  {"format": "pt", "k": "v"}' in capsys.readouterr().out
