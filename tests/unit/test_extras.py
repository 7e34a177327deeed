"""Optional packages: the extra that brings each, and the line for those that are missing."""

import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

import bench
from tensorwire import extras

ROOT = Path(bench.__file__).parents[1]


def test_the_extras_are_those_of_the_project() -> None:
    """Each module is brought by the extra that the line names, or by one that this includes."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    distributions = {
        "PIL": "pillow",
        "vl_convert": "vl-convert-python",
        "grpc": "grpcio",
        "grpc_health": "grpcio-health-checking",
        "grpc_reflection": "grpcio-reflection",
    }
    for extra, modules in extras.EXTRAS.items():
        listed = project.partition(f"\n{extra} = [")[2].partition(
            "\n]" if extra == "server" else "]\n"
        )[0]
        for module in modules:
            assert f'"{distributions.get(module, module)}' in listed, (extra, module)


@pytest.mark.parametrize("is_installed", [True, False])
def test_a_clone_is_installed_as_one(
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_installed: bool,
) -> None:
    """Where the package is not installed but run from a clone, the clone is what pip is given."""

    def version(name: str) -> str:
        if not is_installed:
            raise PackageNotFoundError(name)
        return "1"

    monkeypatch.setattr(extras, "version", version)
    project = "'tensorwire[load]'" if is_installed else "-e '.[load]'"
    assert extras.advice("it", ["flask"]) == f"it needs flask: pip install {project}"
    assert extras.lacking("it", "json") == ""


def test_a_module_is_found_without_being_imported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nothing of it runs; one that is blocked, or whose parent is missing, is not installed."""
    (tmp_path / "failing_module.py").write_text("raise AssertionError")
    monkeypatch.syspath_prepend(tmp_path)
    assert extras.installed("failing_module")
    assert "failing_module" not in sys.modules
    assert extras.installed("xml.etree")
    assert not extras.installed("no_such_module")
    assert not extras.installed("no_such_module.inner")
    monkeypatch.setitem(sys.modules, "failing_module", None)
    assert not extras.installed("failing_module")


@pytest.mark.parametrize(
    ("missing", "extra"),
    [
        (["pyarrow"], "arrow"),
        (["grpc", "uvicorn"], "server"),
        (["flask"], "load"),
        (["flask", "grpc", "rich"], "load"),  # which brings the other two
        (["pyarrow", "memray"], "arrow,profile"),
    ],
)
def test_the_line_names_the_fewest_extras(missing: list[str], extra: str) -> None:
    """Each extra that is needed, and none that another one brings."""
    line = extras.advice("the tool", missing)
    assert line.startswith(f"the tool needs {', '.join(missing)}: pip install ")
    assert f"[{extra}]'" in line


def test_only_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is said where all of it is installed."""
    monkeypatch.setitem(sys.modules, "flask", None)
    assert extras.lacking("it", "flask", "json") == extras.advice("it", ["flask"])
    assert extras.lacking("it") == ""


def test_an_import_names_its_extra() -> None:
    """The package that is missing, also where another one needs it; other errors pass."""
    with pytest.raises(ModuleNotFoundError) as missing, extras.Needed("it", "ray"):
        raise ModuleNotFoundError("No module named 'ray.serve'", name="ray.serve")
    assert str(missing.value).startswith("it needs ray: pip install ")
    assert str(missing.value).endswith("[ray]'")
    assert missing.value.name == "ray.serve"
    with pytest.raises(ImportError, match="another"), extras.Needed("it", "ray"):
        raise ImportError("another")
