"""Short runs of ``python -m bench.codecs``: what is shown and written, never how fast."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

import tensorwire as tw
from bench.codecs.__main__ import main
from bench.implementations.implementation import OPERATIONS
from bench.implementations.lookup import baselines_for
from bench.measure import machine
from bench.measure import run as measuring
from tests.support.values import CODECS

if TYPE_CHECKING:
    from pathlib import Path

QUICK = ("--seconds", "0.2", "--processes", "1")


def show(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    """Run quickly in this process, and return what stands on stdout."""
    assert main([*QUICK, *argv]) == 0
    shown = capsys.readouterr()
    assert not [line for line in shown.err.splitlines() if "is not installed" not in line]
    return shown.out


def cells(text: str) -> list[dict[str, str]]:
    """Read ``--csv``."""
    return list(csv.DictReader(io.StringIO(text)))


def test_every_cell_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    """Each codec and baseline, both ways, each batch: a time, a size and a ratio."""
    rows = cells(show(capsys, "--batch", "1,3", "--csv"))
    ways = (*CODECS, *baselines_for(CODECS))
    assert [(r["label"], r["way"], r["operation"]) for r in rows] == [
        (label, way, operation)
        for label in ("1", "3")
        for way in ways
        for operation in ("encode", "decode", "decode+use")
        if operation in OPERATIONS or ":" not in way
    ]
    for row in rows:
        assert float(row["median_s"]) > 0
        assert float(row["memcpy_ratio"]) > 0
        assert int(row["samples"]) >= 1
        assert float(row["bytes_per_element"]) == pytest.approx(
            int(row["bytes"]) / (int(row["label"]) * 10), rel=1e-3
        )
        assert row["cannot"] == ""


def test_sizes_and_views_are_those_of_the_codec(capsys: pytest.CaptureFixture[str]) -> None:
    """The table's facts are those of an encode and a decode done here."""
    rows = cells(show(capsys, "--batch", "7", "--features", "3", "--values", "ints", "--csv"))
    array = np.arange(1.0, 22.0).reshape(7, 3)
    for row in rows:
        if row["baseline"] == "":
            body = tw.get_codec(row["way"]).encode(array)
            decoded = tw.get_codec(row["way"]).decode(body)
            view = np.shares_memory(decoded, np.frombuffer(body, np.uint8))
            assert (int(row["bytes"]), row["decode"]) == (len(body), "view" if view else "copy")


def test_tables_fit_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a pipe: 80 columns, no colour; every container, the noise and the answer are there."""
    monkeypatch.delenv("COLUMNS", raising=False)
    text = show(capsys, "--batch", "1,2,3,4,5,6,7")
    assert max(map(len, text.splitlines())) <= 80
    assert "\x1b" not in text
    for part in ("encode + decode, by rows: ", "B/value", "Noise: ", "Which format? ", "Take "):
        assert part in text
    text = show(capsys, "--batch", "1,2,3,4,5,6,7", "--details")
    assert max(map(len, text.splitlines())) <= 80
    for part in ("encode: ", "decode: ", "decode and first use: ", "bytes: "):
        assert part in text


@pytest.mark.parametrize("columns", [80, 120])
def test_the_default_run_is_short(
    columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At most sixty lines, of which the last ones are what to take; more columns show more."""
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = show(capsys).splitlines()
    assert len(lines) <= 60
    assert max(map(len, lines)) <= columns
    (start,) = (place for place, line in enumerate(lines) if line.startswith("Which format? "))
    assert any(line.startswith("Take ") for line in lines[-4:])
    assert len(lines) - start <= 20  # a single process, whose factors are not sure
    (heading,) = (line for line in lines if line.split()[:2] == ["1", "10"])
    assert ("1st use" in heading) is (columns == 120)


def test_a_time_that_is_missing_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """The legend tells of it only where a row of the table has one."""
    text = " ".join(show(capsys, "--batch", "2", "--codec", "json/raw,json/tensor").split())
    assert "A time of -" not in text
    argv = ("--batch", "2", "--dtype", "complex128", "--codec", "json/tensor,json/tftensor")
    text = " ".join(show(capsys, *argv).split())
    assert "A time of -: the codec refuses the values, or one call takes too long" in text


def test_markdown_is_rectangular(capsys: pytest.CaptureFixture[str]) -> None:
    """Every row of every Markdown table has as many cells as its heading."""
    text = show(capsys, "--batch", "1,2", "--codec", "json/*", "--markdown", "--details")
    tables = [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]
    assert len(tables) == 5
    for lines in tables:
        rows = [line for line in lines if line.startswith("|")]
        assert len({row.count("|") for row in rows}) == 1


def test_quiet_is_only_the_answer(capsys: pytest.CaptureFixture[str]) -> None:
    """``-q`` leaves out tables and conditions; the last line of all is what to take."""
    text = show(capsys, "--batch", "2", "--op", "decode", "-q")
    warned, _, answered = text.partition("Which format? ")
    assert not [line for line in warned.splitlines() if "µs" in line]  # only of a busy machine
    assert "sample" not in text
    assert len(answered.splitlines()) <= 15


@pytest.mark.slow
@pytest.mark.parametrize("form", ["-q", "--csv"])
def test_quiet_is_not_silent(
    form: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What makes a run unlike others is said to whoever wants nothing but figures, too."""
    monkeypatch.setattr(machine, "protobuf_backend", lambda: "python")
    assert main(["--batch", "2", "--codec", "json/raw", "--seconds", "0.2", "-q", form]) == 0
    assert "WARNING: protobuf runs in pure Python here" in "".join(capsys.readouterr())


def test_pyperf_reads_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``-o`` writes a suite with a benchmark per cell, and the metadata that explains it."""
    pyperf = pytest.importorskip("pyperf")
    path = tmp_path / "run.json"
    path.write_text("old")
    argv = ("--batch", "2", "--codec", "json/raw", "-q", "-o", str(path), "--force")
    show(capsys, *argv)
    suite = pyperf.BenchmarkSuite.load(str(path))
    names = suite.get_benchmark_names()
    title = "[2, 10] float64 normal"
    assert f"json/raw encode {title}" in names
    assert f"json/raw decode {title} (again)" in names
    assert f"memcpy encode {title}" in names
    found = suite.get_benchmark(f"json/raw encode {title}")
    facts = found.get_metadata()
    assert facts["distribution"] == "normal"
    assert {"numpy_version", "orjson_version", "protobuf_version"} <= facts.keys()
    assert all(value > 0 for value in found.get_values())
    done = subprocess.run(
        [sys.executable, "-m", "pyperf", "stats", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_what_a_codec_cannot_carry_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """A complex payload is measured where it can be; elsewhere its refusal is shown."""
    argv = ("--batch", "2", "--dtype", "complex128", "--codec", "*/ndarray,*/tftensor")
    text = show(capsys, *argv)
    assert "\nrefused   ndarray cannot carry this payload: expected bool, an integer dtype," in text
    assert "got complex128." in text
    rows = cells(show(capsys, *argv, "--csv"))
    able = {row["way"] for row in rows if row["median_s"]}
    assert {"json/tftensor", "protobuf/tftensor", "msgpack/tftensor", "memcpy"} <= able
    assert not any(row["median_s"] for row in rows if row["cannot"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("request.json", b'{"data":{"names":["a"],"ndarray":[[1.5,2.5],[3.5,4.5]]}}'),
        ("list.json", b"[[1.5,2.5],[3.5,4.5]]"),
        ("array.npy", None),
    ],
)
def test_own_payloads(
    name: str, content: bytes | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A recorded request, a nested list and a big-endian Fortran .npy are one and the same."""
    path = tmp_path / name
    if content is None:
        np.save(path, np.array([[1.5, 2.5], [3.5, 4.5]], ">f8", order="F"))
    else:
        path.write_bytes(content)
    rows = cells(show(capsys, str(path), "--codec", "protobuf/tensor", "--csv"))
    size = len(tw.get_codec("protobuf/tensor").encode([[1.5, 2.5], [3.5, 4.5]]))
    assert {row["bytes"] for row in rows if row["way"].startswith("protobuf")} == {str(size)}
    rows = cells(show(capsys, str(path), "--batch", "1,5", "--codec", "*/raw", "--csv"))
    assert {row["bytes"] for row in rows if row["way"] == "memcpy"} == {"16", "80"}


@pytest.mark.slow
def test_pictures_have_their_own_shape(capsys: pytest.CaptureFixture[str]) -> None:
    """``--values image`` is a 224x224x3 uint8 picture by default."""
    argv = ("--values", "image", "--batch", "1", "--codec", "*/raw", "--op", "encode", "--csv")
    assert {row["payload"] for row in cells(show(capsys, *argv))} == {
        "[1, 224, 224, 3] uint8 image"
    }
    rows = cells(show(capsys, *argv, "--features", "4", "--dtype", "float32"))
    assert {row["payload"] for row in rows} == {"[1, 4] float32 image"}


def test_targets_judge_every_promise(capsys: pytest.CaptureFixture[str]) -> None:
    """``--targets`` measures what it needs of the chosen codecs, and judges each."""
    text = show(capsys, "--targets", "--codec", "json/raw")
    table = text[text.index("\ntargets") : text.index("100,000 float64 unless said")]
    lines = [line.split() for line in table.splitlines() if line.startswith("  json/raw")]
    assert [sum(word in {"met", "level", "MISSED"} for word in line) for line in lines] == [2, 2]
    assert "protobuf" not in table


BROKEN = """
import sys
import tensorwire as tw
from bench.codecs.__main__ import main

class Broken:
    name, media_type = "json/broken", "application/json"
    def encode(self, value, **_):
        return tw.get_codec("json/ndarray").encode(value)
    def decode(self, body, **_):
        array = tw.get_codec("json/ndarray").decode(body, copy=True)
        array.flat[-1] = {wrong}
        return array

tw.register_codec(Broken())
sys.exit(main(["--codec", "json/broken,json/raw", "--batch", "4", "--seconds", "0.2"]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("wrong", ["0.0", "array.flat[-1] * (1 + 2.3e-16)", "[][1]"])
def test_a_broken_codec_is_never_timed(wrong: str) -> None:
    """A plug-in that changes the last bit of a value, or fails, ends the run with one line."""
    done = subprocess.run(
        [sys.executable, "-c", BROKEN.format(wrong=wrong)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(
        "python -m bench.codecs: error: check failed: json/broken on [4, 10] float64 normal: "
    )
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.slow
def test_an_interrupted_run_shows_what_it_has(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C after the first samples prints them, ends the worker, and exits with 130."""
    psutil = pytest.importorskip("psutil")

    class Impatient:
        def __init__(self, *, quiet: bool) -> None:
            assert not quiet

        def show(self, what: str, share: float) -> None:
            if what == "measuring":
                assert 0 < share <= 1
                assert psutil.Process().children()
                raise KeyboardInterrupt

        def restart(self) -> None:
            pass

        clear = restart

    monkeypatch.setattr("bench.screen.Progress", Impatient)
    assert main(["--batch", "1", "--codec", "*/raw", "--seconds", "30"]) == 130
    text = capsys.readouterr().out
    assert "Interrupted: this is what was measured until then." in text
    assert not psutil.Process().children()


def test_an_interrupted_check_has_nothing_to_show(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C before the first sample says so."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(measuring, "check_case", interrupted)
    assert main(["--batch", "1"]) == 130
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "interrupted before anything was measured" in shown.err


LOCAL = """
import sys
import numpy as np
import tensorwire as tw
from bench.codecs.__main__ import main

class Local:
    name, media_type = "local/raw", "application/octet-stream"
    def encode(self, value, **_):
        return value.tobytes()
    def decode(self, body, **_):
        return np.frombuffer(body, np.uint8)

tw.register_codec(Local())
sys.exit(main(["--codec", "local/raw", "--batch", "4", "--seconds", "0.2"]))
"""


@pytest.mark.slow
def test_a_failing_worker_is_reported() -> None:
    """A codec that only this process knows passes the check; the worker's error is shown."""
    done = subprocess.run(
        [sys.executable, "-c", LOCAL], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "a worker failed: " in done.stderr
    assert "local/raw" in done.stderr
    assert len(done.stderr.splitlines()) == 1
