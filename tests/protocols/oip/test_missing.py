"""Missing and exact numbers in JSON of the Open Inference Protocol, and errors that tell the truth.

What servers and clients read and write was tried with tritonclient 2.x, KServe and MLServer
themselves, and read in Triton's source (rapidjson with NaN and Infinity, null refused).
"""

import json
from typing import Any

import numpy as np
import orjson
import pytest

import tensorwire as tw
from tests.support.oip_bodies import one_grpc, one_json
from tests.support.oip_values import GRPC, PROTOCOLS, REST, Request, Response, Tensor, told

JSON = tw.get_protocol("oip/json")
NAN, INF = float("nan"), float("inf")


def body_of(datatype: str, *data: str, shape: Any = None) -> bytes:
    """Return a request of one tensor, its data as text."""
    shape = [len(data)] if shape is None else shape
    text = f'{{"inputs":[{{"name":"x","shape":{shape},"datatype":"{datatype}","data":['
    return f"{text}{','.join(data)}]}}]}}".encode()


def read(body: bytes, **more: Any) -> Any:
    """Return the array of the first tensor."""
    return JSON.decode(body, **more).inputs[0].value


FILL = ["0.25"] * 3000  # what makes a body long


@pytest.mark.parametrize("fill", [[], FILL], ids=["short", "long"])
@pytest.mark.parametrize("datatype", ["FP16", "FP32", "FP64"])
def test_what_peers_write_for_nan(datatype: str, fill: list[str]) -> None:
    """MLServer's null and the bare words of tritonclient and Triton are read by default."""
    array = read(body_of(datatype, "1.5", "null", *fill))
    assert array.dtype.name == {"FP16": "float16", "FP32": "float32", "FP64": "float64"}[datatype]
    assert (array[0], np.isnan(array[1]), np.isfinite(array[2:]).all()) == (1.5, True, True)
    array = read(body_of(datatype, "1.5", "NaN", "Infinity", "-Infinity", *fill))
    assert str(array[:4].tolist()) == "[1.5, nan, inf, -inf]"
    assert str(read(body_of(datatype, "null", "null")).tolist()) == "[nan, nan]"
    assert str(read(body_of(datatype, "1", "null", *fill)).tolist()[:2]) == "[1.0, nan]"
    nested = body_of(datatype, "[1.5]", "[null]", shape=[2, 1])
    assert str(read(nested).tolist()) == "[[1.5], [nan]]"


@pytest.mark.parametrize("fill", [0, 3000])
@pytest.mark.parametrize(
    ("datatype", "value", "wanted"),
    [
        ("INT64", "1", "an integer|integers"),
        ("UINT8", "1", "an integer|integers"),
        ("BOOL", "true", "true or false|bools"),
        ("BYTES", '"a"', "text|values"),
    ],
)
def test_nan_for_what_is_no_float(datatype: str, value: str, wanted: str, fill: int) -> None:
    """Null and the words are never an integer, bool or text, wherever they are."""
    for word in ("null", "NaN", "Infinity", "-Infinity"):
        for data in ([value, word], [word], [word, value]):
            body = body_of(datatype, *data, *[value] * fill)
            with pytest.raises(tw.DecodeError, match=f"expected ({wanted})") as error:
                read(body)
            assert error.value.path.startswith("$.inputs[0].data")


def test_missing_when_reading() -> None:
    """Each word of the option allows what it says, in one sort of text or the other."""
    null, bare = body_of("FP64", "1.5", "null"), body_of("FP64", "1.5", "NaN")
    options: list[Any] = [
        (None, True, True),
        ("any", True, True),
        ("null", True, False),
        ("nan", False, True),
        ("error", False, False),
    ]
    for missing, nulls, words in options:
        for body, good in ((null, nulls), (bare, words)):
            for name in REST:
                decode = tw.get_protocol(name).decode
                if good:
                    value = decode(body, missing=missing).inputs[0].value
                    assert str(value.tolist()) == "[1.5, nan]"
                else:
                    with pytest.raises(tw.DecodeError):
                        decode(body, missing=missing)
    for name in (*PROTOCOLS, "oip/protobuf-json"):
        body, _ = tw.get_protocol(name).encode(Request([Tensor("x", [1.5])]))
        wrong: Any = "nul"
        with pytest.raises(tw.DecodeError, match="'null', 'nan', 'any'"):
            tw.get_protocol(name).decode(body, missing=wrong)
        for write in (tw.get_protocol(name).encode, tw.get_protocol(name).encode_parts):
            with pytest.raises(tw.EncodeError, match="'null', 'nan', 'any'"):
                write(Request([Tensor("x", [1.5])]), missing=wrong)


WRITTEN: list[tuple[Any, list[float], str | None]] = [
    (None, [1.5, NAN], None),
    ("error", [1.5, NAN], None),
    ("error", [1.5, INF], None),
    ("null", [1.5, NAN], "1.5,null"),
    ("null", [1.5, NAN, -INF], None),
    ("nan", [1.5, NAN, INF, -INF], "1.5,NaN,Infinity,-Infinity"),
    ("any", [1.5, NAN], "1.5,null"),
    ("any", [1.5, NAN, INF, -INF], "1.5,null,Infinity,-Infinity"),
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("count", [0, 3000])
@pytest.mark.parametrize(("missing", "values", "text"), WRITTEN)
def test_missing_when_writing(
    missing: Any, values: list[float], text: str | None, count: int, dtype: Any
) -> None:
    """NaN is written in the words that are asked for; an error names the remedy, which works."""
    array = np.array([*[0.5] * count, *values], dtype)
    for kind in (Request, Response):
        message = kind([Tensor("x", array)], id="7")
        for write in (JSON.encode, JSON.encode_parts):
            if text is None:
                with pytest.raises(tw.EncodeError, match="use oip/binary") as error:
                    write(message, missing=missing)
                at = count + next(i for i, x in enumerate(values) if not abs(x) < INF)
                at = count + values.index(-INF) if missing == "null" else at
                member = "inputs" if kind is Request else "outputs"
                assert error.value.path == f"$.{member}[0].data[{at}]"
                assert "missing='any'" in str(error.value)
                continue
            made = write(message, missing=missing)[0]
            made = b"".join(made) if isinstance(made, list) else made
            assert made.endswith(text.encode() + b"]}]}")
            assert told(JSON.decode(made, type=kind)) == told(message)
        body, headers = tw.get_protocol("oip/binary").encode(message)
        again = tw.get_protocol("oip/binary").decode(body, headers, type=kind)
        assert told(again) == told(message)


def test_lossy_as_ever() -> None:
    """With lossy=True infinities are null too, unless there are words for them."""
    message = Request([Tensor("x", [1.5, NAN, INF])])
    pairs: list[tuple[Any, bytes]] = [(None, b"1.5,null,null"), ("any", b"1.5,null,Infinity")]
    for missing, text in pairs:
        body, _ = JSON.encode(message, lossy=True, missing=missing)
        assert body.endswith(text + b"]}]}")


def test_none_among_numbers() -> None:
    """None in a list is NaN where missing= is given; numbers alone are text that json reads."""
    message = Request([Tensor("x", [1.5, None])])
    for name in (*PROTOCOLS, "oip/protobuf-json"):
        with pytest.raises(tw.EncodeError):
            tw.get_protocol(name).encode(message)
        body, headers = tw.get_protocol(name).encode(message, missing="any")
        value = tw.get_protocol(name).decode(body, headers).inputs[0].value
        assert str(value.tolist()) == "[1.5, nan]"


@pytest.mark.parametrize("fill", [[], FILL], ids=["short", "long"])
@pytest.mark.parametrize("datatype", ["FP32", "FP64", "INT64", "UINT64"])
def test_an_integer_beside_a_float(datatype: str, fill: list[str]) -> None:
    """What no dtype holds together is refused with its place, never rounded in silence."""
    for number in ("1234567890123456789", "9007199254740993", "18446744073709551617"):
        for data in ([number, "0.5"], ["0.5", number]):
            body = body_of(datatype, *data, *fill)
            for name in REST:
                with pytest.raises(tw.DecodeError) as error:
                    tw.get_protocol(name).decode(body)
                assert error.value.path.startswith("$.inputs[0].data[")
            with pytest.raises(tw.DecodeError):
                tw.transcode(body, "oip/json", "oip/protobuf")


@pytest.mark.parametrize("fill", [0, 3000])
def test_integers_for_floats(fill: int) -> None:
    """They are read where float64 holds them; FP32 is the nearest one, as it is of a decimal."""
    for number in (0, -1, 2**24 + 1, 2**53, -(2**53), 2**53 + 2, 2**62, 2**63, 2**64 - 2048):
        for datatype, dtype in (("FP64", np.float64), ("FP32", np.float32)):
            array = read(body_of(datatype, str(number), *["1"] * fill))
            assert array.dtype == dtype
            assert array[0] == dtype(float(number))
    for number in (2**53 + 1, -(2**53) - 1, 2**63 - 1, 2**64 - 1, 2**64 + 1, -(2**63) - 1):
        for datatype in ("FP64", "FP32"):
            with pytest.raises(tw.DecodeError, match=r"expected (an )?integer") as error:
                read(body_of(datatype, "1", str(number), *["1"] * fill))
            assert error.value.path == "$.inputs[0].data[1]"


@pytest.mark.parametrize("place", ["", "inputs", "outputs"])
def test_integers_beyond_64_bits_in_parameters(place: str) -> None:
    """They are refused with their place: no form of the protocol has them."""
    for number in (2**64, 2**64 + 1, -(2**63) - 1, 10**30):
        for value, at in ((number, ".k"), ([1, number], ".k[1]"), ({"l": number}, ".k.l")):
            tree: Any = {"inputs": [{"name": "x", "shape": [1], "datatype": "INT8", "data": [1]}]}
            tree["outputs"] = [{"name": "y"}]
            (tree[place][0] if place else tree)["parameters"] = {"k": value}
            for name in REST:
                with pytest.raises(tw.DecodeError, match="64 bits") as error:
                    tw.get_protocol(name).decode(json.dumps(tree).encode())
                root = f"$.{place}[0]" if place else "$"
                assert error.value.path == f"{root}.parameters{at}"
    body = (
        b'{"inputs":[],"parameters":{"a":18446744073709551615,"b":1e30,"c":-9223372036854775808}}'
    )
    assert JSON.decode(body).parameters == {"a": 2**64 - 1, "b": 1e30, "c": -(2**63)}


@pytest.mark.parametrize("value", ["1.5", "NaN", "1e19", "9007199254740992"])
@pytest.mark.parametrize("fill", [0, 5000])
def test_integers_beyond_64_bits_in_members_that_are_not_read(fill: int, value: str) -> None:
    """They are ignored, whichever path reads the message."""
    data = ",".join([value, *["0.5"] * fill])
    for number in (2**64, -(2**63) - 1, 10**30, 10**400):
        tensor = f'"name":"x","shape":[{fill + 1}],"datatype":"FP64","data":[{data}]'
        body = (
            f'{{"more":{number},"inputs":[{{{tensor},"more":{{"a":[{number}]}}}}],'
            f'"outputs":[{{"name":"y","more":{number}}}]}}'
        )
        for name in REST:
            found = tw.get_protocol(name).decode(body.encode(), missing="any")
            assert repr(float(found.inputs[0].value[0])) == repr(float(value))
        for wrong, path in (
            (body.replace('"data":[', f'"data":[{number},'), ".data[0]"),
            (body.replace('"more":{', '"parameters":{'), ".parameters.a[0]"),
        ):
            with pytest.raises(tw.DecodeError, match="64 bits") as error:
                JSON.decode(wrong.encode(), missing="any")
            assert error.value.path == f"$.inputs[0]{path}"


TRUTHS = [
    ("INT64", "1.5", "expected an integer for INT64, got 1.5"),
    ("INT8", "-0.5", "expected an integer for INT8, got -0.5"),
    ("UINT8", "300", "expected UINT8, which is 0 to 255, got 300"),
    ("UINT8", "-1", "expected UINT8, which is 0 to 255, got -1"),
    ("UINT64", "-1", "expected UINT64, which is 0 to 18446744073709551615, got -1"),
    ("INT32", "2147483648", "expected INT32, which is -2147483648 to 2147483647, got 2147483648"),
    ("INT32", "3e9", "expected INT32, which is -2147483648 to 2147483647, got 3000000000.0"),
    ("INT64", "9223372036854775808", "expected INT64, which is"),
    ("INT64", "1e16", "expected only digits for INT64"),
    ("INT64", "true", "expected an integer for INT64, got true"),
    ("INT64", '"1"', "expected an integer for INT64, got '1'"),
    ("FP32", '"1.5"', "expected a number for FP32, got '1.5'"),
    ("FP32", "false", "expected a number for FP32, got false"),
    ("FP32", "1e39", "expected a number in the range of FP32, got 1e+39"),
    ("FP16", "65520", "expected a number in the range of FP16, got 65520"),
    ("BOOL", "1", "expected true or false for BOOL, got 1"),
    ("BOOL", '"true"', "expected true or false for BOOL, got 'true'"),
    ("BYTES", "5", "expected text for BYTES, got 5"),
    ("BYTES", "true", "expected text for BYTES, got true"),
]
GOOD = {"INT": "1", "UINT": "1", "FP": "1.5", "BOOL": "true", "BYTES": '"a"'}


@pytest.mark.parametrize(("datatype", "wrong", "reason"), TRUTHS)
def test_errors_tell_what_is_wrong(datatype: str, wrong: str, reason: str) -> None:
    """The reason is that of the first wrong value, at its place, in short and in long bodies."""
    good = GOOD[datatype.rstrip("0123456789")]
    for before in (0, 1, 2500):
        for data in ([*[good] * before, wrong], [*[good] * before, wrong, good]):
            with pytest.raises(tw.DecodeError) as error:
                read(body_of(datatype, *data))
            if wrong == "1e16" and len(data) > 1:
                continue  # other integers beside it are read as floats
            assert error.value.reason.startswith(reason)
            assert error.value.path == f"$.inputs[0].data[{before}]"
    nested = body_of(datatype, f"[{good}]", f"[{wrong}]", shape=[2, 1])
    with pytest.raises(tw.DecodeError) as error:
        read(nested)
    assert error.value.path == "$.inputs[0].data[1][0]"
    assert error.value.reason.startswith(reason)


def test_a_number_that_is_infinite() -> None:
    """A decimal beyond float64 is named as that, not as text that is not JSON."""
    for datatype in ("FP64", "FP32", "INT64"):
        for fill in ([], FILL):
            with pytest.raises(tw.DecodeError, match="expected") as error:
                read(body_of(datatype, "1e400", *fill))
            assert "expected JSON" not in str(error.value)


@pytest.mark.parametrize("name", GRPC)
def test_typed_contents_tell_what_is_wrong(name: str) -> None:
    """The same reasons for typed contents, with the member that they are in."""
    for datatype, member, wrong, reason in (
        ("UINT8", "uint_contents", 300, "expected UINT8, which is 0 to 255, got 300"),
        ("INT16", "int_contents", -40000, "expected INT16, which is -32768 to 32767, got -40000"),
    ):
        _, body = one_grpc(datatype, **{member: [1, wrong]})
        with pytest.raises(tw.DecodeError) as error:
            tw.get_protocol(name).decode(body)
        json_name = member.replace("_contents", "Contents")
        assert error.value.path == f"$.inputs[0].contents.{json_name}[1]"
        assert error.value.reason == reason


def test_what_was_read_is_written_again() -> None:
    """Null and bare words that were read are written as they came, on request."""
    pairs: list[tuple[str, Any]] = [("null", "null"), ("NaN", "nan"), ("null", "any")]
    for words, missing in pairs:
        body = body_of("FP64", "1.5", words)
        assert JSON.encode(JSON.decode(body), missing=missing)[0] == body
    tree = orjson.loads(one_json("FP64", data=[1.5, None])[1])
    assert orjson.loads(JSON.encode(JSON.decode(orjson.dumps(tree)), missing="any")[0]) == tree
