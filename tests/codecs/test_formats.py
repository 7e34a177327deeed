"""The neighbours' formats: what the real libraries write and read, and nothing worse.

The goldens come from the real libraries: ``tests/goldens/make_formats.py`` says how. numpy and
pyarrow are asked themselves; pyarrow only where it is installed.
"""

import random
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
import pytest

import tensorwire as tw
from tensorwire import registry
from tensorwire.formats.format import Format
from tensorwire.formats.msgpack_numpy import MsgpackNumpy
from tensorwire.formats.npy import Npy
from tensorwire.formats.safetensors import Safetensors
from tests.goldens.cases import pool
from tests.goldens.format_cases import (
    DTYPES as CARRIED,
)
from tests.goldens.format_cases import (
    safetensors_bytes,
    written_cases,
)
from tests.support.formats import (
    FORMATS,
    GOLDENS,
    ROOT,
    SWAPPED,
    codec_of,
    error_of,
    formats,
    npy_file,
    read_by_others,
    same,
    theirs,
)
from tests.support.memory import peak
from tests.support.values import DTYPES, Array, labelled, plain


@pytest.mark.slow
@formats
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_array_is_written_as_others_write_it(name: str, dtype: str) -> None:
    """Each array gives the bytes of the format and comes back bit for bit, or is refused."""
    codec = codec_of(name)
    for label, array in labelled(dtype):
        if dtype not in CARRIED[name]:
            error = error_of(tw.EncodeError, codec.encode, array)
            assert f"represents, got {array.dtype}; use protobuf/tftensor" in str(error)
            continue
        # pyarrow has no negative strides
        given = array.copy() if name == "arrow/tensor" and not array.flags.forc else array
        body = codec.encode(array)
        assert body == theirs(name, given), label
        want = array if name in SWAPPED else array.astype(array.dtype.newbyteorder("<"))
        assert same(codec.decode(body), want), label


@formats
def test_goldens_are_written_and_read(name: str) -> None:
    """What the real library writes is what is written here, and is read as the array it was."""
    if name == "npy/array":
        pytest.skip("numpy is asked itself")
    codec = codec_of(name)
    cases = dict(written_cases(name))
    assert cases.keys() == GOLDENS[name].keys()
    for case, array in cases.items():
        golden = bytes.fromhex(GOLDENS[name][case])
        assert same(codec.decode(golden), array), case
        assert name == "arrow/tensor" or codec.encode(array) == golden, case  # its padding may vary


def test_pickles_are_never_loaded() -> None:
    """What holds a pickle is refused, and so are records, which could hold one."""
    for golden in GOLDENS["msgpack of others"].values():
        error = error_of(tw.DecodeError, MsgpackNumpy().decode, bytes.fromhex(golden))
        assert "never loaded" in str(error)
    for array in (np.array([None, {"a": 1}], object), np.zeros(2, "<f8,<i4")):
        file = BytesIO()
        np.save(file, array, allow_pickle=True)
        error_of(tw.DecodeError, Npy().decode, file.getvalue())


@formats
def test_decode_is_a_view_of_any_buffer(name: str) -> None:
    """The array is a read-only view of the payload, whatever sort of buffer that is."""
    codec, big = codec_of(name), plain("int32", (40, 50))
    for array in (plain("float64", (2, 3)), np.asfortranarray(big), pool("int8")):
        body = theirs(name, array)
        shifted = memoryview(b"x" + body)[1:]
        for buffer in (body, bytearray(body), shifted, np.frombuffer(body, np.uint8)):
            found = codec.decode(buffer)
            assert same(found, array)
            assert not found.flags.writeable
            assert np.shares_memory(found, np.frombuffer(buffer, np.uint8))
    for no_buffer in (None, "text", [1], np.zeros((4, 4))[:, 1]):
        error_of(tw.DecodeError, codec.decode, no_buffer)


@formats
def test_copy_is_owned_and_writable(name: str) -> None:
    """copy=True gives an array that may be written to and shares nothing with the payload."""
    codec = codec_of(name)
    for array in (plain("float64", (2, 3)), plain("float32", ()), plain("int64", (0, 3))):
        body = bytearray(theirs(name, array))
        found = codec.decode(body, copy=True)
        assert same(found, array)
        assert found.flags.writeable
        assert not np.shares_memory(found, np.frombuffer(body, np.uint8))


@formats
def test_out_is_filled(name: str) -> None:
    """out= is filled and returned where shape and dtype are its own, else left alone."""
    codec, array = codec_of(name), plain("int64", (2, 3))
    body, batch = theirs(name, array), np.full((3, 2, 2, 3), -1)
    row = batch[1, 0]
    assert codec.decode(body, out=row) is row
    assert same(batch[1, 0], array)
    assert (batch[[0, 2]] == -1).all()
    frozen = np.zeros((2, 3), np.int64)
    frozen.flags.writeable = False
    outs: list[Array] = [
        np.zeros((3, 2), np.int64),
        np.zeros((2, 3)),
        np.zeros(6, np.int64),
        frozen,
    ]
    for out in outs:
        assert "out=" in str(error_of(tw.DecodeError, codec.decode, body, out=out))
        assert not out.any()
    for broken in (body[:-1], body + b"\0", b""):
        error_of(tw.DecodeError, codec.decode, broken, out=outs[0])
        assert not outs[0].any()


@formats
def test_dtype_is_a_checked_cast(name: str) -> None:
    """dtype= converts, also into out=, where no value changes by it."""
    codec, array = codec_of(name), plain("int64", (2, 3))
    body, floats = theirs(name, array), array.astype(np.float64)
    out = np.zeros((2, 3))
    assert codec.decode(body, out=out, dtype=np.float64) is out
    assert same(out, floats)
    for copy in (False, True):
        found = codec.decode(body, dtype=np.float64, copy=copy)
        assert same(found, floats)
        assert found.flags.writeable
    small = np.full((2, 3), 7, np.int8)
    error = error_of(tw.DecodeError, codec.decode, body, dtype=np.int8, out=small)
    assert "values that int8 represents" in str(error)
    assert (small == 7).all()


def test_out_and_dtype_of_many_names() -> None:
    """Of several arrays, all are written or none is, and an error says which is to blame."""
    codec = Safetensors()
    arrays: dict[str, Array] = {"a": plain("int64", (2, 3)), "b": plain("float32", (4,))}
    body = codec.encode(arrays)
    outs = {key: np.zeros_like(array) for key, array in arrays.items()}
    assert codec.decode(body, out=outs) is outs
    assert same(outs, arrays)
    copies = codec.decode(body, copy=True)
    assert same(copies, arrays)
    assert all(array.flags.writeable for array in copies.values())
    wider = codec.decode(body, dtype=np.float64)
    assert same(wider, {key: array.astype(np.float64) for key, array in arrays.items()})
    assert error_of(tw.DecodeError, codec.decode, body, dtype=np.int64).path == "$.b[3]"
    wrong: dict[str, Array] = {"a": np.zeros((2, 3), np.int64), "b": np.zeros(5, np.float32)}
    assert error_of(tw.DecodeError, codec.decode, body, out=wrong).path == "$.b"
    assert not wrong["a"].any()
    others: list[Any] = [{"a": outs["a"]}, outs | {"c": outs["a"]}, outs["a"], {}]
    for other in others:
        assert "expected out= for the arrays" in str(
            error_of(tw.DecodeError, codec.decode, body, out=other)
        )


@formats
def test_limits(name: str) -> None:
    """A payload may have no more elements, bytes and dimensions than the limits allow."""
    codec, array = codec_of(name), plain("float64", (2, 3))
    body = theirs(name, array)
    for limits in (tw.Limits(max_elements=5), tw.Limits(max_bytes=47), tw.Limits(max_rank=1)):
        error = error_of(tw.LimitError, codec.decode, body, limits=limits)
        assert error.path == "$.shape"
    exact = tw.Limits(max_elements=6, max_bytes=48, max_rank=2)
    assert same(codec.decode(body, limits=exact), array)


def claim_of(name: str) -> bytes:
    """Return a small payload that claims 1.6 TB."""
    if name == "npy/array":
        return npy_file("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 100000000000)}")
    if name == "msgpack/numpy":
        head = {b"nd": True, b"type": "<f8", b"shape": [2, 10**11], b"data": bytes(8)}
        packed: bytes = msgpack.packb(head)
        return packed
    if name == "safetensors/arrays":
        row = {"dtype": "F64", "shape": [2, 10**11], "data_offsets": [0, 8]}
        return safetensors_bytes({"": row})
    shape = b"".join(size.to_bytes(8, "little") for size in (10**11, 8, 24))
    body = theirs(name, plain("float64", (2, 3)))
    return body.replace((3).to_bytes(8, "little"), shape[:8]).replace(shape[16:], bytes(8))


@formats
def test_claims_take_no_memory(name: str) -> None:
    """A payload of a few bytes that claims terabytes is refused before anything is allocated."""
    codec, body = codec_of(name), claim_of(name)
    _, most = peak(lambda: error_of(tw.DecodeError, codec.decode, body))
    assert most < 1 << 20
    if name != "arrow/tensor":  # pyarrow sees it first
        error_of(tw.LimitError, codec.decode, body)


@formats
def test_what_travels_with_an_array(name: str) -> None:
    """Names, meta and status are refused where the format cannot represent them."""
    codec, array = codec_of(name), plain("float64", (2, 3))
    body = theirs(name, array)
    assert codec.encode(array, names=[], meta={}, status={}, lossy=True) == body
    assert codec.encode(array, names=None, meta=None, status=None) == body
    error = error_of(tw.EncodeError, codec.encode, array, names=["a", "b", "c"])
    assert error.path == "$.names"
    assert error_of(tw.EncodeError, codec.encode, array, status={"code": 1}).path == "$.status"
    for meta in ({"puid": 7}, {7: "puid"}, {"tags": {"a": "b"}}, {"a": "\ud800"}):
        error_of(tw.EncodeError, codec.encode, array, meta=meta)
    if name != "safetensors/arrays":
        assert error_of(tw.EncodeError, codec.encode, array, meta={"a": "b"}).path == "$.meta"


@formats
def test_what_is_no_array(name: str) -> None:
    """Lists become arrays as they do elsewhere; what no dtype holds is refused."""
    codec = codec_of(name)
    assert same(codec.decode(codec.encode([[1, 2], [3, 4]])), np.array([[1, 2], [3, 4]]))
    assert same(codec.decode(codec.encode(1.5)), np.array(1.5))
    masked = np.ma.masked_array([1.0, 2.0], [True, False])
    never: list[Any] = [[1, "a"], [[1], [1, 2]], object(), None, masked, np.zeros(2, np.longdouble)]
    never += [np.array(["a"], np.dtypes.StringDType()), np.array(["2020"], "M8[D]")]
    never += [np.array([None, {}], object), np.zeros(2, "<f8,<i4")]
    for value in never:
        error_of(tw.EncodeError, codec.encode, value)


SMALL: tuple[Array, ...] = (
    plain("float32", (2, 3)),
    np.asfortranarray(plain("int32", (2, 3))),
    plain("bool", (5,)),
    plain("float64", ()),
    plain("float16", (0, 3)),
    plain("str", (2,)),
)


def bodies(name: str) -> list[bytes]:
    """Return small payloads of a format."""
    kinds = {array.dtype.name: array for array in SMALL}
    kinds["str"] = kinds.pop(SMALL[-1].dtype.name)
    small = [theirs(name, array) for dtype, array in kinds.items() if dtype in CARRIED[name]]
    if name == "safetensors/arrays":
        small += [Safetensors().encode({"a": SMALL[0], "b": SMALL[3]}, meta={"x": "y"})]
    if name == "msgpack/numpy":
        small += [bytes.fromhex(GOLDENS["msgpack of scalars"]["float32"])]
        small += [msgpack.packb({b"complex": True, b"data": "(1+2j)"})]
    return small


def held(codec: Format, body: bytes) -> bool:
    """Assert that a payload is read as others read it, or refused; tell which."""
    try:
        found = codec.decode(body)
    except tw.DecodeError:
        return False
    assert same(found, read_by_others(codec.name, body)), body
    return True


@formats
def test_truncated_and_changed(name: str) -> None:
    """Cut off anywhere, or with any byte wrong, a payload is refused or read as others do."""
    codec = codec_of(name)
    for body in bodies(name):
        assert held(codec, body)
        assert not any(held(codec, body[:stop]) for stop in range(len(body)))
        assert not any(held(codec, body + more) for more in (b"\0", b" ", b"}", body))
    body = bodies(name)[0]
    changed = bytearray(body)
    for place, byte in enumerate(body):
        for other in {0, 255, ord("0"), *(byte ^ 1 << bit for bit in range(8))} - {byte}:
            changed[place] = other
            held(codec, bytes(changed))
        changed[place] = byte


TOKENS = [b"\0" * 8, b"\xff" * 8, b"[", b"}", b'"a"', b"'descr'", b"(2,)", b"|O", b"<U9", b"F64"]
TOKENS += [b"\xc4\x04data", b"\xc6\xff\xff\xff\xff", b"\x91", b"\xc0", b"\x80", b"-1", b"9" * 12]


@pytest.mark.slow
@formats
@pytest.mark.parametrize("seed", range(3))
def test_mutated(name: str, seed: int) -> None:
    """Bytes flipped, dropped, doubled and moved end in a DecodeError, or in what others read."""
    codec, rng = codec_of(name), random.Random(seed)  # noqa: S311 - the same every time
    originals, read = bodies(name), 0
    for _ in range(4000):
        body = bytearray(rng.choice(originals))
        for _ in range(rng.choice((1, 1, 2, 4))):
            start, stop = sorted(rng.randrange(len(body) + 1) for _ in range(2))
            kind = rng.randrange(5)
            if kind == 0 and body:
                body[rng.randrange(len(body))] = rng.randrange(256)
            elif kind == 1:
                body[start : start + 1] = rng.choice(TOKENS)
            elif kind == 2:
                del body[start : min(stop, start + 8)]
            elif kind == 3:
                body[start:start] = body[start:stop]
            else:
                body[start:stop] = rng.choice(originals)[start:stop]
        read += held(codec, bytes(body))
    assert 0 < read < 4000


def test_formats_are_loaded_when_asked_for() -> None:
    """Importing tensorwire, and listing the codecs, loads none of them, nor what they need."""
    root = str(Path(tw.__file__).parents[1])
    code = f"import sys; sys.path.insert(0, {root!r}); import tensorwire as tw; tw.codec_names()"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; print(*sys.modules)"],
        capture_output=True,
        check=True,
        text=True,
    )
    assert not {"tensorwire.formats", "pyarrow", "safetensors"} & set(done.stdout.split())


@pytest.mark.usefixtures("restored")
def test_formats_are_entry_points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The project's own metadata makes each of them known, as it does an installed plug-in."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    section = project.partition('[project.entry-points."tensorwire.codecs"]\n')[2].split("\n[")[0]
    info = tmp_path / "formats-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: formats\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[tensorwire.codecs]\n" + section.replace('"', ""))
    monkeypatch.syspath_prepend(tmp_path)
    for name, format_class in FORMATS.items():
        assert name in tw.codec_names()
        codec: object = tw.get_codec(name)
        assert isinstance(codec, tw.CodecLike)
        assert type(codec) is format_class
        assert (codec.name, codec.media_type) == (name, format_class.media_type)


@formats
@pytest.mark.usefixtures("restored")
def test_formats_may_be_registered(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each keeps to the plug-in interface: where it is not installed, it can be registered."""
    monkeypatch.setattr(registry, "_entry_points", list)
    registry._registered.pop(name, None)
    codec = FORMATS[name]()
    tw.register_codec(codec)
    found: object = tw.get_codec(name)
    assert found is codec
