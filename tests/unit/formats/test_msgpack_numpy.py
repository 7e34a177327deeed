"""msgpack-numpy's dicts and lists of arrays, and the files of its earlier versions.

`goldens/msgpack_numpy.json` holds what versions of the library wrote (see its maker).
"""

import json
import sys
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
import pytest

import tensorwire as tw
from tensorwire.formats.msgpack_numpy import MsgpackNumpy
from tests.goldens.format_cases import msgpack_foreign
from tests.goldens.msgpack_numpy_cases import CASES
from tests.support.formats import GOLDENS as FOREIGN
from tests.support.formats import error_of
from tests.support.formats import same as same_array

GOLDENS: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "goldens" / "msgpack_numpy.json").read_text()
)
BODIES = [
    pytest.param(case, bytes.fromhex(body), id=f"{version}: {case}")
    for version, told in GOLDENS.items()
    for case, body in told["bodies"].items()
]
NEWEST = GOLDENS["0.4.8"]["bodies"]
CODEC = MsgpackNumpy()


def same(got: Any, want: Any) -> bool:
    """Return whether two values are the same, types, dtypes and bits."""
    if isinstance(want, dict):
        return (
            type(got) is dict
            and list(got) == list(want)
            and all(same(got[key], want[key]) for key in want)
        )
    if isinstance(want, list):
        return type(got) is list and len(got) == len(want) and all(map(same, got, want))
    if isinstance(want, (np.ndarray, np.generic)):
        return (
            type(got) is type(want)
            and (got.dtype, got.shape) == (want.dtype, want.shape)
            and got.tobytes() == want.tobytes()
        )
    return type(got) is type(want) and bool(got == want)


def wanted(value: Any) -> Any:
    """Return what is read for a value: one scalar alone comes back as an array."""
    return np.array(value) if isinstance(value, (np.generic, complex)) else value


@pytest.mark.parametrize(("case", "body"), BODIES)
def test_what_its_versions_wrote_is_read(case: str, body: bytes) -> None:
    """Every version's file gives what was written, whatever type of string it used."""
    for buffer in (body, bytearray(body), memoryview(body)):
        assert same(CODEC.decode(buffer), wanted(CASES[case]))


@pytest.mark.parametrize("case", NEWEST)
def test_the_same_bytes_are_written(case: str) -> None:
    """Dicts, lists and scalars are written byte for byte as the library writes them."""
    value = CASES[case]
    assert CODEC.encode(value).hex() == NEWEST[case]
    read = CODEC.decode(bytes.fromhex(NEWEST[case]))
    if isinstance(value, (dict, list)):
        assert CODEC.encode(read).hex() == NEWEST[case]


def test_a_dict_of_arrays() -> None:
    """The sample: an array, a number, a text."""
    body = bytes.fromhex(
        "83a17885c4026e64c3c40474797065a33c6638c4046b696e64c400c4057368617065920102c40464617461c410"
        "000000000000f83f0000000000000440a16e05a173a26869"
    )
    found = CODEC.decode(body)
    assert found["x"].dtype == np.float64
    assert found["x"].tolist() == [[1.5, 2.5]]
    assert (found["n"], found["s"]) == (5, "hi")


def test_a_long_file_of_before_is_a_view() -> None:
    """One array, which ends the body, is viewed there, from before 0.4.5 as well."""
    for told in GOLDENS.values():
        for case in ("array, not UTF-8", "long array", "longer array"):
            body = bytes.fromhex(told["bodies"][case])
            assert np.shares_memory(CODEC.decode(body), np.frombuffer(body, np.uint8))


def test_bytes_and_text_stay_apart() -> None:
    """Since 0.4.5 bytes are bytes, also those that are UTF-8; before, UTF-8 is taken for text."""
    value = {"x": np.arange(2), "b": b"text", "s": "text"}
    assert CODEC.decode(CODEC.encode(value))["b"] == b"text"
    old = msgpack.packb(
        {
            "x": {"nd": True, "type": "|i1", "shape": [2], "data": b"\xff\xfe"},
            "b": b"\xff",
            "s": "é",
        },
        use_bin_type=False,
    )
    found = CODEC.decode(old)
    assert found["x"].tolist() == [-1, -2]
    assert (found["b"], found["s"]) == (b"\xff", "é")


def test_options_reach_every_array() -> None:
    """copy=, dtype= and align= are about the arrays, wherever they are; plain values stay."""
    body = CODEC.encode({"a": [np.arange(3), {"b": np.ones(2, np.float32)}], "n": 7})
    found = CODEC.decode(body, copy=True)
    found["a"][0][:] = 9
    assert found["a"][1]["b"].flags.writeable
    cast = CODEC.decode(body, dtype=np.float64)
    assert [cast["a"][0].dtype, cast["a"][1]["b"].dtype] == [np.float64] * 2
    assert cast["n"] == 7
    assert CODEC.decode(body, align=True)["a"][0].flags.aligned
    with pytest.raises(tw.DecodeError, match="values that bool represents, got int64 2") as caught:
        CODEC.decode(body, dtype=np.bool_)
    assert caught.value.path == "$.a[0][2]"


def test_out_takes_arrays_alone() -> None:
    """A dict of arrays goes into others by their names; one with more in it is refused."""
    room: dict[str, Any] = {"x": np.zeros(2), "y": np.zeros(1, np.int8)}
    value: Any = {"x": np.array([1.5, 2.5]), "y": np.array([3], np.int8)}
    assert CODEC.decode(CODEC.encode(value), out=room) is room
    assert room["x"].tolist() == [1.5, 2.5]
    with pytest.raises(tw.DecodeError, match="expected arrays alone for out=, got 1") as caught:
        CODEC.decode(CODEC.encode(value | {"n": 1}), out=room)
    assert caught.value.path == "$.n"


@pytest.mark.parametrize(
    ("value", "path", "text"),
    [
        ({"a": {"b": np.array([1, "x"], object)}}, "$.a.b[1]", "."),
        ({"a": [np.arange(2), {1, 2}]}, "$.a[1]", "."),
        ({"x": np.arange(2), "n": 2**70}, "$.n", "expected values of msgpack, got another type"),
        ({"x": np.arange(2), 5: 1}, "$", "expected str or bytes for a key, got 5"),
        ({"x": np.arange(2), b"nd": 1}, "$", "expected keys other than those of an array"),
        ({"x": np.array([(1, 2.0)], [("a", "i4"), ("b", "f8")])}, "$.x", "got dtype"),
        ({"n": 1}, "$", "expected arrays, got a value without any"),
        ({}, "$", "expected arrays, got a value without any"),
        ({"x": np.arange(2), "s": "\ud800"}, "$.s", "expected values of msgpack, got another type"),
    ],
)
def test_what_is_refused_is_named(value: Any, path: str, text: str) -> None:
    """What msgpack or the convention cannot represent is refused, with its place."""
    with pytest.raises(tw.EncodeError, match=text) as caught:
        CODEC.encode(value)
    assert caught.value.path == path


def deep(levels: int) -> bytes:
    """Return an array in so many lists."""
    return b"\x91" * levels + bytes.fromhex(NEWEST["array"])


@pytest.mark.parametrize("levels", [101, 500, 1000, 100_000])
def test_nesting_has_an_end(levels: int) -> None:
    """Too deep is an error of ours, however deep the caller is already."""
    assert isinstance(CODEC.decode(deep(50)), list)

    def called(frames: int) -> None:
        if frames:
            called(frames - 1)
            return
        with pytest.raises(tw.DecodeError):
            CODEC.decode(deep(levels))
        value: Any = np.arange(2)
        for _ in range(levels):
            value = [value] if levels % 2 else {"a": value}
        with pytest.raises(tw.EncodeError, match="levels of nesting"):
            CODEC.encode({"a": value})

    called(0)
    called(sys.getrecursionlimit() - 150)


@pytest.mark.parametrize(
    "member",
    [
        {b"nd": True, b"type": "O", b"kind": b"O", b"shape": [1], b"data": b"cos\nsystem\n."},
        {"nd": True, "type": "O", "kind": "O", "shape": [1], "data": "cos\nsystem\n."},
        {b"nd": True, b"type": "|O", b"kind": b"", b"shape": [1], b"data": bytes(8)},
        {b"nd": True, b"type": "|O8", b"shape": [1], b"data": bytes(8)},
    ],
)
@pytest.mark.parametrize("use_bin_type", [False, True])
def test_a_pickle_is_never_loaded(member: Any, *, use_bin_type: bool) -> None:
    """Kind O is refused wherever it is, with its place."""
    for value, path in ((member, "$."), ({"a": [1, member]}, "$.a[1].")):
        with pytest.raises(tw.DecodeError) as caught:
            CODEC.decode(msgpack.packb(value, use_bin_type=use_bin_type))
        assert caught.value.path.startswith(path)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({b"shape": [3]}, "$.a[0].x.data"),
        ({b"shape": [2**62]}, "$.a[0].x.shape"),
        ({b"type": "<q8"}, "$.a[0].x.type"),
        ({b"nd": 1}, "$.a[0].x.nd"),
        ({b"data": 5}, "$.a[0].x.data"),
    ],
)
def test_a_wrong_array_is_placed(change: Any, path: str) -> None:
    """An error inside of dicts and lists has the place of the member."""
    good = {b"nd": True, b"type": "<f8", b"kind": b"", b"shape": [2], b"data": bytes(16)}
    with pytest.raises(tw.DecodeError) as caught:
        CODEC.decode(msgpack.packb({"a": [{"x": good | change}]}))
    assert caught.value.path == path


def test_limits_are_those_of_each_array() -> None:
    """What an array may claim is bounded in dicts, too."""
    body = CODEC.encode({"a": np.arange(3), "b": np.zeros((2, 2))})
    with pytest.raises(tw.LimitError) as caught:
        CODEC.decode(body, limits=tw.Limits(max_elements=3))
    assert caught.value.path == "$.b.shape"


@pytest.mark.parametrize(
    "body",
    [
        msgpack.packb({"data": {"ndarray": [1, 2]}}),
        msgpack.packb({}),
        msgpack.packb([1, 2]),
        msgpack.packb({"x": msgpack.Timestamp(1, 0)}),
        msgpack.packb({"x": msgpack.ExtType(5, b"x")}),
        b'{"a":1}',
        b"",
        b"\xc1",
    ],
    ids=repr,
)
def test_what_has_no_array_is_refused(body: bytes) -> None:
    """Plain msgpack, and messages of others, are not taken for this format."""
    with pytest.raises(tw.DecodeError):
        CODEC.decode(body)


def test_damaged_files() -> None:
    """Cut anywhere, or with a byte changed, a file is read or refused, never anything else."""
    rng = np.random.default_rng(11)
    for told in GOLDENS.values():
        for case in ("nested", "list", "dict of arrays", "scalar", "complex"):
            body = bytes.fromhex(told["bodies"][case])
            for stop in range(len(body)):
                with pytest.raises(tw.DecodeError):
                    CODEC.decode(body[:stop])
            for _ in range(300):
                other = bytearray(body)
                other[rng.integers(len(body))] = rng.integers(256)
                try:
                    CODEC.decode(bytes(other))
                except tw.DecodeError:
                    continue


# What msgpack-numpy reads, and what is refused here: it never writes any of them.
STRICTER_MSGPACK = {
    *("an extension type behind", "nd 1", "nd null", "data too long", "a scalar of two"),
    *("shape 2", "shape -1", "kind as text", "kind V", "kind X", "no Unicode", "bools of 2"),
    *("a record's type", "a comma in the type", "a shape in the type", "type as bytes"),
    *("type null", "type d", "type |V8", "type <M8[s]", "type float64", "type <f16"),
    *("type |S0", "type |S0 of many", "complex as bytes", "complex of a number"),
}
# Lists and dicts with arrays in them are read, which the goldens count as errors; and the text keys
# of versions before 0.4.5, as these versions read them.
OTHERS_MSGPACK = {"a map in a list", "a list of one as a map", "text keys"}


@pytest.mark.parametrize("case", FOREIGN["msgpack foreign"])
def test_foreign_msgpack(case: str) -> None:
    """A map is read as msgpack-numpy reads it, or refused where that lets something pass."""
    body, wanted = dict(msgpack_foreign())[case], FOREIGN["msgpack foreign"][case]
    if case in OTHERS_MSGPACK:
        assert wanted == "error"
        read = MsgpackNumpy().decode(body)
        (array,) = read if type(read) is list else read.values() if type(read) is dict else (read,)
        plain = dict(msgpack_foreign())["as it is"]
        assert array.tobytes() == MsgpackNumpy().decode(plain).tobytes()
        return
    if case in STRICTER_MSGPACK or wanted == "error":
        assert (wanted != "error") == (case in STRICTER_MSGPACK)
        error_of(tw.DecodeError, MsgpackNumpy().decode, body)
        return
    array = MsgpackNumpy().decode(body)
    found = {"dtype": array.dtype.str, "shape": list(array.shape), "hex": array.tobytes().hex()}
    assert found == wanted


def test_every_foreign_case_is_known() -> None:
    """The goldens hold the cases, and those that differ are among them."""
    cases = dict(msgpack_foreign())
    assert cases.keys() == FOREIGN["msgpack foreign"].keys()
    assert cases.keys() > STRICTER_MSGPACK


@pytest.mark.parametrize("dtype", FOREIGN["msgpack of scalars"])
def test_msgpack_of_numpy_scalars(dtype: str) -> None:
    """A numpy scalar is written as msgpack-numpy writes one, and comes back with rank 0."""
    scalar, golden = np.dtype(dtype).type(1), bytes.fromhex(FOREIGN["msgpack of scalars"][dtype])
    assert MsgpackNumpy().encode(scalar) == golden
    assert same_array(MsgpackNumpy().decode(golden), np.asarray(scalar))
