"""A file is written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write(path: str, content: bytes) -> None:
    """Write beside the place, then move there; OSError leaves what was there as it was.

    What is no file, such as ``/dev/stdout``, stays what it is and is written to.
    """
    target = Path(path)
    try:
        if target.exists() and not target.is_file():
            target.write_bytes(content)
        else:
            _replace(target, content)
    except OSError as error:  # it names the place that was asked for
        raise OSError(error.errno, error.strerror, path) from None


def _replace(target: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.absolute().parent)
    made = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        # A temporary file is its owner's alone; a page is to be shown to others.
        made.chmod(0o666 & ~_mask())
        made.replace(target)
    finally:
        made.unlink(missing_ok=True)


def _mask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
