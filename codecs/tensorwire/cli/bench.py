"""``bench``: the benchmark, which the wheel has beside the library, and a clone in its folder."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

from tensorwire.cli.files import UsageError
from tensorwire.extras import installed

__all__ = ["run"]

_INSTALLED = "tensorwire_bench"
_ROOT = Path(__file__).parents[3]  # of the clone, where this is one


def run(arguments: list[str]) -> int:
    """Run a command of the benchmark; return its exit code.

    Raises
    ------
    UsageError
        The benchmark is not there.
    """
    package = _INSTALLED
    if not installed(package):
        if not (_ROOT / "bench" / "__main__.py").is_file():
            raise UsageError("the benchmark is not installed: pip install 'tensorwire[bench]'")
        sys.path.insert(0, str(_ROOT))  # first: `bench` is the name of other packages, too
        package = "bench"
    code: int = import_module(f"{package}.__main__").main(arguments, "tensorwire bench")
    return code
