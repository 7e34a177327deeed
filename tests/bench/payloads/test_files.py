"""Files of a user: those that other libraries wrote give the very arrays that were put in."""

from __future__ import annotations

import json
import struct
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ml_dtypes
import msgpack
import numpy as np
import pytest

from bench.codecs import plan
from bench.codecs.__main__ import main, parse
from bench.interrupt import UsageError
from bench.payloads.arrays import choose
from bench.payloads.case import Case, build, digest
from bench.payloads.files import PayloadError, load, read, split
from tensorwire.containers.protobuf.schema import message_class

if TYPE_CHECKING:
    from collections.abc import Callable

    from tensorwire.tree import Array

FLOATS = np.linspace(-1, 1, 12).reshape(4, 3)
INTS = np.arange(-3, 3, dtype=np.int32)
HALF = np.array([[1.5, -2.0]], ml_dtypes.bfloat16)


def same(got: Array, want: Any) -> None:
    """Hold dtype, shape and every bit."""
    want = np.asarray(want)
    assert (got.dtype.newbyteorder("="), got.shape) == (want.dtype.newbyteorder("="), want.shape)
    assert np.array(got, want.dtype, order="C").tobytes() == want.tobytes()


def arrays(path: Path, asked: str = "") -> dict[str, Array]:
    """Read a file twice: what it lists, and what a worker loads by name."""
    found = dict(read(str(path), asked))
    for name, array in found.items():
        loaded = load(str(path), name)
        assert type(loaded) is np.ndarray
        assert loaded.flags.c_contiguous
        assert loaded.dtype.isnative
        same(loaded, array)
    return found


@pytest.mark.parametrize(
    "array",
    [
        FLOATS,
        np.asfortranarray(FLOATS),
        FLOATS.astype(">f4"),
        np.array(7),
        np.zeros((0, 3)),
        np.array([["a", "é"]]),
        np.array([b"x", b""]),
        np.array([True, False]),
        np.array([1 + 2j], np.complex64),
    ],
)
def test_npy(array: Array, tmp_path: Path) -> None:
    """What numpy.save writes, in whatever order of bytes or dimensions."""
    np.save(tmp_path / "a.npy", array)
    same(arrays(tmp_path / "a.npy")[""], array)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz(save: Callable[..., None], tmp_path: Path) -> None:
    """Every array of numpy.savez is one, by its name; a wrong suffix does no harm."""
    path = tmp_path / "a.dat"
    with path.open("wb") as stream:
        save(stream, w=FLOATS, ids=INTS, names=np.array(["x"]))
    found = arrays(path)
    assert list(found) == ["w", "ids", "names"]
    same(found["w"], FLOATS)
    same(found["ids"], INTS)
    assert list(arrays(path, "ids,w")) == ["ids", "w"]


def safetensors_by_hand(tensors: dict[str, tuple[str, Array]]) -> bytes:
    """Write the format as its specification says."""
    header: dict[str, Any] = {"__metadata__": {"made": "by hand"}}
    data = b""
    for name, (dtype, array) in tensors.items():
        offsets = [len(data), len(data) + array.nbytes]
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": offsets}
        data += array.tobytes()
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def test_safetensors_by_hand(tmp_path: Path) -> None:
    """Each tensor by its name, also those of dtypes that numpy has not."""
    body = safetensors_by_hand({"b.w": ("F64", FLOATS), "a,b": ("BF16", HALF)})
    (tmp_path / "m").write_bytes(body)
    found = arrays(tmp_path / "m")
    assert list(found) == ["a,b", "b.w"]
    same(found["a,b"], HALF)
    assert list(arrays(tmp_path / "m", "b*,a,b")) == ["b.w", "a,b"]


def test_safetensors_of_the_library(tmp_path: Path) -> None:
    """What the safetensors package writes."""
    official = pytest.importorskip("safetensors.numpy")
    official.save_file({"w": FLOATS, "ids": INTS}, tmp_path / "m.safetensors")
    found = arrays(tmp_path / "m.safetensors")
    same(found["w"], FLOATS)
    same(found["ids"], INTS)


def protobuf_requests() -> dict[str, bytes]:
    """Write requests with protobuf's own runtime."""
    seldon: Any = message_class("seldon.protos.SeldonMessage")()
    seldon.data.tensor.shape.extend(FLOATS.shape)
    seldon.data.tensor.values.extend(FLOATS.ravel())
    infer: Any = message_class("inference.ModelInferRequest")()
    for name, array, datatype in (("x", FLOATS, "FP64"), ("n", INTS, "INT32")):
        infer.inputs.add(name=name, datatype=datatype, shape=array.shape)
        infer.raw_input_contents.append(array.tobytes())
    predict: Any = message_class("tensorflow.serving.PredictRequest")()
    predict.model_spec.name = "m"
    tensor = predict.inputs["x"]
    tensor.dtype = 2  # DT_DOUBLE
    for size in FLOATS.shape:
        tensor.tensor_shape.dim.add(size=size)
    tensor.tensor_content = FLOATS.tobytes()
    messages: Any = message_class("seldon.protos.SeldonMessageList")()
    messages.seldonMessages.append(seldon)
    return {
        "seldon": seldon.SerializeToString(),
        "oip": infer.SerializeToString(),
        "tfserving": predict.SerializeToString(),
        "list": messages.SerializeToString(),
    }


def binary_request() -> bytes:
    """Write JSON with the memory of a tensor behind it, as Triton's extension says."""
    head = {
        "name": "x",
        "shape": [4, 3],
        "datatype": "FP64",
        "parameters": {"binary_data_size": FLOATS.nbytes},
    }
    return json.dumps({"inputs": [head]}).encode() + FLOATS.tobytes()


def framed(body: bytes) -> bytes:
    """Put gRPC's frame around a message."""
    return b"\0" + struct.pack(">I", len(body)) + body


@pytest.mark.parametrize(
    ("body", "names"),
    [
        (json.dumps(FLOATS.tolist()).encode(), [""]),
        (json.dumps({"data": {"ndarray": FLOATS.tolist()}}).encode(), [""]),
        (protobuf_requests()["seldon"], [""]),
        (protobuf_requests()["list"], ["0"]),
        (protobuf_requests()["oip"], ["x", "n"]),
        (protobuf_requests()["tfserving"], ["x"]),
        (framed(protobuf_requests()["oip"]), ["x", "n"]),
        (binary_request(), ["x"]),
        (json.dumps({"inputs": {"x": FLOATS.tolist()}}).encode(), ["x"]),
        (json.dumps({"request": {"data": {"ndarray": FLOATS.tolist()}}}).encode(), ["request"]),
        (msgpack.packb({"data": {"ndarray": FLOATS.tolist()}}), [""]),
    ],
)
def test_requests(body: bytes, names: list[str], tmp_path: Path) -> None:
    """A recorded request of any protocol is recognised, and each tensor in it is a payload."""
    (tmp_path / "recorded").write_bytes(body)
    found = arrays(tmp_path / "recorded")
    assert list(found) == names
    same(found[names[0]], FLOATS)
    if "n" in names:
        same(found["n"], INTS)


def test_bytes_of_a_request(tmp_path: Path) -> None:
    """``binData`` is a payload of bytes; a list of strings one of strings."""
    (tmp_path / "b.json").write_bytes(b'{"binData":"AAH/"}')
    same(arrays(tmp_path / "b.json")[""], np.array([0, 1, 255], np.uint8))
    (tmp_path / "s.json").write_bytes('[["a"],["é"]]'.encode())
    same(arrays(tmp_path / "s.json")[""], np.array([["a"], ["é"]]))


def columns() -> dict[str, Any]:
    """Return columns of every kind that there is a rule for."""
    return {
        "price": [1.5, None, -2.5],
        "size": [1, 2, 3],
        "big": [2**53 + 1, 0, 1],
        "city": ["a", "bb", "é"],
        "a,b": [1.5, 2.5, 3.5],
        "ok": [True, False, True],
        "holes": [1, None, 3],
    }


@pytest.fixture(params=["t.parquet", "t.csv", "t.tsv"])
def table(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Write a table, by pyarrow."""
    pa = pytest.importorskip("pyarrow")
    made = pa.table(columns())
    path: Path = tmp_path / request.param
    if path.suffix == ".parquet":
        pytest.importorskip("pyarrow.parquet").write_table(made, path)
    else:
        csv = pytest.importorskip("pyarrow.csv")
        tabs = path.suffix == ".tsv"
        csv.write_csv(made, path, csv.WriteOptions(delimiter="\t" if tabs else ","))
    return path


def test_columns_by_name(table: Path) -> None:
    """The columns asked for make one array, in that order; a null among floats is NaN."""
    want = np.array([[1, 1.5], [2, np.nan], [3, -2.5]])
    same(arrays(table, "size,price")["size,price"], want)
    same(arrays(table, "size")["size"], np.array([[1], [2], [3]]))
    same(arrays(table, "size,ok")["size,ok"], np.array([[1, 1], [2, 0], [3, 1]]))
    same(arrays(table, "a,b,size")["a,b,size"], np.array([[1.5, 1], [2.5, 2], [3.5, 3]]))
    same(arrays(table, "city")["city"], np.array([["a"], ["bb"], ["é"]]))


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("nope", "there is no 'nope' in it; it has price, size, "),
        ("city,size", "expected columns of one kind, got numbers and the strings of city"),
        ("holes", "column holes has 1 null, which int64 cannot hold"),
        ("big,price", "column big: int64 values that are not exact in float64"),
        ("", "column holes has 1 null"),
    ],
)
def test_columns_that_make_no_array(table: Path, asked: str, says: str) -> None:
    """Nothing is filled in, rounded or made text in silence."""
    with pytest.raises(PayloadError, match=says):
        list(read(str(table), asked))


def test_all_columns_of_numbers(tmp_path: Path) -> None:
    """Without names: numbers and bools, those of categories included, all else left out."""
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    codes = pa.array([7, 7, 9]).dictionary_encode()
    parquet.write_table(pa.table({"n": [1, 2, 3], "code": codes}), tmp_path / "t.parquet")
    same(arrays(tmp_path / "t.parquet")[""], np.array([[1, 7], [2, 7], [3, 9]]))
    made = pa.table({"n": pa.array([1, 2], "float32"), "day": pa.array([1, 2], "date32")})
    parquet.write_table(made, tmp_path / "u.parquet")
    same(arrays(tmp_path / "u.parquet")["n"], np.array([[1], [2]], np.float32))
    with pytest.raises(PayloadError, match=r"column day is date32\[day\]: neither numbers nor"):
        list(read(str(tmp_path / "u.parquet"), "day"))
    parquet.write_table(made.drop_columns("n"), tmp_path / "v.parquet")
    with pytest.raises(PayloadError, match=r"no column of numbers; it has day \(date32\[day\]\)"):
        list(read(str(tmp_path / "v.parquet")))


def npz_of_objects() -> bytes:
    """Return a .npz file with a pickle in it."""
    stream = BytesIO()
    np.savez(stream, bad=np.array([{}], object))
    return stream.getvalue()


def npz() -> bytes:
    """Return a small .npz file."""
    stream = BytesIO()
    np.savez(stream, w=FLOATS)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "body", "says"),
    [
        ("e.npy", b"", "got an empty file"),
        ("o.npz", npz_of_objects(), "got Python objects of a pickle, which is never loaded"),
        ("t.npz", npz()[:-60], "not a .npz file, or its end is missing"),
        ("c.npz", npz()[:90] + b"\xff" + npz()[91:], "Bad CRC-32 for file"),
        ("p.pkl", b"\x80\x04\x95", "a pickle, which is never loaded"),
        ("g.npy", b"\x1f\x8b\x08", "got a file compressed by gzip; unpack it first"),
        ("j.npy", b"\x93NUMPY\x01\0", "expected a .npy file of version"),
        ("x.parquet", b"PAR1junk", "arquet"),
        ("x.safetensors", struct.pack("<Q", 1 << 40) + b"{", "got a length of 1099511627776"),
        (
            "n.safetensors",
            safetensors_by_hand({"w": ("F4", np.zeros(4, np.uint8))}),
            "expected a dtype that numpy has, got 'F4' - at $.w.dtype",
        ),
        ("s.json", b'{"strData":"x"}', "a message that holds strData, and so no array"),
        ("j.json", b'{"jsonData":{"a":1}}', "a message that holds jsonData"),
        ("m.json", b'{"data":{"ndarray":[[1,"a"]]}}', "values of several types"),
        ("k.json", b'{"a":1}', "expected a message of a known protocol, got the keys: 'a'"),
        ("r.json", b"[[1,2],[3]]", "expected a row of 2 items, got a row of 1 - at $[1]"),
        ("d.json", b"[[1,2]", "line 1 column 7"),
        ("l.json", b"[" * 5000, ""),
        ("junk", bytes(range(255, 1, -7)), "got a file of another format; known are"),
        (
            "h.csv",
            b"1.5,2\n3,4\n",
            "expected the names of the columns in the first line, got numbers",
        ),
        ("t.csv", b"a,a\n3,4\n", "two of its columns have the same name"),
    ],
)
def test_bad_files_get_one_line(
    name: str, body: bytes, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, and one line with the file's name and the reason."""
    if name.endswith((".csv", ".parquet")):
        pytest.importorskip("pyarrow")
    (tmp_path / name).write_bytes(body)
    assert main([str(tmp_path / name)]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 1
    assert f"{name}: " in shown.err
    assert says in shown.err


def test_what_is_no_file(tmp_path: Path) -> None:
    """A name that leads nowhere, a directory, a pipe: none can be read again by a worker."""
    for path, says in ((tmp_path / "no", "No such file"), (tmp_path, "a directory")):
        with pytest.raises(PayloadError, match=says):
            list(read(str(path)))


def test_a_table_needs_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it, the line says which extra to install."""
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    (tmp_path / "t.csv").write_text("a\n1\n")
    with pytest.raises(PayloadError, match=r"pip install 'tensorwire\[arrow\]'"):
        list(read(str(tmp_path / "t.csv")))


def test_memory_is_looked_at_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not fit is refused before it is read."""
    (tmp_path / "a.json").write_text(json.dumps(FLOATS.tolist()))
    np.savez(tmp_path / "a.npz", w=FLOATS)
    np.save(tmp_path / "a.npy", FLOATS)
    monkeypatch.setattr("bench.payloads.arrays.free_memory", lambda: 100)
    for name in ("a.json", "a.npz"):
        with pytest.raises(PayloadError, match="GB are free"):
            list(read(str(tmp_path / name)))
    with pytest.raises(UsageError, match="GB that are free"):
        plan.user_payloads(parse([str(tmp_path / "a.npy")]))


def test_names_are_split_from_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``::`` works beside a drive's colon, and a file may have it in its own name."""
    monkeypatch.chdir(tmp_path)
    assert split(r"C:\data\t.csv::price,size") == (r"C:\data\t.csv", "price,size")
    Path("odd::name").write_bytes(b"x")
    assert split("odd::name") == ("odd::name", "")
    assert split("odd::name::a::b") == ("odd::name", "a::b")


def test_choosing() -> None:
    """Names come before patterns, longer ones before shorter; each is chosen once."""
    assert choose(["a", "a,b", "b"], "a,b,b") == ["a,b", "b"]
    assert choose(["w1", "w2", "b"], "b,w*,w1") == ["b", "w1", "w2"]
    assert choose(["w[0]", "w0"], "w[0]") == ["w[0]"]
    with pytest.raises(ValueError, match="no 'c' in it; it has a, b"):
        choose(["a", "b"], "a,c")


def cases(*argv: str) -> list[Case]:
    """Plan a run."""
    return plan.user_payloads(parse(list(argv)))


def test_each_array_is_a_column(tmp_path: Path) -> None:
    """Several payloads share a section that does not grow; no two headings are the same."""
    for place in ("x", "y"):
        (tmp_path / place).mkdir()
        np.savez(tmp_path / place / "arrays.npz", w=FLOATS, n=INTS)
    np.save(tmp_path / "a.npy", FLOATS * 2)
    names = [str(tmp_path / name) for name in ("x/arrays.npz", "y/arrays.npz", "a.npy", "a.npy")]
    found = cases(*names)
    assert [case.label for case in found] == [
        "arrays.npz::w",
        "arrays.npz::n",
        "arrays.npz::w (2)",
        "arrays.npz::n (2)",
        "a.npy",
    ]
    assert {case.section for case in found} == {"payloads from files"}
    assert not any(case.series for case in found)
    same(build(found[1]), INTS)


def test_a_batch_repeats_rows(tmp_path: Path) -> None:
    """With ``--batch``, each payload is a section of its own that grows."""
    np.savez(tmp_path / "a.npz", w=FLOATS, n=INTS)
    found = cases(str(tmp_path / "a.npz"), "--batch", "1,6")
    assert [(case.section, case.label) for case in found] == [
        ("a.npz::w: float64 [4, 3]", "1"),
        ("a.npz::w: float64 [4, 3]", "6"),
        ("a.npz::n: int32 [6]", "1"),
        ("a.npz::n: int32 [6]", "6"),
    ]
    assert all(case.series for case in found)
    same(build(found[0]), FLOATS[:1])
    same(build(found[1]), np.concatenate([FLOATS, FLOATS[:2]]))


def test_a_case_keeps_the_path_to_itself(tmp_path: Path) -> None:
    """A run file gets name and digest, a worker also the path; other values make another case."""
    np.save(tmp_path / "a.npy", FLOATS)
    [case] = cases(str(tmp_path / "a.npy"))
    assert str(tmp_path) not in json.dumps(case.to_json()) + case.title
    assert case.values == f"a.npy #{digest(FLOATS):08x}"
    sent = json.loads(json.dumps(case.to_worker()))
    assert digest(build(Case.from_json(sent))) == digest(FLOATS)
    read_back = Case.from_json(json.loads(json.dumps(case.to_json())))
    assert read_back == case
    with pytest.raises(ValueError, match="another machine"):
        build(read_back)
    np.save(tmp_path / "a.npy", FLOATS + 1)
    assert cases(str(tmp_path / "a.npy")) != [case]


def test_odd_names_of_files(tmp_path: Path) -> None:
    """Control characters are escaped; a long name is cut in its middle, by width, not length."""
    path = tmp_path / ("a\x1b[31m" + "名" * 40 + "\n.npy")
    np.save(path, FLOATS)
    [case] = cases(str(path))
    assert (case.label + case.section + case.values).isprintable()
    assert case.label.startswith("a\\x1b[31m")
    assert case.label.endswith("\\n.npy")
    assert len(case.label) < plan.HEADING


@pytest.mark.parametrize(
    ("array", "dtype"), [(FLOATS + 300, "uint8"), (np.array(["a"]), "int8"), (FLOATS * 1j, "int8")]
)
def test_a_dtype_must_hold_the_values(array: Array, dtype: str, tmp_path: Path) -> None:
    """``--dtype`` casts a payload, and refuses what would wrap around or get lost."""
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(UsageError, match="expected a dtype that holds"):
        cases(str(tmp_path / "a.npy"), "--dtype", dtype)
    np.save(tmp_path / "a.npy", FLOATS)
    [case] = cases(str(tmp_path / "a.npy"), "--dtype", "float32")
    same(build(case), FLOATS.astype(np.float32))


def test_too_many_arrays_are_refused(tmp_path: Path) -> None:
    """A checkpoint with hundreds of tensors: the line says how to choose."""
    many: dict[str, Any] = {f"w{n}": INTS for n in range(plan.MOST + 1)}
    np.savez(tmp_path / "a.npz", **many)
    with pytest.raises(
        UsageError, match=r"expected at most 24 arrays, got more; choose with .*::NAME,NAME"
    ):
        cases(str(tmp_path / "a.npz"))
    assert len(cases(f"{tmp_path / 'a.npz'}::w1*")) == 11


def test_a_run_of_several(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Floats, strings, bools and an empty array stand side by side; the file names no path."""
    runfile = pytest.importorskip("pyperf") and pytest.importorskip("bench.measure.runfile")
    np.savez(tmp_path / "a.npz", f=FLOATS, s=np.array([["a", "bc"]]), b=FLOATS > 0, e=FLOATS[:0])
    (tmp_path / "r.json").write_text(json.dumps({"data": {"ndarray": INTS.tolist()}}))
    out = tmp_path / "run.json"
    argv = [str(tmp_path / "a.npz"), str(tmp_path / "r.json")]
    argv += ["--seconds", "0.2", "--processes", "1", "--codec", "*/ndarray,*/tensor"]
    assert main([*argv, "-o", str(out)]) == 0
    shown = capsys.readouterr().out
    for label in ("a.npz::f", "a.npz::s", "a.npz::b", "a.npz::e", "r.json"):
        assert f"{label}: " in shown
    assert "a.npz::f: [4, 3] float64; a.npz::s: [1, 2] strings;" in shown
    assert str(tmp_path) not in out.read_text()
    labels = [case.label for case in runfile.read(str(out)).results.cases]
    assert labels == ["a.npz::f", "a.npz::s", "a.npz::b", "a.npz::e", "r.json"]
