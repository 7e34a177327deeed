"""``--json``: all that the text says, for programs, and nothing else on stdout."""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

import tensorwire as tw
from bench import export, figures
from bench.advice import wording
from bench.advice.advice import advise
from bench.codecs.__main__ import main
from bench.payloads.case import Case, build
from tests.support.advice_runs import SECTION, USUAL, run
from tests.support.values import CODECS

if TYPE_CHECKING:
    from collections.abc import Iterator


QUICK = ("--seconds", "0.2", "--processes", "1", "--json")


def written(capsys: pytest.CaptureFixture[str], *argv: str, code: int = 0) -> dict[str, Any]:
    """Run quickly in this process, and read what stands on stdout."""
    assert main([*QUICK, *argv]) == code
    shown = capsys.readouterr()
    assert not [line for line in shown.err.splitlines() if "is not installed" not in line]
    found: dict[str, Any] = json.loads(shown.out)
    return found


def numbers(value: object) -> Iterator[float]:
    """Yield every number in it."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from numbers(each)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield value


def of(results: Any) -> dict[str, Any]:
    """Write a made-up run, and read it."""
    stream = io.StringIO()
    export.write_json(results, ["a note"], stream)
    found: dict[str, Any] = json.loads(stream.getvalue())
    return found


def test_every_figure_of_the_text_is_in_the_json() -> None:
    """Factors, times and sizes that a person reads are those that a program gets."""
    made = run({**USUAL, "json/raw": (1e-7, 1e-6, 1e-5), "protobuf/raw": (4e-7, 1e-6, 1e-5)})
    found = wording.answer(advise(made, SECTION))
    text = " ".join([*(entry.text for entry in found.entries), found.verdict])
    known = list(numbers(of(made)["advice"]))
    for form, pattern, least in (
        (figures.times, r"[\d.,]+ times", 3),
        (figures.duration, r"[\d.]+ (?:ns|µs|ms)\b", 3),
        (figures.size, r"[\d.]+ [kM]?B\b", 1),
    ):
        printed = set(re.findall(pattern, text))
        assert len(printed) >= least
        assert printed <= {form(number) for number in known}


def test_the_keys_are_stable() -> None:
    """They come in the order of the documentation, and the format has its number."""
    made = run(USUAL)
    found = of(made)
    assert list(found) == [
        *("format", "interrupted", "notes", "machine", "payloads", "cells", "cannot"),
        *("requests", "advice", "links"),
    ]
    assert (found["format"], found["interrupted"], found["notes"]) == (2, False, ["a note"])


def test_every_key_is_documented() -> None:
    """The module says what each key of the advice means."""
    (told,) = of(run(USUAL))["advice"]
    described = export.__doc__ or ""
    keys = {*told, *told["best"][0], *told["matters"][0], *told["best"][0]["others"][0]}
    assert keys == {key for key in keys if f"``{key}``" in described}


def test_a_run_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    """Cells, sizes and views are the library's own; every codec has its facts."""
    found = written(capsys, "--batch", "1,7", "-q")
    assert [payload["shape"] for payload in found["payloads"]] == [[1, 10], [7, 10]]
    array = build(Case("7", "", (7, 10), "float64", "normal"))
    seen = 0
    for cell in found["cells"]:
        assert cell["median_s"] > 0
        assert cell["samples"] >= 1
        if cell["payload"] == 1 and ":" not in cell["way"] and cell["way"] != "memcpy":
            assert cell["bytes"] == len(tw.get_codec(cell["way"]).encode(array))
            seen += 1
    assert seen == 3 * len(CODECS)
    (told,) = found["advice"]
    assert list(told["carries"]) == list(CODECS)
    assert {choice["columns"][0] for choice in told["best"]} <= {"1", "7"}
    assert min(each["seconds"] for each in found["requests"]) > 0
    assert all(each["request"] > 0 for each in told["matters"])
    assert "python" in " ".join(found["machine"])


def test_one_direction_and_a_refusal(capsys: pytest.CaptureFixture[str]) -> None:
    """What was not asked for is not there; what cannot be represented is, with the reason."""
    argv = ("--batch", "2", "--op", "encode", "--dtype", "complex64", "--codec", "json/*")
    found = written(capsys, *argv)
    assert {cell["operation"] for cell in found["cells"]} == {"encode"}
    assert {each["way"] for each in found["cannot"]} >= {"json/ndarray", "json/tensor"}
    (told,) = found["advice"]
    assert {each["codec"] for each in told["refused"]} == {"json/ndarray", "json/tensor"}
    assert [choice["codec"] for choice in told["best"]] == ["json/tftensor"]


@pytest.mark.slow
def test_an_interrupted_run_is_valid(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C after the first samples: JSON that says so, and exit code 130."""

    def shown(_: object, what: str, share: float) -> None:
        if what == "measuring":
            assert share > 0
            raise KeyboardInterrupt

    monkeypatch.setattr("bench.screen.Progress.show", shown)
    argv = ("--batch", "1", "--codec", "*/tensor", "--seconds", "30")
    assert written(capsys, *argv, code=130)["interrupted"] is True
