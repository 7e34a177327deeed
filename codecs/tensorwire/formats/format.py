"""What every format does alike: refuse an envelope, then cast, copy or write into `out`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire import lists
from tensorwire.arrays import aligned, as_array, cast
from tensorwire.errors import CodecError, DecodeError, EncodeError
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

__all__ = ["Format", "array_of", "at", "place_of", "refusal", "shape_of", "view"]


class Format(ABC):
    """A codec of somebody else's format, with the keywords of our own codecs."""

    name: str
    media_type: str
    carries: frozenset[str] = frozenset()  # what of names, meta and status there is a place for
    meta_path = "$.meta"  # where that meta is in a file

    def __repr__(self) -> str:
        """Return the call that makes one like it."""
        return f"{type(self).__name__}()"

    @abstractmethod
    def write(self, value: Any, meta: Mapping[str, Any], *, none: bool) -> bytes:
        """Write a value, or raise `EncodeError`.

        `meta` is empty where it is not carried; `none` tells whether None among numbers is NaN.
        """

    @abstractmethod
    def read(self, body: Body, limits: Limits) -> Any:
        """Read the array, or what holds arrays, as views where that can be."""

    def metadata(self, body: Any, *, limits: Limits | None = None) -> dict[str, Any]:
        """Return what a file says beside its arrays, as `encode` takes it by ``meta=``.

        `decode` gives the arrays alone; `tensorwire.transcode` keeps this where the target is of
        the same format, and refuses to drop it in silence where not.

        Raises
        ------
        DecodeError
            the bytes are not of this format.
        """
        del body, limits
        return {}

    def encode(  # noqa: PLR0913 - each says one thing, by its name
        self,
        value: Any,
        *,
        names: Sequence[str] | None = None,
        meta: Mapping[str, Any] | None = None,
        status: Mapping[str, Any] | None = None,
        lossy: bool = False,
        missing: Missing | None = None,
    ) -> bytes:
        """Write a value; nothing is ever lost, so that `lossy` changes nothing.

        Parameters
        ----------
        value
            what the class says.
        names, meta, status
            what is to travel with it, where the format has a place.
        missing
            any word but ``error`` writes a missing value among numbers (None, a masked one, NA) as
            NaN; NaN and infinities are values of these formats, and always written.

        Raises
        ------
        EncodeError
            the format has no place for the value, or for what is to travel with it.
        """
        del lossy
        none = writing(missing, "error", BARE).none
        for part, given in (("names", names), ("meta", meta), ("status", status)):
            if given is not None and len(given) and part not in self.carries:
                raise EncodeError(f"{self.name} has no place for {part}; leave it out", f".{part}")
        return self.write(value, meta or {}, none=none)

    def decode(  # noqa: PLR0913 - each says one thing, by its name
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
        """Read what `encode` was given: read-only views of `body`, unless asked otherwise.

        Parameters
        ----------
        body
            any contiguous buffer.
        copy
            give arrays that are writable and share nothing with `body`.
        out
            write into this array and return it, or into these by name. Nothing is written where
            an error is raised.
        dtype
            convert to this dtype, if no value changes by it.
        limits
            what the payload may claim; `Limits()` where None.
        align
            return arrays whose address suits their dtype: a view where it does, else one copy,
            read-only as the view is.
        missing
            changes nothing: NaN is a value of these formats.

        Raises
        ------
        DecodeError
            the bytes are not of this format, or not the array they claim.
        LimitError
            the payload claims more than `limits`.
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
    """Change every array of a value that may be one, or hold some; all else stays as it is."""
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
            reason = f"expected arrays alone for out=, got a {type(array).__name__}"
            raise DecodeError(f"{reason}; decode without out=", place_of(name))
    if outs.keys() != arrays.keys():
        raise DecodeError(f"the payload has the arrays {[*arrays]}, out= has {[*outs]}")
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
            raise EncodeError(f"{reason}; protobuf/tftensor can carry them")
        raise lists.mixed(array, "values of one dtype")
    viewed: Array = array
    return viewed


def refusal(name: str, dtype: np.dtype[Any]) -> EncodeError:
    """Say that a format has no such dtype, and which codec has."""
    try:
        type_of(dtype)
    except EncodeError:
        return EncodeError(f"{name} has no dtype {dtype}")
    return EncodeError(f"{name} has no dtype {dtype}; protobuf/tftensor can carry it")


def shape_of(node: Any) -> list[int]:
    """Give the sizes in a list; `DecodeError` for anything else."""
    if type(node) is not list or not {int}.issuperset(map(type, node)) or min(node, default=0) < 0:
        raise DecodeError("a list of sizes belongs here", ".shape")
    return node


def view(
    data: Array, dtype: np.dtype[Any], shape: Sequence[int], limits: Limits, payload: int
) -> Array:
    """View bytes as an array that takes them all; `DecodeError` where they are not its bytes.

    `data` is a flat uint8 array; `payload` is the size of the whole message in bytes.
    """
    nbytes = limits.check(shape, dtype.itemsize, payload, ".shape") * dtype.itemsize
    if data.size != nbytes:
        reason = f"{data.size} bytes where shape {list(shape)} of {dtype} takes {nbytes}"
        raise DecodeError(reason, ".data")
    if dtype.kind == "b" and (data > 1).any():
        raise DecodeError("a bool that is neither 0 nor 1", ".data")
    if dtype.kind == "U" and (data.view(np.dtype("u4").newbyteorder(dtype.byteorder)) > _TOP).any():
        raise DecodeError("a character beyond Unicode", ".data")
    return data.view(dtype).reshape(shape)


_TOP = 0x10FFFF
