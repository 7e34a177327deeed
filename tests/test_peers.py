"""The harness that tries the real libraries, tried without them: none of this needs a network."""

import ast
import io
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from bench.measuring.payloads import Case
from bench.peers import __main__ as command_line
from bench.peers import cases, checks, environments, process, speed, speed_table
from bench.peers.checks import SAME, THEY_READ, WE_READ, Outcome
from bench.peers.environments import PEERS, InstallError, environment, requirements
from bench.peers.faults import FAULTS, fault_of
from bench.peers.process import PeerError, PeerProcess, Refusal
from bench.peers.report import Report
from bench.peers.speed import FOUR_MB, PAYLOADS, Speed, in_turn, speeds
from bench.peers.ways import WAYS
from bench.peers.workers import frames
from bench.peers.workers.serving import Spoken
from bench.peers.workers.tensors import Tensor, from_value, pack, strings, to_value, unpack
from bench.screen.render import Screen

FOLDER = Path(environments.__file__).parent
WORKERS = sorted((FOLDER / "workers").glob("*.py"))

# A library of the Open Inference Protocol's JSON, in a few lines of the standard library.
FAKE = """
import json
import sys

import numpy as np

from bench.peers.workers.serving import Spoken, serve

DTYPES = {"INT64": "int64", "BOOL": "bool", "BYTES": "object"}
NAMES = {np.dtype(dtype): name for name, dtype in DTYPES.items()}


def write(values, fields):
    print("a library that prints")
    said = {"id": fields["id"], "parameters": fields["parameters"], "inputs": []}
    for name, array in values.items():
        elements = array.ravel().tolist()
        data = [each.decode() if isinstance(each, bytes) else each for each in elements]
        described = {"name": name, "shape": array.shape, "datatype": NAMES[array.dtype]}
        said["inputs"].append(described | {"data": data})
    return Spoken(json.dumps(said).encode())


def read(spoken):
    said, values = json.loads(spoken.body), {}
    for each in said["outputs"]:
        array = np.array(each["data"], DTYPES[each["datatype"]]).reshape(each["shape"])
        values[each["name"]] = array
    return values, {"id": said["id"], "model_name": said["model_name"]}
"""
OFFER = """
offer = {"http json": {("encode", "request"): write, ("decode", "response"): read}}
serve(lambda: offer, "numpy")
"""
Start = Callable[[str], PeerProcess]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a worker of a given source, which is ended after the test."""
    started: list[PeerProcess] = []

    def start(source: str) -> PeerProcess:
        script = tmp_path / "fake.py"
        script.write_text(source, encoding="utf-8")
        peer = PeerProcess("triton", [sys.executable, str(script)])
        started.append(peer)
        return peer

    yield start
    for peer in started:
        peer.close()


def outcome(case: str, reason: str = "", check: str = THEY_READ, peer: str = "kserve") -> Outcome:
    """Make an outcome of KServe's REST."""
    found = Outcome(peer, "rest binary", "request", check, case, reason)
    return found._replace(fault=fault_of(found)) if reason else found


def test_a_frame_comes_as_it_went() -> None:
    """Header and blobs, empty ones among them, are read as they were written, one after another."""
    pipe = io.BytesIO()
    frames.write(pipe, {"a": ["é", None, 1.5]}, [b"", b"\0\1", b"x" * 70000])
    frames.write(pipe, {})
    pipe.seek(0)
    assert frames.read(pipe) == ({"a": ["é", None, 1.5]}, [b"", b"\0\1", b"x" * 70000])
    assert frames.read(pipe) == ({}, [])
    assert frames.read(pipe) is None


def test_the_bytes_of_a_frame() -> None:
    """A frame is the header's length, the header, the blobs."""
    pipe = io.BytesIO()
    frames.write(pipe, {"a": 1}, [b"xy"])
    assert pipe.getvalue() == b'\x16\0\0\0{"a": 1, "blobs": [2]}xy'


@pytest.mark.parametrize("cut", [1, 4, 10, -1])
def test_a_frame_that_is_cut_off(cut: int) -> None:
    """The end within a frame is an error, not the end."""
    pipe = io.BytesIO()
    frames.write(pipe, {"a": 1}, [b"xy"])
    with pytest.raises(frames.FrameError, match="ended"):
        frames.read(io.BytesIO(pipe.getvalue()[:cut]))


@pytest.mark.parametrize(
    "text",
    [b"[]", b"{", b"{}", b'{"blobs": 1}', b'{"blobs": [-1]}', b'{"blobs": [1e300]}', b"\xff"],
)
def test_what_is_no_frame(text: bytes) -> None:
    """Whatever stands in place of a header is an error of one kind."""
    with pytest.raises(frames.FrameError):
        frames.read(io.BytesIO(len(text).to_bytes(4, "little") + text))


def test_tensors_come_as_they_went() -> None:
    """Arrays of every sort are what they were after the pipe."""
    values = {
        "floats": np.array([[1.5, -0.0, np.nan]]),
        "scalar": np.array(7, np.uint16),
        "bfloat16": np.array([1.5, -2.0], ml_dtypes.bfloat16),
        "none": np.empty((0, 3), np.float32),
        "flags": np.array([True, False]),
    }
    tensors = [from_value(name, value) for name, value in values.items()]
    for (name, value), tensor in zip(values.items(), unpack(*pack(tensors)), strict=True):
        again = to_value(tensor)
        assert (tensor.name, again.dtype, again.shape) == (name, value.dtype, value.shape)
        assert again.tobytes() == value.tobytes()


def test_strings_come_as_they_went() -> None:
    """Empty strings, NULs at the end and bytes that are no text are kept."""
    elements = [b"", b"a\0", b"\xff\0\1", "é".encode()]
    tensor = strings("s", (2, 2), elements)
    assert to_value(unpack(*pack([tensor]))[0]).tolist() == [elements[:2], elements[2:]]
    assert from_value("s", [[b"", b"a\0"], [b"\xff\0\1", "é"]]) == tensor
    assert from_value("s", np.array("ab")) == Tensor("s", "bytes", (), b"ab", (2,))


def test_small_integers_are_compared_by_value() -> None:
    """The spare bits of a byte that holds an int4 are no part of it."""
    array = np.array([0x0F, 0x07], np.uint8).view(ml_dtypes.int4)
    assert from_value("x", array).data == b"\xff\x07"


def test_a_peer_that_agrees(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that does it right passes every check, whatever it prints."""
    content = cases.Content(("int64", "bool", "bytes"), finite=True, shapes=((2, 3), (0,), ()))
    monkeypatch.setattr(checks, "CONTENTS", {"json": content._replace(several=False)})
    found = list(checks.checks(start(FAKE + OFFER)))
    assert [each for each in found if each.reason] == []
    assert [each.check for each in found] == [WE_READ, THEY_READ] * 9


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


def test_a_call_is_timed_where_it_is_made(start: Start) -> None:
    """As many times come back as calls were asked for, and the answer is not sent."""
    peer = start(FAKE + OFFER)
    tensors = [from_value("x", np.arange(6))]
    case = cases.Case("x", tuple(tensors))
    taken = peer.time_encode("http json", "request", tensors, case.fields, 3)
    assert len(taken) == 3
    assert all(each > 0 for each in taken)
    body = b'{"outputs": [], "id": "", "model_name": ""}'
    assert len(peer.time_decode("http json", "response", Spoken(body), 2)) == 2


def test_a_library_that_cannot_be_loaded(start: Start) -> None:
    """A worker that has no library says so and ends."""
    source = "from bench.peers.workers.serving import serve\nserve(lambda: __import__('no_such'))"
    with pytest.raises(Refusal, match="ModuleNotFoundError: No module named 'no_such'"):
        start(source)


def test_a_worker_that_ends(start: Start) -> None:
    """A worker that is gone is an error with its last words."""
    with pytest.raises(PeerError, match=r"ended with code 3: the last words"):
        start("import sys\nprint('the last words', file=sys.stderr)\nsys.exit(3)")
    peer = start((FAKE + OFFER).replace("said, values", "sys.exit(4); said, values"))
    with pytest.raises(PeerError, match="ended with code 4"):
        peer.decode("http json", "response", Spoken(b"{}"))
    with pytest.raises(PeerError, match="ended"):
        peer.decode("http json", "response", Spoken(b"{}"))


def test_a_worker_that_is_silent(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that does not answer is ended."""
    monkeypatch.setattr(process, "START", 0.2)
    with pytest.raises(PeerError, match=r"no answer within 0\.2 s"):
        start("import time\ntime.sleep(60)")


def test_a_worker_that_does_not_start() -> None:
    """An interpreter that is not there is an error of the peer, not of the run."""
    with pytest.raises(PeerError, match="does not start"):
        PeerProcess("triton", ["/no/such/python"])


def test_a_worker_ends_with_its_pipe(start: Start) -> None:
    """Closing a peer leaves no process."""
    with closing(start(FAKE + OFFER)) as peer:
        pass
    assert peer._process.returncode == 0


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Make pip find nothing, and have every peer asked for by the pins given."""

    def pin(text: str) -> None:
        file = tmp_path / "pins.txt"
        file.write_text(text, encoding="utf-8")
        monkeypatch.setattr(environments, "requirements", lambda _: file)

    for name in ("PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return pin


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


def test_an_environment_is_made_once(tmp_path: Path, offline: Callable[[str], None]) -> None:
    """The second time it is there; other pins make another."""
    told: list[str] = []
    offline("# nothing\n")
    first = environment("kserve", tmp_path / "cache", told.append)
    assert Path(first).is_relative_to(tmp_path / "cache")
    assert environment("kserve", tmp_path / "cache", told.append) == first
    assert len(told) == 1
    offline("no-such-peer==1.0\n")
    with pytest.raises(InstallError):
        environment("kserve", tmp_path / "cache", told.append)


def test_no_such_python(tmp_path: Path) -> None:
    """An interpreter that is not there is a reason like others."""
    with pytest.raises(InstallError, match="No such file"):
        environment("kserve", tmp_path, print, "/no/such/python")


def test_a_peer_that_is_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    """The names that are known are listed, and nothing is run."""
    assert command_line.main(["--only", "triton,tritn"]) == 2
    assert capsys.readouterr().err == f"no peer 'tritn'; known: {', '.join(PEERS)}\n"


def test_the_report_of_a_good_run() -> None:
    """Checks are counted, what a peer cannot do apart from the rest."""
    refused = "they do not read it: InvalidInput: invalid datatype None in the input"
    report = Report(
        [outcome("int8 (3,)"), outcome("bfloat16 ()", refused), outcome("int8 (3,)", "", SAME)]
    )
    assert report.good
    assert list(report.lines()) == [
        "",
        "peer    way          they read ours  we read theirs  same bytes  peer cannot",
        "kserve  rest binary          1 of 1               -      1 of 1            1",
        "",
        "What peers cannot do, as declared in faults.py:",
        "  kserve, 1 checks: has no BF16",
    ]


def test_the_report_of_a_bad_run() -> None:
    """Failures stand there with their reason, the first few of a kind, and make the run bad."""
    failed = [outcome(f"int8 ({size},)", "x: other values") for size in range(5)]
    report = Report(failed, missing={"seldon": "cannot be installed: no"})
    assert not report.good
    lines = list(report.lines())
    assert lines[2].split() == ["kserve", "rest", "binary", "0", "of", "5", "-", "-", "-"]
    assert lines[4:6] == [
        "FAILED:",
        "  kserve rest binary, request, they read ours: int8 (0,): x: other values",
    ]
    assert lines[8] == "  kserve rest binary they read ours: and 2 more"
    assert lines[-2:] == ["NOT TRIED to the end:", "  seldon: cannot be installed: no"]


def test_a_fault_hides_nothing_else() -> None:
    """A declared fault is known by what is said; another failure of the same case is a failure."""
    assert outcome("bfloat16 ()", "x: other values").fault is None
    assert outcome("float16 ()", "invalid datatype None in the input").fault is None
    assert outcome("bfloat16 ()", "invalid datatype None", peer="triton").fault is None


def test_a_fault_that_is_gone() -> None:
    """A declared fault that does not show in a run of its peer makes the run bad."""
    report = Report([outcome("int8 ()")], versions={"kserve": {}})
    assert not report.good
    assert any("has no BF16" in line for line in report.stale)
    assert not Report([outcome("int8 ()")], versions={"triton": {}}).stale


FEW = (Case("few", "peers", (2, 3), "int64", "ints"),)


@pytest.fixture
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time little, and that not for long."""
    monkeypatch.setattr(speed, "PAYLOADS", FEW)
    monkeypatch.setattr(speed_table, "PAYLOADS", FEW)
    monkeypatch.setattr(speed, "ROUNDS", 3)
    monkeypatch.setattr(speed, "CALLS", 2)


@pytest.mark.usefixtures("quickly")
def test_both_are_timed(start: Start) -> None:
    """What a peer does in its own part is timed there and here, once and then in rounds."""
    found = list(speeds(start(FAKE + OFFER)))
    assert [each[:4] for each in found] == [
        ("triton", "http json", "few", "encode"),
        ("triton", "http json", "few", "decode"),
    ]
    for each in found:
        assert each.reason == ""
        assert 3 <= len(each.theirs) <= 5
        assert 3 <= len(each.ours) <= 5
        assert min(*each.theirs, *each.ours) > 0


@pytest.mark.usefixtures("quickly")
@pytest.mark.parametrize(
    ("right", "wrong", "number", "reason"),
    [
        ("array.ravel()", "array[::-1].ravel()", 0, "other values"),
        ("said, values =", "1 / 0; said, values =", 1, "ZeroDivisionError: division by zero"),
        ("json.dumps(said).encode()", "b'{'", 0, "ours: DecodeError: "),
    ],
)
def test_nothing_wrong_is_timed(
    start: Start, right: str, wrong: str, number: int, reason: str
) -> None:
    """What a peer refuses or gets wrong has a reason in place of times; the rest is timed."""
    found = list(speeds(start(FAKE.replace(right, wrong) + OFFER)))
    assert found[number].reason.startswith(reason)
    assert found[number].times_faster is None
    assert found[1 - number].times_faster is not None


@pytest.mark.usefixtures("quickly")
def test_a_worker_that_ends_while_it_is_timed(start: Start) -> None:
    """That is the end of the peer, not a cell without a time."""
    with pytest.raises(PeerError, match="ended with code 4"):
        list(speeds(start((FAKE + OFFER).replace("said, values", "sys.exit(4); said, values"))))


@pytest.mark.parametrize(
    ("nanoseconds", "rounds"),
    [(900_000_000, [1, 1]), (150_000_000, [1, 1, 1]), (40_000_000, [1, 1, 1, 1, 1, 1])],
)
def test_slow_ways_are_timed_less(nanoseconds: int, rounds: list[int]) -> None:
    """A call of a quarter of a second or more is made twice in all, others at least three times."""
    asked: list[int] = []

    def theirs(calls: int) -> list[int]:
        asked.append(calls)
        return [nanoseconds] * calls

    taken, own = in_turn(theirs, lambda: None)
    assert asked[:3] == rounds[:3]
    assert len(asked) <= len(rounds)
    assert taken == [nanoseconds] * sum(asked)
    assert len(own) > 1


def test_one_slow_call_makes_no_way_slow() -> None:
    """A first call that was interrupted does not decide how many are made."""
    asked: list[int] = []

    def theirs(calls: int) -> list[int]:
        asked.append(calls)
        return [1_000 if asked[1:] else 200_000_000] * calls

    assert len(in_turn(theirs, lambda: None)[0]) == sum(asked)
    assert asked == [1, 1, speed.CALLS]


def test_what_is_timed() -> None:
    """Every payload can be written by our side of every way that carries arrays of numbers."""
    timed = {
        key: way for key, way in WAYS.items() if speed._for_numbers(cases.CONTENTS[way.content])
    }
    assert {peer for peer, _ in timed} == set(PEERS) == set(speed_table.TIMED)
    assert ("kserve", "rest binary") in timed
    assert not {("triton", "http mixed"), ("seldon", "rest binData"), ("seldon", "grpc list")} & (
        timed.keys()
    )
    tensor = from_value("0", np.array([[1.5]]))
    for way in timed.values():
        for side in ("request", "response"):
            spoken = way.ours.encode(side, [tensor], speed.PLAIN)
            assert way.ours.decode(side, spoken).tensors == [tensor]
            assert bytes(spoken.body)
            way.ours.writing(side, [tensor], speed.PLAIN)()
            way.ours.reading(side, spoken)()


def sped(payload: str, operation: str, theirs: int, ours: int, way: str = "rest binary") -> Speed:
    """Make a measurement of KServe, in microseconds."""
    return Speed("kserve", way, payload, operation, [theirs * 1000] * 3, [ours * 1000] * 3)


@pytest.mark.parametrize("columns", [80, 120])
def test_the_table_of_speeds(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Theirs and ours stand beside each other, in 80 columns, without colour in a pipe."""
    monkeypatch.setenv("COLUMNS", str(columns))
    value, _, four, _ = (payload.label for payload in PAYLOADS)
    refused = Speed("kserve", "rest json", four, "decode", reason="TypeError: no")
    found = [
        sped(value, "encode", 20, 4),
        sped(value, "decode", 8, 10),
        sped(four, "decode", 651_000, 8),
        refused,
        Speed("tensorflow", "parse_tensor", four, "decode", [6_490_000] * 2, [800] * 2),
    ]
    stream = io.StringIO()
    speed_table.show(found, Screen(stream))
    lines = stream.getvalue().splitlines()
    assert max(map(len, lines)) <= columns
    assert "\x1b" not in stream.getvalue()
    begin = lines.index("one value: 1 x 1")
    assert lines[begin + 2 : begin + 5] == [
        "               encode    ours faster  decode    ours faster",
        "kserve",
        "  rest binary 20.0 us 4.00 us  5.00x 8.00 us 10.0 us 0.800x",
    ]
    begin = lines.index("4 MB of float32: 1,000 x 1,000")
    assert lines[begin + 1 : begin + 7] == [
        "               encode ours faster  decode    ours  faster",
        "kserve",
        "  rest binary       -    -      -  651 ms 8.00 us 81,375x",
        "  rest json         -    -      -       -       -       -",
        "tensorflow",
        "  parse_tensor      -    -      - 6.49 ms  800 ns  8,112x",
    ]
    begin = lines.index("Not timed:")
    assert lines[begin:] == [
        "Not timed:",
        "- kserve rest json, decode of 4 MB of float32: TypeError: no",
        "",
        "The peer is faster:",
        "- kserve rest binary, decode of one value: 1.25x",
        "",
        "KServe REST binary decode of 4 MB: 81,375x (100x promised): met",
    ]


@pytest.mark.parametrize(("load", "warned"), [(1.0, False), (2.5, True)])
def test_a_busy_machine(load: float, warned: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001 - a table
    """More work than CPUs is said, for a slow call suffers from it more than a quick one."""
    monkeypatch.setattr("os.getloadavg", lambda: (load, 0.0, 0.0), raising=False)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    stream = io.StringIO()
    speed_table.show([sped(FOUR_MB, "decode", 990, 1)], Screen(stream))
    assert ("at work (load 2.5 on 2 CPUs)" in stream.getvalue()) == warned


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([sped(FOUR_MB, "decode", 990, 10)], "99.0x (100x promised): short"),
        ([sped(FOUR_MB, "decode", 1000, 10)], "100x (100x promised): met"),
        ([sped(FOUR_MB, "encode", 990, 10)], "- (100x promised): not measured"),
        ([Speed("kserve", "rest binary", FOUR_MB, "decode", reason="no")], "not measured"),
        ([sped("one value", "decode", 990, 1)], "not measured"),
        ([sped(FOUR_MB, "decode", 990, 1, "rest json")], "not measured"),
    ],
)
def test_what_was_promised(found: list[Speed], said: str) -> None:
    """The promise is about one cell, and is said of no other."""
    assert speed_table.promise(found).startswith("KServe REST binary decode of 4 MB: ")
    assert speed_table.promise(found).endswith(said)


@pytest.mark.usefixtures("quickly")
@pytest.mark.parametrize(
    ("arguments", "checked", "timed"),
    [([], 1, 1), (["--speed"], 0, 1), (["--quick"], 1, 0), (["--only", "triton"], 1, 0)],
)
def test_which_parts_are_run(  # noqa: PLR0913, PLR0917 - two of them are fixtures
    arguments: list[str],
    checked: int,
    timed: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A full run checks and times, ``--speed`` times, and others check."""
    script = tmp_path / "fake.py"
    script.write_text(FAKE + OFFER, encoding="utf-8")
    content = cases.Content(("int64", "float64"), finite=True, shapes=((2, 3),), several=False)
    monkeypatch.setattr(checks, "CONTENTS", {"json": content._replace(dtypes=("int64",))})
    for name in ("PEERS", "QUICK"):
        monkeypatch.setattr(command_line, name, ("triton",))
    monkeypatch.setattr(command_line, "environment", lambda *_: sys.executable)
    monkeypatch.setattr(command_line, "worker", lambda python, _: [python, str(script)])
    assert command_line.main(arguments) == 0
    said = capsys.readouterr()
    assert said.out.count("they read ours") == checked
    assert said.out.count("few: 2 x 3") == timed
    assert said.out.count("promised): not measured") == timed
    assert re.search("^triton: environment 0 s, start . s, checks . s, speed . s$", said.err)


def test_the_tables_name_peers() -> None:
    """Ways and faults are those of peers that there are, and every fault's patterns compile."""
    assert {peer for peer, _ in WAYS} == set(PEERS)
    assert {fault.peer for fault in FAULTS} <= set(PEERS)
    for fault in FAULTS:
        for pattern in (fault.where, fault.case, fault.says):
            re.compile(pattern)
    assert {way.content for way in WAYS.values()} == set(cases.CONTENTS)


@pytest.mark.parametrize("name", sorted(cases.CONTENTS))
def test_the_cases_tell(name: str) -> None:
    """Titles are unique, and every dtype is tried with the values that are easily lost."""
    content = cases.CONTENTS[name]
    made = {case.title: case for case in cases.cases(content)}
    count = len(content.dtypes) * len(content.shapes) + content.several
    assert len(made) == count == len(list(cases.cases(content)))
    if "float64" in content.dtypes:
        floats = to_value(made["float64 (12,)"].tensors[0])
        assert np.signbit(floats[floats == 0]).any()
        assert np.isnan(floats).any() == np.isinf(floats).any() == (not content.finite)
        assert np.isfinite(floats).sum() > 8
    if "int64" in content.dtypes:
        assert to_value(made["int64 (12,)"].tensors[0]).max() == min(content.most, 2**63 - 1)
    if "bytes" in content.dtypes and (12,) in content.shapes:
        found = to_value(made["bytes (12,)"].tensors[0]).tolist()
        assert b"" in found
        assert any(each.endswith(b"\0") for each in found) == (not content.finite)


@pytest.mark.parametrize("peer", PEERS)
def test_the_pins_are_exact(peer: str) -> None:
    """Every package has one version; no file, option, address or host is named."""
    lines = requirements(peer).read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][0-9A-Za-z.]*", line) for line in pins)
    names = [line.partition("==")[0].lower().replace("_", "-") for line in pins]
    assert len(set(names)) == len(names)
    assert "tensorwire" not in names


@pytest.mark.parametrize("path", WORKERS, ids=lambda path: path.stem)
def test_a_worker_knows_nothing_of_ours(path: Path) -> None:
    """What runs beside a library imports the standard library, numpy and its own folder alone."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in names:
            top = name.partition(".")[0]
            assert name.startswith("bench.peers.workers") or top in {
                *sys.stdlib_module_names,
                "numpy",
            }
