"""The arrays to measure, described so that every worker process builds the same ones."""

from __future__ import annotations

import math
import zlib
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

DISTRIBUTIONS = ("ints", "normal", "image")
IMAGE = (224, 224, 3)
SEED = 20
# Consecutive integers start again before they leave what an item of so many bytes can tell apart.
LARGEST = {1: 100, 2: 2_000, 4: 2**24, 8: 2**53}


@dataclass(frozen=True)
class Case:
    """One payload: a column of the tables."""

    label: str
    """The column heading."""
    section: str
    """The heading of its tables."""
    shape: tuple[int, ...]
    dtype: str
    values: str
    """Where the values come from: ``ints``, ``normal``, ``image``, or a file and its digest."""
    series: bool = True
    """Whether the section grows from case to case, so that crossovers have a meaning."""
    source: tuple[str, ...] = field(default=(), compare=False, repr=False)
    """Of a file: its path, and the name of the array in it. They never leave this machine."""
    made_as: str = field(default="", repr=False)
    """The dtype in which the values are made before they are cast; empty: in their own."""

    @property
    def size(self) -> int:
        """Elements."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of its array."""
        return self.size * dtype_of(self.dtype).itemsize

    @property
    def title(self) -> str:
        """Shape, dtype and distribution, in one string that no other case has."""
        return f"{list(self.shape)} {self.dtype} {self.values}"

    @property
    def what(self) -> str:
        """Shape and dtype, and the distribution unless the values are a user's."""
        if self.values in DISTRIBUTIONS:
            return self.title
        dtype = "strings" if self.dtype[0] in "<>|" else self.dtype  # theirs are as in <U5
        return f"{list(self.shape)} {dtype}"

    def to_json(self) -> dict[str, Any]:
        """Plain values, for a file that others read."""
        fields = asdict(self)
        del fields["source"], fields["made_as"]
        return fields

    def to_worker(self) -> dict[str, Any]:
        """Plain values, for a process on this machine."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Case:
        """Undo `to_json` or `to_worker`."""
        source = tuple(fields.get("source", ()))
        return cls(**{**fields, "shape": tuple(fields["shape"]), "source": source})


def dtype_of(name: str) -> np.dtype[Any]:
    """Return the dtype of that name, those of ml_dtypes included; TypeError if there is none."""
    try:
        return np.dtype(name)
    except TypeError:
        import ml_dtypes

        found = getattr(ml_dtypes, name, None)
        if found is None:
            raise
        known: np.dtype[Any] = np.dtype(found)
        return known


def build(case: Case) -> npt.NDArray[Any]:
    """Return the array of a case: C order, native bytes, the same in every process."""
    dtype = dtype_of(case.dtype)
    if case.made_as:
        return build(replace(case, dtype=case.made_as, made_as="")).astype(dtype)
    if case.values == "ints":
        counted = np.arange(case.size) % LARGEST.get(dtype.itemsize, 2**53) + 1
        made: npt.NDArray[Any] = counted.astype(dtype).reshape(case.shape)
        return made
    rng = np.random.default_rng(SEED)
    if case.values == "normal":
        return _normal(rng, case.shape, dtype)
    if case.values == "image":
        # Neighbouring pixels are similar in a picture: slow waves with a little noise on them.
        wave = np.cos(np.arange(case.size) * (2 * np.pi / 672)) * 100 + 128
        pixels = np.clip(wave + rng.normal(0, 8, case.size), 0, 255).round()
        return np.asarray(pixels).astype(dtype).reshape(case.shape)
    if not case.source:
        raise ValueError(f"the payload {case.title} is in a file of another machine")
    from .files import load

    path, name = case.source
    # The file may be far larger than the rows of it that fit into memory.
    stored = load(path, name, case.shape[0] if case.shape else None).astype(dtype, copy=False)
    return np.resize(stored, case.shape) if stored.shape != case.shape else stored


def _normal(
    rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> npt.NDArray[Any]:
    drawn = rng.standard_normal(shape)
    if dtype.kind == "c":
        return (drawn + 1j * rng.standard_normal(shape)).astype(dtype)
    if dtype.kind == "b":
        return drawn > 0
    if dtype.kind in "iu":
        scaled = np.clip(drawn * 30, -100, 100).round()
        return (np.abs(scaled) if dtype.kind == "u" else scaled).astype(dtype)
    return drawn.astype(dtype)


def digest(array: npt.NDArray[Any]) -> int:
    """One number by which a worker shows that it built what it was asked for."""
    ordered = np.ascontiguousarray(array)
    memory = ordered.reshape(-1).view(np.uint8).data if array.nbytes else b""
    return zlib.crc32(f"{array.dtype.name}{array.shape}".encode(), zlib.crc32(memory))
