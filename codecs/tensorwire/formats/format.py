"""What every format has in common: its face, and the checks of dtypes, shapes and bytes."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire import lists
from tensorwire.arrays import NUMBERS, aligned, as_array, cast
from tensorwire.errors import CodecError, DecodeError, EncodeError, excerpt, shown
from tensorwire.kinds.tensorproto import type_of
from tensorwire.limits import checked_limits
from tensorwire.missing import BARE, reading, writing
from tensorwire.tree import check_out
from tensorwire.wire.buffers import as_body

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import DTypeLike

    from tensorwire.limits import Limits
    from tensorwire.missing import Missing
    from tensorwire.tree import Array, Body

__all__ = [
    "Format",
    "array_of",
    "at",
    "dtype_of",
    "place_of",
    "refusal",
    "shape_of",
    "typestr_of",
    "view",
]

_LAST_CHARACTER = 0x10FFFF
_TYPESTR = re.compile(r"[<>=|]?[biufcSU][1-9][0-9]{0,9}")
_NAMED = NUMBERS | {np.dtype(char).num for char in "FDSU"}


class Format(ABC):
    """A codec of another project's format, with the keywords of this package's codecs.

    Attributes
    ----------
    name : str
        The format and what it holds, as in ``npy/array``.
    media_type : str
        The media type of the bytes.
    carries : frozenset of str
        Which of ``names``, ``meta`` and ``status`` the format represents.
    meta_path : str
        Where that meta is in a file.
    """

    name: str
    media_type: str
    carries: frozenset[str] = frozenset()
    meta_path = "$.meta"

    def __repr__(self) -> str:
        """Return the call that makes one like it."""
        return f"{type(self).__name__}()"

    @abstractmethod
    def write(self, value: Any, meta: Mapping[str, Any], *, none: bool) -> bytes:
        """Write a value, or raise `EncodeError`.

        Parameters
        ----------
        value : object
            What `encode` was given.
        meta : mapping
            Empty where the format does not represent it.
        none : bool
            Whether None among numbers is NaN.

        Returns
        -------
        bytes
            The file.
        """

    @abstractmethod
    def read(self, body: Body, limits: Limits) -> Any:
        """Read the array, or the dict or list of arrays, as views where the format allows it.

        Parameters
        ----------
        body : bytes or memoryview
            The file.
        limits : Limits
            Bounds on each array.

        Returns
        -------
        ndarray, dict or list
            The array, or the arrays by name, or nested as they were written.
        """

    def metadata(self, body: Any, *, limits: Limits | None = None) -> dict[str, Any]:
        """Return the metadata beside the arrays, as `encode` takes it by ``meta=``.

        `decode` returns the arrays alone; `tensorwire.transcode` keeps the metadata where the
        target is of the same format, and does not drop it in silence where it is not.

        Parameters
        ----------
        body : bytes-like
            Any contiguous buffer.
        limits : Limits, optional
            Bounds on the arrays.

        Returns
        -------
        dict
            Empty where there is none.

        Raises
        ------
        DecodeError
            Where the bytes are not of this format.
        """
        del body, limits
        return {}

    def encode(  # noqa: PLR0913 - options by name
        self,
        value: Any,
        *,
        names: Sequence[str] | None = None,
        meta: Mapping[str, Any] | None = None,
        status: Mapping[str, Any] | None = None,
        lossy: bool = False,
        missing: Missing | None = None,
    ) -> bytes:
        """Write a value.

        Parameters
        ----------
        value : array_like
            The array; some formats take mappings and lists of arrays, see the class.
        names : sequence of str, optional
            Names of the columns; no format represents them.
        meta : mapping, optional
            Metadata, where the format represents it.
        status : mapping, optional
            Status of a response; no format represents it.
        lossy : bool, default False
            Changes nothing: these formats lose nothing.
        missing : {"error", "null", "nan", "any"}, optional
            Any word but ``error`` writes a missing value among numbers (None, a masked one, NA) as
            NaN. NaN and infinities are values of these formats, and always written.

        Returns
        -------
        bytes
            The file.

        Raises
        ------
        EncodeError
            For a value, or names, meta or status, that the format cannot represent.
        """
        del lossy
        none = writing(missing, "error", BARE).none
        for part, given in (("names", names), ("meta", meta), ("status", status)):
            if given is not None and len(given) and part not in self.carries:
                reason = (
                    f"expected no {part}, which {self.name} cannot represent, got {excerpt(given)}"
                )
                raise EncodeError(reason, f".{part}", "leave it out")
        return self.write(value, meta or {}, none=none)

    def decode(  # noqa: PLR0913 - options by name
        self,
        body: Any,
        *,
        copy: bool = False,
        out: Array | Mapping[str, Array] | None = None,
        dtype: DTypeLike | None = None,
        limits: Limits | None = None,
        align: bool = False,
        missing: Missing | None = None,
    ) -> Any:
        """Read what `encode` was given, as read-only views of `body` by default.

        Parameters
        ----------
        body : bytes-like
            Any contiguous buffer.
        copy : bool, default False
            Return arrays that are writable and share no memory with `body`.
        out : ndarray or mapping of str to ndarray, optional
            Write into this array and return it, or into these by name. Nothing is written where
            an error is raised.
        dtype : dtype_like, optional
            Convert to this dtype, if no value changes by it.
        limits : Limits, optional
            Bounds on each array.
        align : bool, default False
            Return arrays whose address suits their dtype: a view where it does, else one copy,
            read-only as the view is.
        missing : {"error", "null", "nan", "any"}, optional
            Changes nothing: NaN is a value of these formats.

        Returns
        -------
        ndarray, dict or list
            The array, or the dict or list of arrays.

        Raises
        ------
        DecodeError
            Where the bytes are not of this format, or do not match dtype and shape of an array.
        LimitError
            Where an array is larger than `limits` allow.
        """
        reading(missing, "any", text=False)  # refuses a word that is not known
        value = self.read(as_body(body), checked_limits(limits))
        if dtype is not None:
            value = _each(value, partial(cast, dtype=dtype))
        if out is not None:
            arrays = value if isinstance(value, dict) else {"": value}
            _fill(out if isinstance(out, Mapping) else {"": out}, arrays)
            return out
        if copy:
            value = _each(value, _owned)
        return _each(value, aligned) if align else value


def _each(value: Any, change: Callable[[Array], Array]) -> Any:
    """Apply `change` to a value that is an array, or to all arrays in a dict or list."""
    if isinstance(value, np.ndarray):
        return change(value)
    if isinstance(value, (dict, list)):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            with at(f".{key}" if isinstance(value, dict) else f"[{key}]"):
                value[key] = _each(item, change)
    return value


def _owned(array: Array) -> Array:
    return array if array.flags.writeable else array.copy()


def _fill(outs: Mapping[str, Array], arrays: Mapping[str, Any]) -> None:
    """Write arrays into others of the same names, once all of them are known to fit."""
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):
            reason = f"expected arrays alone for out=, got {shown(array)}"
            raise DecodeError(reason, place_of(name), "decode without out=")
    if outs.keys() != arrays.keys():
        reason = f"expected out= for the arrays {excerpt([*arrays])}, got {excerpt([*outs])}"
        raise DecodeError(reason)
    for name, array in arrays.items():
        with at(place_of(name)):
            check_out(outs[name], array.shape, array.dtype)
    for name, array in arrays.items():
        outs[name][...] = array


@contextmanager
def at(place: str) -> Iterator[None]:
    """Put the place of an array, such as ``.name``, before the path of an error."""
    try:
        yield
    except CodecError as error:
        raise error.within(place) from None


def place_of(name: str) -> str:
    """Return the place of an array by its name; the one that has none is the whole."""
    return f".{name}" if name else ""


def array_of(value: Any, *, none: bool = False) -> Array:
    """View a value as one array, or raise `EncodeError`; with `none`, None among numbers is NaN."""
    array = value if type(value) is bytes else as_array(value, none=none)
    if isinstance(array, bytes):
        array = [array] if array.endswith(b"\0") else np.asarray(array)
    if isinstance(array, list):
        if all(isinstance(item, bytes) for item in lists.scalars(array)):
            reason = "expected bytes that numpy keeps, got some that end in NUL"
            raise EncodeError(reason, "", "use protobuf/tftensor")
        raise lists.mixed(array, "values of one dtype")
    viewed: Array = array
    return viewed


def refusal(name: str, dtype: np.dtype[Any]) -> EncodeError:
    """Return the error for a dtype that a format cannot represent, with a codec that can."""
    try:
        type_of(dtype)
    except EncodeError:
        return EncodeError(f"expected a dtype that {name} represents, got {dtype}")
    reason = f"expected a dtype that {name} represents, got {dtype}"
    return EncodeError(reason, "", "use protobuf/tftensor")


def shape_of(node: Any) -> list[int]:
    """Return the sizes in a list; raise `DecodeError` for anything else."""
    if type(node) is not list or not {int}.issuperset(map(type, node)) or min(node, default=0) < 0:
        raise DecodeError(f"expected a list of sizes, got {excerpt(node)}", ".shape")
    return node


def view(
    data: Array, dtype: np.dtype[Any], shape: Sequence[int], limits: Limits, payload: int
) -> Array:
    """View all of some bytes as an array; raise `DecodeError` where they are not its bytes.

    `data` is a flat uint8 array; `payload` is the size of the whole message in bytes.
    """
    nbytes = limits.check(shape, dtype.itemsize, payload, ".shape") * dtype.itemsize
    if data.size != nbytes:
        reason = f"expected {nbytes} bytes for shape {tuple(shape)} of {dtype}, got {data.size}"
        raise DecodeError(reason, ".data")
    if dtype.kind == "b" and (data > 1).any():
        raise DecodeError(f"expected 0 or 1 for a bool, got {data.max()}", ".data")
    if (
        dtype.kind == "U"
        and (data.view(np.dtype("u4").newbyteorder(dtype.byteorder)) > _LAST_CHARACTER).any()
    ):
        raise DecodeError("expected characters of Unicode, got one beyond", ".data")
    return data.view(dtype).reshape(shape)


def typestr_of(format_name: str, array: Array) -> str:
    """Return numpy's name of the dtype of an array, such as ``<f8``, if it is read back as that.

    Raises `EncodeError` for any other dtype.
    Source: https://numpy.org/doc/stable/reference/arrays.interface.html
    """
    dtype = array.dtype
    if not _known(dtype):  # bfloat16 would be read as two bytes, StringDType as addresses
        raise refusal(format_name, dtype)
    return dtype.str


def dtype_of(name: Any, path: str) -> np.dtype[Any]:
    """Return the dtype of a name: bools, integers, floats, complex numbers and strings.

    Raises `DecodeError` for any other: objects (of a pickle), records, dates.
    """
    if type(name) is str and name.endswith("O"):
        reason = "expected a dtype of numbers, bools or strings, got Python objects of a pickle"
        raise DecodeError(f"{reason}, which is never loaded", path)
    if type(name) is not str or not _TYPESTR.fullmatch(name):
        raise DecodeError(f"expected a dtype of numbers, bools or strings, got {shown(name)}", path)
    try:
        dtype = np.dtype(name)
    except (TypeError, ValueError):
        dtype = None
    if dtype is None or not _known(dtype):
        raise DecodeError(f"expected a dtype that numpy has, got {shown(name)}", path)
    return dtype


def _known(dtype: np.dtype[Any]) -> bool:
    return dtype.num in _NAMED and dtype.itemsize > 0
