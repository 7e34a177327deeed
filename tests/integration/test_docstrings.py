"""The validation of docstrings finds what is missing, and passes what is there."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING

import pytest

import tensorwire as tw
from tests import docstrings

if TYPE_CHECKING:
    from collections.abc import Callable

pytest.importorskip("numpydoc", reason="of the group docs")


def complete(count: int) -> int:
    """Return a count.

    Parameters
    ----------
    count : int
        How many there are.

    Returns
    -------
    int
        The same count.

    Examples
    --------
    >>> 1 + 1
    2
    """
    return count


def without_returns(count: int) -> int:
    """Return a count.

    Parameters
    ----------
    count : int
        How many there are.
    """
    return count


def without_type(count: int) -> None:
    """Count.

    Parameters
    ----------
    count
        How many there are.
    """


@pytest.mark.parametrize(
    ("function", "expected"),
    [(complete, []), (without_returns, ["RT01", "EX01"]), (without_type, ["PR04", "EX01"])],
)
def test_what_is_missing_is_found(
    monkeypatch: pytest.MonkeyPatch, function: Callable[..., object], expected: list[str]
) -> None:
    """A missing section or type is a finding; a complete docstring has none."""
    monkeypatch.setattr(tw, function.__name__, function, raising=False)
    found = docstrings.findings(f"tensorwire.{function.__name__}", function)
    assert [each.partition(" ")[0] for each in found] == expected


def test_a_module_has_an_example() -> None:
    """The docstring of a module leads to a first call."""
    module = types.ModuleType("tensorwire.oip", "Messages.")
    assert docstrings.findings("tensorwire.oip", module)
    module.__doc__ = "Messages.\n\n>>> 1 + 1\n2\n"
    assert not docstrings.findings("tensorwire.oip", module)


def test_every_public_name_is_asked() -> None:
    """The walk meets modules, functions, classes, methods and properties, each once."""
    names = [name for name, _ in docstrings.public_names()]
    assert len(set(names)) == len(names)
    assert {"tensorwire", "tensorwire.loads", "tensorwire.Codec", "tensorwire.Codec.decode"} <= {
        *names
    }
    assert {"tensorwire.oip.InferTensor.shape", "tensorwire.server.EchoServer.start"} <= {*names}
    assert not [name for name in names if "._" in name]


def test_one_docstring_that_is_not_valid_fails_the_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit code is 1 where a public name has no docstring, and the name is printed."""
    monkeypatch.setattr(tw.Codec.decode, "__doc__", "decodes it")
    assert docstrings.main([r"^tensorwire\.Codec\.decode$"]) == 1
    assert "tensorwire.Codec.decode: RT01" in capsys.readouterr().out
