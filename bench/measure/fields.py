"""What stands in the file of a run, each field of the type that it has: people edit files."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from bench.implementations.implementation import MEASURED
from bench.payloads.case import Case, dtype_of

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")


def of(told: Mapping[str, Any], key: str, kind: type[T]) -> T:
    """Return a field; KeyError if there is none, TypeError if it is of another type."""
    value = told[key]
    if type(value) is not kind:
        raise TypeError(f"{key} is {value!r}, not of type {kind.__name__}")
    return value


def case_of(told: Mapping[str, Any]) -> Case:
    """Return a payload: KeyError or TypeError if it is none."""
    of({"case": told}, "case", dict)
    for key in ("label", "section", "dtype", "values"):
        of(told, key, str)
    for size in of(told, "shape", list):
        of({"shape": size}, "shape", int)
    with suppress(ImportError):  # ml_dtypes is not needed to show a name
        dtype_of(told["dtype"])
    return Case.from_json(told)


def operation_of(told: Mapping[str, Any]) -> str:
    """Return ``encode``, ``decode`` or ``decode+use``."""
    found = of(told, "operation", str)
    if found not in MEASURED:
        raise TypeError(f"operation is {found!r}, not one of {', '.join(MEASURED)}")
    return found


def trips_of(told: Mapping[str, Any]) -> dict[int, float]:
    """Return the seconds of a plain request, by its bytes."""
    found = of({"trips": json.loads(told.get("trips", "{}"))}, "trips", dict)
    return {int(size): of(found, size, float) for size in found}
