"""What the numbers depend on: versions, the machine, and what is missing."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import bench
from bench import cli
from bench.codecs import plan
from bench.implementations import lookup
from bench.interrupt import UsageError
from bench.measure import machine
from tensorwire import extras

pyperf: Any = pytest.importorskip("pyperf")

ROOT = Path(bench.__file__).parents[1]


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A baseline without its package is skipped with a line, and so are optional readers."""
    monkeypatch.setattr(lookup, "installed", lambda module: module != "msgpack")
    found, skipped = plan.implementations(["msgpack/ndarray", "json/raw"])
    assert "msgpack/ndarray:msgpack" not in found
    assert skipped == ["skipped msgpack/ndarray:msgpack: msgpack is not installed"]
    monkeypatch.setattr(machine, "find_spec", lambda _: None)
    assert any("pysimdjson is not installed" in line for line in machine.warnings())
    monkeypatch.setattr(extras, "installed", lambda _: False)
    needs = r"needs pyperf: pip install 'tensorwire\[bench\]'"
    with pytest.raises(UsageError, match=needs):
        cli.require_all("-o", "pyperf")


def test_pure_python_protobuf_is_loud(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers made without upb come with a warning before all others."""
    monkeypatch.setattr(machine, "protobuf_backend", lambda: "python")
    assert machine.warnings()[0].startswith("WARNING: protobuf runs in pure Python")


def test_what_is_recorded_names_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine and the versions, in what pyperf can hold; no host, no user, no path."""
    recorded = machine.describe()
    assert {"system", "cores", "gil", "bench_python", "numpy_version", "orjson_version"} <= (
        recorded.keys()
    )
    assert recorded["protobuf_version"].endswith(f"({machine.protobuf_backend()})")
    pyperf.Run([1.0], metadata=recorded, collect_metadata=False)
    text = json.dumps(recorded)
    for private in (socket.gethostname(), sys.prefix, str(Path.home()), str(ROOT)):
        assert private not in text or len(private) < 3
    monkeypatch.setattr(machine, "cpu", lambda: " Some\nCPU\t5 ")
    monkeypatch.setattr(machine, "memory", lambda: None)
    monkeypatch.setattr(machine, "commit", lambda: "")
    recorded = machine.recorded()
    assert recorded["cpu"] == "Some CPU 5"
    assert not {"memory_bytes", "git_commit"} & recorded.keys()
    pyperf.Run([1.0], metadata=recorded, collect_metadata=False)


@pytest.mark.parametrize(("asked", "state"), [(True, "enabled"), (False, "disabled")])
def test_the_gil_is_what_python_says(
    asked: bool,  # noqa: FBT001 - pytest passes it
    state: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A free-threaded Python may run with or without; an older one always has it."""
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: asked, raising=False)
    assert machine.gil() == state
    monkeypatch.delattr(sys, "_is_gil_enabled")
    assert machine.gil() == "enabled"


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_the_commit_is_the_checkouts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve digits, ``dirty`` once a file differs; nothing of a repository around it or a hook."""
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other"))
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}

    def git(*words: str) -> str:
        who = ("-c", "user.name=n", "-c", "user.email=e@example.org")
        done = subprocess.run(
            ["git", *who, *words],  # noqa: S607 - the one that is under test
            cwd=tmp_path,
            env=clean,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    assert machine.commit(tmp_path) == ""
    git("init", "-q")
    (tmp_path / "file").write_text("1")
    git("add", "file")
    git("commit", "-q", "-m", "one")
    git("tag", "-a", "v1", "-m", "v1")
    short = git("rev-parse", "HEAD")[:12]
    assert machine.commit(tmp_path) == short
    (tmp_path / "run.json").write_text("not of the checkout")
    assert machine.commit(tmp_path) == short
    (tmp_path / "file").write_text("2")
    assert machine.commit(tmp_path) == f"{short} dirty"
    (tmp_path / "inner").mkdir()
    assert machine.commit(tmp_path / "inner") == ""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert machine.commit(tmp_path) == ""
