"""What runs beside a library needs nothing of ours."""

import ast
import sys
from pathlib import Path

import pytest

from interop import workers

WORKERS = sorted(Path(workers.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("path", WORKERS, ids=lambda path: path.stem)
def test_a_worker_knows_nothing_of_ours(path: Path) -> None:
    """What runs beside a library imports the standard library, numpy and its own folder alone."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in names:
            top = name.partition(".")[0]
            assert name.startswith("interop.workers") or top in {
                *sys.stdlib_module_names,
                "numpy",
            }
