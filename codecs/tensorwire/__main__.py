"""The command line: ``python -m tensorwire``."""

from __future__ import annotations

import sys

from tensorwire.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
