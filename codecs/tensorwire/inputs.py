"""Convert arrays of other libraries, scalars and sequences to numpy arrays or nested lists.

No library is imported for this: a value is recognised by the module of its class, and converted by
its own methods (`__array__`, `to_numpy`, `to_list`). The result is an array of a dtype other than
object, or nested lists of Python's numbers, strings and bytes, in which None is a missing value.
What cannot be converted exactly is refused, with an expression to pass instead.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from numbers import Number
from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire.errors import EncodeError, reason_of_other, shown
from tensorwire.tree import MAX_DEPTH, shortened

if TYPE_CHECKING:
    from tensorwire.tree import Array

__all__ = [
    "check_integers",
    "library_of",
    "plain",
    "plain_json",
    "plain_lists",
    "refused_dtype",
    "stacked",
    "unreadable",
]

_PLAIN = frozenset({int, float, bool, complex, str, bytes, type(None)})
_FLOAT = "pass numpy.array(value, float), which may round"
_TEXT = "pass numpy.array(value, str)"
_ARRAYS = "an array, or nested lists of numbers, bools, strings or bytes"
_LIBRARIES = ("pandas", "polars", "pyarrow", "torch", "narwhals")
_MAX_RANK = 64
_TOO_DEEP = f"expected at most {MAX_DEPTH} levels of nesting, got more"
_CUSTOM = 2  # dtype.isbuiltin of dtypes that another package registers: bfloat16, float8


def library_of(value: Any) -> str:
    """Return the library that defines the class of a value, "" where it needs no conversion."""
    for base in type(value).__mro__[:-1]:
        name = base.__module__.partition(".")[0]
        if name in _LIBRARIES:
            return name
    return ""


_ROWS = {  # expressions for the rows of a frame; one float64 array of them may round integers
    "pandas": "value.to_numpy(object)",
    "polars": "value.rows()",
    "pyarrow": "[list(row.values()) for row in value.to_pylist()]",
}


def plain(value: Any, *, none: bool = False) -> Any:  # noqa: PLR0911 - a table of cases
    """Return a value as an array or as nested lists.

    Parameters
    ----------
    value
        any object; numpy arrays of numbers and lists need no conversion.
    none
        whether a missing value among numbers may be returned as None.

    Raises
    ------
    EncodeError
        the value cannot be converted; the remedy is an expression of ``value`` to pass instead.
    """
    kind = type(value)
    if hasattr(kind, "columns") and (hasattr(kind, "__arrow_c_stream__") or hasattr(kind, "lazy")):
        named = "use PredictRequest.from_frame or InferRequest.from_frame for named columns"
        rows = _ROWS.get(library_of(value), "value.to_numpy()")
        reason = f"expected {_ARRAYS}, got {shown(value)}"
        raise EncodeError(reason, "", f"pass {rows}, or {named}")
    read = _READERS.get(library_of(value))
    if read is not None:
        value = read(value, none=none)
    if isinstance(value, np.ma.MaskedArray):
        return _masked(value, none=none)
    if isinstance(value, (np.ndarray, np.generic)) and not isinstance(value, (str, bytes)):
        return _of_array(np.asarray(value), value)
    if isinstance(value, (list, tuple)):
        return value
    if isinstance(value, (str, bytes, bool, int, float, complex)):
        return _scalar(value)
    if isinstance(value, memoryview):
        return _buffer(value)
    if hasattr(value, "__array__") or hasattr(value, "__dlpack__"):
        return _array(value)
    return _other(value)


def _scalar(value: Any) -> Any:
    """Return a scalar of a Python type, or of a class derived from one, as an array."""
    if isinstance(value, str):
        return np.array(value, np.dtypes.StringDType() if value[-1:] == "\0" else None)
    if isinstance(value, bytes):
        if value[-1:] == b"\0":
            reason = "expected bytes that numpy keeps, got a single value that ends in NUL"
            raise EncodeError(f"{reason}, which it would drop", "", "pass [value]")
        return np.array(value)
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        raise _beyond(value)
    return np.array(value)


def _beyond(number: int) -> EncodeError:
    """Return the error for an integer beyond 64 bits."""
    wide = shown(int(number), 90)
    fits = number.bit_length() < 1024  # the largest float64
    remedy = "float(value), which may round, or str(value)" if fits else "str(value)"
    return EncodeError(f"expected an integer of 64 bits, got {wide}", "", f"pass {remedy}")


def check_integers(nested: Any) -> None:
    """Raise `EncodeError` for an integer beyond 64 bits in nested lists, with its place."""
    left, over, floats = [("", nested)], None, True
    while left:
        path, node = left.pop()
        if isinstance(node, (list, tuple)):
            left.extend((f"{path}[{i}]", item) for i, item in enumerate(node))
        elif type(node) is int and not -(2**63) <= node < 2**64:
            over = (path, node)
            floats = floats and node.bit_length() < 1024  # of the largest float64
        else:
            floats = floats and not isinstance(node, (str, bytes))
    if over is not None:
        reason = f"expected integers of 64 bits, got {shown(over[1], 90)}"
        raise EncodeError(reason, over[0], _FLOAT if floats else _TEXT)


def _buffer(value: memoryview) -> Any:
    try:
        return np.asarray(value)
    except (ValueError, TypeError, NotImplementedError):
        reason = f"expected a buffer of numbers, got one of format {value.format!r}"
        raise EncodeError(reason, "", "pass memoryview(value.tobytes())") from None


def _array(value: Any) -> Any:
    """Return the array of an object by `__array__` or, on the CPU, by `__dlpack__`."""
    try:
        has_array = hasattr(value, "__array__")
        array: Array = np.asarray(value) if has_array else np.from_dlpack(value)
    except Exception as error:  # whatever __array__ or __dlpack__ of others may raise
        raise unreadable(value, error) from error
    return _of_array(array, value)


def unreadable(value: Any, error: Exception) -> EncodeError:
    """Return the error for a value whose own attributes or methods raise an error."""
    why = reason_of_other(error).rstrip(".")
    reason = f"expected {_ARRAYS}, got {shown(value)} that numpy cannot view as an array ({why})"
    return EncodeError(reason, "", "pass a numpy array of its values")


def _of_array(array: Array, value: Any) -> Any:
    """Return an array unchanged; the values of an array of objects as nested lists."""
    kind = array.dtype.kind
    if kind == "T" and array.size:
        texts = array.tolist()
        flat = array.reshape(-1).tolist()
        return array if {str}.issuperset(map(type, flat)) else _none_for(texts)
    if kind != "O":
        return array
    if array.ndim:
        return plain_lists(array.tolist())
    item = array.item()
    return _other(value) if item is value else plain(item)


def _none_for(texts: Any) -> Any:
    """Return nested lists of strings, with None for a missing value."""
    if isinstance(texts, list):
        return [_none_for(item) for item in texts]
    return texts if type(texts) is str else None


def _other(value: Any) -> Any:
    """Return a buffer as an array, another sequence as a list; raise `EncodeError` otherwise."""
    if isinstance(value, range):
        return np.asarray(value)
    try:
        return np.asarray(memoryview(value))
    except (TypeError, ValueError, NotImplementedError, BufferError):
        pass
    if isinstance(value, Sequence):
        return list(value)
    raise EncodeError(f"expected {_ARRAYS}, got {shown(value)}", "", _instead_of(value))


def _instead_of(value: Any) -> str:  # noqa: PLR0911 - a table of cases
    """Return the remedy for a value that is not an array, "" where none is known."""
    if isinstance(value, type) or value is None:
        return ""
    if isinstance(value, Enum):
        return "pass value.value"
    if isinstance(value, Mapping):
        return (
            "pass each array in it by itself, or tensorwire.Message(value, 'jsonData') to dumps()"
        )
    if isinstance(value, (Decimal, Number)):
        return "pass float(value), which may round"
    for method in ("isoformat", "toarray", "to_numpy"):  # of dates, and of sparse matrices
        if callable(getattr(value, method, None)):
            return f"pass value.{method}()"
    if isinstance(value, Iterable):
        return "pass list(value)"
    return "pass str(value)" if _has_text(value) else ""


def _has_text(value: object) -> bool:
    """Return whether the class of a value defines `__str__`."""
    return getattr(type(value), "__str__", None) is not getattr(object, "__str__", None)


def _masked(value: Any, *, none: bool) -> Any:
    """Return the values of a masked array, with None for a masked value."""
    mask = np.ma.getmaskarray(value)
    kind = value.dtype.kind
    if not mask.any():
        return plain(value.data, none=none)
    if none and kind in "biuf":
        return value.tolist()  # None where masked
    fill = "''" if kind in "UT" else "b''" if kind == "S" else "0"
    null = " or missing='null', which writes NaN," if kind in "iuf" else ""
    at = "".join(f"[{i}]" for i in np.argwhere(mask)[0])
    remedy = f"pass value.filled({fill}),{null} or another value"
    raise EncodeError("expected values, got a masked one", at, remedy)


def refused_dtype(value: Any, dtype: np.dtype[Any]) -> EncodeError:
    """Return the error for an array of a dtype that cannot be encoded, with a remedy."""
    reason = f"expected numbers, bools, strings or bytes, got dtype {dtype}"
    if dtype.kind == "M":
        remedy = "value.astype(str)"
        if library_of(value) == "polars":
            remedy = "value.dt.to_string()"
        elif library_of(value) == "pyarrow":
            remedy = "value.cast('string')"
    elif dtype.kind == "m":
        remedy = "value / numpy.timedelta64(1, 's'), seconds"
        if library_of(value) == "polars":
            remedy = "value.dt.total_microseconds()"
        elif library_of(value) == "pyarrow":
            remedy = "value.cast('int64')"
    elif dtype.names:
        array = "value" if isinstance(value, (np.ndarray, np.void)) else "numpy.asarray(value)"
        remedy = f"one field of it, such as {array}[{dtype.names[0]!r}]"
    elif dtype.kind == "V" and dtype.itemsize:
        remedy = "numpy.frombuffer(value.tobytes(), 'u1')"
    elif dtype.kind in "fc":
        remedy = f"value.astype({'complex' if dtype.kind == 'c' else 'float'}), which may round"
    else:
        return EncodeError(reason)
    return EncodeError(reason, "", f"pass {remedy}")


def plain_lists(nested: Any) -> Any:
    """Return nested lists in which every value has a built-in type of Python.

    Scalars of numpy and of classes derived from int, float, str and bytes are converted to the
    built-in type; pandas' NA becomes None.

    Raises
    ------
    EncodeError
        a value cannot be an element of an array; with its path.
    """
    whole: list[Any] = [nested]
    left: list[tuple[Any, int, str, int]] = [(whole, 0, "", 0)]
    while left:
        holder, at, path, depth = left.pop()
        node = holder[at]
        if type(node) in _PLAIN or type(node) is dict:
            continue
        if not isinstance(node, (list, tuple)):
            holder[at] = node = _plain_value(node, path)
            if not isinstance(node, list):
                continue
        if depth >= _MAX_RANK:
            raise EncodeError(f"expected at most {_MAX_RANK} nested lists, got more", path)
        made = list(node)
        array = stacked(made)
        holder[at] = made if array is None else array
        if array is None:
            odd = [i for i, item in enumerate(made) if type(item) not in _PLAIN]
            left += [(made, i, f"{path}[{i}]", depth + 1) for i in reversed(odd)]
    return whole[0]


def _is_array(value: Any) -> bool:
    return hasattr(value, "__array__") and not isinstance(value, np.generic)


def stacked(items: Sequence[Any]) -> Array | None:
    """Return a sequence of arrays of one shape and dtype as one array; None for any other.

    Raises `EncodeError` for an array that cannot be encoded, with its path.
    """
    if not items or type(items[0]) in _PLAIN or not all(map(_is_array, items)):
        return None
    arrays = [_plain_at(i, item) for i, item in enumerate(items)]
    if not all(isinstance(array, np.ndarray) for array in arrays):
        return None
    if len({(array.shape, array.dtype) for array in arrays}) != 1:
        return None
    return np.stack(arrays)


def _plain_at(i: int, item: Any) -> Any:
    try:
        return plain(item)
    except EncodeError as error:
        raise error.within(f"[{i}]") from None


def _plain_value(node: Any, path: str) -> Any:
    for kind, convert in _CONVERTERS.items():
        if isinstance(node, kind):
            return convert(node)
    if isinstance(node, np.generic):
        custom = node.dtype.isbuiltin == _CUSTOM
        if custom or (node.dtype.kind in "biufc" and node.dtype.char not in "gG"):
            return float(node) if custom else node.tolist()
    elif isinstance(node, Mapping):
        return dict(node)
    elif type(node).__name__ == "NAType":  # pandas.NA
        return None
    elif hasattr(node, "__array__") and not isinstance(node, (Decimal, Number, Enum)):
        try:
            inner = plain(node)
        except EncodeError as error:
            raise error.within(path) from None
        return inner.tolist() if isinstance(inner, np.ndarray) else inner
    reason = f"expected a number, bool, string or bytes, got {shown(node)}"
    raise EncodeError(reason, path, _instead_of_all(node))


_CONVERTERS: dict[type, Callable[[Any], Any]] = {  # from derived classes to the built-in type
    str: str.__str__,
    bytes: lambda node: b"".join((node,)),
    int: int.__index__,
    float: float.__float__,
    complex: complex,
}


def _instead_of_all(node: Any) -> str:
    """Return the remedy for all values, where one of them cannot be an element of an array."""
    if isinstance(node, Enum):
        return "pass the value of each"
    if isinstance(node, np.timedelta64):
        return "pass numpy.array(value) / numpy.timedelta64(1, 's')"
    if isinstance(node, np.complexfloating):
        return "pass numpy.array(value, complex), which may round"
    if isinstance(node, (Decimal, Number)) and not isinstance(node, np.datetime64):
        return _FLOAT
    return _TEXT if _has_text(node) else ""


def plain_json(value: Any, path: str) -> Any:
    """Return a JSON value with the scalars and arrays of numpy as Python's types.

    The same object is returned where nothing has to be converted.

    Raises
    ------
    EncodeError
        JSON cannot represent a value; with its path and a remedy.
    """
    if not _is_odd(value, path):
        return value
    whole: list[Any] = [None]
    left: list[tuple[Any, str, str, Any, Any, int]] = [(value, path, "{}", whole, 0, 1)]
    while left:
        node, outer, form, holder, at, level = left.pop()
        if type(node) in _PLAIN:
            holder[at] = node
            continue
        where = shortened(form.format(outer, at))
        if isinstance(node, Mapping):
            items = {
                str.__str__(key) if isinstance(key, str) else key: item
                for key, item in node.items()
            }
            made: Any = dict.fromkeys(items)
            form, inner = "{}.{}", list(items.items())
        elif isinstance(node, (list, tuple)):
            made = [None] * len(node)
            form, inner = "{}[{}]", list(enumerate(node))
        else:
            left.append((_json_value(node, where), where, "{}", holder, at, level))
            continue
        if level > MAX_DEPTH:
            raise EncodeError(_TOO_DEEP, path)
        holder[at] = made
        left += [(item, where, form, made, key, level + 1) for key, item in reversed(inner)]
    return whole[0]


def _is_odd(value: Any, path: str) -> bool:
    """Return whether a JSON value contains an object of a class that JSON writers refuse."""
    left = [(value, 1)]
    while left:
        node, level = left.pop()
        if type(node) is dict:
            if not {str}.issuperset(map(type, node)):
                return True
            items: Any = node.values()
        elif type(node) in (list, tuple):
            items = node
        elif type(node) in _PLAIN:
            continue
        else:
            return True
        if level > MAX_DEPTH:
            raise EncodeError(_TOO_DEEP, path)
        left += [(item, level + 1) for item in items if type(item) not in _PLAIN]
    return False


def _json_value(node: Any, path: str) -> Any:
    """Return a number, text or lists for a value of a class that JSON writers refuse."""
    try:
        if _is_array(node):
            value = plain(node, none=True)
            return value.tolist() if isinstance(value, np.ndarray) else value
        return _plain_value(node, "")
    except EncodeError as error:
        if error.path != "$":
            raise error.within(path) from None
        reason = f"expected text, a number, a bool, None, a list or a dict, got {shown(node)}"
        raise EncodeError(reason, path, _instead_of(node)) from None


def _missing(value: Any, at: int, remedy: str, *, number: bool) -> EncodeError:
    null = ", or missing='null', which writes NaN" if number else ""
    reason = f"expected values, got a missing one in {shown(value)}"
    return EncodeError(reason, f"[{at}]", f"pass {remedy}{null}")


def _pandas(value: Any, *, none: bool) -> Any:
    """Convert a Series, an Index or an array of pandas, without its labels."""
    dtype = getattr(value, "dtype", None)
    if dtype is None or not callable(getattr(value, "isna", None)):
        return value
    kind = getattr(dtype, "kind", "O")
    sparse = hasattr(dtype, "subtype") and hasattr(dtype, "fill_value")
    if sparse or (isinstance(dtype, np.dtype) and kind not in "OMm"):
        return np.asarray(value)
    if hasattr(dtype, "categories"):
        kind = dtype.categories.dtype.kind
    if kind in "Mm":
        raise refused_dtype(value, np.dtype(kind + "8[us]"))
    gone = np.asarray(value.isna())
    if not gone.any():
        wanted = getattr(dtype, "numpy_dtype", None)
        if kind in "biuf" and isinstance(wanted, np.dtype) and wanted.kind == kind:
            return np.asarray(value.to_numpy(dtype=wanted))
        return plain_lists(list(value.astype(object))) if kind == "O" else np.asarray(value)
    items = list(value.astype(object))
    if isinstance(dtype, np.dtype) and not any(isinstance(item, (str, bytes)) for item in items):
        gone = np.array([item is None or type(item).__name__ == "NAType" for item in items])
    if kind in "biuf" and not none:
        raise _missing(value, int(gone.argmax()), "value.dropna()", number=kind != "b")
    return plain_lists([None if lost else item for item, lost in zip(items, gone, strict=True)])


def _polars(value: Any, *, none: bool) -> Any:
    """Convert a Series of polars."""
    if not callable(getattr(value, "null_count", None)) or not hasattr(value, "to_list"):
        return value
    name, numeric = str(value.dtype), value.dtype.is_numeric()
    if name.startswith("Decimal") or name in ("Int128", "UInt128"):  # numpy has no such dtype
        reason = f"expected numbers, bools, strings or bytes, got Series of {name}"
        raise EncodeError(reason, "", "pass value.cast(float), which may round")
    if value.dtype.is_temporal():
        raise refused_dtype(value, np.dtype("m8[us]" if name.startswith("Dur") else "M8[us]"))
    bools = name == "Boolean"
    if value.null_count() and (numeric or bools) and not none:
        at = value.is_null().arg_max()
        raise _missing(value, at, "value.drop_nulls()", number=numeric)
    if (numeric or bools) and not value.null_count():
        return value.to_numpy()
    return plain_lists(value.to_list())


def _pyarrow(value: Any, *, none: bool) -> Any:
    """Convert an array, a chunked array or a scalar of Arrow."""
    if hasattr(value, "as_py"):
        return value.as_py()
    if not hasattr(value, "null_count") or not hasattr(value, "to_pylist"):
        return value
    types = sys.modules["pyarrow"].types
    number = types.is_integer(value.type) or types.is_floating(value.type)
    if types.is_temporal(value.type):
        span = types.is_duration(value.type) or types.is_interval(value.type)
        raise refused_dtype(value, np.dtype("m8[us]" if span else "M8[us]"))
    if types.is_decimal(value.type):
        reason = f"expected numbers, bools, strings or bytes, got {value.type}"
        raise EncodeError(reason, "", "pass value.cast('float64'), which may round")
    plain_type = number or types.is_boolean(value.type)
    if plain_type and not value.null_count:
        return np.asarray(value)
    items = value.to_pylist()
    if plain_type and not none:
        raise _missing(value, items.index(None), "value.drop_null()", number=number)
    return plain_lists(items)


def _torch(value: Any, *, none: bool) -> Any:
    """View a tensor of PyTorch; bfloat16 and float8 are viewed by the dtypes of ml_dtypes."""
    del none
    torch = sys.modules["torch"]
    if not isinstance(value, torch.Tensor):
        return value
    reason = f"expected a dense tensor on the CPU, got {shown(value)}"
    if value.layout is not torch.strided or getattr(value, "is_nested", False):
        what = "to_padded_tensor(0)" if getattr(value, "is_nested", False) else "to_dense()"
        raise EncodeError(f"{reason} of layout {value.layout}", "", f"pass value.{what}")
    if value.is_quantized:
        raise EncodeError(f"{reason} of dtype {value.dtype}", "", "pass value.dequantize()")
    if value.device.type != "cpu":
        remedy = "" if value.device.type == "meta" else "pass value.cpu()"
        raise EncodeError(f"{reason} on the device {value.device}", "", remedy)
    value = value.detach().resolve_conj().resolve_neg()
    name = str(value.dtype).removeprefix("torch.")
    if name == "bfloat16" or name.startswith("float8_"):
        import ml_dtypes  # takes milliseconds: imported only where it is needed

        bits = torch.int16 if name == "bfloat16" else torch.uint8
        custom = getattr(ml_dtypes, name, None)
        if custom is not None:
            return value.view(bits).numpy().view(custom)
    try:
        return value.numpy()
    except (TypeError, RuntimeError):
        wide = "complex64" if "complex" in name else "float32"
        remedy = f"pass value.to({type(value).__module__.partition('.')[0]}.{wide})"
        raise EncodeError(f"{reason} of dtype {value.dtype}", "", remedy) from None


def _narwhals(value: Any, *, none: bool) -> Any:
    """Convert the native series of a narwhals Series."""
    return plain(value.to_native(), none=none) if hasattr(value, "to_native") else value


_READERS = {
    "pandas": _pandas,
    "polars": _polars,
    "pyarrow": _pyarrow,
    "torch": _torch,
    "narwhals": _narwhals,
}
