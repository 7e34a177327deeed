"""A run as a file: what is written is read again, and what is no run is one line."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench.engines.records import claims, read, to_bytes
from bench.measure.runfile import RunFileError
from tests.support.engine_runs import planted


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    """All of it, with no more than JSON."""
    path = tmp_path / "run.json"
    path.write_bytes(to_bytes(planted()))
    assert claims(str(path))
    found, run = read(str(path)), planted()
    assert found.results == run.results
    assert (found.quick, found.interrupted, found.machine) == (True, False, run.machine)
    fields = json.loads(path.read_bytes())
    assert (fields["format"], fields["version"]) == ("tensorwire engines", 1)
    assert fields["results"][0]["cells"][0]["metric"] == "requests/s"


def broken(**changes: Any) -> str:
    """Return a file with some fields changed; None takes one out."""
    fields = json.loads(to_bytes(planted())) | changes
    return json.dumps({name: value for name, value in fields.items() if value is not None})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[]", "expected a run of python -m bench.engines, got another"),
        ("{", "expected a run of python -m bench.engines, got another"),
        ('{"format": 1}', "got another file"),
        (broken(version=2), "of version 1, got version 2"),
        (broken(results=7), "got another"),
        (broken(results=[{"name": "x"}]), "got another: 'known'"),
        (broken(machine=None, more=1), "got another"),
    ],
)
def test_what_is_no_run(text: str, reason: str, tmp_path: Path) -> None:
    """The reason is one line, which names the file."""
    path = tmp_path / "run.json"
    path.write_text(text)
    with pytest.raises(RunFileError, match=reason) as raised:
        read(str(path))
    assert "\n" not in str(raised.value)
    assert str(path) in str(raised.value)


@pytest.mark.parametrize("change", [{"arm": "by magic"}, {"metric": "joy"}, {"samples": [-1]}])
def test_a_cell_that_cannot_be(change: dict[str, Any], tmp_path: Path) -> None:
    """An arm or a metric that nobody knows, and a negative sample, are no run."""
    results = json.loads(to_bytes(planted()))["results"]
    results[0]["cells"][0] |= change
    path = tmp_path / "run.json"
    path.write_text(broken(results=results))
    with pytest.raises(RunFileError, match="got another"):
        read(str(path))


def test_no_file(tmp_path: Path) -> None:
    """A file that is not there is no run, and says so."""
    assert not claims(str(tmp_path / "none"))
    with pytest.raises(RunFileError, match="No such file"):
        read(str(tmp_path / "none"))
