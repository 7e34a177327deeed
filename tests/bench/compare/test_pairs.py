"""Pairs of processes: what they load, measure and refuse, for real and in small."""

from __future__ import annotations

import csv
import shutil
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

import tensorwire
from bench.compare import pairs, trees
from bench.compare.__main__ import main
from bench.interrupt import UsageError
from bench.process import WorkerError
from tests.support.commands import outcome

if TYPE_CHECKING:
    from bench.compare.pairs import Setting

PACKAGE = Path(tensorwire.__file__).parent
run = partial(outcome, main)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Setting:
    """Measure one codec on the smallest payload."""
    usual = pairs.usual()
    setting = pairs.Setting(usual.cases[:1], ("protobuf/tensor",))
    monkeypatch.setattr("bench.compare.against.usual", lambda: setting)
    return setting


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Copy the package into a folder, as pip would install it."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE, tmp_path / "site" / "tensorwire", ignore=ignored)
    return tmp_path / "site"


def plant(folder: Path, text: str) -> None:
    """Append to the package of a copy."""
    module = folder / "tensorwire" / "__init__.py"
    module.write_text(module.read_text() + text)


SLOW = """
def _slow(name, usual=get_codec):
    made = usual(name)
    class Codec:
        def decode(self, body):
            return made.decode(body).copy()
        def encode(self, value):
            made.encode(value)
            made.encode(value)
            return made.encode(value)
    return Codec()
get_codec = _slow
"""


def test_the_usual_setting() -> None:
    """Every codec and every form of a server, encode and decode, on payloads of other paths."""
    setting = pairs.usual()
    assert len(setting.names) == 19
    assert len({case.label for case in setting.cases}) == len(setting.cases) == 5
    assert len({(case.dtype, case.values) for case in setting.cases}) == 3


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_three_times_the_work(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Against a copy that encodes three times and copies what it decodes, this code is faster."""
    plant(copy, SLOW)
    code, text, _ = run(capsys, "--against", str(copy))
    told = " ".join(text.split())
    assert code == 0
    assert "2 cells in turns" in told
    assert "Codecs: 2 cells, 2 faster" in told
    assert "protobuf/tensor 1x10 copy view fell" in told
    assert "--fail-over 12%: no regression." in told


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_a_regression(
    copy: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where this code is that copy, it is slower than the original: exit code 1, in CSV too."""
    plant(copy, SLOW)
    loaded = SimpleNamespace(__file__=str(copy / "tensorwire" / "__init__.py"))
    monkeypatch.setattr(trees, "tensorwire", loaded)
    code, text, told = run(capsys, "--against", str(PACKAGE.parent), "--csv")
    rows = {row["operation"]: row for row in csv.DictReader(text.splitlines())}
    assert code == 1
    assert rows["encode"]["verdict"] == "slower"
    assert 2 < float(rows["encode"]["ratio"]) < 4
    assert (rows["decode"]["old_decode"], rows["decode"]["new_decode"]) == ("view", "copy")
    assert "- protobuf/tensor encode 1x10: " in told


def test_another_version_is_loaded(small: Setting, copy: Path) -> None:
    """Either side loads its own package; one that is found elsewhere is an error."""
    with trees.beside(str(copy)) as (old, new):
        assert len(str(old.folder)) == len(str(new.folder))
        assert (old.folder / "tensorwire").resolve() == (copy / "tensorwire").resolve()
        assert (new.folder / "tensorwire").resolve() == PACKAGE.resolve()
        known = pairs.facts(small, old)
        assert known[0, "protobuf/tensor"].size == len(
            tensorwire.get_codec("protobuf/tensor").encode([[0.5] * 10])
        )
        shutil.rmtree(copy / "tensorwire")
        with pytest.raises(WorkerError, match="expected tensorwire of"):
            pairs.facts(small, old)


def test_a_version_that_fails(small: Setting, copy: Path) -> None:
    """One line names the version and the reason."""
    plant(copy, "\nraise RuntimeError('out of order')\n")
    with trees.beside(str(copy)) as (old, _), pytest.raises(WorkerError, match="out of order"):
        pairs.facts(small, old)


def test_what_is_no_version(tmp_path: Path) -> None:
    """Neither a folder with the package, nor a commit: one line, exit code 2."""
    for name, says in ((str(tmp_path), "expected a folder with"), ("no-such", "or a commit of")):
        with pytest.raises(UsageError, match=says), trees.beside(name):
            pass


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        ([], "expected two files, --against OLD or --history DIR"),
        (["one.json"], "expected two files"),
        (["a", "b", "--against", "main"], "expected two files"),
        (["--against", "main", "--op", "encode"], "--op: expected --history beside it"),
        (["a", "b", "--html", "x.html"], "--html: expected --history beside it"),
        (["--against", "main", "--codec", "odd"], "got 'odd'"),
    ],
)
def test_usage(argv: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One thing at a time, exit code 2."""
    code, out, err = run(capsys, *argv)
    assert (code, out) == (2, "")
    assert says in err
