"""What is remembered of small messages, so that a known one costs little more than its copy.

`FrameCache` writes: the bytes around the arrays of a message are a function of the names, dtypes
and shapes in it. `ViewCache` reads: what the bytes around the arrays mean is a function of these
bytes. Codecs and protocols have caches of their own, and no result depends on what is remembered.
Both are a `Cache`, which keeps what is in use, however much passes by.
"""

from __future__ import annotations

import re
from threading import Lock
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeAlias, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tensorwire.tree import Array

_Entry = TypeVar("_Entry")

__all__ = ["BYTES", "MOST", "SMALL_BYTES", "Cache", "Frame", "FrameCache", "View", "ViewCache"]

MOST = 1024  # entries of one generation: as many keys in use are all kept
BYTES = 1 << 20  # of the entries of one generation
_TRIES = 4 * MOST  # keys that are remembered at first sight, and later ones at second sight
SMALL_BYTES = 4096  # of an array that may be copied twice
_MOST_ALIKE = 32  # messages under one key
_LONGEST = 2048  # bytes before, between and behind arrays that are worth remembering
_MOST_ARRAYS = 64  # in a message that is worth remembering
_VIEWED = frozenset("fiucV")  # dtype.kind of values that any bits are
_PLAIN = re.compile(rb"[\w.:/+=-]+")  # an id that is the same in UTF-8 and in JSON


class Cache(Generic[_Entry]):
    """A bounded table of entries by key, in two generations, in which all that is in use stays.

    A new entry goes to the younger generation. When that is full it becomes the older one, and the
    older one is forgotten, but for the entries that were found there meanwhile: these went over to
    the younger. So keys in use stay, up to `MOST` of them, whatever passes by, and a key that is
    known evicts nothing.

    Callers ask `wants` before they make an entry. After `_TRIES` times it is true only for a key
    that was missed before: a caller whose messages all differ would pay for entries and never
    use one. `refuse` marks a key of which no entry can be made; `wants` is then false for it.
    Where an entry takes as long to make as a message without one, callers ask `is_new` before:
    batches vary in size, and one that comes once pays nothing but this call.

    Safe to share among threads. A writer that finds the table locked leaves it as it is.

    Parameters
    ----------
    nbytes
        Returns the size of an entry in bytes.

    Attributes
    ----------
    known
        The younger generation, for callers in haste: a dict that they must not change, and must
        read anew on each call. What it lacks, `get` may still find.
    older
        The older generation, likewise.
    """

    __slots__ = (
        *("_left", "_lock", "_met", "_nbytes", "_refused", "_seen", "_size_of"),
        *("known", "older"),
    )

    def __init__(self, nbytes: Callable[[_Entry], int]) -> None:
        self.known: dict[Any, _Entry] = {}
        self.older: dict[Any, _Entry] = {}
        self._size_of, self._nbytes = nbytes, 0
        self._left = _TRIES
        self._seen: set[int] = set()  # hashes of keys, as keys may be long
        self._refused: set[int] = set()
        self._met: set[int] = set()
        self._lock = Lock()

    def __len__(self) -> int:
        """Count the entries of both generations."""
        return len(self.known) + len(self.older)

    def get(self, key: Any) -> _Entry | None:
        """Return the entry of a key, which is then in use; None where there is none."""
        found = self.known.get(key)
        if found is None and self.older:
            found = self.older.get(key)
            if found is not None:
                self.keep(key, found)
        return found

    def is_new(self, key: Any) -> bool:
        """Return whether a key comes for the first time of late."""
        met, mark = self._met, hash(key)
        if mark in met:
            return False
        if len(met) >= _TRIES:
            self._met = met = set()
        met.add(mark)
        return True

    def wants(self, key: Any) -> bool:
        """Return whether an entry is worth making for a key that was not found."""
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
        """Remember an entry, instead of the one that the key may have."""
        size = self._size_of(entry)
        if size > BYTES or not self._lock.acquire(blocking=False):
            return
        try:
            before = self.known.get(key)
            grown = size if before is None else size - self._size_of(before)
            full = before is None and len(self.known) >= MOST
            if full or self._nbytes + grown > BYTES:
                self.older, self.known, self._nbytes, grown = self.known, {}, 0, size
            self.known[key] = entry
            self._nbytes += grown
        finally:
            self._lock.release()


Writer: TypeAlias = "Callable[[Array], bytes | None]"


class Frame(NamedTuple):
    """The bytes of a message but its arrays and its id, and what writes each array.

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
        the bytes behind the first array, up to the second one.
    others
        for each further array what writes it, and the bytes behind it.
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
        """Make a frame of the bytes before, between and behind arrays, and their writers."""
        others = tuple(zip(writers[1:], pieces[2:], strict=True)) if len(writers) > 1 else ()
        return cls(pieces[0], writers[0], pieces[1], others, head)

    def join(self, arrays: Sequence[Array], lead: bytes = b"") -> bytes | None:
        """Write a message of arrays, None where one of them has to be written in another way."""
        first, write, last, others, head = self
        text = _memory(arrays[0]) if write is None else write(arrays[0])
        if text is None:
            return None
        if not others:
            if not lead:
                return b"".join((first, text, last))
            return b"".join((first[:head], lead, first[head:], text, last))
        made: list[bytes | memoryview] = [first[:head], lead, first[head:], text, last]
        for array, (write_next, behind) in zip(arrays[1:], others, strict=True):
            text = _memory(array) if write_next is None else write_next(array)
            if text is None:
                return None
            made += text, behind
        return b"".join(made)


def _memory(array: Array) -> bytes | memoryview | None:
    """Return the memory of an array in C order, None where a copy has to reorder much of it."""
    if array.nbytes <= SMALL_BYTES:
        return array.tobytes()
    return array.data if array.flags.c_contiguous else None


class FrameCache(Cache[Frame]):
    """How messages are written, by all that their bytes but the arrays and the id depend on.

    The key is the class of a message, its names, and the dtypes and shapes of its arrays; no value
    of an array, no id, and no parameter that may differ from message to message is in a key or in
    an entry. It knows no protocol and no container: their writers make the frame.

    A frame is remembered only when it was made, for a message that was not known::

        frame = frames.known.get(key) or frames.get(key)
        body = None if frame is None else frame.join(arrays, lead)
        if body is None:
            pieces, parts = ...  # what writes any message
            body = assemble(pieces, parts)
            if frame is None and frames.wants(key):
                frames.keep(key, Frame.of(pieces, writers))

    What is in haste looks into `known`, and writes a message of one array itself:
    ``frame.first + array.tobytes() + frame.last``. A known ``oip/protobuf`` request of one value
    takes 0.8 us so, and 4.6 us without a frame.
    """

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(_frame_nbytes)


def _frame_nbytes(frame: Frame) -> int:
    return len(frame.first) + len(frame.last) + sum([len(behind) for _, behind in frame.others])


class View(NamedTuple):
    """The bytes of a message but its arrays and its id, and what they mean.

    ::

        first  id  pieces[0]  array 0  pieces[1]  array 1  pieces[2]  ...

    Attributes
    ----------
    first
        the bytes before the id, or before the first array where there is no id.
    pieces
        where each further piece begins, where it ends, and its bytes.
    id_span
        where the id begins and ends, None where there is none.
    arrays
        shape, dtype and offset of each array.
    make
        makes the message of the arrays and the id.
    other
        another message under the same key, or None.
    """

    first: bytes
    pieces: tuple[tuple[int, int, bytes], ...]
    id_span: tuple[int, int] | None
    arrays: tuple[tuple[tuple[int, ...], np.dtype[Any], int], ...]
    make: Callable[[list[Array], str], Any]
    other: View | None


class ViewCache(Cache[View]):
    """What messages mean, by the bytes in them that are not of an array: their headers.

    The key is the length of the body, and whatever else the meaning depends on, such as the class
    that is asked for. Several messages under one key are told apart by their headers, which are
    compared byte by byte: an entry is used only for a body that has just these bytes. No value of
    an array and no id is in an entry. Limits, and headers of HTTP, are for the caller to check.

    A known message is viewed in 1 to 2 us, where parsing its header takes 5 to 30 us::

        found = views.view(body, key)
        if found is None:
            found = ...  # what reads any message
            if not views.is_new(key):
                views.remember(key, body, arrays, make)
    """

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(_view_nbytes)

    def view(self, body: bytes | memoryview, key: Any) -> Any:
        """Return the message of a body whose header is known, or None."""
        view = self.known.get(key)
        if view is None and self.older:
            view = self.get(key)
        while view is not None:
            first, pieces, span, places, make, view = view
            if body[: len(first)] != first:
                continue
            for start, stop, piece in pieces:
                if body[start:stop] != piece:
                    break
            else:
                arrays: list[Array] = []
                for shape, dtype, at in places:
                    arrays.append(np.ndarray(shape, dtype, body, at))
                if span is None:
                    return make(arrays, "")
                plain = _PLAIN.fullmatch(body, *span)
                if plain:
                    return make(arrays, plain[0].decode())
        return None

    def remember(  # noqa: PLR0913, PLR0917
        self,
        key: Any,
        body: Any,
        arrays: Sequence[Any],
        make: Callable[[list[Array], str], Any],
        identity: tuple[bytes, bytes] = (b"", b""),
        check: Callable[[], bool] | None = None,
    ) -> None:
        """Remember the bytes around arrays that are read-only views of `body`, in its order.

        Nothing is remembered of other messages: of arrays that are copies, are empty, or have bits
        that are not of any value (bools), of more than 64 arrays, and of long headers.

        Parameters
        ----------
        key
            what the meaning depends on beside the bytes, the length of the body included.
        body
            the message; nothing is remembered of what is not bytes.
        arrays
            the arrays of the message, in the order of the body.
        make
            makes such a message of other arrays and another id.
        identity
            the bytes just before the id, and the id, if there is one.
        check
            tells whether the message may be remembered at all; asked only where it would be.
        """
        if type(body) is not bytes or not 0 < len(arrays) <= _MOST_ARRAYS:
            return
        places = []
        for array in arrays:
            start = _offset(array, body)
            if start is None or start > len(body):
                return
            places.append((array.shape, array.dtype, start, start + array.nbytes))
        self.remember_at(key, body, places, make, identity, check)

    def remember_at(  # noqa: PLR0913, PLR0917 - as `remember`
        self,
        key: Any,
        body: bytes,
        spans: Sequence[tuple[tuple[int, ...], np.dtype[Any], int, int]],
        make: Callable[[list[Array], str], Any],
        identity: tuple[bytes, bytes] = (b"", b""),
        check: Callable[[], bool] | None = None,
    ) -> None:
        """Remember the bytes around arrays, of which shape, dtype, start and stop are known.

        That is what `remember` finds from the arrays, which takes it 3 us.
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
        if len(body) - at > _LONGEST or not self.wants((key, pieces[0][2])):
            return
        if check is not None and not check():
            self.refuse((key, pieces[0][2]))
            return
        pieces.append((at, len(body), body[at:]))
        span = None
        if identity[1]:
            span = _id_span(identity, pieces[0][2])
            if span is None:
                self.refuse((key, pieces[0][2]))
                return
            stop = pieces[0][1]
            pieces[:1] = [(0, span[0], body[: span[0]]), (span[1], stop, body[span[1] : stop])]
        other = self.get(key)
        if other is not None and (_count(other) >= _MOST_ALIKE or _view_nbytes(other) > BYTES // 4):
            other = None
        behind = tuple([piece for piece in pieces[1:] if piece[2]])
        self.keep(key, View(pieces[0][2], behind, span, tuple(places), make, other))


def _offset(array: Any, body: bytes) -> int | None:
    """Return where a read-only array begins in a body; None for one that cannot be viewed again."""
    if type(array) is not np.ndarray or array.dtype.kind not in _VIEWED or not array.size:
        return None
    flags = array.flags
    if flags.writeable or not flags.c_contiguous:
        return None
    # The address of the array, and that of the bytes object.
    start: int = array.__array_interface__["data"][0]
    whole: int = np.frombuffer(body, np.uint8).__array_interface__["data"][0]
    return start - whole


def _id_span(identity: tuple[bytes, bytes], header: bytes) -> tuple[int, int] | None:
    """Return where an id of plain letters is, if its bytes are there only once."""
    before, text = identity
    if header.count(before + text) != 1 or not _PLAIN.fullmatch(text):
        return None
    start = header.index(before + text) + len(before)
    return start, start + len(text)


def _view_nbytes(view: View | None) -> int:
    nbytes = 0
    while view is not None:
        nbytes += len(view.first) + sum([len(piece) for *_, piece in view.pieces])
        view = view.other
    return nbytes


def _count(view: View | None) -> int:
    """Count the messages under one key."""
    count = 0
    while view is not None:
        count, view = count + 1, view.other
    return count
