"""Missing values and numbers that are not finite, in the messages of Seldon: `missing=`."""

import json
import math
import random
import re
from typing import Any

import msgpack
import numpy as np
import orjson
import pytest
from google.protobuf import json_format

import tensorwire as tw
from tests.support import reference

WORDS: tuple[tw.Missing, ...] = ("error", "null", "nan", "any")
BARE: tuple[tw.Missing, ...] = ("nan", "any")
REFUSED: tuple[tw.Missing | None, ...] = (None, "error")
NULL_IS_READ = {"error": False, "null": True, "nan": False, "any": True, None: True}
WORDS_ARE_READ = {"error": False, "null": False, "nan": True, "any": True, None: True}
options = pytest.mark.parametrize("missing", [None, *WORDS])
sizes = pytest.mark.parametrize("count", [1, 3, 100, 2_000])


def ndarray(text: str) -> bytes:
    """Return a SeldonMessage of nested lists."""
    return f'{{"data":{{"ndarray":{text}}}}}'.encode()


def numpys(text: str) -> Any:
    """Return the array that Python's json and numpy make of a text: Seldon's wrapper does so."""
    return np.array(json.loads(text), np.float64)


def same(found: Any, wanted: Any) -> bool:
    """Return whether two arrays of floats are equal, NaN included."""
    return bool(
        found.dtype == wanted.dtype
        and found.shape == wanted.shape
        and np.array_equal(found, wanted, equal_nan=True)
        and (np.signbit(found) == np.signbit(wanted))[~np.isnan(wanted)].all()
    )


def texts(count: int) -> list[tuple[str, bool, bool]]:
    """Return lists of numbers with null and words in them: and whether each of the two is there."""
    chance = random.Random(count)  # noqa: S311 - the same every time
    found = []
    for words in (["null"], ["NaN"], ["Infinity", "-Infinity"], ["null", "NaN", "-Infinity"]):
        for plain in (["0.5", "-2e3", "7"], ["1.25"]):
            items = [chance.choice(words if chance.random() < 0.3 else plain) for _ in range(count)]
            items[chance.randrange(count)] = words[0]
            if "null" in items and not {"0.5", "-2e3", "1.25"} & set(items) and "7" in items:
                items[items.index("7")] = "0.5"
            found.append((items, "null" in items, any("N" in x or "I" in x for x in items)))
    return [(",".join(items), null, word) for items, null, word in found]


@sizes
@options
def test_lists_with_null_and_words(count: int, missing: Any) -> None:
    """Null and words are NaN and infinities where they are, in any shape, or are refused."""
    for text, null, word in texts(count):
        readable = (not null or NULL_IS_READ[missing]) and (not word or WORDS_ARE_READ[missing])
        shapes = [f"[{text}]", f"[[{text}]]", f"[[{text.replace(',', '],[')}]]"]
        shapes += [f"[ {text.replace(',', ' , ')} ]", f"[\n{text.replace(',', ', ')}]"]
        for shape in shapes:
            for decode in (tw.get_codec("json/ndarray").decode, value_of):
                check(decode, ndarray(shape), missing, shape, readable=readable)
            out = np.empty(numpys(shape).shape)
            if readable:
                assert same(
                    tw.get_codec("json/ndarray").decode(ndarray(shape), missing=missing, out=out),
                    out,
                )
                assert same(out, numpys(shape))
        whole = f'{{"data":{{"tensor":{{"shape":[{count}],"values":[{text}]}}}}}}'.encode()
        check(value_of, whole, missing, f"[{text}]", readable=readable)


def value_of(body: bytes, **options: Any) -> Any:
    """Return the value of a message."""
    return tw.loads(body, **options).value


def check(decode: Any, body: bytes, missing: Any, text: str, *, readable: bool) -> None:
    """Assert that a text is read as numpy reads it, or refused with the place and the remedy."""
    if readable:
        assert same(decode(body, missing=missing), numpys(text)), text[:100]
        return
    with pytest.raises(tw.DecodeError, match=r"missing='(null|nan)'") as caught:
        decode(body, missing=missing)
    assert caught.value.path.startswith(("$.data.ndarray[", "$.data.tensor.values["))


def test_the_sample_of_seldon() -> None:
    """A row with a missing age among strings is the row that Seldon's wrapper gives."""
    body = b'{"data":{"names":["sex","age","fare"],"ndarray":[["male",null,7.25]]}}'
    message = tw.loads(body)
    assert message.value == [["male", None, 7.25]]
    assert message.names == ["sex", "age", "fare"]
    assert tw.dumps(message) == body
    for container, media in (
        ("protobuf", "application/x-protobuf"),
        ("msgpack", "application/msgpack"),
    ):
        other = tw.dumps(message, media)
        assert tw.loads(other, media).value == [["male", None, 7.25]]
        assert tw.transcode(other, f"seldon/{container}", "seldon/json") == body


@pytest.mark.parametrize(
    ("rows", "value"),
    [
        ([[1.5, None]], [[1.5, math.nan]]),
        ([None, None], [math.nan, math.nan]),
        ([[None]], [[math.nan]]),
        ([[1, None, 2.5]], [[1.0, math.nan, 2.5]]),
        ([[[None, 0.5]], [[1.5, None]]], [[[math.nan, 0.5]], [[1.5, math.nan]]]),
        ([[0.5, None]] * 900, [[0.5, math.nan]] * 900),
    ],
)
def test_null_in_every_container(rows: Any, value: Any) -> None:
    """JSON's null, msgpack's nil and protobuf's null_value are NaN among floats, or alone."""
    tree = {"data": {"ndarray": rows}}
    proto = json_format.ParseDict(tree, reference.SeldonMessage()).SerializeToString()
    bodies = {"json": orjson.dumps(tree), "msgpack": msgpack.packb(tree), "protobuf": proto}
    for container, body in bodies.items():
        codec = tw.get_codec(f"{container}/ndarray")
        assert same(codec.decode(body), np.array(value))
        assert same(tw.loads(body, codec.media_type, missing="null").value, np.array(value))
        for word in ("error", "nan"):
            with pytest.raises(tw.DecodeError, match="missing='null'"):
                codec.decode(body, missing=word)


@pytest.mark.parametrize(
    ("rows", "kind"),
    [([[1, None]], "integers"), ([[True, None]], "bools"), ([[2, None]] * 5000, "integers")],
)
def test_null_among_integers_and_bools(rows: Any, kind: str) -> None:
    """It is an error, whose remedy works."""
    for container, pack in (("json", orjson.dumps), ("msgpack", msgpack.packb)):
        codec, body = tw.get_codec(f"{container}/ndarray"), pack({"data": {"ndarray": rows}})
        with pytest.raises(
            tw.DecodeError, match=f"expected {kind}, got null.*dtype=np.float64"
        ) as caught:
            codec.decode(body)
        assert caught.value.path == "$.data.ndarray[0][1]"
        for dtype in (np.float64, np.float32):
            assert same(codec.decode(body, dtype=dtype), np.array(rows, dtype))
        with pytest.raises(tw.DecodeError):
            codec.decode(body, dtype=np.int64)
        with pytest.raises(tw.DecodeError, match="missing='null'"):
            codec.decode(body, dtype=np.float64, missing="error")


def test_null_and_an_integer_that_no_float_is() -> None:
    """No dtype holds both, so none is named."""
    body = ndarray(f"[[{2**53 + 1},null]]")
    with pytest.raises(tw.DecodeError) as caught:
        tw.loads(body)
    assert "dtype=" not in str(caught.value)
    with pytest.raises(tw.DecodeError) as caught:
        tw.get_codec("json/ndarray").decode(body, dtype=np.float64)
    assert caught.value.path == "$.data.ndarray[0][0]"


@pytest.mark.parametrize(
    "rows", [[["a", None]], [[True, 1, None]], [["a", math.nan, None, 0.5]], [[None, "a"]] * 2000]
)
def test_none_in_rows_that_mix_types(rows: Any) -> None:
    """It stays None in the lists, and is written as null again, whatever the option says."""
    for container in ("json", "msgpack", "protobuf"):
        codec = tw.get_codec(f"{container}/ndarray")
        for missing in ("null", "nan", "any"):
            body = codec.encode(rows, missing=missing)
            if missing != "null" or container != "json":  # in which NaN is null, too
                assert repr(codec.decode(body)) == repr(rows) or container == "protobuf"
            assert codec.decode(body)[0][rows[0].index(None)] is None
    plain = [row for row in rows if not any(x != x for x in row)]  # noqa: PLR0124 - NaN
    if plain == rows:
        assert tw.get_codec("json/ndarray").encode(rows) == ndarray(
            json.dumps(rows, separators=(",", ":"))
        )


@pytest.mark.parametrize("kind", ["ndarray", "tensor"])
@sizes
def test_what_is_written(kind: str, count: int) -> None:
    """NaN and infinities are refused, null, or the words that Python's json writes and reads."""
    codec = tw.get_codec(f"json/{kind}")
    for values in ([0.5, math.nan], [math.nan, 0.5, math.inf], [-math.inf]):
        array = np.array(values * count)
        for missing in REFUSED:
            with pytest.raises(
                tw.EncodeError, match="use json/tftensor, or pass missing='nan'"
            ) as caught:
                codec.encode(array, missing=missing)
            at = int((~np.isfinite(array)).argmax())
            assert caught.value.path == f"$.data.{kind}[{at}]"
        for missing in BARE:
            body = codec.encode(array, missing=missing)
            node = json.loads(body)["data"][kind]
            assert repr(node["values"] if kind == "tensor" else node) == repr(array.tolist())
            assert b"".join(codec.encode_parts(array, missing=missing)) == body
            assert same(codec.decode(body), array)
        infinite = np.isinf(array).any()
        if infinite:
            with pytest.raises(tw.EncodeError, match=r"got -?inf"):
                codec.encode(array, missing="null")
        else:
            assert codec.encode(array, missing="null") == codec.encode(array, lossy=True)
            assert same(codec.decode(codec.encode(array, missing="null")), array)
        lossy = orjson.loads(codec.encode(array, lossy=True))["data"][kind]
        wanted = [x if math.isfinite(x) else None for x in array.tolist()]
        assert (lossy["values"] if kind == "tensor" else lossy) == wanted


def test_quoted_words_of_a_tensor_are_still_read() -> None:
    """What was written before, in quotes, is read; json/tftensor quotes as protobuf's JSON does."""
    quoted = b'{"data":{"tensor":{"shape":[3],"values":[1.0,"NaN","-Infinity"]}}}'
    assert same(tw.loads(quoted, missing="error").value, np.array([1.0, math.nan, -math.inf]))
    both = b'{"data":{"tensor":{"shape":[3],"values":["NaN",null,Infinity]}}}'
    assert same(tw.loads(both).value, np.array([math.nan, math.nan, math.inf]))
    codec = tw.get_codec("json/tftensor")
    written = codec.encode(np.array([math.nan]))
    proto = json_format.Parse(written, reference.SeldonMessage()).data.tftensor
    assert math.isnan(proto.double_val[0])
    assert same(codec.decode(written, missing="error"), np.array([math.nan]))


@pytest.mark.parametrize("dtype", ["DT_DOUBLE", "DT_FLOAT", "DT_HALF", "DT_INT64", "DT_BOOL"])
def test_null_in_a_tensor_proto(dtype: str) -> None:
    """Null in the values of a float is NaN; in those of any other dtype, an error."""
    member = {"DT_DOUBLE": "doubleVal", "DT_FLOAT": "floatVal", "DT_HALF": "halfVal"}.get(
        dtype, "int64Val" if dtype == "DT_INT64" else "boolVal"
    )
    first = "true" if dtype == "DT_BOOL" else "1"
    shape = '{"dim":[{"size":"2"}]}'
    inside = f'"dtype":"{dtype}","tensorShape":{shape},"{member}":[{first},null]'
    body = f'{{"data":{{"tftensor":{{{inside}}}}}}}'
    if dtype in ("DT_DOUBLE", "DT_FLOAT"):
        wanted = np.array([1, math.nan], np.float64 if dtype == "DT_DOUBLE" else np.float32)
        assert same(tw.loads(body.encode()).value, wanted)
    else:
        with pytest.raises(tw.DecodeError, match="null") as caught:
            tw.loads(body.encode())
        assert caught.value.path == f"$.data.tftensor.{member}[1]"


@pytest.mark.parametrize(
    "message",
    [
        tw.Message({"a": [math.nan, 1.5], "b": {"c": -math.inf}}, "jsonData"),
        tw.Message(math.inf, "jsonData"),
        tw.Message("x", "strData", meta={"tags": {"t": math.nan}}),
        tw.Message(np.array([1.5]), "ndarray", meta={"tags": {"t": [math.nan, None]}}),
        tw.Message(
            np.array([1.5]), "tftensor", meta={"metrics": [{"key": "k", "value": math.nan}]}
        ),
    ],
)
def test_json_values_beside_arrays(message: tw.Message) -> None:
    """NaN in jsonData, tags and metrics is refused, or a word that is a float again."""
    for missing in REFUSED:
        with pytest.raises(tw.EncodeError, match="missing='nan' to write bare words"):
            tw.dumps(message, missing=missing)
    for missing in BARE:
        body = tw.dumps(message, missing=missing)
        back = tw.loads(body)
        assert repr(json.loads(body).get("jsonData")) == repr(
            message.value if message.kind == "jsonData" else None
        )
        assert repr(back.meta) == repr(message.meta)
        assert message.kind != "jsonData" or repr(back.value) == repr(message.value)
        with pytest.raises(tw.DecodeError, match="bare word"):
            tw.loads(body, missing="null")
    assert tw.loads(b'{"jsonData":{"a":null}}', missing="error").value == {"a": None}


def test_null_beside_arrays_is_a_value() -> None:
    """Null in jsonData and tags is None, also where null in arrays is NaN."""
    body = b'{"meta":{"tags":{"t":null}},"jsonData":[1.5,null]}'
    assert tw.loads(body).value == [1.5, None]
    assert tw.loads(body).meta == {"tags": {"t": None}}
    assert tw.dumps(tw.loads(body)) == body


@options
def test_none_among_numbers(missing: Any) -> None:
    """It is NaN where the option is given, and not where it says error."""
    for kind in ("ndarray", "tensor", "tftensor"):
        for container in ("json", "msgpack", "protobuf"):
            codec = tw.get_codec(f"{container}/{kind}")
            for value in ([[1.5, None]], [[1, None]], [None, None]):
                if missing in (None, "error"):
                    with pytest.raises(tw.EncodeError, match="missing='null'"):
                        codec.encode(value, missing=missing)
                else:
                    found = codec.decode(codec.encode(value, missing=missing))
                    assert same(found, np.array(value, np.float64))
            with pytest.raises(tw.EncodeError):
                codec.encode([[True, None]], missing=missing)


def test_an_unknown_word() -> None:
    """It is refused with those that are known, by every function that takes one."""
    codec, message = tw.get_codec("json/ndarray"), tw.Message(np.ones(2), "ndarray")
    body = codec.encode(np.ones(2))
    proto = tw.get_codec("protobuf/tensor")
    words: list[Any] = ["nul", "", 5, ["any"], np.ones(2)]
    for word in words:
        known = "expected missing= to be one of 'error', 'null', 'nan', 'any', got"
        for _ in range(2):
            for encode in (codec.encode, codec.encode_parts, proto.encode):
                with pytest.raises(tw.EncodeError, match=known):
                    encode(np.ones(2), missing=word)
            with pytest.raises(tw.EncodeError, match=known):
                tw.dumps(message, missing=word)
            for decode in (codec.decode, tw.loads):
                with pytest.raises(tw.DecodeError, match=known):
                    decode(body, missing=word)


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_words_that_are_no_values(word: str) -> None:
    """A word is one only where a value may stand; all else is no JSON, whatever is allowed."""
    for text in (
        f"[1{word}]", f"[{word}1]", f"[--{word}]", f"[{word}{word}]", f"[1.{word}]", f"[1e{word}]",
        f"[{word}.5]", f"[{word} 1]", f"[+{word}]", f'["{word}]', f"[{word}", f'[{word}"a"]',
        f"[{word}:1]",
    ):  # fmt: skip
        for padding in ("", ",0.5" * 4000):
            body = ndarray(text[:-1] + padding + text[-1])
            with pytest.raises(tw.DecodeError):
                tw.loads(body)
    for text in (f'{{{word}:1,"strData":"x"}}', f'{{"a":1, {word} :1,"strData":"x"}}', word):
        with pytest.raises(tw.DecodeError):
            tw.loads(text.encode())


def test_no_number_is_read_as_a_word() -> None:
    """Finite numbers beside words stay what they are: of a million patterns, each."""
    bits = np.random.default_rng(3).integers(0, 2**64, (1000, 1000), np.uint64)
    array = bits.view(np.float64)
    array[:, ::50] = np.nan
    array[0, 0] = np.inf
    codec = tw.get_codec("json/ndarray")
    body = codec.encode(array, missing="nan")
    assert same(codec.decode(body), array)
    for row in array[:50]:
        small = row[:30][None]
        assert same(codec.decode(codec.encode(small, missing="nan")), small)


JSON = "application/json"


def refusal_of(numbers: str) -> str:
    """Return why JSON with these numbers is refusal_of."""
    with pytest.raises(tw.DecodeError) as caught:
        tw.loads(f'{{"data":{{"ndarray":{numbers}}}}}'.encode(), JSON)
    return str(caught.value)


@pytest.mark.parametrize("numbers", ["[[1,null]]", "[null,-3]", "[[[9007199254740992],[null]]]"])
def test_integers_are_written_as_floats(numbers: str) -> None:
    """A client that has no Python can follow the remedy; so can one that has."""
    reason = refusal_of(numbers)
    assert "write the integers as floats, as 1.0 for 1" in reason
    assert "Codec.decode with dtype=np.float64" in reason
    floats = re.sub(r"(\d+)", r"\1.0", numbers)
    found = tw.loads(f'{{"data":{{"ndarray":{floats}}}}}'.encode(), JSON).value
    asked = tw.get_codec("json/ndarray").decode(
        f'{{"data":{{"ndarray":{numbers}}}}}'.encode(), dtype=np.float64
    )
    wanted = np.array(eval(numbers, {"null": math.nan}))  # noqa: S307 - the numbers above
    np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(asked, wanted)


def test_integers_that_float64_rounds_are_written_as_strings() -> None:
    """As floats they would not be exact."""
    reason = refusal_of("[9007199254740993,null]")
    assert "write the integers as strings" in reason
    assert "float64" not in reason
    found = tw.loads(b'{"data":{"ndarray":["9007199254740993",null]}}', JSON).value
    assert found == ["9007199254740993", None]


def test_no_remedy_makes_floats_of_bools() -> None:
    """Only a reader can have bools as floats."""
    reason = refusal_of("[true,null]")
    assert "write" not in reason
    assert "Codec.decode with dtype=np.float64" in reason


def test_null_among_integers_of_msgpack() -> None:
    """The same in msgpack, whose integers are integers too."""
    with pytest.raises(tw.DecodeError, match="write the integers as floats"):
        tw.loads(msgpack.packb({"data": {"ndarray": [1, None]}}), "application/msgpack")
    body = msgpack.packb({"data": {"ndarray": [1.0, None]}})
    found = tw.loads(body, "application/msgpack").value
    np.testing.assert_array_equal(found, [1, math.nan])


@pytest.mark.parametrize("word", ["error", "nan"])
def test_what_would_not_help_is_not_named(word: tw.Missing) -> None:
    """Where null is refusal_of among floats too, floats are no remedy, and strings neither."""
    for numbers in ("[1,null]", "[9007199254740993,null]"):
        body = f'{{"data":{{"ndarray":{numbers}}}}}'.encode()
        with pytest.raises(tw.DecodeError) as caught:
            tw.loads(body, JSON, missing=word)
        assert "write the integers" not in str(caught.value)
    read = tw.get_codec("json/ndarray").decode
    floats = read(b'{"data":{"ndarray":[1,null]}}', dtype=np.float64, missing="null")
    np.testing.assert_array_equal(floats, [1, math.nan])
