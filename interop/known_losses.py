"""What is known to be lost, by column and array; whatever is not here comes back exact.

A loss that is not declared, and a declared one that no longer shows, make a run fail: the claims
about others have to be true, and so do our own promises.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from interop.workers.fragile import DTYPE, NAN, ORDER, REFUSED, SHAPE, UNREAD, VALUES

if TYPE_CHECKING:
    from collections.abc import Mapping


__all__ = ["KNOWN_LOSSES"]

KNOWN_LOSSES: Mapping[str, Mapping[str, str]] = {
    "triton": {
        REFUSED: (
            "float8_e4m3fn; complex64; big-endian int32; non-ASCII str; datetime64; structured"
        ),
        ORDER: "Fortran order",
    },
    "kserve": {
        REFUSED: (
            "bfloat16; float8_e4m3fn; complex64; big-endian int32; non-ASCII str; "
            "datetime64; structured"
        ),
        UNREAD: "shape (0, 3)",
        NAN: "signalling NaN",
        ORDER: "Fortran order",
    },
    "kserve json": {
        REFUSED: (
            "float16; bfloat16; float8_e4m3fn; complex64; big-endian int32; non-ASCII str; "
            "datetime64; structured"
        ),
        VALUES: "infinities",
        NAN: "NaN with payload; signalling NaN",
        ORDER: "Fortran order",
    },
    "mlserver": {
        REFUSED: "bfloat16; float8_e4m3fn; complex64; big-endian int32; datetime64; structured",
        VALUES: "infinities",
        SHAPE: "one dimension; 0-d",
        DTYPE: "non-ASCII str",
        NAN: "NaN with payload; signalling NaN",
        ORDER: "Fortran order",
    },
    "seldon": {
        REFUSED: "complex64; bytes ending in NUL; datetime64",
        VALUES: "uint64 max; structured",
        SHAPE: "shape (0, 3)",
        DTYPE: (
            "signalling NaN; float32; float16; bfloat16; float8_e4m3fn; big-endian int32; "
            "object of str"
        ),
        NAN: "NaN with payload",
        ORDER: "Fortran order",
    },
    "tensorflow": {
        REFUSED: "datetime64; structured",
        VALUES: "big-endian int32",
        DTYPE: "non-ASCII str",
        ORDER: "Fortran order",
    },
    "onnx": {
        REFUSED: "big-endian int32; datetime64; structured",
        VALUES: "bytes ending in NUL",
        DTYPE: "non-ASCII str",
        ORDER: "Fortran order",
    },
    "msgpack-numpy": {
        REFUSED: "bfloat16; float8_e4m3fn; datetime64",
        ORDER: "Fortran order",
    },
    "safetensors": {
        REFUSED: "non-ASCII str; bytes ending in NUL; object of str; datetime64; structured",
        UNREAD: "bfloat16; float8_e4m3fn",
        VALUES: "Fortran order; non-contiguous",
        ORDER: "big-endian int32",
    },
    "pyarrow": {
        REFUSED: (
            "bfloat16; float8_e4m3fn; complex64; non-contiguous; non-ASCII str; "
            "bytes ending in NUL; object of str; datetime64; structured"
        ),
        VALUES: "big-endian int32",
        DTYPE: "bool",
    },
    "pickle": {},
    "json/ndarray": {
        REFUSED: (
            "NaN with payload; signalling NaN; infinities; bfloat16; float8_e4m3fn; "
            "complex64; 0-d; shape (0, 3); bytes ending in NUL; datetime64; "
            "structured"
        ),
        DTYPE: "float32; float16; big-endian int32; object of str",
        ORDER: "Fortran order",
    },
    "json/tensor": {
        REFUSED: (
            "NaN with payload; signalling NaN; infinities; int64 above 2**53; uint64 max; "
            "bfloat16; float8_e4m3fn; complex64; non-ASCII str; bytes ending in NUL; "
            "object of str; datetime64; structured"
        ),
        DTYPE: "float32; float16; bool; big-endian int32",
        ORDER: "Fortran order",
    },
    "protobuf/tftensor": {
        REFUSED: "datetime64; structured",
        DTYPE: "non-ASCII str; object of str",
        ORDER: "big-endian int32; Fortran order",
    },
    "oip/json": {
        REFUSED: (
            "NaN with payload; signalling NaN; infinities; float16; bfloat16; float8_e4m3fn; "
            "complex64; datetime64; structured"
        ),
        DTYPE: "non-ASCII str; object of str",
        ORDER: "big-endian int32; Fortran order",
    },
    "oip/binary": {
        REFUSED: "float8_e4m3fn; complex64; datetime64; structured",
        DTYPE: "non-ASCII str; object of str",
        ORDER: "big-endian int32; Fortran order",
    },
    "msgpack/numpy": {
        REFUSED: ("bfloat16; float8_e4m3fn; bytes ending in NUL; datetime64; structured"),
        DTYPE: "object of str",
        ORDER: "Fortran order",
    },
    "safetensors/arrays": {
        REFUSED: "non-ASCII str; bytes ending in NUL; object of str; datetime64; structured",
        ORDER: "big-endian int32; Fortran order",
    },
    "arrow/tensor": {
        REFUSED: (
            "bfloat16; float8_e4m3fn; complex64; bool; non-ASCII str; bytes ending in NUL; "
            "object of str; datetime64; structured"
        ),
        ORDER: "big-endian int32",
    },
}
