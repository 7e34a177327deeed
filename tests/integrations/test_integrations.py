"""The package of the adapters: it imports no engine, and names the extra of one that is missing."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tensorwire as tw
from tests.support import engines

FOLDER = Path(tw.__file__).parent / "integrations"
MODULES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")
PROJECT = (engines.ROOT / "pyproject.toml").read_text(encoding="utf-8")
# Imports modules one after the other, in a process in which no engine is installed.
IMPORTING = """
import importlib, json, sys
from importlib.machinery import PathFinder

find, ours = PathFinder.find_spec, {ours}

def find_spec(name, path=None, target=None):
    return find(name, path, target) if name.partition(".")[0] in ours else None

import tensorwire.serving
PathFinder.find_spec = find_spec
found = {{}}
for name in {modules}:
    try:
        importlib.import_module("tensorwire.integrations." + name)
    except ModuleNotFoundError as error:
        found[name] = str(error)
print(json.dumps(found))
"""


def run(code: str) -> str:
    """Run code in a process of its own."""
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env=engines.variables()
    )
    return done.stdout


def test_no_engine_is_imported() -> None:
    """Neither the package nor the library brings one."""
    code = "import sys, tensorwire.integrations; print(*sys.modules)"
    assert not set(run(code).split()) & {*MODULES, "fastapi", "bentoml", "grpc"}


def test_a_missing_engine_is_one_line() -> None:
    """It names the package, and an extra that there is."""
    ours = {"tensorwire", *sys.stdlib_module_names, "numpy", "orjson", "google", "msgpack"}
    ours |= {"ml_dtypes", "pybase64", "simdjson", "csimdjson"}
    found = json.loads(run(IMPORTING.format(ours=ours, modules=MODULES)))
    for name, line in found.items():
        match = re.fullmatch(
            rf"tensorwire\.integrations\.{name} needs \w+: "
            r"pip install (?:-e '\.|'tensorwire)\[([\w,-]+)\]'",
            line,
        )
        assert match, line
        assert f"\n{match[1]} = [" in PROJECT


def test_the_list_is_complete() -> None:
    """The docstring of the package, and the index of the pages, name every module."""
    listed = re.findall(r"^    (\w+) ", (FOLDER / "__init__.py").read_text("utf-8"), re.MULTILINE)
    assert sorted(listed) == MODULES
    index = (engines.PAGES / "index.md").read_text("utf-8")
    for name in MODULES:
        assert f"`{name}`" in index, name


def test_every_page_has_its_files() -> None:
    """Each page but the index is linked from there, and shows a file that a test runs."""
    index = (engines.PAGES / "index.md").read_text("utf-8")
    for page in engines.PAGES.glob("*.md"):
        assert f"]({page.name})" in index or page.name == "index.md"
        if page.stem not in ("index", "other"):
            assert re.search(r"^```python\n# \w+\.py\n", page.read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("name", [path.stem for path in engines.PAGES.glob("*.md")])
def test_the_files_are_short(name: str) -> None:
    """The lines of a page fit a screen: no file is longer than 40 lines."""
    for block in re.findall(
        r"^```python\n(.*?)^```$",
        (engines.PAGES / f"{name}.md").read_text("utf-8"),
        re.MULTILINE | re.DOTALL,
    ):
        assert block.count("\n") <= 40
