"""Engines as processes: what they find, when they are ready, and that nothing is left of them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.engines.servers import KEEPER, Servers
from bench.process import WorkerError

SERVER = """
import os, sys, subprocess
from http.server import BaseHTTPRequestHandler, HTTPServer
import tensorwire
children = [subprocess.Popen(["sleep", "300"], start_new_session=own) for own in (True, False)]
pids = [os.getpid(), *(each.pid for each in children)]
open(sys.argv[2], "w").write(" ".join(map(str, pids)))
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = "\\n".join(sys.path).encode()
        self.send_response(404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *given):
        pass
HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def runs(pid: int) -> bool:
    """Whether a process is there, and no zombie."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def ended(pids: list[int]) -> bool:
    """Wait until all have ended; False if they do not."""
    until = time.monotonic() + 20
    while any(map(runs, pids)) and time.monotonic() < until:
        time.sleep(0.05)
    return not any(map(runs, pids))


def servers(folder: Path, limit: float = 60.0) -> Servers:
    """Return what starts this Python."""
    return Servers({"it": sys.executable}, folder, limit)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_nothing_is_left_of_an_engine(tmp_path: Path) -> None:
    """It finds tensorwire, is ready when it answers, and ends with its children of any session."""
    script, told = tmp_path / "server.py", tmp_path / "pids"
    script.write_text(SERVER)
    with servers(tmp_path) as started:
        server = started.start("it", [str(script), "{port}", str(told)])
        server.check()
        assert server.url("/x") == f"http://127.0.0.1:{server.port}/x"
        pids = [int(each) for each in told.read_text().split()]
        assert all(map(runs, pids))
    assert ended(pids)


@pytest.mark.slow
def test_an_engine_that_ends(tmp_path: Path) -> None:
    """The last line of its errors is the reason, at its start and later."""
    with servers(tmp_path) as started, pytest.raises(WorkerError, match="does not start: no luck"):
        started.start("it", ["-c", "import sys; sys.exit('no luck')"])


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_whoever_started_it_is_gone(tmp_path: Path) -> None:
    """Where stdin ends, the keeper ends the command, and what does not heed SIGTERM is killed."""
    told = tmp_path / "pid"
    stubborn = (
        "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        f"open({str(told)!r}, 'w').write(str(os.getpid())); time.sleep(300)"
    )
    command = [sys.executable, str(KEEPER), sys.executable, "-c", stubborn]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as keeper:
        while not (told.exists() and told.read_text()):
            time.sleep(0.05)
        pid = int(told.read_text())
        assert runs(pid)
        assert keeper.stdin is not None
        keeper.stdin.close()
        keeper.wait(30)
    assert ended([pid])


@pytest.mark.slow
def test_the_limit(tmp_path: Path) -> None:
    """Past it every engine is killed, so that whatever waits for one fails."""
    with servers(tmp_path, 0.5) as started, pytest.raises(WorkerError, match="does not start"):
        started.start("it", ["-c", "import time; time.sleep(300)"])


def test_variables_of_an_engine(tmp_path: Path) -> None:
    """Its path has tensorwire and the applications, and nothing of this environment."""
    found = servers(tmp_path).variables(MORE="1")
    library, apps = map(Path, found["PYTHONPATH"].split(os.pathsep))
    assert [each.name for each in library.iterdir()] == ["tensorwire"]
    assert (library / "tensorwire" / "serving").is_dir()
    assert (apps / "web_flask.py").is_file()
    assert found["MORE"] == "1"
