"""The table of targets, of figures that are as wide as they come."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from bench.codecs import targets as codecs
from bench.implementations.implementation import MEMCPY
from bench.protocols import targets as protocols
from bench.targets import table

if TYPE_CHECKING:
    from bench.targets import Promise

PROMISES = {"codecs": list(codecs.promises()), "protocols": list(protocols.promises())}


def results_of(promises: list[Promise]) -> Any:
    """Return results in which all take the same time, so that half of the promises are missed."""
    labels = dict.fromkeys(
        label for each in promises for label in (*each.labels, each.other) if label
    )
    return SimpleNamespace(
        cases=[SimpleNamespace(label=label) for label in labels],
        implementations={promise.name for promise in promises},
        operations=("encode", "decode"),
        seconds=lambda _case, name, _operation: 1.0 if name == MEMCPY else 0.987,
        noise=lambda _case: 0.01,
    )


@pytest.mark.parametrize("command", PROMISES)
def test_a_terminal_of_80_columns_shows_it_in_one_piece(command: str) -> None:
    """No verdict is in another part of the table than its figure."""
    promises = PROMISES[command]
    made = table(results_of(promises), promises)
    assert len(made.rows) > len(promises)
    assert list(made.split(80)) == [made]
