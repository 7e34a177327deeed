"""Arrays to the bytes of a SeldonMessage and back: `protobuf/tftensor` and eleven other codecs."""

from __future__ import annotations

from functools import cache
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire.arrays import NUMBERS, aligned, cast, is_float
from tensorwire.containers import CONTAINERS
from tensorwire.containers.protobuf.schema import schema
from tensorwire.errors import (
    CodecError,
    DecodeError,
    EncodeError,
    UnknownCodecError,
    is_known,
    shown,
    unknown,
)
from tensorwire.frames import is_frame, rows_of
from tensorwire.kinds import KINDS
from tensorwire.missing import BARE, STRICT, Writing
from tensorwire.protocols.seldon import envelope
from tensorwire.protocols.seldon.plain import PLAIN
from tensorwire.protocols.seldon.reader import MessageReader
from tensorwire.protocols.seldon.short import read_short, write_rows
from tensorwire.tree import Leaf, Role, check_out
from tensorwire.wire.buffers import as_body, as_bytes, buffer_of, join, size_of
from tensorwire.wire.memo import Frame, FrameCache

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import DTypeLike

    from tensorwire.containers import Container
    from tensorwire.limits import Limits
    from tensorwire.missing import Missing
    from tensorwire.protocols import MessageProtocol
    from tensorwire.tree import Array
    from tensorwire.wire.buffers import Part
    from tensorwire.wire.memo import Writer

__all__ = ["Codec", "built_in"]

_SMALL = 1024  # elements of an array that `small_array_writer` writes
_AS_FLOATS = frozenset({int, bool})
_NOT_FRAMES = frozenset({np.ndarray, list, bytes})
_CAPABLE = ("tftensor", "ndarray", "raw")  # kinds, the most capable first


class Codec:
    """Arrays to the bytes of a SeldonMessage and back, in one container and one kind.

    Parameters
    ----------
    container : {"json", "protobuf", "msgpack"}
        How a message becomes bytes.
    kind : {"ndarray", "tensor", "tftensor", "raw"}
        How an array is laid out in a message: nested lists, a shape and float64 values,
        TensorFlow's TensorProto, or bytes.

    Attributes
    ----------
    name : str
        Container and kind, as in ``protobuf/tftensor``.
    media_type : str
        The media type of the bytes.

    Raises
    ------
    UnknownCodecError
        If there is no container or no kind of that name.

    See Also
    --------
    get_codec : The codec of a name, made once.

    Notes
    -----
    A codec is a function of its arguments: neither the values of an array nor its names or meta
    outlive a call. It may be used by several threads.

    Source: seldon.protos, https://docs.seldon.io/projects/seldon-core/

    Examples
    --------
    >>> import numpy as np
    >>> import tensorwire as tw
    >>> codec = tw.get_codec("json/ndarray")
    >>> body = codec.encode(np.array([[1.5, 2.5]]), names=["a", "b"])
    >>> body
    b'{"data":{"names":["a","b"],"ndarray":[[1.5,2.5]]}}'
    >>> codec.decode(body)
    array([[1.5, 2.5]])
    """

    def __init__(self, container: str, kind: str) -> None:
        for what, name, known in (("container", container, CONTAINERS), ("kind", kind, KINDS)):
            if not is_known(name, known):
                raise UnknownCodecError(unknown(f"the name of a {what}", name, known))
        self.name: str = f"{container}/{kind}"
        self.container: Container = CONTAINERS[container]
        self.kind, self._kind = KINDS[kind], kind
        self.media_type: str = self.container.media_types[0]
        self.path = envelope.path_of(kind)
        self._sized = self.container.sized
        self._owned = self._sized and not self.kind.views
        self._schema = schema(envelope.MESSAGE)
        self._writes_rows = self.name == "json/ndarray"
        self._short = self._writes_rows or self.name == "json/tensor"
        self._plain, self._nested = PLAIN[container].get(kind), kind == "ndarray"
        self._frames, self._small = FrameCache(), FrameCache()
        self._writers: dict[np.dtype[Any], Writer | None] = {}
        self._reader = MessageReader(self.container)
        self._views = self._reader.views

    def __repr__(self) -> str:
        """Return the call that makes a codec like it."""
        return f"Codec({self.container.name!r}, {self.kind.name!r})"

    @property
    def protocol(self) -> MessageProtocol:
        """The messages of this kind as a `MessageProtocol`."""
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
        """Write an array into a message.

        The array is copied once, into the result.

        Parameters
        ----------
        value : array_like
            An array of any shape, dtype, byte order and memory order, whatever numpy views without
            a copy (``__array__``, ``__dlpack__``, buffers), or nested lists; bytes for ``raw``. Of
            a frame of pandas, polars or Arrow, its rows: nested lists where columns have several
            types, which ``ndarray`` alone represents.
        names : sequence of str, optional
            Names of the columns, one for each; by default those of a frame. ``raw`` has none.
        meta : dict, optional
            Members puid, tags, routing, requestPath and metrics.
        status : dict, optional
            Members code, info, reason and status.
        lossy : bool, default False
            Write what the kind does not represent exactly too: rounded, or of another shape.
        missing : {"null", "nan", "any", "error"}, optional
            How JSON represents NaN and infinities: ``null`` (NaN alone), ``nan`` (the bare words
            NaN, Infinity, -Infinity), ``any`` (the same), ``error`` (refused, the default). With
            a word other than ``error``, None among numbers is NaN, in every container; in rows
            that mix types it is null.

        Returns
        -------
        bytes
            The message.

        Raises
        ------
        EncodeError
            If the kind does not represent the value without loss. The message names a kind that
            does.

        Examples
        --------
        >>> import numpy as np
        >>> import tensorwire as tw
        >>> tw.get_codec("json/tensor").encode(np.eye(2), meta={"puid": "7"})
        b'{"meta":{"puid":"7"},"data":{"tensor":{"shape":[2,2],"values":[1.0,0.0,0.0,1.0]}}}'
        """
        options = STRICT if missing is None else envelope.writing(missing)
        if type(value) is np.ndarray and status is None:
            if self._writes_rows:
                body = write_rows(value, names, meta)
                if body is not None:
                    return body
            if names is None and meta is None:
                key = value.dtype, value.shape
                small: Any = self._small.known.get(key) or self._small_frame(key, value)
                if small is not None and (text := small[1](value)) is not None:
                    whole: bytes = small[0] + text + small[2]
                    return whole
        if type(value) not in _NOT_FRAMES and is_frame(value):
            value, names = self._rows(value, names)
        try:
            return join(*self._parts(value, (names, meta, status), options, lossy=lossy))
        except EncodeError as error:
            raise self._suggest_alternative(error, value, options, lossy=lossy) from None

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
        """Write an array into a message, as buffers for a vectored write.

        Joined, they are the bytes of `encode`. Where the message holds the array's own memory, one
        of the buffers is that memory: it is not copied, and must not change until it is sent.

        Parameters
        ----------
        value : array_like
            As for `encode`.
        names : sequence of str, optional
            As for `encode`.
        meta : dict, optional
            As for `encode`.
        status : dict, optional
            As for `encode`.
        lossy : bool, default False
            As for `encode`.
        missing : {"null", "nan", "any", "error"}, optional
            As for `encode`.

        Returns
        -------
        list of bytes or memoryview
            The message in pieces, for ``socket.sendmsg`` or ``writelines``.

        Raises
        ------
        EncodeError
            As `encode` does.

        Examples
        --------
        >>> import numpy as np
        >>> import tensorwire as tw
        >>> array = np.ones((100, 100))
        >>> head, memory = tw.get_codec("protobuf/tensor").encode_parts(array)
        >>> memory.nbytes, np.shares_memory(memory, array)
        (80000, True)
        """
        options = STRICT if missing is None else envelope.writing(missing)
        if type(value) not in _NOT_FRAMES and is_frame(value):
            value, names = self._rows(value, names)
        try:
            parts = names, meta, status
            prefix, part, suffix = self._parts(value, parts, options, lossy=lossy)
            return [piece for piece in (prefix, buffer_of(part), suffix) if len(piece)]
        except EncodeError as error:
            raise self._suggest_alternative(error, value, options, lossy=lossy) from None

    def decode(  # noqa: PLR0913
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
        body : bytes-like
            Any contiguous buffer: bytes, bytearray, memoryview, ndarray, mmap.
        copy : bool, default False
            Return an array that is writable and shares no memory with `body`.
        out : ndarray, optional
            An array of the shape and dtype of the message, to write into and to return. After an
            error it is unchanged.
        dtype : data-type, optional
            Convert to this dtype, if no value changes.
        limits : Limits, optional
            Bounds on what the message may claim; by default ``Limits()``.
        align : bool, default False
            Return an array whose address suits its dtype: a view where the message has it there,
            else a read-only copy. A copy takes longer than one pass over a misaligned view.
        missing : {"null", "nan", "any", "error"}, optional
            What is NaN among floats in text: ``null`` (JSON's null, msgpack's nil, protobuf's
            null_value), ``nan`` (the bare words NaN, Infinity, -Infinity), ``any`` (both, the
            default), ``error`` (neither). With `dtype` of floats, null is NaN among integers and
            bools too. In rows that mix types null is None. Nulls alone are float64.

        Returns
        -------
        ndarray or list
            A read-only view of `body` where the format holds the array's own memory, else a new
            array. Nested lists for rows that mix numbers and strings.

        Raises
        ------
        DecodeError
            If the bytes are not a message, or hold another kind, or not the array they claim.
        LimitError
            If the message claims more than `limits` allow.

        Examples
        --------
        >>> import numpy as np
        >>> import tensorwire as tw
        >>> codec = tw.get_codec("json/ndarray")
        >>> codec.decode(b'{"data":{"ndarray":[[1,2],[3,4]]}}')
        array([[1, 2],
               [3, 4]])
        >>> codec.decode(b'{"data":{"ndarray":[[1,2],{}]}}')
        Traceback (most recent call last):
            ...
        tensorwire.errors.DecodeError: expected a row of 2 items, got dict - at $.data.ndarray[1]
        """
        if type(body) is not bytes:
            body = as_bytes(body) if self.container.text else as_body(body)  # text is never viewed
        if self._short and limits is None and missing is None and out is None and dtype is None:
            read = read_short(body)
            if read is not None and read[1] == self._kind:
                return read[0]
        if out is not None and not isinstance(out, np.ndarray):
            raise DecodeError(f"expected a numpy array for out=, got {shown(out)}")
        options = self._reader.default if missing is None else self._reader.options(missing)
        plain = limits is None and self._sized
        value = self._views.view(body, len(body)) if plain else None
        if value is None:
            if dtype is not None and is_float(dtype):
                options = options._replace(also=_AS_FLOATS)
            into = out if dtype is None else None
            value = self._reader.array(body, self.kind.name, limits, options, into)
        if self._owned and type(value) is np.ndarray and not value.flags.writeable:
            value = value.copy()
        if copy or align or dtype is not None or out is not None:
            return self._finish(value, copy=copy, out=out, dtype=dtype, align=align)
        return value

    def _rows(self, frame: Any, names: Any) -> tuple[Any, Any]:
        """Return the rows of a frame and the names of its columns; `raw` refuses frames itself."""
        return (frame, names) if self.kind.name == "raw" else rows_of(frame, names)

    def _parts(
        self, value: Any, parts: tuple[Any, Any, Any], options: Writing, *, lossy: bool
    ) -> tuple[bytes, Part, bytes]:
        """Return the bytes before the array, the array, and the bytes after it."""
        container, (names, meta, status) = self.container, parts
        try:
            leaf = self.kind.leaf(value, lossy=lossy, options=options)
            part = container.write(leaf)
        except EncodeError as error:
            raise error.within(self.path) from None
        if names is not None:
            names = envelope.columns_of(names, leaf.data if leaf.role is Role.NESTED else leaf)
        size = size_of(part) if container.sized else 0
        key = (leaf.dtype, leaf.shape, size)
        plain = names is None and leaf.role is not Role.STRINGS
        frame = self._frames.get(key) if plain else None
        try:
            if frame is None:
                frame = self._frame(leaf, size, names, options)
                if plain and not lossy and self._frames.wants(key):
                    self._frames.keep(key, frame)
            if plain and not lossy:
                self._remember_small(frame, leaf, value)
            first, last = frame.first, frame.last
            if members := envelope.members_of(meta, status):
                first = container.before(members, first, self._schema, options.words)
        except EncodeError as error:
            raise error.within(self._locate_error(parts)) from None
        return first, part, last

    def _small_frame(self, key: tuple[np.dtype[Any], tuple[int, ...]], array: Array) -> Any:
        """Return the frame of a small array that is not in the younger generation of the cache.

        None for an array of another form than `plain` writes, unless it was written before.
        """
        frames, dtype = self._small, key[0]
        found = frames.get(key) if frames.older else None
        if found is None and self._plain is not None and 0 < array.size <= _SMALL:
            first = self._plain.header(*key, array.size) if dtype.num in NUMBERS else None
            write = None if first is None else self._writers.get(dtype) or self._writer(array)
            if first is not None and write is not None:
                found = Frame(first, write, self._plain.last)
                if not frames.is_new(key):
                    frames.keep(key, found)
        return found

    def _writer(self, array: Array) -> Writer | None:
        """Return the writer of small arrays of a dtype, None where there is none.

        That of nested lists is for one shape, too; any other is kept.
        """
        dtype = array.dtype
        if dtype in self._writers:
            return self._writers[dtype]
        sample = array if self._nested else np.zeros(2, dtype)
        leaf = self.kind.leaf(sample, lossy=False)
        write = self.container.small_array_writer(leaf) if leaf.data is sample else None
        if not self._nested:
            self._writers[dtype] = write
        return write

    def _frame(self, leaf: Leaf, size: int, names: Any, options: Writing) -> Frame:
        """Return the bytes around an array of any form."""
        if self._plain is not None and names is None and leaf.dtype is not None:
            first = self._plain.header(leaf.dtype, leaf.shape, prod(leaf.shape))
            if first is not None:
                return Frame(first, None, self._plain.last)
        tree = envelope.wrap(self.kind.name, self.kind.tree(leaf), names)
        first, *last = self.container.frame(tree, [size], self._schema, options.words)
        return Frame(first, None, b"".join(last))

    def _remember_small(self, frame: Frame, leaf: Leaf, value: Any) -> None:
        """Cache the frame of a small array of a dtype whose values are never refused."""
        if type(value) is not np.ndarray or leaf.data is not value:
            return
        if not 0 < value.size <= _SMALL or value.dtype.num not in NUMBERS:
            return
        key = value.dtype, value.shape
        if self._small.get(key) is not None or not self._small.wants(key):
            return
        write = self.container.small_array_writer(leaf)
        if write is None:
            self._small.refuse(key)
        else:
            self._small.keep(key, frame._replace(write=write))

    def _finish(
        self, value: Any, *, copy: bool, out: Array | None, dtype: DTypeLike | None, align: bool
    ) -> Any:
        """Cast, copy, align, or write a value into `out`; an error leaves `out` unchanged."""
        try:
            if isinstance(value, list):
                if dtype is None and out is None:
                    return value
                raise DecodeError("expected rows of one dtype, got rows that mix types")
            if dtype is not None:
                value = cast(value, dtype, shortest=self.container.text)
            if out is not None:
                if value is not out:
                    check_out(out, value.shape, value.dtype)
                    out[...] = value
                return out
        except CodecError as error:
            raise error.within(self.path) from None
        if copy and not value.flags.writeable:
            return value.copy()
        return aligned(value) if align else value

    def _suggest_alternative(
        self, error: EncodeError, value: Any, options: Writing, *, lossy: bool
    ) -> EncodeError:
        """Add a remedy: the codec of this container that represents the value, and options."""
        error.within(self.path)
        if not error.path.startswith(self.path):  # the envelope was refused, not the value
            return error
        for other in _CAPABLE:
            if other != self.kind.name and self._represents(value, other, options):
                error.suggest(f"use {self.container.name}/{other}")
                break
        words = self.container.text and options.words != BARE and "missing=" not in str(error)
        if words and self._represents(value, self.kind.name, Writing(BARE)):
            error.suggest("pass missing='nan' to write bare words, as Python's json does")
        if not lossy and self._represents(value, self.kind.name, options, lossy=True):
            error.suggest("pass lossy=True to accept the loss")
        return error

    def _represents(self, value: Any, kind: str, options: Writing, *, lossy: bool = False) -> bool:
        """Return whether a kind represents a value, in this container."""
        try:
            buffer_of(self.container.write(KINDS[kind].leaf(value, lossy=lossy, options=options)))
        except EncodeError:
            return False
        return True

    def _locate_error(self, parts: tuple[Any, Any, Any]) -> str:
        """Return the path of names, meta or status that the container refuses: each is tried."""
        leaf = Leaf(Role.ABSENT, None, None, (), np.dtype(np.float64))
        for i, path in enumerate(("$.data.names", "$.meta", "$.status")):
            names, meta, status = (part if i == j else None for j, part in enumerate(parts))
            try:
                tree = envelope.members_of(meta, status)
                tree |= envelope.wrap("tensor", KINDS["tensor"].tree(leaf), names)
                self.container.frame(tree, [0], self._schema)
            except EncodeError:
                return path
        return "$"


@cache
def built_in(name: str) -> Codec:
    """Return one of the twelve codecs, made once: ``json/ndarray`` and so on."""
    return Codec(*name.split("/"))
