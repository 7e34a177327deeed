"""The table of containers: each has a folder of its own."""

from pathlib import Path

import pytest

from tensorwire import containers
from tests.support.values import CONTAINERS, MEDIA_TYPES


def test_every_container_has_a_folder() -> None:
    """The three that are documented are in the table, and no folder is left out."""
    folders = {path.parent.name for path in Path(containers.__file__).parent.glob("*/__init__.py")}
    assert folders == set(CONTAINERS) == set(containers.CONTAINERS)


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_container_is_found_by_its_name(name: str) -> None:
    """The name in the table is that of the class; its first media type is the one it writes."""
    container = containers.CONTAINERS[name]
    assert container.name == name
    assert container.media_types[0] == MEDIA_TYPES[name]
    assert type(container).__module__ == f"tensorwire.containers.{name}"
