"""The messages that are exchanged: every dtype, every class of shape, the critical values."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import ml_dtypes
import numpy as np

from interop.workers.tensors import Tensor, from_value, strings

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CONTENTS", "PLAIN", "Case", "Content", "cases"]

ML: Any = ml_dtypes  # its finfo and iinfo, which know numpy's dtypes too, are untyped
SHAPES: tuple[tuple[int, ...], ...] = (
    (), (1,), (12,), (0,), (0, 3), (2, 3), (2, 1, 3, 2), (100_000,),
)  # fmt: skip
FIELDS: dict[str, Any] = {
    "id": "42",
    "model_name": "model",
    "model_version": "7",
    "signature_name": "serve",
    "reward": 0.5,
    "parameters": {"text": "h\u00e9", "count": -3, "flag": True},
    "meta": {
        "puid": "p1",
        "tags": {"version": "1", "score": 0.5, "on": True},
        "metrics": [{"key": "latency", "type": "TIMER", "value": 20.5}],
    },
}
"""The other fields of a message, where the format has them."""
PLAIN: dict[str, Any] = FIELDS | {
    "parameters": {}, "meta": {"puid": "p1"}, "names": [], "outputs": [],
}  # fmt: skip
"""The same with little beside the arrays: an id, or a puid, and a model's name."""

INTS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
FLOATS = ("float16", "float32", "float64")
SMALL = ("int2", "uint2", "int4", "uint4", "float4_e2m1fn")
FLOAT8 = tuple(
    f"float8_{name}" for name in ("e5m2", "e4m3fn", "e4m3fnuz", "e4m3b11fnuz", "e5m2fnuz")
)
SAFE_FLOAT8 = tuple(name for name in FLOAT8 if name != "float8_e4m3b11fnuz")
COMPLEX = ("complex64", "complex128")
OIP = ("bool", *INTS, *FLOATS, "bytes")
TEXTS = [b"a", b"", "h\u00e9\u65e5".encode(), b'\\ " {}', b"in\0side", b"longer" * 50]
BYTES = [*TEXTS, b"\x80\xff", b"\0", b"tail\0", bytes(range(256))]


class Content(NamedTuple):
    """What an implementation can hold by its own definition."""

    dtypes: tuple[str, ...]
    finite: bool = False
    """No NaN, no infinity, and strings of UTF-8 only: text."""
    most: int = 2**64
    """Integers up to here."""
    shapes: tuple[tuple[int, ...], ...] = SHAPES
    several: bool = True
    """More than one tensor to a message."""
    beside: str = ""
    """The dtype of a second tensor in every message."""


LISTS = ((1,), (12,), (2, 3), (2, 1, 3, 2), (100_000,))
"""Shapes that nested lists can represent."""
CONTENTS = {
    "raw": Content((*OIP, "bfloat16")),
    "typed": Content(tuple(name for name in OIP if name != "float16")),
    "json": Content(OIP, finite=True),
    "mixed": Content(OIP, finite=True, beside="int16"),
    "tftensor": Content((*OIP, "bfloat16", *COMPLEX, *SMALL, *FLOAT8), several=False),
    "serving": Content((*OIP, "bfloat16", *COMPLEX, *SMALL, *FLOAT8)),
    "lists in json": Content(
        ("float64", "int64", "bool", "text"), finite=True, most=2**53, shapes=LISTS, several=False
    ),
    "lists": Content(("float64", "bool", "text"), most=2**53, shapes=LISTS, several=False),
    "doubles in json": Content(("float64",), finite=True, several=False),
    "doubles": Content(("float64",), several=False),
    "two of doubles in json": Content(("float64",), finite=True, several=False, beside="float64"),
    "two of doubles": Content(("float64",), several=False, beside="float64"),
    "binData": Content(("bytes",), shapes=((),), several=False),
    "strData": Content(("str",), shapes=((),), several=False),
    "numpy": Content(("bool", *INTS, *FLOATS, *COMPLEX), several=False),
    "safetensors": Content(("bool", *INTS, *FLOATS, "bfloat16", "complex64", *SAFE_FLOAT8)),
    "arrow": Content((*INTS, *FLOATS), several=False),
    "jsonData": Content(("json",), shapes=((),), several=False),
}


class Case(NamedTuple):
    """One message."""

    title: str
    tensors: tuple[Tensor, ...]

    @property
    def fields(self) -> dict[str, Any]:
        """The other fields: names for columns, and the requested outputs."""
        names = ["a", "b", "c"] if self.tensors[0].shape == (2, 3) else []
        return FIELDS | {"names": names, "outputs": ["y"] if len(self.tensors) > 1 else []}


def cases(content: Content) -> Iterator[Case]:
    """Yield every message that an implementation is tried with."""
    for dtype in content.dtypes:
        for shape in content.shapes:
            tensors = [tensor("0", dtype, shape, content)]
            if content.beside:
                tensors.append(tensor("1", content.beside, (3,), content))
            yield Case(f"{dtype} {shape}", tuple(tensors))
    if content.several:
        chosen = [("float32", (2, 3)), ("int64", (4,)), ("bytes", (3, 2)), ("bool", (1,))]
        chosen += [("float64", (0, 3)), ("uint8", (2, 1, 2))]
        several = [
            tensor(str(index), dtype, shape, content)
            for index, (dtype, shape) in enumerate(chosen)
            if dtype in content.dtypes
        ]
        yield Case("several", tuple(several))


def tensor(name: str, dtype: str, shape: tuple[int, ...], content: Content) -> Tensor:
    """Fill a shape with the critical values of a dtype, over and over."""
    count = math.prod(shape)
    if dtype == "str":
        return from_value(name, 'text: h\u00e9 \u65e5\u672c " \\ \n end')
    if dtype == "json":
        return from_value(name, json.loads('{"a": [1.5, null, true, "b"], "c": {"d": -0.5}}'))
    if dtype in ("bytes", "text"):
        pool = TEXTS if content.finite or dtype == "text" else BYTES
        first = -len(shape) - 1 if count == 1 else 0  # where there is one, one of the odd ones
        return strings(name, shape, [pool[(first + i) % len(pool)] for i in range(count)], dtype)
    some = _pool(dtype, content)
    return from_value(name, some[np.arange(count) % len(some)].reshape(shape))._replace(name=name)


def _pool(dtype: str, content: Content) -> Any:
    of: Any = np.dtype(getattr(ml_dtypes, dtype, dtype))
    if dtype == "bool":
        return np.array([True, False, False, True, True])
    if dtype in COMPLEX:
        parts = _pool({"complex64": "float32", "complex128": "float64"}[dtype], content)
        return (parts + 0j).astype(of) if content.finite else _pairs(parts, of)
    if dtype in INTS or dtype in SMALL[:4]:
        bounds = ML.iinfo(of)
        low, high = max(int(bounds.min), -content.most), min(int(bounds.max), content.most)
        return np.array([1, 0, high, low, high - 1, low + 1, high // 3], object).astype(of)
    info = ML.finfo(of)
    plain = [1.5, -2.0, 0.0, 1 / 3, info.max, info.min, info.smallest_normal]
    some = [np.array(value).astype(of) for value in plain]
    some += [np.array(-0.0).astype(of), info.smallest_subnormal]
    if not content.finite and dtype != SMALL[4]:
        some += [np.array(value).astype(of) for value in (np.nan, np.inf, -np.inf)]
    return np.array(some, of)


def _pairs(parts: Any, of: Any) -> Any:
    return np.stack([parts, np.roll(parts, 2)], axis=-1).ravel().view(of)
