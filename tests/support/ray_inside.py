"""A Ray cluster in a network namespace, and its clients there: a line in, a line out.

Ray opens ports on every interface; in a namespace of its own these are the loopback's alone. So its
clients are there, too: `RayInside` tells this file, which an interpreter with Ray runs, what to do.
"""

from __future__ import annotations

import base64
import importlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["RayInside", "alone"]

APPS = Path(__file__).parents[2] / "bench/engines/apps"


def alone(command: Sequence[str]) -> list[str]:
    """Return a command that runs another in namespaces; skip where none are to be had.

    One is of the network, and one of processes, which all end with the first.
    """
    import pytest

    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("unshare, of util-linux, is not installed")
    options = ["--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if os.geteuid():
        options.append("--map-root-user")
    run = [unshare, *options, "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    tried = subprocess.run([*run, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"no namespaces: {tried.stderr.strip()}")
    return [*run, *command]


class RayInside:
    """Runs the cluster, and asks it."""

    def __init__(self, python: str, folder: Path, variables: Mapping[str, str]) -> None:
        self._log = folder / "ray.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                alone([python, __file__]),
                cwd=folder,
                env=variables,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def __call__(self, what: str, *arguments: Any) -> Any:
        """Do something there, and return what comes of it; bytes are passed as they are."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([what, *arguments], default=_as_text) + "\n")
        self._process.stdin.flush()
        while not (line := self._process.stdout.readline()).startswith("[["):
            assert line, self._log.read_text(errors="replace")[-4000:]
        found, error = json.loads(line, object_hook=_as_bytes)[0]
        assert error is None, error
        return found

    def close(self) -> None:
        """End the cluster, and wait until it has ended."""
        try:
            self._process.communicate(timeout=90)
        finally:
            self._process.kill()


def _as_text(value: bytes) -> dict[str, str]:
    return {"base64": base64.b64encode(value).decode()}


def _as_bytes(value: dict[str, Any]) -> Any:
    return base64.b64decode(value["base64"]) if list(value) == ["base64"] else value


def load(module: str) -> None:
    """Import a file of the page; what it starts is started."""
    importlib.import_module(module)


def deploy(module: str, name: str, prefix: str) -> None:
    """Run the application of a file."""
    from ray import serve

    serve.run(importlib.import_module(module).app, name=name, route_prefix=prefix)


def run(*words: str) -> str:
    """Return what a command prints; its last lines are the error where it fails."""
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return done.stdout


def grpc(port: int, application: str, method: str, body: bytes) -> tuple[str, str, bytes]:
    """Return status, details and message of a call."""
    import grpc as library

    with library.insecure_channel(f"127.0.0.1:{port}") as channel:
        call: Any = channel.unary_unary(method)
        try:
            reply = call(body, metadata=(("application", application),), timeout=60)
        except library.RpcError as error:
            return error.code().name, error.details() or "", b""
        return "OK", "", reply


def main() -> None:
    """Start a cluster, and do what each line says, until there is none."""
    sys.path[:0] = [str(Path.cwd()), str(APPS)]
    from ray_cluster import cluster

    calls = {each.__name__: each for each in (load, deploy, run, grpc)}
    with cluster():
        for line in sys.stdin:
            name, *arguments = json.loads(line, object_hook=_as_bytes)
            answer: Any
            try:
                answer = calls[name](*arguments), None
            except Exception as error:  # noqa: BLE001 - it is told
                answer = None, f"{type(error).__name__}: {error}"
            sys.stdout.write(json.dumps([answer], default=_as_text) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
