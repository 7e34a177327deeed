"""Where an extra is not installed, a command says in one line what to install, and does nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import bench
import tensorwire as tw

ROOT = Path(bench.__file__).parents[1]
# In a fresh process, before all else: the modules named in BLOCKED are nowhere to be found.
BLOCKING = """
import os
from importlib.machinery import PathFinder

blocked = os.environ["BLOCKED"].split(",")
find = PathFinder.find_spec


def find_spec(name, path=None, target=None):
    gone = name in blocked or name.partition(".")[0] in blocked
    return None if gone else find(name, path, target)


PathFinder.find_spec = find_spec
"""
SERVER = ("grpc", "grpc_health", "grpc_reflection", "httptools", "prometheus_client", "uvicorn")
MINE = ("--from", "json/ndarray", "--to", "arrow/tensor")


@pytest.fixture(scope="module")
def blocking(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that blocks modules in every process that has it on its path."""
    folder = tmp_path_factory.mktemp("blocking")
    (folder / "sitecustomize.py").write_text(BLOCKING)
    return folder


def run(blocking: Path, cwd: Path, blocked: str, *argv: str) -> subprocess.CompletedProcess[str]:
    """Run ``python -m`` without some modules, in an empty folder."""
    path = [str(blocking), str(ROOT), str(Path(tw.__file__).parents[1])]
    return subprocess.run(
        [sys.executable, "-m", *argv],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path), "BLOCKED": blocked},
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("blocked", "argv", "extra"),
    [
        ("pyperf", ("bench.codecs", "-o", "run.json"), "bench"),
        ("pyperf", ("bench.codecs", "--rigorous"), "bench"),
        ("pyarrow", ("bench.codecs", "--codec", "json/raw,arrow/tensor"), "arrow"),
        ("pyarrow", ("bench.codecs", "table.csv"), "arrow"),
        ("pyperf", ("bench.protocols", "-o", "run.json"), "bench"),
        ("pyperf", ("bench.compare", "old.json", "new.json"), "bench"),
        ("pyperf", ("bench.compare", "--history", "."), "bench"),
        ("pyperf", ("bench.report", "run.json", "--html", "run.html"), "bench"),
        ("PIL", ("bench.report", "run.json", "--png", "run.png"), "bench"),
        ("jinja2", ("bench.report", "run.json", "--html", "run.html"), "bench"),
        ("vl_convert", ("bench.report", "run.json", "--html", "run.html"), "bench"),
        ("pyarrow", ("interop",), "arrow"),
        ("pyarrow", ("interop", "--quick"), "arrow"),
        ("flask", ("bench.serving",), "load"),
        ("grpc,uvicorn,flask", ("bench.serving", "throughput"), "load"),
        ("psutil", ("bench.serving", "load"), "bench"),
        ("pyperf", ("bench.serving", "-o", "run.json"), "bench"),
        ("grpc", ("bench.engines", "web"), "server"),
        ("jinja2", ("bench.engines", "web", "--html", "run.html"), "bench"),
        ("grpc_health", ("bench.serving", "noop"), "server"),
        *((module, ("tensorwire.server",), "server") for module in SERVER),
        (",".join(SERVER), ("tensorwire.server", "--help"), "server"),
        ("pyarrow", ("tensorwire", "convert", "request.json", "-", *MINE), "arrow"),
        ("pyarrow", ("tensorwire", "make", "load", "--codec", "arrow/tensor"), "arrow"),
        ("pyarrow", ("tensorwire", "inspect", "request.json", "--as", "arrow/tensor"), "arrow"),
    ],
)
def test_a_missing_package_is_one_line(
    blocked: str, argv: tuple[str, ...], extra: str, blocking: Path, tmp_path: Path
) -> None:
    """The package and the extra are named, the exit code is 2, and nothing is shown or written."""
    (tmp_path / "request.json").write_text('{"data":{"ndarray":[[1.5]]}}')
    (tmp_path / "table.csv").write_text("a\n1\n")
    done = run(blocking, tmp_path, blocked, *argv)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    (line,) = done.stderr.splitlines()
    assert line.endswith(("'tensorwire[" + extra + "]'", " -e '.[" + extra + "]'"))
    assert f" needs {blocked.replace(',', ', ')}: pip install " in line
    assert sorted(each.name for each in tmp_path.iterdir()) == ["request.json", "table.csv"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "command"),
    [
        *(("numpy", f"bench.{name}") for name in ("codecs", "protocols", "compare", "serving")),
        ("numpy", "bench.engines"),
        ("numpy", "interop"),
        ("google", "bench.codecs"),
        ("ml_dtypes", "bench.codecs"),
    ],
)
def test_a_missing_library_is_one_line(
    module: str, command: str, blocking: Path, tmp_path: Path
) -> None:
    """Without what the library itself needs, a benchmark says how to install the checkout."""
    argv = ("--history", ".") if command == "bench.compare" else ()
    done = run(blocking, tmp_path, module, command, *argv)
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"python -m {command}: error: No module named '{module}")
    assert line.endswith("; pip install -e '.[bench]'")


@pytest.mark.slow
def test_what_does_not_need_it_works(blocking: Path, tmp_path: Path) -> None:
    """What is missing stops nothing that can do without: lists, help, other formats, a CSV run."""
    done = run(blocking, tmp_path, "grpc,pyarrow,pyperf,rich,psutil", "bench.serving", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    done = run(blocking, tmp_path, "pyarrow", "bench.codecs", "--list", "--codec", "arrow/tensor")
    assert (done.returncode, done.stderr) == (0, "")
    (tmp_path / "request.json").write_text('{"data":{"ndarray":[[1.5]]}}')
    done = run(blocking, tmp_path, "pyarrow", "tensorwire", "inspect", "request.json")
    assert (done.returncode, done.stderr) == (0, "")
