"""From options to what is measured: payloads, codecs, baselines."""

from __future__ import annotations

import os
from dataclasses import replace
from fnmatch import fnmatchcase
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import tensorwire as tw
from bench.codecs.options import BATCHES
from bench.measuring.payloads import IMAGE, Case, carried, dtype_of
from bench.measuring.ways import baselines_for, missing_for
from tensorwire.containers import CONTAINERS
from tensorwire.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.options import Options

FEATURES = 10
IMAGE_BATCHES = (1, 10)
PICTURE = "224x224x3"


class UsageError(Exception):
    """The options ask for something that does not exist: one line, exit code 2."""


def require(module: str, option: str) -> None:
    """Say which extra to install if an option's package is missing."""
    if find_spec(module) is None:
        raise UsageError(f"{option} needs {module}: pip install 'tensorwire[bench]'")


def select(globs: Sequence[str]) -> tuple[str, ...]:
    """Return the codecs that match any of the patterns; without one, the twelve, no plug-ins."""
    if not globs:
        return tuple(f"{container}/{kind}" for container in CONTAINERS for kind in KINDS)
    known = tw.codec_names()
    for glob in globs:
        if not any(fnmatchcase(name, glob) for name in known):
            raise UsageError(f"no codec matches {glob!r}; known: {', '.join(known)}")
    return tuple(name for name in known if any(fnmatchcase(name, glob) for glob in globs))


def ways(codecs: Sequence[str], *, floors: bool = False) -> tuple[tuple[str, ...], list[str]]:
    """Return codecs and the baselines that can run, and a line for each that cannot."""
    found, skipped = list(codecs), []
    for name in baselines_for(codecs, floors=floors):
        module = missing_for(name)
        if module is None:
            found.append(name)
        else:
            skipped.append(f"skipped {name}: {module} is not installed")
    return tuple(found), skipped


def cases(options: Options) -> list[Case]:
    """Return the payloads to measure."""
    if options.payload:
        return [case for name in options.payload for case in _from_file(options, name)]
    values = options.values or "normal"
    name = _dtype_name(options.dtype or ("uint8" if values == "image" else "float64"))
    picture = values == "image" and options.features is None
    row = IMAGE if picture else (options.features or FEATURES,)
    batches = options.batch or (IMAGE_BATCHES if picture else BATCHES)
    what = "x".join(map(str, row)) if picture else f"{row[0]}"
    section = f"{name} [batch, {what}], {values} values"
    found = [Case(f"{batch:,}", section, (batch, *row), name, values) for batch in batches]
    own = options.batch or options.features or options.dtype or options.values
    return found if own else [*found, *_others()]


def _others() -> list[Case]:
    def other(label: str, shape: tuple[int, ...], dtype: str, values: str) -> Case:
        return Case(label, "other payloads", shape, dtype, values, series=False)

    return [
        other("1 int", (1, 1), "float64", "ints"),
        other("100k ints", (1, 100_000), "float64", "ints"),
        other("float32", (1_000, FEATURES), "float32", "normal"),
        other("image", IMAGE, "uint8", "image"),
    ]


def _from_file(options: Options, name: str) -> list[Case]:
    from bench.measuring.payload_files import load

    try:
        array = load(name)
    except ValueError as error:
        raise UsageError(f"--payload {error}") from None
    dtype = _dtype_name(options.dtype) if options.dtype else array.dtype.name
    if array.dtype.kind in "US":
        dtype = array.dtype.str
    section = f"{Path(name).name}: {dtype} {list(array.shape)}"
    path = str(Path(name).resolve())
    whole = Case("payload", section, array.shape, dtype, path)
    if not options.batch:
        return [whole]
    if array.ndim == 0 or array.size == 0:
        raise UsageError(f"--batch: the payload {name} has no rows to repeat")
    return [
        replace(whole, label=f"{batch:,}", shape=(batch, *array.shape[1:]))
        for batch in options.batch
    ]


def _dtype_name(name: str) -> str:
    try:
        dtype = dtype_of(name)
    except (TypeError, ValueError):
        raise UsageError(f"--dtype: there is no dtype {name!r}") from None
    if dtype.kind in "US" or not carried(dtype):
        raise UsageError(f"--dtype: {name!r} is not a dtype of numbers that a format carries")
    return dtype.name


def check_memory(found: Sequence[Case], names: Sequence[str]) -> None:
    """Refuse payloads whose bodies do not fit into memory together."""
    try:
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return
    need = sum(
        case.size * (dtype_of(case.dtype).itemsize * (1 + 1.3 * len(names)) + 60) for case in found
    )
    if need > free:
        raise UsageError(
            f"these payloads need about {need / 1e9:,.0f} GB at once, {free / 1e9:,.1f} GB are"
            " free: choose smaller ones, or fewer codecs"
        )
