"""The wheel has all that a stranger needs, the benchmark too, and works outside the clone."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import numpy as np
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.network]

ROOT = Path(__file__).parents[2]
FOLDERS = {"tensorwire": ROOT / "codecs" / "tensorwire", "tensorwire_bench": ROOT / "bench"}


def pip(python: Path | str, *arguments: str) -> None:
    """Run pip; skip the test where no package index has what it needs."""
    command = [str(python), "-m", "pip", "--disable-pip-version-check", "--no-input", "-q"]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
    if done.returncode and re.search("No matching distribution|hatchling", done.stderr):
        pytest.skip("no package index here, or none that has all packages")
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel, built as pip builds it."""
    folder = tmp_path_factory.mktemp("wheel")
    pip(sys.executable, "wheel", "--no-deps", "--wheel-dir", str(folder), str(ROOT))
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the programs of a fresh environment that has the extra `bench`."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    found = folder / ("Scripts" if sys.platform == "win32" else "bin")
    pip(found / "python", "install", f"{wheel}[bench]")
    return found


def run(programs: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``tensorwire`` of that environment in a folder that has nothing of the clone."""
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [str(programs / "tensorwire"), *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=environment | {"COLUMNS": "80"},
    )


def test_the_wheel_holds_both_packages(wheel: Path) -> None:
    """Every file of the package and of the benchmark is in it, and no other folder."""
    with zipfile.ZipFile(wheel) as opened:
        held = {name for name in opened.namelist() if ".dist-info/" not in name}
    there = {
        f"{name}/{path.relative_to(folder).as_posix()}"
        for name, folder in FOLDERS.items()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert held == there - {"tensorwire_bench/peers.py"}  # the old name of a command of the clone
    assert {"tensorwire/py.typed", "tensorwire/__main__.py"} <= held
    assert any(name.endswith(".binpb") for name in held)
    bench = {name.removeprefix("tensorwire_bench/") for name in held}
    assert {"report/templates/page.html", "serving/locustfile.py", "compare/exact.json"} <= bench
    assert {"engines/pins/web.txt", "engines/apps/web_flask.py", "engines/keeper.py"} <= bench


def test_a_stranger_gets_an_answer(programs: Path, tmp_path: Path) -> None:
    """``tensorwire bench mine.npy`` measures; its run is compared, drawn, and has no commit."""
    np.save(tmp_path / "mine.npy", np.linspace(0, 1, 200).reshape(20, 10))
    quick = ("--seconds", "0.3", "-p", "1")
    done = run(programs, tmp_path, "bench", "mine.npy", *quick, "-o", "run.json")
    assert (done.returncode, done.stderr) == (0, "")
    assert "mine.npy" in done.stdout
    # Two equally fast ones are quickest; which is named depends on the noise of a short run.
    assert re.search(r"\nTake (protobuf|msgpack)/(tensor|tftensor)\b", done.stdout)
    found = json.loads((tmp_path / "run.json").read_text("utf-8"))
    assert "git_commit" not in json.dumps(found["metadata"])
    for arguments in (
        ("compare", "run.json", "run.json"),
        ("report", "run.json", "--html", "run.html"),
        ("compare", "--history", ".", "--codec", "json/raw"),
        ("protocols", "--quick", "--protocol", "oip/binary", "--seconds", "0.3"),
    ):
        done = run(programs, tmp_path, "bench", *arguments)
        assert (done.returncode, done.stderr) == (0, ""), arguments


def test_what_is_not_there_is_named(programs: Path, tmp_path: Path) -> None:
    """Every command shows its help; one whose extra is missing names it, as it was called."""
    for name in ("protocols", "serving", "engines", "scaling", "compare", "report", "record"):
        done = run(programs, tmp_path, "bench", name, "--help")
        assert done.stdout.startswith(f"usage: tensorwire bench {name} ")
        assert "python -m bench" not in done.stdout
    done = run(programs, tmp_path, "bench", "serving", "--quick")
    assert done.returncode == 2
    assert done.stderr.startswith("tensorwire bench serving: error: a server needs ")
    assert done.stderr.endswith("pip install 'tensorwire[load]'\n")
