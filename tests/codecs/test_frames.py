"""Frames of pandas, polars and Arrow to messages and back: names, dtypes and missing values."""

import json
import subprocess
import sys
from functools import partial
from typing import Any

import numpy as np
import pytest

import tensorwire as tw
from tensorwire.oip import InferRequest, InferResponse, InferTensor
from tensorwire.tfserving import PredictRequest, PredictResponse
from tests.support.reference import tree_of
from tests.support.remedies import refused, run_remedy
from tests.support.values import CONTAINERS, MEDIA_TYPES

pytest.importorskip("narwhals")
pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")

BACKENDS = ("pandas", "polars", "pyarrow")
backends = pytest.mark.parametrize("backend", BACKENDS)
containers = pytest.mark.parametrize("container", CONTAINERS)


def make(backend: str, columns: dict[str, Any]) -> Any:
    """Make a frame with the library itself."""
    if backend == "pandas":
        return pd.DataFrame(columns)
    return pl.DataFrame(columns) if backend == "polars" else pa.table(columns)


def plain(frame: Any) -> dict[str, list[Any]]:
    """Return the columns of a frame as its library gives them."""
    if isinstance(frame, pd.DataFrame):
        return {name: frame[name].tolist() for name in frame.columns}
    made: dict[str, list[Any]]
    made = frame.to_dict(as_series=False) if isinstance(frame, pl.DataFrame) else frame.to_pydict()
    return made


def dtypes(frame: Any) -> list[str]:
    """Return the dtypes of the columns of a frame, by the names of numpy."""
    if isinstance(frame, pd.DataFrame):
        return [str(dtype) for dtype in frame.dtypes]
    if isinstance(frame, pl.DataFrame):
        return [str(dtype).lower() for dtype in frame.dtypes]
    return [str(kind).replace("double", "float64") for kind in frame.schema.types]


NUMBERS = {"age": [1.5, 2.0], "height": [3.0, 4.5]}
MIXED = {"age": [1, 2], "name": ["ann", "bob"], "score": [0.5, 2.0], "ok": [True, False]}


@backends
@containers
def test_columns_become_names(backend: str, container: str) -> None:
    """The names of the columns go beside the array, in every kind that has a place for them."""
    frame = make(backend, NUMBERS)
    for kind in ("ndarray", "tensor", "tftensor"):
        codec = tw.get_codec(f"{container}/{kind}")
        wanted = codec.encode([[1.5, 3.0], [2.0, 4.5]], names=["age", "height"])
        assert codec.encode(frame) == wanted
        assert b"".join(codec.encode_parts(frame)) == wanted
        message = tw.Message(frame, kind)
        assert tw.dumps(message, MEDIA_TYPES[container]) == wanted
        given = tw.loads(wanted, MEDIA_TYPES[container])
        assert given.names == ["age", "height"]
        again = given.to_frame(backend)
        assert plain(again) == NUMBERS
        assert dtypes(again) == ["float64", "float64"]
    tree = tree_of(tw.get_codec(f"{container}/ndarray").encode(frame), container)
    assert tree["data"]["names"] == ["age", "height"]
    assert tree["data"]["ndarray"] == [[1.5, 3.0], [2.0, 4.5]]


@backends
@containers
def test_mixed_columns_become_mixed_rows(backend: str, container: str) -> None:
    """Columns of several types are rows of nested lists, and come back as they were."""
    frame = make(backend, MIXED)
    codec = tw.get_codec(f"{container}/ndarray")
    tree = tree_of(codec.encode(frame), container)
    rows = [[1, "ann", 0.5, True], [2, "bob", 2.0, False]]
    assert tree["data"] == {"names": list(MIXED), "ndarray": rows}
    again = tw.loads(codec.encode(frame), MEDIA_TYPES[container]).to_frame(backend)
    assert plain(again) == MIXED
    first = "float64" if container == "protobuf" else "int64"  # all of whose numbers are float64
    assert [dtypes(again)[0], dtypes(again)[2]] == [first, "float64"]
    for kind in ("tensor", "tftensor"):
        error = refused(frame, f"{container}/{kind}")
        assert f"use {container}/ndarray" in error.remedy


@backends
def test_frames_in_lists_and_feedback(backend: str) -> None:
    """A frame in a list of messages is written with its names too."""
    frame = make(backend, NUMBERS)
    several = tw.seldon.MessageList([tw.Message(frame, "ndarray")])
    for name in ("seldon/json", "seldon/protobuf", "seldon/msgpack"):
        protocol = tw.get_protocol(name)
        body = protocol.encode(several)[0]
        (message,) = protocol.decode(body, type=tw.seldon.MessageList).messages
        assert message.names == ["age", "height"]
        assert plain(message.to_frame(backend)) == NUMBERS


@backends
def test_integers_are_exact(backend: str) -> None:
    """Integers beyond 2**53 beside floats are refused, or represented exactly; never rounded."""
    frame = make(backend, {"id": [2**53 + 1, 2], "x": [0.5, 1.0]})
    for container in CONTAINERS:
        for kind in ("ndarray", "tensor", "tftensor"):
            assert refused(frame, f"{container}/{kind}").path.endswith("[0][0]")
    request = InferRequest.from_frame(frame)
    body = tw.get_protocol("oip/json").encode(request)[0]
    assert json.loads(body)["inputs"][0]["data"] == [2**53 + 1, 2]
    assert plain(tw.get_protocol("oip/json").decode(body).to_frame(backend))["id"] == [2**53 + 1, 2]
    whole = make(backend, {"a": [2**53 + 1, 2], "b": [3, 4]})
    assert tw.get_codec("json/tftensor").decode(
        tw.get_codec("json/tftensor").encode(whole)
    ).tolist() == [[2**53 + 1, 3], [2, 4]]
    small = make(backend, {"a": np.array([1, 2], np.int8), "b": np.array([0.5, 2], np.float32)})
    codec = tw.get_codec("json/tftensor")
    assert codec.decode(codec.encode(small)).tolist() == [[1, 0.5], [2, 2]]
    wide = make(backend, {"a": np.array([-1], np.int64), "b": np.array([2**64 - 1], np.uint64)})
    assert "int64 or uint64 holds together" in str(refused(wide, "json/tftensor"))


@backends
def test_missing_values(backend: str) -> None:
    """A missing number is NaN where missing= is given; a missing text is null in nested lists."""
    frame = make(backend, {"a": pd.array([1, None], "Int64") if backend == "pandas" else [1, None]})
    codec = tw.get_codec("json/ndarray")
    assert "None" in str(refused(frame, "json/ndarray"))
    assert json.loads(codec.encode(frame, missing="null"))["data"]["ndarray"] == [[1], [None]]
    names = make(backend, {"a": [1, 2], "s": ["x", None]})
    assert json.loads(codec.encode(names))["data"]["ndarray"] == [[1, "x"], [2, None]]
    again = tw.loads(codec.encode(names)).to_frame(backend)
    assert plain(again)["a"] == [1, 2]
    assert plain(again)["s"][0] == "x"
    assert plain(again)["s"][1] is None or plain(again)["s"][1] != plain(again)["s"][1]
    large = tw.Message([[2**53 + 1, "a"], [None, "b"]], "ndarray").to_frame(backend)
    assert plain(large)["0"] == [2**53 + 1, None]


def test_names_that_are_given_are_kept() -> None:
    """Names beside a frame replace its own, and have to be as many."""
    frame = make("pandas", NUMBERS)
    codec = tw.get_codec("json/ndarray")
    assert json.loads(codec.encode(frame, names=["x", "y"]))["data"]["names"] == ["x", "y"]
    with pytest.raises(tw.EncodeError, match="2 names for 2 columns, got 3"):
        codec.encode(frame, names=["x", "y", "z"])


def test_labels_that_are_no_text() -> None:
    """Columns that pandas numbers have no names; other labels are refused, and the remedy works."""
    codec = tw.get_codec("json/ndarray")
    numbered = pd.DataFrame([[1.0, 2.0]])
    assert codec.encode(numbered) == codec.encode([[1.0, 2.0]])
    assert plain(tw.loads(codec.encode(numbered)).to_frame()) == {"0": [1.0], "1": [2.0]}
    for labels in ([1, 2], pd.MultiIndex.from_tuples([("a", 1), ("b", 2)]), [0.5, "a"]):
        frame = pd.DataFrame([[1.0, 2.0]], columns=labels)
        error = refused(frame, "json/ndarray")
        assert error.path == "$.data.names"
        assert codec.encode(run_remedy(error, frame))
    twice = pd.DataFrame([[1.0, 2.0]], columns=["a", "a"])
    assert "a frame with distinct column names" in str(refused(twice))


NAMES: list[tuple[Any, list[str], bool]] = [
    (np.ones((2, 2)), ["a", "b", "c"], False),
    (np.ones((2, 3)), ["a"], False),
    (np.ones((2, 1)), ["a"], True),
    (np.ones((2, 2)), ["a", "b"], True),
    (np.ones((2, 2)), [], True),
    ([["a", 1.5]], ["x"], False),
    ([["a", 1.5]], ["x", "y"], True),
    (np.ones((2, 3, 4)), ["a"] * 3, True),
    (np.ones((2, 3, 4)), ["a"] * 4, True),
    (np.ones((2, 3, 4)), ["a"] * 2, False),
    (np.ones(3), ["one"], True),  # Seldon's wrapper sends any names with labels
    (np.array(["setosa"]), ["setosa", "versicolor", "virginica"], True),
]


@containers
@pytest.mark.parametrize("case", range(len(NAMES)))
def test_a_name_for_each_column(container: str, case: int) -> None:
    """Three names for two columns, or one for three, are refused; what was read is kept."""
    value, names, fits = NAMES[case]
    mixed = isinstance(value, list) or value.dtype.kind == "U"
    for kind in ("ndarray",) if mixed else ("ndarray", "tensor", "tftensor"):
        codec = tw.get_codec(f"{container}/{kind}")
        message = tw.Message(value, kind, names)
        protocol = tw.get_protocol(f"seldon/{container}")
        calls: list[Any] = [
            partial(codec.encode, value, names=names),
            partial(codec.encode_parts, value, names=tuple(names)),
            partial(tw.dumps, message, MEDIA_TYPES[container]),
            partial(protocol.encode, tw.seldon.MessageList([message])),
        ]
        for call in calls:
            if fits:
                assert call()
            else:
                with pytest.raises(tw.EncodeError, match="names for") as caught:
                    call()
                assert caught.value.path.endswith(".data.names")
    if mixed or container != "json":
        return
    body = json.dumps({"data": {"names": names, "ndarray": value.tolist()}}).encode()
    read = tw.loads(body)  # a peer's mistake does not make its numbers unreadable
    assert (read.names or []) == names
    assert np.array_equal(tw.get_codec("json/ndarray").decode(body), value)
    assert tw.dumps(read, "application/msgpack")
    assert json.loads(tw.dumps(read))["data"].get("names", []) == names
    if not fits and value.ndim == 2:
        with pytest.raises(tw.DecodeError, match="names") as found:
            read.to_frame()
        assert found.value.path == "$.data.names"


@backends
def test_columns_are_tensors(backend: str) -> None:
    """A frame is one tensor a column in the Open Inference Protocol, as MLServer's pd has it."""
    request = InferRequest.from_frame(make(backend, MIXED), model_name="m", id="7")
    body, _ = tw.get_protocol("oip/json").encode(request)
    assert json.loads(body) == {
        "id": "7",
        "parameters": {"content_type": "pd"},
        "inputs": [
            {"name": "age", "shape": [2, 1], "datatype": "INT64", "data": [1, 2]},
            {
                "name": "name",
                "shape": [2, 1],
                "datatype": "BYTES",
                "parameters": {"content_type": "str"},
                "data": ["ann", "bob"],
            },
            {"name": "score", "shape": [2, 1], "datatype": "FP64", "data": [0.5, 2.0]},
            {"name": "ok", "shape": [2, 1], "datatype": "BOOL", "data": [True, False]},
        ],
    }
    for name in ("oip/json", "oip/binary", "oip/protobuf", "oip/protobuf-typed"):
        protocol = tw.get_protocol(name)
        written, headers = protocol.encode(request)
        again = protocol.decode(written, headers)
        assert (again.model_name if "protobuf" in name else "m", again.id) == ("m", "7")
        assert plain(again.to_frame(backend)) == MIXED
        response = InferResponse.from_frame(make(backend, MIXED), model_name="m")
        written, headers = protocol.encode(response)
        read = protocol.decode(written, headers, type=InferResponse)
        assert plain(read.to_frame(backend)) == MIXED
        kept = dtypes(read.to_frame(backend))
        assert [kept[0], kept[2]] == ["int64", "float64"]


@backends
def test_columns_are_named_arrays(backend: str) -> None:
    """A frame is one named array a column in TensorFlow Serving."""
    columns = {"age": [1, 2], "score": [0.5, 2.0]}
    request = PredictRequest.from_frame(make(backend, columns), model_name="m", version=3)
    rows = json.loads(tw.get_protocol("tfserving/json").encode(request)[0])
    assert rows == {"instances": [{"age": 1, "score": 0.5}, {"age": 2, "score": 2.0}]}
    for name in ("tfserving/json", "tfserving/protobuf"):
        protocol = tw.get_protocol(name)
        again = protocol.decode(protocol.encode(request)[0])
        assert plain(again.to_frame(backend)) == columns
        assert dtypes(again.to_frame(backend)) == ["int64", "float64"]
        response = PredictResponse.from_frame(make(backend, columns))
        read = protocol.decode(protocol.encode(response)[0], type=PredictResponse)
        assert plain(read.to_frame(backend)) == columns
    text = PredictRequest.from_frame(make(backend, {"s": ["a", "b"]}))
    read = tw.get_protocol("tfserving/protobuf").decode(
        tw.get_protocol("tfserving/protobuf").encode(text)[0]
    )
    assert plain(read.to_frame(backend)) == {"s": [b"a", b"b"]}


@backends
def test_dtypes_come_back(backend: str) -> None:
    """A column is of the dtype that it was, where the message holds that dtype."""
    names = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32"]
    frame = make(backend, {name: np.array([1, 2], name) for name in [*names, "float64"]})
    was = dtypes(frame)
    for name in ("oip/json", "oip/binary", "oip/protobuf"):
        protocol = tw.get_protocol(name)
        body, headers = protocol.encode(InferRequest.from_frame(frame))
        assert dtypes(protocol.decode(body, headers).to_frame(backend)) == was
    protocol = tw.get_protocol("tfserving/protobuf")
    body, _ = protocol.encode(PredictRequest.from_frame(frame))
    assert sorted(dtypes(protocol.decode(body).to_frame(backend))) == sorted(was)
    one = make(backend, {"a": np.array([1, 2], "f4"), "b": np.array([3, 4], "f4")})
    kept = tw.loads(tw.dumps(tw.Message(one, "tftensor")))
    assert dtypes(kept.to_frame(backend)) == dtypes(one)


@backends
def test_a_model_answers_with_a_frame(backend: str) -> None:
    """A reply takes the names of the columns with it, in a kind that holds the rows."""
    for kind in ("ndarray", "tensor", "tftensor", "strData"):
        request = tw.Message(np.ones(1), kind)
        found = request.reply(make(backend, NUMBERS))
        assert found.names == ["age", "height"]
        assert found.kind == (kind if kind != "strData" else "tensor")
        assert plain(tw.loads(tw.dumps(found)).to_frame(backend)) == NUMBERS
        mixed = request.reply(make(backend, MIXED))
        assert mixed.kind == "ndarray"
        assert plain(tw.loads(tw.dumps(mixed)).to_frame(backend)) == MIXED


@backends
def test_no_rows_and_no_columns(backend: str) -> None:
    """A frame without rows keeps its columns where the kind has a place for its shape."""
    frame = make(backend, {"a": np.empty(0), "b": np.empty(0)})
    codec = tw.get_codec("json/tensor")
    again = tw.loads(codec.encode(frame)).to_frame(backend)
    assert plain(again) == {"a": [], "b": []}
    request = InferRequest.from_frame(frame)
    body = tw.get_protocol("oip/json").encode(request)[0]
    assert plain(tw.get_protocol("oip/json").decode(body).to_frame(backend)) == {"a": [], "b": []}


def test_frames_of_other_kinds() -> None:
    """A record batch is a frame; one that is not computed yet is refused, and the remedy works."""
    batch = pa.RecordBatch.from_pydict(NUMBERS)
    codec = tw.get_codec("json/ndarray")
    assert codec.encode(batch) == codec.encode(pd.DataFrame(NUMBERS))
    lazy = pl.LazyFrame(NUMBERS)
    assert codec.encode(run_remedy(refused(lazy, "json/ndarray"), lazy))


@backends
def test_a_frame_where_an_array_belongs(backend: str) -> None:
    """Where the names of columns have no place, a frame is refused, and the remedy works."""
    frame = make(backend, NUMBERS)
    for name in ("json/raw", "npy/array"):
        with pytest.raises(tw.EncodeError, match="from_frame") as caught:
            tw.get_codec(name).encode(frame)
        array = run_remedy(caught.value, frame)
        assert tw.get_codec("npy/array").encode(array)
    for message, protocol in (
        (InferRequest([InferTensor("x", frame)]), "oip/json"),
        (PredictRequest({"x": frame}), "tfserving/json"),
    ):
        with pytest.raises(tw.EncodeError, match="from_frame"):
            tw.get_protocol(protocol).encode(message)


@backends
def test_no_remedy_rounds(backend: str) -> None:
    """What the error says to pass keeps an integer that float64 would round, or is refused."""
    frame = make(backend, {"id": [2**53 + 1], "score": [0.5]})
    with pytest.raises(tw.EncodeError, match="from_frame") as caught:
        tw.get_codec("npy/array").encode(frame)
    with pytest.raises(tw.EncodeError, match="integer") as refusal:
        tw.get_codec("npy/array").encode(run_remedy(caught.value, frame))
    assert "9007199254740992" not in str(refusal.value)


def test_columns_that_are_refused_are_named() -> None:
    """The error of a column of dates, or of arrays, names the column."""
    dates = pd.DataFrame({"day": pd.to_datetime(["2020-01-01"]), "x": [1.0]})
    assert "the column 'day'" in str(refused(dates))
    arrays = pl.DataFrame({"v": pl.Series([[1, 2]], dtype=pl.Array(pl.Int64, 2))})
    assert "the column 'v'" in str(refused(arrays))
    with pytest.raises(tw.EncodeError, match="the column 'day'"):
        InferRequest.from_frame(dates)


def test_what_is_no_frame() -> None:
    """A message without rows and columns, or with other names than columns, gives no frame."""
    two = InferTensor("a", np.ones((2, 1)))
    wrong: list[tuple[Any, str]] = [
        (tw.Message("text", "strData"), "got the kind 'strData'"),
        (tw.Message(np.ones((2, 2, 2))), "rows and columns"),
        (tw.Message(np.array(1.0)), "rows and columns"),
        (tw.Message(np.ones((2, 2)), names=["a"]), "2 distinct names"),
        (tw.Message(np.ones((2, 2)), names=["a", "a"]), "distinct names"),
        (InferRequest([InferTensor("a", np.ones((2, 3)))]), r"got \(2, 3\)"),
        (InferRequest([two, InferTensor("b", np.ones(3))]), "columns of one length"),
        (InferRequest([two, two]), "a distinct name"),
        (InferRequest([InferTensor("a", [b"\xff"], {"content_type": "str"})]), "UTF-8"),
        (PredictRequest({"a": np.ones((2, 3))}), r"got \(2, 3\)"),
    ]
    for message, says in wrong:
        with pytest.raises(tw.DecodeError, match=says):
            message.to_frame()
    with pytest.raises(tw.DecodeError, match="did you mean 'pandas'"):
        tw.Message(np.ones((2, 2))).to_frame("panda")
    with pytest.raises(tw.DecodeError, match="for backend=, got None"):
        tw.Message(np.ones((2, 2))).to_frame(None)  # type: ignore[arg-type]
    with pytest.raises(tw.DecodeError, match=r"not installed|cudf"):
        tw.Message(np.ones((2, 2))).to_frame("cudf")
    with pytest.raises(tw.DecodeError, match=r"dtypes that \w+ has"):
        tw.Message(np.ones((2, 2), complex)).to_frame("pyarrow")


def test_without_narwhals() -> None:
    """Where narwhals is missing, the error says what to install."""
    code = (
        "import sys; sys.modules['narwhals'] = None\n"
        "import pandas, tensorwire as tw\n"
        "for call in (lambda: tw.get_codec('json/ndarray').encode(pandas.DataFrame({'a': [1]})),\n"
        "             lambda: tw.Message([[1.0]]).to_frame()):\n"
        "    try: call()\n"
        "    except tw.CodecError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.count("pip install 'tensorwire[frames]'") == 2
