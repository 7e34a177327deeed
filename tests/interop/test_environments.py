"""The environment of a peer is made once, from its pins, and a failure is one line."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from interop.environments import PEERS, InstallError, environment, requirements


@pytest.mark.slow
def test_an_environment_is_made_once(tmp_path: Path, offline: Callable[[str], None]) -> None:
    """The second time it is there; other pins make another."""
    progress: list[str] = []
    offline("# nothing\n")
    first = environment("kserve", tmp_path / "cache", progress.append)
    assert Path(first).is_relative_to(tmp_path / "cache")
    assert environment("kserve", tmp_path / "cache", progress.append) == first
    assert len(progress) == 1
    offline("no-such-peer==1.0\n")
    with pytest.raises(InstallError):
        environment("kserve", tmp_path / "cache", progress.append)


def test_no_such_python(tmp_path: Path) -> None:
    """An interpreter that is not there is a reason like others."""
    with pytest.raises(InstallError, match="No such file"):
        environment("kserve", tmp_path, print, "/no/such/python")


@pytest.mark.parametrize("peer", PEERS)
def test_the_pins_are_exact(peer: str) -> None:
    """Every package has one version; no file, option, address or host is named."""
    lines = requirements(peer).read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][0-9A-Za-z.]*", line) for line in pins)
    names = [line.partition("==")[0].lower().replace("_", "-") for line in pins]
    assert len(set(names)) == len(names)
    assert "tensorwire" not in names
