"""Time and bytes beside a peer, with a peer that is a few lines."""

import io
import json
from importlib.util import find_spec

import numpy as np
import pytest

from bench.payloads.case import Case, build
from bench.screen import Screen
from interop import cases, speed
from interop.implementations import IMPLEMENTATIONS
from interop.peers import PEERS
from interop.process import PeerError
from interop.speed import FOUR_MB, PAYLOADS, TIMED, Speed, in_turn, speeds
from interop.workers.tensors import from_value
from tests.support.fake_peer import FAKE, OFFER, Start

FEW = (Case("few", "peers", (2, 3), "int64", "ints"),)


@pytest.fixture
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time little, and that not for long."""
    monkeypatch.setattr(speed, "PAYLOADS", FEW)
    monkeypatch.setattr(speed, "ROUNDS", 3)
    monkeypatch.setattr(speed, "CALLS", 2)
    monkeypatch.setattr(speed, "SLOW", float("inf"))  # however busy the machine is


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


@pytest.mark.slow
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
    """What a peer refuses or gets wrong has a reason instead of times; the rest is timed."""
    found = list(speeds(start(FAKE.replace(right, wrong) + OFFER)))
    assert found[number].reason.startswith(reason)
    assert found[number].ratio is None
    assert found[1 - number].ratio is not None


@pytest.mark.usefixtures("quickly")
def test_a_worker_that_ends_while_it_is_timed(start: Start) -> None:
    """That is the end of the peer, not a cell without a time."""
    with pytest.raises(PeerError, match="ended with code 4"):
        list(speeds(start((FAKE + OFFER).replace("said, values", "sys.exit(4); said, values"))))


@pytest.fixture
def no_garbage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Collect nothing: there is much that the other tests have left."""
    monkeypatch.setattr("gc.collect", lambda: 0)


class Clock:
    """A clock on which time passes only where a test says so."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        """Return the nanoseconds."""
        return self.now

    def passes(self, nanoseconds: int) -> None:
        """Let time pass."""
        self.now += nanoseconds


@pytest.mark.usefixtures("no_garbage")
@pytest.mark.parametrize(
    ("nanoseconds", "rounds"),
    [
        (900_000_000, [1, 1]),
        (150_000_000, [1, 1, 1]),
        (40_000_000, [1, 1, 1, 1]),
        (1_000_000, [1, *[7] * 9]),
        (10, [1, *[100] * 9]),
    ],
)
@pytest.mark.parametrize("pipe", [0, 1_000_000_000])
def test_slow_ways_are_timed_less(nanoseconds: int, rounds: list[int], pipe: int) -> None:
    """A call of a quarter of a second or more is made twice in all, others at least three times.

    What the pipe takes is spent too.
    """
    clock, asked = Clock(), list[int]()

    def theirs(calls: int) -> list[int]:
        asked.append(calls)
        clock.passes(pipe + nanoseconds * calls)
        return [nanoseconds] * calls

    taken, own = in_turn(theirs, lambda: None, clock)
    assert asked == (rounds[:2] if pipe else rounds)
    assert taken == [nanoseconds] * sum(asked)
    assert own == [0] * (1 + speed.CALLS * (len(asked) - 1))


@pytest.mark.usefixtures("no_garbage")
def test_ours_counts_as_theirs() -> None:
    """Our calls spend the budget, too, and are fewer where they are slow."""
    clock = Clock()
    taken, own = in_turn(lambda calls: [0] * calls, lambda: clock.passes(60_000_000), clock)
    assert own == [60_000_000] * 3
    assert len(taken) == 1 + 2 * speed.CALLS


def test_garbage_is_not_on_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process with many objects, which collects for long, times as many calls as another."""
    clock, collected = Clock(), list[int]()

    def collect() -> None:
        collected.append(1)
        clock.passes(10_000_000_000)

    monkeypatch.setattr("gc.collect", collect)
    taken, own = in_turn(lambda calls: [1000] * calls, lambda: None, clock)
    assert len(collected) == speed.ROUNDS
    assert len(taken) == len(own) == 1 + speed.CALLS * (speed.ROUNDS - 1)
    assert set(own) == {0}


@pytest.mark.usefixtures("no_garbage")
def test_one_slow_call_makes_no_way_slow() -> None:
    """A first call that was interrupted does not decide how many are made."""
    clock, asked = Clock(), list[int]()

    def theirs(calls: int) -> list[int]:
        asked.append(calls)
        nanoseconds = 1_000 if asked[1:] else 200_000_000
        clock.passes(nanoseconds * calls)
        return [nanoseconds] * calls

    assert len(in_turn(theirs, lambda: None, clock)[0]) == sum(asked)
    assert asked == [1, 1, speed.CALLS]


def test_what_is_timed() -> None:
    """Our side of every implementation that represents numbers writes every payload."""
    timed = {
        key: implementation
        for key, implementation in IMPLEMENTATIONS.items()
        if speed._for_numbers(cases.CONTENTS[implementation.content])
    }
    assert {peer for peer, _ in timed} == set(PEERS) == set(TIMED)
    assert ("kserve", "rest binary") in timed
    assert not {("triton", "http mixed"), ("seldon", "rest binData"), ("seldon", "grpc list")} & (
        timed.keys()
    )
    tensor = from_value("0", np.array([[1.5]]))
    for (peer, _), implementation in timed.items():
        if peer == "pyarrow" and not find_spec("pyarrow"):
            continue
        for side in ("request", "response"):
            encoded = implementation.ours.encode(side, [tensor], cases.PLAIN)
            assert implementation.ours.decode(side, encoded).tensors == [tensor]
            assert bytes(encoded.body)
            implementation.ours.writing(side, [tensor], cases.PLAIN)()
            implementation.ours.reading(side, encoded)()


SIZES = (1_960_000, 800_150)


def sped(
    payload: str, operation: str, theirs: int, ours: int, implementation: str = "rest binary"
) -> Speed:
    """Make a measurement of KServe, in microseconds."""
    sizes = SIZES if operation == "encode" else None
    return Speed(
        "kserve", implementation, payload, operation, [theirs * 1000] * 3, [ours * 1000] * 3, sizes
    )


@pytest.mark.parametrize("columns", [80, 120])
def test_the_table_of_speeds(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Theirs, ours and the ratio stand in 80 columns, without colour in a pipe."""
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
    speed.show(found, Screen(stream))
    lines = stream.getvalue().splitlines()
    assert max(map(len, lines)) <= columns
    assert "\x1b" not in stream.getvalue()
    begin = lines.index("one value: 1 x 1 (ratio = ours / theirs)")
    begin = next(n for n in range(begin, len(lines)) if lines[n] == "kserve")
    assert lines[begin - 1 : begin + 2] == [
        "               encode    ours ratio  decode    ours ratio   bytes ratio",
        "kserve",
        "  rest binary 20.0 us 4.00 us 0.200 8.00 us 10.0 us  1.25 1.96 MB 0.408",
    ]
    begin = lines.index("4 MB of float32: 1,000 x 1,000 (ratio = ours / theirs)")
    assert lines[begin + 1 : begin + 7] == [
        "               encode ours ratio  decode    ours    ratio bytes ratio",
        "kserve",
        "  rest binary       -    -     -  651 ms 8.00 us 1/81,375     -     -",
        "  rest json         -    -     -       -       -        -     -     -",
        "tensorflow",
        "  parse_tensor      -    -     - 6.49 ms  800 ns  1/8,112     -     -",
    ]
    begin = lines.index("Not timed:")
    assert lines[begin:-1] == [
        "Not timed:",
        "- kserve rest json, decode of 4 MB of float32: TypeError: no",
        "",
        "We take longer:",
        "- kserve rest binary, decode: one value 1.25x",
        "",
    ]
    assert "81,375x as fast (100x promised): met" in lines[-1]


def test_the_widest_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures of the largest payload stay in one table of 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    found = [
        Speed("seldon", "rest tftensor", FOUR_MB, "encode", [987_000_000], [9_870], SIZES),
        Speed("seldon", "rest tftensor", FOUR_MB, "decode", [987_000_000], [9_870]),
    ]
    stream = io.StringIO()
    speed.show(found, Screen(stream))
    assert stream.getvalue().count("rest tftensor") == 1


@pytest.mark.parametrize(
    ("ratio", "said"),
    [
        (1.0, "1.00"),
        (0.9996, "1.00"),
        (12.34, "12.3"),
        (0.204, "0.204"),
        (0.1004, "0.100"),
        (0.1, "1/10"),
        (0.01, "1/100"),
        (1 / 59_000, "1/59,000"),
        (1234.0, "1,234"),
    ],
)
def test_ours_over_theirs(ratio: float, said: str) -> None:
    """What is next to nothing is said as a part, for 0.000017 is no figure to read."""
    assert speed.part(ratio) == said


def test_both_sizes_are_those_on_the_wire(start: Start, quickly: None) -> None:
    """Bytes are those of the bodies that both sides wrote of the same message."""
    del quickly
    encode, decode = speeds(start(FAKE + OFFER))
    assert decode.sizes is None
    tensor = {"name": "0", "shape": [2, 3], "datatype": "INT64"}
    message = {"id": "42", "inputs": [tensor | {"data": build(FEW[0]).ravel().tolist()}]}
    theirs, ours = (
        json.dumps(message | {"parameters": {}}),
        json.dumps(message, separators=(",", ":")),
    )
    assert encode.sizes == (len(theirs), len(ours))


@pytest.mark.parametrize(("load", "warned"), [(1.0, False), (2.5, True)])
def test_a_busy_machine(load: float, warned: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001 - a table
    """More work than CPUs is said, for a slow call suffers from it more than a quick one."""
    monkeypatch.setattr("os.getloadavg", lambda: (load, 0.0, 0.0), raising=False)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    stream = io.StringIO()
    speed.show([sped(FOUR_MB, "decode", 990, 1)], Screen(stream))
    assert ("at work (load 2.5 on 2 CPUs)" in stream.getvalue()) == warned


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([sped(FOUR_MB, "decode", 990, 10)], "99.0x as fast (100x promised): short"),
        ([sped(FOUR_MB, "decode", 1000, 10)], "100x as fast (100x promised): met"),
        ([sped(FOUR_MB, "encode", 990, 10)], ""),
        ([Speed("kserve", "rest binary", FOUR_MB, "decode", reason="no")], ""),
        ([sped("one value", "decode", 990, 1)], ""),
        ([sped(FOUR_MB, "decode", 990, 1, "rest json")], ""),
    ],
)
def test_what_was_promised(found: list[Speed], said: str) -> None:
    """The promise is about one cell, and is said of no other."""
    title = "KServe REST binary decode of 4 MB: " if said else ""
    assert speed.promise(found) == title + said
