"""Numbers in TensorFlow Serving's JSON: bare words, whole numbers for floats, exact integers."""

import json
import math
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tensorwire as tw
from tensorwire.tfserving import PredictRequest, PredictResponse

rest: Any = tw.get_protocol("tfserving/json")
nan, inf = math.nan, math.inf


def bits(values: Any) -> list[bytes]:
    """Return each float64 as its bytes, every NaN the same."""
    return [struct.pack("<d", nan if x != x else x) for x in np.asarray(values, float).reshape(-1)]  # noqa: PLR0124


def neighbours() -> list[float]:
    """Return numbers like those that an earlier version put where words stood, and all around."""
    found = []
    for digits in range(1_000_000, 10_000_000, 450_001):
        for end in (71, 73, 79):
            number = float(f"-{digits}e{end}")
            found += [number, -number, np.nextafter(number, 0), np.nextafter(number, -inf)]
    for exponent in range(-320, 309, 7):
        found += [float(f"1.7e{exponent}"), float(f"-9.999999999999999e{exponent - 1}")]
    return [*map(float, found), 0.0, -0.0, 5e-324, 1.7976931348623157e308, 1e22, 123456789.125]


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize("size", [1, 100_000])
@pytest.mark.parametrize("form", ["instances", "inputs", "a", "rows", "two"])
def test_finite_numbers_survive_beside_words(word: str, size: int, form: str) -> None:
    """No finite number is taken for a word, whatever its digits; the words are what they say."""
    numbers = neighbours() if size == 1 else neighbours() * 30
    texts = [repr(number) for number in numbers]
    texts = [text for pair in zip(texts, [word] * len(texts), strict=True) for text in pair]
    flat = ",".join(texts)
    wanted = json.loads(f"[{flat}]")
    body = {
        "instances": f'{{"instances":[{flat}]}}',
        "inputs": f'{{"inputs":[[{flat}]]}}',
        "a": f'{{"inputs":{{"a":[{flat}],"b":[1]}}}}',
        "rows": '{"instances":[' + ",".join(f'{{"a":{text}}}' for text in texts) + "]}",
        "two": '{"instances":[' + ",".join(f'{{"a":{text},"s":"NaN"}}' for text in texts) + "]}",
    }[form]
    found = rest.decode(body.encode()).inputs
    array = next(iter(found.values()))
    assert bits(array) == bits(wanted)
    if form == "two":
        assert set(found["s"].tolist()) == {b"NaN"}


def test_where_words_are() -> None:
    """Strings that look like words are strings, in the shortest and in long bodies."""
    for pad in (0, 5000, 70_000):
        space = " " * pad
        body = '"inputs":{"NaN":[NaN,1],"s":["Infinity","\\"NaN","NaN\\\\"],"e":-Infinity}'
        body = f"{{{space}{body}}}"
        found = rest.decode(body.encode()).inputs
        assert bits(found["NaN"]) == bits([nan, 1])
        assert found["s"].tolist() == [b"Infinity", b'"NaN', b"NaN\\"]
        assert bits(found["e"]) == bits([-inf])
        for wrong in (
            "1NaN",
            "NaN1",
            "-NaN",
            "NaNNaN",
            "+Infinity",
            "Infinity1",
            "nan",
            "Inf",
            "N",
        ):
            with pytest.raises(tw.DecodeError, match="expected JSON"):
                rest.decode(f'{{{space}"inputs":[{wrong}]}}'.encode())


SIGNED: list[tuple[str, str, Any]] = [
    ("float32", "1435774380", np.float32(1435774336)),
    ("float32", "16777217", np.float32(16777216)),
    ("float32", "-16777219", np.float32(-16777220)),
    ("float64", "9007199254740993", 9007199254740992.0),
    ("float64", "18446744073709551615", 18446744073709551616.0),
    ("float64", "18446744073709551617", 18446744073709551616.0),
    ("float64", "-9223372036854775809", -9223372036854775808.0),
    ("float32", "100000000000000000000000000000", np.float32(1e29)),
    ("float16", "2049", np.float16(2048)),
    ("DT_FLOAT", "7", np.float32(7)),
    ("DT_DOUBLE", "0", 0.0),
]


@pytest.mark.parametrize(("dtype", "text", "wanted"), SIGNED)
def test_a_whole_number_for_a_float(dtype: str, text: str, wanted: Any) -> None:
    """It is converted to the nearest float (api_rest.md, floating point precision)."""
    long = ",".join([text] * 2000)
    mixed = f"{text},0.5,{text}"
    for values in (text, mixed, f"{text},-1", long, f"{long},0.5", f"{text},NaN"):
        for body in (
            f'{{"instances":[{values}]}}',
            f'{{"inputs":{{"q":[{values}]}}}}',
            '{"instances":[' + ",".join(f'{{"q":{value}}}' for value in values.split(",")) + "]}",
        ):
            array = rest.decode(body.encode(), signature={"q": dtype}).inputs["q"]
            assert array.dtype == np.asarray(wanted).dtype
            assert array[0] == wanted
    array = rest.decode(f'{{"inputs":{text}}}'.encode(), signature={"q": dtype}).inputs["q"]
    assert array == wanted
    assert array.shape == ()


def test_the_sample() -> None:
    """Two inputs, of which one is a whole number for a float32 that does not hold it."""
    body = b'{"instances":[{"ts":1435774380,"v":0.5}]}'
    found = rest.decode(body, signature={"ts": "float32", "v": "float32"}).inputs
    assert found["ts"].tolist() == [1435774336.0]
    assert found["v"].tolist() == [0.5]


def test_a_number_beyond_a_float() -> None:
    """What is too large for the dtype is refused, not made infinite."""
    for dtype, text in (("float32", "1" + "0" * 39), ("float16", "65520"), ("float32", "1e39")):
        with pytest.raises(tw.DecodeError, match="in the range of"):
            rest.decode(f'{{"inputs":[{text}]}}'.encode(), signature={"q": dtype})


@pytest.mark.parametrize("pad", [0, 3000])
def test_integers_that_would_be_rounded(pad: int) -> None:
    """Without a signature they are refused beside floats, with the place, and beyond 64 bits."""
    row = "[0,0.5]," * pad
    at = f"[{pad}][0]"
    for number in ("1234567890123456789", "9007199254740993", "-9007199254740993"):
        body = f'{{"instances":[{row}[{number},0.5]]}}'
        with pytest.raises(tw.DecodeError, match=number) as caught:
            rest.decode(body.encode())
        assert caught.value.path == f"$.instances{at}"
    for number in ("18446744073709551617", "-9223372036854775809", "1" * 40):
        for body in (f'{{"inputs":[{row}[{number},1]]}}', f'{{"inputs":[{row}[{number},0.5]]}}'):
            with pytest.raises(tw.DecodeError, match="64 bits") as caught:
                rest.decode(body.encode())
            assert caught.value.path == f"$.inputs{at}"
    body = f'{{"instances":[{row}[9007199254740992,0.5],[1e22,18014398509481984]]}}'
    assert rest.decode(body.encode()).inputs[""][-1].tolist() == [1e22, 2.0**54]
    ids = rest.decode(b'{"inputs":{"id":[1234567890123456789],"v":[0.5]}}').inputs
    assert ids["id"].tolist() == [1234567890123456789]
    assert rest.decode(b'{"instances":[18446744073709551615]}').inputs[""].dtype == np.uint64


@pytest.mark.parametrize("value", ["1.5", "NaN", "1e19", "9007199254740992"])
@pytest.mark.parametrize("pad", [0, 5000])
def test_integers_beyond_64_bits_in_members_that_are_not_read(pad: int, value: str) -> None:
    """They are ignored, whichever path reads the message."""
    data = ",".join([value, *["0.5"] * pad])
    for number in (2**64, -(2**63) - 1, 10**30, 10**400):
        for arrays in (f'"instances":[{data}]', f'"inputs":{{"a":[{data}]}}'):
            for more in (f"{number}", f'{{"a":[{number}]}}'):
                for body in (f'{{{arrays},"more":{more}}}', f'{{"more":{more},{arrays}}}'):
                    (found,) = rest.decode(body.encode()).inputs.values()
                    assert repr(float(found[0])) == repr(float(value))
        body = f'{{"more":1e19,"inputs":{{"a":[{data}],"b":[0.5,{number}]}}}}'
        with pytest.raises(tw.DecodeError, match="64 bits") as caught:
            rest.decode(body.encode())
        assert caught.value.path == "$.inputs.b[1]"


def test_null() -> None:
    """It is refused by default, and NaN among floats where `missing=` says so."""
    for body in (b'{"instances":[1.5,null]}', b'{"inputs":{"a":null}}', b'{"inputs":[null]}'):
        for missing in (None, "nan", "error"):
            with pytest.raises(tw.DecodeError, match=r"null.*missing='null'"):
                rest.decode(body, missing=missing)
        for word in ("null", "any"):
            array = next(iter(rest.decode(body, missing=word).inputs.values()))
            assert np.isnan(np.asarray(array).reshape(-1)[-1])
    long = b'{"instances":[' + b"1.5,null," * 3000 + b"2]}"
    assert np.isnan(rest.decode(long, missing="any").inputs[""]).sum() == 3000
    with pytest.raises(tw.DecodeError, match="null"):
        rest.decode(long)
    for body in (b'{"instances":[1,null]}', b'{"instances":[true,null]}'):
        with pytest.raises(tw.DecodeError, match="null"):
            rest.decode(body, missing="any")
    array = rest.decode(b'{"instances":[1,null]}', missing="any", signature={"q": "float32"})
    assert bits(array.inputs["q"]) == bits([1, nan])


def test_words_that_are_not_wanted() -> None:
    """`missing="error"` and `"null"` refuse bare words when reading."""
    for missing in ("error", "null"):
        for body in (b'{"inputs":[NaN]}', b'{"inputs":[' + b"1.5," * 3000 + b"-Infinity]}"):
            with pytest.raises(tw.DecodeError, match="missing='nan'"):
                rest.decode(body, missing=missing)
    with pytest.raises(tw.DecodeError, match="'error', 'null', 'nan', 'any'"):
        rest.decode(b'{"inputs":1}', missing="NaN")
    with pytest.raises(tw.EncodeError, match="'error', 'null', 'nan', 'any'"):
        rest.encode(PredictRequest({"x": [1.5]}), missing="NaN")


@pytest.mark.parametrize("count", [1, 3000])
@pytest.mark.parametrize("rows", [True, False])
@pytest.mark.parametrize("name", ["", "x"])
def test_writing(name: str, count: int, rows: bool) -> None:  # noqa: FBT001
    """Bare words by default; null for NaN alone; or a refusal with the place."""
    array = np.tile([[1.5, nan]], (count, 1))
    message = PredictRequest({name: array}, rows=rows)
    plain = "[1.5,NaN]" if not rows or not name else '{"x":[1.5,NaN]}'
    inner = ",".join([plain] * count)
    texts = {True: f'{{"instances":[{inner}]}}', False: f'{{"inputs":[{inner}]}}'}
    text = texts[rows] if rows or not name else f'{{"inputs":{{"x":[{inner}]}}}}'
    for missing in (None, "nan", "any"):
        assert rest.encode(message, missing=missing)[0].decode() == text
        assert b"".join(rest.encode_parts(message, missing=missing)[0]).decode() == text
    assert rest.encode(message, missing="null")[0].decode() == text.replace("NaN", "null")
    place = r"\$\.inputs\.x" if name else r"\$\.inputs"
    with pytest.raises(
        tw.EncodeError, match=rf"got nan - at {place}\[0\]\[1\]; pass missing='nan'"
    ):
        rest.encode(message, missing="error")
    array[-1, 0] = -inf
    for missing in ("null", "error"):
        with pytest.raises(tw.EncodeError, match="pass missing='nan' to write bare words"):
            rest.encode(message, missing=missing)
    assert b"-Infinity" in rest.encode(message)[0]
    assert b"null" in rest.encode(message, missing="null", lossy=True)[0]


def test_none_among_numbers() -> None:
    """None is written as NaN where `missing=` is given, else refused."""
    message = PredictResponse({"x": [1.5, None]})
    with pytest.raises(tw.EncodeError, match="missing="):
        rest.encode(message)
    assert rest.encode(message, missing="nan")[0] == b'{"predictions":[1.5,NaN]}'
    assert rest.encode(message, missing="null")[0] == b'{"predictions":[1.5,null]}'


def test_grpc_keeps_them() -> None:
    """From and to gRPC, NaN and infinities pass, and whole numbers are exact."""
    body = b'{"inputs":{"x":[NaN,-Infinity,1.5],"n":[9007199254740993]}}'
    made = tw.transcode(body, "tfserving/json", "tfserving/protobuf")
    back = json.loads(tw.transcode(made, "tfserving/protobuf", "tfserving/json"))
    assert bits(back["inputs"]["x"]) == bits([nan, -inf, 1.5])
    assert back["inputs"]["n"] == [9007199254740993]


def test_no_number_replaces_a_word() -> None:
    """The module that put numbers where words stand is gone."""
    assert not list(Path(tw.__file__).parent.glob("protocols/**/*words.py"))


def test_signatures_that_are_none() -> None:
    """A signature that is no dict is refused as an argument."""
    for signature in (["float32"], "float32", 5):
        with pytest.raises(tw.DecodeError, match="signature="):
            rest.decode(b'{"inputs":[1]}', signature=signature)


def test_each_dtype_of_a_signature_judges_its_own_array() -> None:
    """A float takes an integer beyond 64 bits, also beside words; an integer's dtype does not."""
    signature = {"x": "float64", "n": "int64", "s": "bytes"}
    text = '{"inputs":{"x":[NaN,18446744073709551617],"n":[%s],"s":["NaN"]}}'
    found = rest.decode((text % "9007199254740993").encode(), signature=signature).inputs
    assert bits(found["x"]) == bits([nan, 2.0**64])
    assert found["n"].tolist() == [9007199254740993]
    for values in ("18446744073709551617", "1,9007199254740993,0.5", "NaN", "1e30"):
        with pytest.raises(tw.DecodeError) as caught:
            rest.decode((text % values).encode(), signature=signature)
        assert caught.value.path.startswith("$.inputs.n")
