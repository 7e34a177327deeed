"""Arguments, exit codes, and errors of one line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import orjson
import pytest

import tensorwire as tw
from tests.support.command_line import (
    BODY,
    RAGGED,
    Capture,
    one_line,
    ran,
    run,
    start,
)


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["frob"], "tensorwire: argument COMMAND: invalid choice: 'frob'"),
        (["convert", "a"], "tensorwire convert: the following arguments are required: OUT, --to"),
        (["convert", "a", "b", "--to", "x", "--max-rank", "-1"], "expected a whole number"),
        (["inspect", "--fir", "3"], "unrecognized arguments: --fir"),
        (["make", "f", "--shape", "2,y"], "expected dimensions such as 100,10, got '2,y'"),
        (
            ["make", "f", "--shape", "999999999,999999999"],
            "--shape: expected at most 64 sizes and 2**40 elements, got 999999999,999999999",
        ),
        (
            ["make", "f", "--dtype", "object"],
            "--dtype: expected a dtype, got 'object'; known: str, bytes, float32",
        ),
        (
            ["make", "f", "--dtype", "float65"],
            "--dtype: expected a dtype, got 'float65' (did you mean 'float64'?)",
        ),
        (["make", "f", "--values", "gamma"], "or a value, got 'gamma'"),
        (
            ["make", "f", "--values", "300", "--dtype", "uint8"],
            "a value that uint8 represents, got 300",
        ),
        (
            ["make", "f", "--values", "1e39", "--dtype", "float32"],
            "a value that float32 represents, got 1e39",
        ),
        (["make", "f", "--values", "1j"], "a value that float64 represents, got 1j"),
        (["make", "f", "--npy", "a.npy", "--seed", "1"], "leave out --seed"),
        (["make", "f", "--url", "ftp://h"], "--url: expected an address such as http://"),
        (["make", "f", "--url", "http://a b"], "--url: expected an address"),
        (["make", "f", "--url", "http://h:99999"], "--url: expected an address"),
        (["make", "f", "--grpc", "h:x"], "--grpc: expected an address"),
        (
            ["make", "f", "--codec", "json/x"],
            "got 'json/x' (did you mean 'json/raw'?); tensorwire --formats lists ",
        ),
    ],
)
def test_wrong_usage_is_one_line_and_2(
    argv: list[str], says: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, one line on stderr that says what to change, and nothing written."""
    assert run(*argv) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert says in one_line(shown.err)
    assert not list(folder.iterdir())


@pytest.mark.parametrize("command", ["", "inspect", "convert", "make"])
def test_help_is_for_80_columns(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Help goes to stdout, with exit code 0, and fits."""
    monkeypatch.setenv("COLUMNS", "80")
    assert run(*([command] if command else []), "--help") == 0
    shown = capsys.readouterr().out
    assert shown.startswith("usage: tensorwire")
    assert max(map(len, shown.splitlines())) <= 80
    assert "\x1b" not in shown


def test_no_command_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    """A bare name is wrong usage, and the help is what is wanted next."""
    assert run() == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("usage: tensorwire ")
    assert "  convert  " in shown.err


@pytest.mark.parametrize(
    "argv",
    [
        ["inspect", "bad.npy"],
        ["convert", "bad.npy", "out", "--to", "json/raw"],
        ["make", "load", "--npy", "bad.npy"],
    ],
)
def test_a_broken_file_is_named(
    argv: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A loop over files needs to know which one it was."""
    (folder / "bad.npy").write_bytes(b"\x93NUMPY")
    assert run(*argv) == 1
    line = one_line(capsys.readouterr().err)
    assert line.startswith("tensorwire: bad.npy: expected a .npy file of version ")


def test_version_and_formats(capsys: pytest.CaptureFixture[str]) -> None:
    """--version names the version, --formats every name that the options take, a line each."""
    assert run("--version") == 0
    assert capsys.readouterr().out == f"tensorwire {tw.__version__}\n"
    assert run("--formats") == 0
    names = capsys.readouterr().out.split()
    assert {"json/ndarray", "protobuf/raw", "seldon/json", "oip/binary"} < set(names)


def test_limits(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The limits hold for inspect and for convert."""
    (folder / "r").write_bytes(BODY)
    for flags in (["--max-elements", "3"], ["--max-bytes", "31"], ["--max-rank", "1"]):
        assert run("inspect", "r", *flags) == 1
        line = one_line(capsys.readouterr().err)
        assert "at most " in line
        assert flags[0] in line or flags[0] == "--max-rank"
        assert run("convert", "r", "o", "--to", "protobuf/tensor", *flags) == 1
        assert "at most " in one_line(capsys.readouterr().err)
    assert run("inspect", "r", "--max-elements", "4", "--max-rank", "2") == 0
    assert [path.name for path in folder.iterdir()] == ["r"]


@pytest.mark.slow
def test_python_m_tensorwire(folder: Path) -> None:
    """It runs as a module, exits with main's code, and shows no traceback."""
    (folder / "in").write_bytes(BODY)
    done = start("inspect", "in")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"in: seldon/json, SeldonMessage, 83 bytes\n")
    done = start("convert", "-", "-", "--to", "protobuf/tensor", input=RAGGED)
    assert (done.returncode, done.stdout) == (1, b"")
    reason = b"standard input: expected a row of 2 items, got a row of 1"
    assert done.stderr == b"tensorwire: " + reason + b" - at $.data.ndarray[1]\n"
    assert start().returncode == 2


def test_the_library_does_not_load_the_command_line() -> None:
    """`import tensorwire` brings neither the command line nor argparse."""
    code = (
        "import sys, tensorwire; print([m for m in sys.modules if '.cli' in m or m == 'argparse'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout == b"[]\n"


def test_an_encoding_without_the_characters(folder: Path) -> None:
    """What the terminal cannot show is escaped."""
    (folder / "in").write_bytes('{"data":{"names":["\u00e9"],"ndarray":[["\u2713"]]}}'.encode())
    done = start("inspect", "in", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"names  \\xe9\n" in done.stdout
    assert b'"\\u2713"' in done.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_standard_output_that_is_full(folder: Path) -> None:
    """One line, exit code 1, and no complaint at exit."""
    (folder / "in").write_bytes(BODY)
    command = [sys.executable, "-m", "tensorwire", "convert", "in", "-", "--to", "protobuf/raw"]
    command[-1] = "protobuf/tensor"
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1
    assert done.stderr == b"tensorwire: standard output: No space left on device\n"


def test_a_reader_that_has_gone(folder: Path) -> None:
    """As `| head` does: nothing is said, and the exit code is that of SIGPIPE."""
    big = orjson.dumps({"data": {"ndarray": np.zeros(100_000).tolist()}})
    (folder / "in").write_bytes(big)
    command = [sys.executable, "-m", "tensorwire", "convert", "in", "-", "--to", "json/tensor"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        assert child.stderr.read() == b""
        assert child.wait() == 141


@pytest.mark.skipif(os.name != "posix", reason="needs named pipes and signals")
def test_an_interrupt_is_quiet(folder: Path) -> None:
    """Ctrl-C while it waits for input: nothing is said, nothing written, exit code 130."""
    os.mkfifo(folder / "in")
    command = [sys.executable, "-m", "tensorwire", "convert", "in", "out", "--to", "json/raw"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        with (folder / "in").open("wb"):  # returns when the child has opened its end
            child.send_signal(signal.SIGINT)
            out, err = child.communicate()
        assert (out, err, child.returncode) == (b"", b"", 130)
    assert not (folder / "out").exists()


def test_missing_is_an_option(tmp_path: Path, capsys: Capture) -> None:
    """Convert and inspect take --missing, and name it where null is refused."""
    file = tmp_path / "a.json"
    file.write_text('{"data":{"ndarray":[[null,1.5]]}}')
    code, out, _ = ran(
        capsys, "convert", str(file), "-", "--to", "json/ndarray", "--missing", "null"
    )
    assert (code, out) == (0, '{"data":{"ndarray":[[null,1.5]]}}')
    code, _, err = ran(
        capsys, "convert", str(file), "-", "--to", "json/ndarray", "--missing", "nan"
    )
    assert code == 1
    assert "; --missing null reads it as NaN" in err or "--missing" in err
    code, out, _ = ran(capsys, "inspect", str(file), "--missing", "any", "--json")
    assert json.loads(out)["tensors"][0]["first"] == ["NaN", 1.5]
    code, _, err = ran(capsys, "inspect", str(file), "--missing", "error")
    assert code == 1
    for command in ("inspect", "convert"):
        code, _, err = ran(capsys, command, str(file), "-", "--to", "npy/array", "--missing", "nul")
        assert code == 2
        assert len(err.splitlines()) == 1


@pytest.mark.parametrize("name", ["json/tensr", "oip/jsn", "seldon/protbuf", "npy/aray"])
def test_the_nearest_name_is_suggested(name: str, tmp_path: Path, capsys: Capture) -> None:
    """A name that is not known gets the one that was meant, in one line, as a usage error."""
    file = tmp_path / "a.json"
    file.write_text('{"strData":"a"}')
    near = {"tensr": "tensor", "jsn": "json", "protbuf": "protobuf", "aray": "array"}
    first, _, second = name.partition("/")
    for command in (
        ("inspect", str(file), "--as", name),
        ("convert", str(file), "-", "--to", name),
        ("convert", str(file), "-", "--from", name, "--to", "seldon/json"),
        ("make", str(tmp_path / "folder"), "--codec", name),
    ):
        code, _, err = ran(capsys, *command)
        assert code == 2, command
        assert f"did you mean '{first}/{near[second]}'" in err
        assert len(err.splitlines()) == 1


def test_a_missing_package_is_one_line(tmp_path: Path) -> None:
    """Arrow's messages need pyarrow: its absence is told with the extra to install."""
    file = tmp_path / "a.bin"
    file.write_bytes(b"\xff\xff\xff\xff" + bytes(60))
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from tensorwire.cli.main import main\n"
        "sys.exit(main(sys.argv[1:]))"
    )
    for command in (("inspect", str(file)), ("convert", str(file), "-", "--to", "npy/array")):
        done = subprocess.run(
            [sys.executable, "-c", code, *command],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode in (1, 2)
        (line,) = done.stderr.splitlines()
        assert "pip install 'tensorwire[arrow]'" in line
