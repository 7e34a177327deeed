"""A codec of numpy's own file format, made known to tensorwire by an entry point.

Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
from numpy.lib import format as npy

import tensorwire as tw

__all__ = ["NPY"]

_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


class NPY:
    """Arrays as ``.npy`` files; never with a pickle in them."""

    name = "example/npy"
    media_type = "application/x-npy"

    def encode(self, value: Any) -> bytes:
        """Write an array as `numpy.save` does; `EncodeError` where that would take a pickle."""
        array = np.asanyarray(value)
        file = BytesIO()
        try:
            npy.write_array(file, array, allow_pickle=False)
        except ValueError as error:
            raise tw.EncodeError(f"npy cannot carry {array.dtype}: {error}") from None
        return file.getvalue()

    def decode(self, body: Any, *, copy: bool = False, limits: tw.Limits | None = None) -> Any:
        """View the array in a file; `DecodeError` where the bytes are no such file."""
        body = bytes(body)
        file = BytesIO(body)
        try:
            shape, is_fortran, dtype = _HEADERS[npy.read_magic(file)](file)
        except KeyError as error:
            raise tw.DecodeError(f"version {error} of npy is not known") from None
        except Exception as error:  # noqa: BLE001 - numpy's reader fails in more ways than it says
            raise tw.DecodeError(f"not a npy file: {error}") from None
        if dtype.hasobject:
            raise tw.DecodeError("a pickle stands in place of the array")
        if any(size < 0 for size in shape):
            raise tw.DecodeError(f"no array has the shape {shape}")
        count = (limits or tw.Limits()).check(shape, dtype.itemsize, len(body))
        if count * dtype.itemsize != len(body) - file.tell():
            raise tw.DecodeError(f"the bytes are not those of shape {shape} and dtype {dtype}")
        flat = np.frombuffer(body, dtype, count, file.tell()) if count else np.empty(0, dtype)
        array = flat.reshape(shape, order="F" if is_fortran else "C")
        return array.copy(order="K") if copy else array
