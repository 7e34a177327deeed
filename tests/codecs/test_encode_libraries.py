"""Arrays and columns of PyTorch, JAX, pandas, polars and Arrow: the right bytes, or a remedy."""

import datetime as dt
import subprocess
import sys
import warnings
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import tensorwire as tw
from tests.support.remedies import refused, run_remedy

TFTENSOR = tw.get_codec("json/tftensor")


def same(value: Any, array: Any) -> None:
    """Check that a value is written as an array is, in all kinds that have a place for it."""
    for name in ("json/tftensor", "protobuf/tftensor", "msgpack/tftensor"):
        codec = tw.get_codec(name)
        assert codec.encode(value) == codec.encode(array)
        assert b"".join(codec.encode_parts(value)) == codec.encode(array)


def test_tensors_of_pytorch() -> None:
    """A tensor is its memory: bfloat16 and float8 too, those with gradients and conjugate views."""
    torch = pytest.importorskip("torch")
    numbers = np.array([0.1, 2.0], np.float32)
    same(torch.tensor([0.1, 2.0]), numbers)
    same(torch.tensor([0.1, 2.0], requires_grad=True), numbers)
    same(torch.nn.Parameter(torch.tensor([0.1, 2.0])), numbers)
    same(torch.arange(6.0).reshape(2, 3).T, np.arange(6.0, dtype="f4").reshape(2, 3).T)
    same(torch.tensor([1 + 2j]).conj(), np.array([1 - 2j], np.complex64))
    same(torch.tensor([1 + 2j]).conj().imag, np.array([-2], np.float32))
    for name in ("bfloat16", "float8_e4m3fn", "float8_e5m2", "float8_e5m2fnuz"):
        dtype = getattr(ml_dtypes, name)
        same(torch.tensor([0.5, 2.0]).to(getattr(torch, name)), np.array([0.5, 2], dtype))
    one = torch.tensor(1.5, dtype=torch.bfloat16, requires_grad=True)
    same(one, np.array(1.5, ml_dtypes.bfloat16))
    same([torch.tensor([0.1], requires_grad=True)], np.array([[0.1]], np.float32))
    half = [torch.tensor([0.5], dtype=torch.bfloat16)] * 2
    same(half, np.array([[0.5], [0.5]], ml_dtypes.bfloat16))


def test_tensors_of_pytorch_without_memory() -> None:
    """A tensor that is sparse or of a dtype that numpy lacks is refused; the remedy works."""
    torch = pytest.importorskip("torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what PyTorch thinks of these
        values = [
            torch.eye(2).to_sparse(),
            torch.tensor([1j]).to(torch.complex32),
            torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8),
        ]
    for value in values:
        again = run_remedy(refused(value), value, torch=torch)
        assert TFTENSOR.encode(again)
    assert "device meta" in str(refused(torch.empty(2, device="meta")))


def test_arrays_of_jax() -> None:
    """An array of JAX is viewed, bfloat16 too; one that is being traced is refused."""
    jax = pytest.importorskip("jax")
    same(jax.numpy.array([0.1]), np.array([0.1], np.float32))
    same(jax.numpy.array([0.5], jax.numpy.bfloat16), np.array([0.5], ml_dtypes.bfloat16))
    same([jax.numpy.array([0.1])], np.array([[0.1]], np.float32))
    with pytest.raises(tw.EncodeError, match="numpy cannot view"):
        jax.jit(TFTENSOR.encode)(jax.numpy.ones(2))


def test_columns_of_pandas() -> None:
    """A Series, an Index or an array of pandas is the values in it, of whatever dtype it is."""
    pd = pytest.importorskip("pandas")
    integers = np.array([2**53 + 1, 2])
    for dtype in ("int64", "Int64", "category", object):
        same(pd.Series([2**53 + 1, 2], dtype=dtype), integers)
    same(pd.array([2**53 + 1, 2]), integers)
    same(pd.Index([2**53 + 1, 2]), integers)
    same(pd.Series([True, False], dtype="boolean"), np.array([True, False]))
    same(pd.Series([1.5, 2], dtype="Float32"), np.array([1.5, 2], np.float32))
    same(pd.Series([1.5, np.nan]), np.array([1.5, np.nan]))
    same(pd.Series(pd.arrays.SparseArray([0.0, 1.0])), np.array([0.0, 1.0]))
    for dtype in ("object", "string", "category"):
        same(pd.Series(["cat", "dog"], dtype=dtype), np.array(["cat", "dog"]))
    same(pd.Series(["cat", "dog"]), np.array(["cat", "dog"]))
    same(pd.Index(["cat", "dog"]), np.array(["cat", "dog"]))
    same(pd.Series([b"a\0"], dtype=object), [b"a\0"])


def test_columns_of_pandas_on_arrow() -> None:
    """A Series whose memory is Arrow's is read the same."""
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    same(pd.Series([2**53 + 1, 2], dtype="int64[pyarrow]"), np.array([2**53 + 1, 2]))
    same(pd.Series(["cat"], dtype="string[pyarrow]"), np.array(["cat"]))
    value = pd.Series([1, None], dtype="int64[pyarrow]")
    assert TFTENSOR.encode(run_remedy(refused(value), value))


def test_missing_values_of_pandas_are_not_rounded_in_silence() -> None:
    """A missing value among numbers is refused, and the integers beside it are not rounded."""
    pd = pytest.importorskip("pandas")
    cases: list[tuple[Any, Any]] = [
        ([2**53 + 1, None], "Int64"),
        ([True, None], "boolean"),
        ([2.5, None], "Float64"),
    ]
    cases += [([2, None], "category"), ([2, None], object), ([2.5, pd.NA], object)]
    for items, dtype in cases:
        value = pd.Series(items, dtype=dtype)
        for name in ("json/tftensor", "json/ndarray", "protobuf/tensor", "msgpack/ndarray"):
            error = refused(value, name)
            assert error.path.endswith("[1]")
        if isinstance(dtype, str):
            assert TFTENSOR.encode(run_remedy(refused(value), value))


def test_dates_of_pandas() -> None:
    """Dates, spans and periods are refused; the remedy works."""
    pd = pytest.importorskip("pandas")
    dates = pd.Series(pd.to_datetime(["2020-01-01"]))
    for value in (
        dates,
        dates.dt.tz_localize("UTC"),
        pd.Series(pd.to_timedelta([1], unit="s")),
        pd.Series(pd.period_range("2020", periods=2, freq="M")),
        pd.Series(pd.interval_range(0, 2)),
        pd.Timestamp("2020"),
        [pd.Timestamp("2020")],
    ):
        assert TFTENSOR.encode(run_remedy(refused(value), value))


def test_columns_of_polars() -> None:
    """A Series of polars is the values in it; a missing number or a date is refused."""
    pl = pytest.importorskip("polars")
    same(pl.Series([2**53 + 1, 2]), np.array([2**53 + 1, 2]))
    same(pl.Series([1.5, 2], dtype=pl.Float32), np.array([1.5, 2], np.float32))
    same(pl.Series([True, False]), np.array([True, False]))
    same(pl.Series(["cat", "dog"]), np.array(["cat", "dog"]))
    same(pl.Series(["cat"], dtype=pl.Categorical), np.array(["cat"]))
    same(pl.Series([b"a\0"]), [b"a\0"])
    same(pl.Series([[1, 2], [3, 4]], dtype=pl.Array(pl.Int64, 2)), np.array([[1, 2], [3, 4]]))
    for value in (
        pl.Series([2**53 + 1, None]),
        pl.Series([True, None]),
        pl.Series([dt.date(2020, 1, 1)]),
        pl.Series([dt.datetime(2020, 1, 1)]),  # noqa: DTZ001
        pl.Series([dt.timedelta(1)]),
        pl.Series([dt.time(1)]),
        pl.Series(["1.5"]).cast(pl.Decimal(5, 2)),
        pl.Series([2**70], dtype=pl.Int128),
    ):
        assert TFTENSOR.encode(run_remedy(refused(value), value, polars=pl))


def test_columns_of_arrow() -> None:
    """An array of Arrow, in one piece or in several, is the values in it."""
    pa = pytest.importorskip("pyarrow")
    same(pa.array([2**53 + 1, 2]), np.array([2**53 + 1, 2]))
    same(pa.chunked_array([[1], [2]]), np.array([1, 2]))
    same(pa.array([True, False]), np.array([True, False]))
    same(pa.array(["cat", "dog"]), np.array(["cat", "dog"]))
    same(pa.array(["cat", "cat"]).dictionary_encode(), np.array(["cat", "cat"]))
    same(pa.scalar(5), np.array(5))
    for value in (
        pa.chunked_array([[2**53 + 1], [None]]),
        pa.array([1], pa.timestamp("s")),
        pa.array([1], pa.duration("s")),
        pa.array([1], pa.date32()),
        pa.array([1], pa.time64("us")),
        pa.array([1], pa.decimal128(5)),
    ):
        assert TFTENSOR.encode(run_remedy(refused(value), value))


def test_no_library_is_imported_for_a_value() -> None:
    """Encoding and refusing imports none of these libraries: who has such a value has done so."""
    code = (
        "import sys, decimal, numpy, tensorwire as tw\n"
        "for value in ([1.5], numpy.array(['a'], object), None, [decimal.Decimal(1)], {1}):\n"
        "    try: tw.get_codec('json/ndarray').encode(value)\n"
        "    except tw.EncodeError: pass\n"
        "print(*sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & {"torch", "jax", "pandas", "polars", "pyarrow", "narwhals"}
