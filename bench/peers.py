"""The old name of ``python -m interop``."""

from bench.interrupt import leave
from interop.__main__ import main

if __name__ == "__main__":
    leave(main())
