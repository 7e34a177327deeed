"""Nested lists <-> numpy arrays; every value is converted exactly or refused."""

from __future__ import annotations

import re
from array import array as flat_array
from itertools import chain
from math import prod
from types import NoneType
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import orjson

from tensorwire.errors import CodecError, DecodeError, EncodeError, LongInteger, shown
from tensorwire.missing import VERIFIED, Unverified

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tensorwire.missing import Reading

    Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

__all__ = [
    "check_empty_rows",
    "check_numbers",
    "element_path",
    "first_value",
    "mixed",
    "numbers",
    "rank",
    "rounding_error",
    "rounds",
    "scalars",
    "shape",
    "to_array",
    "types",
]

_EXACT = 2**53
_SAFE = 2.0**53  # integers below it are floats, all of them
_SQUARES = _SAFE**2  # the sum of squares is below it where no number can have been rounded
_WIDE = 2.0**63  # a larger float may be an integer beyond 64 bits that a parser converted
_LOOP_MAX = 16  # numbers that Python compares faster than numpy
_LONG_TEXT = 16 << 10  # bytes of text: scanning longer text is faster than walking its values
_DOT_MAX = 8192  # numbers of which numpy computes the dot product in one thread
_NUMBERS = frozenset({int, float})
_INTEGER = re.compile("-?[0-9]+")
_INT64, _UINT64 = range(-(2**63), 2**63), range(2**64)
_MAX_RANK = 64
_KINDS = "?bhilqBHILQefdFD"  # dtype.char of the numbers that codecs support
_CUSTOM = 2  # dtype.isbuiltin of dtypes that another package registers: bfloat16, float8
_JSON = "tensorwire.Message(value, 'jsonData')"  # holds any JSON value
_EMPTY_ROWS = 1 << 24  # of an array without a value: so many empty lists take 64 MB
_PADDED = 16 << 20  # bytes of an array of strings that are padded to one length


def to_array(
    nested: Any, error: type[CodecError], options: Reading = VERIFIED, *, floats: bool = False
) -> Any:
    """Return an array of nested lists, or the lists themselves where no dtype holds their values.

    Integers become int64 or uint64, with floats among them float64; bools bool; strings str or
    bytes. Rows that mix these (and byte strings that end in NUL, which numpy would drop) stay
    lists. None among floats, or alone, becomes NaN where `options` allows it; with `floats`, also
    None among integers (the values have a float dtype elsewhere in the message).

    Raises
    ------
    error
        for ragged rows, integers that float64 would round for the floats beside them, None that
        `options` does not allow, and anything but lists, numbers, bools and strings; with path.
    Unverified
        where `options` is not verified, and a float may have been an integer beyond 64 bits.
    """
    first, depth = nested, 0
    while type(first) is list and len(first) == 1 and depth < _MAX_RANK:
        first, depth = first[0], depth + 1
    kind = type(first)  # a single number is the most frequent case
    if (kind is float and -_SAFE < first < _SAFE) or (kind is int and first in _INT64):
        return np.array(first, ndmin=depth)
    flat, kinds, shape = _flat(first)
    if depth:
        shape[:0] = [1] * depth
        if kind is not list:
            flat, kinds = [first], {kind}
    try:
        if float in kinds and kinds <= _NUMBERS:
            array = np.array(flat, np.float64)
            if not _all_safe(flat, array):
                _check_floats(flat, array, kinds, shape, error, options)
            return array if len(shape) == 1 else array.reshape(shape)
        if kinds == {int}:
            return _integers(nested, flat, shape)
        # First as objects: numpy would pad a million short strings to the length of a long one.
        objects = np.asarray(nested, object)
        return _by_types(nested, objects, error, options, floats=floats)
    except CodecError:
        raise
    except (ValueError, OverflowError, RecursionError) as problem:
        raise _explain(nested, error, str(problem)) from None


def _flat(nested: Any) -> tuple[Any, set[type], list[int]]:
    """Return the flat values of nested lists, their types and shape; no types for ragged lists."""
    if type(nested) is not list:
        return nested, set(), []
    shape = [len(nested)]
    while (kinds := set(map(type, nested))) == {list}:
        sizes = set(map(len, nested))
        if len(sizes) != 1 or len(shape) == _MAX_RANK:
            return nested, set(), shape
        shape += sizes
        nested = list(chain.from_iterable(nested))
    return nested, kinds, shape


def types(nested: Any) -> set[type]:
    """Return the types of the values in nested lists; an empty set for ragged lists."""
    return _flat(nested)[1]


def _are_floats(types: set[type], options: Reading, *, floats: bool) -> bool:
    """Return whether None among values of these types is read as NaN."""
    values = types - {NoneType}
    numbers = values <= _NUMBERS and (floats or float in values or not values)
    return options.null and (numbers or (len(values) == 1 and values <= options.also))


def _all_safe(flat: list[float], array: Array) -> bool:
    """Return whether all numbers are below 2**53: smaller integers are exact in float64."""
    if array.size <= _LOOP_MAX:
        return min(flat) > -_SAFE and max(flat) < _SAFE
    # NaN compares false. A longer array is checked element by element by the caller.
    return array.size <= _DOT_MAX and bool(np.vdot(array, array) < _SQUARES)


def _check_floats(  # noqa: PLR0913, PLR0917 - the state of `to_array`
    flat: list[Any],
    array: Array,
    types: set[type],
    shape: Sequence[int],
    error: type[CodecError],
    options: Reading,
) -> None:
    if options.verified and int not in types:
        return
    for at in np.flatnonzero(~(np.abs(array) < _SAFE)).tolist():
        number = flat[at]
        if type(number) is int and options.exact and rounds(number):
            raise rounding_error(number, error, element_path(at, shape))
        if type(number) is float and not options.verified and _may_be_integer(number):
            raise Unverified


def rounding_error(number: int, error: type[CodecError], path: str) -> CodecError:
    """Return the error for an integer beside floats that float64 does not represent."""
    reason = f"expected integers that float64 represents beside floats, got {number}"
    return error(reason, path, "put integers and floats into separate arrays")


def element_path(at: int, shape: Sequence[int]) -> str:
    """Return the path of an element in nested lists by its flat index, as in ``[0][3]``."""
    return "".join(f"[{i}]" for i in np.unravel_index(at, shape))


def _may_be_integer(number: float) -> bool:
    """Return whether a float may be an integer beyond 64 bits that a parser converted."""
    return not -_WIDE < number < _WIDE


def check_numbers(  # noqa: C901 - a function call for each level would cost more than the check
    node: Any, options: Reading, payload: int = 0, path: str = ""
) -> None:
    """Raise `Unverified` where a float in a JSON value may have been an integer beyond 64 bits.

    For a message of more than 16 KiB (`payload`, in bytes) it is always raised, because scanning
    the text is then faster than walking the values. For a `LongInteger`, which the exact reader
    returns, `DecodeError` is raised, with its path below `path`.
    """
    if options.verified:
        if options.marked:
            _refuse_long(node, path)
        return
    if payload > _LONG_TEXT:
        raise Unverified
    left: list[Any] = [(node,)]
    for part in left:  # the loop appends to the list
        if len(part) > _LOOP_MAX and type(part) is list:
            first = type(part[0])
            if first is list and set(map(type, part)) == {list}:
                left.append(list(chain.from_iterable(part)))
                continue
            if first is float and _are_small(part):
                continue
        for item in part:
            kind = type(item)
            if kind is float:
                if not -_WIDE < item < _WIDE:
                    raise Unverified
            elif kind is list:
                left.append(item)
            elif kind is dict:
                left.append(item.values())


def _refuse_long(node: Any, path: str) -> None:
    found = first_value(node, lambda item: type(item) is LongInteger)
    if found is not None:
        raise found[1].refusal(DecodeError, path + found[0])


def first_value(node: Any, wanted: Callable[[Any], bool]) -> tuple[str, Any] | None:
    """Return the path and the value of the first scalar of a JSON value that is wanted."""
    if type(node) not in (dict, list):
        return ("", node) if wanted(node) else None
    keys: list[Any] = []
    levels = [_items(node)]
    while levels:
        for key, item in levels[-1]:
            if type(item) in (dict, list):
                keys.append(key)
                levels.append(_items(item))
                break
            if wanted(item):
                names = (f"[{k}]" if type(k) is int else f".{k}" for k in [*keys, key])
                return "".join(names), item
        else:
            levels.pop()
            del keys[-1:]
    return None


def _items(node: Any) -> Iterator[tuple[Any, Any]]:
    return iter(node.items() if type(node) is dict else enumerate(node))


def _are_small(part: list[Any]) -> bool:
    """Return whether all items of a long list are numbers, and none of them is large."""
    try:
        values = np.frombuffer(flat_array("d", part))
    except TypeError:  # not a number
        return False
    return bool(np.vdot(values, values) < _WIDE**2)


def _by_types(  # noqa: C901, PLR0911 - a table of cases
    nested: Any, objects: Array, error: type[CodecError], options: Reading, *, floats: bool
) -> Any:
    flat: list[Any] = objects.reshape(-1).tolist()
    types, shape = set(map(type, flat)), objects.shape
    if types == {int}:
        return _integers(nested, flat, shape)
    is_nan = NoneType in types and _are_floats(types, options, floats=floats)
    if is_nan or (float in types and types <= _NUMBERS):
        array = np.array(flat, np.float64)
        _check_floats(flat, array, types, shape, error, options)
        return array.reshape(shape)
    if types in ({str}, {bytes}):
        return _strings(nested, flat)
    numbers = _NUMBERS if bool not in types else {bool}
    if types <= numbers:
        return np.asarray(nested)
    if types <= {int, float, bool, str, bytes, NoneType}:
        if NoneType in types and not (options.rows and _are_mixed(types)):
            reason, remedy = _null(flat, types, error, options)
            raise error(reason, element_path(flat.index(None), shape), remedy)
        if not options.verified and any(type(x) is float and _may_be_integer(x) for x in flat):
            raise Unverified
        return nested
    array = np.asarray(nested)
    if complex in types and types <= {int, float, complex}:
        wrong = [i for i, x in enumerate(flat) if type(x) is int and rounds(x)]
        if not wrong:
            return array
        got = flat[wrong[0]]
        reason = f"expected integers that float64 represents beside complex numbers, got {got}"
        remedy = "put integers and complex numbers into separate arrays"
        raise error(reason, element_path(wrong[0], shape), remedy)
    if len(types) == 1 and (array.dtype.char in _KINDS or array.dtype.isbuiltin == _CUSTOM):
        return array  # numpy scalars of one dtype
    raise ValueError("expected numbers, bools, strings or bytes, got other values")


def _are_mixed(types: set[type]) -> bool:
    """Return whether no dtype holds values of these types, None left out."""
    values = types - {NoneType}
    return not values <= {int, float} and values != {bool}


def _null(
    flat: list[Any], types: set[type], error: type[CodecError], options: Reading
) -> tuple[str, str]:
    """Return the reason and the remedy for None among values of these types."""
    if error is not DecodeError:
        if types == {bool, NoneType}:
            remedy = "pass True or False, or numbers with missing='null'"
            return "expected bools, got None", remedy
        return "expected numbers, got None", "pass missing='null' to write None as NaN is written"
    if types in ({int, NoneType}, {bool, NoneType}):
        kind = "integers" if int in types else "bools"
        reason = f"expected {kind}, got null (NaN, which only floats represent)"
        return reason, _null_among(flat, kind, options) if options.remedy else ""
    if _are_mixed(types):
        return "expected values, got null", "pass missing='null' to read it as None"
    return "expected numbers, got null", "pass missing='null' to read it as NaN"


def _null_among(flat: list[Any], kind: str, options: Reading) -> str:
    """Return the remedy for null among integers or bools."""
    exact = not any(rounds(x) for x in flat if x is not None)
    if not options.null:
        return f"{options.remedy} and missing='null' reads them as floats" if exact else ""
    if not exact:
        return "write the integers as strings"
    read = f"{options.remedy} reads them as floats"
    return read if kind == "bools" else f"write the integers as floats, as 1.0 for 1, or {read}"


def mixed(nested: Any, expected: str) -> EncodeError:
    """Return the error for rows that mix types: it shows two values of different types."""
    flat = scalars(nested)
    types = set(map(type, flat))
    if types == {int}:
        at = next(i for i, item in enumerate(flat) if item not in _INT64)
        got = f"{flat[at]} beside {min(flat)}"
        reason = f"expected integers that int64 or uint64 holds together, got {got}"
        return EncodeError(reason, element_path(at, shape(nested)), "pass each column by itself")
    at = next(i for i, item in enumerate(flat) if type(item) is not type(flat[0]))
    if NoneType in types:
        remedy = "pass a value of their type instead of None"
        at = flat.index(None)
    elif bytes in types:
        remedy = "pass all as bytes, or all as str"
    else:
        remedy = "pass each column by itself, or numpy.array(value, str)"
    other = next(item for item in flat if type(item) is not type(flat[at]))
    reason = f"expected {expected}, got {shown(flat[at])} beside {shown(other)}"
    return EncodeError(reason, element_path(at, shape(nested)), remedy)


def rounds(number: int) -> bool:
    """Return whether float64 rounds an integer: one of more than 53 significant bits."""
    return number != 0 and abs(number) // (number & -number) >= _EXACT


def rank(nested: Any) -> int:
    """Count the levels of nested lists."""
    levels = 0
    while isinstance(nested, (list, tuple)) and levels <= _MAX_RANK:
        levels, nested = levels + 1, nested[0] if nested else None
    return levels


def shape(nested: Any) -> tuple[int, ...]:
    """Return the shape of nested lists that are known to have one."""
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


def numbers(
    nested: Any, error: type[CodecError], options: Reading = VERIFIED, *, floats: bool = False
) -> Any:
    """Return a flat array of a list of numbers, which may be in quotes.

    Protobuf's JSON writes "NaN", "Infinity" and "-Infinity", and quotes 64-bit integers. For null,
    see `to_array`.
    """
    if not isinstance(nested, list):
        raise error(f"expected a list of numbers, got {shown(nested)}")
    if len(nested) == 1 and type(nested[0]) is float and -_SAFE < nested[0] < _SAFE:
        return np.array(nested)
    array = to_array(nested, error, options, floats=floats)
    if isinstance(array, list) or array.dtype.kind in "UT":
        unquoted = [_unquote(x, f"[{i}]", error) for i, x in enumerate(nested)]
        array = to_array(unquoted, error, options, floats=floats)
    if isinstance(array, list) or array.ndim != 1 or array.dtype.kind == "S":
        raise error("expected a flat list of numbers, got nested lists, bytes or several types")
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
        raise error(f"expected a number, got {shown(item)}", path)
    if type(number) is float and _INTEGER.fullmatch(item):
        raise error(f"expected an integer of 64 bits, got {item[:40]}", path)
    return number


_WORDS = {"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}


def _integers(nested: Any, flat: list[int], shape: Sequence[int]) -> Any:
    try:
        return np.array(flat, np.int64).reshape(shape)
    except OverflowError:
        fits = min(flat) >= 0 and max(flat) in _UINT64
    return np.array(flat, np.uint64).reshape(shape) if fits else nested


def _strings(nested: Any, flat: list[Any]) -> Any:
    text = isinstance(flat[0], str)
    nul, width = ("\0", 4) if text else (b"\0", 1)
    padded = max(map(len, flat)) * width * len(flat)
    if padded <= _PADDED and not any(item.endswith(nul) for item in flat):
        return np.asarray(nested)
    return np.asarray(nested, np.dtypes.StringDType()) if text else nested


def _explain(nested: Any, error: type[CodecError], default: str) -> CodecError:
    """Return the error that shows where nested lists are ragged or have another type."""
    shape: list[int] = []
    first = nested
    while isinstance(first, (list, tuple)) and len(shape) <= _MAX_RANK:
        shape.append(len(first))
        first = first[0] if first else None
    if len(shape) > _MAX_RANK:
        return error(f"expected at most {_MAX_RANK} nested lists, got more")
    return _search(nested, shape, error) or error(default)


def _search(nested: Any, shape: list[int], error: type[CodecError]) -> CodecError | None:
    """Return the error for the first node that differs from the first row of its level.

    The walk is iterative: lists may be 64 deep, where the caller is near the recursion limit.
    """
    levels, path, rank, remedy = [iter((nested,))], [-1], len(shape), ""
    while levels:
        depth = len(levels) - 1
        for node in levels[-1]:
            path[-1] += 1
            if not isinstance(node, (list, tuple)):
                reason, remedy = _wrong_type(node, error)
                if depth < rank:
                    reason = f"expected a row of {_counted(shape[depth])}, got {shown(node)}"
            elif depth == rank:
                reason = f"expected a single value, got a row of {_counted(len(node))}"
            elif len(node) != shape[depth]:
                reason = f"expected a row of {_counted(shape[depth])}, got a row of {len(node)}"
                if error is not DecodeError:
                    remedy = f"pad the rows, or pass {_JSON} to dumps()"
            else:
                levels.append(iter(node))
                path.append(-1)
                break
            if reason:
                return error(reason, "".join(f"[{i}]" for i in path[1:]), remedy)
        else:
            levels.pop()
            path.pop()
    return None


def check_empty_rows(shape: Sequence[int]) -> None:
    """Raise `EncodeError` for the shape of an empty array that is too many empty lists.

    A payload of 20 bytes can claim 2**40 rows without a value, and each takes bytes in lists.
    """
    rows = prod(shape[: shape.index(0)])
    if rows > _EMPTY_ROWS:
        reason = f"expected at most {_EMPTY_ROWS} rows without a value, got {rows}"
        raise EncodeError(reason)


def _counted(count: int) -> str:
    return "1 item" if count == 1 else f"{count} items"


def _wrong_type(node: Any, error: type[CodecError]) -> tuple[str, str]:
    """Return the reason and the remedy for what is not a value of an array, else empty text."""
    if isinstance(node, (NoneType, int, float, complex, str, bytes, np.generic)):
        return "", ""
    if type(node) is LongInteger:
        refusal = node.refusal(error, "")
        return refusal.reason, refusal.remedy
    is_row = type(node) is dict and error is EncodeError
    remedy = f"pass {_JSON} to dumps(), or each column by itself" if is_row else ""
    return f"expected a number, bool, string or bytes, got {shown(node)}", remedy
