"""Payloads as buffers: the body that is read, and the parts of a body that is written."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
import pybase64

from tensorwire.arrays import put
from tensorwire.errors import DecodeError, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tensorwire.tree import Array, Body

__all__ = [
    "ArrayFill",
    "Base64",
    "Fill",
    "Part",
    "Texts",
    "array_part",
    "as_body",
    "as_bytes",
    "assemble",
    "buffer_of",
    "join",
    "locked",
    "size_of",
]

_SPARE = 1024  # bytes added to an estimated size


class Fill(Protocol):
    """Bytes that are written directly into the body, without a copy."""

    nbytes: int

    def fill(self, body: memoryview, offset: int) -> None:
        """Write the bytes into `body` at `offset`."""


Part: TypeAlias = "bytes | memoryview | Fill | Texts"


class ArrayFill:
    """An array whose order, byte order or dtype changes while it is copied."""

    __slots__ = ("_array", "_dtype", "nbytes")

    def __init__(self, array: Array, dtype: np.dtype[Any]) -> None:
        self._array, self._dtype = array, dtype
        self.nbytes = array.size * dtype.itemsize

    def fill(self, body: memoryview, offset: int) -> None:
        """Convert and copy in one pass."""
        target = np.frombuffer(body, np.uint8, self.nbytes, offset).view(self._dtype)
        put(target.reshape(self._array.shape), self._array)


class Texts:
    """Text that is made block by block: its length is not known before.

    Parameters
    ----------
    pieces
        the text; its first piece of more than one byte is a block.
    blocks
        how many blocks of about that length follow, that one included.
    """

    __slots__ = ("_blocks", "_pieces")

    def __init__(self, pieces: Iterator[bytes | memoryview], blocks: float) -> None:
        self._pieces, self._blocks = pieces, blocks

    def join(self, prefix: bytes, suffix: bytes) -> bytes:
        """Join the pieces in one buffer of the estimated length, which is then cut."""
        head: list[bytes | memoryview] = [prefix]
        for piece in self._pieces:
            head.append(piece)
            if len(piece) > 1:  # the first block: the others are about as long
                break
        estimate = int(len(head[-1]) * self._blocks * 1.004) + len(suffix) + _SPARE
        stream = io.BytesIO(bytes(estimate))
        stream.writelines(head)
        del head, piece
        stream.writelines(self._pieces)
        stream.write(suffix)
        stream.truncate()
        return stream.getvalue()


class Base64:
    """Bytes as base64, encoded directly into the body."""

    __slots__ = ("_part", "nbytes")
    BLOCK = 18 << 10  # bytes encoded at a time: they stay in the cache until they are copied

    def __init__(self, part: bytes | memoryview | Fill) -> None:
        self._part, self.nbytes = part, (size_of(part) + 2) // 3 * 4

    def encode(self) -> bytes:
        """Encode at once into a new bytes object: a quarter of the time of `fill`."""
        text: bytes = pybase64.b64encode(buffer_of(self._part))
        return text

    def fill(self, body: memoryview, offset: int) -> None:
        """Encode a block at a time."""
        source = memoryview(buffer_of(self._part))
        for start in range(0, len(source), self.BLOCK):
            text = pybase64.b64encode(source[start : start + self.BLOCK])
            body[offset : offset + len(text)] = text
            offset += len(text)


def array_part(array: Array, dtype: np.dtype[Any] | None = None) -> memoryview | ArrayFill:
    """Return the memory of an array in C order, as `dtype` if given; a view where possible."""
    if dtype is not None and array.dtype != dtype:
        return ArrayFill(array, dtype)
    if not array.flags.c_contiguous:
        return ArrayFill(array, array.dtype)
    return array.reshape(-1).view(np.uint8).data


def size_of(part: Part) -> int:
    """Count the bytes of a part of known size."""
    return len(part) if type(part) is bytes else part.nbytes  # type: ignore[union-attr]


def join(prefix: bytes, part: Part, suffix: bytes) -> bytes:
    """Join a payload of one array, which is copied once, into the result."""
    if isinstance(part, (bytes, memoryview)):
        return b"".join((prefix, part, suffix))
    if isinstance(part, Texts):
        return part.join(prefix, suffix)
    # BytesIO.getvalue returns the bytes object of its buffer, without a copy.
    end = len(prefix) + part.nbytes
    stream = io.BytesIO(bytes(end + len(suffix)))
    with stream.getbuffer() as body:
        body[: len(prefix)] = prefix
        body[end:] = suffix
        part.fill(body, len(prefix))
    return stream.getvalue()


def buffer_of(part: Part) -> bytes | memoryview:
    """Return a part as a buffer; a `Fill` is written into a new one."""
    if isinstance(part, (bytes, memoryview)):
        return part
    return part.encode() if isinstance(part, Base64) else join(b"", part, b"")


def assemble(pieces: Sequence[bytes], parts: Sequence[Part]) -> bytes:
    """Join a payload of several arrays: piece, part, piece, ... piece."""
    if len(parts) == 1:
        return join(pieces[0], parts[0], pieces[1])
    sized = [buffer_of(part) if isinstance(part, Texts) else part for part in parts]
    if all(isinstance(part, (bytes, memoryview)) for part in sized):
        buffers: Any = (x for pair in zip(pieces, [*sized, b""], strict=True) for x in pair)
        return b"".join(buffers)
    stream = io.BytesIO(bytes(sum(map(len, pieces)) + sum(map(size_of, sized))))
    with stream.getbuffer() as body:
        at = 0
        for piece, part in zip(pieces, [*sized, b""], strict=True):
            body[at : at + len(piece)] = piece
            at += len(piece)
            if isinstance(part, (bytes, memoryview)):
                body[at : at + len(part)] = part
            elif not isinstance(part, Texts):
                part.fill(body, at)
            at += size_of(part)
    return stream.getvalue()


def as_body(buffer: Any) -> Body:
    """View any contiguous buffer as read-only bytes."""
    if isinstance(buffer, bytes):
        return buffer
    try:
        view = memoryview(buffer)
        return view.toreadonly().cast("B") if view.nbytes else b""
    except (TypeError, ValueError, BufferError):
        reason = f"expected a contiguous buffer of bytes, got {shown(buffer)}"
        raise DecodeError(reason, "", _buffer_remedy(buffer)) from None


def as_bytes(buffer: Any) -> bytes:
    """Return any contiguous buffer as bytes: a copy, of all but bytes."""
    try:  # the most frequent ones, in a fifth of the time
        if type(buffer) is memoryview and buffer.c_contiguous:
            return buffer.tobytes()
    except ValueError:  # it was released
        pass
    return bytes(as_body(buffer))


def locked(body: Body) -> bytes | Array:
    """Return the memory of a body for ``np.ndarray``, whose arrays keep it as it is.

    An array that ``np.ndarray`` makes of a memoryview does not hold it: a bytearray can be resized
    and a mapped file closed while the array still points to its memory, and the array can be made
    writable. One of ``frombuffer`` holds the memoryview.
    """
    return body if type(body) is bytes else np.frombuffer(body, np.uint8)


def _buffer_remedy(value: Any) -> str:
    """Return what to pass instead of a value that is not a contiguous buffer."""
    if isinstance(value, str):
        return "pass value.encode()"
    if hasattr(value, "read"):
        return "pass value.read()"
    try:
        memoryview(value)
    except TypeError:
        return "pass the bytes of the body"
    except (ValueError, BufferError):
        return "pass numpy.ascontiguousarray(value).view('u1')"
    return "pass memoryview(value).tobytes()"
