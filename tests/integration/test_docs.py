"""The documents for contributors are true: links, files, the tree, the sessions of nox."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import tensorwire as tw

ROOT = Path(__file__).parents[2]
PACKAGE = Path(tw.__file__).parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
DOCUMENTS = [path for path in DOCUMENTS if path.parent.name != "generated"]
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
every_document = pytest.mark.parametrize(
    "path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix()
)


def tree() -> str:
    """Return the tree of the package, as docs/architecture.md draws it."""
    text = (ROOT / "docs/architecture.md").read_text("utf-8")
    return text.partition("\n## The package\n")[2].partition("```text\n")[2].partition("```")[0]


@every_document
def test_links_lead_somewhere(path: Path) -> None:
    """Every link to a file of the repository leads to one that is there."""
    for target in re.findall(r"\]\(([^)#\s]+)", FENCE.sub("", path.read_text("utf-8"))):
        if "://" not in target:
            assert (path.parent / target).exists(), target


@every_document
def test_files_that_are_named_are_there(path: Path) -> None:
    """A file or folder in backticks is in the repository or in the package."""
    if path.name == "CHANGELOG.md":
        pytest.skip("it tells of what was")
    text = FENCE.sub("", path.read_text("utf-8"))
    for name in re.findall(
        r"`((?:\w+/)+[\w*]+\.py|(?:tests|bench|interop|docs|protos)/[\w/]*)`", text
    ):
        places = (ROOT, PACKAGE)
        assert any(list(place.glob(name.rstrip("/"))) for place in places), name


def test_the_tree_names_every_module() -> None:
    """Each module and folder of the package is in the tree; the folder of a protocol as a whole."""
    words = set(re.findall(r"\w+", tree()))
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if parts[0] == "protocols" and len(parts) > 2:
            parts = parts[:2]
        assert set(parts) - {"__init__"} <= words, path


def test_the_tree_names_nothing_else() -> None:
    """Every name of the tree is a module or a folder of the package."""
    there = {path.stem for path in PACKAGE.rglob("*.py")}
    there |= {path.name for path in PACKAGE.rglob("*") if path.is_dir()}
    for line in tree().splitlines()[1:]:
        names = re.split(r"\s{2,}", line.strip())[0]
        assert {name.strip(" /") for name in names.split(",")} <= there, line


def test_the_sessions_are_named() -> None:
    """CONTRIBUTING lists every session of noxfile.py."""
    sessions = re.findall(
        r"^def ([a-z]\w*)\(session", (ROOT / "noxfile.py").read_text("utf-8"), re.MULTILINE
    )
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    for name in sessions:
        assert re.search(rf"^\| .*`{name}`", text, re.MULTILINE), name


def test_ci_runs_sessions_that_there_are() -> None:
    """`.ci/run` and the workflows name sessions of noxfile.py only."""
    known = set(
        re.findall(
            r"^def ([a-z]\w*)\(session", (ROOT / "noxfile.py").read_text("utf-8"), re.MULTILINE
        )
    )
    (asked,) = re.findall(
        r"^ *nox .* -s (.*)$", (ROOT / ".ci/run").read_text("utf-8"), re.MULTILINE
    )
    assert set(asked.split()) <= known
    workflow = (ROOT / ".github/workflows/ci.yml").read_text("utf-8")
    (matrix,) = re.findall(r"session: \[(.*)\]", workflow)
    assert set(matrix.split(", ")) <= known
