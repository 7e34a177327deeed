"""All that a message says, in a form that can be compared."""

import traceback
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

import tensorwire as tw
from tests.support.expectations import describe

REFUSED = "refused"


class Wrong(Exception):  # noqa: N818 - a verdict
    """A check has found a fault."""


def contents(value: Any) -> Any:
    """Return what a message, an array or a tree says: dtypes, shapes, bits, keys in order."""
    if isinstance(value, np.ndarray):
        return describe(value)
    if is_dataclass(value) and not isinstance(value, type):
        members = [
            (one.name, contents(getattr(value, one.name))) for one in fields(value) if one.init
        ]
        return type(value).__name__, members
    if isinstance(value, dict):
        return "dict", sorted(((repr(key), contents(part)) for key, part in value.items()))
    if isinstance(value, (list, tuple)):
        return "list", [contents(part) for part in value]
    return repr(value)


def numbers(value: Any) -> Any:
    """Return what `contents` does, numbers of arrays without their dtype: 1 is 1.0."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "iuf":
        return value.shape, [repr(one) for one in map(_plain, value.ravel().tolist())]
    if is_dataclass(value) and not isinstance(value, type):
        return [numbers(getattr(value, one.name)) for one in fields(value) if one.init]
    if isinstance(value, dict):
        return [(key, numbers(value[key])) for key in sorted(value, key=repr)]
    if isinstance(value, (list, tuple)):
        return [numbers(part) for part in value]
    return contents(value)


def _plain(number: Any) -> Any:
    return int(number) if isinstance(number, float) and number.is_integer() else number


def attempt(call: Any, *arguments: Any, **options: Any) -> Any:
    """Return what a call returns, or the `CodecError` that it raises; anything else is wrong."""
    try:
        return call(*arguments, **options)
    except tw.CodecError as error:
        if not error.path.startswith("$") or not error.reason:
            raise Wrong(f"an error without place or reason: {error!r}") from error
        return error
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{place.filename.rpartition('/')[2]}:{place.lineno}"
        raise Wrong(f"raised {type(error).__name__} at {where}: {str(error)[:200]}") from error


def refused(result: Any) -> bool:
    """Return whether `attempt` has met a refusal."""
    return isinstance(result, tw.CodecError)
