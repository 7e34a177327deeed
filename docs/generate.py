"""Write the pages of the site that the code knows best: routes, metrics, the command lines.

Sphinx calls `write` before it reads the pages; they are kept out of git.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import orjson

ROOT = Path(__file__).parents[1]
COMMANDS = (
    "tensorwire",
    "tensorwire inspect",
    "tensorwire convert",
    "tensorwire make",
    "tensorwire bench",
    "python -m tensorwire.server",
    "python -m bench.codecs",
    "python -m bench.protocols",
    "python -m bench.serving",
    "python -m bench.scaling",
    "python -m bench.compare",
    "python -m bench.report",
)


def write(folder: Path) -> None:
    """Write every page into a folder."""
    from tensorwire.server import EchoServer

    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    folder.mkdir(exist_ok=True)
    with EchoServer() as server:
        address = f"http://127.0.0.1:{server.rest_port}"
        index = orjson.loads(_get(address + "/"))
        metrics = _get(address + "/metrics").decode()
    pages = {
        "routes": _routes(index),
        "metrics": _metrics(metrics),
        "command-line": _command_line(),
    }
    for name, text in pages.items():
        page = folder / f"{name}.md"
        if not page.is_file() or page.read_text("utf-8") != text:  # else Sphinx reads it again
            page.write_text(text, "utf-8")


def _get(url: str) -> bytes:
    with urlopen(url, timeout=30) as reply:  # noqa: S310 - our own server
        body: bytes = reply.read()
        return body


def _routes(index: dict[str, Any]) -> str:
    lines = [
        "# HTTP and gRPC routes",
        "",
        "`GET /` of a server returns this list as JSON, HTML or text, by the `Accept` header.",
        "",
        "## HTTP",
        "",
        "| request | what it does | forms |",
        "| --- | --- | --- |",
    ]
    for each in index["rest"]:
        forms = ", ".join(f"`{name}`" for name in each["protocols"]) or "JSON"
        if each["action"] == "metrics":
            forms = "text"
        action = each["action"].replace("_", " ")
        methods = ", ".join(each["methods"])
        lines.append(f"| {methods} `{each['path']}` | {action} | {forms} |")
    lines += [
        "",
        "`Content-Type` chooses the form of a request, and `Accept` that of the reply; without",
        "`Accept` the reply has the form of the request.",
        "",
        "## gRPC",
        "",
        "| method | form |",
        "| --- | --- |",
        *(f"| `{each['method']}` | `{each['protocol']}` |" for each in index["grpc"]["methods"]),
        "",
        "Beside them: `grpc.health.v1.Health` and `grpc.reflection.v1.ServerReflection`.",
    ]
    return "\n".join(lines) + "\n"


def _metrics(text: str) -> str:
    helps = dict(_described(text, "HELP"))
    lines = [
        "# Metrics",
        "",
        "`GET /metrics` of the built-in server, in Prometheus' text format.",
        "",
        "| name | type | what it counts |",
        "| --- | --- | --- |",
    ]
    for name, kind in _described(text, "TYPE"):
        if not name.endswith("_created"):
            lines.append(f"| `{name}` | {kind} | {helps[name]} |")
    return "\n".join(lines) + "\n"


def _described(text: str, what: str) -> list[tuple[str, str]]:
    """Return the names and texts of the comments of a kind."""
    start = f"# {what} "
    found = [line.removeprefix(start) for line in text.splitlines() if line.startswith(start)]
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in found)]


def _command_line() -> str:
    lines = ["# Command line", "", "What each command prints for `--help`.", ""]
    for command in COMMANDS:
        lines += [f"## {command}", "", "```text", _help(command), "```", ""]
    return "\n".join(lines)


def _help(command: str) -> str:
    words = command.removeprefix("python ").split()
    if words[0] == "tensorwire":
        words = ["-m", *words]
    done = subprocess.run(  # noqa: S603 - our own commands
        [sys.executable, *words, "--help"],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "90", "PYTHONPATH": f"{ROOT}:{ROOT / 'codecs'}"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.rstrip()
