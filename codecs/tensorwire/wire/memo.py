"""A bounded table of what is dear to make, in which all that is in use stays."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_Entry = TypeVar("_Entry")

__all__ = ["BYTES", "MOST", "Cache"]

MOST = 1024  # entries of one generation: as many keys in use are all kept
BYTES = 1 << 20  # of the entries of one generation
_TRIES = 4 * MOST  # keys that are remembered at first sight, and later ones at second sight


class Cache(Generic[_Entry]):
    """Entries by key, in two generations.

    A new entry goes to the younger generation. When that is full it becomes the older one, and the
    older one is forgotten, but for the entries that were found there meanwhile: these went over to
    the younger. So keys in use stay, up to `MOST` of them, whatever passes by, and a key that is
    known never makes room.

    Callers ask `wants` before they make an entry. After `_TRIES` times it says yes only for a key
    that was missed before: those whose messages are all different would pay for entries and never
    use one. A key of which no entry can be made is told to `refuse`, and not asked for again.

    Safe to share among threads. A writer that finds the table busy leaves it as it is.

    Parameters
    ----------
    nbytes
        Tells the size of an entry.

    Attributes
    ----------
    known
        The younger generation, for callers in haste: a dict that they must not change, and must
        ask for anew on each call. What it lacks, `get` may still find.
    older
        The older generation, likewise.
    """

    __slots__ = ("_left", "_lock", "_nbytes", "_refused", "_seen", "_size_of", "known", "older")

    def __init__(self, nbytes: Callable[[_Entry], int]) -> None:
        self.known: dict[Any, _Entry] = {}
        self.older: dict[Any, _Entry] = {}
        self._size_of, self._nbytes = nbytes, 0
        self._left = _TRIES
        self._seen: set[int] = set()  # hashes of keys, as keys may be long
        self._refused: set[int] = set()
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

    def wants(self, key: Any) -> bool:
        """Tell whether an entry is worth making for a key that was not found."""
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
