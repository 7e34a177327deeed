"""Short runs of ``python -m bench.serving``: what is shown and written, never how fast."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

if any(find_spec(name) is None for name in ("grpc", "uvicorn", "flask", "psutil")):
    pytest.skip("needs tensorwire[server,load]", allow_module_level=True)

import numpy as np
import psutil

from bench.process import environment
from bench.serving import models, proxies
from bench.serving.__main__ import main
from bench.serving.bare import has_zero_copy
from bench.serving.cells import KINDS, Cell
from bench.serving.hop import image
from bench.serving.noop import LOCUSTFILE
from bench.serving.records import read
from tensorwire.server import EchoServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow


def show(capsys: pytest.CaptureFixture[str], *argv: str, code: int = 0) -> str:
    """Run in this process, and return what stands on stdout."""
    assert main(list(argv)) == code
    return capsys.readouterr().out


def rows(text: str) -> list[dict[str, str]]:
    """Read ``--csv``."""
    return list(csv.DictReader(io.StringIO(text)))


def descendants() -> set[int]:
    """Return the processes that this one has started and not ended."""
    return {each.pid for each in psutil.Process().children(recursive=True)}


def test_the_matrix_is_measured(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Every cell of both sides, each answer checked; shares, sizes and ratios as CSV and pyperf."""
    before = descendants()
    file = tmp_path / "run.json"
    found = rows(
        show(capsys, "--quick", "--seconds", "1", "--count", "1,1000", "--csv", "-o", str(file))
    )
    assert len(found) == 2 * 2 * 2 * 4 * 2
    for row in found:
        assert int(row["requests"]) >= 1
        assert 0 < float(row["call_p50_s"]) < float(row["p99_s"])
        parts = [float(value) for name, value in row.items() if name.endswith("_share")]
        assert sum(parts) == pytest.approx(1, abs=1e-3)
        assert bool(row["objects_ratio"]) == (row["side"] == "ours")
        if row["method"] == "predict":  # every server tells what it spent
            assert min(float(row[f"{part}_share"]) for part in ("decode", "model", "encode")) > 0
    sizes = {tuple(row.values())[:5]: int(row["bytes_out"]) for row in found}
    # 1,000 doubles, behind 4 + 4 + 6 bytes of tags, lengths and shape.
    assert sizes["gRPC", "predict", "1000", "tensor", "ours"] == 8014
    assert sizes["gRPC", "predict", "1000", "tensor", "objects"] == 8014
    known = {row["known_s"] for row in found if row["transport"] == "REST" and row["kind"] == "raw"}
    assert known == {""}
    written = json.loads(file.read_text())
    assert len(written["benchmarks"]) == len(found)
    names = {each["metadata"]["name"] for each in written["benchmarks"]}
    assert Cell("REST", "predict_raw", 1000, "raw", "objects").name in names
    assert descendants() == before


def test_the_tables_fit_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    """No colour in a pipe, no line too long, and the targets beside the ratios."""
    argv = (
        "--quick",
        "--seconds",
        "0.5",
        "--kind",
        "ndarray",
        "--method",
        "predict",
        "--answer",
        "echo",
    )
    out = show(capsys, *argv)
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= 80
    assert re.search(r"gRPC predict, 100,000\n  ndarray +[\d.]+x .*≥ 40x", out)
    assert "253 ms" in out
    assert "1.10 MB 1.10 MB" in out  # there and back


def test_a_wrong_answer_ends_the_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, exit code 1, no table, and no server is left."""
    before = descendants()
    monkeypatch.setattr(models, "expected", lambda *_: np.array([-1]))
    argv = ("--seconds", "1", "--kind", "tensor", "--count", "1", "--transport", "gRPC")
    assert main([*argv, "--method", "predict"]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert re.fullmatch(r"python -m bench.serving: error: .*: a wrong answer: .*\n", shown.err)
    assert descendants() == before


def test_ctrl_c_ends_every_process(tmp_path: Path) -> None:
    """What was measured is shown, the exit code is 130, and no server is left."""
    command = [sys.executable, "-m", "bench.serving", "--seconds", "3600", "--kind", "tensor"]
    with (tmp_path / "out").open("w+") as out:
        run = subprocess.Popen(
            [*command, "--count", "1"], stdout=out, stderr=out, env=environment()
        )
        try:
            children: list[Any] = []
            while len(children) < 6 and run.poll() is None:
                time.sleep(0.1)
                children = psutil.Process(run.pid).children(recursive=True)
            time.sleep(1.5)  # well into the measurement, or not yet: the same is true of both
            run.send_signal(signal.SIGINT)
            code = run.wait()
        finally:
            run.kill()
            run.wait()
        out.seek(0)
        text = out.read()
    assert code == 130
    assert "nterrupted" in text
    assert len(children) >= 6
    assert not [child for child in children if child.is_running()]


def test_throughput_counts_both_sides(capsys: pytest.CaptureFixture[str]) -> None:
    """Our own client, over both transports: answers, none failed, and the gain in the table."""
    argv = ("throughput", "--tool", "python", "--clients", "4", "--kind", "tensor", "--count", "1")
    found = rows(show(capsys, *argv, "--method", "predict", "--seconds", "1", "--csv"))
    assert [(row["transport"], row["side"]) for row in found] == [
        (transport, side) for transport in ("REST", "gRPC") for side in ("ours", "objects")
    ]
    for row in found:
        assert (row["tool"], row["clients"], row["failed"]) == ("python", "4", "0")
        assert int(row["answered"]) > 0
        assert 0 < float(row["p50_s"]) <= float(row["p99_s"])


def test_clients_are_swept(capsys: pytest.CaptureFixture[str]) -> None:
    """A column for each number of clients, with the tool that is there."""
    argv = ("concurrent", "--clients", "3", "--kind", "raw", "--count", "1", "--side", "ours")
    out = show(capsys, *argv, "--transport", "REST", "--seconds", "1")
    assert re.search(r"Requests/s by clients\n +1 +3\nREST predict, 1\n  raw( +[\d.]+){2}\n", out)


def test_a_hop_is_in_the_way(capsys: pytest.CaptureFixture[str]) -> None:
    """All protocols and kinds, with no hop, nginx if it is there, and ours: right answers."""
    found = rows(show(capsys, "hop", "--quick", "--seconds", "0.5", "--csv"))
    hops = ["no hop", *["nginx"] * (proxies.program() is not None), "pass", "route", "recode"]
    kinds = [("tfserving", ""), *(("seldon", kind) for kind in KINDS)]
    assert [(row["transport"], row["protocol"], row["kind"], row["hop"]) for row in found] == [
        (transport, *kind, hop) for transport in ("REST", "gRPC") for kind in kinds for hop in hops
    ]
    assert {row["extra_s"] for row in found if row["hop"] == "no hop"} == {"0"}
    size = {(row["transport"], row["kind"]): int(row["bytes"]) for row in found}
    assert image().nbytes == 224 * 224 * 3
    assert 0 < size["gRPC", "raw"] - image().nbytes < 10
    assert 0 < size["gRPC", "tensor"] - 8 * image().nbytes < 40


def test_small_requests_beside_a_bare_echo(capsys: pytest.CaptureFixture[str]) -> None:
    """Each server has its row for each request; the ratio of the bare ones is one."""
    found = rows(show(capsys, "floor", "--quick", "--kind", "raw", "--seconds", "1", "--csv"))
    servers = {
        "REST": ["bare", "bare, in a thread", "ours", "ours, a model"],
        "gRPC": ["bare", "ours", "ours, a model", *["bare, zero copy"] * has_zero_copy()],
    }
    forms = {"REST": ["json/raw", "oip/json"], "gRPC": ["protobuf/raw", "oip/protobuf"]}
    assert [(row["transport"], row["form"], row["server"]) for row in found] == [
        (transport, form, server)
        for transport in servers
        for form in forms[transport]
        for server in servers[transport]
    ]
    for row in found:
        assert float(row["requests_per_s"]) > 0
        assert 0 < float(row["low"]) <= float(row["ratio"]) <= float(row["high"])
        assert (row["low"] == row["high"] == "1") == (row["server"] == "bare")


@pytest.mark.parametrize("what", ["servers", "models"])
def test_servers_and_models_are_started(
    what: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Each answers, later than it is ready, and takes memory; the file says the same."""
    argv = ("load", "--workers", "2", "--side", "ours", "--what", what)
    file = tmp_path / "run.json"
    found = rows(show(capsys, *argv, "--csv", "-o", str(file)))
    written = read(str(file))
    assert (written.mode, written.what) == ("load", what)
    assert [str(one.memory) for one in written.starts] == [row["memory_bytes"] for row in found]
    assert [row["number"] for row in found] == ["1", "2"]
    for row in found:
        assert 0 < float(row["ready_s"]) < float(row["answers_s"])
        assert int(row["memory_bytes"]) > 0


def test_no_request_is_lost_while_workers_come_and_go(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """One worker to two and back, under load over both transports; the file counts the same."""
    file = tmp_path / "run.json"
    argv = ("scale", "--quick", "--workers", "2", "--seconds", "1", "--csv", "-o", str(file))
    found = rows(show(capsys, *argv))
    phases = read(str(file)).phases
    assert [str(phase.workers) for phase in phases] == [row["workers"] for row in found]
    for phase, row in zip(phases, found, strict=True):
        rate = sum(count for count, _ in phase.bins) / phase.seconds
        assert rate == pytest.approx(float(row["requests_per_s"]), rel=1e-4)
    assert [row["workers"] for row in found] == ["1", "1", "2", "2", "1", "1"]
    assert {row["lost"] for row in found} == {"0"}
    assert all(float(row["requests_per_s"]) > 0 for row in found)


def test_noop_prints_commands_that_work(tmp_path: Path) -> None:
    """Payloads are written, curl's command gets its echo, and Ctrl-C ends it with code 0."""
    command = [sys.executable, "-m", "bench.serving", "noop", "--folder", str(tmp_path)]
    run = subprocess.Popen(
        [*command, "--count", "3", "--kind", "tensor"],
        stdout=subprocess.PIPE,
        env={**environment(), "COLUMNS": "200"},
        text=True,
    )
    try:
        assert run.stdout is not None
        text = ""
        for line in run.stdout:
            text += line
            if "until" in line:
                break
        for tool in ("curl", "wrk", "hey", "h2load", "ghz", "vegeta", "locust"):
            assert f"\n  {tool} " in text
        assert json.loads((tmp_path / "3" / "json-tensor.json").read_bytes()) == {
            "data": {"tensor": {"shape": [1, 3], "values": [1, 2, 3]}}
        }
        curl = re.search(r"  (curl [^\n]*json-tensor.json(?: \\\n +)? \S+)\n", text)
        assert curl
        told = subprocess.run(["sh", "-c", curl[1]], capture_output=True, check=False)  # noqa: S607
        if told.returncode != 127:  # there is a curl
            assert json.loads(told.stdout)["data"]["tensor"]["values"] == [1, 2, 3]
        run.send_signal(signal.SIGINT)
        assert run.wait() == 0
    finally:
        run.kill()
        run.wait()
        if run.stdout is not None:
            run.stdout.close()


@pytest.fixture(scope="module")
def echo() -> Iterator[EchoServer]:
    """Start a server for Locust."""
    with EchoServer() as server:
        yield server


def locust(echo: EchoServer, *more: str) -> subprocess.Popen[str]:
    """Start Locust headless, with users of both transports."""
    command = [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--headless"]
    command += ["-H", f"http://127.0.0.1:{echo.rest_port}"]
    command += ["--grpc-host", f"127.0.0.1:{echo.grpc_port}", "--kind", "tftensor", "--count", "10"]
    return subprocess.Popen(
        [*command, *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**environment(), "PYTHONWARNINGS": "ignore"},
        text=True,
    )


def statistics(folder: Path) -> dict[str, tuple[int, int]]:
    """Read Locust's CSV: requests and failures of each type."""
    with (folder / "run_stats.csv").open() as file:
        return {
            row["Type"]: (int(row["Request Count"]), int(row["Failure Count"]))
            for row in csv.DictReader(file)
            if row["Type"]
        }


@pytest.mark.skipif(find_spec("locust") is None, reason="needs locust")
@pytest.mark.parametrize("workers", [0, 2])
def test_locust_runs_headless(workers: int, echo: EchoServer, tmp_path: Path) -> None:
    """Alone, and as a master with two workers: both kinds of users are answered, none fails."""
    seconds, found = 2, dict[str, tuple[int, int]]()
    while found.keys() != {"POST", "gRPC"}:  # on a busy machine, nobody may have been answered
        found = run_locust(echo, tmp_path, workers, seconds)
        assert not any(failures for _, failures in found.values())
        seconds *= 2
    assert all(count > 0 for count, _ in found.values())


def run_locust(
    echo: EchoServer, folder: Path, workers: int, seconds: int
) -> dict[str, tuple[int, int]]:
    """Run Locust for some seconds; requests and failures by type."""
    load = ["-u", "4", "-r", "4", "-t", f"{seconds}s", "--csv", str(folder / "run")]
    started = []
    try:
        if workers:
            (port,) = proxies.free_ports(1)
            load += ["--master", "--expect-workers", f"{workers}"]
            load += ["--master-bind-host", "127.0.0.1", "--master-bind-port", f"{port}"]
            worker = ["--worker", "--master-host", "127.0.0.1", "--master-port", f"{port}"]
            started = [locust(echo, *worker) for _ in range(workers)]
        master = locust(echo, *load)
        started.append(master)
        text = master.communicate()[0]
        assert master.returncode == 0, text
        return statistics(folder)
    finally:
        for process in started:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


def test_the_environment_finds_the_library() -> None:
    """Servers find bench and tensorwire however this process did."""
    script = "import bench.serving, tensorwire"
    done = subprocess.run([sys.executable, "-c", script], env=environment(), cwd="/", check=False)
    assert done.returncode == 0
    assert os.pathsep in environment()["PYTHONPATH"]
