"""Names of codecs in `transcode`: the entry points of packages are read where they are needed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tensorwire as tw
from tensorwire import registry


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Return a list that grows by one where the entry points of all packages are read."""
    before, counted = dict(registry._registered), []
    read = registry._entry_points

    def entry_points() -> Any:
        counted.append(1)
        return read()

    monkeypatch.setattr(registry, "_entry_points", entry_points)
    yield counted
    registry._registered.clear()
    registry._registered.update(before)


def test_built_in_names_read_no_entry_points(reads: list[int]) -> None:
    """Between the codecs that are built in, and protocols, no package is asked."""
    body = tw.get_codec("json/tensor").encode(np.arange(3.0))
    for source, target in (
        ("json/tensor", "protobuf/tensor"),
        ("json/tensor", "oip/json"),
        ("seldon/json", "msgpack/tftensor"),
    ):
        tw.transcode(body, source, target)
    assert not reads


@pytest.mark.usefixtures("reads")
def test_registered_names_read_no_entry_points(reads: list[int]) -> None:
    """Nor for a codec that was registered."""

    class Text:
        name, media_type = "text/numbers", "text/plain"

        def encode(self, value: Any) -> bytes:
            return " ".join(map(str, np.asarray(value).tolist())).encode()

        def decode(self, body: Any) -> Any:
            return np.array(bytes(body).split(), np.float64)

    tw.register_codec(Text())
    reads.clear()
    body = tw.get_codec("json/tensor").encode(np.arange(3.0))
    assert tw.transcode(body, "json/tensor", "text/numbers") == b"0.0 1.0 2.0"
    assert tw.transcode(b"0.0 1.0 2.0", "text/numbers", "json/tensor") == body
    assert not reads


def test_a_plug_in_is_looked_up_once(
    reads: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The codec of an installed package is found by a first look, also one installed meanwhile."""
    with pytest.raises(
        tw.UnknownCodecError, match="expected the name of a codec or protocol, got 'late/codec'"
    ):
        tw.transcode(b"{}", "late/codec", "json/raw")
    info = tmp_path / "late-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: late\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[tensorwire.codecs]\nlate/codec = late_codec:Codec\n")
    (tmp_path / "late_codec.py").write_text(
        "class Codec:\n"
        "    name, media_type = 'late/codec', 'a/b'\n"
        "    encode = decode = staticmethod(bytes)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    reads.clear()
    for _ in range(3):
        assert tw.transcode(b"abc", "late/codec", "json/raw") == b'{"binData":"YWJj"}'
    assert len(reads) == 1
