"""Caches of the bytes around the arrays of small messages.

`FrameCache` is for writing: the bytes around the arrays depend on the names, dtypes and shapes of a
message only. `ViewCache` is for reading: a message with the same bytes around its arrays has the
same names, dtypes and shapes. Each codec and protocol has its own caches; no result depends on
their contents. Both derive from `Cache`, which never evicts the entries in use.
"""

from __future__ import annotations

import re
from threading import Lock
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeAlias, TypeVar

import numpy as np

from tensorwire.wire.buffers import locked

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tensorwire.tree import Array

_Entry = TypeVar("_Entry")

__all__ = ["BYTES", "MOST", "SMALL_BYTES", "Cache", "Frame", "FrameCache", "View", "ViewCache"]

MOST = 1024  # entries of one generation: as many keys in use are all kept
BYTES = 1 << 20  # of the entries of one generation
_TRIES = 4 * MOST  # keys that are cached on their first miss; later ones on their second miss
SMALL_BYTES = 4096  # of an array that may be copied twice
_MOST_VIEWS = 4 * MOST  # entries of one generation of a `ViewCache`, most of them short
_LAYOUTS = 16  # places of the constant bytes in messages under one key
_IN_ORDER = 4  # of them, those that are tried first in the order in which they were added
_LONGEST = 2048  # bytes before, between or after arrays of a message that is cached
_MOST_ARRAYS = 64  # of a message that is cached
_VIEWED = frozenset("fiucV")  # dtype.kind of dtypes in which every bit pattern is a value
_PLAIN = re.compile(rb"[\w.:/+=-]+")  # an id that is the same in UTF-8 and in JSON


class Cache(Generic[_Entry]):
    """A bounded table of entries by key, in two generations; it never evicts the keys in use.

    A new entry goes to the younger generation. When that is full, it becomes the older generation,
    and the previous older one is dropped. An entry that is found in the older generation is copied
    to the younger one. So up to `most` keys in use are kept, however many other keys are added.

    Callers ask `wants` before they make an entry. After `_TRIES` entries it is true only for a key
    that was missed before: otherwise a caller whose messages all differ would make entries that it
    never uses. `refuse` marks a key for which no entry can be made; `wants` is then false for it.
    Where making an entry takes as long as a message without one, callers ask `is_new` first: batch
    sizes vary, and a size that occurs only once then costs this call alone.

    Thread-safe. A thread that finds the table locked does not add its entry.

    Parameters
    ----------
    nbytes
        Returns the size of an entry in bytes.
    most
        How many entries a generation has.

    Attributes
    ----------
    known
        The younger generation, for fast look-ups: callers must not change this dict, nor keep a
        reference to it. A key that it lacks may still be found by `get`.
    older
        The older generation; the same rules apply.
    """

    __slots__ = (
        *("_left", "_lock", "_met", "_most", "_nbytes", "_refused", "_seen", "_size_of"),
        *("known", "older"),
    )

    def __init__(self, nbytes: Callable[[_Entry], int], most: int = MOST) -> None:
        self.known: dict[Any, _Entry] = {}
        self.older: dict[Any, _Entry] = {}
        self._size_of, self._nbytes, self._most = nbytes, 0, most
        self._left = _TRIES
        self._seen: set[int] = set()  # hashes of keys, as keys may be long
        self._refused: set[int] = set()
        self._met: set[int] = set()
        self._lock = Lock()

    def __len__(self) -> int:
        """Return the number of entries in both generations."""
        return len(self.known) + len(self.older)

    def get(self, key: Any) -> _Entry | None:
        """Return the entry of a key and keep it in the younger generation; None for a miss."""
        found = self.known.get(key)
        if found is None and self.older:
            found = self.older.get(key)
            if found is not None:
                self.keep(key, found)
        return found

    def is_new(self, key: Any) -> bool:
        """Return whether a key was not seen recently, and remember it."""
        met, mark = self._met, hash(key)
        if mark in met:
            return False
        if len(met) >= _TRIES:
            self._met = met = set()
        met.add(mark)
        return True

    def wants(self, key: Any) -> bool:
        """Return whether to make an entry for a key that was not found."""
        mark = hash(key)
        if mark in self._refused:
            return False
        if self._left > 0:
            self._left -= 1
            return True
        seen = self._seen
        if mark in seen:
            seen.discard(mark)
            return True
        if len(seen) >= _TRIES:
            self._seen = seen = set()
        seen.add(mark)
        return False

    def refuse(self, key: Any) -> None:
        """Remember that no entry can be made for a key."""
        if len(self._refused) >= _TRIES:
            self._refused = set()
        self._refused.add(hash(key))

    def keep(self, key: Any, entry: _Entry) -> None:
        """Add an entry, or replace the entry of the key."""
        size = self._size_of(entry)
        if size > BYTES or not self._lock.acquire(blocking=False):
            return
        try:
            before = self.known.get(key)
            grown = size if before is None else size - self._size_of(before)
            full = before is None and len(self.known) >= self._most
            if full or self._nbytes + grown > BYTES:
                self.older, self.known, self._nbytes, grown = self.known, {}, 0, size
            self.known[key] = entry
            self._nbytes += grown
        finally:
            self._lock.release()


Writer: TypeAlias = "Callable[[Array], bytes | None]"


class Frame(NamedTuple):
    """The bytes of a message except its arrays and its id, and a writer for each array.

    ::

        first[:head]  lead  first[head:]  array 0  last  array 1  others[0] bytes  ...
                      ^ the id, where there is one

    Attributes
    ----------
    first
        the bytes before the first array.
    write
        writes the first array, or returns None for values that it does not write (a writer of JSON
        for NaN). Where it is None, the array is written as its memory in C order.
    last
        the bytes after the first array, up to the second one.
    others
        the writer of each further array, and the bytes after it.
    head
        how many bytes of `first` are before the id.
    """

    first: bytes
    write: Writer | None
    last: bytes
    others: tuple[tuple[Writer | None, bytes], ...] = ()
    head: int = 0

    @classmethod
    def of(cls, pieces: Sequence[bytes], writers: Sequence[Writer | None], head: int = 0) -> Frame:
        """Make a frame of the bytes before, between and after arrays, and their writers."""
        others = tuple(zip(writers[1:], pieces[2:], strict=True)) if len(writers) > 1 else ()
        return cls(pieces[0], writers[0], pieces[1], others, head)

    def join(self, arrays: Sequence[Array], lead: bytes = b"") -> bytes | None:
        """Write a message of arrays; return None where a writer refuses its array."""
        first, write, last, others, head = self
        text = _memory(arrays[0]) if write is None else write(arrays[0])
        if text is None:
            return None
        if not others:
            if not lead:
                return b"".join((first, text, last))
            return b"".join((first[:head], lead, first[head:], text, last))
        buffers: list[bytes | memoryview] = [first[:head], lead, first[head:], text, last]
        for array, (write_next, after) in zip(arrays[1:], others, strict=True):
            text = _memory(array) if write_next is None else write_next(array)
            if text is None:
                return None
            buffers += text, after
        return b"".join(buffers)


def _memory(array: Array) -> bytes | memoryview | None:
    """Return the memory of an array in C order; None for a large array in another order."""
    if array.nbytes <= SMALL_BYTES:
        return array.tobytes()
    return array.data if array.flags.c_contiguous else None


class FrameCache(Cache[Frame]):
    """The frames of written messages.

    The key is the class of a message, its names, and the dtypes and shapes of its arrays. Neither
    key nor entry contains a value of an array, an id, or a parameter that may differ from message
    to message. The cache is independent of protocol and container: their writers make the frame.

    A frame is made and cached only after a miss::

        frame = frames.known.get(key) or frames.get(key)
        body = None if frame is None else frame.join(arrays, lead)
        if body is None:
            pieces, parts = ...  # the general writer
            body = assemble(pieces, parts)
            if frame is None and frames.wants(key):
                frames.keep(key, Frame.of(pieces, writers))

    A fast path reads `known` directly, and writes a message of one array by
    ``frame.first + array.tobytes() + frame.last``. A known ``oip/protobuf`` request of one value
    takes 0.8 us this way, and 4.6 us without a frame.
    """

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(_frame_nbytes)


def _frame_nbytes(frame: Frame) -> int:
    return len(frame.first) + len(frame.last) + sum([len(after) for _, after in frame.others])


class View(NamedTuple):
    """The bytes of a message except its arrays and its id, and the layout of its arrays.

    ::

        first  id  pieces[0]  array 0  pieces[1]  array 1  pieces[2]  ...

    Attributes
    ----------
    first
        the bytes before the id, or before the first array where there is no id.
    pieces
        start, stop and bytes of each further piece.
    id_span
        start and stop of the id, None where there is none.
    arrays
        shape, dtype and offset of each array.
    make
        a function that makes the message of the arrays and the id.
    layouts
        of the other messages under its key: the length of `first`, and start and stop of each of
        `pieces`.
    """

    first: bytes
    pieces: tuple[tuple[int, int, bytes], ...]
    id_span: tuple[int, int] | None
    arrays: tuple[tuple[tuple[int, ...], np.dtype[Any], int], ...]
    make: Callable[[list[Array], str], Any]
    layouts: tuple[tuple[int, tuple[tuple[int, int], ...]], ...] = ()


def _view_nbytes(view: View) -> int:
    nbytes = len(view[0])
    return nbytes + sum([len(piece) for *_, piece in view[1]]) if view[1] else nbytes


class ViewCache(Cache[View]):
    """The layouts of read messages, by their header: the bytes that are not of an array.

    The key is the length of the body and the arguments of the call, such as the class of the
    message. Messages with the same key are distinguished by their headers, which are compared byte
    by byte: an entry is used only for a body with exactly these bytes. An entry contains neither
    values of arrays nor an id. Limits and HTTP headers are checked by the caller.

    The first message of a key is its entry. Each further one has an entry of its own, whose key is
    that key and the constant bytes; the first one has the places where such bytes are looked for.
    Among thousands of messages of the same length, one is found in 0.5 us more than a single one.

    A known message is viewed in 1 to 2 us; parsing its header takes 5 to 30 us::

        found = views.view(body, key)
        if found is None:
            found = ...  # the general reader
            if not views.is_new(key):
                views.remember(key, body, arrays, make)

    A reader that finds the header itself calls `add`, which takes 1 us.
    """

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(_view_nbytes, _MOST_VIEWS)

    def view(self, body: bytes | memoryview, key: Any) -> Any:
        """Return the message of a body whose header is known, or None."""
        view = self.known.get(key)
        if view is None and self.older:
            view = self.get(key)
        while view is not None:
            first = view[0]  # by index: names take longer
            if body[: len(first)] == first:
                for start, stop, piece in view[1]:
                    if body[start:stop] != piece:
                        break
                else:
                    memory = body if type(body) is bytes else locked(body)
                    arrays: list[Array] = []
                    for shape, dtype, at in view[3]:
                        arrays.append(np.ndarray(shape, dtype, memory, at))
                    if view[2] is None:
                        return view[4](arrays, "")
                    plain = _PLAIN.fullmatch(body, *view[2])
                    if plain:
                        return view[4](arrays, plain[0].decode())
            view = self._other(key, view, body) if view[5] else None
        return None

    def _other(self, key: Any, first: View, body: bytes | memoryview) -> View | None:
        """Return the view of a body that has not the constant bytes of the first one of its key."""
        known, layouts = self.known, first[5]
        for layout in layouts:
            length, spans = layout
            place: Any = (key, bytes(body[:length]))
            if spans:
                place += tuple([bytes(body[start:stop]) for start, stop in spans])
            found = known.get(place) or (self.get(place) if self.older else None)
            if found is not None:
                if layout not in layouts[:_IN_ORDER]:  # what is in use stays among the first
                    others = [other for other in layouts if other != layout]
                    self.keep(key, first._replace(layouts=(layout, *others)))
                return found
        return None

    def remember(
        self,
        key: Any,
        body: Any,
        arrays: Sequence[Any],
        make: Callable[[list[Array], str], Any],
        identity: tuple[bytes, bytes] = (b"", b""),
    ) -> None:
        """Cache the bytes around arrays that are read-only views of `body`, in its order.

        Other messages are not cached: those with arrays that are copies, or empty, or of a dtype
        with invalid bit patterns (bool), with more than 64 arrays, or with long headers.

        Parameters
        ----------
        key
            the length of the body and the arguments of the call.
        body
            the message; only bytes objects are cached.
        arrays
            the arrays of the message, in the order of the body.
        make
            a function that makes such a message of other arrays and another id.
        identity
            the bytes just before the id, and the id, if there is one.
        """
        if type(body) is not bytes or not 0 < len(arrays) <= _MOST_ARRAYS:
            return
        places = []
        for array in arrays:
            start = _offset(array, body)
            if start is None or start > len(body):
                return
            places.append((array.shape, array.dtype, start, start + array.nbytes))
        self.remember_at(key, body, places, make, identity)

    def remember_at(
        self,
        key: Any,
        body: bytes,
        spans: Sequence[tuple[tuple[int, ...], np.dtype[Any], int, int]],
        make: Callable[[list[Array], str], Any],
        identity: tuple[bytes, bytes] = (b"", b""),
    ) -> None:
        """Cache the bytes around arrays whose shape, dtype, start and stop are known.

        It saves 3 us, in which `remember` finds these from the arrays.
        """
        pieces: list[tuple[int, int, bytes]] = []
        places: list[tuple[tuple[int, ...], np.dtype[Any], int]] = []
        at = 0
        for shape, dtype, start, stop in spans:
            if not at <= start <= at + _LONGEST:
                return
            pieces.append((at, start, body[at:start]))
            places.append((shape, dtype, start))
            at = stop
        if len(body) - at > _LONGEST:
            return
        pieces.append((at, len(body), body[at:]))
        span = None
        if identity[1]:
            span = _id_span(identity, pieces[0][2])
            if span is None:
                return
            stop = pieces[0][1]
            pieces[:1] = [(0, span[0], body[: span[0]]), (span[1], stop, body[span[1] : stop])]
        after = tuple([piece for piece in pieces[1:] if piece[2]])
        if self.wants((key, span, pieces[0][2], after)):  # ids differ from message to message
            self.add(key, pieces[0][2], tuple(places), make, after, span)

    def add(  # noqa: PLR0913, PLR0917 - the fields of a `View`
        self,
        key: Any,
        first: bytes,
        arrays: tuple[tuple[tuple[int, ...], np.dtype[Any], int], ...],
        make: Callable[[list[Array], str], Any],
        pieces: tuple[tuple[int, int, bytes], ...] = (),
        id_span: tuple[int, int] | None = None,
    ) -> None:
        """Add a `View` beside the others of its key, for a caller that asked `is_new`."""
        view = View(first, pieces, id_span, arrays, make)
        other = self.known.get(key) or self.get(key)
        if other is None:
            self.keep(key, view)
            return
        self.keep((key, first, *[piece for *_, piece in pieces]), view)
        layout = len(first), tuple([(start, stop) for start, stop, _ in pieces])
        if layout not in other.layouts:
            self.keep(key, other._replace(layouts=(layout, *other.layouts[: _LAYOUTS - 1])))


def _offset(array: Any, body: bytes) -> int | None:
    """Return the offset of a read-only array in a body; None for one that is not cached."""
    if type(array) is not np.ndarray or array.dtype.kind not in _VIEWED or not array.size:
        return None
    flags = array.flags
    if flags.writeable or not flags.c_contiguous:
        return None
    array_address: int = array.__array_interface__["data"][0]
    body_address: int = np.frombuffer(body, np.uint8).__array_interface__["data"][0]
    return array_address - body_address


def _id_span(identity: tuple[bytes, bytes], header: bytes) -> tuple[int, int] | None:
    """Return start and stop of an id of plain characters, if its bytes occur only once."""
    before, text = identity
    if header.count(before + text) != 1 or not _PLAIN.fullmatch(text):
        return None
    start = header.index(before + text) + len(before)
    return start, start + len(text)
