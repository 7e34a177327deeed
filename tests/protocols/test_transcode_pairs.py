"""Every pair of `transcode`: the array arrives, or the refusal names what the caller can do."""

import re
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import tensorwire as tw
from tensorwire.oip import InferRequest, InferTensor
from tensorwire.tfserving import PredictRequest

PROTOCOLS = tw.protocol_names()  # each call looks through all packages that are installed
NAMES = list(dict.fromkeys([*PROTOCOLS, *tw.codec_names()]))
ARRAYS: dict[str, Any] = {
    "float64": np.array([[1.5, -2], [0.1, 1e300]]),
    "float32": np.array([0.1, 3], np.float32),
    "float16": np.array([0.1], np.float16),
    "int64": np.array([2**62 + 1, -1]),
    "uint64": np.array([2**64 - 1], np.uint64),
    "int8": np.array([[1], [2]], np.int8),
    "bool": np.array([True, False]),
    "text": np.array(["a", "é"]),
    "text with NUL": ["a\0", "b"],
    "bytes": np.array([b"\xff", b"a"]),
    "bytes with NUL": [b"\xff\0", b"a"],
    "complex64": np.array([1 + 2j], np.complex64),
    "bfloat16": np.array([1.5], ml_dtypes.bfloat16),
    "one value": np.array(1.5),
    "one text": np.array("a"),
    "one with NUL": b"a\0",
    "no rows": np.zeros(0),
    "no rows of three": np.zeros((0, 3)),
    "rows of none": np.zeros((2, 0)),
    "not finite": np.array([np.nan, np.inf, 1]),
    "swapped": np.array([1.5, 2], ">f8"),
    "Fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
}
REMEDY = re.compile(r"lossy=True|missing=|(\w+/[\w-]+)( or (\w+/[\w-]+))? (can|for|has)|use (\w+/)")


def request(name: str, array: Any) -> tuple[bytes, Any]:
    """Write an array as a request of the named protocol, with its headers."""
    if name not in PROTOCOLS:
        return tw.get_codec(name).encode(array), None
    message: Any = tw.Message(array, "tftensor")
    if name.startswith("oip"):
        message = InferRequest([InferTensor("x", array)], "m")
    elif name.startswith("tfserving"):
        message = PredictRequest({"x": array}, "m", rows=False)
    return tw.get_protocol(name).encode(message)


def value(body: bytes, name: str, headers: Any = None) -> Any:
    """Read the one array of a request."""
    if name not in PROTOCOLS:
        found: Any = tw.get_codec(name).decode(body)
        return next(iter(found.values())) if isinstance(found, dict) else found
    message = tw.get_protocol(name).decode(body, headers)
    if isinstance(message, tw.Message):
        return message.value
    if isinstance(message, InferRequest):
        return message.inputs[0].value
    return next(iter(message.inputs.values()))


def said(array: Any) -> tuple[Any, ...]:
    """Return shape and values of an array, whatever the dtype; strings as bytes."""
    if isinstance(array, (list, bytes, str)):
        array = np.array(array, object)
    array = np.asarray(array)
    if array.dtype.kind in "SUTO":
        flat = array.reshape(-1).tolist()
        return array.shape, [x.encode() if isinstance(x, str) else x for x in flat]
    numbers = array.astype(complex) if array.dtype.kind == "V" else array
    return array.shape, ["NaN" if x != x else x for x in numbers.reshape(-1).tolist()]  # noqa: PLR0124


def shortest(array: Any) -> Any:
    """Return floats as their shortest text reads, for readers of text that know no dtype."""
    if isinstance(array, np.ndarray) and array.dtype in (np.float16, np.float32):
        return np.array([float(str(x)) for x in array.reshape(-1)]).reshape(array.shape)
    return array


@pytest.mark.slow
@pytest.mark.parametrize("source", NAMES)
def test_every_pair(source: str) -> None:
    """The values and the shape arrive; or an option or a target is named that the caller has."""
    refused: list[Any] = []
    for label, array in ARRAYS.items():
        try:
            body, headers = request(source, array)
        except tw.EncodeError:
            continue
        given = value(body, source, headers)
        for target in NAMES:
            where = source, target, label
            try:
                made = tw.transcode(body, source, target, headers=headers)
            except tw.EncodeError as error:
                refused.append((REMEDY.search(str(error)), where, str(error)))
                continue
            arrived = value(made, target)
            if target.endswith("/raw") and np.shape(given) == ():  # one string of bytes
                assert arrived.tobytes() == np.asarray(given, object).item(), where
            elif not source.endswith("/raw") and said(arrived) != said(given):
                assert "/json" in target or target.startswith("json/"), where
                assert said(arrived) == said(shortest(given)), where
    assert not [(where, reason) for remedy, where, reason in refused if remedy is None]


def test_arrays_as_raw_bytes() -> None:
    """Bytes that would not say dtype and shape are written with `lossy=True` alone."""
    array = np.arange(6.0).reshape(2, 3)
    body = tw.get_codec("protobuf/tftensor").encode(array)
    with pytest.raises(tw.EncodeError, match=r"float64.*\(2, 3\).*json/tftensor.*lossy=True"):
        tw.transcode(body, "protobuf/tftensor", "json/raw")
    made = tw.transcode(body, "protobuf/tftensor", "json/raw", lossy=True)
    assert tw.get_codec("json/raw").decode(made).tobytes() == array.tobytes()
    plain = tw.get_codec("json/raw").encode(b"abc")
    made = tw.transcode(plain, "json/raw", "protobuf/raw")
    assert tw.get_codec("protobuf/raw").decode(made).tobytes() == b"abc"
    flat = tw.get_codec("json/tftensor").encode(np.frombuffer(b"abc", np.uint8))
    made = tw.transcode(flat, "json/tftensor", "msgpack/raw")
    assert tw.get_codec("msgpack/raw").decode(made).tobytes() == b"abc"


@pytest.mark.parametrize("name", ["oip/json", "oip/binary", "oip/protobuf", "oip/protobuf-typed"])
def test_one_string_that_ends_in_nul(name: str) -> None:
    """What is read as bytes of rank 0 is written again, in every protocol."""
    request = InferRequest([InferTensor("x", b"a\0")])
    assert (request.inputs[0].datatype, request.inputs[0].shape) == ("BYTES", ())
    protocol = tw.get_protocol(name)
    body, headers = protocol.encode(request)
    found = protocol.decode(body, headers).inputs[0].value
    assert (found, np.shape(found)) == (b"a\0", ())
    assert protocol.encode(InferRequest([InferTensor("x", found)]))[0] == body
    body = tw.get_protocol("tfserving/protobuf").encode(PredictRequest({"x": b"a\0"}))[0]
    found = tw.transcode(body, "tfserving/protobuf", "tfserving/json")
    assert found == b'{"inputs":{"x":"a\\u0000"}}'
