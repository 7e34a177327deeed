"""Short JSON messages: what `short` reads and writes is what orjson and numpy say, or declined."""

import random
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tensorwire as tw
from tensorwire import lists
from tensorwire.containers import CONTAINERS
from tensorwire.errors import DecodeError
from tensorwire.protocols.seldon.reader import MessageReader
from tensorwire.protocols.seldon.short import read_short, write_rows
from tests.support.variants import json_text

FINITE = st.floats(-(2.0**51), 2.0**51)
NUMBERS = st.one_of(FINITE, st.integers(-(2**51), 2**51))
ANY = st.one_of(NUMBERS, st.floats(allow_nan=False), st.integers(), st.booleans(), st.none())


def message(rows: Any, **members: Any) -> bytes:
    """Return a message of nested lists, members before data."""
    return orjson.dumps({**members, "data": {"ndarray": rows}})


def rows_of(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return lists of values, or lists of such lists of one to three levels, some ragged."""
    flat = st.lists(values, max_size=60)
    pairs = st.lists(st.lists(values, min_size=2, max_size=2), min_size=1, max_size=2)
    return st.one_of(flat, st.lists(flat, max_size=4), pairs, st.lists(pairs, max_size=3))


@given(rows_of(ANY))
def test_rows_are_read_as_lists_are(rows: Any) -> None:
    """An array is the one that the general reader makes of the same text; or it is declined."""
    if any(abs(x) >= 2**63 for x in flattened(rows) if type(x) is int):
        return  # orjson writes no such integers
    body = message(rows)
    found = read_short(body)
    if found is not None:
        array, kind, names, meta = found
        wanted = lists.to_array(orjson.loads(body)["data"]["ndarray"], DecodeError)
        assert (array.dtype, array.shape) == (wanted.dtype, wanted.shape)
        assert array.tobytes() == wanted.tobytes()
        assert array.flags.writeable
        assert (kind, names, meta) == ("ndarray", None, {})


def flattened(rows: Any) -> list[Any]:
    """Return the values of nested lists."""
    return [x for row in rows for x in (flattened(row) if isinstance(row, list) else [row])]


@given(st.lists(st.lists(NUMBERS, min_size=3, max_size=3), min_size=1, max_size=20))
def test_small_numbers_are_not_declined(rows: Any) -> None:
    """Numbers below 2**52 of equal rows are read without a second look."""
    if sum(float(x) ** 2 for row in rows for x in row) < 2.0**104:
        assert read_short(message(rows)) is not None


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
def test_as_clients_write_it(separators: tuple[str, str]) -> None:
    """Python's own json puts blanks between; names and a puid may stand before the rows."""
    import json

    members = {"meta": {"puid": "u1"}, "data": {"names": ["a", "l"], "ndarray": [[1, 2.5]]}}
    text = json.dumps(members, separators=separators).encode()
    found = read_short(text)
    assert found is not None
    array, kind, names, meta = found
    assert array.tolist() == [[1.0, 2.5]]
    assert (kind, names, meta) == ("ndarray", ["a", "l"], {"puid": "u1"})


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
    b'{"data":{"names":["a"],"ndarray":[[[1.5],[2.5]]]}}',
    b'{"data":{"ndarray":[[[1.5],[2.5,3.5]]]}}',
    b'{"data":{"ndarray":[[[1.5]],[[2.5],[3.5]]]}}',
    b'{"data":{"ndarray":[[[1.5]],[2.5]]}}',
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
    b'{"data":{"ndarray":[true,2],"names":["ndarray"]}}',
    b'{"data":{"ndarray":[1,18446744073709551616]}}',
    b'{"data":{"ndarray":[1,1e5]}}',
    b'{"data":{"tensor":{"shape":[],"values":[]}}}',
    b'{"data":{"tensor":{"shape":[0],"values":[]}}}',
    b'{"data":{"tensor":{"shape":[2],"values":[1.5]}}}',
    b'{"data":{"tensor":{"shape":[-1,-1],"values":[1.5]}}}',
    b'{"data":{"tensor":{"shape":[-1,-2],"values":[1.5,2.5]}}}',
    b'{"data":{"tensor":{"shape":[true],"values":[1.5]}}}',
    b'{"data":{"tensor":{"shape":[true,2],"values":[1.5,2.5]}}}',
    b'{"data":{"tensor":{"shape":["ab",99999999999999],"values":[1.5]}}}',
    b'{"data":{"tensor":{"shape":[2],"values":[true,2]},"names":["values"]}}',
    b'{"data":{"tensor":{"shape":["1"],"values":[1.5]}}}',
    b'{"data":{"tensor":{"shape":[2.0],"values":[1.5,2.5]}}}',
    b'{"data":{"tensor":{"shape":2,"values":[1.5,2.5]}}}',
    b'{"data":{"tensor":{"values":[1.5]}}}',
    b'{"data":{"tensor":{"values":[1.5],"shape":[1]}}}',
    b'{"data":{"tensor":{"shape":[1],"x":0,"values":[1.5]}}}',
    b'{"data":{"tensor":{"shape":[2],"values":[1.5,true]}}}',
    b'{"data":{"tensor":{"shape":[2],"values":[1.5,[2]]}}}',
    b'{"data":{"tensor":{"shape":[1],"values":[null]}}}',
    b'{"data":{"tensor":{"shape":[1],"values":["1"]}}}',
    b'{"data":{"tensor":{"shape":[1],"values":{}}}}',
    b'{"data":{"names":["values"],"tensor":[1.5]}}',
    b'{"data":{"ndarray":[[1]],"tensor":{"shape":[1],"values":[1.5]}}}',
    b'{"data":{"names":["a"],"tensor":{"shape":[1,2],"values":[1.5,2]}}}',
    b'{"meta":{"values":[true,2]},"data":{"tensor":{"shape":[2],"values":[1.5,2]}}}',
    b'{"data":{"tensor":{"shape":[2],"values":[true,2]}},"values":[1.5]}',
    b'{"data":{"tensor":{"shape":[%b],"values":[1.5]}}}' % b",".join([b"1"] * 65),
    message([[0.5] * 3000]),
]


@pytest.mark.parametrize("body", DECLINED, ids=range(len(DECLINED)))
def test_what_needs_a_closer_look_is_declined(body: bytes) -> None:
    """Anything but rows of plain numbers, with members in order, is left to the general reader."""
    assert read_short(body) is None


@given(st.lists(NUMBERS, min_size=1, max_size=40), st.integers(1, 6))
def test_a_tensor_is_read_as_its_values_are(values: list[Any], columns: int) -> None:
    """Shape and values of a tensor are an array of int64, or of float64 where one is a float."""
    values = values[: len(values) // columns * columns] or [0.5] * columns
    shape = [len(values) // columns, columns]
    body = orjson.dumps({"data": {"tensor": {"shape": shape, "values": values}}})
    found = read_short(body)
    wanted = np.array(values).reshape(shape)
    if found is None:
        assert sum(float(x) ** 2 for x in values) >= 2.0**104
    else:
        assert (found[1:], found[0].dtype) == (("tensor", None, {}), wanted.dtype)
        assert (found[0].shape, found[0].tobytes()) == (wanted.shape, wanted.tobytes())


@pytest.mark.parametrize("shape", [[], [1], [1, 1], [1, 1, 1]])
@pytest.mark.parametrize("value", [1.5, -7])
def test_one_value_of_any_rank(shape: list[int], value: float) -> None:
    """A tensor of one value has the rank of its shape, 0 too."""
    body = orjson.dumps({"data": {"tensor": {"shape": shape, "values": [value]}}})
    found = read_short(body)
    assert found is not None
    wanted = np.full(shape, value)
    assert (found[0].dtype, found[0].shape) == (wanted.dtype, wanted.shape)
    assert found[0] == value


READER = MessageReader(CONTAINERS["json"])
MORE = (
    *(b'"ndarray":', b'"values":', b'"tensor":', b'"shape":[1],', b'"names":["a"],', b'"x":0,'),
    *(b'"meta":{"puid":"u"},', b'"ndarray":[[1.5]]', b'"status":{},', b"[", b"]", b"{", b"}"),
    *(b",", b":", b'"', b"\\", b"\\u006e", b" ", b"\n", b"\xef\xbb\xbf", b"\0", b"\xff"),
    *(b"true", b"false", b"null", b"NaN", b"-", b".", b"0", b"e5", b"E400", b"[1.5,2]", b"[]"),
    *(b"18446744073709551616", b"9007199254740993", b"-9223372036854775809", b"{}", b'""', b'"l"'),
)


def small_tree(chance: random.Random) -> dict[str, Any]:
    """Return a message of a few numbers, with names and a puid once in a while."""
    rows, columns = chance.choice((1, 1, 2, 3)), chance.choice((1, 2, 3, 7))
    plain = chance.random() < 0.5
    values: list[float] = [
        chance.random() if plain else chance.choice((0, 1, -7, 2**53 + 1, 0.5, 1e22))
        for _ in range(rows * columns)
    ]
    nested = [values[i : i + columns] for i in range(0, rows * columns, columns)]
    data: dict[str, Any] = {"ndarray": chance.choice((nested, values))}
    if chance.random() < 0.4:
        data = {"tensor": {"shape": [rows, columns], "values": values}}
    if chance.random() < 0.3:
        data = {"names": [f"n{i}" for i in range(chance.choice((columns, columns, 2)))], **data}
    return {"meta": {"puid": "u1"}, "data": data} if chance.random() < 0.3 else {"data": data}


def damaged(body: bytes, chance: random.Random) -> bytes:
    """Return a text with some of its bytes dropped, doubled, moved, or with others put in."""
    for _ in range(chance.choice((0, 1, 1, 1, 2, 3))):
        start, stop = sorted(chance.randrange(len(body) + 1) for _ in range(2))
        at = chance.randrange(len(body) + 1)
        piece = chance.choice((chance.choice(MORE), chance.choice(MORE), body[start:stop]))
        end = at + chance.choice((0, 0, 1, len(piece)))
        body = body[:at] + piece + body[end:]
    return body


@pytest.mark.parametrize("seed", range(8))
def test_it_agrees_with_the_general_reader(seed: int) -> None:
    """Whatever is read here is what the general reader makes of the same bytes, damaged or not."""
    chance, read = random.Random(seed), 0  # noqa: S311 - the same texts every time
    for _ in range(2500):
        tree = small_tree(chance)
        body = orjson.dumps(tree) if chance.random() < 0.7 else json_text(tree, chance)
        body = damaged(body, chance)
        found = read_short(body)
        if found is not None:
            read += 1
            array, kind, names, meta = found
            wanted = READER.read(body, tw.Message, None, READER.default)
            assert (kind, names, meta) == (wanted.kind, wanted.names, wanted.meta)
            assert type(names) is type(wanted.names), body
            assert (array.dtype, array.shape) == (wanted.value.dtype, wanted.value.shape), body
            assert array.tobytes() == wanted.value.tobytes(), body
            assert array.flags.writeable
            assert array.flags.aligned
    assert read > 200


def test_the_last_of_equal_keys_is_read() -> None:
    """Of equal keys the last one counts, as in orjson."""
    body = b'{"data":{"ndarray":[true]},"data":{"ndarray":[1.5,2]}}'
    found = read_short(body)
    assert found is not None
    assert found[0].tolist() == [1.5, 2.0] == orjson.loads(body)["data"]["ndarray"]


ARRAYS = [
    np.array(value, dtype)
    for dtype in ("f8", "f4", "i8", "i4", "u1", "u8", "?")
    for value in ([1], [[1]], [[[1]]], [[1, 0]], [[1], [0]], [[[1, 0, 1]]], [0] * 9, [[1] * 100])
]


@pytest.mark.parametrize("array", ARRAYS, ids=lambda a: f"{a.dtype}{list(a.shape)}")
def test_rows_are_written_as_orjson_writes_them(array: Any) -> None:
    """The text is that of the nested lists, with names and meta before them."""
    assert write_rows(array, None, None) == orjson.dumps({"data": {"ndarray": array.tolist()}})
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
    body = write_rows(array, None, None)
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
    assert write_rows(array, None, None) is None


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


@pytest.mark.parametrize("key", [b'"ndarray"', b'"tensor":{"values"'])
@pytest.mark.parametrize("start", [b'{"data":{"names":["a"],', b'{"meta":{},"data":{'])
def test_text_that_ends_with_the_key(start: bytes, key: bytes) -> None:
    """A text that is cut behind the key is refused as any other, not read beyond its end."""
    assert read_short(start + key) is None
    with pytest.raises(tw.DecodeError, match="expected JSON"):
        tw.loads(start + key, "application/json")
