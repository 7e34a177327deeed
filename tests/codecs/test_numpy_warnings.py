"""Numpy's warnings never reach the caller: not as a warning, and not in place of our own error."""

from contextlib import suppress
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import tensorwire as tw
from tensorwire.oip import InferRequest, InferTensor
from tensorwire.tfserving import PredictRequest
from tests.support.values import CODECS, Array

# Every bit pattern of two bytes and of one: signalling NaN, infinities and subnormal numbers.
TWO = np.arange(1 << 16, dtype=np.uint16)
ONE = np.arange(1 << 8, dtype=np.uint8)
NANS = np.array([0x7F800001, 0xFF800001, 0x7FC00000, 0x7F800000, 1, 0x80000000], np.uint32)
WIDE = np.array([0x7FF0000000000001, 0xFFF0000000000001, 0x7FF << 52, 1, 1 << 63], np.uint64)
BITS: dict[str, Array] = {
    "float16": TWO.view(np.float16),
    "bfloat16": TWO.view(ml_dtypes.bfloat16),
    "float8_e5m2": ONE.view(ml_dtypes.float8_e5m2),
    "float8_e4m3fn": ONE.view(ml_dtypes.float8_e4m3fn),
    "float32": NANS.view(np.float32),
    "float64": WIDE.view(np.float64),
    "complex64": np.concatenate([NANS, NANS]).view(np.complex64),
    "complex128": np.concatenate([WIDE, WIDE[:1]]).view(np.complex128),
    "float32 that float16 lacks": np.array([1e10, -1e10, 1e-30, 65520.0], np.float32),
    "float64 that float32 lacks": np.array([1e300, -1e300, 1e-300, np.inf]),
    "int64": np.array([-(2**63), 2**63 - 1, 2**53 + 1]),
    "uint64": np.array([2**64 - 1, 2**53 + 1], np.uint64),
}
DTYPES = ["float16", "float32", "float64", "bfloat16", "float8_e5m2", "int8", "uint64", "bool"]
DTYPES += ["complex64"]
bits = pytest.mark.parametrize("case", BITS)


def sizes(array: Array) -> list[Array]:
    """Return a short array, one element and all, in either byte order where there are two."""
    found = [array[:1], array[0x7F81:0x7F82] if array.size > 0x7F81 else array[-1:], array]
    if array.dtype.isbuiltin == 1:
        found.append(array.astype(array.dtype.newbyteorder(">")))
    return found


@pytest.mark.slow
@bits
@pytest.mark.parametrize("name", CODECS)
@pytest.mark.filterwarnings("error")
def test_codecs_give_no_warning(name: str, case: str) -> None:
    """Whatever the bits of an array, and whatever is asked for, all that is raised is ours."""
    codec = tw.get_codec(name)
    for array in sizes(BITS[case]):
        for lossy in (False, True):
            try:
                body = codec.encode(array, lossy=lossy)
                b"".join(codec.encode_parts(array, lossy=lossy))
            except tw.CodecError:
                continue
            try:
                codec.decode(body)
            except tw.CodecError:
                continue
            for dtype in DTYPES if array.size < 1000 else ["float16"]:
                with suppress(tw.CodecError):
                    codec.decode(body, dtype=dtype)


@pytest.mark.slow
@bits
@pytest.mark.parametrize("name", tw.protocol_names())
@pytest.mark.filterwarnings("error")
def test_protocols_give_no_warning(name: str, case: str) -> None:
    """Whatever the bits of an array, all that a protocol raises is ours."""
    protocol: Any = tw.get_protocol(name)
    for array in sizes(BITS[case]):
        for lossy in (False, True):
            messages: list[Any] = [tw.Message(array, kind) for kind in ("ndarray", "tftensor")]
            if name.startswith("oip"):
                messages = [InferRequest([InferTensor("x", array)])]
            elif name.startswith("tfserving"):
                messages = [PredictRequest({"x": array}), PredictRequest({"x": array}, rows=False)]
            for message in messages:
                try:
                    body, headers = protocol.encode(message, lossy=lossy)
                    protocol.decode(body, headers)
                except tw.CodecError:
                    continue
                if name != "tfserving/json":
                    continue
                for dtype in DTYPES:
                    with suppress(tw.CodecError):
                        protocol.decode(body, headers, signature={"x": dtype})


def test_the_error_is_not_replaced() -> None:
    """A signalling NaN of bfloat16 in a list of numbers is refused with our reason."""
    array = np.array([0x7F81], np.uint16).view(ml_dtypes.bfloat16)
    with pytest.raises(tw.EncodeError, match="use json/tftensor"):
        tw.get_codec("json/ndarray").encode(array)
