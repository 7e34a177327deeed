"""Values as arrays, and arrays as other dtypes, exactly.

`as_array` turns what a caller passes into an array; `cast`, `check_float64` and `in_range` change a
dtype or refuse a value that would change with it; `decimal_twin` finds the shortest decimal text of
narrow floats; `utf8` and `from_bytes` convert strings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from tensorwire import inputs, lists
from tensorwire.errors import DecodeError, EncodeError, nearest, shown
from tensorwire.missing import VALUES, VALUES_OR_NONE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import DTypeLike

    from tensorwire.missing import Reading
    from tensorwire.tree import Array

__all__ = [
    "EXACT",
    "FLOAT16",
    "NUMBERS",
    "aligned",
    "as_array",
    "cast",
    "check_float64",
    "decimal_twin",
    "from_bytes",
    "is_float",
    "put",
    "reads_back",
    "to_float64",
    "utf8",
]

EXACT = 2**53  # float64 holds every integer up to this one
_BLOCK = 1 << 16


# dtype.num of bools, integers and floats up to 64 bits. (dtype.char is ambiguous: a float8 dtype
# has that of uint64.)
NUMBERS = frozenset(np.dtype(char).num for char in "?bhilqBHILQefd")
FLOAT16 = np.dtype(np.float16).num
_NARROW = frozenset(np.dtype(char).num for char in "ef")
_COMPLEX = frozenset(np.dtype(char).num for char in "FD")
_CUSTOM = 2  # dtype.isbuiltin of dtypes that another package registers: bfloat16, float8


_REAL = "bool, an integer dtype, float16, float32 or float64"
_CUSTOM_NAMES = (
    "bfloat16",
    *(f"float8_{kind}" for kind in ("e5m2", "e4m3fn", "e4m3fnuz", "e4m3b11fnuz", "e5m2fnuz")),
    *("int4", "uint4", "int2", "uint2", "float4_e2m1fn"),
)


def as_array(value: Any, *, none: bool = False) -> Any:
    """View `value` as an array without a copy; return a list unchanged where no dtype holds it.

    Accepts arrays, objects with `__array__`, `__dlpack__` (on the CPU) or a buffer, numbers,
    strings, bytes, nested lists of those, arrays of such objects, and the arrays and columns of
    other libraries, see `inputs`. None is kept in rows that mix types; among numbers it is NaN
    where `none` is true.

    Raises
    ------
    EncodeError
        any other value; the remedy names what to pass instead.
    """
    if type(value) is np.ndarray and value.dtype.num in NUMBERS:
        return value
    try:
        if not isinstance(value, (list, tuple)):
            original, value = value, inputs.plain(value, none=none)
            if not isinstance(value, (list, tuple)):
                return _checked(value, original)
        return _of_lists(value, VALUES_OR_NONE if none else VALUES)
    except (EncodeError, MemoryError):
        raise
    except Exception as error:  # attributes and methods of the value may raise any exception
        raise inputs.unreadable(value, error) from error


def _of_lists(nested: Any, options: Reading) -> Any:
    """Return an array of nested lists; scalars of numpy in them are converted where necessary."""
    if nested and type(nested[0]) is not list and (array := inputs.stacked(nested)) is not None:
        return _checked(array, nested)
    try:
        array = lists.to_array(nested, EncodeError, options)
    except Exception:  # noqa: BLE001 - __array__ of an item may raise any exception
        array = lists.to_array(inputs.plain_lists(nested), EncodeError, options)
    if type(array) is list:
        inputs.check_integers(array)
    return array


def _checked(array: Array, original: Any) -> Any:
    """Return an array if codecs support its dtype; raise `EncodeError` for another."""
    dtype = array.dtype
    if dtype.num in NUMBERS or dtype.num in _COMPLEX:
        return array
    if dtype.kind in "SUT" or dtype.isbuiltin == _CUSTOM:
        return array
    raise inputs.refused_dtype(original, dtype)


def aligned(value: Any) -> Any:
    """Return an array whose address is aligned for its dtype: the array itself, or a copy.

    Most formats put an array at any offset. numpy reads a misaligned view correctly, but element by
    element, and BLAS copies it in each call. A copy is at a multiple of 16 bytes, as all arrays of
    numpy are; multiples of 64 were not faster in any measurement.

    The time to decode float64 and to sum its values once, with a copy of a misaligned view divided
    by that without, is 1.5 for 1 and 100 values, 1.2 for 10,000, 1.1 for 100,000, 1.7 for 1,000,000
    (x86-64); with three sums it is 1.3, 1.2, 0.9, 0.7 and 1.3. So a view is the default; pass
    ``align=True`` to read an array several times, or for a library that requires alignment.
    """
    if not isinstance(value, np.ndarray) or value.flags.aligned:
        return value
    made = value.copy(order="K")
    made.flags.writeable = value.flags.writeable
    return made


def check_float64(array: Array, path: str = "") -> None:
    """Raise `EncodeError` where a value of a number array is not exactly a float64."""
    if array.dtype.kind not in "iu" or array.dtype.itemsize < 8 or not array.size:
        return
    if int(array.max()) <= EXACT and int(array.min()) >= -EXACT:
        return
    for start in range(0, array.size, _BLOCK):
        block = array.reshape(-1)[start : start + _BLOCK]
        wrong = np.flatnonzero(~_same(block.astype(np.float64), block))
        if wrong.size:
            number = block[wrong[0]]
            reason = f"expected integers that float64 represents, got {number}"
            raise EncodeError(reason, path)


def put(target: Array, source: Array) -> None:
    """Copy the values of an array into another, with conversion and without warnings for NaN."""
    if source.dtype.num not in _NARROW:  # np.errstate takes longer than a small array
        target[...] = source
    else:
        with np.errstate(invalid="ignore"):
            target[...] = source


def to_float64(array: Array, *, lossy: bool) -> Array:
    """Return numbers of another dtype as float64 if `lossy`; raise `EncodeError` otherwise."""
    if array.dtype.kind in "SUT":
        got = "bytes" if array.dtype.kind == "S" else "strings"
        raise EncodeError(f"expected numbers, got {got}")
    if not lossy:
        raise EncodeError(f"expected {_REAL}, got {array.dtype}")
    with np.errstate(invalid="ignore"):  # a signalling NaN becomes a quiet one
        return (array.real if array.dtype.kind == "c" else array).astype(np.float64)


def is_float(dtype: DTypeLike) -> bool:
    """Return whether a dtype is floating-point or complex, bfloat16 and float8 included."""
    try:
        target = np.dtype(dtype)
    except TypeError:  # `cast` refuses it
        return False
    return target.kind in "fc" or (target.kind == "V" and target.isbuiltin == _CUSTOM)


_REMEDY = "leave dtype= out, or cast with astype"


def cast(array: Array, dtype: DTypeLike, *, shortest: bool = False, remedy: str = _REMEDY) -> Array:
    """Convert to `dtype`; raise `DecodeError` with the `remedy` where a value would change.

    With `shortest`, floats from decimal text may be the shortest text of a value of `dtype`: 0.1 is
    then the float32 nearest to 0.1, because that value is written as 0.1.
    """
    target = dtype_named(dtype)
    if array.dtype == target:
        return array
    source = array.dtype
    if source.kind == "S" and target.kind == "U":
        try:
            return np.asarray(np.char.decode(array, "utf-8"))
        except UnicodeDecodeError as error:
            raise DecodeError(f"expected UTF-8 for {target}, got other bytes: {error}") from None
    if source.kind == target.kind and source.kind in "SU":
        wide = array.astype(target) if target.itemsize else array
        if (wide == array).all():
            return wide
    if not (_is_number(source) and _is_number(target)):
        raise DecodeError(f"expected a dtype that casts to {target}, got {source}")
    wrong: Any = False
    if source.kind == "c" and target.kind != "c":
        wrong, array = array.imag != 0, array.real
    with np.errstate(all="ignore"):
        result = array.astype(target)
        wrong = np.asarray(wrong | ~_same(result, array))
        if shortest and wrong.any() and source.kind == "f" and target.kind in "fV":
            wrong[wrong] = ~reads_back(result[wrong], array[wrong])
    if wrong.any():
        at = "".join(f"[{i}]" for i in np.argwhere(wrong)[0])
        reason = f"expected values that {target} represents, got {source} {array[wrong][0]}"
        raise DecodeError(reason, at, remedy)
    return result


def dtype_named(dtype: DTypeLike) -> np.dtype[Any]:
    """Return the dtype for the argument of a caller; raise `DecodeError` for anything else."""
    try:
        return np.dtype(dtype)
    except (TypeError, ValueError, SyntaxError, Warning):
        pass
    if isinstance(dtype, str) and dtype in _CUSTOM_NAMES:
        import ml_dtypes  # the import registers its dtypes in numpy

        custom: np.dtype[Any] = np.dtype(getattr(ml_dtypes, dtype))
        return custom
    known = {*_CUSTOM_NAMES, *(np.dtype(code).name for code in "?bhilqBHILQefdFD"), "str", "bytes"}
    got = f"{shown(dtype)}{nearest(dtype, sorted(known))}"
    raise DecodeError(f"expected a dtype that numpy has for dtype=, got {got}")


def _is_number(dtype: np.dtype[Any]) -> bool:
    return dtype.num in NUMBERS or dtype.num in _COMPLEX or dtype.isbuiltin == _CUSTOM


def _same(narrow: Array, wide: Array) -> Array:
    """Return, for each element, whether a cast kept the value; NaN stays NaN."""
    if narrow.dtype.kind in "fV" and wide.dtype.kind in "iu":
        # Some machines convert 2.0**64 to the largest uint64: compare smaller values only.
        top = 2.0 ** (8 * wide.dtype.itemsize - (wide.dtype.kind == "i"))
        exact = narrow.astype(np.float64)
        fits = (exact < top) & (exact >= -top)  # -inf converts to the smallest int64
        same: Array = fits & (np.where(fits, exact, 0.0).astype(wide.dtype) == wide)
        return same
    if narrow.dtype.kind == "c" and wide.dtype.kind != "c":
        narrow = narrow.real
    same = narrow.astype(wide.dtype) == wide
    if narrow.dtype.kind in "iu" and wide.dtype.kind in "fcV":  # -inf equals the smallest int64
        same &= np.isfinite(wide)
    if narrow.dtype.kind != "c":  # -1 converts to an unsigned integer and back to -1
        same &= (narrow < 0) == (wide < 0)
    if wide.dtype.kind in "fcV" and narrow.dtype.kind in "fcV":
        same |= (narrow != narrow) & (wide != wide)  # noqa: PLR0124 - NaN
    return same


def in_range(array: Array, target: np.dtype[Any], name: np.dtype[Any]) -> Array:
    """Convert numbers to a narrower dtype; raise `DecodeError` where one is out of range."""
    with np.errstate(all="ignore"):
        narrow = array.astype(target)
    if target.kind in "iu" and array.dtype.kind in "iu" and array.size:
        bounds, low, high = np.iinfo(target), int(array.min()), int(array.max())
        good, got = bounds.min <= low and high <= bounds.max, low if low < bounds.min else high
    else:
        infinite = target.kind == "f"
        wrong = np.isinf(narrow) & np.isfinite(array) if infinite else ~_same(narrow, array)
        good = not wrong.any()
        got = 0 if good else array[wrong][0]
    if not good:
        raise DecodeError(f"expected values in the range of {name}, got {got}")
    return narrow


def decimal_twin(array: Array) -> Array:
    """Return the float64 whose shortest text is the shortest text of each float16 (or narrower).

    Rounds to one, two, ... five significant digits until the value reads back. Each candidate is
    an integer times or over a power of ten, both exact, so one operation rounds it correctly.
    """
    exact = array.astype(np.float64).reshape(-1)
    twin = exact.copy()
    left = np.flatnonzero(np.isfinite(exact) & (exact != 0))
    for digits in range(1, 6):
        value = exact[left]
        power = digits - 1 - np.floor(np.log10(np.abs(value)))
        scale = 10.0 ** np.abs(power)
        whole = np.rint(np.where(power > 0, value * scale, value / scale))
        candidate = np.where(power > 0, whole / scale, whole * scale)
        with np.errstate(over="ignore"):  # 7e4, the first candidate for 65504, overflows float16
            good = candidate.astype(array.dtype).astype(np.float64) == value
        twin[left[good]] = candidate[good]
        left = left[~good]
    return twin.reshape(array.shape)


def reads_back(narrow: Array, wide: Array) -> Array:
    """Return whether the shortest text of `narrow` reads as `wide`, for each element."""
    if narrow.dtype == np.float32:
        text = orjson.dumps(narrow, option=orjson.OPT_SERIALIZE_NUMPY)
        narrow = np.array(orjson.loads(text))
    else:
        narrow = decimal_twin(narrow)
    same: Array = narrow == wide
    return same


def utf8(array: Array) -> list[bytes]:
    """Return the elements as bytes in row-major order; text is encoded as UTF-8."""
    if array.dtype.kind == "S":
        strings: list[bytes] = array.reshape(-1).tolist()
        return strings
    try:
        return [text.encode() for text in array.reshape(-1).tolist()]
    except UnicodeEncodeError as error:
        raise EncodeError(f"expected Unicode text, got other code points: {error}") from None


def from_bytes(strings: list[bytes], shape: Sequence[int]) -> Any:
    """Return an array of byte strings, or nested lists where numpy would drop a NUL or pad much."""
    array = lists.to_array(strings, DecodeError)
    if not isinstance(array, list):
        return (array if array.size else array.astype("S")).reshape(shape)
    if not shape:
        return array[0]
    for size in reversed(shape[1:]):
        array = [array[i : i + size] for i in range(0, len(array), size)]
    return array
