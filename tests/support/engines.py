"""Engines that serve models, in environments of their own: the files of their pages, run.

An engine that the extra `test` does not bring is tested where its environment is in the cache, and
made where ``--engines`` asks for it; its pins are in ``bench/engines/pins``.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

import tensorwire as tw
from bench.environments import InstallError, cache, environment, made

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["ROOT", "Engine", "environment_of", "example", "free_port", "running", "variables"]

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs/engines"
PINS = ROOT / "bench/engines/pins"
PACKAGE = Path(tw.__file__).parents[1]
READY = 180.0  # seconds, for an engine that imports a GB on a busy machine
STOPPED = 30.0
_BLOCK = re.compile(r"^```python\n# (\w+\.py)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_asked: set[str] = set()


def ask_for(names: str) -> None:
    """Take the option ``--engines``: names between commas, or ``all``."""
    _asked.update(name.strip() for name in names.split(",") if name.strip())


def environment_of(name: str) -> str:
    """Return the interpreter of the environment of an engine; skip the test where there is none.

    Parameters
    ----------
    name
        That of the pins: ``bench/engines/pins/NAME.txt``.
    """
    pins = PINS / f"{name}.txt"
    found = made(pins, cache())
    if found is not None:
        return found
    if not _asked & {name, "all"}:
        pytest.skip(f"no environment of {name} in {cache()}: pytest --engines {name} makes it")
    try:
        return environment(pins, cache(), print)
    except InstallError as error:
        if name in _asked:
            pytest.fail(f"{name}: {error}")
        pytest.skip(f"{name}: {error}")


def example(name: str, folder: Path) -> list[Path]:
    """Write the files of a page, as its readers would; return their paths.

    Parameters
    ----------
    name
        That of the page: ``docs/engines/NAME.md``, whose Python blocks begin with ``# FILE.py``.
    """
    blocks = _BLOCK.findall((PAGES / f"{name}.md").read_text(encoding="utf-8"))
    assert blocks, f"no block of docs/engines/{name}.md begins with # FILE.py"
    paths = []
    for file, text in blocks:
        (folder / file).write_text(text, encoding="utf-8")
        paths.append(folder / file)
    return paths


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as made_up:
        made_up.bind(("127.0.0.1", 0))
        port: int = made_up.getsockname()[1]
        return port


def variables(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the variables of a process in the environment of an engine, with this package."""
    path = os.pathsep.join([str(PACKAGE), str(ROOT)])
    return {**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1", **(more or {})}


class Engine(NamedTuple):
    """An engine that runs: its port on 127.0.0.1, its process, and what it wrote."""

    port: int
    pid: int
    log: Path

    def url(self, path: str = "") -> str:
        """Return the URL of a path."""
        return f"http://127.0.0.1:{self.port}{path}"


@contextmanager
def running(
    command: Sequence[str],
    folder: Path,
    *,
    ready: str = "",
    more: Mapping[str, str] | None = None,
    port: int | None = None,
) -> Iterator[Engine]:
    """Run an engine until the block ends.

    It is in a process group of its own, of which nothing is left.

    Parameters
    ----------
    command
        What starts it; ``{port}`` is a free port of 127.0.0.1, and ``python`` this interpreter.
    folder
        Where it runs, and where ``engine.log`` is.
    ready
        The path, or the URL with ``{port}``, that answers once it is ready, whatever its status;
        where empty, it is ready when it takes connections.
    more
        Variables of its environment, ``{port}`` too.
    """
    port = port or free_port()
    words = [word.replace("{port}", str(port)) for word in command]
    words[0] = sys.executable if words[0] == "python" else words[0]
    added = {name: text.replace("{port}", str(port)) for name, text in (more or {}).items()}
    log = folder / "engine.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            words,
            cwd=folder,
            env=variables(added),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    engine = Engine(port, process.pid, log)
    url = ready.replace("{port}", str(port)) if "://" in ready else engine.url(ready)
    try:
        _wait(process, engine, url if ready else "")
        yield engine
    finally:
        _end(process)


def _wait(process: subprocess.Popen[bytes], engine: Engine, url: str) -> None:
    end = time.monotonic() + READY
    while not _answers(engine.port, url):
        if process.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
            continue
        left = "took too long" if process.poll() is None else f"left with {process.returncode}"
        text = engine.log.read_text(encoding="utf-8", errors="replace")
        pytest.fail(f"the engine {left}:\n{text[-4000:]}")


def _answers(port: int, url: str) -> bool:
    try:
        if url:
            with urllib.request.urlopen(url, timeout=10):  # noqa: S310 - of 127.0.0.1
                return True
        with socket.create_connection(("127.0.0.1", port), timeout=10):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process with all of its group: asked first, then killed."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOPPED)
    process.wait()
