"""Arrow's tensor message: a flatbuffer with dtype, shape and strides, and the memory.

pyarrow writes and reads the flatbuffer; the array is then viewed in the payload itself, of which it
takes the last bytes. pyarrow is in the extra ``arrow``.
Source: https://arrow.apache.org/docs/format/Other.html
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire import guess
from tensorwire.errors import CodecError, DecodeError, EncodeError, excerpt
from tensorwire.extras import advice
from tensorwire.formats.format import Format, array_of, refusal, view
from tensorwire.wire.buffers import as_body

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tensorwire.limits import Limits
    from tensorwire.tree import Array, Body

__all__ = ["ArrowTensor"]

_NAMES = "dim_names"
_DTYPES: dict[str, np.dtype[Any]] = {
    "int8": np.dtype("i1"),
    "int16": np.dtype("<i2"),
    "int32": np.dtype("<i4"),
    "int64": np.dtype("<i8"),
    "uint8": np.dtype("u1"),
    "uint16": np.dtype("<u2"),
    "uint32": np.dtype("<u4"),
    "uint64": np.dtype("<u8"),
    "halffloat": np.dtype("<f2"),
    "float": np.dtype("<f4"),
    "double": np.dtype("<f8"),
}
_BY_NAME = {dtype.name: dtype for dtype in _DTYPES.values()}


class ArrowTensor(Format):
    """One array of integers or floats, in C or in Fortran order.

    `meta` is ``{"dim_names": [...]}``, the names of its dimensions; `metadata` returns them.

    Examples
    --------
    >>> import numpy as np
    >>> import tensorwire as tw
    >>> arrow = tw.get_codec("arrow/tensor")
    >>> body = arrow.encode(np.ones((1, 2), np.float32), meta={"dim_names": ["row", "column"]})
    >>> arrow.decode(body)
    array([[1., 1.]], dtype=float32)
    >>> arrow.metadata(body)
    {'dim_names': ['row', 'column']}
    """

    name = "arrow/tensor"
    media_type = "application/x-arrow-tensor"
    carries = frozenset({"meta"})
    meta_path = f"$.{_NAMES}"
    needs = ("pyarrow",)

    def write(self, value: Any, meta: Mapping[str, Any], *, none: bool) -> bytes:
        """Let pyarrow write the message; it would take bools for numbers, and swapped bytes too."""
        pyarrow = _pyarrow(EncodeError)
        array = array_of(value, none=none)
        names = _dim_names(meta, array.ndim)
        dtype = _BY_NAME.get(array.dtype.name)
        if dtype is None:
            raise refusal(self.name, array.dtype)
        if not (array.flags.forc and array.flags.aligned and array.dtype == dtype):
            array = array.astype(dtype, order="A")
        sink = pyarrow.BufferOutputStream()
        pyarrow.ipc.write_tensor(pyarrow.Tensor.from_numpy(array, dim_names=names), sink)
        body: bytes = sink.getvalue().to_pybytes()
        return body

    def read(self, body: Body, limits: Limits) -> Array:
        """Let pyarrow read where the memory is, and view that."""
        tensor, size, end = _tensor(body)
        name, shape, strides = str(tensor.type), tensor.shape, tensor.strides
        dtype = _DTYPES.get(name)
        if dtype is None:
            raise DecodeError(f"expected a tensor of {', '.join(_DTYPES)}, got {name}")
        if end != len(body):
            raise DecodeError(f"expected {end} bytes of a message, got {len(body)}")
        data = np.frombuffer(body, np.uint8)[len(body) - size :]
        for array in (
            view(data, dtype, shape, limits, len(body)),
            view(data, dtype, shape[::-1], limits, len(body)).T,
        ):
            steps = zip(shape, strides, array.strides, strict=True)
            if not size or all(count == 1 or step == own for count, step, own in steps):
                return array
        raise DecodeError(f"expected strides of C or of Fortran order, got {strides}")

    def metadata(self, body: Any, *, limits: Limits | None = None) -> dict[str, Any]:
        """Return the names of the dimensions, where one has a name."""
        del limits
        names = list(_tensor(as_body(body))[0].dim_names)
        return {_NAMES: names} if any(names) else {}


def _dim_names(meta: Mapping[str, Any], rank: int) -> list[str] | None:
    """Return the names of the dimensions; pyarrow ends the process where they are too few."""
    if not meta:
        return None
    names = meta.get(_NAMES)
    if len(meta) > 1 or not isinstance(names, (list, tuple)):
        known = f"{{{_NAMES!r}: [...]}}"
        raise EncodeError(f"expected {known}, got {excerpt(meta, 80)}", ".meta")
    if len(names) != rank or not all(isinstance(name, str) for name in names):
        reason = f"expected {rank} strings, one for each dimension, got {excerpt(names, 80)}"
        raise EncodeError(reason, f".meta.{_NAMES}")
    return list(names)


def _tensor(body: Body) -> tuple[Any, int, int]:
    """Let pyarrow read a message: its tensor, the size of its memory, and where it ends."""
    pyarrow = _pyarrow(DecodeError)
    stream = pyarrow.BufferReader(body)
    try:
        message = pyarrow.ipc.read_message(stream)
        size, end = message.body.size, stream.tell()
        stream.seek(0)
        tensor = pyarrow.ipc.read_tensor(stream)
        str(tensor.type), tensor.strides  # where what is malformed may be seen
    except (pyarrow.ArrowException, OSError, ValueError, TypeError, EOFError) as error:
        found = guess.of_bytes(body, "arrow/tensor")
        reason = f"expected a tensor message of Arrow, got other bytes ({error})"
        raise DecodeError(reason, "", found) from None
    return tensor, size, end


def _pyarrow(error: type[CodecError]) -> Any:
    try:
        return import_module("pyarrow")  # a tenth of a second, and 150 MB on disk
    except ImportError as missing:
        reason = advice(ArrowTensor.name, ArrowTensor.needs)
        raise error(f"{reason} ({missing})") from None
