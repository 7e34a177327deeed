"""``missing=`` where an error names it: in other people's formats, in ``raw``, and in ``make``."""

import json
import math
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tensorwire as tw
from tensorwire.cli.main import main

FORMATS = ["npy/array", "msgpack/numpy", "safetensors/arrays", "arrow/tensor"]
RAW = ["json/raw", "protobuf/raw", "msgpack/raw"]
VALUES: dict[str, Any] = {
    "masked": np.ma.array([1.0, 2.0], mask=[False, True]),
    "masked integers": np.ma.array([1, 2], mask=[False, True]),
    "objects": np.array([1.0, None], object),
}
values = pytest.mark.parametrize("value", ["masked", "masked integers", "objects"])
words = pytest.mark.parametrize("word", ["null", "nan", "any"])


def codec(name: str) -> Any:
    """Return a codec, or skip the test where its library is not installed."""
    if name == "arrow/tensor":
        pytest.importorskip("pyarrow")
    return tw.get_codec(name)


@pytest.mark.parametrize("name", FORMATS)
@words
@values
def test_a_format_writes_a_missing_value_as_nan(name: str, word: str, value: str) -> None:
    """The remedy in the error is a keyword of every format, and does what it tells."""
    with pytest.raises(tw.EncodeError, match="missing='null'"):
        codec(name).encode(VALUES[value])
    with pytest.raises(tw.EncodeError, match="missing='null'"):
        codec(name).encode(VALUES[value], missing="error")
    found = codec(name).decode(codec(name).encode(VALUES[value], missing=word))
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, [1, math.nan])


@words
def test_numpy_reads_the_npy(word: Any) -> None:
    """A list with None is what numpy makes of NaN in its place."""
    body = tw.get_codec("npy/array").encode([[1.5, None]], missing=word)
    np.testing.assert_array_equal(np.load(BytesIO(body)), [[1.5, math.nan]])


def test_missing_values_in_named_arrays() -> None:
    """Every array of a mapping is asked; plain values beside arrays stay what they are."""
    given = {"a": np.ma.array([1, 2], mask=[True, False]), "b": [None, 2]}
    found = tw.get_codec("safetensors/arrays").decode(
        tw.get_codec("safetensors/arrays").encode(given, missing="null")
    )
    np.testing.assert_array_equal(found["a"], [math.nan, 2])
    np.testing.assert_array_equal(found["b"], [math.nan, 2])
    nested = tw.get_codec("msgpack/numpy").decode(
        tw.get_codec("msgpack/numpy").encode(given, missing="null")
    )
    np.testing.assert_array_equal(nested["a"], [math.nan, 2])
    assert nested["b"] == [None, 2]


@pytest.mark.parametrize("name", FORMATS)
def test_nan_is_a_value_of_a_format(name: str) -> None:
    """No word of `missing=` changes how NaN itself is written or read; unknown ones are refused."""
    body = codec(name).encode([math.nan])
    for word in ("error", "null", "nan", "any"):
        assert codec(name).encode([math.nan], missing=word) == body
        assert math.isnan(codec(name).decode(body, missing=word)[0])
    with pytest.raises(tw.EncodeError, match="expected missing= to be one of"):
        codec(name).encode([1.0], missing="none")
    with pytest.raises(tw.DecodeError, match="expected missing= to be one of"):
        codec(name).decode(body, missing="none")


@pytest.mark.parametrize("name", RAW)
@words
@values
def test_raw_writes_the_memory_with_nan(name: str, word: Any, value: str) -> None:
    """The memory of the floats, NaN where a value is missing."""
    with pytest.raises(tw.EncodeError, match="missing='null'"):
        tw.get_codec(name).encode(VALUES[value])
    found = tw.get_codec(name).decode(tw.get_codec(name).encode(VALUES[value], missing=word))
    np.testing.assert_array_equal(np.frombuffer(found.tobytes(), "<f8"), [1, math.nan])


@pytest.mark.parametrize(
    ("name", "word", "expected"),
    [
        ("json/ndarray", "nan", '{"data":{"ndarray":[[0.5,NaN]]}}'),
        ("json/ndarray", "null", '{"data":{"ndarray":[[0.5,null]]}}'),
        ("seldon/json", "any", None),
        ("oip/json", "any", None),
        ("tfserving/json", "null", '{"instances":[[0.5,null]]}'),
        ("npy/array", "null", None),
    ],
)
def test_make_takes_the_option_that_its_error_names(
    name: str,
    word: str,
    expected: str | None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """NaN in a .npy file is written as `--missing` has it."""
    source, folder = tmp_path / "nan.npy", tmp_path / "load"
    np.save(source, np.array([[0.5, math.nan]]))
    made = ["make", str(folder), "--npy", str(source), "--codec", name]
    assert main([*made, "--missing", word]) == 0
    capsys.readouterr()
    body = (folder / f"{name.replace('/', '-')}.{'bin' if 'npy' in name else 'json'}").read_bytes()
    if expected is not None:
        assert body.decode() == expected
    elif name == "npy/array":
        np.testing.assert_array_equal(np.load(BytesIO(body)), [[0.5, math.nan]])
    else:
        assert json.loads(body)
