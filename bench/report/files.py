"""A file is written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write(path: str, content: bytes) -> None:
    """Write beside the place, then move there; OSError leaves what was there as it was."""
    target = Path(path)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.absolute().parent)
    made = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        # A temporary file is its owner's alone; a page is to be shown to others.
        made.chmod(0o666 & ~_mask())
        made.replace(target)
    except BaseException:
        made.unlink(missing_ok=True)
        raise


def _mask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
