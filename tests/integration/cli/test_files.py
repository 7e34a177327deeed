"""Files are written whole or not at all."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tensorwire.cli.files import write
from tests.support.command_line import (
    BATCH,
    BODY,
    one_line,
    run,
    seldon,
)

if TYPE_CHECKING:
    import pytest


def test_a_file_is_replaced_in_place(folder: Path) -> None:
    """Input and output may be one file; the mode stays; a link keeps pointing where it did."""
    (folder / "real").write_bytes(BODY)
    (folder / "real").chmod(0o640)
    (folder / "link").symlink_to("real")
    assert run("convert", "link", "link", "--to", "protobuf/tensor") == 0
    assert (folder / "link").readlink() == Path("real")
    assert (folder / "real").stat().st_mode & 0o777 == 0o640
    message = seldon().FromString((folder / "real").read_bytes())
    assert list(message.data.tensor.values) == BATCH.ravel().tolist()
    assert len(list(folder.iterdir())) == 2


def test_a_new_file_has_the_usual_mode(folder: Path) -> None:
    """As the umask says, not as temporary files have it."""
    before = os.umask(0o022)
    try:
        write("new", b"x")
    finally:
        os.umask(before)
    assert (folder / "new").stat().st_mode & 0o777 == 0o644


def test_where_nothing_can_be_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The line names the file that was asked for."""
    (folder / "in").write_bytes(BODY)
    for name, says in [("no/such/out", "No such file or directory"), (".", "Is a directory")]:
        assert run("convert", "in", name, "--to", "protobuf/tensor") == 1
        assert one_line(capsys.readouterr().err) == f"tensorwire: {name}: {says}"
    assert run("make", "in", "--codec", "json/ndarray") == 1
    assert one_line(capsys.readouterr().err) == "tensorwire: in: File exists"
    assert [path.name for path in folder.iterdir()] == ["in"]


def test_a_disk_that_is_full_leaves_the_old_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """If the bytes cannot be written whole, the target stays as it was and nothing is left over."""
    (folder / "in").write_bytes(BODY)
    (folder / "out").write_bytes(b"as it was")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    assert run("convert", "in", "out", "--to", "protobuf/tensor") == 1
    line = one_line(capsys.readouterr().err)
    assert line == "tensorwire: out: No space left on device"
    assert (folder / "out").read_bytes() == b"as it was"
    assert len(list(folder.iterdir())) == 2


def test_pipes_and_devices_are_written_to(folder: Path) -> None:
    """They are no files to be replaced."""
    (folder / "in").write_bytes(BODY)
    os.mkfifo(folder / "pipe")
    with subprocess.Popen(["/bin/cat", "pipe"], stdout=subprocess.PIPE) as reader:
        code = run("convert", "in", "pipe", "--to", "protobuf/tensor")
        if code:  # nobody will write into it
            reader.kill()
        out, _ = reader.communicate()
    assert code == 0
    message = seldon().FromString(out)
    assert list(message.data.tensor.values) == BATCH.ravel().tolist()
    assert run("convert", "in", os.devnull, "--to", "protobuf/tensor") == 0
