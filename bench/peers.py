"""The old name of ``python -m interop``."""

from interop.__main__ import main

from .interrupt import leave

if __name__ == "__main__":
    leave(main())
