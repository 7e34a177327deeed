"""A tftensor is, byte for byte, what TensorFlow writes, and is read as TensorFlow reads it.

The goldens come from the real TensorFlow: ``tests/goldens/make_tftensor.py`` says how.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tensorwire as tw
from tests.goldens.cases import SMALL_INTS, STRINGS, bits, tftensor_cases

GOLDENS = Path(__file__).parents[1] / "goldens"
WRITTEN = json.loads((GOLDENS / "tftensor.json").read_text(encoding="utf-8"))
FOREIGN = json.loads((GOLDENS / "tftensor_foreign.json").read_text(encoding="utf-8"))["cases"]
ARRAYS = dict(tftensor_cases())
CODEC = tw.get_codec("protobuf/tftensor")

# TensorFlow's Python half writes these in tensor_content only, and reads them from there only;
# its C++ half keeps them in float8_val, as both halves do with the other 8-bit floats.
HALF_SUPPORTED = {
    "float8_e4m3fnuz": 26,
    "float8_e4m3b11fnuz": 27,
    "float8_e5m2fnuz": 28,
}
SIBLING = "float8_e4m3fn"


def seldon_message(tensor_proto: bytes) -> bytes:
    """Return the SeldonMessage whose data (field 3) holds it as tftensor (field 4), by hand."""
    data = b"\x22" + varint(len(tensor_proto)) + tensor_proto
    return b"\x1a" + varint(len(data)) + data


def varint(number: int) -> bytes:
    """Return protobuf's varint of a number that is not negative."""
    low = number & 0x7F
    return bytes([low | 0x80]) + varint(number >> 7) if number > low else bytes([low])


def golden(case: str) -> bytes:
    """Return the TensorProto of a case; where TensorFlow refuses, as it writes the sibling."""
    written: str = WRITTEN["make_tensor_proto"][case]
    name, rest = case.split(" ", 1)
    if written.startswith("TypeError") and name in HALF_SUPPORTED:
        sibling = golden(f"{SIBLING} {rest}")
        return sibling[:1] + bytes([HALF_SUPPORTED[name]]) + sibling[2:]
    return bytes.fromhex(written)


def elements(strings: Any) -> list[bytes]:
    """Return the strings of an array, or of nested lists, as the bytes of DT_STRING."""
    flat = np.asarray(strings, object).ravel().tolist()
    return [text.encode() if isinstance(text, str) else text for text in flat]


def describe(decoded: Any) -> Any:
    """Return an array as the goldens describe one; lists hold what numpy's bytes would cut."""
    described: dict[str, Any] = {"shape": list(np.shape(decoded))}
    if not isinstance(decoded, np.ndarray) or decoded.dtype.kind == "S":
        texts = [element.hex() for element in elements(decoded)]
        return described | {"dtype": "object", "hex": texts}
    return described | {"dtype": decoded.dtype.name, "hex": bits(decoded).hex()}


def foreign(case: str) -> Any:
    """Return what is to be read, or "error": where TensorFlow's readers differ, the stricter.

    Two losses that both readers pass over in silence are errors: half of a complex number, and
    the high bits of what is too big for a sub-byte integer, which its Python reader refuses
    for int8 and up.
    """
    readings = FOREIGN[case]
    name, rest = case.split(" ", 1)
    if rest.endswith("floats of (2, 3)") or (name in SMALL_INTS and rest.startswith("of value")):
        return "error"
    if name in HALF_SUPPORTED and foreign(f"{SIBLING} {rest}") != "error":
        return readings.get("both") or readings["parse_tensor"]
    return readings.get("both", "error")


def test_cases_and_goldens_are_the_same() -> None:
    """Every case has its golden, and every golden its case."""
    assert set(WRITTEN["make_tensor_proto"]) == set(ARRAYS)


def test_make_ndarray_changes_strings_only() -> None:
    """TensorFlow reads what it wrote as the same dtype, but strings as objects."""
    strings = {case for case in ARRAYS if case.split(" ", 1)[0] in STRINGS}
    assert WRITTEN["make_ndarray_dtype"] == dict.fromkeys(strings, "object")


def read(body: bytes) -> Any:
    """Return an array as the goldens describe one, or "error" where it is refused."""
    try:
        return describe(CODEC.decode(body))
    except tw.DecodeError:
        return "error"


def by_dtype(cases: Iterable[str]) -> dict[str, list[str]]:
    """Return the names of cases by their first word: a test for each case takes longer than it."""
    found: dict[str, list[str]] = {}
    for case in cases:
        found.setdefault(case.split(" ", 1)[0], []).append(case)
    return found


CASES, FOREIGN_CASES = by_dtype(ARRAYS), by_dtype(FOREIGN)
SWAPPED = by_dtype(case for case in ARRAYS if ARRAYS[case].dtype.itemsize > 1)
dtypes = pytest.mark.parametrize("dtype", CASES)


@dtypes
def test_encode_writes_what_tensorflow_writes(dtype: str) -> None:
    """The payload is make_tensor_proto's bytes and nothing but their envelope."""
    for case in CASES[dtype]:
        assert CODEC.encode(ARRAYS[case]).hex() == seldon_message(golden(case)).hex(), case


@pytest.mark.parametrize("dtype", SWAPPED)
def test_encode_of_big_endian_is_the_same(dtype: str) -> None:
    """Big-endian input, which TensorFlow corrupts or refuses, gives the bytes of its values."""
    for case in SWAPPED[dtype]:
        swapped = ARRAYS[case].astype(ARRAYS[case].dtype.newbyteorder(">"))
        assert CODEC.encode(swapped).hex() == seldon_message(golden(case)).hex(), case


@dtypes
def test_decode_returns_what_was_written(dtype: str) -> None:
    """The golden gives back dtype, shape and bits; str comes as bytes, for DT_STRING has no str."""
    for case in CASES[dtype]:
        array = ARRAYS[case]
        decoded = CODEC.decode(seldon_message(golden(case)))
        assert decoded.shape == array.shape, case
        if array.dtype.kind in "SU":
            assert all(isinstance(each, bytes) for each in decoded.ravel().tolist()), case
            assert elements(decoded) == elements(array), case
        else:
            assert decoded.dtype == array.dtype, case
            assert bits(decoded) == bits(array), case


@pytest.mark.parametrize("dtype", FOREIGN_CASES)
def test_decode_reads_what_tensorflow_reads(dtype: str) -> None:
    """Whatever form a TensorProto has, its array is TensorFlow's, and so is a refusal."""
    for case in FOREIGN_CASES[dtype]:
        body = seldon_message(bytes.fromhex(FOREIGN[case]["proto"]))
        assert read(body) == foreign(case), case


@pytest.mark.parametrize(("dtype", "pattern"), [("<f4", 0x7F800001), ("<f8", 0x7FF0000000000001)])
def test_signalling_nan_stays_as_it_is(dtype: str, pattern: int) -> None:
    """One signalling NaN keeps its bits, where TensorFlow writes a quiet one of a float32."""
    array = np.array([pattern], dtype.replace("f", "u")).view(dtype)
    assert bits(CODEC.decode(CODEC.encode(array))) == bits(array)
    pair = np.array([pattern, 0], dtype.replace("f", "u")).view(dtype)
    array = pair.view(f"<c{2 * pair.itemsize}")
    assert bits(CODEC.decode(CODEC.encode(array))) == bits(array)
