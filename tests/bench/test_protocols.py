"""Short runs of ``python -m bench.protocols``: what is shown and judged, never how fast."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pytest

import tensorwire as tw
from bench.implementations.implementation import MEMCPY
from bench.implementations.lookup import get_implementation
from bench.implementations.protocols import FIRST, KNOWN, PEEK, PROTOCOLS, SEVERAL
from bench.measure.check import same
from bench.payloads.case import Case, build
from bench.protocols import plan as protocols_plan
from bench.protocols.__main__ import main, parse
from bench.protocols.targets import promises
from tensorwire.containers.protobuf.schema import message_class
from tests.support.commands import outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

QUICK = ("--quick", "--seconds", "0.2")
FORMATS = ("oip/binary", "oip/protobuf", "oip/protobuf-typed", "oip/json")
TENSOR = "tfserving/protobuf"


def show(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    """Run quickly in this process, and return what stands on stdout."""
    assert main([*QUICK, *argv]) == 0
    shown = capsys.readouterr()
    assert not [line for line in shown.err.splitlines() if "is not installed" not in line]
    return shown.out


def payload(several: bool) -> np.ndarray[Any, Any]:  # noqa: FBT001 - a case of a parametrisation
    """Make an array, whose rows are arrays of two dimensions where it is for several."""
    return np.arange(1.0, 25.0).reshape((2, 3, 4) if several else (6, 4))


@pytest.mark.parametrize("name", [name for name in PROTOCOLS if not name.endswith(PEEK)])
def test_every_implementation_is_right(name: str) -> None:
    """Each protocol, and each way through objects, gives back the values it was given."""
    array, found = payload(SEVERAL in name), get_implementation(name)
    decoded = found.decode(found.encode(array))
    if SEVERAL in name:
        assert [part.tolist() for part in decoded] == array.tolist()
    else:
        assert decoded.tolist() == array.tolist()


@pytest.mark.parametrize("name", [name for name in PROTOCOLS if name.endswith(PEEK)])
def test_peeks_tell_dtype_and_shape(name: str) -> None:
    """What is timed as a peek tells what the message holds."""
    array, found = payload(several=False), get_implementation(name)
    assert (peek := found.decode(found.encode(array))).shape == (6, 4)
    assert peek.dtype == np.float64
    assert found.timed == ("decode",)


def bodies(*names: str) -> list[bytes]:
    """Encode the payload in several ways."""
    return [get_implementation(name).encode(payload(SEVERAL in name)) for name in names]


@pytest.mark.parametrize("several", ["", SEVERAL])
def test_the_messages_are_what_they_say(several: str) -> None:
    """What orjson and the official runtime find is what each way was given."""
    names = ["x0", "x1"] if several else ["x"]
    binary, raw, typed, text = bodies(*(f"{name}{several}" for name in FORMATS))
    assert [node["name"] for node in orjson.loads(text)["inputs"]] == names
    header = orjson.loads(binary[: tw.oip.json_size(binary)])
    sizes = [node["parameters"]["binary_data_size"] for node in header["inputs"]]
    assert sum(sizes) == 24 * 8
    request: Any = message_class("inference.ModelInferRequest")
    parsed = request.FromString(raw)
    assert [node.name for node in parsed.inputs] == names
    assert b"".join(parsed.raw_input_contents) == np.arange(1.0, 25.0).tobytes()
    nodes = request.FromString(typed).inputs
    values = [value for node in nodes for value in node.contents.fp64_contents]
    assert values == list(range(1, 25))
    predict: Any = message_class("tensorflow.serving.PredictRequest")
    (body,) = bodies(TENSOR + several)
    assert sorted(predict.FromString(body).inputs) == names


@pytest.mark.parametrize("ending", [FIRST, KNOWN])
def test_shapes_never_seen_are_many_and_known_ones_few(ending: str) -> None:
    """After the array itself each call has a message of the next shape; of few, they come again."""
    made = get_implementation("oip/protobuf" + ending)
    array = np.arange(128.0)
    first = made.encode(array)
    assert made.decode(first).tolist() == array.tolist()
    request: Any = message_class("inference.ModelInferRequest")
    written = [tuple(request.FromString(made.encode(array)).inputs[0].shape) for _ in range(2000)]
    read = [made.decode(first).shape for _ in range(2000)]
    for shapes in (written, read):
        assert len(set(shapes)) == (2000 if ending == FIRST else 8)
    assert not set(written) & set(read)  # what is written to be read is not known to the writer


def test_a_wrong_answer_is_not_the_same() -> None:
    """Several arrays are compared one by one, a peek by its dtype and its shape."""
    array = payload(several=True)
    assert same(list(array), array)
    assert not same(list(array)[:1], array)
    assert not same([array[0], array[1] + 1], array)
    peek = tw.peek(get_implementation("oip/json").encode(array), protocol="oip")
    assert same(peek, array)
    assert not same(peek, array[0])
    assert not same(peek, array.astype("f4"))


def measured(selected: Sequence[str], case: Case) -> list[str]:
    """Name what is measured on a payload, without memcpy."""
    return [name for name in protocols_plan.implementations(selected, case) if name != MEMCPY]


@pytest.mark.slow
def test_every_cell_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    """Each way of the selection, on each payload it is for: a time, a size and a ratio."""
    chosen = ("oip/*", TENSOR)
    text = show(capsys, "--protocol", ",".join(chosen), "--csv")
    rows = list(csv.DictReader(io.StringIO(text)))
    selected = protocols_plan.select(chosen)
    cases = protocols_plan.cases(parse(["--quick"]))
    expected = {(case.label, name) for case in cases for name in measured(selected, case)}
    assert {(row["label"], row["way"]) for row in rows} - {
        (case.label, MEMCPY) for case in cases
    } == expected
    for row in rows:
        assert row["cannot"] == ""
        if row["operation"] in get_implementation(row["way"]).timed:
            assert float(row["median_s"]) > 0
            assert int(row["samples"]) >= 1
            assert float(row["memcpy_ratio"]) > 0


@pytest.mark.slow
def test_sizes_and_views_are_those_of_the_protocol(capsys: pytest.CaptureFixture[str]) -> None:
    """The facts are those of an encode and a decode done here."""
    text = show(capsys, "--protocol", "oip/*", "--csv")
    case = protocols_plan.cases(parse(["--quick"]))[1]
    array = build(case)
    for row in csv.DictReader(io.StringIO(text)):
        if row["label"] == case.label and row["baseline"] == "":
            protocol = tw.get_protocol(row["way"])
            request = tw.oip.InferRequest([tw.oip.InferTensor("x", array)], "model")
            body, headers = protocol.encode(request)
            found = protocol.decode(body, headers).inputs[0].value
            view = np.shares_memory(found, np.frombuffer(body, np.uint8))
            assert (int(row["bytes"]), row["decode"]) == (len(body), "view" if view else "copy")


@pytest.mark.slow
@pytest.mark.parametrize("columns", [80, 120])
def test_tables_fit_a_terminal(
    columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No line is wider than the terminal, none is coloured in a pipe; all parts are there."""
    monkeypatch.setenv("COLUMNS", str(columns))
    text = show(capsys)
    assert 60 < max(map(len, text.splitlines())) <= columns
    assert "\x1b" not in text
    for part in (
        *("encode: one tensor", "decode: one tensor", "bytes: one tensor", "encode: 8 tensors"),
        *("does it grow with the payload?", "Noise: ", "Which format? 8 tensors"),
    ):
        assert part in text


@pytest.mark.slow
def test_quiet_is_only_the_answer(capsys: pytest.CaptureFixture[str]) -> None:
    """``-q`` leaves out tables and conditions, and names the best of each protocol."""
    text = show(capsys, "-q", "--protocol", "oip/*,tfserving/json*")
    assert "\nWhich format? one tensor" in text
    assert "sample" not in text
    labels = [line.partition(" ")[0] for line in text.splitlines()]
    assert [label for label in labels if label in {"oip", "tfserving"}] == ["oip", "tfserving"] * 2


def test_markdown_is_rectangular(capsys: pytest.CaptureFixture[str]) -> None:
    """Every row of every Markdown table has as many cells as its heading."""
    text = show(capsys, "--protocol", "oip/protobuf", "--markdown")
    tables = [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]
    assert len(tables) == 7
    for lines in tables:
        assert len({line.count("|") for line in lines if line.startswith("|")}) == 1


@pytest.mark.slow
def test_targets_judge_every_promise(capsys: pytest.CaptureFixture[str]) -> None:
    """``--targets`` shows each promise of the protocols with its verdict."""
    text = show(capsys, "--targets", "--seconds", "0.5")
    table = text[text.index("\ntargets") : text.index("Where each does worst")]
    lines = table.splitlines()
    verdicts = {"met", "level", "MISSED"}
    at = 0
    for promise in promises():
        at = next(
            number
            for number, line in enumerate(lines)
            if number > at and line.startswith(f"  {promise.name} ")
        )
        bounds = [promise.encode, promise.decode]
        found = sum(word in verdicts for word in lines[at].split())
        assert found == sum(bound is not None for bound in bounds)
    assert sum(line.startswith("  ") for line in lines) - 1 == len(list(promises()))


def test_promises_are_those_of_the_issue() -> None:
    """Binary and raw to memory, JSON to the Seldon codecs, one value, and no growth."""
    kept = {(each.name, each.against): (each.encode, each.decode) for each in promises()}
    assert kept["oip/binary", MEMCPY] == kept["oip/protobuf", MEMCPY] == (1.5, None)
    for name in ("oip/binary", "oip/protobuf", "tfserving/protobuf"):
        assert kept[name, name] == kept[name + PEEK, name + PEEK] == (None, 1.2)
    for name in ("tfserving/json rows", "tfserving/json columns"):
        assert ("json/ndarray", 3) in {
            (each.against, each.encode) for each in promises() if each.name == name
        }
    assert {each.name for each in promises() if each.labels == (protocols_plan.ONE,)} == {
        name for name in PROTOCOLS if ":" not in name and SEVERAL not in name
    }


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["--protocol", "oip/xml"], "expected the name or pattern of a protocol, got 'oip/xml'"),
        (["--seconds", "0"], "expected seconds above 0, up to a day, got '0'"),
        (["--markdown", "--csv"], "not allowed with argument"),
        (["-o", "no/such/directory.json"], "expected a file in a directory that exists"),
        (["--batch", "3"], "unrecognized arguments: --batch 3"),
    ],
)
def test_wrong_options_get_one_line(
    argv: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2 and a single line on stderr that names what is wrong."""
    code, out, err = outcome(main, capsys, *argv)
    assert (code, out) == (2, "")
    assert err.startswith("python -m bench.protocols: error: ")
    assert says in err
    assert len(err.splitlines()) == 1


def test_list_names_every_way(capsys: pytest.CaptureFixture[str]) -> None:
    """``--list`` prints the ways of the selection, one a line, and measures nothing."""
    assert main(["--list"]) == 0
    assert capsys.readouterr().out.splitlines() == list(protocols_plan.known())


def test_pyperf_and_csv_are_the_same_machinery(
    tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """``-o`` writes the samples as ``bench.codecs`` does."""
    pytest.importorskip("pyperf")
    path = tmp_path / "run.json"
    show(capsys, "-q", "--protocol", "oip/protobuf", "-o", str(path))
    names = {run["metadata"]["name"] for run in json.loads(path.read_text())["benchmarks"]}
    assert "oip/protobuf encode [1, 1] float64 normal" in names
    assert "oip/protobuf:peek decode [1, 1000000] float64 normal" in names


def test_it_runs_as_a_module() -> None:
    """``python -m bench.protocols --list`` works."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.protocols", "--list", "--protocol", TENSOR],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == TENSOR
