"""The table of kinds: each has a file of its own."""

from pathlib import Path

import pytest

from tensorwire import kinds
from tests.support.values import KINDS


def test_every_kind_has_a_file() -> None:
    """The four that are documented are in the table, each in a file of its name."""
    files = {path.stem for path in Path(kinds.__file__).parent.glob("*.py")}
    assert set(kinds.KINDS) == set(KINDS) <= files


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_is_found_by_its_name(name: str) -> None:
    """The name in the table is that of the class, which is in the file of that name."""
    kind = kinds.KINDS[name]
    assert kind.name == name
    assert type(kind).__module__ == f"tensorwire.kinds.{name}"
