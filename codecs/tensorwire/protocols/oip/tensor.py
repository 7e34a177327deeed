"""One tensor of the Open Inference Protocol: its datatype, and its elements in three layouts.

raw
    the little-endian memory in C order; for BYTES, each element after its length in four bytes.
contents
    the values in the field of the datatype, in a protobuf message.
data
    the values in a JSON list, flat or nested; null is NaN there, see `from_values`.

In each layout, BYTES with the parameter ``content_type`` of ``base64`` are base64 text, as MLServer
writes them; they are decoded and encoded here, so that a value is the decoded bytes. MLServer's
other content types (``str``, ``np``, ``datetime``, ``pd``) do not change the elements.

Source: https://github.com/kserve/open-inference-protocol, the binary tensor data extension of
https://github.com/triton-inference-server/server, and the content types of
https://github.com/SeldonIO/MLServer
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from math import isinf, nan, prod
from struct import Struct
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pybase64

from tensorwire import lists
from tensorwire.arrays import EXACT, as_array, from_bytes, utf8
from tensorwire.errors import DecodeError, EncodeError, shown, unknown
from tensorwire.limits import DEFAULT_LIMITS
from tensorwire.missing import STRICT, VERIFIED
from tensorwire.protocols.neutral import TensorInfo
from tensorwire.reprs import repr_of
from tensorwire.tree import Leaf, Role, blob, text_to_bytes

if TYPE_CHECKING:
    from tensorwire.limits import Limits
    from tensorwire.missing import Reading, Writing
    from tensorwire.tree import Array

__all__ = [
    "BYTES",
    "FP16",
    "NAMES",
    "SHARED_MEMORY",
    "Datatype",
    "InferTensor",
    "Rules",
    "contents_leaf",
    "data_leaf",
    "datatype_named",
    "datatype_of",
    "decoded",
    "from_raw",
    "from_values",
    "info",
    "pack_bytes",
    "raw_leaf",
    "refuse_shared_memory",
    "unpack_bytes",
]

SHARED_MEMORY = ("shared_memory_region", "shared_memory_offset", "shared_memory_byte_size")
"""Parameters of a tensor, or of a requested output, whose elements are not in the message."""

_USUAL_RANK = 32
_BLOCK = 4096  # values that are converted to Python objects at a time
_LENGTH = Struct("<I")


class Datatype:
    """One datatype of the protocol.

    Attributes
    ----------
    name
        the name in a message: ``FP32``.
    dtype_name
        the name of the numpy dtype.
    member
        the member of the contents for its values; "" for a datatype of raw contents only.
    field
        the dtype of that member.
    """

    def __init__(self, name: str, dtype_name: str, member: str = "", field: str = "") -> None:
        self.name, self.dtype_name = name, dtype_name
        self.member, self.field = member, field

    @cached_property
    def dtype(self) -> np.dtype[Any]:
        """The numpy dtype."""
        if self is BF16:
            import ml_dtypes  # takes milliseconds: imported only where it is needed

            dtype: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
            return dtype
        return np.dtype(self.dtype_name)


_DATATYPES = [
    Datatype("BOOL", "bool", "boolContents", "?"),
    Datatype("UINT8", "uint8", "uintContents", "<u4"),
    Datatype("UINT16", "uint16", "uintContents", "<u4"),
    Datatype("UINT32", "uint32", "uintContents", "<u4"),
    Datatype("UINT64", "uint64", "uint64Contents", "<u8"),
    Datatype("INT8", "int8", "intContents", "<i4"),
    Datatype("INT16", "int16", "intContents", "<i4"),
    Datatype("INT32", "int32", "intContents", "<i4"),
    Datatype("INT64", "int64", "int64Contents", "<i8"),
    Datatype("FP16", "float16"),
    Datatype("BF16", "bfloat16"),
    Datatype("FP32", "float32", "fp32Contents", "<f4"),
    Datatype("FP64", "float64", "fp64Contents", "<f8"),
    Datatype("BYTES", "S", "bytesContents"),
]
_BY_NAME = {row.name: row for row in _DATATYPES}
_BY_DTYPE = {row.dtype_name: row for row in _DATATYPES}
NAMES = {
    np.dtype(row.dtype_name): row.name for row in _DATATYPES if row.name not in ("BF16", "BYTES")
}
"""The datatypes of numbers and bools by dtype, in native byte order."""
BYTES, BF16, FP16 = _BY_NAME["BYTES"], _BY_NAME["BF16"], _BY_NAME["FP16"]


@lru_cache(maxsize=64)
def datatype_of(dtype: np.dtype[Any]) -> Datatype:
    """Return the datatype of a numpy dtype; raise `EncodeError` where there is none."""
    row = BYTES if dtype.kind in "SUT" else _BY_DTYPE.get(dtype.name)
    if row is None:
        reason = f"expected a dtype of the Open Inference Protocol, got {dtype}"
        raise EncodeError(reason, "", "cast it, or use tfserving/protobuf or protobuf/tftensor")
    return row


def datatype_named(name: Any) -> Datatype:
    """Return the datatype of a name in a payload; raise `DecodeError` for an unknown one."""
    row = _BY_NAME.get(name) if type(name) is str else None
    if row is None:
        raise DecodeError(unknown("a datatype", name, _BY_NAME), ".datatype")
    return row


@dataclass(slots=True, repr=False)
class InferTensor:
    """A named array.

    Parameters
    ----------
    name : str
        Name of the input or output.
    value : array_like
        An array of any shape, or another value that `Codec.encode` accepts: of bools, of integers
        and floats of 8 to 64 bits, of bfloat16, or of strings. BYTES are read as an array of byte
        strings (as `bytes` in nested lists, where numpy would drop a NUL at the end).
    parameters : mapping of str to object, optional
        Bools, integers, floats and strings by name; in JSON also null and nested values. With
        ``content_type`` of ``base64``, bytes are written as base64 text, as MLServer does.
    binary : bool, optional
        Whether the tensor is written as binary data after the JSON; where None, the form of the
        protocol decides. False also writes FP16 in JSON, which Triton and KServe refuse.

    Examples
    --------
    >>> import numpy as np
    >>> from tensorwire.oip import InferTensor
    >>> tensor = InferTensor("x", np.ones((2, 3), np.float32))
    >>> tensor.datatype, tensor.shape
    ('FP32', (2, 3))
    >>> InferTensor("text", ["a", "b"]).datatype
    'BYTES'
    """

    name: str
    value: Any
    parameters: Mapping[str, Any] = field(default_factory=dict)
    binary: bool | None = None

    def __init__(
        self,
        name: str,
        value: Any,
        parameters: Mapping[str, Any] | None = None,
        binary: bool | None = None,  # noqa: FBT001
    ) -> None:
        """Set the fields, in less time than a generated `__init__`."""
        self.name = name
        self.value = value
        self.parameters = {} if parameters is None else parameters
        self.binary = binary

    def __repr__(self) -> str:
        """Return the fields that are set; large values are shortened."""
        return repr_of(self)

    @property
    def datatype(self) -> str:
        """The datatype of the array, as in ``FP32``; raises `EncodeError` for other dtypes."""
        array = [] if type(self.value) is bytes else as_array(self.value)
        return "BYTES" if isinstance(array, list) else datatype_of(array.dtype).name

    @property
    def shape(self) -> tuple[int, ...]:
        """The dimensions of the array."""
        value = self.value
        if not isinstance(value, (np.ndarray, list, tuple, bytes)):
            value = as_array(value)
        return value.shape if isinstance(value, np.ndarray) else lists.shape(value)


def pack_bytes(strings: list[bytes]) -> bytes:
    """Write byte strings of up to 4 GiB each: ``length:<u4 string length:<u4 string ...``.

    Source: the BYTES datatype in the binary tensor data extension of the Open Inference Protocol.
    """
    lengths = np.fromiter(map(len, strings), np.int64, len(strings))
    if lengths.size and lengths.max() >= 1 << 32:
        raise EncodeError(f"expected byte strings below 4 GiB, got {lengths.max()} bytes")
    heads = memoryview(lengths.astype("<u4").tobytes())
    pieces: list[bytes | memoryview] = [b""] * (2 * len(strings))
    pieces[::2] = [heads[at : at + 4] for at in range(0, len(heads), 4)]
    pieces[1::2] = strings
    return b"".join(pieces)


def unpack_bytes(memory: Array) -> list[bytes]:
    """Read byte strings up to the end of a flat uint8 array; raise `DecodeError` for a cut one."""
    body = memory.tobytes()
    strings, at, read = [], 0, _LENGTH.unpack_from
    while at + 4 <= len(body):
        (length,) = read(body, at)
        start, at = at + 4, at + 4 + length
        strings.append(body[start:at])
    if at != len(body):
        raise DecodeError(f"expected byte strings of {at} bytes in all, got {len(body)}")
    return strings


def raw_leaf(tensor: InferTensor, options: Writing) -> tuple[Datatype, Leaf]:
    """Return a tensor in the layout raw."""
    array, row, shape = _viewed(tensor.value, options)
    if row is BYTES:
        packed = np.frombuffer(pack_bytes(_strings(array, tensor)), np.uint8)
        return row, Leaf(Role.BLOB, packed, None, shape, np.dtype("S"))
    field = None if array.dtype.isnative else array.dtype.newbyteorder("<")
    return row, Leaf(Role.BLOB, array, field, shape, array.dtype)


def contents_leaf(tensor: InferTensor, options: Writing) -> tuple[Datatype, Leaf]:
    """Return a tensor in the layout contents."""
    array, row, shape = _viewed(tensor.value, options)
    if row is BYTES:
        return row, Leaf(Role.STRINGS, _strings(array, tensor), None, shape, np.dtype("S"))
    if not row.member:
        raise EncodeError(
            f"expected a datatype with typed contents, got {row.name}", "", "use oip/protobuf"
        )
    field = np.dtype(row.field)
    flat = array.reshape(-1)
    data = flat if field.kind == "f" else flat.astype(field, copy=False)
    return row, Leaf(Role.VALUES, data, field, shape, array.dtype)


def data_leaf(tensor: InferTensor, options: Writing, *, lossy: bool) -> tuple[Datatype, Leaf]:
    """Return a tensor in the layout data: a flat list of numbers, bools or text.

    MLServer is the only server that reads FP16 in JSON: it is written only if `binary` is False.
    """
    array, row, shape = _viewed(tensor.value, options)
    if row is BF16:
        raise EncodeError("expected a datatype of JSON, got BF16", "", "use oip/binary")
    if row is FP16 and tensor.binary is not False:
        reason = "expected a datatype that Triton and KServe read in JSON, got FP16"
        remedy = "use oip/binary, or binary=False of the tensor for MLServer"
        raise EncodeError(reason, "", remedy)
    if row is not BYTES:
        flat = array.reshape(-1)
        return row, Leaf(Role.NESTED, flat, None, shape, array.dtype, lossy, options.words)
    try:
        text = [item.decode() for item in _strings(array, tensor)]
    except UnicodeDecodeError:
        remedy = "use oip/binary, or the parameter content_type of base64 for MLServer"
        raise EncodeError("expected UTF-8 text, got other bytes", "", remedy) from None
    return row, Leaf(Role.NESTED, text, None, shape, np.dtype("S"))


def _viewed(value: Any, options: Writing = STRICT) -> tuple[Any, Datatype, tuple[int, ...]]:
    if type(value) is bytes:  # numpy would drop a NUL at the end
        return [value], BYTES, ()
    array = as_array(value, none=options.none)
    if isinstance(array, list):  # byte strings that end in NUL
        if not all(isinstance(item, bytes) for item in lists.scalars(array)):
            raise lists.mixed(array, "values of one datatype")
        return array, BYTES, lists.shape(array)
    return array, datatype_of(array.dtype), array.shape


def _strings(array: Any, tensor: InferTensor) -> list[bytes]:
    strings = lists.scalars(array) if isinstance(array, list) else utf8(array)
    return list(map(pybase64.b64encode, strings)) if _is_base64(tensor.parameters) else strings


def _is_base64(parameters: Any) -> bool:
    return isinstance(parameters, Mapping) and parameters.get("content_type") == "base64"


def decoded(value: Any, row: Datatype, parameters: Mapping[str, Any], path: str = "") -> Any:
    """Return the elements of a tensor, decoded from base64 where its parameters ask for that."""
    if row is not BYTES or not _is_base64(parameters):
        return value
    if isinstance(value, np.ndarray):
        strings, shape = value.reshape(-1).tolist(), value.shape
    elif isinstance(value, list):
        strings, shape = lists.scalars(value), lists.shape(value)
    else:  # of rank 0
        strings, shape = [value], ()
    return from_bytes([_from_base64(text, f"{path}[{i}]") for i, text in enumerate(strings)], shape)


def _from_base64(text: bytes, path: str) -> bytes:
    try:
        return text_to_bytes(text.decode("ascii"))
    except (DecodeError, UnicodeDecodeError):
        reason = f"expected base64, the content_type, got {shown(text)}"
        remedy = "leave content_type out for the bytes as they are"
        raise DecodeError(reason, path, remedy) from None


class Rules(NamedTuple):
    """The rules for all tensors of a message that is read.

    Attributes
    ----------
    limits
        the bounds on each tensor.
    payload
        the size of the body in bytes.
    options
        the options for lists of values.
    """

    limits: Limits
    payload: int
    options: Reading = VERIFIED


def _check(row: Datatype, shape: list[int], rules: Rules) -> int:
    """Return the number of elements; raise `LimitError` where it is over a limit."""
    count, limits = prod(shape), rules.limits
    if limits is not DEFAULT_LIMITS or not count or len(shape) > _USUAL_RANK or row is BYTES:
        itemsize = 1 if row is BYTES else row.dtype.itemsize
        limits.check(shape, itemsize, rules.payload, ".shape")
    return count


def from_raw(node: Any, row: Datatype, shape: list[int], rules: Rules) -> Any:
    """Return an array of the layout raw, as a view."""
    memory = blob(node)
    count = _check(row, shape, rules)
    if row is BYTES:
        strings = unpack_bytes(memory)
        if len(strings) != count:
            reason = f"expected {count} byte strings for shape {shape}, got {len(strings)}"
            raise DecodeError(reason)
        return from_bytes(strings, shape)
    dtype = row.dtype
    if memory.size != count * dtype.itemsize:
        wanted = count * dtype.itemsize
        reason = f"expected {wanted} bytes for shape {shape} of {row.name}"
        raise DecodeError(f"{reason}, got {memory.size}")
    if dtype.kind == "b" and (memory > 1).any():
        raise DecodeError(f"expected 0 or 1 for BOOL, got {memory.max()}")
    return memory.view(dtype).reshape(shape)


def from_values(node: Any, row: Datatype, shape: list[int], rules: Rules) -> Any:
    """Return an array of the layouts data and contents: a list of values, flat or nested.

    This is where null in the JSON of a tensor is read. It is NaN where the datatype is a float
    and `rules.options` allows it (``missing=``; see `OipRest.decode`), even if all other values are
    integers or null. For any other datatype it is refused.
    """
    if row is BF16:
        remedy = "send raw contents, or use oip/binary"
        raise DecodeError("expected BF16 in binary, got values", "", remedy)
    count = _check(row, shape, rules)
    array = node
    if type(array) is not np.ndarray:
        array = node.read(rules.limits) if hasattr(node, "read") else node
        if isinstance(array, list):
            array = lists.to_array(array, DecodeError, rules.options)
    if not isinstance(array, (np.ndarray, list)) or (type(array) is np.ndarray and not array.ndim):
        raise DecodeError(f"expected a list of values, got {shown(node)}")
    found = lists.shape(array) if isinstance(array, list) else array.shape
    if found != (count,) and list(found) != shape:
        wanted = f"{count} values, flat or of shape {shape}"
        raise DecodeError(f"expected {wanted}, got values of shape {list(found)}")
    if row is BYTES:
        return _texts(array, shape)
    if isinstance(array, list):  # values that no single dtype holds
        flat = [
            nan if item is None and rules.options.null else item for item in lists.scalars(array)
        ]
        _refuse_wrong(flat, row, found)
        return np.array(flat, row.dtype).reshape(shape)
    return _typed(array, row).reshape(shape)


def _texts(array: Any, shape: list[int]) -> Any:
    if isinstance(array, list) or (array.size and array.dtype.kind not in "SUT"):
        flat = lists.scalars(array) if isinstance(array, list) else array.reshape(-1).tolist()
        for i, item in enumerate(flat):
            if not isinstance(item, (str, bytes)):
                where = lists.element_path(i, np.shape(array))
                raise DecodeError(f"expected text for BYTES, got {_word(item)}", where)
        return from_bytes(
            [item.encode() if isinstance(item, str) else item for item in flat], shape
        )
    return from_bytes(utf8(array) if array.size else [], shape)


def _typed(array: Array, row: Datatype) -> Array:
    """Convert numbers to the datatype: integers exactly, floats to the nearest one."""
    dtype = row.dtype
    if array.dtype == dtype:
        return array
    narrow = _narrowed(array, dtype)
    if narrow is None:
        flat = array.reshape(-1)
        for start in range(0, flat.size, _BLOCK):
            _refuse_wrong(flat[start : start + _BLOCK].tolist(), row, array.shape, start)
        raise DecodeError(f"expected values of {row.name}, got {array.dtype}")
    return narrow


def _narrowed(array: Array, dtype: np.dtype[Any]) -> Array | None:
    """Return an array converted to a dtype, None where that would change a value."""
    source, target = array.dtype.kind, dtype.kind.replace("V", "f")
    if not array.size:
        return array.astype(dtype)
    if (source == "b") != (target == "b") or source in "SUT":
        return None
    with np.errstate(all="ignore"):
        narrow = array.astype(dtype)
        if target == "f" and source == "f":
            good = not (np.isinf(narrow) & np.isfinite(array)).any()
        elif target == "f":
            large = array[(array > EXACT) | (array < -EXACT)]
            good = not any(map(lists.rounds, large.tolist()))
            good = good and bool(np.isfinite(narrow).all())
        elif source == "f":
            whole = np.abs(array) < EXACT  # larger ones may have been rounded; NaN compares false
            good = bool((whole & (narrow.astype(array.dtype) == array)).all())
        else:
            bounds = np.iinfo(dtype)
            good = bounds.min <= int(array.min()) and int(array.max()) <= bounds.max
    return narrow if good else None


def _refuse_wrong(values: list[Any], row: Datatype, shape: tuple[int, ...], first: int = 0) -> None:
    """Raise `DecodeError` for the first value that the datatype cannot represent."""
    for i, item in enumerate(values, first):
        wanted = _wanted(item, row)
        if wanted:
            reason = f"expected {wanted}, got {_word(item)}"
            raise DecodeError(reason, lists.element_path(i, shape))


def _wanted(item: Any, row: Datatype) -> str:  # noqa: PLR0911
    """Return what was expected instead of a value, "" for a valid value."""
    name, dtype = row.name, row.dtype
    if dtype.kind == "b":
        return "" if type(item) is bool else f"true or false for {name}"
    if type(item) not in (int, float):
        return f"{'an integer' if dtype.kind in 'iu' else 'a number'} for {name}"
    if dtype.kind not in "iu":
        if type(item) is int and lists.rounds(item):
            return f"an integer that float64 holds for {name} (INT64 and UINT64 hold others)"
        return "" if _fits(item, dtype) else f"a number in the range of {name}"
    if type(item) is float:
        if not item.is_integer():
            return f"an integer for {name}"
        if abs(item) >= EXACT:
            return f"only digits for {name} (a point or exponent rounds integers beyond 2**53)"
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    return "" if low <= item <= high else f"{name}, which is {low} to {high}"


def _fits(item: float, dtype: np.dtype[Any]) -> bool:
    """Return whether a number is in the range of a float dtype; infinities are."""
    try:
        with np.errstate(all="ignore"):
            return not isinf(dtype.type(item)) or isinf(item)
    except OverflowError:  # of an integer
        return False


def _word(item: Any) -> str:
    """Return the JSON text of a value."""
    if item is None or item != item:  # noqa: PLR0124 - NaN
        return "null or NaN"
    if isinstance(item, bool):
        return "true" if item else "false"
    return shown(item)


def info(name: str, row: Datatype, shape: list[int]) -> TensorInfo:
    """Return name, dtype and shape of a tensor."""
    return TensorInfo(name, row.dtype, tuple(shape))


def refuse_shared_memory(parameters: Mapping[str, Any]) -> None:
    """Raise `DecodeError` where the elements of a tensor are elsewhere than in the message.

    Source: the shared memory extensions of https://github.com/triton-inference-server/server
    """
    for name in SHARED_MEMORY:
        if parameters.get(name) is not None:
            reason = "expected the elements of the tensor in the message, got shared memory"
            raise DecodeError(reason, f".parameters.{name}")
