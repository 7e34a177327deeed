"""What modules may name; what they may import is held by import-linter, see pyproject.toml."""

import ast
import re
import tokenize
from pathlib import Path
from types import ModuleType

import pytest

import bench
import interop
import tensorwire as tw
from tests.support.values import CONTAINERS

PACKAGE = Path(tw.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))
every_source = pytest.mark.parametrize(
    "path", SOURCES, ids=lambda path: path.relative_to(PACKAGE).as_posix()
)
TESTS = Path(__file__).parents[1]
# Modules whose test has another name: where it is, and why.
TESTED_IN = {
    "__init__": "integration/test_public_api",  # what it exports is the public API
    "__main__": "integration/cli/test_main",  # the command line, of which it is a call
    # They run where seldon-core is, and that test brings them there.
    "integrations/seldon/messages": "integrations/test_seldon",
    "integrations/seldon/methods": "integrations/test_seldon",
    "integrations/seldon/replacing": "integrations/test_seldon",
}
BENCH = sorted(path.parent for path in Path(bench.__file__).parent.glob("*/__init__.py"))


def names_in(path: Path) -> set[str]:
    """Return the words of a module's code: names, attributes, imports and short strings."""
    words: set[str] = set()
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type == tokenize.NAME:
                words.add(token.string)
            elif token.type == tokenize.STRING and len(token.string) < 40:
                words |= set(re.findall(r"\w+", token.string))
    return words


def parts(folder: str) -> list[Path]:
    """Return the modules of a folder that are not its table."""
    table = PACKAGE / folder / "__init__.py"
    return [path for path in sorted((PACKAGE / folder).rglob("*.py")) if path != table]


@pytest.mark.parametrize("path", parts("containers"), ids=lambda path: "/".join(path.parts[-2:]))
def test_no_container_names_a_kind(path: Path) -> None:
    """A container names no kind."""
    assert not names_in(path) & {
        "tftensor",
        "TFTensor",
        "NDArray",
        "binData",
        "tensorContent",
        "raw",
        "Raw",
    }


@pytest.mark.parametrize("path", parts("kinds"), ids=lambda path: path.stem)
def test_no_kind_names_a_container(path: Path) -> None:
    """A kind names no container, and no library that writes one."""
    assert not names_in(path) & {
        *CONTAINERS,
        "JSON",
        "Protobuf",
        "Msgpack",
        "orjson",
        "simdjson",
        "google",
    }


@pytest.mark.parametrize("path", parts("wire"), ids=lambda path: path.stem)
def test_the_wire_names_no_message(path: Path) -> None:
    """What turns bytes into numpy names no message."""
    assert not names_in(path) & {"SeldonMessage", "DefaultData", "TensorProto", "seldon"}


def test_the_source_root_is_no_package() -> None:
    """The standard library's codecs is not shadowed."""
    assert not (PACKAGE.parent / "__init__.py").exists()
    assert PACKAGE.parent.name != "codecs" or not list(PACKAGE.parent.glob("*.py"))


@every_source
def test_no_code_from_data(path: Path) -> None:
    """No pickle, no eval, no exec: no payload becomes code."""
    assert not names_in(path) & {
        "pickle",
        "marshal",
        "eval",
        "exec",
        "allow_pickle",
        "shelve",
        "dill",
    }


@every_source
def test_no_drawers(path: Path) -> None:
    """No module is called utils, common or helpers: each says what it holds."""
    assert path.stem not in {"utils", "util", "common", "helpers", "misc", "base"}


@every_source
def test_every_module_has_a_docstring(path: Path) -> None:
    """Every module starts with its docstring."""
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def places_of_test(path: Path) -> list[Path]:
    """Return the places of a module's test, see tests/README.md."""
    inside = path.relative_to(PACKAGE)
    if inside.stem == "__init__":
        inside = inside.parent
    name = f"test_{inside.stem.strip('_')}.py"
    return [TESTS / folder / inside.parent / name for folder in ("unit", ".", "integration")]


def has_code(path: Path) -> bool:
    """Return whether a module has more than a docstring, imports, and the list of its names."""
    return any(
        not isinstance(node, (ast.Expr, ast.Import, ast.ImportFrom))
        and not (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
    )


@pytest.mark.parametrize(
    "path",
    [path for path in SOURCES if has_code(path)],
    ids=lambda path: path.relative_to(PACKAGE).as_posix(),
)
def test_every_module_has_its_test(path: Path) -> None:
    """By its name, or in the table of those that are tested elsewhere, and not in both."""
    name = path.relative_to(PACKAGE).with_suffix("").as_posix()
    found = [file for file in places_of_test(path) if file.is_file()]
    if name in TESTED_IN:
        assert not found, f"{found[0]} is found by its name: take {name} out of TESTED_IN"
        found = [TESTS / f"{TESTED_IN[name]}.py"]
    assert found, f"no test of {name}: add one by the rule of tests/README.md"
    assert found[0].is_file()


def test_no_test_file_imports_another() -> None:
    """What two of them need is in tests/support."""
    for path in sorted(TESTS.rglob("*.py")):
        for line in path.read_text(encoding="utf-8").splitlines():
            assert not re.match(r"\s*(from|import) [\w., ]*\.test_", line), path


def test_the_table_of_tests_is_current() -> None:
    """It names no module that is gone."""
    names = {path.relative_to(PACKAGE).with_suffix("").as_posix() for path in SOURCES}
    assert not set(TESTED_IN) - names, "take modules that are gone out of TESTED_IN"


@pytest.mark.parametrize("package", [bench, interop], ids=["bench", "interop"])
def test_tests_are_named_after_what_they_test(package: ModuleType) -> None:
    """Each is in the folder of the module, or the folder, whose name it has."""
    name = package.__name__
    for path in TESTS.glob(f"{name}/**/test_*.py"):
        folder = Path(str(package.__file__)).parent / path.parent.relative_to(TESTS / name)
        stem = path.stem.removeprefix("test_").removesuffix("_browser")
        files = [folder / f"{stem}.py", folder / f"__{stem}__.py", folder / stem]
        assert any(file.exists() for file in files), path


@pytest.mark.parametrize("folder", BENCH, ids=lambda folder: folder.name)
def test_the_benchmark_is_a_true_map(folder: Path) -> None:
    """What a folder says of itself names each of its modules, and none that is not there."""
    text = (folder / "__init__.py").read_text(encoding="utf-8")
    modules = {path.stem for path in folder.iterdir()} - {"__init__", "__pycache__"}
    files = {path.stem for path in folder.glob("*.py")} - {"__init__", "__main__"}
    families = tuple(re.findall(r"(\w+)\*", text))
    words = set(re.findall(r"\w+", text))
    assert not {name for name in files - words if not name.startswith(families)}
    assert set(re.findall(r"^ *(\w+)  ", text, re.MULTILINE)) <= modules
