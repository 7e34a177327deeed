"""Nested lists <-> numpy arrays, exactly as the lists say it."""

from __future__ import annotations

import re
from array import array as flat_array
from itertools import chain
from types import NoneType
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from tensorwire.errors import CodecError, DecodeError
from tensorwire.missing import VERIFIED, Unverified

if TYPE_CHECKING:
    from tensorwire.missing import Reading
    from tensorwire.tree import Array

__all__ = [
    "check_numbers",
    "numbers",
    "place",
    "rank",
    "rounded",
    "rounds",
    "scalars",
    "shape",
    "to_array",
    "types",
]

_EXACT = 2**53
_SAFE = 2.0**53  # integers below it are floats, all of them
_WIDE = 2.0**63  # of an integer that a parser made a float of, for want of 64 bits
_FEW = 16  # numbers that are looked at one by one
_MANY = 8192  # numbers that are added up at once, by one thread
_INTEGER = re.compile("-?[0-9]+")
_INT64, _UINT64 = range(-(2**63), 2**63), range(2**64)
_MAX_RANK = 64
_NUMBERS = "?bhilqBHILQefdFD"  # dtype.char of numbers that a codec may have
_CUSTOM = 2  # dtype.isbuiltin of what numpy has from elsewhere: bfloat16, the float8 types
_PADDED = 16 << 20  # bytes that padding strings to one length may cost


def to_array(nested: Any, error: type[CodecError], how: Reading = VERIFIED) -> Any:
    """Make an array of nested lists of one depth, or give them back where no dtype holds them.

    Integers become int64 or uint64, with floats among them float64; bools bool; strings str or
    bytes. Rows that mix these (and byte strings that end in NUL, which numpy would drop) stay
    lists. None among floats, or alone, becomes NaN where `how` allows it.

    Raises
    ------
    error
        for ragged rows, integers that float64 would round for the floats beside them, None that
        `how` does not allow, and whatever is no list, number, bool or string; with path.
    Unverified
        where `how` is not verified, and a float may have been an integer beyond 64 bits.
    """
    first, depth = nested, 0
    while type(first) is list and len(first) == 1 and depth < _MAX_RANK:
        first, depth = first[0], depth + 1
    kind = type(first)  # one number, as often
    if (kind is float and -_SAFE < first < _SAFE) or (kind is int and first in _INT64):
        return np.array(first, ndmin=depth)
    try:
        found = types(nested)
        if {float} <= found <= {float, int} or (NoneType in found and _are_floats(found, how)):
            return _floats(nested, np.array(nested, np.float64), found, error, how)
        # As objects first: numpy would pad a million short strings to the length of a long one.
        objects = np.asarray(nested, object)
        return _by_types(nested, objects.reshape(-1).tolist(), objects.shape, error, how)
    except CodecError:
        raise
    except (ValueError, OverflowError, RecursionError) as problem:
        raise _explain(nested, error, str(problem)) from None


def types(nested: Any) -> set[type]:
    """Tell the types in nested lists, without a look at their shape; nothing for anything else."""
    for _ in range(_MAX_RANK):
        if type(nested) is not list or {type(row) for row in nested} != {list}:
            break
        nested = list(chain.from_iterable(nested))
    return set(map(type, nested)) if type(nested) is list else set()


def _are_floats(types: set[type], how: Reading) -> bool:
    """Return whether None among values of these types is NaN."""
    values = types - {NoneType}
    numbers = values <= {float, int} and (float in values or not values)
    return how.null and (numbers or (len(values) == 1 and values <= how.also))


def _floats(
    nested: Any, array: Array, types: set[type], error: type[CodecError], how: Reading
) -> Array:
    """Return the array of nested lists of numbers, once it is sure that it holds what they say."""
    # Below this, no integer can have been rounded. NaN is not below it.
    if array.size <= _MANY and np.vdot(array, array) < _SAFE * _SAFE:
        return array
    if types == {float} and how.verified:
        return array
    large = np.flatnonzero(~(np.abs(array) < _SAFE))
    flat = scalars(nested) if large.size else []
    for at in large.tolist():
        number = flat[at]
        if type(number) is int and how.exact and rounds(number):
            raise error(rounded(number), place(at, array.shape))
        if type(number) is float and not how.verified and _may_be_integer(number):
            raise Unverified
    return array


def rounded(number: int) -> str:
    """Return why an integer cannot stand beside floats, and what to do."""
    reason = f"expected integers that float64 holds beside floats, got {number}"
    return f"{reason}; put integers and floats into arrays of their own"


def place(at: int, shape: tuple[int, ...]) -> str:
    """Return where the element of that number stands in nested lists, as in ``[0][3]``."""
    return "".join(f"[{i}]" for i in np.unravel_index(at, shape))


def _may_be_integer(number: float) -> bool:
    """Return whether a parser may have made a float of an integer beyond 64 bits."""
    return not -_WIDE < number < _WIDE


def check_numbers(node: Any, how: Reading) -> None:
    """Raise `Unverified` where a float in a JSON value may have been an integer beyond 64 bits."""
    left = [] if how.verified else [node]
    while left:
        part = left.pop()
        if type(part) is dict:
            left.extend(part.values())
        elif type(part) is list:
            if len(part) > _FEW and {float} <= set(map(type, part)) <= {float, int}:
                values = np.frombuffer(flat_array("d", part))
                left += [float(values.min()), float(values.max())]
            else:
                left.extend(part)
        elif type(part) is float and _may_be_integer(part):
            raise Unverified


def _by_types(  # noqa: C901, PLR0911
    nested: Any,
    flat: list[Any],
    shape: tuple[int, ...],
    error: type[CodecError],
    how: Reading,
) -> Any:
    types = set(map(type, flat))
    if types == {int}:
        return _integers(nested, flat)
    if types == {int, float} or (NoneType in types and _are_floats(types, how)):
        return _floats(nested, np.asarray(nested, np.float64), types, error, how)
    if types in ({str}, {bytes}):
        return _strings(nested, flat)
    numbers = {int, float} if bool not in types else {bool}
    if types <= numbers:
        return np.asarray(nested)
    if types <= {int, float, bool, str, bytes, NoneType}:
        if NoneType in types and not (how.rows and _are_mixed(types)):
            raise error(_null(types, error, how), place(flat.index(None), shape))
        if not how.verified and any(type(x) is float and _may_be_integer(x) for x in flat):
            raise Unverified
        return nested
    array = np.asarray(nested)
    if complex in types and types <= {int, float, complex}:
        if not any(type(x) is int and rounds(x) for x in flat):
            return array
    elif len(types) == 1 and (array.dtype.char in _NUMBERS or array.dtype.isbuiltin == _CUSTOM):
        return array  # numpy scalars of one dtype
    raise ValueError("not an array of numbers, bools or strings")


def _are_mixed(types: set[type]) -> bool:
    """Return whether no one array holds values of these types, even without None."""
    values = types - {NoneType}
    return not values <= {int, float} and values != {bool}


def _null(types: set[type], error: type[CodecError], how: Reading) -> str:
    """Return why None cannot stand among values of these types, and what to do."""
    kind = "integers" if int in types else "bools"
    if error is not DecodeError:
        if types == {bool, NoneType}:
            return "expected bools, got None; pass True or False, or numbers with missing='null'"
        return "expected numbers, got None; missing='null' writes None as NaN is written"
    if types in ({int, NoneType}, {bool, NoneType}):
        also = "" if how.null or not how.remedy else " and missing='null'"
        remedy = f"; {how.remedy}{also}" if how.remedy else ""
        return f"expected {kind}, got null, which is NaN, and only floats have that{remedy}"
    if _are_mixed(types):
        return "expected values, got null; missing='null' reads it as None"
    return "expected numbers, got null; missing='null' reads it as NaN"


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


def numbers(nested: Any, error: type[CodecError], how: Reading = VERIFIED) -> Any:
    """Make a flat number array of a list, in which text may have quoted the numbers.

    Protobuf's JSON writes "NaN", "Infinity" and "-Infinity", and quotes 64-bit integers.
    """
    if not isinstance(nested, list):
        raise error(f"a {type(nested).__name__} in place of a list of numbers")
    if len(nested) == 1 and type(nested[0]) is float and -_SAFE < nested[0] < _SAFE:
        return np.array(nested)
    array = to_array(nested, error, how._replace(rows=how.null))
    if isinstance(array, list) or array.dtype.kind in "UT":
        array = to_array([_unquote(x, f"[{i}]", error) for i, x in enumerate(nested)], error, how)
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
    if type(number) is float and _INTEGER.fullmatch(item):
        raise error(f"expected an integer of 64 bits, got {item[:40]}", path)
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
    if isinstance(node, (NoneType, int, float, complex, str, bytes, np.generic)):
        return None
    return f"a {type(node).__name__} is not a value of an array"
