"""One container and one kind, in an envelope: `protobuf/tftensor` and eleven others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire import guess
from tensorwire.arrays import is_float
from tensorwire.containers import CONTAINERS
from tensorwire.containers.protobuf.schema import schema
from tensorwire.errors import DecodeError, EncodeError, UnknownCodecError, is_known, shown, unknown
from tensorwire.frames import is_frame, rows_of
from tensorwire.kinds import KINDS
from tensorwire.limits import DEFAULT_LIMITS, checked_limits
from tensorwire.missing import STRICT
from tensorwire.protocols.seldon import envelope as seldon
from tensorwire.protocols.seldon.advice import advise, blame
from tensorwire.protocols.seldon.memo import Memo
from tensorwire.protocols.seldon.reading import finish, read
from tensorwire.tree import Role
from tensorwire.wire.buffers import as_body, buffer_of, join, size_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import DTypeLike

    from tensorwire.containers import Container
    from tensorwire.limits import Limits
    from tensorwire.missing import Missing, Writing
    from tensorwire.protocols import MessageProtocol
    from tensorwire.tree import Array
    from tensorwire.wire.buffers import Part

__all__ = ["Codec"]

_AS_FLOATS = frozenset({int, bool})


_NO_FRAMES = frozenset({np.ndarray, list, bytes})


class Codec:
    """Arrays to the bytes of a SeldonMessage and back, in one container and one kind.

    Attributes
    ----------
    name
        container and kind, as in ``protobuf/tftensor``.
    media_type
        the media type of the bytes.
    """

    def __init__(self, container: str, kind: str) -> None:
        for what, name, known in (("container", container, CONTAINERS), ("kind", kind, KINDS)):
            if not is_known(name, known):
                raise UnknownCodecError(unknown(f"the name of a {what}", name, known))
        self.name: str = f"{container}/{kind}"
        self.container: Container = CONTAINERS[container]
        self.kind = KINDS[kind]
        self.place = seldon.path_of(kind)
        self._owned = self.container.sized and not self.kind.views
        self._message = schema(seldon.MESSAGE)
        self.media_type: str = self.container.media_types[0]
        self._memo = Memo(self.container)
        self._writers = self._memo.writers
        self._reading = seldon.reading(None, self.container)

    def __repr__(self) -> str:
        """Return the call that makes a codec like it."""
        return f"Codec({self.container.name!r}, {self.kind.name!r})"

    @property
    def protocol(self) -> MessageProtocol:
        """The messages of this kind as a protocol, for what treats codecs and protocols as one."""
        from tensorwire.protocols.seldon.family import OneKind

        return OneKind(self)

    def encode(  # noqa: PLR0913
        self,
        value: Any,
        *,
        names: Sequence[str] | None = None,
        meta: Mapping[str, Any] | None = None,
        status: Mapping[str, Any] | None = None,
        lossy: bool = False,
        missing: Missing | None = None,
    ) -> bytes:
        """Write an array into a message; the array is copied once, into the result.

        Parameters
        ----------
        value
            an array of any shape and memory order, whatever numpy views without a copy
            (``__array__``, ``__dlpack__``, buffers), or nested lists; bytes for ``raw``. A frame
            of pandas, polars or Arrow is its rows; those of columns of several types are nested
            lists, which ``ndarray`` alone holds.
        names
            the names of the columns, where the kind has a place for them: one for each, where the
            array has columns; those of the frame where None.
        meta
            puid, tags, routing, requestPath, metrics.
        status
            code, info, reason, status.
        lossy
            accept that what this kind cannot say is rounded, or comes back changed.
        missing
            how JSON says NaN and infinities: ``null`` (NaN alone), ``nan`` (the bare words NaN,
            Infinity, -Infinity), ``any`` (the same: Seldon's servers read both), ``error`` (they
            are refused) where None. Where it is given, None among numbers is NaN, in every
            container; in rows that mix types it is null.

        Raises
        ------
        EncodeError
            the kind cannot carry the value without loss; the text names one that can.
        """
        how = STRICT if missing is None else seldon.writing(missing)
        bare = names is None and meta is None and status is None
        if bare and type(value) is np.ndarray:
            writers, key = self._writers, (value.dtype, value.shape)
            found = writers.known.get(key)
            if found is None and writers.older:
                found = writers.get(key)
            if found is not None and (text := found[1](value)) is not None:
                return found[0] + text + found[2]
        if type(value) not in _NO_FRAMES and is_frame(value):
            value, names = self._rows(value, names)
        try:
            return join(*self._parts(value, (names, meta, status), how, lossy=lossy))
        except EncodeError as error:
            raise advise(self, error, value, how, lossy=lossy) from None

    def encode_parts(  # noqa: PLR0913
        self,
        value: Any,
        *,
        names: Sequence[str] | None = None,
        meta: Mapping[str, Any] | None = None,
        status: Mapping[str, Any] | None = None,
        lossy: bool = False,
        missing: Missing | None = None,
    ) -> list[bytes | memoryview]:
        """Write the same bytes as `encode`, as buffers for a vectored write.

        Where the payload holds the array's own memory, that buffer is the array: nothing is copied,
        and the array must not change until the buffers are written.

        Raises
        ------
        EncodeError
            as `encode` does.
        """
        how = STRICT if missing is None else seldon.writing(missing)
        if type(value) not in _NO_FRAMES and is_frame(value):
            value, names = self._rows(value, names)
        try:
            envelope = names, meta, status
            prefix, part, suffix = self._parts(value, envelope, how, lossy=lossy)
            return [piece for piece in (prefix, buffer_of(part), suffix) if len(piece)]
        except EncodeError as error:
            raise advise(self, error, value, how, lossy=lossy) from None

    def _rows(self, frame: Any, names: Any) -> tuple[Any, Any]:
        """Return the rows of a frame and the names of its columns; raw has a place for neither."""
        return (frame, names) if self.kind.name == "raw" else rows_of(frame, names)

    def _parts(
        self, value: Any, envelope: tuple[Any, Any, Any], how: Writing, *, lossy: bool
    ) -> tuple[bytes, Part, bytes]:
        container, (names, *others) = self.container, envelope
        try:
            leaf = self.kind.leaf(value, lossy=lossy, how=how)
            part = container.write(leaf)
        except EncodeError as error:
            raise error.within(self.place) from None
        if names is not None:
            names = seldon.columns_of(names, leaf.data if leaf.role is Role.NESTED else leaf)
        size = size_of(part) if container.sized else 0
        key = (leaf.dtype, leaf.shape, size)
        plain = names is None and leaf.role is not Role.STRINGS
        frame = self._memo.frames.get(key) if plain else None
        try:
            if frame is None:
                tree = seldon.wrap(self.kind.name, self.kind.tree(leaf), names)
                before, *after = container.frame(tree, key[2:], self._message, how.words)
                frame = before, b"".join(after)
                if plain and not lossy:
                    self._memo.learn_frame(key, frame)
            if plain and not lossy:
                self._memo.learn_writer(frame, leaf, value)
            first, last = frame
            if members := seldon.around(*others):
                first = container.before(members, first, self._message, how.words)
        except EncodeError as error:
            raise error.within(blame(self, envelope)) from None
        return first, part, last

    def decode(  # noqa: PLR0913 - each says one thing, by its name
        self,
        body: Any,
        *,
        copy: bool = False,
        out: Array | None = None,
        dtype: DTypeLike | None = None,
        limits: Limits | None = None,
        align: bool = False,
        missing: Missing | None = None,
    ) -> Any:
        """Read the array of a message.

        Parameters
        ----------
        body
            any contiguous buffer: bytes, bytearray, memoryview, ndarray, mmap.
        copy
            give an array that is writable and shares nothing with `body`.
        out
            write into this array, of the payload's shape and dtype, and return it. It is left
            alone where an error is raised.
        dtype
            convert to this dtype, if no value changes by it.
        limits
            what the payload may claim; `Limits()` where None.
        align
            return arrays whose address suits their dtype: a view where it does, else one copy,
            read-only as the view is. False by default, because a copy takes longer than one pass
            over a misaligned view does (see `tensorwire.arrays.aligned`).
        missing
            what stands for NaN in text: ``null`` (JSON's null, msgpack's nil, protobuf's
            null_value), ``nan`` (the bare words NaN, Infinity, -Infinity), ``any`` of both where
            None, ``error`` (neither). Null is NaN among floats, also among integers and bools
            where `dtype` is one of floats, and None in rows that mix types. Values that are null
            alone are float64.

        Returns
        -------
        A read-only view of `body` where the format holds the array's own memory, else a new
        array; nested lists for rows that mix numbers and strings.

        Raises
        ------
        DecodeError
            the bytes are no message, or hold another kind, or not the array they claim.
        LimitError
            the payload claims more than `limits`.
        """
        if type(body) is not bytes:
            body = as_body(body)
        plain = limits is None and self.container.sized
        value = self._memo.view(body) if plain else None
        if value is None:
            if out is not None and not isinstance(out, np.ndarray):
                raise DecodeError(f"expected a numpy array for out=, got {shown(out)}")
            into = out if dtype is None else None
            how = self._reading if missing is None else seldon.reading(missing, self.container)
            if dtype is not None and is_float(dtype):
                how = how._replace(also=_AS_FLOATS)
            bounds = DEFAULT_LIMITS if limits is None else checked_limits(limits)
            try:
                value = read(self.container, body, bounds, how, into, self.kind.name)
            except DecodeError as error:
                if self.container.name == "protobuf":
                    error.suggest(guess.of_tensor(body))
                raise
            if plain:
                self._memo.learn_to_view(body, value, self.encode_parts)
        if self._owned and type(value) is np.ndarray and not value.flags.writeable:
            value = value.copy()
        if copy or align or dtype is not None or out is not None:
            return finish(self, value, copy=copy, out=out, dtype=dtype, align=align)
        return value
