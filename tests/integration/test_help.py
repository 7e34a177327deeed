"""The help of every command: its width, its labels, and its examples, which are run."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import tensorwire as tw
from bench.engines import run as engines_run
from bench.engines import scenario
from bench.engines.scenario import scenarios
from bench.measure import flamegraph
from tests.support.commands import exit_code
from tests.support.engine_runs import cells

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CODECS = {"--seconds": "0.3", "-p": "1", "--codec": "protobuf/tensor", "--batch": "2"}
# What makes an example quick, unless it has such an option of its own.
BRIEF: dict[str, dict[str, str]] = {
    "tensorwire bench": CODECS,
    "tensorwire convert": {"--to": "oip/json"},
    "bench.codecs": CODECS,
    "bench.compare": {"--codec": "protobuf/raw"},
    "bench.protocols": {"--seconds": "0.3", "-p": "1", "--protocol": "oip/binary"},
    "bench.serving": {
        "--seconds": "0.5",
        "--transport": "REST",
        "--kind": "raw",
        "--count": "1",
        "--method": "predict",
        "--side": "ours",
        "--clients": "2",
        "--workers": "2",
    },
    "interop": {"--only": "msgpack-numpy", "--keep": "peers"},
    "tests.differential": {"--checks": "5"},
}
ALWAYS = {"--seconds", "-p", "--clients"}
"""Options of which the last one counts, and that only say how much is measured."""
RIGOROUS = {"-n": "1", "-l": "1", "-w": "0", "--op": "encode", "--min-time": "0.001"}
PROGRAMS = {
    "tensorwire": (),
    "tensorwire inspect": ("request.json",),
    "tensorwire convert": ("request.json", "out.bin"),
    "tensorwire make": ("load",),
    "python -m tensorwire.server": (),
    "python -m bench.codecs": (),
    "python -m bench.protocols": (),
    "python -m bench.serving": (),
    "python -m bench.engines": (),
    "python -m bench.scaling": (),
    "python -m bench.compare": ("old.json", "new.json"),
    "python -m bench.compare.record": ("new.json",),
    "python -m bench.report": ("run.json",),
    "python -m interop": (),
    "python -m tests.differential": (),
}
"""Each command, and the arguments that it needs beside an option."""
SERVER = "python -m tensorwire.server"
ROOT = Path(__file__).parents[2]


def run(words: Sequence[str]) -> int:
    """Run a command in this process; return its exit code."""
    if words[0] == "tensorwire":
        return exit_code(import_module("tensorwire.cli.main").main, *words[1:])
    name = words[2]
    try:
        module = import_module(f"{name}.__main__")
    except ModuleNotFoundError:
        module = import_module(name)
    return exit_code(module.main, *words[3:])


def help_of(program: str, columns: int, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the help of a command in a terminal of some width."""
    import io
    from contextlib import redirect_stdout

    monkeypatch.setenv("COLUMNS", str(columns))
    with redirect_stdout(io.StringIO()) as shown:
        assert run([*program.split(), "--help"]) == 0
    return shown.getvalue()


def option_lines(program: str) -> Iterator[str]:
    """Yield each argument of a command with its text, on one line."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        text = help_of(program, 1000, monkeypatch)
    joined = re.sub(r"\n {3,}(?=\S)", "  ", text)
    yield from (line for line in joined.splitlines() if re.match(r"  (-|[A-Z])", line))


def examples() -> Iterator[tuple[str, str]]:
    """Yield the command and each example in its help, as a user would type it."""
    for program, needed in PROGRAMS.items():
        for line in option_lines(program):
            for example in re.findall(r"e\.g\. (.+?)(?= \(default|;|$)", line):
                # An option comes behind what the command needs; a value in the place of it.
                before = shlex.join(needed) if example.startswith("-") else ""
                yield program, " ".join(filter(None, (program, before, example)))
        with pytest.MonkeyPatch.context() as monkeypatch:
            text = help_of(program, 1000, monkeypatch).partition("examples:\n")[2]
        for line in text.partition("\n\n")[0].splitlines():
            yield program, re.split(r"(?<=\S)  +", line.strip())[0]


EXAMPLES = list(dict.fromkeys(examples()))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the files that examples name."""
    folder = tmp_path_factory.mktemp("files")
    np.save(folder / "mine.npy", np.linspace(0, 1, 20).reshape(2, 10))
    (folder / "recorded").mkdir()
    (folder / "recorded" / "1.json").write_text('{"data":{"ndarray":[[1.5,2.5]]}}')
    (folder / "t.csv").write_text("price,size\n1.5,2\n2.5,3\n")
    (folder / "model.py").write_text(
        "class Model:\n    def predict(self, X, names):\n        pass\n"
    )
    request = {"data": {"ndarray": [[1.5, 2.5]]}}
    (folder / "request.json").write_text(str(request).replace("'", '"'))
    reply = tw.oip.InferResponse([tw.oip.InferTensor("x", np.ones(3))], "iris")
    (folder / "reply.bin").write_bytes(tw.get_protocol("oip/protobuf").encode(reply)[0])
    shutil.copy(ROOT / "docs" / "scaling.json", folder)
    (folder / "runs").mkdir()
    chosen = ["--codec", "json/ndarray,*/raw", "--batch", "2,1000", "--seconds", "1", "-p", "1"]
    argv = ["python", "-m", "bench.codecs", *chosen, "-o", str(folder / "new.json")]
    assert run([*argv, "--memory", "-q"]) == 0
    for name in ("old.json", "run.json", "runs/1.json", "runs/2.json"):
        shutil.copy(folder / "new.json", folder / name)
    return folder


@pytest.fixture
def folder(files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of that folder, in which the test runs."""
    made = tmp_path / "work"
    shutil.copytree(files, made)
    monkeypatch.chdir(made)
    monkeypatch.syspath_prepend(made)
    return made


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every scenario of ``bench.engines`` yield a planted cell: no engine is started."""
    planted = [replace(each, measure=lambda _: iter(cells("E", "c", 2.0))) for each in scenarios()]
    monkeypatch.setattr(scenario, "scenarios", lambda: planted)
    monkeypatch.setattr(engines_run, "environment", lambda *_: sys.executable)


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("program", PROGRAMS)
def test_help_fits_the_terminal(
    program: str, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No line is wider, and a wider terminal has no more lines than a narrow one."""
    lines = help_of(program, columns, monkeypatch).splitlines()
    assert [line for line in lines if len(line) > columns] == []
    assert len(lines) >= len(help_of(program, 1000, monkeypatch).splitlines())


@pytest.mark.parametrize("program", PROGRAMS)
def test_each_option_that_takes_a_value_has_an_example(program: str) -> None:
    """Whatever a user has to write, an example shows how; choices are shown already."""
    shown = {word for where, example in EXAMPLES if where == program for word in example.split()}
    taking = [line for line in option_lines(program) if re.match(r"  (-\S+, )?-\S+ [A-Z]", line)]
    assert [line for line in taking if shown.isdisjoint(line.replace(",", " ").split())] == []


@pytest.mark.slow
@pytest.mark.usefixtures("engines")
@pytest.mark.parametrize(
    ("program", "example"),
    [
        pytest.param(*each, id=each[1], marks=[pytest.mark.network] * ("interop" in each[1]))
        for each in EXAMPLES
    ],
)
def test_an_example_runs(
    program: str, example: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What help shows can be typed as it is; here with less to measure."""
    if program == SERVER or " noop " in example:
        assert served(example, folder) in (0, 130)
        return
    if "|" in example or "$" in example:
        line = example.replace("python", shlex.quote(sys.executable))
        line = re.sub(
            r"\btensorwire (?=\w+ )", f"{shlex.quote(sys.executable)} -m tensorwire ", line
        )
        brief = shlex.join(extra(shlex.split(example)))
        command = ["sh", "-c", f"{line} {brief}"]
        assert subprocess.run(command, check=False, env=in_the_clone()).returncode == 0
        return
    words = shlex.split(example)
    if "--profile" in words and flamegraph.find() is None:
        pytest.skip("py-spy is not installed")
    if "-o" in words:
        Path(words[words.index("-o") + 1]).unlink(missing_ok=True)
    code = run([*words, *extra(words)])
    if code and re.search("No matching distribution|No such index", capsys.readouterr().err):
        pytest.skip("no package index here")
    # Of two runs of one process each nobody can tell: 3. Equal code beside other work may be any.
    assert code in ((0, 1, 3) if "--against" in words else (3 * ("--fail-over" in words),))


def in_the_clone() -> dict[str, str]:
    """Return an environment in which `bench` is found from any folder, as it is in the clone."""
    path = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, path))}


def extra(words: Sequence[str]) -> list[str]:
    """Return the options that make an example quick."""
    brief = dict(BRIEF.get(words[2] if words[0] == "python" else " ".join(words[:2]), {}))
    brief |= RIGOROUS if "--rigorous" in words else {}
    if "--targets" in words or "recorded" in words:
        brief.pop("--batch", None)
    if "--rigorous" in words:
        brief.pop("--seconds", None)
    if words[:3] == ["python", "-m", "bench.report"] and "--png" not in words:
        brief["--html"] = "page.html"
    return [
        part
        for name, text in brief.items()
        if name in ALWAYS or name not in words
        for part in (name, text)
    ]


def served(example: str, folder: Path) -> int:
    """Start a server on free ports, and end it once it listens; return its exit code."""
    words = [sys.executable, *shlex.split(example)[1:]]
    for option in ("--rest-port", "--grpc-port") if " noop " not in example else ():
        words += [] if option in words else [option, "0"]
    with subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, env=in_the_clone()) as server:
        assert server.stdout is not None
        assert any(re.search(b"^listening: |Ctrl-C", line) for line in server.stdout)
        server.send_signal(signal.SIGINT)
        return server.wait()
