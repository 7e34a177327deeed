"""Frames on the pipe between us and a worker."""

import io

import pytest

from interop.workers import frames


def test_a_frame_comes_as_it_went() -> None:
    """Header and blobs, empty ones among them, are read as they were written, one after another."""
    pipe = io.BytesIO()
    frames.write(pipe, {"a": ["é", None, 1.5]}, [b"", b"\0\1", b"x" * 70000])
    frames.write(pipe, {})
    pipe.seek(0)
    assert frames.read(pipe) == ({"a": ["é", None, 1.5]}, [b"", b"\0\1", b"x" * 70000])
    assert frames.read(pipe) == ({}, [])
    assert frames.read(pipe) is None


def test_the_bytes_of_a_frame() -> None:
    """A frame is the header's length, the header, the blobs."""
    pipe = io.BytesIO()
    frames.write(pipe, {"a": 1}, [b"xy"])
    assert pipe.getvalue() == b'\x16\0\0\0{"a": 1, "blobs": [2]}xy'


@pytest.mark.parametrize("cut", [1, 4, 10, -1])
def test_a_frame_that_is_cut_off(cut: int) -> None:
    """The end within a frame is an error, not the end."""
    pipe = io.BytesIO()
    frames.write(pipe, {"a": 1}, [b"xy"])
    with pytest.raises(frames.FrameError, match="ended"):
        frames.read(io.BytesIO(pipe.getvalue()[:cut]))


@pytest.mark.parametrize(
    "text",
    [b"[]", b"{", b"{}", b'{"blobs": 1}', b'{"blobs": [-1]}', b'{"blobs": [1e300]}', b"\xff"],
)
def test_what_is_no_frame(text: bytes) -> None:
    """Whatever is found instead of a header is an error of one kind."""
    with pytest.raises(frames.FrameError):
        frames.read(io.BytesIO(len(text).to_bytes(4, "little") + text))
