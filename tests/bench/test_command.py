"""Commands by name, and the names by which they name themselves and one another."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest

import bench
from bench.__main__ import main
from bench.command import COMMANDS, called_by, command
from tests.support.commands import exit_code

BENCH = Path(bench.__file__).parent


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_is_a_module_with_a_main(name: str) -> None:
    """What is typed in a clone runs the module that ``python -m bench NAME`` runs."""
    module = import_module(f"bench.{COMMANDS[name]}")
    assert callable(module.main)
    assert command(name) == f"python -m {module.__name__.removesuffix('.__main__')}"


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_called_as_its_user_did(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Usage, errors and examples are those of ``python -m bench``, and of no other way."""
    assert exit_code(main, name, "--help") == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert shown.startswith(f"usage: python -m bench {name} ".replace(" codecs ", " "))
    assert not re.search(r"bench\.\w", shown)
    assert exit_code(main, name, "--bogus") == 2
    assert capsys.readouterr().err.startswith(f"python -m bench {name}: ".replace(" codecs:", ":"))


def test_the_first_command_needs_no_name(capsys: pytest.CaptureFixture[str]) -> None:
    """What is no command is an argument of the first one, and its errors name the caller."""
    assert exit_code(main, "nowhere.npy") == 2
    assert capsys.readouterr().err == (
        "python -m bench: error: nowhere.npy: No such file or directory\n"
    )


def test_what_needs_a_clone_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """The real libraries are tried from a clone alone: one line that says how."""
    assert exit_code(main, "interop") == 2
    assert capsys.readouterr().err.endswith("got interop; run python -m interop in a clone\n")


def test_other_programs_keep_their_names() -> None:
    """A name that is none of ours is what is typed already; the caller is forgotten again."""
    with called_by("tensorwire bench"):
        assert command("python -m interop") == "python -m interop"
        assert [command(), command("report")] == ["tensorwire bench", "tensorwire bench report"]
    assert command() == "python -m bench.codecs"


def test_no_text_has_a_name_that_only_a_clone_knows() -> None:
    """Outside docstrings commands are named by `command`, which knows the wheel too."""
    found = []
    for path in sorted(BENCH.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        texts = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        found += [
            f"{path.relative_to(BENCH)}:{node.lineno}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and id(node) not in texts
            if re.search(r"-m bench\b", str(node.value))
        ]
    assert found == []
