"""The clients in other languages that docs/how-to/clients.md shows reach the server."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.markdown import blocks
from tests.support.report_browser import browser

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest.importorskip("uvicorn")
from tensorwire.server import EchoServer

PAGE = Path(__file__).parents[2] / "docs/how-to/clients.md"


def shown(language: str) -> str:
    """Return the only block of a language."""
    (block,) = [each for each in blocks(PAGE) if each.language == language]
    return block.text


@pytest.fixture
def port() -> Iterator[int]:
    """Serve an echo that a page from elsewhere may call."""
    with EchoServer(grpc_port=None, cors="*") as server:
        assert server.rest_port is not None
        yield server.rest_port


def output(*commands: list[str], folder: Path) -> str:
    """Run compilers and programs by their names in PATH; what the last one printed."""
    for program, *arguments in commands:
        done = subprocess.run(
            [str(shutil.which(program)), *arguments],
            cwd=folder,
            check=True,
            capture_output=True,
            text=True,
        )
    return done.stdout


def addressed(source: str, port: int) -> str:
    """Have a program call the server of the test."""
    assert "127.0.0.1:9000" in source
    return source.replace("127.0.0.1:9000", f"127.0.0.1:{port}")


@pytest.mark.browser
def test_javascript(port: int) -> None:
    """The function gets back the array that it sends, in a real browser."""
    with browser() as started:
        page = started.new_page()
        url = f"http://127.0.0.1:{port}/v2/models/m/infer"
        head, values = page.evaluate(
            f"async (url) => {{ {shown('javascript')}"
            "const [head, array] = await infer(url, new Float32Array([1.5, -2.25, 3]));"
            "return [head, Array.from(array)]; }",
            url,
        )
    assert head["shape"] == [3]
    assert head["datatype"] == "FP32"
    assert values == [1.5, -2.25, 3]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("javac") is None, reason="no Java compiler here")
def test_java(port: int, tmp_path: Path) -> None:
    """The class compiles, and prints the reply of the server."""
    (tmp_path / "Infer.java").write_text(addressed(shown("java"), port), "utf-8")
    printed = output(["javac", "Infer.java"], ["java", "Infer"], folder=tmp_path)
    assert printed.startswith("200 ")
    assert '"data":[1.5,2.5]' in printed


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("go") is None, reason="no Go compiler here")
def test_go(port: int, tmp_path: Path) -> None:
    """The program compiles, and prints the reply of the server."""
    (tmp_path / "main.go").write_text(addressed(shown("go"), port), "utf-8")
    printed = output(["go", "run", "main.go"], folder=tmp_path)
    assert printed.startswith("200 ")
    assert '"data":[1.5,2.5]' in printed
