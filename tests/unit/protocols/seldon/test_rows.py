"""Short JSON messages: what `rows` reads and writes is what orjson and numpy say, or declined."""

from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tensorwire as tw
from tensorwire import lists
from tensorwire.errors import DecodeError
from tensorwire.protocols.seldon.rows import read_rows, write_rows

FINITE = st.floats(-(2.0**51), 2.0**51)
NUMBERS = st.one_of(FINITE, st.integers(-(2**51), 2**51))
ANY = st.one_of(NUMBERS, st.floats(allow_nan=False), st.integers(), st.booleans(), st.none())


def message(rows: Any, **members: Any) -> bytes:
    """Return a message of nested lists, members before data."""
    return orjson.dumps({**members, "data": {"ndarray": rows}})


def rows_of(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return lists of values, or lists of such lists, ragged ones among them."""
    flat = st.lists(values, max_size=60)
    return st.one_of(flat, st.lists(flat, max_size=4), st.lists(values, min_size=3, max_size=3))


@given(rows_of(ANY))
def test_rows_are_read_as_lists_are(rows: Any) -> None:
    """An array is the one that the general reader makes of the same text; or it is declined."""
    if any(abs(x) >= 2**63 for x in flattened(rows) if type(x) is int):
        return  # orjson writes no such integers
    body = message(rows)
    found = read_rows(body)
    if found is not None:
        array, names, meta = found
        wanted = lists.to_array(orjson.loads(body)["data"]["ndarray"], DecodeError)
        assert (array.dtype, array.shape) == (wanted.dtype, wanted.shape)
        assert array.tobytes() == wanted.tobytes()
        assert array.flags.writeable
        assert (names, meta) == (None, {})


def flattened(rows: Any) -> list[Any]:
    """Return the values of lists of one or two levels."""
    return [x for row in rows for x in (row if isinstance(row, list) else [row])]


@given(st.lists(st.lists(NUMBERS, min_size=3, max_size=3), min_size=1, max_size=20))
def test_small_numbers_are_not_declined(rows: Any) -> None:
    """Numbers below 2**52 of equal rows are read without a second look."""
    if sum(float(x) ** 2 for row in rows for x in row) < 2.0**104:
        assert read_rows(message(rows)) is not None


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
def test_as_clients_write_it(separators: tuple[str, str]) -> None:
    """Python's own json puts blanks between; names and a puid may stand before the rows."""
    import json

    members = {"meta": {"puid": "u1"}, "data": {"names": ["a", "l"], "ndarray": [[1, 2.5]]}}
    text = json.dumps(members, separators=separators).encode()
    found = read_rows(text)
    assert found is not None
    array, names, meta = found
    assert array.tolist() == [[1.0, 2.5]]
    assert (names, meta) == (["a", "l"], {"puid": "u1"})


DECLINED = [
    b"",
    b"[1.5]",
    b'"ndarray"',
    b'"ndarray":',
    b'{"data":{"ndarray":[]}}',
    b'{"data":{"ndarray":[[]]}}',
    b'{"data":{"ndarray":[[],[]]}}',
    b'{"data":{"ndarray":1.5}}',
    b'{"data":{"ndarray":[[1.5],2.5]}}',
    b'{"data":{"ndarray":[1.5,[2.5]]}}',
    b'{"data":{"ndarray":[[1.5,2.5],[3.5]]}}',
    b'{"data":{"ndarray":[[[1.5]]]}}',
    b'{"data":{"ndarray":[{}]}}',
    b'{"data":{"ndarray":[true]}}',
    b'{"data":{"ndarray":[[1.5,true]]}}',
    b'{"data":{"ndarray":[[1.5,null]]}}',
    b'{"data":{"ndarray":[[1.5,NaN]]}}',
    b'{"data":{"ndarray":[["1.5"]]}}',
    b'{"data":{"ndarray":[[1.5,9007199254740993]]}}',
    b'{"data":{"ndarray":[[18446744073709551616]]}}',
    b'{"data":{"ndarray":[[1e400]]}}',
    b'{"data":{"ndarray":[[1.5]]}',
    b'{"data":{"ndarray":[[1.5]],"names":["a"]}}',
    b'{"data":{"names":["a","b"],"ndarray":[[1.5]]}}',
    b'{"data":{"names":[1],"ndarray":[[1.5]]}}',
    b'{"data":{"names":[],"ndarray":[[1.5]]}}',
    b'{"data":{"names":null,"ndarray":[[1.5]]}}',
    b'{"data":{"x":1,"ndarray":[[1.5]]}}',
    b'{"meta":{"tags":{}},"data":{"ndarray":[[1.5]]}}',
    b'{"meta":[],"data":{"ndarray":[[1.5]]}}',
    b'{"status":{},"data":{"ndarray":[[1.5]]}}',
    b'{"data":{"ndarray":[true,2]},"meta":{"puid":"ndarray"}}',
    b'{"data":{"ndarray":[true,2]},"meta":{"ndarray":[1.5]}}',
    b'{"data":{"ndarray":[true,2],"x\\"ndarray":[1.5]}}',
    b'{"meta":1,"data":{"ndarray":[true,2]},"meta":{"ndarray":1.5}}',
    b'{"data":{"tensor":{"shape":[1],"values":[1.5]}}}',
    message([[0.5] * 3000]),
]


@pytest.mark.parametrize("body", DECLINED, ids=range(len(DECLINED)))
def test_what_needs_a_closer_look_is_declined(body: bytes) -> None:
    """Anything but rows of plain numbers, with members in order, is left to the general reader."""
    assert read_rows(body) is None


def test_the_last_of_equal_keys_is_read() -> None:
    """Of equal keys the last one counts, as in orjson."""
    body = b'{"data":{"ndarray":[true]},"data":{"ndarray":[1.5,2]}}'
    found = read_rows(body)
    assert found is not None
    assert found[0].tolist() == [1.5, 2.0] == orjson.loads(body)["data"]["ndarray"]


ARRAYS = [
    np.array(value, dtype)
    for dtype in ("f8", "f4", "i8", "i4", "u1", "u8", "?")
    for value in ([1], [[1, 0]], [[1], [0]], [[[1, 0, 1]]], [0] * 9, [[1] * 100])
]


@pytest.mark.parametrize("array", ARRAYS, ids=lambda a: f"{a.dtype}{list(a.shape)}")
def test_rows_are_written_as_orjson_writes_them(array: Any) -> None:
    """The text is that of the nested lists, with names and meta before them."""
    assert write_rows(array) == orjson.dumps({"data": {"ndarray": array.tolist()}})
    names, meta = [f"n{i}" for i in range(array.shape[-1])], {"puid": "\u00e9"}
    data = {"names": names, "ndarray": array.tolist()}
    if array.ndim < 3:
        assert write_rows(array, names, meta) == orjson.dumps({"meta": meta, "data": data})
    assert write_rows(array, None, meta) == orjson.dumps(
        {"meta": meta, "data": {"ndarray": array.tolist()}}
    )


@given(st.lists(st.floats(), min_size=1, max_size=40))
def test_words_are_declined(values: list[float]) -> None:
    """NaN and infinities are declined; finite numbers read back bit by bit."""
    array = np.array([values])
    body = write_rows(array)
    assert (body is not None) == bool(np.isfinite(array).all())
    if body is not None:
        assert np.array(orjson.loads(body)["data"]["ndarray"]).tobytes() == array.tobytes()


@pytest.mark.parametrize(
    "array",
    [
        np.array(1.5),
        np.array(True),  # noqa: FBT003
        np.array(1.5, "f4"),
        np.empty(0),
        np.empty((0, 2)),
        np.ones(3, ">f8"),
        np.ones(3, "f2"),
        np.ones(3, "c16"),
        np.array(["a"]),
        np.array([b"a"]),
        np.ones((20, 20))[:, ::2],
        np.ones(3000),
    ],
    ids=lambda a: f"{a.dtype}{list(a.shape)}",
)
def test_other_arrays_are_declined(array: Any) -> None:
    """Other dtypes and layouts, rank 0, no elements or many: the general writer decides."""
    assert write_rows(array) is None


@pytest.mark.parametrize(
    ("names", "meta"),
    [
        (("a", "b"), None),
        (["a"], None),
        ([1, 2], None),
        ([], None),
        (["a", "\ud800"], None),
        (None, {"n": 1}),
        (None, {1: "a"}),
        (None, [("puid", "a")]),
        (None, {"puid": "\ud800"}),
    ],
)
def test_other_members_are_declined(names: Any, meta: Any) -> None:
    """Names and meta of anything but strings, or of another number, are left to be refused."""
    assert write_rows(np.ones((1, 2)), names, meta) is None


@pytest.mark.parametrize("body", DECLINED, ids=range(len(DECLINED)))
def test_the_general_reader_decides_on_what_is_declined(body: bytes) -> None:
    """It reads a declined message, or refuses it in the family of errors, with a path."""
    try:
        tw.loads(body)
    except tw.CodecError as error:
        caught = error
    else:
        return
    assert caught.path.startswith("$")


@pytest.mark.parametrize("start", [b'{"data":{"names":["a"],', b'{"meta":{},"data":{'])
def test_text_that_ends_with_the_key(start: bytes) -> None:
    """A text that is cut behind the key is refused as any other, not read beyond its end."""
    assert read_rows(start + b'"ndarray"') is None
    with pytest.raises(tw.DecodeError, match="expected JSON"):
        tw.loads(start + b'"ndarray"', "application/json")
