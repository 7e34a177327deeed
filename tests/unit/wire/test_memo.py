"""The caches of small messages: what they write is what was made, and what they view is exact."""

import os
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from tensorwire.tree import Array
from tensorwire.wire.memo import BYTES, MOST, SMALL_BYTES, Cache, Frame, FrameCache, ViewCache


def text_of(array: Array) -> bytes | None:
    """Write numbers as text, and decline NaN."""
    return None if np.isnan(array).any() else str(array.tolist()).encode()


def test_keys_in_use_stay() -> None:
    """Keys in use stay; a key that is known evicts nothing; entries and bytes are bounded."""
    cache: Cache[bytes] = Cache(len)
    for key in range(MOST):
        cache.keep(key, b"x")
    known = cache.known
    for key in range(MOST):
        cache.keep(key, b"y")
    assert cache.known is known
    for key in range(MOST, 20 * MOST):
        cache.keep(key, b"z")
        assert cache.get(key % 10) == b"y"
        assert len(cache.known) <= MOST
        assert len(cache.older) <= MOST
    assert cache.get(500) is None
    for key in range(100):
        cache.keep(key, bytes(BYTES // 10))
        assert sum(map(len, cache.known.values())) <= BYTES
        assert sum(map(len, cache.older.values())) <= BYTES
    cache.keep("long", bytes(BYTES + 1))
    assert cache.get("long") is None
    assert cache.get(99) is not None


def test_wanted_keys() -> None:
    """At first every key is wanted, then one that was missed before, never one that is refused."""
    cache: Cache[bytes] = Cache(len)
    assert all(cache.wants(key) for key in range(4 * MOST))
    assert [cache.wants("a"), cache.wants("b"), cache.wants("a")] == [False, False, True]
    cache.refuse("c")
    assert not any(cache.wants("c") for _ in range(5))
    for key in range(10**5):
        cache.wants(key)
        cache.refuse(-key)
    assert len(cache._seen) <= 4 * MOST
    assert len(cache._refused) <= 4 * MOST
    cache.refuse("d")
    assert not cache.wants("d")


def together(work: Callable[[int], None]) -> list[BaseException]:
    """Run something in eight threads at once; return what went wrong."""
    wrong: list[BaseException] = []
    start = threading.Barrier(8)

    def run(seed: int) -> None:
        start.wait()
        try:
            work(seed)
        except BaseException as error:  # noqa: BLE001 - whatever a thread meets is the result
            wrong.append(error)

    threads = [threading.Thread(target=run, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


def test_threads_share_a_cache() -> None:
    """No entry is that of another key, and the bounds hold."""
    cache: Cache[bytes] = Cache(len)

    def work(seed: int) -> None:
        for turn in range(20_000):
            key = (turn * (seed + 3)) % 5000
            found = cache.get(key)
            if found is None:
                cache.keep(key, b"%d" % key)
            else:
                assert found == b"%d" % key
            assert len(cache) <= 2 * MOST + 1

    assert together(work) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")
def test_a_locked_cache_is_left_as_it_is() -> None:
    """A lock that nobody will release, as after a fork, stops no writer."""
    cache: Cache[bytes] = Cache(len)
    cache.keep(1, b"a")
    with cache._lock:
        cache.keep(2, b"b")
        assert cache.get(1) == b"a"
        assert cache.get(2) is None


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3),
        np.asfortranarray(np.arange(6, dtype=np.int16).reshape(2, 3)),
        np.arange(12.0)[::2],
        np.float32(1.5).reshape(()),
        np.empty((0, 3)),
        np.zeros(SMALL_BYTES),
    ],
    ids=["C", "Fortran", "strided", "rank 0", "empty", "large"],
)
def test_a_frame_of_one_array(array: Array) -> None:
    """Memory is in C order; the id is where the head ends."""
    frame = Frame.of([b"<a>", b"</a>"], [None], 1)
    assert frame.join([array]) == b"<a>" + array.tobytes() + b"</a>"
    assert frame.join([array], b"id ") == b"<id a>" + array.tobytes() + b"</a>"


def test_a_frame_of_several_arrays() -> None:
    """Memory and text are where their pieces are; a writer that declines declines the message."""
    frame = Frame.of([b"1", b"2", b"3", b"4"], [None, text_of, None], 1)
    first, second, third = np.arange(3), np.arange(2.0), np.ones((2, 2), np.int8)
    wanted = b"2".join([first.tobytes(), b"[0.0, 1.0]3" + third.tobytes()])
    assert frame.join([first, second, third]) == b"1" + wanted + b"4"
    assert frame.join([first, second, third], b"id") == b"1id" + wanted + b"4"
    assert frame.join([first, second * np.nan, third]) is None
    assert Frame.of([b"[", b"]"], [text_of]).join([np.array([np.nan])]) is None


def test_large_arrays_out_of_order_are_declined() -> None:
    """What reorders much memory is for a writer that does so in place."""
    large = np.zeros((2, SMALL_BYTES)).T
    assert Frame.of([b"", b""], [None]).join([large]) is None
    assert Frame.of([b"", b"", b""], [None, None]).join([large[:1], large]) is None


def test_frames_are_counted_in_bytes() -> None:
    """The bound of a cache counts all the bytes of its frames."""
    frames = FrameCache()
    frames.keep("a", Frame.of([bytes(10), bytes(20), bytes(30)], [None, None]))
    assert frames._nbytes == 60
    frames.keep("b", Frame.of([bytes(BYTES), b"x"], [None]))
    assert frames.get("b") is None


def made(arrays: list[Array], text: str) -> tuple[list[Any], str]:
    """Make a message: the values of arrays, and the id."""
    return [(array.tolist(), str(array.dtype)) for array in arrays], text


def viewed(body: bytes, *spans: tuple[str, int, int]) -> list[Array]:
    """View numbers of a dtype and a count in a body."""
    return [np.frombuffer(body, dtype, count, at) for dtype, count, at in spans]


def test_views_of_one_array() -> None:
    """A body of the same header is viewed with its own values, one of another header is not."""
    views, body = ViewCache(), b"head" + np.arange(2.0).tobytes() + b"tail"
    views.remember(len(body), body, viewed(body, ("<f8", 2, 4)), made)
    assert views.view(body, len(body)) == ([([0.0, 1.0], "float64")], "")
    other = b"head" + np.array([5.0, np.inf]).tobytes() + b"tail"
    assert views.view(other, len(other)) == ([([5.0, np.inf], "float64")], "")
    assert views.view(memoryview(other), len(other)) == views.view(other, len(other))
    for wrong in (b"HEAD" + other[4:], other[:-4] + b"TAIL", other[:-1]):
        assert views.view(wrong, len(other)) is None
    assert views.view(body, len(body) + 1) is None


def test_views_share_the_memory_of_the_body() -> None:
    """A view is read-only, and at the place in the body where its values are."""
    views, body = ViewCache(), b"h" + np.arange(4, dtype=np.int16).tobytes()
    views.remember("key", body, viewed(body, ("<i2", 4, 1)), lambda arrays, _: arrays[0])
    array = views.view(body, "key")
    assert not array.flags.writeable
    assert np.shares_memory(array, np.frombuffer(body, np.uint8))
    np.testing.assert_array_equal(array, np.arange(4))


def test_views_of_several_arrays_and_an_id() -> None:
    """The id may have another text of the same length, if it is plain; the pieces may not."""
    views = ViewCache()
    body = b"id=7a;" + np.arange(2, dtype=np.int8).tobytes() + b"--" + np.arange(1.0).tobytes()
    arrays = viewed(body, ("<i1", 2, 6), ("<f8", 1, 10))
    views.remember("key", body, arrays, made, (b"id=", b"7a"))
    assert views.view(body, "key") == ([([0, 1], "int8"), ([0.0], "float64")], "7a")
    assert views.view(body.replace(b"7a", b"zz"), "key")[1] == "zz"
    assert views.view(body.replace(b"7a", b'z"'), "key") is None
    assert views.view(body.replace(b"--", b"-+"), "key") is None


@pytest.mark.parametrize("text", [b"a b", b"\xc3\xa9", b'"'])
def test_ids_that_are_not_plain(text: bytes) -> None:
    """An id that JSON may write in two ways is not remembered."""
    views, body = ViewCache(), b"id=" + text + b";" + bytes(8)
    views.remember("key", body, viewed(body, ("<f8", 1, len(body) - 8)), made, (b"id=", text))
    assert not len(views)
    twice = b"id=7;id=7;" + bytes(8)
    views.remember("key", twice, viewed(twice, ("<f8", 1, 10)), made, (b"id=", b"7"))
    assert not len(views)


def refused(body: bytes) -> dict[str, Sequence[Any]]:
    """Return arrays that cannot be viewed again."""
    plain = np.frombuffer(body, np.uint8)
    return {
        "none": [],
        "a copy": [plain[8:].copy()],
        "bools": [plain[8:].view(bool)],
        "text": [plain[8:].view("S8")],
        "empty": [plain[:0]],
        "strided": [plain[::2]],
        "not an array": [body],
        "of another body": [np.frombuffer(bytes(8), np.uint8)],
        "out of order": [plain[16:], plain[:8]],
        "too many": [plain[i : i + 1] for i in range(65)],
        "far apart": [plain[3000:]],
    }


@pytest.mark.parametrize("case", refused(b""))
def test_what_is_not_viewed(case: str) -> None:
    """Arrays whose bytes need a look, or are elsewhere, are not remembered."""
    views, body = ViewCache(), bytes(4000) if case in ("far apart", "too many") else bytes(24)
    views.remember("key", body, refused(body)[case], made)
    assert not len(views)
    views.remember("key", bytearray(body), [np.frombuffer(body, np.uint8)], made)
    assert not len(views)


def test_messages_under_one_key() -> None:
    """Messages of one length are distinguished by their headers, thousands of them."""
    views = ViewCache()
    bodies = [b"%04d" % i + bytes([i % 256]) for i in range(3000)]
    for body in bodies:
        views.remember(5, body, viewed(body, ("u1", 1, 4)), made)
        assert views.view(body, 5) == ([([body[4]], "uint8")], "")
    for body in bodies:
        for same in (body[:4] + b"x", memoryview(body[:4] + b"x")):
            assert views.view(same, 5) == ([([ord("x")], "uint8")], "")
        assert views.view(b"x" + body[1:], 5) is None


def test_strangers_of_one_length_push_out_nothing_in_use() -> None:
    """Under one key, what is in use stays, however many other headers are added."""
    views = ViewCache()
    mine = [b"m%05d" % i + bytes([i]) for i in range(200)]
    for i in range(30_000):
        body = mine[i] if i < len(mine) else b"%06d" % i + b"x"
        views.add(7, body[:6], (((1,), np.dtype("u1"), 6),), made)
        at = i % len(mine)
        if i >= len(mine):
            assert views.view(mine[at], 7) == ([([at], "uint8")], "")
    assert len(views) <= 2 * 4 * MOST
    assert views.view(b"000300x", 7) is None


def test_layouts_under_one_key() -> None:
    """Headers of one length, of many lengths, with and without an id or bytes behind the arrays."""
    views, wanted = ViewCache(), {}
    for length in range(12):
        for behind in (b"", b"--", b"++"):
            head = b"%02d%d" % (length, len(behind)) + bytes(length)
            for before in (b"", b"id=%x;" % length):
                first = before + head
                numbers = bytes(range(40 - len(first) - len(behind)))
                body = first + numbers + behind
                identity = (b"id=", b"%x" % length) if before else (b"", b"")
                arrays = viewed(body, ("u1", len(numbers), len(first)))
                for _ in range(2):  # wanted at once, or when it was missed before
                    views.remember(40, body, arrays, made, identity)
                wanted[body] = ([(list(numbers), "uint8")], identity[1].decode())
    latest = list(wanted)[-16:]
    for _ in range(3):
        for body in latest:
            assert views.view(body, 40) == wanted[body]
    for body, message in wanted.items():
        assert views.view(body, 40) in (None, message)


def test_layouts_in_use_stay() -> None:
    """Layouts that pass by push out none that is in use."""
    views = ViewCache()
    mine = [b"%02d" % length + bytes(length) + b"\7" * (3000 - length) for length in range(8)]
    for length, body in enumerate(mine):
        views.remember("key", body, viewed(body, ("u1", 3000 - length, 2 + length)), made)
    for length in range(8, 1500):
        body = b"%05d" % length + bytes(length) + bytes(2997 - length)
        views.remember("key", body, viewed(body, ("u1", 2997 - length, 5 + length)), made)
        assert views.view(body, "key") is not None
        assert views.view(mine[length % 8], "key") is not None
    assert len(views.known["key"].layouts) <= 16


def test_new_shapes_are_learned_whatever_their_ids() -> None:
    """After thousands of messages a new header is known, though no id comes twice."""
    views = ViewCache()

    def message(header: bytes, number: int) -> bytes:
        return b"id=%06d;" % number + header + bytes(8)

    def remember(body: bytes) -> None:
        array = viewed(body, ("<f8", 1, len(body) - 8))
        views.remember(len(body), body, array, made, (b"id=", body[3:9]))

    for number in range(3 * 4 * MOST):
        remember(message(b"%05d" % number, number))
    for number in range(3):
        assert views.view(message(b"shape", number), 23) is None or number == 2
        remember(message(b"shape", number))
    assert views.view(message(b"shape", 77), 23) == ([([0.0], "float64")], "000077")


def test_views_are_counted_in_bytes() -> None:
    """The bound counts the bytes of the headers, and no entry holds the values of a body."""
    views, body = ViewCache(), b"h" * 100 + bytes(50_000) + b"t"
    views.remember(1, body, viewed(body, ("u1", 50_000, 100)), made)
    assert views._nbytes == 101
