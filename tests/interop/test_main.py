"""``python -m interop``: which peers are tried, what is printed and written, exit codes."""

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.environments import InstallError
from bench.payloads.case import Case
from interop import __main__ as command_line
from interop import cases, checks, run, speed
from interop.checks import WE_READ
from interop.peers import PEERS
from tests.support.fake_peer import FAKE, OFFER


@pytest.mark.slow
def test_a_peer_that_cannot_be_installed(
    tmp_path: Path, offline: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """It is reported with pip's reason, nothing is left behind, and the others are still tried."""
    offline("no-such-peer==1.0\n")
    root = tmp_path / "cache"
    assert command_line.main(["--only", "kserve,triton", "--keep", str(root)]) == 1
    said = capsys.readouterr()
    for peer in ("kserve", "triton"):
        assert f"{peer}: cannot be installed: ERROR: No matching distribution" in said.out
        assert f"{peer}: installing 1 packages into {root}" in said.err
    assert list(root.iterdir()) == []


def test_a_peer_that_is_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    """The names that are known are listed, and nothing is run."""
    with pytest.raises(SystemExit) as ended:
        command_line.main(["--only", "triton,tritn"])
    assert ended.value.code == 2
    said = f"expected the name of a peer, got 'tritn'; known: {', '.join(PEERS)}"
    assert capsys.readouterr().err == f"python -m interop: error: {said}\n"


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have one peer, of a few lines, that is asked little; give its source."""
    script = tmp_path / "fake.py"
    script.write_text(FAKE + OFFER, encoding="utf-8")
    content = cases.Content(("int64", "float64"), finite=True, shapes=((2, 3),), several=False)
    monkeypatch.setattr(checks, "CONTENTS", {"json": content._replace(dtypes=("int64",))})
    few = (Case("few", "peers", (2, 3), "int64", "ints"),)
    monkeypatch.setattr(speed, "PAYLOADS", few)
    monkeypatch.setattr(speed, "ROUNDS", 1)
    for name in ("PEERS", "QUICK"):
        monkeypatch.setattr(command_line, name, ("triton",))
    monkeypatch.setattr(run, "environment", lambda *_, **__: sys.executable)
    monkeypatch.setattr(run, "worker", lambda python, _: [python, str(script)])
    return script


@pytest.mark.slow
@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ([], ["checks", "losses", "speed"]),
        (["--speed"], ["speed"]),
        (["--losses"], ["losses"]),
        (["--losses", "--speed"], ["losses", "speed"]),
        (["--quick"], ["checks", "losses"]),
        (["--only", "triton"], ["checks", "losses"]),
    ],
)
def test_which_parts_are_run(
    arguments: list[str], parts: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """All peers get every part; few of them no clock; what is asked for by name stands alone."""
    assert command_line.main(arguments) == 0
    said = capsys.readouterr()
    assert said.out.count("they read ours") == ("checks" in parts)
    assert ("What ours lose" in said.out) == ("losses" in parts)
    assert said.out.count("Refused, in their own words") == (parts[0] == "losses")
    assert said.out.count("few: 2 x 3 (ratio = ours / theirs)") == ("speed" in parts)
    steps = ", ".join(f"{part} . s" for part in parts)
    assert re.search(f"^triton: environment 0 s, start . s, {steps}$", said.err)


def test_a_run_that_is_interrupted(
    alone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was found until then is printed, and the peer counts as not tried."""

    def interrupt(_: object) -> Iterator[None]:
        yield from ()
        raise KeyboardInterrupt

    assert alone.exists()
    monkeypatch.setattr(run, "speeds", interrupt)
    assert command_line.main([]) == 130
    said = capsys.readouterr()
    assert "interrupted: this is what was found until then" in said.err
    assert "they read ours" in said.out
    assert "- triton: interrupted" in said.out


def test_one_peer_is_missing_and_the_rest_is_tried(
    alone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A peer without an environment makes the exit code 1, and takes nothing from the others."""

    def install(pins: Path, *_: object, **__: object) -> str:
        if pins.stem == "seldon":
            raise InstallError("ERROR: no wheel for this Python")
        return sys.executable

    assert alone.exists()
    monkeypatch.setattr(command_line, "PEERS", ("seldon", "triton"))
    monkeypatch.setattr(run, "environment", install)
    assert command_line.main([]) == 1
    said = capsys.readouterr().out
    assert "- seldon: cannot be installed: ERROR: no wheel for this Python" in said
    assert re.search(r"http json +2 of 2|http json +1 of 1 +1 of 1", said)
    assert "few: 2 x 3" in said


@pytest.mark.usefixtures("alone")
def test_what_is_written_for_programs(tmp_path: Path) -> None:
    """Counts, losses and times are rows of plain values; a file that is there stays."""
    path = tmp_path / "run.json"
    assert command_line.main(["-o", str(path)]) == 0
    said = json.loads(path.read_text(encoding="utf-8"))
    assert said["good"] is True
    counts = {"passed": 1, "peer cannot": 0, "failed": 0}
    row = {"peer": "triton", "way": "http json", "check": WE_READ} | counts
    assert row in said["checks"]
    found = {(each["by"], each["array"]): each["loss"] for each in said["losses"]}
    assert found["json/tensor", "uint64 max"] == "refused"
    assert found["oip/binary", "uint64 max"] == ""
    encode, decode = said["speed"]
    assert (encode["operation"], decode["operation"]) == ("encode", "decode")
    assert encode["theirs ns"] > 0
    assert encode["theirs bytes"] > encode["ours bytes"] > 50
    assert decode["theirs bytes"] is None
    with pytest.raises(SystemExit):
        command_line.main(["-o", str(path)])
    assert command_line.main(["-o", str(path), "--force", "--losses"]) == 0
    assert json.loads(path.read_text(encoding="utf-8"))["speed"] == []


def test_the_old_name() -> None:
    """``python -m bench.peers`` is the same command."""
    from bench import peers

    assert peers.main is command_line.main
