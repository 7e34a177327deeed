"""A run as a file: what pyperf reads of it, and what we read back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench.measure.check import Facts
from bench.measure.results import Cell, Memory, Results, Samples
from bench.measure.runfile import RunFileError, read, write
from bench.payloads.case import Case

pyperf: Any = pytest.importorskip("pyperf")

CASES = (
    Case("1", "float64 [batch, 10], normal values", (1, 10), "float64", "normal"),
    Case("10", "float64 [batch, 10], normal values", (10, 10), "float64", "normal"),
)
WAYS = ("json/tensor", "protobuf/tensor", "protobuf/tensor:objects")
REFUSED = (1, "protobuf/tensor:objects")


def results() -> Results:
    """Return a run whose cells all differ: 2 workers, one refusal, one twin, one cell weighed."""
    samples = Samples()
    facts = {(0, way): Facts(100, view=way == "protobuf/tensor") for way in WAYS}
    facts |= {(1, way): Facts(1000) for way in WAYS} | {REFUSED: Facts(cannot="too slow")}
    cells = [
        Cell(case, way, operation)
        for operation in ("encode", "decode")  # not the order of the file
        for way in WAYS
        for case in (1, 0)
        if (case, way) != REFUSED
    ]
    cells.append(Cell(0, "json/tensor", "encode", control=True))
    for number, cell in enumerate(cells, 1):
        samples.seconds[cell] = [[number * 1e-6, number * 2e-6], [number * 3e-6]]
        samples.loops[cell] = [100, 200]
    weighed = {Cell(0, "json/tensor", "encode"): Memory(python=500, allocations=3)}
    return Results(CASES, WAYS, ("encode", "decode"), facts, samples, weighed)


def test_a_file_is_the_run(tmp_path: Path) -> None:
    """Payloads, ways, facts, refusals, samples and memory come back, in the run's order."""
    path, made = str(tmp_path / "run.json"), results()
    write(made, path)
    run = read(path)
    assert list(run.results.cases) == list(made.cases)
    assert run.results.implementations == made.implementations
    assert run.results.operations == made.operations
    assert run.results.facts[REFUSED].cannot == "too slow"
    assert dict(run.results.samples.seconds) == dict(made.samples.seconds)
    assert dict(run.results.samples.loops) == dict(made.samples.loops)
    assert run.results.memory == made.memory
    for key, facts in made.facts.items():
        read_back = run.results.facts[key]
        assert (read_back.size, read_back.view) == (facts.size, facts.view)
    assert run.results.noise(0) == made.noise(0)


def test_pyperf_reads_the_same_numbers(tmp_path: Path) -> None:
    """Pyperf's own reader finds each cell by name, with its values, loops and bytes."""
    path, made = tmp_path / "run.json", results()
    write(made, str(path))
    loaded = pyperf.BenchmarkSuite.load(str(path))
    assert len(loaded.get_benchmarks()) == len(made.samples.seconds)
    one = loaded.get_benchmark("protobuf/tensor decode [1, 10] float64 normal")
    assert one.get_values() == tuple(
        x for part in made.samples.seconds[Cell(0, "protobuf/tensor", "decode")] for x in part
    )
    assert [run.get_loops() for run in one.get_runs()] == [100, 200]
    assert one.get_metadata()["wire_bytes"] == 100
    assert loaded.get_benchmark("json/tensor encode [1, 10] float64 normal (again)")


def test_a_file_does_not_tell_whose_machine_it_was(tmp_path: Path) -> None:
    """No host name, and no path of the interpreter or of the home of whoever ran it."""
    path = tmp_path / "run.json"
    write(results(), str(path))
    told = path.read_text(encoding="utf-8")
    assert "hostname" not in told
    assert str(Path.home()) not in told
    assert "/bin/python" not in told


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file"),
        (b"", "expected a file of pyperf"),
        (b"\x00\xff", "expected a file of pyperf"),
        (b"[]", "expected a file of pyperf"),
        (b'{"version":"1.0","benchmarks":[]}', "expected a file of pyperf"),
    ],
)
def test_what_is_no_run_is_refused_in_one_line(
    content: bytes | None, reason: str, tmp_path: Path
) -> None:
    """Missing, empty and foreign files are named, each with its reason."""
    path = tmp_path / "run.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RunFileError, match=reason) as caught:
        read(str(path))
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_run_of_another_program_is_refused(tmp_path: Path) -> None:
    """A file that pyperf made of something else is told from a run of ours."""
    path = tmp_path / "other.json"
    runs = [pyperf.Run([1.0], metadata={"name": "sort"}, collect_metadata=False)]
    pyperf.BenchmarkSuite([pyperf.Benchmark(runs)]).dump(str(path))
    with pytest.raises(RunFileError, match=r"expected a run of python -m bench\.codecs"):
        read(str(path))


def test_a_broken_cell_is_refused(tmp_path: Path) -> None:
    """A payload that no `Case` describes is an error of the file, not of the reader."""
    path = tmp_path / "run.json"
    write(results(), str(path))
    tree = json.loads(path.read_text(encoding="utf-8"))
    tree["benchmarks"][0]["metadata"]["case"] = '{"label":"1"}'
    path.write_text(json.dumps(tree), encoding="utf-8")
    with pytest.raises(RunFileError, match=r"expected a run of python -m bench\.codecs"):
        read(str(path))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("wire_bytes", "abc"), ("memory_python", 1.5), ("way", 1), ("operation", "peek")),
        ("case", "[]"),
        *(
            ("case", json.dumps({**CASES[0].to_json(), **wrong}))
            for wrong in ({"shape": ["1", 10]}, {"shape": 1}, {"dtype": "float65"}, {"label": 1})
        ),
    ],
)
def test_an_edited_field_is_refused(key: str, value: Any, tmp_path: Path) -> None:
    """A field of another type is found while the file is read, not where it is used."""
    path = tmp_path / "run.json"
    write(results(), str(path))
    tree = json.loads(path.read_text(encoding="utf-8"))
    tree["benchmarks"][0]["metadata"][key] = value
    path.write_text(json.dumps(tree), encoding="utf-8")
    with pytest.raises(
        RunFileError, match=r"expected a run of python -m bench\.codecs, got .* is |float65"
    ) as caught:
        read(str(path))
    assert "\n" not in str(caught.value)


def test_seconds_of_requests_are_numbers(tmp_path: Path) -> None:
    """What is said once of the whole run is checked as well."""
    path = tmp_path / "run.json"
    write(results(), str(path))
    tree = json.loads(path.read_text(encoding="utf-8"))
    tree["metadata"]["trips"] = '{"64": "long"}'
    path.write_text(json.dumps(tree), encoding="utf-8")
    with pytest.raises(RunFileError, match=r"64 is 'long', not of type float"):
        read(str(path))
