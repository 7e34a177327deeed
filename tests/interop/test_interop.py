"""The harness that tries the real libraries, tried without them: none of this needs a network."""

import ast
import io
import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from bench.payloads.case import Case
from bench.screen.render import Screen
from interop import __main__ as command_line
from interop import cases, environments, exchange, process, run, speed_table, timing
from interop.environments import PEERS, InstallError, environment, requirements
from interop.exchange import SAME, THEY_READ, WE_READ, Outcome
from interop.implementations import WAYS
from interop.known_faults import FAULTS, fault_of
from interop.process import PeerError, PeerProcess, Refusal, worker
from interop.report import Report
from interop.workers import frames
from interop.workers.loop import Spoken
from interop.workers.tensors import Tensor, from_value, pack, strings, to_value, unpack
from tests.support.fake_peer import FAKE, OFFER, Start, starting

FOLDER = Path(environments.__file__).parent
WORKERS = sorted((FOLDER / "workers").glob("*.py"))


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a worker of a given source, which is ended after the test."""
    yield from starting(tmp_path)


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
    monkeypatch.setattr(exchange, "CONTENTS", {"json": content._replace(several=False)})
    found = list(exchange.checks(start(FAKE + OFFER)))
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
    monkeypatch.setattr(exchange, "CONTENTS", {"json": content})
    assert FAKE.count(right) == 1
    wrong = f"{wrong}; {right}" if wrong == "1 / 0" else wrong
    found = [each.reason for each in exchange.checks(start(FAKE.replace(right, wrong) + OFFER))]
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
    source = "from interop.workers.loop import serve\nserve(lambda: __import__('no_such'))"
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
        start("import threading\nthreading.Event().wait()")


def test_a_worker_that_does_not_start() -> None:
    """An interpreter that is not there is an error of the peer, not of the run."""
    with pytest.raises(PeerError, match="does not start"):
        PeerProcess("triton", ["/no/such/python"])


def test_a_worker_ends_with_its_pipe(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Closing a peer leaves no process, and need not kill it."""
    monkeypatch.setattr(process, "END", None)
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


@pytest.mark.slow
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
    with pytest.raises(SystemExit) as ended:
        command_line.main(["--only", "triton,tritn"])
    assert ended.value.code == 2
    said = f"python -m interop: error: no peer 'tritn'; known: {', '.join(PEERS)}\n"
    assert capsys.readouterr().err == said


def shown(report: Report) -> list[str]:
    """Give what a person sees of a report, in a pipe of 80 columns."""
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


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have one peer, of a few lines, that is asked little; give its source."""
    script = tmp_path / "fake.py"
    script.write_text(FAKE + OFFER, encoding="utf-8")
    content = cases.Content(("int64", "float64"), finite=True, shapes=((2, 3),), several=False)
    monkeypatch.setattr(exchange, "CONTENTS", {"json": content._replace(dtypes=("int64",))})
    few = (Case("few", "peers", (2, 3), "int64", "ints"),)
    for module in (timing, speed_table):
        monkeypatch.setattr(module, "PAYLOADS", few)
    monkeypatch.setattr(timing, "ROUNDS", 1)
    for name in ("PEERS", "QUICK"):
        monkeypatch.setattr(command_line, name, ("triton",))
    monkeypatch.setattr(run, "environment", lambda *_: sys.executable)
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

    def install(name: str, *_: object) -> str:
        if name == "seldon":
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


def test_a_peer_of_the_standard_library() -> None:
    """The worker of pickle, which needs no package, reads what it writes, and nobody else does."""
    with closing(PeerProcess("pickle", worker(sys.executable, "pickle"))) as peer:
        assert list(exchange.checks(peer)) == []
        for way in ("in-band", "out-of-band"):
            for case in cases.cases(cases.CONTENTS["numpy"]):
                spoken = peer.encode(way, "request", case.tensors, case.fields)
                read, _ = peer.decode(way, "request", spoken)
                assert read == list(case.tensors)
        spoken = peer.encode("out-of-band", "request", [from_value("0", np.arange(9.0))], {})
        assert bytes(spoken.body).endswith(np.arange(9.0).tobytes())
        stream = bytes(spoken.body)[: int(spoken.headers["Stream-Length"])]
        assert np.arange(9.0).tobytes() not in stream
        assert {each.kind for each in peer.lose("in-band", "request", {}).values()} == {"."}


def test_the_tables_name_peers() -> None:
    """Ways and faults are those of peers that there are, and every fault's patterns compile."""
    assert {peer for peer, _ in WAYS} == set(PEERS)
    assert {fault.peer for fault in FAULTS} <= set(PEERS)
    for fault in FAULTS:
        for pattern in (fault.where, fault.case, fault.says):
            re.compile(pattern)
    assert {way.content for way in WAYS.values()} == set(cases.CONTENTS)


@pytest.mark.slow
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
            assert name.startswith("interop.workers") or top in {
                *sys.stdlib_module_names,
                "numpy",
            }
