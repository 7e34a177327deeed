"""``python -m bench.codecs FOLDER``: recorded requests, from the files to the last line."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest

import tensorwire as tw
from bench.codecs.__main__ import main
from tests.support.commands import outcome

if TYPE_CHECKING:
    from pathlib import Path

run = partial(outcome, main)
BRIEF = ("--seconds", "1", "-p", "2")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return recorded requests of two protocols, and a file that is none."""
    rng = np.random.default_rng(0)
    for n in range(30):
        rows = rng.normal(size=(1 + n % 3, 10)).tolist()
        (tmp_path / f"{n}.json").write_text(json.dumps({"data": {"ndarray": rows}}))
    tensor = tw.oip.InferTensor("x", np.ones((4, 4), np.float32))
    body, _ = tw.get_protocol("oip/binary").encode(tw.oip.InferRequest([tensor], "m"))
    for n in range(10):
        (tmp_path / f"{n}.bin").write_bytes(body)
    (tmp_path / "notes.txt").write_text("hello")
    return tmp_path


@pytest.mark.parametrize("columns", [80, 120])
def test_a_folder_gets_one_answer(
    columns: int, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was recorded comes first, what all of it costs before the advice, which is last."""
    monkeypatch.setenv("COLUMNS", str(columns))
    code, shown, errors = run(capsys, str(folder), *BRIEF)
    assert (code, errors) == (0, "")
    text = " ".join(shown.split())
    assert "traffic 40 requests, 40 arrays; 8 were measured, " in text
    assert "forms json/ndarray 75 %, oip/binary 25 %" in text
    assert "[1, 10] 25 %" in text
    assert "not read 1 file: notes.txt: a file of another format " in text
    recorded = sum(path.stat().st_size for path in folder.iterdir()) - len("hello")
    assert f" and {recorded / 1000:.3g} kB as recorded." in text
    assert "Which format?" in text
    assert text.rpartition(". ")[2].startswith("Take ") or "Take " in shown.splitlines()[-2]
    assert [line for line in shown.splitlines() if len(line) > columns] == []


def test_the_reason_of_a_broken_file_ends_with_a_whole_word(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What does not fit is cut off between words, and marked."""
    (folder / "broken.json").write_text('{"data":{"ndarray":[[1,2],[3')
    _, shown, _ = run(capsys, str(folder), *BRIEF, "--codec", "json/raw")
    text = " ".join(shown.split())
    assert "not read 2 files: broken.json: expected JSON, got other text: unexpected end of" in text
    assert " data: ...; notes.txt: " in text


def test_programs_get_the_mean_request(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``--json`` gives advice on one payload: a request."""
    code, shown, _ = run(capsys, str(folder), *BRIEF, "--json", "--codec", "*/tensor")
    assert code == 0
    found = json.loads(shown)
    assert '"a request"' in json.dumps(found)
    assert str(folder.parent) not in shown


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (("--batch", "1,2"), "expected files for --batch, got the folder "),
        (("--memory",), "expected files for --memory, got the folder "),
        (("--values", "ints"), "leave out --values"),
    ],
)
def test_options_of_one_payload_are_refused(
    argv: tuple[str, ...], says: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, and nothing measured."""
    code, shown, errors = run(capsys, str(folder), *argv)
    assert (code, shown, len(errors.splitlines())) == (2, "", 1)
    assert says in errors


def test_nothing_to_read_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line that names the folder and the first reason."""
    (tmp_path / "notes.txt").write_text("hello")
    code, shown, errors = run(capsys, str(tmp_path))
    assert (code, shown) == (2, "")
    assert (
        "expected requests that can be read, got none of 1; notes.txt: expected arrays or a request"
        in errors
    )
