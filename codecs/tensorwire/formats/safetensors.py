"""safetensors: named arrays behind a JSON header with the place of each.

Eight bytes give the length of the header, little-endian; the header is one JSON object, padded with
spaces to a multiple of eight; then come the arrays, little-endian, in C order, one right behind the
other, those of the largest elements first. Byte for byte what the safetensors library writes.
Source: https://github.com/huggingface/safetensors#format
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from io import BytesIO
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import ml_dtypes
import numpy as np
import orjson

from tensorwire import guess
from tensorwire.errors import DecodeError, EncodeError, excerpt, shown
from tensorwire.formats.format import Format, array_of, at, place_of, refusal, shape_of, view
from tensorwire.wire.buffers import ArrayFill, as_body

if TYPE_CHECKING:
    from tensorwire.limits import Limits
    from tensorwire.tree import Array, Body

__all__ = ["Safetensors"]

_MAX_HEADER = 100_000_000  # bytes, as in the library
_METADATA = "__metadata__"
# The library writes the arrays in this order of dtypes.
_DTYPES = {
    "U64": np.dtype("<u8"),
    "I64": np.dtype("<i8"),
    "F64": np.dtype("<f8"),
    "C64": np.dtype("<c8"),
    "F32": np.dtype("<f4"),
    "U32": np.dtype("<u4"),
    "I32": np.dtype("<i4"),
    "BF16": np.dtype(ml_dtypes.bfloat16),
    "F16": np.dtype("<f2"),
    "U16": np.dtype("<u2"),
    "I16": np.dtype("<i2"),
    "F8_E5M2FNUZ": np.dtype(ml_dtypes.float8_e5m2fnuz),
    "F8_E4M3FNUZ": np.dtype(ml_dtypes.float8_e4m3fnuz),
    "F8_E8M0": np.dtype(ml_dtypes.float8_e8m0fnu),
    "F8_E4M3": np.dtype(ml_dtypes.float8_e4m3fn),
    "F8_E5M2": np.dtype(ml_dtypes.float8_e5m2),
    "I8": np.dtype("i1"),
    "U8": np.dtype("u1"),
    "BOOL": np.dtype("?"),
}
_NAMES = {dtype.name: name for name, dtype in _DTYPES.items()}
_ORDER = {name: place for place, name in enumerate(_DTYPES)}


class Safetensors(Format):
    """A mapping of names to arrays, which is read as a dict; or one array without a name.

    The one array is stored under the name "", which nothing else uses: a file that holds only that
    name is read as an array. `meta` has strings by name, the `__metadata__` of the header;
    `metadata` returns it.

    Examples
    --------
    >>> import numpy as np
    >>> import tensorwire as tw
    >>> safetensors = tw.get_codec("safetensors/arrays")
    >>> body = safetensors.encode({"w": np.ones(2, np.float32)}, meta={"by": "me"})
    >>> safetensors.decode(body)
    {'w': array([1., 1.], dtype=float32)}
    >>> safetensors.metadata(body)
    {'by': 'me'}
    """

    name = "safetensors/arrays"
    media_type = "application/x-safetensors"
    carries = frozenset({"meta"})
    meta_path = f"$.{_METADATA}"

    def write(self, value: Any, meta: Mapping[str, Any], *, none: bool) -> bytes:
        """Write the header, and each array once, into its place."""
        named = value if isinstance(value, Mapping) else {"": value}
        rows = [_row(self.name, key, array, none=none) for key, array in named.items()]
        rows.sort(key=lambda row: (_ORDER[row[1]], row[0]))
        if not _is_text(meta):
            raise EncodeError("expected str values by str keys for meta, got other types", ".meta")
        header: dict[str, Any] = {_METADATA: dict(meta)} if meta else {}
        end = 0
        for key, dtype, array in rows:
            start, end = end, end + array.nbytes
            header[key] = {"dtype": dtype, "shape": array.shape, "data_offsets": [start, end]}
        try:
            text = orjson.dumps(header)
        except TypeError as error:
            raise EncodeError(
                f"expected Unicode text for names and meta, got other text ({error})"
            ) from None
        text += b" " * (-len(text) % 8)
        head = len(text).to_bytes(8, "little") + text
        stream = BytesIO(bytes(len(head) + end))  # getvalue returns its buffer without a copy
        with stream.getbuffer() as body:
            body[: len(head)] = head
            for key, dtype, array in rows:
                start = len(head) + header[key]["data_offsets"][0]
                ArrayFill(array, _DTYPES[dtype]).fill(body, start)
        return stream.getvalue()

    def read(self, body: Body, limits: Limits) -> Array | dict[str, Array]:
        """View every array; together they must fill the bytes after the header exactly."""
        size, header = _header_of(body)
        rows = [(*_place(key, row), key, row) for key, row in header.items() if key != _METADATA]
        data, place = np.frombuffer(body, np.uint8)[8 + size :], 0
        arrays: dict[str, Array] = {}
        for start, end, key, row in sorted(rows, key=itemgetter(0, 1)):
            with at(place_of(key)):
                if start != place or not start <= end <= data.size:
                    got = f"{start} to {end}"
                    reason = f"expected offsets from {place}, within {data.size}, got {got}"
                    raise DecodeError(reason, ".data_offsets")
                arrays[key] = _array(data[start:end], row, limits, len(body))
            place = end
        if place != data.size:
            raise DecodeError(f"expected {place} bytes of arrays, got {data.size}")
        return arrays[""] if arrays.keys() == {""} else arrays

    def metadata(self, body: Any, *, limits: Limits | None = None) -> dict[str, Any]:
        """Return the `__metadata__` of the header, empty where there is none."""
        del limits
        found: dict[str, str] = _header_of(as_body(body))[1].get(_METADATA) or {}
        return found


def _row(name: str, key: Any, value: Any, *, none: bool) -> tuple[str, str, Array]:
    if type(key) is not str or key == _METADATA:
        raise EncodeError(f"expected str other than {_METADATA} for a name, got {shown(key)}")
    with at(place_of(key)):
        array = array_of(value, none=none)
        dtype = _NAMES.get(array.dtype.name)
        if dtype is None:
            raise refusal(name, array.dtype)
        return key, dtype, array


def _is_text(meta: Mapping[Any, Any]) -> bool:
    return all(type(part) is str for pair in meta.items() for part in pair)


def _header_of(body: Body) -> tuple[int, dict[str, Any]]:
    """Return the size of the header, and the header; a name that occurs twice is an error."""
    size = int.from_bytes(body[:8], "little")
    most = min(_MAX_HEADER, max(0, len(body) - 8))
    if len(body) < 8 or size > most:
        found = guess.of_bytes(body, "safetensors/arrays")
        reason = f"expected a header of at most {most} bytes, got a length of {size}"
        raise DecodeError(reason, "", found)
    text = bytes(body[8 : 8 + size])
    try:
        header = orjson.loads(text)
        if orjson.dumps(header) != text.rstrip(b" "):  # not as the library writes it: look closer
            json.loads(text, object_pairs_hook=_unique)
    except (ValueError, TypeError, RecursionError) as error:
        raise DecodeError(f"expected a header of JSON, got other text ({error})") from None
    if type(header) is not dict:
        raise DecodeError(f"expected an object for a header, got {shown(header)}")
    metadata = header.get(_METADATA)
    if metadata is not None and (type(metadata) is not dict or not _is_text(metadata)):
        raise DecodeError("expected strings by name, got other types", f".{_METADATA}")
    return size, header


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name that is there twice")
    return found


def _place(key: str, row: Any) -> tuple[int, int]:
    offsets = row.get("data_offsets") if type(row) is dict else None
    if type(offsets) is not list or len(offsets) != 2 or {int} != set(map(type, offsets)):
        raise DecodeError(f"expected two integers, got {excerpt(offsets)}", f".{key}.data_offsets")
    return offsets[0], offsets[1]


def _array(data: Array, row: dict[str, Any], limits: Limits, payload: int) -> Array:
    name = row.get("dtype")
    dtype = _DTYPES.get(name) if type(name) is str else None
    if dtype is None:
        raise DecodeError(f"expected a dtype that numpy has, got {shown(name)}", ".dtype")
    return view(data, dtype, shape_of(row.get("shape")), limits, payload)
