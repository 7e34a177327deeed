"""Nested lists <-> numpy arrays, exactly as the lists say it."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

if TYPE_CHECKING:
    from tensorwire.errors import CodecError

__all__ = ["numbers", "rank", "rounds", "scalars", "shape", "to_array", "types"]

_EXACT = 2**53
_INT64, _UINT64 = range(-(2**63), 2**63), range(2**64)
_MAX_RANK = 64
_NUMBERS = "?bhilqBHILQefdFD"  # dtype.char of numbers that a codec may have
_CUSTOM = 2  # dtype.isbuiltin of what numpy has from elsewhere: bfloat16, the float8 types
_PADDED = 16 << 20  # bytes that padding strings to one length may cost


def to_array(nested: Any, error: type[CodecError], *, exact: bool = False) -> Any:
    """Make an array of nested lists of one depth, or give them back where no dtype holds them.

    Integers become int64 or uint64, with floats among them float64; bools bool; strings str or
    bytes. Rows that mix these (and byte strings that end in NUL, which numpy would drop) stay
    lists. With `exact`, integers that float64 would round for the floats beside them are refused.

    Raises
    ------
    error
        for ragged rows, null, and whatever is no list, number, bool or string; with path.
    """
    first, depth = nested, 0
    while type(first) is list and len(first) == 1 and depth < _MAX_RANK:
        first, depth = first[0], depth + 1
    if type(first) is float or (type(first) is int and first in _INT64):  # one number, as often
        return np.array(first, ndmin=depth)
    try:
        if not exact and {float} <= types(nested) <= {float, int}:
            return np.array(nested, np.float64)
        # As objects first: numpy would pad a million short strings to the length of a long one.
        flat: list[Any] = np.asarray(nested, object).reshape(-1).tolist()
        return _by_types(nested, flat, exact=exact)
    except (ValueError, OverflowError, RecursionError) as problem:
        raise _explain(nested, error, str(problem)) from None


def types(nested: Any) -> set[type]:
    """Tell the types in nested lists, without a look at their shape; nothing for anything else."""
    for _ in range(_MAX_RANK):
        if type(nested) is not list or {type(row) for row in nested} != {list}:
            break
        nested = list(chain.from_iterable(nested))
    return set(map(type, nested)) if type(nested) is list else set()


def _by_types(nested: Any, flat: list[Any], *, exact: bool) -> Any:
    types = set(map(type, flat))
    if types == {int}:
        return _integers(nested, flat)
    if types == {int, float} and exact and any(type(x) is int and rounds(x) for x in flat):
        raise ValueError("float64 would round an integer for the floats beside it")
    if types in ({str}, {bytes}):
        return _strings(nested, flat)
    numbers = {int, float} if bool not in types else {bool}
    if types <= numbers:
        return np.asarray(nested)
    if types <= {int, float, bool, str, bytes}:
        return nested
    array = np.asarray(nested)
    if complex in types and types <= {int, float, complex}:
        if not any(type(x) is int and rounds(x) for x in flat):
            return array
    elif len(types) == 1 and (array.dtype.char in _NUMBERS or array.dtype.isbuiltin == _CUSTOM):
        return array  # numpy scalars of one dtype
    raise ValueError("not an array of numbers, bools or strings")


def rounds(number: int) -> bool:
    """Tell whether float64 cannot hold an integer: it has 53 bits, wherever they stand."""
    return number != 0 and abs(number) // (number & -number) >= _EXACT


def rank(nested: Any) -> int:
    """Count the levels of nested lists."""
    levels = 0
    while isinstance(nested, (list, tuple)) and levels <= _MAX_RANK:
        levels, nested = levels + 1, nested[0] if nested else None
    return levels


def shape(nested: Any) -> tuple[int, ...]:
    """Give the shape of nested lists that are known to have one."""
    sizes: list[int] = []
    while isinstance(nested, (list, tuple)) and len(sizes) <= _MAX_RANK:
        sizes.append(len(nested))
        nested = nested[0] if nested else None
    return tuple(sizes)


def scalars(nested: Any) -> list[Any]:
    """Walk the scalars of nested lists of any one depth."""
    for _ in range(rank(nested) - 1):
        nested = list(chain.from_iterable(nested))
    flat: list[Any] = nested
    return flat


def numbers(nested: Any, error: type[CodecError]) -> Any:
    """Make a flat number array of a list, in which text may have quoted the numbers.

    Protobuf's JSON writes "NaN", "Infinity" and "-Infinity", and quotes 64-bit integers.
    """
    if not isinstance(nested, list):
        raise error(f"a {type(nested).__name__} in place of a list of numbers")
    if len(nested) == 1 and type(nested[0]) is float:
        return np.array(nested)
    array = to_array(nested, error)
    if isinstance(array, list) or array.dtype.kind in "UT":
        array = to_array([_unquote(x, f"[{i}]", error) for i, x in enumerate(nested)], error)
    if isinstance(array, list) or array.ndim != 1:
        raise error("nested or mixed values in place of a flat list of numbers")
    return array


def _unquote(item: Any, path: str, error: type[CodecError]) -> Any:
    if not isinstance(item, str):
        return item
    if item in _WORDS:
        return float(_WORDS[item])
    try:
        number = orjson.loads(item)
    except ValueError:
        number = None
    if type(number) not in (int, float):
        raise error(f"{item[:40]!r} is not a number", path)
    return number


_WORDS = {"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}


def _integers(nested: Any, flat: list[int]) -> Any:
    low, high = min(flat), max(flat)
    if low in _INT64 and high in _INT64:
        return np.asarray(nested, np.int64)
    return np.asarray(nested, np.uint64) if low >= 0 and high in _UINT64 else nested


def _strings(nested: Any, flat: list[Any]) -> Any:
    text = isinstance(flat[0], str)
    nul, width = ("\0", 4) if text else (b"\0", 1)
    padded = max(map(len, flat)) * width * len(flat)
    if padded <= _PADDED and not any(item.endswith(nul) for item in flat):
        return np.asarray(nested)
    return np.asarray(nested, np.dtypes.StringDType()) if text else nested


def _explain(nested: Any, error: type[CodecError], otherwise: str) -> CodecError:
    """Find what keeps nested lists from being an array, and say where."""
    shape: list[int] = []
    first = nested
    while isinstance(first, (list, tuple)) and len(shape) <= _MAX_RANK:
        shape.append(len(first))
        first = first[0] if first else None
    if len(shape) > _MAX_RANK:
        return error(f"more than {_MAX_RANK} nested lists; numpy stops at rank {_MAX_RANK}")
    return _search(nested, shape, error) or error(otherwise)


def _search(nested: Any, shape: list[int], error: type[CodecError]) -> CodecError | None:
    """Find the first node that is not as the first row of each level has it.

    A walk without calls of itself: lists may be 64 deep, and the caller's own calls too.
    """
    levels, path, rank = [iter((nested,))], [-1], len(shape)
    while levels:
        depth = len(levels) - 1
        for node in levels[-1]:
            path[-1] += 1
            if not isinstance(node, (list, tuple)):
                reason = _no_value(node)
                if depth < rank:
                    reason = f"a single value in place of a row of {shape[depth]}"
            elif depth == rank:
                reason = f"a row of {len(node)} in place of a single value"
            elif len(node) != shape[depth]:
                reason = f"ragged: a row of {len(node)} where the first has {shape[depth]}"
            else:
                levels.append(iter(node))
                path.append(-1)
                break
            if reason:
                return error(reason, "".join(f"[{i}]" for i in path[1:]))
        else:
            levels.pop()
            path.pop()
    return None


def _no_value(node: Any) -> str | None:
    if node is None:
        return "null is not a value of an array; some writers put it for NaN"
    if isinstance(node, (int, float, complex, str, bytes, np.generic)):
        return None
    return f"a {type(node).__name__} is not a value of an array"
