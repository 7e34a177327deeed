"""What the public face says of itself: the errors it names, and the mistakes a checker finds."""

import inspect
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import tensorwire as tw

LIBRARY = Path(tw.__file__).parents[1]
RAISES = {
    "Codec.encode": ["EncodeError"],
    "Codec.encode_parts": ["EncodeError"],
    "Codec.decode": ["DecodeError", "LimitError"],
    "CodecLike.encode": ["EncodeError"],
    "CodecLike.decode": ["DecodeError"],
    "Limits.check": ["LimitError"],
    "dumps": ["EncodeError", "UnknownCodecError"],
    "get_codec": ["UnknownCodecError"],
    "loads": ["DecodeError"],
    "register_codec": ["EncodeError", "ValueError"],
}
LAZY = {"bench", "grpc", "ml_dtypes", "pyperf", "rich", "simdjson"}

# Every line from the fifth on is wrong.
WRONG_USE = """
import tensorwire as tw

codec = tw.Codec("json", "raw")
text: str = codec.encode(b"")
codec.encode(b"", names=7)
codec.decode(b"", copy="yes")
tw.get_codec(7)
tw.register_codec(7)
tw.Limits(max_rank="2")
tw.nothing
"""


@pytest.mark.parametrize("name", RAISES)
def test_docstring_names_the_errors(name: str) -> None:
    """What raises says so, with the names of the errors."""
    thing: Any = tw
    for part in name.split("."):
        thing = inspect.getattr_static(thing, part)
    text = inspect.getdoc(thing) or ""
    assert [error for error in RAISES[name] if error not in text] == []


def test_errors_have_the_promised_bases() -> None:
    """Each error has the bases that the tree of errors shows, and no others."""
    assert tw.CodecError.__bases__ == (Exception,)
    assert tw.EncodeError.__bases__ == (tw.CodecError, ValueError)
    assert tw.DecodeError.__bases__ == (tw.CodecError, ValueError)
    assert tw.UnknownCodecError.__bases__ == (tw.CodecError, LookupError)
    assert tw.LimitError.__bases__ == (tw.DecodeError,)


def test_checker_finds_wrong_use(tmp_path: Path) -> None:
    """A type checker marks every wrong line of a program: the types are there and are not Any."""
    pytest.importorskip("mypy")
    (tmp_path / "user.py").write_text(WRONG_USE)
    # An installed package is followed in silence; so is the library here.
    options = ["--strict", "--config-file=", "--follow-imports=silent", "--cache-dir=cache"]
    result = subprocess.run(
        [sys.executable, "-m", "mypy", *options, "user.py"],
        cwd=tmp_path,
        env=os.environ | {"MYPYPATH": str(LIBRARY)},
        capture_output=True,
        check=False,
        text=True,
    )
    marked = {int(line.split(":")[1]) for line in result.stdout.splitlines() if ": error:" in line}
    assert marked == {5, 6, 7, 8, 9, 10, 11}, result.stdout + result.stderr


def test_import_loads_what_every_payload_needs() -> None:
    """Importing tensorwire loads no extra, and not what only some payloads need."""
    path = os.pathsep.join([str(LIBRARY), os.environ.get("PYTHONPATH", "")])
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", "import sys, tensorwire; print(*sys.modules)"],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        check=True,
        text=True,
    )
    loaded = set(result.stdout.split())
    assert "tensorwire.protocols.seldon.codec" in loaded
    assert not loaded & LAZY
