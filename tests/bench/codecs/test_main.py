"""The command line of ``python -m bench.codecs``: one clear line for what is wrong."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import bench
import tensorwire as tw
from bench.codecs.__main__ import main
from tests.support.commands import exit_code

run = partial(exit_code, main)


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["--codec", "protbuf/*"], "expected the name or pattern of a codec, got 'protbuf/*'"),
        (["--batch", "0"], "expected at least 1 row in a batch, got 0"),
        (["--batch", "1,x"], "expected numbers such as 1,10,100, got '1,x'"),
        (["--features", "-3"], "expected a whole number from 1 on, got '-3'"),
        (["--seconds", "0"], "expected seconds above 0, up to a day, got '0'"),
        (["--seconds", "nan"], "expected seconds above 0"),
        (["--seconds", "1e9"], "expected seconds above 0, up to a day, got '1e9'"),
        (["--processes", "0"], "expected a whole number from 1 on"),
        (["--dtype", "float65"], "--dtype: expected a dtype, got 'float65'"),
        (
            ["--dtype", "object"],
            "expected a dtype of numbers that a format represents, got 'object'",
        ),
        (
            ["--dtype", "longdouble"],
            "expected a dtype of numbers that a format represents, got 'longdouble'",
        ),
        (["--op", "both ways"], "invalid choice: 'both ways'"),
        (["--values", "odd"], "invalid choice: 'odd'"),
        (["--markdown", "--csv"], "not allowed with argument"),
        (["nowhere.npy"], "nowhere.npy: No such file"),
        (["p.npy", "--values", "ints"], "leave out --values"),
        (["--targets", "--batch", "3"], "leave out --batch"),
        (["-o", "no/such/directory.json"], "expected a file in a directory that exists"),
        (["--bogus"], "unrecognized arguments: --bogus\n"),
        (["--valeus", "ints"], "unrecognized arguments: --valeus (did you mean --values?)"),
        (["--secnds=4"], "unrecognized arguments: --secnds=4 (did you mean --seconds?)"),
        (["--batch", "100000000000"], "GB that are free"),
    ],
)
def test_wrong_options_get_one_line(
    argv: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2 and a single line on stderr that names what is wrong."""
    assert run(*argv) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert says in shown.err
    assert len(shown.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("ragged.json", b"[[1, 2], [3]]", "expected a row of 2 items, got a row of 1 - at $[1]"),
        ("broken.json", b"[[1, 2", "unexpected end of data"),
        ("number.json", b"3", "got a file of another format; known are .npy, "),
        ("mixed.json", b"[{}, 1]", "expected a number, bool, string or bytes, got dict"),
        ("request.json", b'{"data":{"ndarray":[[1],[2,3]]}}', "$.data.ndarray[1]"),
        ("text.npy", b"no array", "expected a .npy file"),
        (
            "payload.csv",
            b"1.5,2\n3,4\n",
            "expected the names of the columns in the first line, got numbers",
        ),
    ],
)
def test_bad_payloads_get_one_line(
    name: str, content: bytes, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A payload that holds no regular array is refused with its name and the reason."""
    path = tmp_path / name
    path.write_bytes(content)
    assert run(str(path)) == 2
    shown = capsys.readouterr().err
    assert len(shown.splitlines()) == 1
    assert name in shown
    assert says in shown


def test_pickles_are_not_loaded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An array of objects in a .npy file is refused, not unpickled."""
    path = tmp_path / "objects.npy"
    np.save(path, np.array([{}, 1], object), allow_pickle=True)
    assert run(str(path)) == 2
    assert "objects.npy" in capsys.readouterr().err


def test_an_existing_file_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``-o`` refuses to overwrite, before anything is measured, and says how to insist."""
    path = tmp_path / "run.json"
    path.write_text("mine")
    assert run("-o", str(path)) == 2
    assert "--force" in capsys.readouterr().err
    assert path.read_text() == "mine"


def test_list_names_every_codec(capsys: pytest.CaptureFixture[str]) -> None:
    """``--list`` prints codecs and baselines, one a line, of the selection only."""
    assert run("--list") == 0
    lines = capsys.readouterr().out.split()
    assert lines[: len(tw.codec_names())] == list(tw.codec_names())
    assert "protobuf/ndarray:objects" in lines
    assert run("--list", "--codec", "json/raw") == 0
    assert capsys.readouterr().out.split() == [
        "json/raw",
        "json/raw:objects",
        "json/raw:pybase64",
        "memcpy",
    ]


def test_a_checkout_needs_no_install(tmp_path: Path) -> None:
    """Where tensorwire is not installed, the checkout's own is used; without numpy, one line."""
    root = Path(bench.__file__).parents[1]
    code = (
        "import sys\n"
        "sys.path[:] = [p for p in sys.path if not p.endswith('codecs')]\n"
        f"sys.path.insert(0, {str(root)!r})\n"
        "sys.meta_path[:] = [f for f in sys.meta_path if 'editable' not in repr(f).lower()]\n"
        "from bench.codecs.__main__ import main\n"
        "sys.modules.update(dict.fromkeys(sys.argv[1:]))\n"
        "sys.exit(main(['--list', '--codec', 'json/raw']))\n"
    )
    for missing, expected in (([], 0), (["numpy"], 1)):
        done = subprocess.run(
            [sys.executable, "-c", code, *missing],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
        )
        assert done.returncode == expected, done.stderr
        assert len(done.stderr.splitlines()) == expected
