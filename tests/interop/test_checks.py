"""Messages that are exchanged with a peer, and the report of what came of it."""

import io
import re

import pytest

from bench.screen import Screen
from interop import cases, checks
from interop.checks import SAME, THEY_READ, WE_READ, Outcome, Report, fault_of
from interop.implementations import IMPLEMENTATIONS
from interop.known_faults import KNOWN_FAULTS
from interop.peers import PEERS
from tests.support.fake_peer import FAKE, OFFER, Start


def outcome(case: str, reason: str = "", check: str = THEY_READ, peer: str = "kserve") -> Outcome:
    """Make an outcome of KServe's REST."""
    found = Outcome(peer, "rest binary", "request", check, case, reason)
    return found._replace(fault=fault_of(found)) if reason else found


def test_a_peer_that_agrees(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that does it right passes every check, whatever it prints."""
    content = cases.Content(("int64", "bool", "bytes"), finite=True, shapes=((2, 3), (0,), ()))
    monkeypatch.setattr(checks, "CONTENTS", {"json": content._replace(several=False)})
    found = list(checks.checks(start(FAKE + OFFER)))
    assert [each for each in found if each.reason] == []
    assert [each.check for each in found] == [WE_READ, THEY_READ] * 9


@pytest.mark.slow
@pytest.mark.parametrize(
    ("right", "wrong", "reason"),
    [
        ("array.ravel()", "array[::-1].ravel()", "other values"),
        ('reshape(each["shape"])', "reshape(-1, 1)", "shape (6, 1), not (2, 3)"),
        ("= array\n", '= array.astype("f8")\n', "dtype float64, not int64"),
        ('{"id": said["id"]', '{"id": "43"', "id '43', not '42'"),
        ('values[each["name"]]', 'values["y"]', "tensors ['y']"),
        ('fields["parameters"]', "{}", "parameters {'text': None"),
        ("said, values =", "1 / 0", "they do not read it: ZeroDivisionError: division by zero"),
        ("elements =", "1 / 0", "they do not write it: ZeroDivisionError: division by zero"),
        ("json.dumps(said).encode()", "b'{'", "we do not read it: DecodeError: "),
    ],
)
def test_a_peer_that_does_not(
    start: Start, monkeypatch: pytest.MonkeyPatch, right: str, wrong: str, reason: str
) -> None:
    """What differs is found, and said."""
    content = cases.Content(("int64",), finite=True, shapes=((2, 3),), several=False)
    monkeypatch.setattr(checks, "CONTENTS", {"json": content})
    assert FAKE.count(right) == 1
    wrong = f"{wrong}; {right}" if wrong == "1 / 0" else wrong
    found = [each.reason for each in checks.checks(start(FAKE.replace(right, wrong) + OFFER))]
    assert [reason in each for each in found].count(True) == 1, found


def shown(report: Report) -> list[str]:
    """Return what a person sees of a report, in a pipe of 80 columns."""
    stream = io.StringIO()
    report.show(Screen(stream))
    report.show_missing(Screen(stream))
    lines = stream.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    return lines


def test_the_report_of_a_good_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checks are counted, what a peer cannot do apart from the rest, and what is not ours, too."""
    monkeypatch.setenv("COLUMNS", "80")
    refused = "they do not read it: InvalidInput: invalid datatype None in the input"
    found = [outcome("int8 (3,)"), outcome("bfloat16 ()", refused), outcome("int8 (3,)", "", SAME)]
    report = Report({"kserve": ["rest binary"], "pickle": ["in-band"]}, found)
    report.missing["kserve"] = ""
    assert shown(report)[1:9] == [
        "Messages that are read as they were written",
        "                they read ours we read theirs same bytes peer cannot",
        "kserve",
        "  rest binary           1 of 1              -     1 of 1           1",
        "pickle",
        "  in-band     not ours to read              -          -           -",
        "",
        "What peers cannot do, as declared in known_faults.py:",
    ]
    assert "- kserve, 1 checks: has no BF16" in shown(report)
    report.missing.clear()
    assert report.stale
    assert Report({"pickle": ["in-band"]}).good


def test_the_report_of_a_bad_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Failures stand there with their reason, the first few of a kind, and make the run bad."""
    monkeypatch.setenv("COLUMNS", "80")
    failed = [outcome(f"int8 ({size},)", "x: other values") for size in range(5)]
    missing = {"seldon": "cannot be installed: no"}
    report = Report({"kserve": ["rest binary"]}, failed, missing=missing | {"kserve": "gone"})
    assert not report.good
    lines = shown(report)
    assert lines[4].split() == ["rest", "binary", "0", "of", "5", "-", "-", "-"]
    assert lines[6:8] == [
        "FAILED:",
        "- kserve rest binary, request, they read ours: int8 (0,): x: other values",
    ]
    assert "- kserve rest binary they read ours: and 2 more" in lines
    assert lines[-3:-1] == ["NOT TRIED to the end:", "- seldon: cannot be installed: no"]


def test_a_fault_hides_nothing_else() -> None:
    """A declared fault is known by what is said; another failure of the same case is a failure."""
    assert outcome("bfloat16 ()", "x: other values").fault is None
    assert outcome("float16 ()", "invalid datatype None in the input").fault is None
    assert outcome("bfloat16 ()", "invalid datatype None", peer="triton").fault is None


def test_a_fault_that_is_gone() -> None:
    """A declared fault that does not show in a run of its peer makes the run bad."""
    report = Report({"kserve": []}, [outcome("int8 ()")])
    assert not report.good
    assert any("has no BF16" in line for line in report.stale)
    assert not Report({"triton": []}, [outcome("int8 ()")]).stale


def test_the_tables_name_peers() -> None:
    """Ways and faults are those of peers that there are, and every fault's patterns compile."""
    assert {peer for peer, _ in IMPLEMENTATIONS} == set(PEERS)
    assert {fault.peer for fault in KNOWN_FAULTS} <= set(PEERS)
    for fault in KNOWN_FAULTS:
        for pattern in (fault.where, fault.case, fault.message):
            re.compile(pattern)
    assert {implementation.content for implementation in IMPLEMENTATIONS.values()} == set(
        cases.CONTENTS
    )
