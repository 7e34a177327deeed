"""From options to what is measured: payloads, codecs, baselines."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import tensorwire as tw
from bench.codecs.options import BATCHES
from bench.implementations.lookup import baselines_for, missing_for
from bench.options import UsageError, require_all
from bench.payloads import room
from bench.payloads.case import IMAGE, Case, carried, dtype_of
from tensorwire.containers import CONTAINERS
from tensorwire.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.options import Options

FEATURES = 10
IMAGE_BATCHES = (1, 10)


def select(globs: Sequence[str]) -> tuple[str, ...]:
    """Return the codecs that match any of the patterns; without one, the twelve, no plug-ins."""
    if not globs:
        return tuple(f"{container}/{kind}" for container in CONTAINERS for kind in KINDS)
    known = tw.codec_names()
    for glob in globs:
        if not any(fnmatchcase(name, glob) for name in known):
            raise UsageError(f"no codec matches {glob!r}; known: {', '.join(known)}")
    return tuple(name for name in known if any(fnmatchcase(name, glob) for glob in globs))


def check_packages(globs: Sequence[str]) -> None:
    """Raise UsageError if a codec that was asked for by its name lacks the package it needs."""
    for name in set(globs) & set(tw.codec_names()):
        needed: tuple[str, ...] = getattr(tw.get_codec(name), "needs", ())
        require_all(name, *needed)


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
        from bench.codecs.own import cases as own_cases

        return own_cases(options)
    values = options.values or "normal"
    name = dtype_name(options.dtype or ("uint8" if values == "image" else "float64"))
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


def dtype_name(name: str) -> str:
    """Return numpy's name of the dtype that ``--dtype`` asks for."""
    try:
        dtype = dtype_of(name)
    except (TypeError, ValueError):
        raise UsageError(f"--dtype: there is no dtype {name!r}") from None
    if dtype.kind in "US" or not carried(dtype):
        raise UsageError(f"--dtype: {name!r} is not a dtype of numbers that a format carries")
    return dtype.name


def check_memory(found: Sequence[Case], names: Sequence[str]) -> None:
    """Refuse payloads whose bodies do not fit into memory together."""
    need = sum(case.nbytes * (1 + 1.3 * len(names)) + 60 * case.size for case in found)
    free = room.free()
    if free is not None and need > free:
        raise UsageError(
            f"these payloads need about {need / 1e9:,.0f} GB at once, {free / 1e9:,.1f} GB are"
            " free: choose smaller ones, or fewer codecs"
        )
