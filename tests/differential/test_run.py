"""The differential run: a short one as an ordinary test, and proof that it can fail."""

import random
from typing import Any

import numpy as np
import pytest

import tensorwire as tw
from tests.differential.__main__ import main
from tests.differential.checks import CHECKS
from tests.differential.contents import Wrong, attempt, contents
from tests.differential.nesting import LEFT, below
from tests.differential.run import report, run


@pytest.mark.slow
@pytest.mark.parametrize("name", [*CHECKS])
def test_a_short_run(name: str) -> None:
    """Some of the checks of each kind find nothing wrong."""
    check, _ = CHECKS[name]
    tallies = run({name: (check, 1)}, count=60 if name == "nesting" else 400, seed="short")
    assert not tallies[name].wrong, report(tallies, "short")
    assert tallies[name].survived


FAULTS: dict[str, Any] = {
    "reencode": lambda decode, *a, **k: _with_one_more(decode(*a, **k)),
    "peek": lambda decode, *a, **k: _reshaped(decode(*a, **k)),
    "transcode": lambda decode, *a, **k: _rounded(decode(*a, **k)),
    "exact": lambda decode, *a, **k: _rounded(decode(*a, **k)),
}


def _with_one_more(message: Any) -> Any:
    if isinstance(message, tw.Message):
        message.meta = {**message.meta, "puid": message.meta.get("puid", "") + "x"}
    return message


def _reshaped(message: Any) -> Any:
    if isinstance(message, tw.Message) and isinstance(message.value, np.ndarray):
        message.value = message.value[None]
    return message


def _rounded(message: Any) -> Any:
    if isinstance(message, tw.Message) and isinstance(message.value, np.ndarray):
        kind = message.value.dtype.kind
        message.value = np.nextafter(message.value, 9.0) if kind == "f" else message.value
    return message


@pytest.mark.slow
@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the library is changed to be wrong, the run says so, how to repeat it, and exits 1."""
    protocol = type(tw.get_protocol("seldon/json"))
    decode, fault = protocol.decode, FAULTS[name]
    monkeypatch.setattr(protocol, "decode", lambda *a, **k: fault(decode, *a, **k))
    assert main(["--only", name, "--checks", "500", "--seed", "f"]) == 1
    shown = capsys.readouterr().out
    assert f"repeat: python -m tests.differential --only {name} --seed f --number" in shown
    number = shown.partition("--number ")[2].split()[0]
    assert main(["--only", name, "--seed", "f", "--number", number]) == 1
    monkeypatch.undo()
    assert main(["--only", name, "--seed", "f", "--number", number]) == 0


@pytest.mark.slow
def test_planted_faults_in_bytes_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that takes what protobuf refuses, and one that recurses, are found."""
    codec = type(tw.get_codec("json/ndarray"))
    decode = codec.decode

    def lenient(self: Any, body: Any, **options: Any) -> Any:
        try:
            return decode(self, body, **options)
        except tw.DecodeError:
            return np.zeros(1)

    monkeypatch.setattr(codec, "decode", lenient)
    assert run({"damaged": CHECKS["damaged"]}, count=200)["damaged"].wrong
    monkeypatch.undo()

    def recursive(self: Any, body: Any, **options: Any) -> Any:
        repr(options) and _descend(300)
        return decode(self, body, **options)

    monkeypatch.setattr(codec, "decode", recursive)
    wrong = run({"nesting": CHECKS["nesting"]}, count=60)["nesting"].wrong
    assert any("RecursionError" in text for _, text in wrong)


def _descend(depth: int) -> int:
    return _descend(depth - 1) + 1 if depth else 0


def test_the_run_counts_and_repeats() -> None:
    """Each check has a seed of its own; what is wrong, refused or survived is counted."""

    def check(chance: random.Random) -> bool:
        drawn = chance.random()
        if drawn < 0.2:
            raise Wrong(f"drawn {drawn}")
        if drawn < 0.25:
            raise ValueError("the check itself")
        return drawn < 0.6

    first, again = (run({"c": (check, 1)}, count=300, seed="s")["c"] for _ in range(2))
    assert (first.survived, first.refused, first.wrong) == (
        again.survived,
        again.refused,
        again.wrong,
    )
    assert first.tried == 300 == first.survived + first.refused + len(first.wrong)
    number, text = first.wrong[0]
    assert run({"c": (check, 1)}, count=1, seed="s", first=number)["c"].wrong == [(number, text)]
    assert any("the check itself" in text for _, text in first.wrong)
    assert run({"c": (check, 1)}, count=10**9, seconds=0)["c"].tried < 10**6


def test_what_is_attempted() -> None:
    """A refusal is a result; any other exception, and a refusal without a place, is wrong."""
    assert isinstance(attempt(tw.get_codec("json/raw").decode, b"x"), tw.DecodeError)
    with pytest.raises(Wrong, match="ZeroDivisionError"):
        attempt(lambda: 1 / 0)
    with pytest.raises(Wrong, match="without"):
        attempt(_refuse_without_a_reason)
    assert contents(np.array([1.0])) != contents(np.array([1])) != contents([1])
    assert contents({"a": 1, "b": 2}) == contents({"b": 2, "a": 1})


def _refuse_without_a_reason() -> None:
    raise tw.DecodeError("")


def test_below_leaves_few_frames() -> None:
    """What is called from deep has the frames that are said, and no more."""
    below(lambda: _descend(LEFT - 15))
    with pytest.raises(RecursionError):
        below(lambda: _descend(LEFT + 5))
