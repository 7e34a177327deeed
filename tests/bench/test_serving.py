"""The command line, the payloads and the check of ``python -m bench.serving``, without a server."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import tensorwire as tw
from bench.measure.check import CheckError
from bench.serving import matrix, objects
from bench.serving.cells import COUNTS, GRPC, KINDS, OURS, Cell, Choice
from bench.serving.options import parse
from bench.serving.scale import plan

OWN = Cell(GRPC, "predict", 100_000, "tensor", OURS)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [1, 1000])
def test_both_sides_send_the_same_message(kind: str, count: int) -> None:
    """The object way writes what ours reads, and reads what ours writes, in both containers."""
    array = np.arange(1.0, count + 1).reshape(1, count)
    value = array.tobytes() if kind == "raw" else array
    container = tw.get_codec(f"protobuf/{kind}")
    body = objects.to_message(value, kind).SerializeToString()
    assert body == container.encode(array)
    read = objects.from_message(objects.SeldonMessage.FromString(container.encode(array)))
    matrix.check(OWN, read, array)
    text = tw.get_codec(f"json/{kind}")
    tree = json.loads(text.encode(array))
    matrix.check(OWN, objects.from_json(tree), array)
    matrix.check(OWN, text.decode(json.dumps(objects.to_json(value, kind)).encode()), array)


def test_bytes_are_answered_with_a_tensor() -> None:
    """What a model returns for raw bytes is an array, whose own kind nobody has named."""
    array = np.array([6.0])
    body = objects.to_message(array, "raw").SerializeToString()
    assert body == tw.get_codec("protobuf/tensor").encode(array)
    tree = objects.to_json(array, "raw")
    assert tw.get_codec("json/tensor").decode(json.dumps(tree).encode()).tolist() == [6.0]


@pytest.mark.parametrize("got", [np.array([6, 7]), np.array([[6]]), b"\6", np.array([6.5])])
def test_wrong_answers_are_refused(got: Any) -> None:
    """Other values, another shape, other bytes."""
    with pytest.raises(CheckError, match="a wrong answer"):
        matrix.check(OWN, got, np.array([6]))


def test_options_are_read() -> None:
    """Lists in any case and order; ``--quick`` is shorter; a mode brings its own methods."""
    options = parse(["--transport", "grpc", "--kind", "raw,NDARRAY", "--count", "7,1", "--quick"])
    assert options.choice == Choice((GRPC,), counts=(7, 1), kinds=("ndarray", "raw"))
    assert options.seconds == 24
    assert parse([]).seconds == 120
    assert parse(["concurrent"]).choice.methods == ("predict",)
    assert parse([]).choice.counts == COUNTS


@pytest.mark.parametrize(
    "argv",
    [
        ["--kind", "image"],
        ["--count", "0"],
        ["--count", "many"],
        ["--seconds", "0"],
        ["fast"],
        ["--clients", "0"],
        ["-o", "/nowhere/at/all.json"],
        ["--csv", "--markdown"],
        ["noop", "-o", "run.json"],
        ["scale", "--py-spy", "graphs"],
    ],
)
def test_wrong_options_are_one_line(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, and nothing on stdout."""
    with pytest.raises(SystemExit) as left:
        parse(argv)
    shown = capsys.readouterr()
    assert left.value.code == 2
    assert shown.out == ""
    assert shown.err.count("\n") == 1


def test_scaling_goes_up_and_down() -> None:
    """One worker more or fewer in each step, up to the most and back to one, twice."""
    assert plan(3, 2) == [2, 3, 2, 1, 2, 3, 2, 1]
