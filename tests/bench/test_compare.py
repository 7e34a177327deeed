"""``python -m bench.compare``: intervals that hold, verdicts, refusals, gates and exit codes."""

from __future__ import annotations

import csv
import io
import json
import re
from functools import partial
from statistics import NormalDist, median
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bench.compare import interval
from bench.compare.__main__ import BASELINE as EXACT
from bench.compare.__main__ import bound, main
from bench.compare.record import main as record
from bench.measure.results import Cell, Memory
from bench.measure.runfile import read
from tests.support.commands import outcome
from tests.support.run_files import BASELINE, WAYS, results, workers, written

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

pyperf = pytest.importorskip("pyperf")
OLD = results(1)
run = partial(outcome, main)


@pytest.fixture
def old(tmp_path: Path) -> str:
    """Write the older of two files."""
    return written(tmp_path, "old.json", OLD)


def rows(text: str) -> dict[tuple[str, str, str], dict[str, str]]:
    """Read ``--csv``, by way, operation and label."""
    read = csv.DictReader(io.StringIO(text))
    return {(row["way"], row["operation"], row["label"]): row for row in read}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("count", "samples", "between", "within"),
    [(3, 20, 0.02, 0.02), (3, 20, 0.0, 0.03), (3, 1, 0.02, 0.0), (10, 3, 0.02, 0.02)],
)
def test_intervals_hold_the_true_ratio(
    count: int, samples: int, between: float, within: float
) -> None:
    """Of 200 pairs of runs whose ratio is 1.1, at least 93 % of the intervals have it in them."""
    rng = np.random.default_rng(5)

    def draw(seconds: float) -> list[list[float]]:
        centres = seconds * np.exp(between * rng.standard_normal(count))
        noise = within * rng.standard_normal((count, samples))
        return (centres[:, None] * np.exp(noise)).tolist()  # type: ignore[no-any-return]

    held, widths = 0, []
    for _ in range(200):
        low, high = interval.interval(draw(1.0), draw(1.1))
        held += low <= 1.1 <= high
        widths.append(high / low)
    assert held >= 0.93 * 200
    # Not by being endless: a known normal interval of the same means is not far narrower.
    error = (2 * (between**2 / count + 1.57 * within**2 / count / samples)) ** 0.5
    assert np.log(median(widths)) < 3.2 * 2 * NormalDist().inv_cdf(0.975) * error


def test_an_interval_is_around_the_ratio() -> None:
    """Its middle is the ratio of medians; one process tells nothing of how processes differ."""
    rng = np.random.default_rng(3)
    first, second = workers(rng, 1.0), workers(rng, 1.5)
    found = interval.interval(first, second)
    ratio = median(np.ravel(second)) / median(np.ravel(first))
    assert (found[0] * found[1]) ** 0.5 == pytest.approx(ratio)
    assert interval.interval([[1.0, 1.1, 1.2]], second) == (0.0, float("inf"))


def test_more_processes_tell_more() -> None:
    """With the number that is told, the interval of samples like these ends before the bound."""
    rng = np.random.default_rng(3)

    def draw(count: int, seconds: float) -> list[list[float]]:
        return [[each] for each in seconds * np.exp(0.1 * rng.standard_normal(count))]

    old, new = draw(4, 1.0), draw(4, 1.4)
    distance = float(np.log(1.4 / 1.25))
    count = interval.processes(old, new, distance)
    assert count is not None
    held = [interval.interval(draw(count, 1.0), draw(count, 1.4)) for _ in range(50)]
    assert np.mean([np.log(high / low) / 2 < 1.3 * distance for low, high in held]) > 0.8
    assert interval.processes(old, new, 0.0) is None
    assert interval.processes([[1.0]], new, distance) is None


@pytest.mark.parametrize(
    ("freedom", "percentile"), [(1, 12.706), (2, 4.303), (7, 2.365), (20, 2.086), (1e9, 1.960)]
)
def test_student(freedom: float, percentile: float) -> None:
    """The percentiles are those of every printed table."""
    assert interval.student(freedom) == pytest.approx(percentile, rel=0.005)


def test_equal_runs_tie(old: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two files of the same true times: nearly all cells tie, nothing fails, twins are no cells."""
    new = written(tmp_path, "new.json", results(2))
    code, text, _ = run(capsys, old, new, "--fail-over", "25%", "--csv")
    found = rows(text)
    assert code == 0
    assert len(found) == (len(WAYS) + 2) * 2 * 2
    verdicts = [row["verdict"] for row in found.values()]
    assert set(verdicts) == {"fine"}
    verdicts = [row["verdict"] for row in rows(run(capsys, old, new, "--csv")[1]).values()]
    assert verdicts.count("tie") >= 0.9 * len(verdicts)
    assert set(verdicts) <= {"tie", "slower", "faster"}


def test_a_planted_regression_is_found(
    old: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Twice the time is slower with its ratio, half of it faster; only --fail-over fails."""
    factors = {("json/raw", "encode", 1): 2.0, ("protobuf/raw", "decode", 1000): 0.5}
    made = results(2, factors=factors)
    new = written(tmp_path, "new.json", made)
    code, text, _ = run(capsys, old, new, "--csv")
    found = rows(text)
    slow, fast = found["json/raw", "encode", "1"], found["protobuf/raw", "decode", "1,000"]
    assert (code, slow["verdict"], fast["verdict"]) == (0, "slower", "faster")
    expected = made.seconds(0, "json/raw", "encode"), OLD.seconds(0, "json/raw", "encode")
    assert float(slow["old_s"]) == pytest.approx(expected[1], rel=0.05)
    assert float(slow["new_s"]) == pytest.approx(expected[0], rel=0.05)
    assert float(slow["low"]) < 2 < float(slow["high"])
    assert float(slow["ratio"]) == pytest.approx(2, rel=0.05)
    code, text, _ = run(capsys, old, new, "--fail-over", "25%")
    assert code == 1
    assert text.index("json/raw encode 1 ") < text.index("protobuf/raw decode 1,000 ")
    assert "Codecs: 24 cells, 1 slower, 1 faster, 22 fine" in " ".join(text.split())
    assert "--fail-over 25%: 1 regression.\n- json/raw encode 1: " in text
    assert run(capsys, old, new, "--fail-over", "2.5x")[0] == 0


def test_baselines_do_not_fail(
    old: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is not our code is shown and counted apart, but is no regression of ours."""
    made = results(2, factors={(BASELINE, "encode", 1): 3.0, ("memcpy", "encode", 1): 3.0})
    code, text, _ = run(capsys, old, written(tmp_path, "new.json", made), "--fail-over", "10%")
    assert code == 0
    assert "Baselines, which are not our code: 8 cells, 2 slower" in text


def test_noise_makes_a_tie(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where equal cells of a file differ by 30 %, a change of 20 % is a tie.

    Of what cannot be told, the table has what looks slower than the bound.
    """
    made = results(2, factors={("protobuf/raw", "encode", 1): 1.2})
    for cell, lists in made.samples.seconds.items():
        if cell.control and cell.implementation == "json/ndarray" and cell.case == 0:
            lists[:] = [[1.3 * each for each in some] for some in lists]
    quiet = written(
        tmp_path, "quiet.json", results(2, factors={("protobuf/raw", "encode", 1): 1.2})
    )
    files = written(tmp_path, "old.json", OLD), written(tmp_path, "new.json", made)
    place = ("protobuf/raw", "encode", "1")
    assert rows(run(capsys, files[0], quiet, "--csv")[1])[place]["verdict"] == "slower"
    code, text, _ = run(capsys, *files, "--csv")
    assert (code, rows(text)[place]["verdict"]) == (0, "tie")
    code, text, _ = run(capsys, *files, "--csv", "--fail-over", "5%")
    assert (code, rows(text)[place]["verdict"]) == (3, "cannot tell")
    assert float(rows(text)[place]["noise"]) == pytest.approx(0.3, abs=0.05)
    unsure = [float(row["ratio"]) for row in rows(text).values() if row["verdict"] == "cannot tell"]
    slower = [ratio for ratio in unsure if ratio > 1.05]
    assert 0 < len(slower) < len(unsure)
    monkeypatch.setenv("COLUMNS", "200")
    _, text, _ = run(capsys, *files, "--fail-over", "5%")
    assert text.count("x cannot tell") == len(slower)


def test_a_slower_machine_makes_ties(
    old: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where baselines are slower too, only what is slower than they are is our regression."""
    made = results(2, speed=1.3, factors={("json/raw", "encode", 1): 2.0})
    new = written(tmp_path, "new.json", made)
    code, text, _ = run(capsys, old, new, "--fail-over", "25%", "--csv")
    verdicts = {cell for cell, row in rows(text).items() if row["verdict"] == "slower"}
    assert (code, verdicts) == (1, {("json/raw", "encode", "1")})
    _, text, _ = run(capsys, old, new, "--fail-over", "25%")
    assert "The median baseline took 1.3" in text
    assert "1 regression, 23 cells cannot be told.\n- json/raw encode 1: " in text
    assert rows(run(capsys, old, new, "--csv")[1])["json/raw", "decode", "1"]["verdict"] == "tie"


def test_what_cannot_be_told(old: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Processes that disagree do not pass a doubled time: exit code 3, and what it would take."""
    made = results(2)
    cell = Cell(0, "json/raw", "encode")
    scale = (0.9, 2.0, 3.9)
    made.samples.seconds[cell] = [
        [factor * each for each in some]
        for factor, some in zip(scale, made.samples.seconds[cell], strict=True)
    ]
    new = written(tmp_path, "new.json", made)
    code, text, _ = run(capsys, old, new, "--fail-over", "25%")
    told = " ".join(text.split())
    assert code == 3
    assert "--fail-over 25%: no regression found, 1 cell cannot be told." in told
    assert re.search(
        r"Cannot tell, for the interval, with noise of up to \S+ %, reaches over 1\.25x:", told
    )
    found = re.search(r"- json/raw encode 1: \S+x \(\S+x to \S+x\); -p (\d+) in both", told)
    assert found is not None
    assert int(found[1]) > 3
    assert "--against COMMIT measures old and new in turns" in told
    single = results(3)
    for lists in single.samples.seconds.values():
        del lists[1:]
    single.samples.loops.update({cell: [10] for cell in single.samples.loops})
    code, text, _ = run(capsys, old, written(tmp_path, "one.json", single), "--fail-over", "25%")
    assert code == 3
    assert "no number of processes would" in " ".join(text.split())


@pytest.mark.parametrize(
    ("text", "value"), [("25%", 0.25), ("1.25x", 0.25), ("12.5 %", 0.125), ("2x", 1.0), ("0%", 0)]
)
def test_bounds(text: str, value: float) -> None:
    """A bound is a percentage, or a factor."""
    assert bound(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["25", "0.25", "-5%", "0.5x", "nan%", "much", "", "1e9x"])
def test_other_bounds_are_usage_errors(
    text: str, old: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What could be read in two ways, or in none, is refused in one line."""
    code, out, err = run(capsys, old, old, f"--fail-over={text}")
    assert (code, out) == (2, "")
    assert f"expected a bound such as 25% or 1.25x, got {text!r}" in err
    assert len(err.splitlines()) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (
            {"cpu": "Abacus 4000"},
            "expected the same machine, got others: CPU Abacus 3000 -> Abacus 4000",
        ),
        ({"cores": 64}, "expected the same machine, got others: CPUs 2 -> 64"),
        (
            {"system": "Darwin arm64"},
            "expected the same machine, got others: system Linux x86_64 -> Darwin arm64",
        ),
    ],
)
def test_other_machines_are_refused(
    changed: dict[str, Any],
    says: str,
    old: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Times of another machine say nothing; --force shows them with a warning."""
    new = written(tmp_path, "new.json", OLD, **changed)
    code, out, err = run(capsys, old, new)
    assert (code, out) == (2, "")
    assert says in err
    assert len(err.splitlines()) == 1
    code, out, _ = run(capsys, old, new, "--force")
    assert code == 0
    assert "The times are of different machines" in out


def test_other_versions_are_only_told(
    old: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another Python, numpy or kernel is the same machine, and is said."""
    others = {"bench_python": "CPython 3.13.0", "numpy_version": "2.2.0", "platform": "Linux-7-y"}
    code, text, _ = run(capsys, old, written(tmp_path, "new.json", OLD, **others), "-q")
    assert code == 0
    told = " ".join(text.split())
    for part in ("Python CPython 3.12.1 -> CPython 3.13.0", "numpy 2.1.0 -> 2.2.0", "Linux-7-y"):
        assert part in told


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"values": "ints"}, "payload 1: [1, 10] float64 normal -> [1, 10] float64 ints"),
        ({"digest": 8}, "payload [1, 10] float64 normal: other values under the same name"),
    ],
)
def test_other_payloads_are_refused(
    options: dict[str, Any],
    says: str,
    old: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Another distribution, or other values under the same name; --force compares by label."""
    new = written(tmp_path, "new.json", results(2, **options))
    code, out, err = run(capsys, old, new)
    assert (code, out) == (2, "")
    assert says in err
    assert len(err.splitlines()) == 1
    assert run(capsys, old, new, "--force")[0] == 0


def test_what_only_one_file_has_is_listed(
    old: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Payloads and codecs that went or came, and refusals; the rest is compared."""
    ways = ("json/raw", "msgpack/raw", "protobuf/raw")
    made = results(2, batches=(1, 5), ways=ways, refused=["protobuf/raw"])
    code, text, _ = run(capsys, old, written(tmp_path, "new.json", made))
    assert code == 0
    gone, come = text.index("Only in the old file:"), text.index("Only in the new file:")
    assert gone < text.index("- payload 1,000: [1000, 10] float64 normal") < come
    assert gone < text.index("- json/tensor encode and decode 1\n") < come
    assert come < text.index("- payload 5: [5, 10] float64 normal")
    assert come < text.index("- msgpack/raw encode and decode 1\n")
    assert "protobuf/raw 1 is refused: EncodeError: no place for it" in text
    assert "- protobuf/raw" not in text
    assert "Codecs: 2 cells" in text


def test_nothing_in_common(old: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Files without a common cell are no comparison."""
    new = written(tmp_path, "new.json", results(2, batches=(5,)))
    code, out, err = run(capsys, old, new)
    assert (code, out) == (2, "")
    assert "expected a cell that is in both, got none" in err


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "No such file"),
        ("{", "expected a file of pyperf"),
        ('{"version": "1.0", "metadata": {}, "benchmarks": []}', "expected a file of pyperf"),
    ],
)
def test_unreadable_files(
    content: str | None,
    says: str,
    old: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One line names the file and the reason."""
    path = tmp_path / "broken.json"
    if content is not None:
        path.write_text(content)
    for files in ((old, str(path)), (str(path), old)):
        code, out, err = run(capsys, *files)
        assert (code, out) == (2, "")
        assert "broken.json: " in err
        assert says in err
        assert len(err.splitlines()) == 1


def plain(path: Path, times: dict[str, Sequence[float]], unit: str = "second") -> str:
    """Write a file as any script of pyperf does."""
    made = [
        pyperf.Benchmark(
            [
                pyperf.Run([each], metadata={"name": name, "unit": unit}, collect_metadata=False)
                for each in values
            ]
        )
        for name, values in times.items()
    ]
    pyperf.BenchmarkSuite(made).dump(str(path))
    return str(path)


def test_any_file_of_pyperf(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Benchmarks of others are compared by their names; what is no time is refused."""
    steady = [1.0, 1.01, 0.99, 1.0, 1.0]
    first = plain(tmp_path / "a.json", {"load: x": steady, "gone": steady})
    second = plain(tmp_path / "b.json", {"load: x": [2 * each for each in steady]})
    code, text, _ = run(capsys, first, second, "--fail-over", "50%")
    assert code == 1
    assert "- load: x time: 2.00x the time" in text.replace("\n  ", " ")
    assert "- gone time" in text
    third = plain(tmp_path / "c.json", {"rss": [5, 6]}, unit="byte")
    code, _, err = run(capsys, first, third)
    assert code == 2
    assert "c.json: expected a run with times" in err


def weighed(**changed: Memory) -> dict[str, Memory]:
    """Add a memory to each codec: two copies and twelve allocations by default."""
    return {way: changed.get(way.replace("/", "_"), Memory(900, 0, 12, 2)) for way in WAYS}


@pytest.fixture
def exact(tmp_path: Path) -> str:
    """Record exact facts of a run, as is done for the file in the repository."""
    whole = written(tmp_path, "whole.json", results(1, memory=weighed()))
    path = tmp_path / "exact.json"
    assert record([whole, "-o", str(path)]) == 0
    assert path.stat().st_size < 12_000
    return str(path)


def test_a_record_keeps_what_is_exact(
    exact: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Codecs only, one time each, bytes, views, copies, allocations, versions; pyperf reads it."""
    capsys.readouterr()
    told = read(exact)
    whole = read(str(tmp_path / "whole.json"))
    assert set(told.results.implementations) == set(WAYS)
    assert told.results.cases == whole.results.cases
    for key, facts in told.results.facts.items():
        assert (facts.size, facts.view) == (
            whole.results.facts[key].size,
            whole.results.facts[key].view,
        )
    assert {(m.copies, m.allocations, m.python) for m in told.results.memory.values()} == {
        (2, 12, None)
    }
    assert told.metadata["numpy_version"] == "2.1.0"
    assert len(pyperf.BenchmarkSuite.load(exact)) == len(WAYS) * 2 * 2


def exactly(
    capsys: pytest.CaptureFixture[str], exact: str, folder: Path, made: Any, **metadata: Any
) -> tuple[int, str]:
    """Compare with the record; exit code and the text in one line."""
    capsys.readouterr()
    code, text, _ = run(capsys, exact, written(folder, "new.json", made, **metadata), "--exact")
    return code, " ".join(text.split())


def test_equal_facts_pass_on_any_machine(
    exact: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Times do not gate, however slow the machine; they are marked as another's."""
    made = results(2, memory=weighed(), speed=50)
    code, text = exactly(capsys, exact, tmp_path, made, cpu="Abacus 1000", cores=1)
    assert code == 0
    assert "The times are of different machines" in text
    assert "--exact: no regression." in text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"sizes": {"json/raw": 181}}, "json/raw 1: 180 bytes -> 181 bytes"),
        ({"copied": ["protobuf/raw"]}, "protobuf/raw 1,000: view -> copy"),
        ({"refused": ["json/tensor"]}, "json/tensor 1 is refused: EncodeError"),
        ({"batches": [1]}, "not measured: payload 1,000"),
        ({"ways": WAYS[1:]}, "not measured: json/ndarray encode and decode 1, 1,000"),
        (
            {"memory": weighed(json_raw=Memory(900, 0, 12, 3))},
            "json/raw encode 1: 2 copies -> 3 copies",
        ),
        (
            {"memory": weighed(json_raw=Memory(900, 0, 13, 2))},
            "json/raw decode 1,000: 12 allocations -> 13 allocations",
        ),
        ({"memory": None}, "copies of 24 cells are not known: measure with --memory"),
    ],
)
def test_any_growth_is_a_regression(
    options: dict[str, Any],
    says: str,
    exact: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A byte, a copy or an allocation more, a view less, a cell that is left out."""
    code, text = exactly(capsys, exact, tmp_path, results(2, **{"memory": weighed(), **options}))
    assert code == 1
    assert says in text
    told = text[text.index("regression") :]
    word = says.partition(" ")[0]
    assert all(part.startswith((word, "allocations of")) for part in told.split(" - ")[1:])


def test_a_fall_asks_for_a_new_record(
    exact: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Less is fine, is shown, and the command that keeps it is named."""
    made = results(2, memory=weighed(json_raw=Memory(900, 0, 11, 1)), sizes={"json/tensor": 90})
    code, text = exactly(capsys, exact, tmp_path, made)
    assert code == 0
    assert "12 11 fell" in text
    assert "10 facts are better" in text
    assert "python -m bench.compare.record NEW" in text


def test_allocations_of_other_versions_do_not_gate(
    exact: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another numpy may allocate more: that is said; a copy more is a regression all the same."""
    many = weighed(json_raw=Memory(900, 0, 99, 2))
    made = results(2, memory=many)
    code, text = exactly(capsys, exact, tmp_path, made, numpy_version="2.9.0")
    assert code == 0
    assert "Allocations do not gate (4 of them differ)" in text
    assert "numpy 2.1.0 -> 2.9.0" in text
    assert exactly(capsys, exact, tmp_path, made, bench_python="CPython 3.12.9")[0] == 1
    assert exactly(capsys, exact, tmp_path, made, bench_python="CPython 3.13.1")[0] == 0
    more = results(2, memory=weighed(json_raw=Memory(900, 0, 12, 3)))
    assert exactly(capsys, exact, tmp_path, more, numpy_version="2.9.0")[0] == 1
    assert exactly(capsys, exact, tmp_path, made, system="Darwin arm64")[0] == 0


def test_a_record_needs_counts(
    old: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run without --memory is no record, and nothing is written."""
    path = tmp_path / "exact.json"
    assert record([old, "-o", str(path)]) == 2
    assert "measure with --memory" in capsys.readouterr().err
    assert not path.exists()


def test_sizes_beyond_the_bound(
    old: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --fail-over a body that is larger by more than that fails, and one below does not."""
    new = written(tmp_path, "new.json", results(2, sizes={"json/raw": 240}))
    assert run(capsys, old, new)[0] == 0
    code, text, _ = run(capsys, old, new, "--fail-over", "30%")
    assert code == 1
    assert "json/raw 1: 180 bytes -> 240 bytes, over 1.30x" in text
    assert run(capsys, old, new, "--fail-over", "1.4x")[0] == 0


def test_the_committed_record() -> None:
    """It has all twelve codecs, a small and a large payload, and every count."""
    from pathlib import Path

    import bench
    import tensorwire as tw
    from tests.support.values import CODECS

    path = Path(bench.__file__).parents[1] / EXACT
    found = read(str(path)).results
    assert set(found.implementations) == set(CODECS)
    assert [case.shape for case in found.cases] == [(1, 10), (1000, 10)]
    assert len(found.memory) == 48
    array = np.random.default_rng(20).standard_normal((1, 10))
    for way in CODECS:
        assert found.facts[0, way].size == len(tw.get_codec(way).encode(array))
    assert json.loads(path.read_text())["benchmarks"]


@pytest.mark.parametrize("width", [80, 200])
def test_it_fits(
    width: int,
    old: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Tables and sentences fit the terminal; Markdown tables are rectangular."""
    monkeypatch.setenv("COLUMNS", str(width))
    made = results(2, factors={("json/raw", "encode", 1): 2.0}, sizes={"json/tensor": 1_000_000})
    new = written(tmp_path, "new.json", made)
    _, text, _ = run(capsys, old, new, "--fail-over", "10%")
    lines = [line for line in text.splitlines() if str(tmp_path) not in line]
    assert max(map(len, lines)) <= width
    assert "\x1b" not in text
    for part in ("times that changed", "verdict", "json/raw encode 1 ", "facts that changed"):
        assert part in text
    _, text, _ = run(capsys, old, new, "--markdown")
    tables = [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]
    assert len(tables) == 2
    for table in tables:
        assert len({row.count("|") for row in table}) == 1
    assert len(run(capsys, old, new, "-q")[1]) < len(text) / 2
