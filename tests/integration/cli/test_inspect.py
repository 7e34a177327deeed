"""A payload as plain values, and as text."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import msgpack
import numpy as np
import orjson
import pytest

import tensorwire as tw
from tensorwire.cli.arrays import build
from tests.support.command_line import (
    BODY,
    Capture,
    give,
    inspected,
    one_line,
    ran,
    run,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_a_tensor_of_spaces(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Bytes behind the JSON may be JSON's own space: what the JSON says of them decides."""
    tensor = {"name": "x", "datatype": "UINT8", "shape": [3]}
    sized = {**tensor, "parameters": {"binary_data_size": 3}}
    give(monkeypatch, orjson.dumps({"inputs": [sized]}) + b"   ")
    facts = inspected(capsys)
    assert facts["format"] == "oip/binary"
    assert facts["tensors"][0]["first"] == [32, 32, 32]


def test_tensorflow_serving_writes_nan(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Bare NaN is no JSON, and read as theirs; people see it without quotes."""
    (folder / "r").write_bytes(b'{"instances":[{"x":[1.5,NaN],"y":{"b64":"aGk="}}]}\n')
    facts = inspected(capsys, "r")
    assert (facts["format"], facts["tensors"][0]["first"]) == ("tfserving/json", [1.5, "NaN"])
    assert run("inspect", "r") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2:] == [
        "x     float64  1 x 2     16  1.5, NaN",
        'y     bytes    1          2  "hi"',
    ]


def test_inspect_text(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """People get a title, a field a line, and a table."""
    (folder / "request.json").write_bytes(BODY)
    assert run("inspect", "request.json") == 0
    assert capsys.readouterr().out.splitlines() == [
        "request.json: seldon/json, SeldonMessage, 83 bytes",
        "",
        "kind   ndarray",
        "names  a, b",
        'meta   {"puid": "p1"}',
        "",
        "dtype    shape  bytes  first values",
        "float64  2 x 2     32  1.5, -2.0, 3.25, 4.0",
    ]


def test_inspect_text_of_several(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each tensor has a row; what does not fit beside it stands below it."""
    ids = {"name": "ids", "datatype": "INT64", "shape": [1, 512], "data": list(range(512))}
    text = {"name": "text", "datatype": "BYTES", "shape": [1], "data": ["h\u00e9llo"]}
    body = orjson.dumps({"id": "42", "inputs": [ids, text], "parameters": {"p": 3}})
    (folder / "r").write_bytes(body)
    assert run("inspect", "r", "--first", "4") == 0
    assert capsys.readouterr().out.splitlines() == [
        f"r: oip/json, InferRequest, {len(body):,} bytes",
        "",
        "id          42",
        'parameters  {"p": 3}',
        "",
        "name  dtype  datatype  shape    bytes  first values",
        "ids   int64  INT64     1 x 512  4,096  0, 1, 2, 3, ...",
        'text  bytes  BYTES     1            6  "h\u00e9llo"',
    ]


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_inspect_stays_within_the_columns(
    columns: int, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever names and texts are in a payload, no line is longer, and none moves the cursor."""
    wild = "\x1b[31mred\r\n" + "n" * 300
    tensors = [
        {"name": wild, "datatype": "FP64", "shape": [1] * 40, "data": [1.5]},
        {"name": "b", "datatype": "BYTES", "shape": [2], "data": [wild, wild]},
        {"name": "", "datatype": "FP32", "shape": [0], "data": []},
    ]
    body = {"id": wild, "inputs": tensors, "parameters": {wild: wild, "b": [wild] * 40}}
    (folder / "r").write_bytes(orjson.dumps({**body, "parameters": {wild: wild}}))
    monkeypatch.setenv("COLUMNS", str(columns))
    assert run("inspect", "r") == 0
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= columns
    assert shown.replace("\n", "").isprintable()
    assert "\\x1b[31m" in shown


def test_inspect_shows_any_value(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """NaN by its name, float32 in its own digits, complex as a pair, bytes as text or in base64."""
    cases: list[tuple[Any, list[Any]]] = [
        (np.array([np.nan, np.inf, -np.inf]), ["NaN", "Infinity", "-Infinity"]),
        (np.array([0.1, 3e38], np.float32), [0.1, 3e38]),
        (np.array([1 + 2j]), [[1.0, 2.0]]),
        (np.array([True, False]), [True, False]),
        (np.array([2**63 - 1, -(2**63)]), [2**63 - 1, -(2**63)]),
        (np.array([b"a", b"\xff"]), ["a", {"b64": "/w=="}]),
        (np.array(5, np.int8), [5]),
        (np.zeros((0, 3)), []),
        (build((2,), "bfloat16", "integers", 0), [1.0, 2.0]),
        (build((2,), "int4", "integers", 0), [1, 2]),
    ]
    for array, first in cases:
        give(monkeypatch, tw.get_codec("protobuf/tftensor").encode(array))
        [tensor] = inspected(capsys)["tensors"]
        assert tensor["first"] == first
        assert [type(x) for x in tensor["first"]] == [type(x) for x in first]
        assert tensor["shape"] == list(array.shape)


def test_inspect_of_what_is_not_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A missing file and a folder are named; a terminal is not waited for."""
    for name, says in [("gone", "gone: No such file or directory"), (".", ".: Is a directory")]:
        assert run("inspect", name) == 1
        assert one_line(capsys.readouterr().err) == f"tensorwire: {says}"
    give(monkeypatch, b"")
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    assert run("inspect") == 2
    assert "expected a FILE or bytes on standard input, got a terminal" in one_line(
        capsys.readouterr().err
    )
    assert not list(folder.iterdir())


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
    code, out, _ = ran(capsys, "inspect", str(file), "--json")
    told = json.loads(out)
    assert code == 0
    assert [(one["name"], one["dtype"], one["shape"]) for one in told["tensors"]] == [
        ("x[0]", "int64", [2]),
        ("x[1].y", "float32", [1, 2]),
    ]
    assert told["values"] == {"n": 5, "s": "hi", "b": {"b64": "/w=="}}
    assert ran(capsys, "inspect", str(file))[0] == 0
    flat = {"x": np.array([[1.5, 2.5]]), "n": 5, "s": "hi"}
    file.write_bytes(tw.get_codec("msgpack/numpy").encode(flat))
    code, out, _ = ran(capsys, "convert", str(file), "-", "--to", "oip/json")
    assert [(one["name"], one["data"]) for one in json.loads(out)["inputs"]] == [
        ("x", [1.5, 2.5]),
        ("n", [5]),
        ("s", ["hi"]),
    ]


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
    code, out, err = ran(capsys, "inspect", str(file), "--json")
    assert (code, err) == (0, "")
    assert out.count("[") == levels
    code, out, err = ran(capsys, "inspect", str(file))
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
            code, _, err = ran(capsys, *command)
            assert code == 1
            assert len(err.splitlines()) == 1
            assert "bug" not in err


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
    code, out, _ = ran(capsys, "inspect", str(file), "--json")
    assert code == 0
    assert json.loads(out)["tensors"][0]["first"] == list(wanted)
    assert ran(capsys, "convert", str(file), str(made), "--to", "protobuf/raw")[0] == 0
    assert made.read_bytes().endswith(wanted)
