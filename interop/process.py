"""A peer's process: started, encoded to in frames, and ended by its own id."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from interop.workers import frames
from interop.workers.fragile import Verdict
from interop.workers.loop import Encoded
from interop.workers.tensors import pack, unpack

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from interop.workers.tensors import Tensor

__all__ = ["PeerError", "PeerProcess", "Refusal", "worker"]

ROOT = Path(__file__).parents[1]
PATIENCE = 60.0
"""Seconds for one answer; the slowest measured, 4 MB through Python lists, takes one."""
END = 5.0
"""Seconds in which a worker whose stdin has ended is to end by itself."""
START = 180.0
"""Seconds for the library to load: TensorFlow on a cold disk."""


class PeerError(Exception):
    """The process has ended, does not answer, or answers with something else."""


class Refusal(Exception):  # noqa: N818 - nothing is wrong with the process
    """The library raised an error; the text is its message."""


def worker(python: str, peer: str) -> list[str]:
    """Return the command of a peer's worker."""
    return [python, "-s", "-m", f"interop.workers.{peer.replace('-', '_')}"]


class PeerProcess:
    """A worker of ``interop/workers`` in the interpreter that has its library.

    Raises
    ------
    PeerError
        it does not start, or ends, or is silent.
    Refusal
        the library cannot be loaded.
    """

    def __init__(self, peer: str, command: Sequence[str]) -> None:
        self.peer = peer
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in close
        self._late = ""
        kept = {name: os.environ[name] for name in os.environ if not name.startswith("PYTHON")}
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0", "PYTHONUTF8": "1"}
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own worker
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                cwd=ROOT,
                env=kept | quiet | {"PYTHONPATH": str(ROOT)},
            )
        except OSError as error:
            self._errors.close()
            raise PeerError(f"does not start: {error}") from error
        self._stdin = cast("BinaryIO", self._process.stdin)
        self._stdout = cast("BinaryIO", self._process.stdout)
        try:
            with self._deadline(START):
                hello = self._answer().header
            self.implementations: dict[str, list[tuple[str, str]]] = {
                name: [(call[0], call[1]) for call in calls]
                for name, calls in hello["implementations"].items()
            }
            self.versions: dict[str, str] = hello["versions"]
        except BaseException:
            self.close()
            raise

    def encode(
        self, name: str, side: str, tensors: Sequence[Tensor], fields: Mapping[str, Any]
    ) -> Encoded:
        """Have the library write tensors."""
        described, blobs = pack(list(tensors))
        request = {"operation": "encode", "tensors": described, "fields": dict(fields)}
        answer = self._ask(request | {"implementation": name, "side": side}, blobs)
        return Encoded(answer.blobs[0], answer.header["headers"])

    def decode(self, name: str, side: str, encoded: Encoded) -> tuple[list[Tensor], dict[str, Any]]:
        """Have the library read a body."""
        request = {
            "operation": "decode",
            "headers": dict(encoded.headers),
            "implementation": name,
            "side": side,
        }
        answer = self._ask(request, [encoded.body])
        return unpack(answer.header["tensors"], answer.blobs), answer.header["fields"]

    def round_trip(self, name: str, side: str, fields: Mapping[str, Any]) -> dict[str, Verdict]:
        """Have the library write and read each of the arrays that are easily changed."""
        request = {
            "operation": "round trip",
            "implementation": name,
            "side": side,
            "fields": dict(fields),
        }
        found = self._ask(request, []).header["verdicts"]
        return {name: Verdict(*each) for name, each in found.items()}

    def time_encode(
        self,
        name: str,
        side: str,
        tensors: Sequence[Tensor],
        fields: Mapping[str, Any],
        calls: int,
    ) -> list[int]:
        """Nanoseconds that each of a number of calls took the library, within its process."""
        described, blobs = pack(list(tensors))
        request = {"operation": "encode", "tensors": described, "fields": dict(fields)}
        return self._times(request | {"implementation": name, "side": side, "calls": calls}, blobs)

    def time_decode(self, name: str, side: str, encoded: Encoded, calls: int) -> list[int]:
        """As `time_encode`."""
        request = {
            "operation": "decode",
            "headers": dict(encoded.headers),
            "implementation": name,
            "side": side,
        }
        return self._times(request | {"calls": calls}, [encoded.body])

    def _times(self, request: dict[str, Any], blobs: list[bytes]) -> list[int]:
        times: list[int] = self._ask(request, blobs).header["ns"]
        return times

    def _ask(self, header: dict[str, Any], blobs: list[bytes]) -> frames.Frame:
        with self._deadline(PATIENCE):
            try:
                frames.write(self._stdin, header, blobs)
            except OSError as error:
                raise PeerError(self._late or f"ended: {self._last_words() or error}") from error
            return self._answer()

    def _answer(self) -> frames.Frame:
        try:
            frame = frames.read(self._stdout)
        except frames.FrameError as error:
            raise PeerError(str(error)) from error
        if frame is None:
            code = self._process.wait(10)
            raise PeerError(self._late or f"ended with code {code}: {self._last_words()}")
        if "error" in frame.header:
            raise Refusal(frame.header["error"])
        return frame

    @contextmanager
    def _deadline(self, seconds: float) -> Iterator[None]:
        """Kill a process that takes longer, which ends the read or write that waits for it."""

        def end() -> None:
            self._late = f"no answer within {seconds:g} s"
            self._process.kill()

        timer = threading.Timer(seconds, end)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _last_words(self) -> str:
        self._errors.seek(0)
        lines = self._errors.read()[-2000:].decode(errors="replace").splitlines()
        return lines[-1].strip() if lines else ""

    def close(self) -> None:
        """End the process: its stdin ends, and if it does not, it is killed."""
        with suppress(OSError):  # what it did not read
            self._stdin.close()
        self._stdout.close()
        try:
            self._process.wait(END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._errors.close()
