"""Recorded traffic: a folder of requests, what is in it, and a sample of its arrays to measure."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..figures import percent, printable
from .files import PayloadError, record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tensorwire.tree import Array

FILES, BYTES = 10_000, 1 << 30
"""Of a folder that has more, so many files are read, evenly over their names."""
ARRAYS = 8
"""Arrays that are measured; some more of traffic that has everything in all sizes."""
SIDECARS = (".headers", ".headers.json", ".meta", ".meta.json")
"""Ends of the names of files that describe a request beside them: the bytes tell what it is."""


@dataclass(frozen=True)
class Recorded:
    """One array of a recorded request."""

    path: str
    name: str
    form: str
    dtype: str
    shape: tuple[int, ...]
    nbytes: int

    @property
    def kind(self) -> str:
        """Its dtype without a width: what a codec refuses is decided by that."""
        return self.dtype.rstrip("0123456789")


@dataclass(frozen=True)
class Request:
    """One file that could be read."""

    form: str
    size: int
    """Its bytes, as they were recorded."""
    arrays: tuple[Recorded, ...]


@dataclass(frozen=True)
class Traffic:
    """All that was recorded."""

    name: str
    requests: tuple[Request, ...]
    unreadable: tuple[tuple[str, str], ...]
    """Names of files, and why."""
    left_out: int
    """Files that were not read, since there are so many."""

    @property
    def arrays(self) -> list[Recorded]:
        """The arrays of all requests."""
        return [array for request in self.requests for array in request.arrays]

    def sample(self) -> list[tuple[Recorded, int]]:
        """Return the arrays to measure, and how many of all each of them stands for.

        Each combination of form, dtype and shape is a stratum; where there are more of them than
        `ARRAYS`, those of one kind of dtype and about the same size are put together. Each stratum
        has one array, and the more the larger its share of all bytes. An array stands for a part
        of its stratum, by size, and is as large as the mean of that part.
        """
        for keys in STRATA:
            strata = _strata(self.arrays, keys)
            if len(strata) <= ARRAYS:
                break
        counts = [1] * len(strata)
        weights = [sum(array.nbytes + 1 for array in each) for each in strata]
        for _ in range(ARRAYS - len(strata)):
            open_ones = [n for n, each in enumerate(strata) if counts[n] < len(each)]
            if open_ones:
                counts[max(open_ones, key=lambda n: weights[n] / (counts[n] + 1))] += 1
        parts = [
            stratum[len(stratum) * n // count : len(stratum) * (n + 1) // count]
            for stratum, count in zip(strata, counts, strict=True)
            for n in range(count)
        ]
        return [(_mean(part), len(part)) for part in parts]


STRATA: tuple[Callable[[Recorded], object], ...] = (
    lambda each: (each.form, each.dtype, each.shape),
    lambda each: (each.form, each.kind, each.nbytes.bit_length() // 2),
    lambda each: (each.kind, each.nbytes.bit_length() // 4),
)
"""What the arrays of a stratum have in common: the first of these that gives few enough."""


def _mean(found: Sequence[Recorded]) -> Recorded:
    """Return the array that is nearest to the mean size of these."""
    mean = sum(array.nbytes for array in found) / len(found)
    return min(found, key=lambda array: abs(array.nbytes - mean))


def _strata(found: Iterable[Recorded], key: Callable[[Recorded], object]) -> list[list[Recorded]]:
    strata: dict[object, list[Recorded]] = {}
    for array in sorted(found, key=lambda each: (each.nbytes, each.path, each.name)):
        strata.setdefault(key(array), []).append(array)
    return list(strata.values())


def read_traffic(paths: Sequence[str]) -> Traffic:
    """Read what is in folders, and files beside them.

    Raises
    ------
    PayloadError
        None of the files can be read.
    """
    names = [name for path in paths for name in (_files(path) if Path(path).is_dir() else [path])]
    total = sum(_size(name) for name in names)
    wanted = min(len(names), FILES, max(1, len(names) * BYTES // max(total, 1)))
    chosen = [names[n * len(names) // wanted] for n in range(wanted)]
    requests, unreadable = [], []
    for path in chosen:
        try:
            form, found = record(path)
        except PayloadError as error:
            unreadable.append((printable(Path(path).name), str(error).removeprefix(f"{path}: ")))
            continue
        arrays = tuple(
            Recorded(path, name, form, _dtype(array), array.shape, array.nbytes)
            for name, array in found
        )
        requests.append(Request(form, _size(path), arrays))
    if not requests:
        first = f"{unreadable[0][0]}: {unreadable[0][1]}" if unreadable else "the folder is empty"
        count = f"none of {len(unreadable):,}" if unreadable else "none"
        shown = ", ".join(paths)
        raise PayloadError(f"{shown}: expected requests that can be read, got {count}; {first}")
    # Where they lie is nobody's business: advice is written into files.
    shown = printable(", ".join(Path(path).resolve().name for path in paths))
    return Traffic(shown, tuple(requests), tuple(unreadable), len(names) - len(chosen))


def _files(folder: str) -> list[str]:
    """Return the files in a folder and in those below it: no links, nothing hidden, no pipes."""
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(place, name)
            hidden = name.startswith(".") or name.endswith(SIDECARS)
            if not hidden and not path.is_symlink() and path.is_file():
                found.append(str(path))
    return found


def _dtype(array: Array) -> str:
    """Return the name of a dtype; strings of every length have the same."""
    return {"U": "str", "S": "bytes"}.get(array.dtype.kind, array.dtype.name)


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0  # reading it says why


def shares(names: Iterable[str], most: int = 4) -> str:
    """Return what is most frequent, with its share of all: ``json/ndarray 80 %, npy 20 %``."""
    counts = Counter(names)
    total = sum(counts.values())
    parts = [f"{name} {percent(count / total)}" for name, count in counts.most_common(most)]
    more = len(counts) - most
    return ", ".join(parts) + (f", {more:,} others" if more > 0 else "")
