"""Flame graphs by py-spy: started, ended, and understood when it complains."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO
from xml.sax.saxutils import escape

from bench.measure.run import WorkerError
from bench.options import UsageError
from tensorwire.extras import advice

WRITING = 30.0
"""Seconds in which a graph is drawn."""
YAMA = Path("/proc/sys/kernel/yama/ptrace_scope")
SCOPES = {
    "1": "only a parent may look into a process: sudo sysctl kernel.yama.ptrace_scope=0",
    "2": "only CAP_SYS_PTRACE may look into a process: use sudo, or"
    " sudo sysctl kernel.yama.ptrace_scope=1",
    "3": "no process may look into another until the next boot",
}
CONTAINER = (
    "no CAP_SYS_PTRACE, or a process of another user: in a container,"
    " docker run --cap-add SYS_PTRACE; elsewhere sudo"
)
MACOS = "macOS lets only root look into a process: use sudo"
TITLE = re.compile(r'(<text id="title"[^>]*>)[^<]*')


class PySpyError(WorkerError):
    """No graph, and why: one line."""


def find() -> str | None:
    """Return the program: beside this Python, or on the PATH."""
    places = [str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
    return shutil.which("py-spy", path=os.pathsep.join(places))


def require(option: str) -> None:
    """Raise UsageError where py-spy is not installed."""
    if find() is None:
        raise UsageError(advice(option, ["py-spy"]))


class Recording:
    """py-spy at work on one process; what stood in the file stays until the graph is complete."""

    def __init__(self, pid: int, path: Path, title: str, *options: str) -> None:
        self.path, self.title = path, title
        self._part = path.with_name(f".{path.name}.{pid}.part")
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed in _close
        command = [find() or "py-spy", "record", "--pid", f"{pid}", *options]
        self._process = subprocess.Popen(  # noqa: S603 - a tool that the user has installed
            [*command, "--format", "flamegraph", "--output", str(self._part)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
            start_new_session=True,  # Ctrl-C is ours to handle
        )

    def ended(self) -> bool:
        """Whether it has ended by itself."""
        return self._process.poll() is not None

    def stop(self) -> None:
        """Let it draw what it has."""
        self._process.send_signal(signal.SIGINT)

    def finish(self) -> None:
        """Wait until the graph is drawn, and put it in its place.

        Raises
        ------
        PySpyError
            There is none.
        """
        try:
            self._process.wait(WRITING)
            self._errors.seek(0)
            said = self._errors.read().decode(errors="replace")
            if self._process.returncode or not self._part.exists():
                raise PySpyError(reason(said))
            drawn = self._part.read_text(encoding="utf-8")
            self._part.write_text(self._readable(drawn), encoding="utf-8")
            self._part.replace(self.path)
        except subprocess.TimeoutExpired:
            raise PySpyError(f"py-spy draws no graph within {WRITING:g} s") from None
        finally:
            self.give_up()

    def _readable(self, drawn: str) -> str:
        """Put what is measured above it, and cut a function's file where a name is too long."""
        titled = TITLE.sub(lambda found: found[1] + escape(self.title), drawn)
        return titled.replace("truncate_text_right = false", "truncate_text_right = true")

    def give_up(self) -> None:
        """End it, and leave nothing behind."""
        self._process.kill()
        self._process.wait()
        self._errors.close()
        with suppress(FileNotFoundError):
            self._part.unlink()


def reason(said: str) -> str:
    """Return in one line why there is no graph; where it is not allowed to, what would help."""
    told = said.lower()
    if "permission denied" in told or "not permitted" in told or "requires root" in told:
        return f"py-spy may not attach: {_permission()}"
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    return f"py-spy: {(errors or lines or ['it drew nothing'])[0].removeprefix('Error: ')}"


def _permission() -> str:
    if sys.platform == "darwin":
        return MACOS
    scope = YAMA.read_text().strip() if YAMA.exists() else "0"
    return f"{YAMA} is {scope}, {SCOPES[scope]}" if scope in SCOPES else CONTAINER
