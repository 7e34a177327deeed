"""Optional packages: the extra that installs each, and the message for a missing one."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["EXTRAS", "Needed", "advice", "installed", "lacking"]

EXTRAS: dict[str, tuple[str, ...]] = {
    "arrow": ("pyarrow",),
    "server": (
        *("grpc", "grpc_health", "grpc_reflection"),
        *("httptools", "prometheus_client", "uvicorn"),
    ),
    "bench": ("PIL", "jinja2", "psutil", "pyperf", "rich", "vl_convert"),
    "compress": ("isal", "lz4", "zstandard"),
    "load": ("flask", "gunicorn", "locust"),
    "profile": ("memray", "py-spy"),
}
"""Modules, and the program py-spy, by the extra that installs them."""
_INCLUDED = {"bench": {"compress"}, "load": {"bench", "compress", "server"}}
"""Extras whose packages another extra installs too."""


def installed(module: str) -> bool:
    """Return whether a module can be imported; only its parent packages are imported."""
    try:
        return find_spec(module) is not None
    except (ModuleNotFoundError, ValueError):  # no parent; None in sys.modules
        return False


def lacking(what: str, *modules: str) -> str:
    """Return what to install, or "" if nothing is missing.

    Parameters
    ----------
    what
        What needs the modules; the message begins with it: ``"the server"``.
    modules
        Modules of `EXTRAS`.
    """
    missing = [module for module in modules if not installed(module)]
    return advice(what, missing) if missing else ""


def advice(what: str, missing: Sequence[str]) -> str:
    """Return the message for missing modules, with the command for the package or its clone."""
    extras = [extra for extra, modules in EXTRAS.items() if set(missing) & set(modules)]
    included = set().union(*(_INCLUDED.get(extra, set()) for extra in extras))
    return _line(what, missing, [extra for extra in extras if extra not in included])


def _line(what: str, missing: Sequence[str], extras: Sequence[str]) -> str:
    try:
        version("tensorwire")
    except PackageNotFoundError:
        command = f"pip install -e '.[{','.join(extras)}]'"
    else:
        command = f"pip install 'tensorwire[{','.join(extras)}]'"
    return f"{what} needs {', '.join(missing)}: {command}"


class Needed:
    """Around imports at the top of a module: a package that is missing is told with the extra.

    Parameters
    ----------
    what
        What needs the packages, as for `lacking`.
    extra
        The extra that installs them.
    """

    def __init__(self, what: str, extra: str) -> None:
        self._what, self._extra = what, extra

    def __enter__(self) -> None: ...

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, ModuleNotFoundError):
            line = _line(self._what, [str(error.name).partition(".")[0]], [self._extra])
            raise ModuleNotFoundError(line, name=error.name) from None
