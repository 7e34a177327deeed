"""One container and one kind, in an envelope: `protobuf/tftensor` and eleven others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire.containers import CONTAINERS
from tensorwire.dtypes import NUMBERS, cast
from tensorwire.errors import CodecError, DecodeError, EncodeError
from tensorwire.kinds import KINDS
from tensorwire.limits import DEFAULT_LIMITS
from tensorwire.protocols import seldon
from tensorwire.tree import Irregular, Role, check_out
from tensorwire.wire.parts import buffer_of, join, size_of
from tensorwire.wire.schema import schema

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import DTypeLike

    from tensorwire.containers import Container
    from tensorwire.limits import Limits
    from tensorwire.tree import Array, Body, Leaf
    from tensorwire.wire.parts import Part

__all__ = ["Codec"]

_STRINGS = Role.STRINGS
_SMALL = 128  # elements
_FLOATS = frozenset(np.dtype(char).num for char in "fd")
_FRAMES = 256  # how many shapes a codec remembers the bytes around an array for


class Codec:
    """Arrays to the bytes of a SeldonMessage and back, in one container and one kind.

    Attributes:
        name: container and kind, as in ``protobuf/tftensor``.
        media_type: the media type of the bytes.
    """

    def __init__(self, container: str, kind: str) -> None:
        self.name = f"{container}/{kind}"
        self._container: Container = CONTAINERS[container]
        self._kind = KINDS[kind]
        self._place = seldon.path_of(kind)
        self._message = schema(seldon.MESSAGE)
        self.media_type = self._container.media_types[0]
        # Functions of dtype and shape alone, remembered: the bytes around an array, and for small
        # arrays of floats how to write those between. Nothing here depends on a value.
        self._frames: dict[Any, tuple[bytes, bytes]] = {}
        self._shortcuts: dict[Any, tuple[bytes, Callable[[Array], bytes | None], bytes]] = {}

    def __repr__(self) -> str:
        """Give the name."""
        return f"<tensorwire codec {self.name}>"

    def encode(
        self,
        value: Any,
        *,
        names: Sequence[str] | None = None,
        meta: Mapping[str, Any] | None = None,
        status: Mapping[str, Any] | None = None,
        lossy: bool = False,
    ) -> bytes:
        """Write an array into a message; the array is copied once, into the result.

        Args:
            value: an array of any shape and memory order, whatever numpy views without a copy
                (``__array__``, ``__dlpack__``, buffers), or nested lists; bytes for ``raw``.
            names: the names of the columns, where the kind has a place for them.
            meta: puid, tags, routing, requestPath, metrics.
            status: code, info, reason, status.
            lossy: accept that what this kind cannot say is rounded, or comes back changed.

        Raises:
            EncodeError: the kind cannot carry the value without loss; the text names one that can.
        """
        bare = names is None and meta is None and status is None
        if bare and type(value) is np.ndarray:
            found = self._shortcuts.get((value.dtype, value.shape))
            if found is not None:
                prefix, write, suffix = found
                text = write(value)
                if text is not None:
                    return prefix + text + suffix
        try:
            return join(*self._parts(value, names, meta, status, lossy=lossy))
        except EncodeError as error:
            raise self._advise(error, value, lossy=lossy) from None

    def encode_parts(
        self,
        value: Any,
        *,
        names: Sequence[str] | None = None,
        meta: Mapping[str, Any] | None = None,
        status: Mapping[str, Any] | None = None,
        lossy: bool = False,
    ) -> list[bytes | memoryview]:
        """Write the same bytes as `encode`, as buffers for a vectored write.

        Where the payload holds the array's own memory, that buffer is the array: nothing is copied,
        and the array must not change until the buffers are written.
        """
        try:
            prefix, part, suffix = self._parts(value, names, meta, status, lossy=lossy)
            return [piece for piece in (prefix, buffer_of(part), suffix) if len(piece)]
        except EncodeError as error:
            raise self._advise(error, value, lossy=lossy) from None

    def _parts(
        self,
        value: Any,
        names: Sequence[str] | None,
        meta: Mapping[str, Any] | None,
        status: Mapping[str, Any] | None,
        *,
        lossy: bool,
    ) -> tuple[bytes, Part, bytes]:
        container = self._container
        try:
            leaf = self._kind.leaf(value, lossy=lossy)
            part = container.write(leaf)
        except EncodeError as error:
            raise error.within(self._place) from None
        size = size_of(part) if container.sized else 0
        plain = names is None and meta is None and status is None and leaf.role is not _STRINGS
        if plain:
            frame = self._frames.get((leaf.dtype, leaf.shape, size))
            if frame is not None:
                return frame[0], part, frame[1]
        tree = seldon.wrap(self._kind.name, self._kind.tree(leaf), names, meta, status)
        prefix, suffix = container.frame(tree, size, self._message)
        if plain and len(self._frames) < _FRAMES:
            self._frames[leaf.dtype, leaf.shape, size] = prefix, suffix
            small = leaf.data is value and value.size <= _SMALL
            write = container.shortcut(leaf) if small and self._never_refused(leaf) else None
            if write is not None:
                self._shortcuts[value.dtype, value.shape] = prefix, write, suffix
        return prefix, part, suffix

    def _never_refused(self, leaf: Leaf) -> bool:
        """Tell whether no value of a dtype is beyond what the kind and the container can say."""
        wide = leaf.role is Role.NESTED and self._container.text
        return leaf.data.dtype.num in (NUMBERS if wide else _FLOATS)

    def _advise(self, error: EncodeError, value: Any, *, lossy: bool) -> EncodeError:
        """Name a codec of the same container that carries the value, and what `lossy` would do."""
        error.within(self._place)
        container = self._container.name
        for kind in ("tftensor", "ndarray", "raw"):
            if f"{container}/{kind}" == self.name:
                continue
            other = Codec(container, kind)
            if _carries(other, value, lossy=False):
                error.reason += f"; {other.name} can carry it"
                break
        if not lossy and _carries(self, value, lossy=True):
            error.reason += "; lossy=True accepts the loss"
        return error

    def decode(
        self,
        body: Any,
        *,
        copy: bool = False,
        out: Array | None = None,
        dtype: DTypeLike | None = None,
        limits: Limits | None = None,
    ) -> Any:
        """Read the array of a message.

        Args:
            body: any contiguous buffer: bytes, bytearray, memoryview, ndarray, mmap.
            copy: give an array that is writable and shares nothing with `body`.
            out: write into this array, of the payload's shape and dtype, and return it. It is left
                alone where an error is raised.
            dtype: convert to this dtype, if no value changes by it.
            limits: what the payload may claim; `Limits()` where None.

        Returns:
            A read-only view of `body` where the format holds the array's own memory, else a new
            array; nested lists for rows that mix numbers and strings.

        Raises:
            DecodeError: the bytes are no message, or hold another kind, or not the array they claim.
            LimitError: the payload claims more than `limits`.
        """
        if type(body) is not bytes:
            body = as_body(body)
        if limits is None:
            limits = DEFAULT_LIMITS
        target = out if dtype is None else None
        try:
            kind, tree = seldon.payload(self._container.read(body, self._message))
            if kind != self._kind.name:
                raise self._other(kind)
            value = self._kind.value(tree, len(body), limits, target)
        except Irregular:
            kind, tree = seldon.payload(self._container.read_any(body, self._message))
            if kind != self._kind.name:
                raise self._other(kind) from None
            try:
                value = self._kind.value(tree, len(body), limits, target)
            except CodecError as error:
                raise error.within(self._place) from None
        except CodecError as error:
            raise error.within(self._place) from None
        if copy or dtype is not None or out is not None:
            return self._finish(value, copy=copy, out=out, dtype=dtype)
        return value

    def _other(self, kind: str) -> DecodeError:
        other = f"{self._container.name}/{kind}"
        return DecodeError(f"a {kind} payload; read it with {other}, or with loads()", "$")

    def _finish(
        self, value: Any, *, copy: bool, out: Array | None, dtype: DTypeLike | None
    ) -> Any:
        try:
            if isinstance(value, list):
                if dtype is None and out is None:
                    return value
                raise DecodeError("rows that mix types are not of one dtype")
            if dtype is not None:
                value = cast(value, dtype, shortest=self._container.text)
            if out is not None:
                if value is not out:
                    check_out(out, value.shape, value.dtype)
                    out[...] = value
                return out
        except CodecError as error:
            raise error.within(self._place) from None
        return value.copy() if copy and not value.flags.writeable else value


def as_body(buffer: Any) -> Body:
    """View any contiguous buffer as bytes that cannot be written."""
    if isinstance(buffer, bytes):
        return buffer
    try:
        view = memoryview(buffer)
        return view.toreadonly().cast("B") if view.nbytes else b""
    except (TypeError, ValueError, BufferError):
        kind = type(buffer).__name__
        raise DecodeError(f"decode takes a contiguous buffer of bytes, not a {kind}") from None


def _carries(codec: Codec, value: Any, *, lossy: bool) -> bool:
    try:
        buffer_of(codec._parts(value, None, None, None, lossy=lossy)[1])  # noqa: SLF001
    except EncodeError:
        return False
    return True
