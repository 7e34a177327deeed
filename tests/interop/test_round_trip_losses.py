"""What is called a loss, that ours lose nothing in silence, and how losses are shown."""

import io
from collections.abc import Iterator
from contextlib import closing
from importlib.util import find_spec
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import tensorwire as tw
from bench.screen import Screen
from interop.implementations import IMPLEMENTATIONS
from interop.known_losses import KNOWN_LOSSES
from interop.process import PeerError, Refusal
from interop.round_trip_losses import OURS, THEIRS, Loss, lost_by_us, show, table, undeclared
from interop.workers.fragile import (
    DTYPE,
    EXACT,
    NAN,
    NUL,
    ORDER,
    REFUSED,
    SHAPE,
    UNREAD,
    VALUES,
    Verdict,
    compare,
    fragile_arrays,
    round_trip,
)  # fmt: skip
from tests.support.fake_peer import FAKE, Start

HARD = {name: array for group in fragile_arrays().values() for name, array in group.items()}
ANOTHER_DTYPE = {
    f"{container}/{kind}"
    for container in ("json", "protobuf", "msgpack")
    for kind in ("ndarray", "tensor")
} | {"tfserving/json"}
"""What holds numbers without a dtype, as its documentation says."""
ANOTHER_NAN = {"json/tensor", "tfserving/json"}
"""JSON that has a word for NaN, but one only."""


def floats(bits: int, dtype: Any = np.float64) -> Any:
    """Make one float of its bits."""
    return np.array([[bits]], f"u{np.dtype(dtype).itemsize}").view(dtype)


@pytest.mark.parametrize(
    ("given", "found", "kind"),
    [
        (np.array([[1.5]]), np.array([[1.5]]), EXACT),
        (np.array([[1.5]]), np.array([[1.25]]), VALUES),
        (np.array([[1.5, 2]]), np.array([[1.5]]), VALUES),
        (np.array([[1.5]]), np.array([1.5]), SHAPE),
        (np.array(1.5), np.float64(1.5), EXACT),
        (np.array([[-0.0]]), np.array([[0.0]]), VALUES),
        (np.array([[-0.0]]), np.array([[0]]), VALUES),
        (floats(0x7FF8000000000001), floats(0x7FF8000000000000), NAN),
        (floats(0xFFF8000000000000), floats(0x7FF8000000000000), NAN),
        (floats(0x7FA00001, np.float32), floats(0x7FE00001, np.float32), NAN),
        (floats(0x7FA00001, np.float32), floats(0x7FF8000000000000), DTYPE),
        (np.array([[np.nan]]), np.array([[np.inf]]), VALUES),
        (np.array([[np.nan]]), np.array([[None]], object), VALUES),
        (np.array([[0.1]], np.float32), np.array([[0.1]]), DTYPE),
        (np.array([[0.1]], np.float32), np.array([[0.1]], np.float16), VALUES),
        (np.array([[7]]), np.array([[7.0]]), DTYPE),
        (np.array([[2**53 + 1]]), np.array([[2.0**53]]), VALUES),
        (np.array([[True]]), np.array([[1]], np.uint8), DTYPE),
        (np.array([[1.5]], ml_dtypes.bfloat16), np.array([[1.5]]), DTYPE),
        (np.array([[1.5]], ml_dtypes.bfloat16), np.array([[0x3FC0]], np.uint16), DTYPE),
        (np.array([[1.5]], ml_dtypes.bfloat16), np.array([[1.625]]), VALUES),
        (np.array([[1]], ">i4"), np.array([[1]], ">i4"), EXACT),
        (np.array([[1]], ">i4"), np.array([[1]], "<i4"), ORDER),
        (np.array([[1]], ">i4"), np.array([[1 << 24]], "<i4"), VALUES),
        (np.array([[1]], ">i4"), np.array([[1]], "<i8"), DTYPE),
        (np.ones((2, 3), order="F"), np.ones((2, 3), order="F"), EXACT),
        (np.ones((2, 3), order="F"), np.ones((2, 3)), ORDER),
        (np.arange(6).reshape(2, 3)[:, ::-1], np.array([[2, 1, 0], [5, 4, 3]]), EXACT),
        (np.array([["é"]]), np.array([["é"]]), EXACT),
        (np.array([["é"]]), np.array([["é".encode()]]), DTYPE),
        (np.array([["é"]]), np.array([["e"]]), VALUES),
        (np.array([[b"a\0"]], object), [[b"a\0"]], EXACT),
        (np.array([[b"a\0"]], object), np.array([[b"a\0"]]), VALUES),
        (np.array([["NaT"]], "M8[s]"), np.array([["NaT"]], "M8[s]"), EXACT),
        (np.array([["2024"]], "M8[s]"), np.array([["2025"]], "M8[s]"), VALUES),
        (np.array([[(1, 2.5)]], "i4,f8"), np.array([[(1, 2.5)]], "i4,f8"), EXACT),
    ],
)
def test_what_a_loss_is(given: Any, found: Any, kind: str) -> None:
    """Of what differs, the worst counts: values before shape, dtype, bits of NaN and order."""
    assert compare(given, found).kind == kind


def test_what_is_refused_and_what_is_not_read() -> None:
    """An error of the writer loses nothing; one of the reader, of what it wrote itself, does."""

    def fails(_: Any) -> Any:
        raise ValueError("first line\nsecond line")

    array = np.array([[1.5]])
    assert round_trip(array, fails, fails) == Verdict(REFUSED, "ValueError: first line")
    assert round_trip(array, np.copy, fails) == Verdict(UNREAD, "ValueError: first line")
    assert round_trip(array, np.copy, np.negative) == Verdict(
        VALUES, f"{1.5!r} came back as {-1.5!r}"
    )


def test_the_arrays_are_hard() -> None:
    """Each array has what its name says, to the bit."""
    quiet, signalling = HARD["NaN with payload"], HARD["signalling NaN"]
    assert quiet.view(np.uint64).tolist() == [[0x7FF800000000BEEF, 0xFFF8000000000000]]
    assert signalling.view(np.uint32)[0, 0] == 0x7FA00001
    assert np.isnan(quiet).all()
    assert np.isnan(signalling[0, 0])
    assert np.signbit(HARD["-0.0"]).tolist() == [[True, False]]
    tiny = np.finfo(np.float64).smallest_normal
    assert ((HARD["subnormals"] != 0) & (abs(HARD["subnormals"]) < tiny)).all()
    assert HARD["int64 above 2**53"].tolist() == [[2**53 + 1, -(2**63), 2**63 - 1]]
    assert HARD["uint64 max"].tolist() == [[2**64 - 1, 0]]
    assert HARD["big-endian int32"].tobytes() == b"\0\0\0\1\0\0\0\2"
    assert HARD["Fortran order"].flags.fnc
    assert not HARD["non-contiguous"].flags.forc
    assert HARD["non-contiguous"].strides[1] < 0
    assert (HARD["0-d"].shape, HARD["shape (0, 3)"].shape) == ((), (0, 3))
    assert HARD["rank 64"].ndim == 64
    assert HARD[NUL][0, 0].endswith(b"\0")
    assert np.isnat(HARD["datetime64"][0, 1])
    for name in ("float32", "float16", "bfloat16", "float8_e4m3fn", "complex64", "bool"):
        assert HARD[name].dtype.name == name


def through(name: str) -> Iterator[Loss]:
    """Send every array through a codec or protocol of ours."""
    if not name.startswith("tfserving/"):
        yield from lost_by_us((name,))
        return
    protocol = tw.get_protocol(name)

    def write(array: Any) -> Any:
        lists = array.dtype == object and isinstance(array.flat[0], bytes)
        value = array.tolist() if lists else array
        return protocol.encode(tw.tfserving.PredictRequest({"x": value}))

    def read(written: Any) -> Any:
        return protocol.decode(*written, type=tw.tfserving.PredictRequest).inputs["x"]

    for array, value in HARD.items():
        yield Loss(name, array, round_trip(value, write, read))


CODECS = [name for name in tw.codec_names() if not name.endswith("/raw")]
PROTOCOLS = ("oip/json", "oip/binary", "oip/protobuf", "oip/protobuf-typed")


# numpy warns where it widens a signalling NaN.
@pytest.mark.parametrize("name", [*CODECS, *PROTOCOLS, "tfserving/json", "tfserving/protobuf"])
def test_ours_lose_nothing_in_silence(name: str) -> None:
    """What we write comes back with every value and its shape, or is an EncodeError."""
    if name == "arrow/tensor" and not find_spec("pyarrow"):
        pytest.skip("needs pyarrow")
    found = list(through(name))
    assert len(found) == len(HARD)
    for _, array, (kind, detail) in found:
        allowed = {EXACT, ORDER, REFUSED}
        if name in ANOTHER_DTYPE or array in ("non-ASCII str", "object of str"):
            allowed.add(DTYPE)
        if name in ANOTHER_NAN and "NaN" in array:
            allowed.add(NAN)
        assert kind in allowed, f"{array}: {kind}, {detail}"
        assert kind != REFUSED or detail.startswith("EncodeError: "), f"{array}: {detail}"
        if array == "float64":
            assert kind == EXACT


def test_what_is_declared_of_ours() -> None:
    """What the table says of ours is so, neither more nor less."""
    assert list(undeclared(list(lost_by_us()))) == []


def test_what_is_declared_names_what_there_is() -> None:
    """Columns, implementations and arrays of the tables exist, and no array is declared twice."""
    assert set(KNOWN_LOSSES) <= {*THEIRS.values(), *OURS}
    assert set(THEIRS) <= set(IMPLEMENTATIONS)
    for kinds in KNOWN_LOSSES.values():
        named = [array for arrays in kinds.values() for array in arrays.split("; ")]
        assert len(set(named)) == len(named)
        assert set(named) <= set(HARD)
        assert EXACT not in kinds


def test_a_loss_that_is_not_declared_and_one_that_is_gone() -> None:
    """Both are said, and another kind of loss than the declared one is."""
    found = [
        Loss("pyarrow", "big-endian int32", Verdict(VALUES, "1 came back as 16777216")),
        Loss("pyarrow", "bool", Verdict(EXACT)),
        Loss("pyarrow", "float64", Verdict(NAN, "odd")),
        Loss("pyarrow", "complex64", Verdict(VALUES, "odd")),
    ]
    assert list(undeclared(found)) == [
        "pyarrow, bool: exact, not dtype",
        "pyarrow, float64: NaN bits (odd), not exact",
        "pyarrow, complex64: VALUES (odd), not refused",
    ]


ROUND_TRIP = """
def read_back(encoded):
    said = json.loads(encoded.body)["inputs"][0]
    return {"0": np.array(said["data"], DTYPES[said["datatype"]]).reshape(said["shape"])}, {}


NAMES = {np.dtype("float64"): "FP64", np.dtype("int64"): "INT64"}
DTYPES = {"FP64": "float64", "INT64": "float64"}
offer = {"http json": {("encode", "request"): write, ("decode", "request"): read_back}}
serve(lambda: offer, "numpy")
"""


def test_a_peer_is_asked_for_each_array(start: Start) -> None:
    """A peer writes and reads by itself, and what came of each array comes from its process."""
    found = start(FAKE + ROUND_TRIP).round_trip(
        "http json", "request", {"id": "", "parameters": {}}
    )
    assert list(found) == list(HARD)
    assert found["float64"] == Verdict(EXACT)
    assert found["float32"] == Verdict(REFUSED, "KeyError: dtype('float32')")
    assert found["NaN with payload"].kind == NAN
    kind, detail = found["int64 above 2**53"]
    assert (kind, detail) == (VALUES, "9007199254740993 came back as 9007199254740992.0")


def test_a_way_that_does_not_read_what_it_writes(start: Start) -> None:
    """A implementation without both halves is a refusal of the call, not the end of the worker."""
    one = 'serve(lambda: {"http json": {("encode", "request"): write}}, "numpy")'
    peer = start(FAKE + one)
    with pytest.raises(Refusal, match="KeyError"):
        peer.round_trip("http json", "request", {"id": "", "parameters": {}})


def test_a_library_that_crashes(start: Start) -> None:
    """A library that ends its process over an array is an error of the peer."""
    source = (FAKE + ROUND_TRIP).replace(
        "def write(values, fields):\n", "def write(values, fields):\n    sys.exit(5)\n"
    )
    with closing(start(source)) as peer, pytest.raises(PeerError, match="ended with code 5"):
        peer.round_trip("http json", "request", {"id": "", "parameters": {}})


SOME = [
    Loss("pyarrow", "bool", Verdict(DTYPE, "bool came back as uint8")),
    Loss("pyarrow", "bfloat16", Verdict(REFUSED, "TypeError: no")),
    Loss("pyarrow", "complex64", Verdict(REFUSED, "TypeError: no")),
    Loss("pyarrow", "big-endian int32", Verdict(VALUES, "1 came back as 16777216")),
    Loss("json/ndarray", "bool", Verdict(EXACT)),
]


def test_the_tables_of_losses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Peers and ours have a table each; what went in silence stands below, with what came back."""
    monkeypatch.setenv("COLUMNS", "80")
    stream = io.StringIO()
    show(SOME, Screen(stream), words=False)
    lines = stream.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    first, second = (
        lines.index(title)
        for title in ("What each peer loses, writing and reading by itself", "What ours lose")
    )
    assert lines[first + 1].split() == ["pyarrow"]
    assert "  bool                  dtype" in lines[first:second]
    assert "  bfloat16            refused" in lines[first:second]
    assert "  float64                   -" in lines[first:second]
    assert "  bool                           ." in lines[second:]
    assert "- pyarrow, big-endian int32: 1 came back as 16777216" in lines
    assert not any("TypeError" in line for line in lines)


def test_refusals_in_their_own_words() -> None:
    """An error is given once for all arrays that it was raised for."""
    stream = io.StringIO()
    show(SOME, Screen(stream), words=True)
    assert "- pyarrow, bfloat16, complex64: TypeError: no\n" in stream.getvalue()


@pytest.mark.parametrize("columns", [80, 200])
def test_every_column_has_room(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """All columns stand in the width there is, and none is lost where a table is split."""
    monkeypatch.setenv("COLUMNS", str(columns))
    losses = [Loss(each, "bool", Verdict(REFUSED)) for each in (*THEIRS.values(), *OURS)]
    stream = io.StringIO()
    show(losses, Screen(stream), words=False)
    lines = stream.getvalue().splitlines()
    assert max(map(len, lines)) <= columns
    cells = [line.split()[1:] for line in lines if line.startswith("  bool ")]
    assert sum(map(len, cells)) == len(losses)
    assert len(cells) == (2 if columns == 200 else 4)


def test_no_losses_no_table() -> None:
    """A table of nobody has no rows, so that it is not drawn."""
    assert table("x", []).rows == []
