"""The old name of ``python -m interop``. It needs a clone, as that does: no wheel has it."""

from interop.__main__ import main

from .interrupt import leave

__all__ = ["main"]

if __name__ == "__main__":
    leave(main())
