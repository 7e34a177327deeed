"""Validate the docstring of every public name: ``python -m tests.docstrings [REGEX]``.

The rules are numpydoc's (``numpydoc.validate``), for the names that users see: what is in
``__all__`` of tensorwire, of the three protocols and of the server, and the public members of
each class. Private functions need one clear sentence, which ruff asks for.

Exit codes: 0 every docstring is valid, 1 one is not.
"""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

FACES = (
    "tensorwire",
    "tensorwire.seldon",
    "tensorwire.oip",
    "tensorwire.tfserving",
    "tensorwire.server",
    "tensorwire.serving",
)
IGNORED = {
    "ES01": "a summary that says it all needs no second paragraph",
    "GL01": "the summary begins on the line of the quotes, as ruff asks (D212)",
    "GL02": "a docstring of one line ends on it, as ruff asks (D200)",
    "SA01": "the docstring of the module leads from name to name",
}
NO_EXAMPLE = "EX01"
"""Asked of modules, functions and classes. The example of a class shows its members, and that of
a function the errors that it raises."""
UNDOCUMENTED = "PR01"
"""Parameters not documented. Not asked of errors that take those of their base, nor of protocols
in the sense of typing, which nobody calls."""
ALIASES = {"tensorwire.Missing"}
"""Types have no docstring; the module that defines one explains it."""


def public_names() -> Iterator[tuple[str, Any]]:
    """Yield every public name once, with what it names."""
    seen: set[int] = set()
    for face in FACES:
        module = importlib.import_module(face)
        yield face, module
        for name in module.__all__:
            value = getattr(module, name)
            if f"{face}.{name}" in ALIASES or inspect.ismodule(value) or id(value) in seen:
                continue
            seen.add(id(value))
            yield f"{face}.{name}", value
            if inspect.isclass(value):
                yield from _members(f"{face}.{name}", value, seen)


def _members(prefix: str, owner: type, seen: set[int]) -> Iterator[tuple[str, Any]]:
    """Yield the public methods and properties of a class that this package defines."""
    for name in dir(owner):
        value = inspect.getattr_static(owner, name)
        if isinstance(value, (classmethod, staticmethod)):
            value = value.__func__
        defined = value.fget if isinstance(value, property) else value
        if (
            not name.startswith("_")
            and inspect.isfunction(defined)
            and defined.__module__.startswith("tensorwire")
            and id(value) not in seen
        ):
            seen.add(id(value))
            yield f"{prefix}.{name}", value


def findings(name: str, value: object) -> list[str]:
    """Return what numpydoc finds wrong with the docstring of a name."""
    from numpydoc.validate import validate

    if inspect.ismodule(value):  # numpydoc looks for a def or class, which a face has none of
        return [] if ">>> " in (value.__doc__ or "") else [f"{NO_EXAMPLE} No examples found"]
    ignored = set(IGNORED)
    is_error = inspect.isclass(value) and issubclass(value, Exception)
    if is_error or name.rpartition(".")[0] not in ("", *FACES):
        ignored.add(NO_EXAMPLE)
    if (is_error and "__init__" not in vars(value)) or getattr(value, "_is_protocol", False):
        ignored.add(UNDOCUMENTED)
    return [f"{code} {text}" for code, text in validate(name)["errors"] if code not in ignored]


def main(arguments: list[str]) -> int:
    """Print the findings for all names, or for those that match a regular expression."""
    count = invalid = 0
    for name, value in public_names():
        if arguments and not re.search(arguments[0], name):
            continue
        count += 1
        found = findings(name, value)
        invalid += bool(found)
        for each in found:
            sys.stdout.write(f"{name}: {each}\n")
    sys.stdout.write(f"{count} docstrings, {invalid} not valid\n")
    return 1 if invalid else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
