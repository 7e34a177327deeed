"""All commands of the benchmark by one name: ``tensorwire bench``, or ``python -m bench``."""

from __future__ import annotations

import sys
from importlib import import_module

from .command import COMMANDS, FIRST, called_by
from .interrupt import complain, leave


def main(argv: list[str] | None = None, caller: str = f"python -m {__package__}") -> int:
    """Run the command that the first argument names, else the first one; return its exit code."""
    given = sys.argv[1:] if argv is None else argv
    if given[:1] == ["interop"]:  # beside this folder, and in no wheel
        text = "expected a command of the benchmark, got interop; run python -m interop in a clone"
        return complain(caller, text, 2)
    name = given[0] if given and given[0] in COMMANDS else ""
    with called_by(caller):
        module = import_module(f"{__package__}.{COMMANDS[name or FIRST]}")
        code: int = module.main(given[bool(name) :])
    return code


if __name__ == "__main__":
    leave(main())
