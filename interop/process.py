"""A peer's process: frames go to it and come from it; a child like any other."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from bench.process import Child
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
    """The process has ended, or its answer is missing or malformed."""


class Refusal(Exception):  # noqa: N818 - nothing is wrong with the process
    """The library raised an error; the text is its message."""


def worker(python: str, peer: str) -> list[str]:
    """Return the command of a peer's worker."""
    return [python, "-s", "-m", f"interop.workers.{peer.replace('-', '_')}"]


class PeerProcess(Child):
    """A worker of ``interop/workers`` in the interpreter that has its library.

    Raises
    ------
    PeerError
        It does not start, or ends, or does not answer.
    Refusal
        The library cannot be loaded.
    """

    what = "a peer"

    def __init__(self, peer: str, command: Sequence[str]) -> None:
        self.peer = peer
        self._late = ""
        kept = {name: os.environ[name] for name in os.environ if not name.startswith("PYTHON")}
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0", "PYTHONUTF8": "1"}
        variables = kept | quiet | {"PYTHONPATH": str(ROOT)}
        try:
            super().__init__(command, only=variables, folder=ROOT)
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
                raise PeerError(self._late or f"ended: {self.complaint()}") from error
            return self._answer()

    def _answer(self) -> frames.Frame:
        try:
            frame = frames.read(self._stdout)
        except frames.FrameError as error:
            raise PeerError(str(error)) from error
        if frame is None:
            code = self._process.wait(10)
            raise PeerError(self._late or f"ended with code {code}: {self.complaint()}")
        if "error" in frame.header:
            raise Refusal(frame.header["error"])
        return frame

    @contextmanager
    def _deadline(self, seconds: float) -> Iterator[None]:
        """Kill a process that takes longer, which ends the read or write that waits for it."""

        def end() -> None:
            self._late = f"no answer within {seconds:g} s"
            self.signal(getattr(signal, "SIGKILL", signal.SIGTERM))

        timer = threading.Timer(seconds, end)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def close(self, patience: float | None = None) -> None:
        """End the process: its stdin ends, and if it does not, it is killed."""
        super().close(END if patience is None else patience)
