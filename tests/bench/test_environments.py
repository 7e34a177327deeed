"""An environment is made once, from its pins, and a failure is one line."""

import re
import subprocess
from pathlib import Path

import pytest

from bench import environments
from bench.environments import InstallError, environment, made
from interop.peers import PEERS
from tests.support.packages import without_index

ROOT = Path(__file__).parents[2]
FILES = sorted([*ROOT.glob("interop/pins/*.txt"), *ROOT.glob("bench/engines/pins/*.txt")])


def pinned(folder: Path, text: str) -> Path:
    """Return a file of pins."""
    file = folder / "some.txt"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.slow
def test_an_environment_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second time it is there; other pins make another."""
    progress: list[str] = []
    without_index(monkeypatch)
    root = tmp_path / "cache"
    assert made(pinned(tmp_path, "# nothing\n"), root) is None
    first = environment(pinned(tmp_path, "# nothing\n"), root, progress.append)
    assert Path(first).is_relative_to(root)
    assert environment(pinned(tmp_path, "# nothing\n"), root, progress.append) == first
    assert made(pinned(tmp_path, "# nothing\n"), root) == first
    assert made(pinned(tmp_path, "# else\n"), root) is None
    assert len(progress) == 1
    with pytest.raises(InstallError):
        environment(pinned(tmp_path, "no-such-package==1.0\n"), root, progress.append)


def test_no_such_python(tmp_path: Path) -> None:
    """An interpreter that is not there is a reason like others."""
    with pytest.raises(InstallError, match="No such file"):
        environment(pinned(tmp_path, "# nothing\n"), tmp_path, print, "/no/such/python")


def test_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What pip says last, that a version is not there, is not the reason."""
    said = "WARNING: Retrying after connection broken by 'X'\nERROR: No such version\n"

    def fail(*_: object, **__: object) -> None:
        raise subprocess.CalledProcessError(1, "pip", stderr=said)

    monkeypatch.setattr(environments, "_make", fail)
    with pytest.raises(InstallError, match=r"^ERROR: No such version; pip could not connect"):
        environment(pinned(tmp_path, "# nothing\n"), tmp_path, print)


def test_every_peer_has_its_pins() -> None:
    """What ``interop`` asks for is there, and nothing else."""
    assert {path.stem for path in FILES if "interop" in path.parts} == set(PEERS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_the_pins_are_exact(path: Path) -> None:
    """Every package has one version; no file, option, address or host is named."""
    lines = path.read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][0-9A-Za-z.]*", line) for line in pins)
    names = [line.partition("==")[0].lower().replace("_", "-") for line in pins]
    assert len(set(names)) == len(names)
    assert "tensorwire" not in names
