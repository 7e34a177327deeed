"""From options to what is measured: payloads, codecs, baselines; a user's own files, too."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import tensorwire as tw
from tensorwire.errors import unknown

from ..cli import require_all
from ..figures import printable
from ..implementations.lookup import baselines_for, builtin_codecs, missing_for
from ..interrupt import UsageError
from ..payloads import arrays
from ..payloads.case import IMAGE, Case, digest, dtype_of
from ..payloads.files import PayloadError, read, split
from ..screen import shortened

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tensorwire.tree import Array

    from ..cli import Options

BATCHES = (1, 10, 100, 1_000, 10_000)
FEATURES = 10
IMAGE_BATCHES = (1, 10)
MOST = 24
"""Arrays of one run: more columns than that nobody reads."""
HEADING = 24
"""Characters of a column's heading."""
NAME = 60
"""Characters of an array's name where there is room."""
SECTION = "payloads from files"


def select(globs: Sequence[str]) -> tuple[str, ...]:
    """Return the codecs that match any of the patterns; without one, the twelve, no plug-ins."""
    if not globs:
        return builtin_codecs()
    known = tw.codec_names()
    for glob in globs:
        if not any(fnmatchcase(name, glob) for name in known):
            raise UsageError(unknown("the name or pattern of a codec", glob, known))
    return tuple(name for name in known if any(fnmatchcase(name, glob) for glob in globs))


def check_packages(globs: Sequence[str]) -> None:
    """Raise UsageError if a codec that was asked for by its name lacks the package it needs."""
    for name in set(globs) & set(tw.codec_names()):
        needed: tuple[str, ...] = getattr(tw.get_codec(name), "needs", ())
        require_all(name, *needed)


def implementations(
    codecs: Sequence[str], *, bounds: bool = False
) -> tuple[tuple[str, ...], list[str]]:
    """Return codecs and the baselines that can run, and a line for each that cannot."""
    found, skipped = list(codecs), []
    for name in baselines_for(codecs, bounds=bounds):
        module = missing_for(name)
        if module is None:
            found.append(name)
        else:
            skipped.append(f"skipped {name}: {module} is not installed")
    return tuple(found), skipped


def cases(options: Options) -> list[Case]:
    """Return the payloads to measure."""
    if options.payload:
        return user_payloads(options)
    values = options.values or "normal"
    name = dtype_name(options.dtype or ("uint8" if values == "image" else "float64"))
    picture = values == "image" and options.features is None
    row = IMAGE if picture else (options.features or FEATURES,)
    batches = options.batch or (IMAGE_BATCHES if picture else BATCHES)
    what = "x".join(map(str, row)) if picture else f"{row[0]}"
    section = f"{name} [batch, {what}], {values} values"
    return [Case(f"{batch:,}", section, (batch, *row), name, values) for batch in batches]


def dtype_name(name: str) -> str:
    """Return numpy's name of the dtype that ``--dtype`` asks for."""
    try:
        dtype = dtype_of(name)
    except (TypeError, ValueError):
        raise UsageError(f"--dtype: expected a dtype, got {name!r}") from None
    if dtype.kind in "US" or not arrays.representable(dtype):
        reason = f"expected a dtype of numbers that a format represents, got {name!r}"
        raise UsageError(f"--dtype: {reason}")
    return dtype.name


def check_memory(found: Sequence[Case], names: Sequence[str]) -> None:
    """Refuse payloads whose bodies do not fit into memory together."""
    need = sum(case.nbytes * (1 + 1.3 * len(names)) + 60 * case.size for case in found)
    free = arrays.free_memory()
    if free is not None and need > free:
        raise UsageError(
            f"expected payloads that fit into the {free / 1e9:,.1f} GB that are free, got about"
            f" {need / 1e9:,.0f} GB; choose smaller ones, or fewer codecs"
        )


def user_payloads(options: Options) -> list[Case]:
    """Return a case for each array; with ``--batch``, a section of each, repeated to these rows.

    Raises
    ------
    UsageError
        A file cannot be read, holds no array, or too many; or ``--dtype`` cannot hold its values.
    """
    found: dict[tuple[str, ...], Case] = {}
    for text in options.payload:
        path, asked = split(text)
        try:
            for name, array in read(path, asked):
                case = user_case(options, path, name, array)
                found.setdefault(case.source, case)
                if len(found) > MOST:
                    raise UsageError(
                        f"{text}: expected at most {MOST} arrays, got more; choose with"
                        f" {path}::NAME,NAME or a pattern such as {path}::layer1*"
                    )
        except PayloadError as error:
            raise UsageError(str(error)) from None
    whole = labelled(list(found.values()))
    if options.batch:
        return [one for case in whole for one in _repeated(case, options.batch)]
    if len(whole) == 1:
        return whole
    return [replace(case, section=SECTION, series=False) for case in whole]


def user_case(options: Options, path: str, name: str, array: Array) -> Case:
    """Describe an array of a file, so that workers read it again."""
    shown = printable(f"{Path(path).name}::{name}" if name else Path(path).name)
    dtype = array.dtype.str if array.dtype.kind in "US" else array.dtype.name
    source = (str(Path(path).resolve()), name)
    case = Case(shown, "", array.shape, dtype, "", source=source)
    if not options.batch:
        check_memory([case], ())  # before all of a mapped file is read
    number = digest(array)
    if options.dtype:
        case = replace(case, dtype=_cast(array, dtype_name(options.dtype), shown))
    values = f"{shortened(shown, NAME)} #{number:08x}"
    return replace(case, values=values)


def _cast(array: Array, name: str, shown: str) -> str:
    """Check that a dtype can hold the values, roughly at least."""
    wanted = dtype_of(name)
    refused = UsageError(f"--dtype: expected a dtype that holds {shown}, got {name}")
    if array.dtype.kind in "US" or (array.dtype.kind == "c" and wanted.kind != "c"):
        raise refused
    if wanted.kind in "iu" and array.size:
        bounds = np.iinfo(wanted)
        least, most = array.min(), array.max()
        if not (bounds.min <= least and most <= bounds.max):  # nor does a NaN
            raise refused
    return name


def labelled(found: Sequence[Case]) -> list[Case]:
    """Return each with a heading of its own that is not too wide, and a section."""
    made: list[Case] = []
    used: set[str] = set()
    for case in found:
        label = next(text for text in _headings(case.label) if text not in used)
        used.add(label)
        dtype = dtype_of(case.dtype)
        what = "strings" if dtype.kind in "US" else case.dtype
        section = f"{shortened(case.label, NAME)}: {what} {list(case.shape)}"
        made.append(replace(case, label=label, section=section))
    return made


def _headings(name: str) -> Iterator[str]:
    yield shortened(name, HEADING)
    number = 2
    while True:
        yield f"{shortened(name, HEADING - 4)} ({number})"
        number += 1


def _repeated(case: Case, batches: Sequence[int]) -> Iterator[Case]:
    if not case.shape or 0 in case.shape:
        raise UsageError(f"--batch: expected payloads with rows to repeat, got {case.label}")
    for batch in batches:
        yield replace(case, label=f"{batch:,}", shape=(batch, *case.shape[1:]))
