"""From ``--payload`` to cases: a column for each array in the files, or a series of each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.codecs.plan import check_memory, dtype_name
from bench.options import UsageError
from bench.payloads import PayloadError, read, split
from bench.payloads.case import Case, digest, dtype_of
from bench.screen.text import printable, shortened

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.options import Options
    from tensorwire.tree import Array

MOST = 24
"""Arrays of one run: more columns than that nobody reads."""
HEADING = 24
"""Characters of a column's heading."""
NAME = 60
"""Characters of an array's name where there is room."""
SECTION = "payloads from files"


def cases(options: Options) -> list[Case]:
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
                case = _case(options, path, name, array)
                found.setdefault(case.source, case)
                if len(found) > MOST:
                    raise UsageError(
                        f"--payload {text}: more than {MOST} arrays; choose with"
                        f" {path}::NAME,NAME or a pattern such as {path}::layer1*"
                    )
        except PayloadError as error:
            raise UsageError(f"--payload {error}") from None
    whole = _labelled(list(found.values()))
    if options.batch:
        return [one for case in whole for one in _repeated(case, options.batch)]
    if len(whole) == 1:
        return whole
    return [replace(case, section=SECTION, series=False) for case in whole]


def _case(options: Options, path: str, name: str, array: Array) -> Case:
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
    """See that a dtype can hold the values, roughly at least."""
    wanted = dtype_of(name)
    refused = UsageError(f"--dtype {name}: the values of {shown} do not fit into it")
    if array.dtype.kind in "US" or (array.dtype.kind == "c" and wanted.kind != "c"):
        raise refused
    if wanted.kind in "iu" and array.size:
        bounds = np.iinfo(wanted)
        least, most = array.min(), array.max()
        if not (bounds.min <= least and most <= bounds.max):  # nor does a NaN
            raise refused
    return name


def _labelled(found: Sequence[Case]) -> list[Case]:
    """Give each a heading of its own that is not too wide, and a section."""
    made: list[Case] = []
    taken: set[str] = set()
    for case in found:
        label = next(text for text in _headings(case.label) if text not in taken)
        taken.add(label)
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
        raise UsageError(f"--batch: the payload {case.label} has no rows to repeat")
    for batch in batches:
        yield replace(case, label=f"{batch:,}", shape=(batch, *case.shape[1:]))
