"""TensorFlow Serving over REST, held to documents written by hand, the standard json, and numpy."""

import base64
import json
import math
from contextlib import suppress
from functools import partial
from importlib.util import find_spec
from random import Random
from typing import Any

import ml_dtypes
import numpy as np
import orjson
import pytest
from hypothesis import given

import tensorwire as tw
from tests.support.corpus import TOKENS, _mutate
from tests.support.expectations import calm, describe, shortest
from tests.support.memory import peak
from tests.support.readers import nested_array
from tests.support.tfserving_values import KINDS, Request, Response, arrays_of
from tests.support.values import Array, arrays, layouts, nested_lists, plain

protocol: Any = tw.get_protocol("tfserving/json")
kinds = pytest.mark.parametrize("kind", KINDS)
KEYS = {Request: ("instances", "inputs"), Response: ("predictions", "outputs")}
NUMBERS = ("bool", "int8", "uint16", "int64", "uint64", "float16", "float32", "float64")
KIB = 1 << 10
nan, inf = math.nan, math.inf


def body_of(message: Any, **options: Any) -> bytes:
    """Return the body that is written, the same in one piece and in parts."""
    body, headers = protocol.encode(message, **options)
    parts, other = protocol.encode_parts(message, **options)
    assert headers == other == {"Content-Type": "application/json"}
    assert b"".join(parts) == body
    return bytes(body)


def refusal(body: Any, **options: Any) -> tw.DecodeError:
    """Return the error of a body that is refused."""
    with pytest.raises(tw.DecodeError) as caught:
        protocol.decode(body, **options)
    return caught.value


def read(text: str, **options: Any) -> Any:
    """Return the message that a text says."""
    return protocol.decode(text.encode(), **options)


def same(value: Any, wanted: Any) -> bool:
    """Return whether an array is the one that is wanted, bit for bit, but for the bits of NaN."""
    if isinstance(value, np.ndarray) and value.dtype.kind not in "SU":
        return bool(describe(calm(value)) == describe(calm(np.asarray(wanted))))
    return repr(np.asarray(value).tolist()) == repr(np.asarray(wanted).tolist())


x = np.array([[1.5, -2.0], [nan, inf], [0.1, -inf]])
n = np.array([1, 2, 2**63 - 1])


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (Request({"": x}), '{"instances":[[1.5,-2.0],[NaN,Infinity],[0.1,-Infinity]]}'),
        (Request({"": x}, rows=False), '{"inputs":[[1.5,-2.0],[NaN,Infinity],[0.1,-Infinity]]}'),
        (Request({"": n}), '{"instances":[1,2,9223372036854775807]}'),
        (Request({"n": n}), '{"instances":[{"n":1},{"n":2},{"n":9223372036854775807}]}'),
        (Request({"n": n}, rows=False), '{"inputs":{"n":[1,2,9223372036854775807]}}'),
        (Request({"n": [[7]]}), '{"instances":[{"n":[7]}]}'),
        (Request({"n": [[True, False]]}), '{"instances":[{"n":[true,false]}]}'),
        (
            Request({"x": x, "n": n}),
            (
                '{"instances":[{"x":[1.5,-2.0],"n":1},{"x":[NaN,Infinity],"n":2},'
                '{"x":[0.1,-Infinity],"n":9223372036854775807}]}'
            ),
        ),
        (
            Request({"x": x[:1], "n": n}, rows=False),
            '{"inputs":{"x":[[1.5,-2.0]],"n":[1,2,9223372036854775807]}}',
        ),
        (Request({'a%b"é': [1]}), '{"instances":[{"a%b\\"é":1}]}'),
        (Request({"": 5}, rows=False), '{"inputs":5}'),
        (Request({"": nan}, rows=False), '{"inputs":NaN}'),
        (Request({"a": np.float32(0.1)}, rows=False), '{"inputs":{"a":0.1}}'),
        (Request({"a": True, "": 1}, rows=False), '{"inputs":{"a":true,"":1}}'),
        (Request({}, rows=False), '{"inputs":{}}'),
        (Request({"": [[], []]}), '{"instances":[[],[]]}'),
        (Request({"a": [[], []], "b": [1, 2]}), '{"instances":[{"a":[],"b":1},{"a":[],"b":2}]}'),
        (
            Request({"a": np.zeros((2, 3, 0))}),
            '{"instances":[{"a":[[],[],[]]},{"a":[[],[],[]]}]}',
        ),
        (
            Request({"a": np.arange(8).reshape(2, 2, 2), "b": ["],[", "}"]}),
            '{"instances":[{"a":[[0,1],[2,3]],"b":"],["},{"a":[[4,5],[6,7]],"b":"}"}]}',
        ),
        (
            Request({"": [1.0]}, "m", 1, signature_name="é"),
            '{"signature_name":"é","instances":[1.0]}',
        ),
        (Response({"y": [[1.5], [2.5]]}), '{"predictions":[[1.5],[2.5]]}'),
        (Response({"y": [[1.5], [2.5]]}, rows=False), '{"outputs":[[1.5],[2.5]]}'),
        (Response({"y": [1], "z": [nan]}, "m", 1), '{"predictions":[{"y":1,"z":NaN}]}'),
        (Response({"y": 1, "z": [2]}, rows=False), '{"outputs":{"y":1,"z":[2]}}'),
        (Request({"": ["a", 'é"\n']}), '{"instances":["a","é\\"\\n"]}'),
        (Request({"": [b"a", b"\xff"]}), '{"instances":[{"b64":"YQ=="},{"b64":"/w=="}]}'),
        (Request({"s": [b"a", b""]}), '{"instances":[{"s":"a"},{"s":""}]}'),
        (
            Request({"s_bytes": [["a"]]}, rows=False),
            '{"inputs":{"s_bytes":[[{"b64":"YQ=="}]]}}',
        ),
        (Request({"": b"\x00"}, rows=False), '{"inputs":"\\u0000"}'),
        (Request({"b64": ["a"]}), '{"instances":[{"b64":{"b64":"YQ=="}}]}'),
        (Request({"b64": "a"}, rows=False), '{"inputs":{"b64":{"b64":"YQ=="}}}'),
        (Request({"b64": [1]}), '{"instances":[{"b64":1}]}'),
        (Response({"y_bytes": ["a"]}), '{"predictions":[{"b64":"YQ=="}]}'),
        (
            Response({"y_bytes": [b"\xff"], "z": ["a"]}),
            '{"predictions":[{"y_bytes":{"b64":"/w=="},"z":"a"}]}',
        ),
        (Response({"y": [b"a", b"b\0"]}), '{"predictions":["a","b\\u0000"]}'),
        (Response({"_bytes": [[1]]}), '{"predictions":[[1]]}'),
    ],
    ids=str,
)
def test_documents(message: Any, text: str) -> None:
    """Each form is written as the documentation has it, and read back."""
    assert body_of(message).decode() == text
    back = protocol.decode(text.encode(), type=type(message))
    assert back.rows == message.rows
    given, found = arrays_of(message), arrays_of(back)
    if type(message) is Response and len(given) == 1:
        assert list(found) == [""]  # the name of a single output is dropped
        found = dict(zip(given, found.values(), strict=True))
    assert list(found) == list(given)
    for name, value in given.items():
        wanted = shortest(value) if getattr(value, "dtype", None) == np.float32 else value
        assert same(found[name], _as_bytes(wanted)), name
    if type(message) is Request:
        assert back.signature_name == message.signature_name
    assert (back.model_name, back.version) == ("", None)


def _as_bytes(value: Any) -> Any:
    if isinstance(value, list):
        return [_as_bytes(item) for item in value]
    return value.encode() if isinstance(value, str) else value


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('{"instances": [1, 2.5]}', np.array([1, 2.5])),
        (' { "inputs" :\n[ [ 1 , 2 ] , [ 3 , 4 ] ] } ', np.array([[1, 2], [3, 4]])),
        ('{"instances":[18446744073709551615]}', np.array([2**64 - 1], np.uint64)),
        ('{"instances":[NaN,1]}', np.array([nan, 1])),
        ('{"instances":[ NaN , -Infinity ,Infinity]}', np.array([nan, -inf, inf])),
        ('{"inputs":-Infinity}', np.array(-inf)),
        ('{"instances":["NaN","\\"NaN","Infinity\\\\"]}', [b"NaN", b'"NaN', b"Infinity\\"]),
        ('{"a\\"":"NaN\\\\","instances":[NaN],"b":NaN}', np.array([nan])),
        ('{"instances":[{"b64":"YQ=="},"b",{"b64":""}]}', [b"a", b"b", b""]),
        ('{"inputs":{"b64":"YWI="}}', b"ab"),
        ('{"inputs":[[{"b64":"YQ"}],[{"b64":"_-8="}]]}', [[b"a"], [b"\xff\xef"]]),
        ('{"instances":["a\\u0000","b"]}', [b"a\0", b"b"]),
        ('{"instances":[],"instances":[3]}', np.array([3])),
        ('{"more":[{}],"instances":[true]}', np.array([True])),
        ('{"inputs":[],"outputs":1}', np.array([])),
    ],
)
def test_other_texts(text: str, wanted: Any) -> None:
    """Spaces, words, escapes, base64 with and without padding are read as they are meant."""
    found = read(text).inputs
    assert list(found) == [""]
    assert same(found[""], wanted)


@kinds
@pytest.mark.parametrize(
    ("text", "reason", "path"),
    [
        ("{}", "expected ROWS or COLUMNS, got neither", "$"),
        ("", "expected JSON", "$"),
        ("[]", "expected a JSON object", "$"),
        ("NaN", "expected a JSON object", "$"),
        ('{"ROWS":[1],"COLUMNS":[1]}', "expected ROWS or COLUMNS, got both", "$"),
        ('{"ROWS":{}}', "expected a list of rows, got", "$.ROWS"),
        ('{"ROWS":null}', "expected a list of rows, got", "$.ROWS"),
        ('{"ROWS":1}', "expected a list of rows, got", "$.ROWS"),
        ('{"ROWS":[null]}', "expected numbers, got null", "$.ROWS[0]"),
        ('{"ROWS":[1,[2]]}', "row of 1", "$.ROWS[1]"),
        ('{"ROWS":[[1],[2,3]]}', "got a row of 2", "$.ROWS[1]"),
        ('{"ROWS":[1,"a"]}', "several types", "$.ROWS"),
        ('{"ROWS":["a",1]}', "expected a string or base64, got 1", "$.ROWS[1]"),
        ('{"ROWS":[true,1]}', "several types", "$.ROWS"),
        ('{"ROWS":[-1,9223372036854775808]}', "expected integers of int64 or of uint64", "$.ROWS"),
        ('{"ROWS":[{}]}', "expected a row of named values", "$.ROWS[0]"),
        ('{"ROWS":[{"a":1},2]}', "expected an object, got 2", "$.ROWS[1]"),
        ('{"ROWS":[2,{"a":1}]}', "dict", "$.ROWS[1]"),
        ('{"ROWS":[{"a":1},{"b":1}]}', "expected a row of 'a', got 'b'", "$.ROWS[1]"),
        ('{"ROWS":[{"a":1},{"a":1,"b":1}]}', "got 'a', 'b'", "$.ROWS[1]"),
        ('{"ROWS":[{"a":1},{}]}', "got nothing", "$.ROWS[1]"),
        ('{"ROWS":[{"a":[1]},{"a":[1]},{"a":[2,3]}]}', "got a row of 2", "$.ROWS[2].a"),
        ('{"ROWS":[{"a":[1]},{"a":[null]}]}', "null", "$.ROWS[1].a[0]"),
        ('{"ROWS":[{"a":1},{"b64":"YQ=="}]}', "got 'b64'", "$.ROWS[1]"),
        (
            '{"ROWS":[{"b64":"YQ=="},{"b64":1}]}',
            "expected a string or base64, got dict",
            "$.ROWS[1]",
        ),
        ('{"ROWS":[{"b64":"YQ=="},{"a":1}]}', "expected a string or base64, got dict", "$.ROWS[1]"),
        ('{"COLUMNS":null}', "expected numbers, got null", "$.COLUMNS"),
        ('{"COLUMNS":{"a":null}}', "expected numbers, got null", "$.COLUMNS.a"),
        ('{"COLUMNS":{"a":{"c":1}}}', "dict", "$.COLUMNS.a"),
        ('{"COLUMNS":{"a":[{"b64":"*"}]}}', "expected base64", "$.COLUMNS.a[0]"),
        ('{"COLUMNS":{"a":[[{"b64":1}]]}}', "dict", "$.COLUMNS.a[0][0]"),
        ('{"COLUMNS":[{"b64":"YQ==","c":1}]}', "dict", "$.COLUMNS[0]"),
        ('{"COLUMNS":{"a":[[1],[2,3]]}}', "got a row of 2", "$.COLUMNS.a[1]"),
        ('{"COLUMNS":[1NaN]}', "expected JSON", "$"),
        ('{"COLUMNS":[NaN1]}', "expected JSON", "$"),
        ('{"COLUMNS":[-NaN]}', "expected JSON", "$"),
        ('{"COLUMNS":[--Infinity]}', "expected JSON", "$"),
        ('{"COLUMNS":[NaNNaN]}', "expected JSON", "$"),
        ('{"COLUMNS":[1.NaN]}', "expected JSON", "$"),
        ('{"COLUMNS":[1eNaN]}', "expected JSON", "$"),
        ('{"COLUMNS":[NaN.5]}', "expected JSON", "$"),
        ('{"COLUMNS":[nan]}', "expected JSON", "$"),
        ('{"COLUMNS":[Inf]}', "expected JSON", "$"),
        ('{"COLUMNS":[1e999]}', "numbers that float64 holds", "$"),
        ('{"COLUMNS":["\\ud800"]}', "expected JSON", "$"),
        ('{"COLUMNS":["NaN]}', "expected JSON", "$"),
        ("{NaN:1}", "expected JSON", "$"),
    ],
)
def test_what_is_refused(kind: Any, text: str, reason: str, path: str) -> None:
    """What is no message is refused, and the error says why and where."""
    rows, columns = KEYS[kind]
    text, reason, path = (
        part.replace("ROWS", rows).replace("COLUMNS", columns) for part in (text, reason, path)
    )
    error = refusal(text.encode(), type=kind)
    assert reason in str(error)
    assert error.path == path


def test_bytes_that_are_no_text() -> None:
    """Bytes are UTF-8 throughout, also where words stand."""
    for body in (b'{"inputs":["\xff"]}', b'{"inputs":[NaN],"\xff":1}', b'\xef\xbb\xbf{"inputs":1}'):
        assert refusal(body).path == "$"
    assert refusal(b'{"signature_name":NaN,"inputs":[NaN]}').path == "$.signature_name"
    assert refusal(b'{"signature_name":[],"inputs":1}').path == "$.signature_name"


@pytest.mark.parametrize(
    ("message", "reason", "path"),
    [
        (Request({}), "expected an array at least, got none", "$.inputs"),
        (Response({}), "expected an array at least, got none", "$.outputs"),
        (Request({"a": 1}), "expected an array of rows, got one value", "$.inputs.a"),
        (Request({"": "s"}), "pass rows=False", "$.inputs"),
        (Request({"a": []}), "no rows", "$.inputs.a"),
        (
            Request({"a": np.zeros((0, 2))}),
            "expected a shape that nested lists represent",
            "$.inputs.a",
        ),
        (
            Request({"a": [1, 2], "b": [1]}),
            "expected 2 rows, as in the first array, got 1",
            "$.inputs.b",
        ),
        (
            Request({"a": np.zeros((2, 0, 3))}),
            "expected a shape that nested lists represent",
            "$.inputs.a",
        ),
        (
            Request({"a": np.zeros((0, 3), "S1")}, rows=False),
            "expected a shape that nested lists represent",
            "$.inputs.a",
        ),
        (Request({"a": [1, "x"]}), "one TensorFlow dtype", "$.inputs.a[1]"),
        (Request({"a": [[1], [2, 3]]}), "got a row of 2", "$.inputs.a[1]"),
        (Request({"a": [1j]}), "represents, got complex128", "$.inputs.a"),
        (Request({"a": np.ones(2, ml_dtypes.bfloat16)}), "represents, got bfloat16", "$.inputs.a"),
        (Request({"a": ["\ud800"]}), "Unicode text", "$.inputs.a"),
        (Request({"": "\ud800"}, rows=False), "Unicode text", "$.inputs"),
        (Response({"a": [b"\xff"]}), "end the name of the output in _bytes", "$.outputs.a"),
        (
            Response({"a": b"\xff", "b": 1}, rows=False),
            "end the name of the output in _bytes",
            "$.outputs.a",
        ),
        (Request({"a": [1]}, output_filter=["y"]), "lossy=True to drop them", "$.output_filter"),
        (Request({"a": [1.5]}, signature_name=None), "expected a string", "$.signature_name"),
        (Request({"a": [1.5]}, signature_name="\ud800"), "Unicode text", "$.signature_name"),
        (Request({"\ud800": [1.5]}), "Unicode text", "$.inputs"),
        (Request({5: np.array([1.5])}), "expected a string", "$.inputs"),
        (Response({None: np.array([1.5])}), "expected a string", "$.outputs"),
        (Request([1.5]), "expected a dict", "$.inputs"),
        (Request({"a": ...}), "expected an array", "$.inputs.a"),
        ({"a": [1]}, "expected PredictRequest or PredictResponse", "$"),
        (None, "expected PredictRequest or PredictResponse", "$"),
    ],
    ids=str,
)
def test_what_cannot_be_encoded(message: Any, reason: str, path: str) -> None:
    """What JSON or TensorFlow Serving has no form for is refused, and the error says where."""
    for encode in (protocol.encode, protocol.encode_parts):
        with pytest.raises(tw.EncodeError) as caught:
            encode(message)
        assert reason in str(caught.value)
        assert caught.value.path == path


def test_lossy() -> None:
    """What would be lost is dropped or rounded where the caller accepts it."""
    for message, text in (
        (Request({"a": [1]}, output_filter=["y"]), '{"instances":[{"a":1}]}'),
        (Request({"": np.array([1 + 2j])}), '{"instances":[1.0]}'),
        (Request({"a": np.zeros((2, 0, 3))}), '{"instances":[{"a":[]},{"a":[]}]}'),
        (Request({"a": np.zeros((2, 0, 3), "U1")}), '{"instances":[{"a":[]},{"a":[]}]}'),
        (Request({"": np.ones(1, ml_dtypes.bfloat16)}, rows=False), '{"inputs":[1.0]}'),
    ):
        assert body_of(message, lossy=True).decode() == text
    for message in (Request({}), Request({"a": 1}), Request({"a": [1, "x"]})):
        with pytest.raises(tw.EncodeError):
            protocol.encode(message, lossy=True)


def row_objects(columns: dict[str, Array]) -> list[dict[str, Any]]:
    """Return the rows of arrays, as Python's values."""
    names = list(columns)
    lists = [_said(columns[name]).tolist() for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*lists, strict=True)]


def _said(array: Array) -> Array:
    return shortest(array) if array.dtype.kind == "f" else array


@pytest.mark.slow
@kinds
@pytest.mark.parametrize("count", [1, 3, 700])
def test_arrays_by_rows_and_whole(kind: Any, count: int) -> None:
    """Every dtype in every layout is what json reads, and is read as json writes it."""
    columns = {name: plain(name, (count, 6)) for name in NUMBERS}
    columns |= {"flat": plain("float64", (count,)), "deep": plain("int64", (count, 1, 2, 3))}
    columns |= {"text": np.array([["a,b", "],["]] * count), "empty": np.zeros((count, 2, 0))}
    for label, array in layouts(plain("float32", (count, 4))):
        columns[label] = array
    rows, whole = KEYS[kind]
    wanted = {rows: row_objects(columns)}
    assert json.loads(body_of(kind(columns))) == wanted
    also = {whole: {name: _said(array).tolist() for name, array in columns.items()}}
    assert json.loads(body_of(kind(columns, rows=False))) == also
    for document in (wanted, also):
        for text in (json.dumps(document), json.dumps(document, indent=1), orjson.dumps(document)):
            body = text if isinstance(text, bytes) else text.encode()
            found = arrays_of(protocol.decode(body, type=kind))
            assert list(found) == list(columns)
            for name, array in columns.items():
                if array.dtype.kind == "U":
                    assert found[name].tolist() == np.char.encode(array).tolist()
                else:
                    assert same(found[name], nested_array(_said(array).tolist())), name
    for name, array in columns.items():
        assert json.loads(body_of(kind({"": array})))[rows] == _said(array).tolist(), name


@given(arrays())
def test_any_array(array: Array) -> None:
    """Whatever numpy holds is text that the standard json reads as the same numbers, or refused."""
    message = Request({"": array}, rows=False)
    try:
        body = body_of(message)
    except tw.EncodeError:
        assert array.dtype.kind == "c" or 0 in array.shape[:-1]
        return
    assert repr(json.loads(body)["inputs"]) == repr(_said(array).tolist())
    back = protocol.decode(body).inputs[""]
    assert same(back, nested_array([_said(array).tolist()])[0])
    try:
        by_rows = body_of(Request({"a": array, "b": array}))
    except tw.EncodeError:
        assert not array.ndim or not array.size
        return
    assert repr(json.loads(by_rows)["instances"]) == repr(row_objects({"a": array, "b": array}))


@given(nested_lists())
def test_any_lists(nested: Any) -> None:
    """Lists are the array that is in them, or refused, in every place; big or small."""
    try:
        wanted = nested_array(nested)
        held = isinstance(wanted, np.ndarray)
    except Exception:  # noqa: BLE001 - no array, says the reader
        held = False
    for padding in (b"", b" " * 7000):
        body = b'{"inputs":{"a":%b}%b}' % (orjson.dumps(nested), padding)
        if held:
            assert same(protocol.decode(body).inputs["a"], wanted)
        elif b'"' not in orjson.dumps(nested):
            assert refusal(body).path.startswith("$.inputs.a")
        else:  # strings, which the reader leaves in lists
            with suppress(tw.DecodeError):
                assert np.asarray(protocol.decode(body).inputs["a"]).dtype.kind == "S"


@pytest.mark.parametrize("count", [100, 1000, 3000])
def test_words_among_many_numbers(count: int) -> None:
    """NaN and infinities are read and written anywhere in long arrays, by rows or whole."""
    numbers = np.random.default_rng(1).normal(size=(count, 3))
    numbers.reshape(-1)[::7] = nan
    numbers.reshape(-1)[3::11] = inf
    numbers.reshape(-1)[5::13] = -inf
    for named in ("", "a"):
        for rows in (False, True):
            message = Request({named: numbers}, rows=rows)
            body = body_of(message)
            document = json.loads(body)
            values = document["instances"] if rows else document["inputs"]
            if named:
                values = [row["a"] for row in values] if rows else values["a"]
            assert same(np.array(values), numbers)
            for text in (
                body,
                json.dumps(document).encode(),
                json.dumps(document, indent=2).encode(),
            ):
                found = protocol.decode(text).inputs[named]
                assert same(found, numbers)
                assert found.flags.writeable


def test_words_keep_to_floats() -> None:
    """Beside a word all numbers are floats; a word is no integer, bool or name."""
    found = read('{"inputs":{"a":[1,NaN],"b":[1,2],"NaN":[true]}}').inputs
    assert [found[name].dtype for name in found] == [np.float64, np.int64, np.bool_]
    assert refusal(b'{"inputs":[true,NaN]}').reason.startswith("expected values of one type")
    assert refusal(b'{"inputs":[NaN]}', signature={"a": "int32"}).path == "$.inputs[0]"
    assert "Infinity" not in str(refusal(b'{"inputs":[[Infinity],[1,2]]}'))


def test_base64_of_any_length() -> None:
    """Bytes of all lengths and values go there and back, in lists of any depth."""
    chance = Random(5)  # noqa: S311 - the same ones every time
    items = [chance.randbytes(size) for size in (0, 1, 2, 3, 57, 1000, 40_000)]
    body = body_of(Request({"a": items}, rows=False))
    texts = [base64.b64encode(item).decode() for item in items]
    assert json.loads(body) == {"inputs": {"a": [{"b64": text} for text in texts]}}
    assert np.asarray(protocol.decode(body).inputs["a"]).tolist() == items
    for item in items:
        for nest in (0, 1, 3):
            node: Any = {"b64": base64.b64encode(item).decode()}
            value: Any = item
            for _ in range(nest):
                node, value = [node], [value]
            for name, document in (("", {"inputs": node}), ("a", {"inputs": {"a": node}})):
                found = protocol.decode(json.dumps(document).encode()).inputs[name]
                assert same(found, value)


def test_long_strings_are_text() -> None:
    """A long string that could be base64 is still a string."""
    for text in ("A" * 9000, "YQ==" * 3000, "x\n" * 5000):
        assert read(json.dumps({"inputs": {"a": text}})).inputs["a"] == text.encode()
        assert read(json.dumps({"inputs": text})).inputs[""] == text.encode()
        assert read(json.dumps({"signature_name": text, "inputs": 1})).signature_name == text
        assert read(json.dumps({"inputs": [text, "b"]})).inputs[""].tolist() == [
            text.encode(),
            b"b",
        ]
        for document in ({"inputs": {"a": text}}, {"inputs": text}, {"instances": [[text]]}):
            peeked = protocol.peek(json.dumps(document).encode())
            assert peeked.dtype.kind == "S"


SIGNED: Any = [
    ("float32", [0.1, 1], np.array([0.1, 1], np.float32)),
    ("float32", [0.123456791, 16777216], np.array([0.123456791, 16777216], np.float32)),
    ("DT_FLOAT", [1, 2], np.array([1, 2], np.float32)),
    (np.float16, [0.1, -0.0], np.array([0.1, -0.0], np.float16)),
    ("bfloat16", [0.5, 3], np.array([0.5, 3], ml_dtypes.bfloat16)),
    ("double", [1, 2], np.array([1.0, 2.0])),
    ("int32", [1, -(2**31)], np.array([1, -(2**31)], np.int32)),
    ("int32", [1.0, 2.0], np.array([1, 2], np.int32)),
    ("DT_UINT8", [0, 255], np.array([0, 255], np.uint8)),
    (np.dtype("uint64"), [2**64 - 1], np.array([2**64 - 1], np.uint64)),
    ("int4", [-8, 7], np.array([-8, 7], ml_dtypes.int4)),
    ("bool", [True], np.array([True])),
    ("complex64", [0.5], np.array([0.5], np.complex64)),
    ("bytes", ["a", "é"], np.array([b"a", "é".encode()])),
    ("DT_STRING", ["a"], np.array([b"a"])),
    ("S", [{"b64": "/w=="}, "a\0"], [b"\xff", b"a\0"]),
    ("str", ["a", "é"], np.array(["a", "é"])),
    (str, [{"b64": "YQ=="}], np.array(["a"])),
    ("int16", [[], []], np.zeros((2, 0), np.int16)),
    ("str", [[], []], np.zeros((2, 0), "U1")),
    ("bytes", [[], []], np.zeros((2, 0), "S1")),
]


@pytest.mark.parametrize(("dtype", "values", "wanted"), SIGNED, ids=str)
def test_signature(dtype: Any, values: Any, wanted: Any) -> None:
    """The signature names an array and gives it its dtype, by rows and whole."""
    for document in (
        {"instances": values},
        {"inputs": values},
        {"inputs": {"q": values}},
        {"instances": [{"q": value} for value in values]},
        {"instances": values, "pad": [" " * 7000]},
    ):
        found = protocol.decode(json.dumps(document).encode(), signature={"q": dtype}).inputs
        assert list(found) == ["q"]
        assert np.shape(found["q"]) == np.shape(wanted)
        if isinstance(wanted, np.ndarray):
            assert found["q"].dtype.kind == wanted.dtype.kind
            assert found["q"].dtype == wanted.dtype or wanted.dtype.kind in "SU"
        assert np.asarray(found["q"]).tolist() == np.asarray(wanted).tolist()


@pytest.mark.parametrize(
    ("dtype", "values", "reason"),
    [
        ("float32", [1e39], "in the range of float32"),
        ("float32", [True], "expected float32, got bool"),
        ("int32", [True], "expected int32, got bool"),
        ("bool", [1], "expected bool, got int64"),
        ("int32", [1.5], "that .* represents"),
        ("int32", [2**31], "that .* represents"),
        ("uint8", [-1], "that .* represents"),
        ("int64", [9007199254740993, 1.0], "floats, got 9007199254740993"),
        ("int64", [9007199254740995, 1.0], "beside floats"),
        ("int64", [1e300], "below 2\\*\\*53 for int64, got 1e\\+300"),
        ("int64", ["1"], "expected int64, got strings"),
        ("bytes", [1], "expected strings, got int64"),
        ("str", [True], "expected strings, got bool"),
        ("str", [{"b64": "/w=="}], "expected UTF-8 text"),
        ("S1", ["ab"], "cast"),
        ("U1", ["ab"], "cast"),
        ("M8[s]", [1], "that casts to"),
        ("V4", [1], "that casts to|in place of"),
        ("nonsense", [1], "expected a dtype of numpy or TensorFlow"),
        ("O", [1], "that casts to"),
        (5, [1], "expected a dtype of numpy or TensorFlow"),
        ("a,b", [1], "expected a dtype of numpy or TensorFlow|cast"),
    ],
    ids=str,
)
def test_what_the_signature_refuses(dtype: Any, values: Any, reason: str) -> None:
    """No value changes on its way into the dtype of the signature."""
    with pytest.raises(tw.DecodeError, match=reason) as caught:
        protocol.decode(json.dumps({"inputs": {"q": values}}).encode(), signature={"q": dtype})
    assert caught.value.path.startswith("$.inputs.q")


def test_places_of_casts() -> None:
    """The row of a value that has no place in the dtype comes before the name."""
    rows: Any = {"instances": [{"q": [1, 2]}, {"q": [3, 1.5]}]}
    assert refusal(json.dumps(rows).encode(), signature={"q": "int8"}).path == "$.instances[1].q[1]"
    rows = {"instances": [[1, 2], [3, 1.5]]}
    assert refusal(json.dumps(rows).encode(), signature={"q": "int8"}).path == "$.instances[1][1]"


def test_names_of_the_signature() -> None:
    """Names that are missing, unknown, or of no array are refused; order is the signature's."""
    two = {"a": "int64", "b": "float32"}
    found = read('{"inputs":{"b":[1],"a":[2]}}', signature=two).inputs
    assert [(name, array.dtype.name) for name, array in found.items()] == list(two.items())
    for text, reason in (
        ('{"inputs":{"a":1}}', "expected the array 'b' of the signature, got nothing"),
        (
            '{"inputs":{"a":1,"b":1,"c":1}}',
            "expected an array of the signature ('a', 'b'), got 'c'",
        ),
        ('{"instances":[1]}', "expected arrays named 'a', 'b', got one without a name"),
        ('{"instances":[{"a":1}]}', "expected the array 'b' of the signature, got nothing"),
    ):
        error = refusal(text.encode(), signature=two)
        assert reason in str(error)
        assert error.path in ("$.inputs", "$.instances")
    assert "none" in str(refusal(b'{"inputs":1}', signature={}))
    assert read('{"inputs":{}}', signature={}).inputs == {}
    reply = read('{"predictions":[1]}', type=Response, signature={"y": "uint8"})
    assert reply.outputs["y"].dtype == np.uint8


def test_error_replies() -> None:
    """An error is written as the documentation has it, and read as an error that quotes it."""
    error = tw.DecodeError("bad", ".inputs.x")
    for what, text in (
        (error, "bad - at $.inputs.x"),
        ("té\ud800xt", "té?xt"),
        (OSError("no"), "no"),
    ):
        body, headers = protocol.encode_error(what)
        assert json.loads(body) == {"error": text}
        assert headers == {"Content-Type": "application/json"}
        caught = refusal(body, type=Response)
        assert caught.path == "$.error"
        assert text in str(caught)
    assert refusal(b'{"error":5,"predictions":[1]}', type=Response).path == "$.error"
    assert read('{"error":"x","instances":[1]}').inputs[""].tolist() == [1]


def test_limits() -> None:
    """Limits hold for each array, big and small, numbers and strings."""
    for document in (
        {"instances": [[1.5, 2.5]] * 3},
        {"inputs": {"a": [[1.5] * 3, [2] * 3]}},
        {"instances": [{"a": [1, 2, 3]}] * 2},
        {"inputs": [["a", "b"]] * 3},
        {"inputs": [["a\0", "b"]] * 3},
        {"inputs": [[1.5] * 3000]},
        {"inputs": {"a": [[1, NaN_TEXT]] * 3}},
    ):
        body = json.dumps(document).replace(f'"{NaN_TEXT}"', "NaN").encode()
        for limits in (tw.Limits(max_elements=5), tw.Limits(max_rank=1), tw.Limits(max_bytes=3)):
            with pytest.raises(tw.LimitError, match=r"at \$\.in"):
                protocol.decode(body, limits=limits)
        protocol.decode(body, limits=tw.Limits(max_elements=3000, max_rank=2))


NaN_TEXT = "not a number"


@pytest.mark.parametrize("buffer", [bytearray, memoryview, lambda b: np.frombuffer(b, np.uint8)])
def test_any_buffer(buffer: Any) -> None:
    """Any contiguous buffer is read; what is none is refused."""
    for body in (b'{"inputs":[1.5,NaN]}', b'{"inputs":[%b1.5]}' % (b"1.5," * 3000)):
        wanted = protocol.decode(body).inputs[""]
        assert same(protocol.decode(buffer(body)).inputs[""], wanted)
    for other in (None, "{}", 5):
        assert "buffer" in str(refusal(other))
    assert "expected PredictRequest or PredictResponse" in str(refusal(b"{}", type=dict))


@kinds
def test_peek(kind: Any) -> None:
    """Peek tells what decode would give: name, dtype and shape, big or small."""
    shapes = ((5000,), (1000, 5), (3, 2, 50, 20), (1, 3), (2, 1, 1), (1, 1, 1, 5000))
    for shape in shapes:
        for dtype in ("float64", "int64", "bool", "str"):
            array = plain(dtype, shape)
            for message in (kind({"a": array}), kind({"a": array, "b": array}, rows=False)):
                body = body_of(message)
                found = arrays_of(protocol.decode(body, type=kind))
                peeked = protocol.peek(body, type=kind)
                assert peeked.kind == ("rows" if message.rows else "columns")
                assert [info.name for info in peeked.tensors] == list(found)
                for name, told, size in peeked.tensors:
                    assert size == shape
                    assert told == np.dtype("S" if dtype == "str" else found[name].dtype)
    assert protocol.peek(b'{"instances":[{"a":NaN,"b":[[]]}]}').tensors == (
        ("a", np.float64, (1,)),
        ("b", np.float64, (1, 1, 0)),
    )
    assert protocol.peek(b'{"inputs":{"a":[1,"b"],"c":{"b64":""},"d":7}}').tensors == (
        ("a", None, (2,)),
        ("c", np.dtype("S"), ()),
        ("d", np.int64, ()),
    )
    for body in (b"", b"{}", b'{"instances":[]}', b"[NaN]"):
        with pytest.raises(tw.DecodeError):
            protocol.peek(body)
    with pytest.raises(tw.DecodeError, match="quota"):
        protocol.peek(b'{"error":"quota"}', type=Response)


BODIES = [
    body_of(message)
    for message in (
        Request({"": x}),
        Request({"x": x, "n": n, "s": ["a", "NaN", '"']}, signature_name="q"),
        Request({"x": x, "t": [b"\xff", b"b"], "u": "a\\"}, rows=False),
        Request({"": plain("float64", (400, 5))}),
        Request({"a": plain("float64", (400, 5)), "b": plain("int64", (400,))}),
        Request({"a": plain("float64", (400, 5)), "b": plain("int64", (2000,))}, rows=False),
        Request({"a": x.repeat(300, axis=0)}),
        Request({"a_bytes": [b"abc" * 3000]}, rows=False),
        Request({"a": plain("float64", (300, 5))}),
        Request({"a": plain("int64", (800,))}),
        Request({"é": plain("float64", (100, 3, 2, 3))}),
    )
]


def verdict(body: bytes) -> Any:
    """Return the message of a body, None where it is refused: by a `CodecError` with a path."""
    failure = None
    try:
        return protocol.decode(body)
    except tw.CodecError as error:
        failure = error
    assert failure.path.startswith("$")
    return None


def _integer(text: str) -> float:
    """Return an integer as orjson reads it: one beyond 64 bits is a float."""
    number = int(text)
    return number if -(2**63) <= number < 2**64 else float(number)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_mutated_messages(seed: int) -> None:
    """Bytes flipped, dropped, doubled and moved: refused, or the numbers that json reads."""
    chance = Random(seed)  # noqa: S311 - the same ones every time
    tokens = [*TOKENS["json"], b"NaN", b"-Infinity", b'"', b"\\", b'{"b64":"', b'"instances":[']
    held = 0
    for _ in range(700):
        body = bytearray(chance.choice(BODIES))
        for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
            _mutate(body, chance, tokens)
        text = bytes(body)
        with suppress(tw.CodecError):
            protocol.peek(text)
        found = verdict(text)
        if found is None:
            continue
        held += 1
        document = json.loads(text, parse_int=_integer)
        rows = document.get("instances")
        for name, array in found.inputs.items():
            if not name:
                values = document["inputs"] if rows is None else rows
            elif rows is None:
                values = document["inputs"][name]
            else:
                values = [row[name] for row in rows]
            assert same(array, _plain(values)), text
    assert held > 30


def _plain(values: Any) -> Any:
    """Return the array that lists are; of strings the bytes, in lists."""
    if isinstance(values, dict):
        text = "".join(values["b64"].split()).replace("-", "+").replace("_", "/").rstrip("=")
        return base64.b64decode(text + "=" * (-len(text) % 4))
    if isinstance(values, str):
        return values.encode()
    first = values
    while isinstance(first, list) and first:
        first = first[0]
    if isinstance(first, (str, dict)):
        return [_plain(value) for value in values]
    return nested_array([values])[0]


@pytest.mark.slow
def test_time_is_in_proportion() -> None:
    """No text of a megabyte takes for ever, however its quotes, words and brackets stand."""
    size = 1 << 20
    for text in (
        b'{"inputs":"NaN' + b'\\"' * (size // 2),
        b'{"inputs":["NaN"' + b'"' * size,
        b'{"inputs":["' + b"\\" * size + b"NaN",
        b'{"inputs":[' + b"NaN" * (size // 3),
        b'{"inputs":' + b"[" * size + b"NaN",
        b'{"inputs":' + b'{"a":' * (size // 5),
        b'{"instances":[' + b'{"a":1},' * (size // 8) + b"{}]}",
        b'{"instances":[' + b'{"a":[' * (size // 6),
        b'{"instances":' + b"[" * 900 + b'"a"' + b"]" * 900 + b"}",
        b'{"inputs":{' + b'"b64":"NaN",' * (size // 12) + b'"b64":1}}',
        b'{"inputs":[' + b'{"b64":""},' * (size // 11) + b"1]}",
        b'{"inputs":[' + b'-Infinity"' * (size // 10),
    ):
        for call in (protocol.decode, protocol.peek):
            with suppress(tw.CodecError):
                call(text)


@pytest.mark.parametrize("depth", [1, 63, 64, 65, 500, 2000, 100_000])
@pytest.mark.parametrize("core", [b"1.5", b'"a"', b"NaN", b'{"b64":""}', b""])
def test_depth(depth: int, core: bytes) -> None:
    """Lists nested deeper than numpy goes are refused."""
    body = b'{"inputs":%b%b%b}' % (b"[" * depth, core, b"]" * depth)
    with suppress(tw.CodecError):
        protocol.peek(body)
    if depth <= 64:
        assert np.shape(protocol.decode(body).inputs[""]) == (1,) * (depth - (not core)) + (0,) * (
            not core
        )
    else:
        assert refusal(body).path.startswith("$")


def test_memory() -> None:
    """Long arrays take little beside the result, with and without words."""
    array = np.random.default_rng(2).random((20_000, 5))
    for message in (Request({"": array}), Request({"a": array}, rows=False)):
        (body, _), most = peak(partial(protocol.encode, message))
        assert most < 1.1 * len(body) + 256 * KIB
        if find_spec("simdjson") is None:  # orjson makes an object of each number
            continue
        _, most = peak(partial(protocol.decode, body))
        assert most < 1.2 * array.nbytes + 256 * KIB
    array[::100] = nan
    body = body_of(Request({"": array}))
    if find_spec("simdjson") is not None:
        _, most = peak(lambda: protocol.decode(body))
        assert most < 4 * len(body)
