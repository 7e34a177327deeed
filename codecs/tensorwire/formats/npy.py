"""``.npy`` files: numpy's own format of one array, written byte for byte as `numpy.save` does.

A magic number, a version, the length of the header, the header (a dict as Python writes one, padded
with spaces), and the memory of the array, in C or in Fortran order. The header is matched against
the one form it can have, and never evaluated.
Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

from __future__ import annotations

import re
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib import format as npy

from tensorwire import guess
from tensorwire.errors import DecodeError, shown
from tensorwire.formats.format import Format, array_of, dtype_of, typestr_of, view
from tensorwire.wire.buffers import array_part, join

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tensorwire.limits import Limits
    from tensorwire.tree import Array, Body

__all__ = ["Npy"]

_MAGIC = re.compile(rb"\x93NUMPY(?:\x01\x00(..)|[\x02\x03]\x00(....))", re.DOTALL)
_MAX_HEADER = 10_000  # bytes, as in numpy; one of rank 64 has less than 2,000

_ITEM = re.compile(
    r"""[ ]*(['"])(?:descr\1[ ]*:[ ]*(?P<quote>['"])(?P<descr>[^'"\\]*)(?P=quote)|"""
    r"""fortran_order\1[ ]*:[ ]*(?P<order>True|False)|"""
    r"""shape\1[ ]*:[ ]*\((?P<shape>[0-9L, ]*)\))[ ]*(?:,|(?=\}))"""
)
_END = re.compile(r"[ ]*\}[ ]*\n?")
_SIZE = re.compile("[ ]*(0|[1-9][0-9]{0,18})L?[ ]*")  # Python 2 wrote 3L


class Npy(Format):
    r"""One array of numbers, bools or strings; never a pickle, nor what would need one.

    Examples
    --------
    >>> import numpy as np
    >>> import tensorwire as tw
    >>> npy = tw.get_codec("npy/array")
    >>> body = npy.encode(np.arange(3, dtype="<i4"))
    >>> body[:6], npy.decode(body)
    (b'\x93NUMPY', array([0, 1, 2], dtype=int32))
    """

    name = "npy/array"
    media_type = "application/x-npy"

    def write(self, value: Any, meta: Mapping[str, Any], *, none: bool) -> bytes:
        """Write version 1.0; the memory keeps its order and its byte order."""
        del meta
        array = array_of(value, none=none)
        descr, flags = typestr_of(self.name, array), array.flags
        turned = flags.f_contiguous and not flags.c_contiguous
        header = BytesIO()
        items = {"descr": descr, "fortran_order": turned, "shape": array.shape}
        npy.write_array_header_1_0(header, items)
        return join(header.getvalue(), array_part(array.T if turned else array), b"")

    def read(self, body: Body, limits: Limits) -> Array:
        """View the memory that follows the header."""
        found = _MAGIC.match(body)
        if found is None:
            found_instead = guess.of_bytes(body, "npy/array")
            raise DecodeError(
                "expected a .npy file of version 1.0, 2.0 or 3.0, got other bytes",
                "",
                found_instead,
            )
        size = int.from_bytes(found[1] or found[2], "little")
        most = min(_MAX_HEADER, len(body) - found.end())
        if size > most:
            raise DecodeError(f"expected a header of at most {most} bytes, got a length of {size}")
        end = found.end() + size
        descr, turned, shape = _header(bytes(body[found.end() : end]).decode("latin-1"))
        data = np.frombuffer(body, np.uint8)[end:]
        dtype = dtype_of(descr, ".descr")
        if turned:
            return view(data, dtype, shape[::-1], limits, len(body)).T
        return view(data, dtype, shape, limits, len(body))


def _header(text: str) -> tuple[str, bool, list[int]]:
    """Read the three items of a header, in any order."""
    place, items = 1, dict[str, str]()
    while found := _ITEM.match(text, place):
        items |= {key: part for key, part in found.groupdict().items() if part is not None}
        place = found.end()
    if text[:1] != "{" or not _END.fullmatch(text, place) or len(items) != len(_ITEM.groupindex):
        raise DecodeError(f"expected the header of a plain array, got {shown(text, 80)}")
    *sizes, last = items["shape"].split(",")
    sizes += [last] if sizes and last.strip() else []  # (3) is not a tuple
    shape = [int(size[1]) for size in map(_SIZE.fullmatch, sizes) if size]
    if len(shape) != len(sizes) or (last.strip() and not sizes):
        raise DecodeError(f"expected a tuple of sizes, got ({items['shape'][:80]})", ".shape")
    return items["descr"], items["order"] == "True", shape
