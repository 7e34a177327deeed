"""What is known to be lost, by column and array; whatever is not here comes back exact.

A loss that is not declared, and a declared one that no longer shows, make a run bad: what we say
of others has to be true, and what we promise too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from interop.workers.fragile import DTYPE, EXACT, NAN, ORDER, REFUSED, SHAPE, UNREAD, VALUES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from interop.round_trip_losses import Loss

__all__ = ["DECLARED", "undeclared"]

DECLARED: Mapping[str, Mapping[str, str]] = {
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


def undeclared(losses: Sequence[Loss]) -> Iterator[str]:
    """Say where what was found is not what is declared."""
    for column, array, verdict in losses:
        kinds = DECLARED.get(column, {})
        kind = next((kind for kind, arrays in kinds.items() if array in arrays.split("; ")), EXACT)
        if verdict.kind != kind:
            yield f"{column}, {array}: {_named(verdict.kind, verdict.detail)}, not {_named(kind)}"


def _named(kind: str, detail: str = "") -> str:
    name = "exact" if kind == EXACT else kind
    return f"{name} ({detail})" if detail else name
