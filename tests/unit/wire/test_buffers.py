"""Parts of a payload, held to bytes that are joined by hand."""

import base64
from array import array as flat_array
from typing import Any

import numpy as np
import pytest

from tensorwire.errors import DecodeError
from tensorwire.wire.buffers import (
    ArrayFill,
    Base64,
    Part,
    Texts,
    array_part,
    as_body,
    as_bytes,
    assemble,
    buffer_of,
    join,
    size_of,
)

ARRAY = np.arange(6, dtype="<i4").reshape(2, 3)
SOURCES = {
    "C order": (ARRAY, None),
    "Fortran order": (np.asfortranarray(ARRAY), None),
    "strided": (np.arange(24, dtype="<i4").reshape(4, 6)[::2, ::2], None),
    "big-endian": (ARRAY.astype(">i4"), np.dtype("<i4")),
    "another dtype": (ARRAY, np.dtype("<f8")),
    "reversed": (ARRAY[::-1], None),
    "rank 0": (np.array(5, "<i4"), None),
    "empty": (np.zeros((0, 3), "<i4"), None),
}


@pytest.mark.parametrize("case", SOURCES)
def test_the_part_of_an_array_is_its_memory(case: str) -> None:
    """In C order and of the wanted dtype, as numpy has it; a view where that is so already."""
    array, dtype = SOURCES[case]
    part = array_part(array, dtype)
    wanted = array.astype(dtype or array.dtype).tobytes()
    assert bytes(buffer_of(part)) == wanted
    assert size_of(part) == len(wanted)
    assert join(b"<", part, b">") == b"<" + wanted + b">"
    if case == "C order":
        assert np.shares_memory(np.frombuffer(buffer_of(part), np.uint8), array)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 18 << 10, (18 << 10) + 1, 100_000])
def test_base64_is_that_of_python(count: int) -> None:
    """In one block or in many, of memory and of what is still to be filled in."""
    data = np.arange(count, dtype=np.uint8)
    wanted = base64.b64encode(data.tobytes())
    for part in (data.data, ArrayFill(data, np.dtype("u1"))):
        text = Base64(part)
        assert text.nbytes == len(wanted)
        assert join(b'"', text, b'"') == b'"' + wanted + b'"'


@pytest.mark.parametrize("blocks", [0.1, 1, 3, 1000])
def test_texts_may_be_of_any_length(blocks: float) -> None:
    """The guess of their length may be wrong in either way."""
    pieces: list[bytes | memoryview] = [b"[", b"12345,", b"6" * 5000, memoryview(b"]")]
    assert Texts(iter(pieces), blocks).join(b"<", b">") == b"<" + b"".join(pieces) + b">"
    assert Texts(iter([b"1"]), blocks).join(b"", b"") == b"1"


def test_parts_are_assembled_in_order() -> None:
    """Buffers, fills and texts between the pieces, in one body."""
    makers: list[tuple[Any, bytes]] = [
        (lambda: b"abc", b"abc"),
        (lambda: memoryview(b"de"), b"de"),
        (lambda: ArrayFill(ARRAY, np.dtype("<f4")), ARRAY.astype("<f4").tobytes()),
        (lambda: Base64(b"xyz"), base64.b64encode(b"xyz")),
        (lambda: Texts(iter([b"[1]"]), 1), b"[1]"),
    ]
    for count in range(1, len(makers) + 1):
        for chosen in (makers[:count], makers[-count:]):
            parts: list[Part] = [make() for make, _ in chosen]
            pieces = [b"%d" % i for i in range(count + 1)]
            wanted = b"0" + b"".join(w + b"%d" % i for i, (_, w) in enumerate(chosen, 1))
            assert assemble(pieces, parts) == wanted


@pytest.mark.parametrize(
    "given",
    [
        bytearray(b"abcdefgh"),
        memoryview(b"abcdefgh"),
        np.frombuffer(b"abcdefgh", np.uint8),
        np.frombuffer(b"abcdefgh", "<f8"),
        flat_array("b", b"abcdefgh"),
    ],
    ids=lambda given: type(given).__name__,
)
def test_any_contiguous_buffer_is_bytes(given: Any) -> None:
    """Whatever its items, it is read byte by byte."""
    assert bytes(as_body(given)) == as_bytes(given) == b"abcdefgh"
    assert type(as_bytes(given)) is bytes


@pytest.mark.parametrize(
    "given",
    ["text", None, 5, [1], np.arange(8)[::2], object()],
    ids=lambda given: type(given).__name__,
)
def test_what_is_no_buffer_is_refused(given: Any) -> None:
    """The error says what it is."""
    with pytest.raises(DecodeError, match="expected a contiguous buffer of bytes, got "):
        as_body(given)
    with pytest.raises(DecodeError, match="expected a contiguous buffer of bytes, got "):
        as_bytes(given)


def test_memory_in_another_order_is_refused() -> None:
    """Views that are strided, of Fortran order or released are no bytes; bytes are not copied."""
    released = memoryview(b"abcd")
    released.release()
    fortran: Any = np.ones((2, 3), order="F")
    for view in (released, memoryview(b"abcdef")[::2], memoryview(fortran)):
        with pytest.raises(DecodeError, match="expected a contiguous buffer of bytes, got "):
            as_bytes(view)
    body = b"abc"
    assert as_bytes(body) is body
