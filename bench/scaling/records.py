"""What was measured of one server, as a file: one JSON object, whose ``format`` is `FORMAT`.

``machine`` is what `bench.measure.machine` tells; the others are the fields of `Measured`, where
``costs`` has the fields of `Cost`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..command import command
from ..measure import machine
from ..measure.runfile import RunFileError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FORMAT = "tensorwire scaling"


class Cost(NamedTuple):
    """What requests of one form cost a server.

    Attributes
    ----------
    core_s
        seconds of a core for each request, of the least of some rounds.
    bytes_in, bytes_out
        of the body of a request, and of its reply.
    flight_bytes
        memory for each request that is under way.
    """

    transport: str
    form: str
    core_s: float
    bytes_in: int
    bytes_out: int
    flight_bytes: int


@dataclass(frozen=True)
class Measured:
    """What was measured.

    Attributes
    ----------
    values
        doubles in a request, and in its reply.
    worker_bytes, connection_bytes
        memory of a server at rest, and of each connection of REST.
    """

    values: int
    worker_bytes: int
    connection_bytes: int
    costs: Sequence[Cost]
    machine: Mapping[str, Any] = field(default_factory=machine.recorded)
    date: str = field(default_factory=lambda: f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M:%S}")


def to_bytes(measured: Measured) -> bytes:
    """Return the file."""
    costs = [cost._asdict() for cost in measured.costs]
    return json.dumps({"format": FORMAT, **asdict(measured), "costs": costs}, indent=1).encode()


def read(path: str) -> Measured:
    """Read a file.

    Raises
    ------
    RunFileError
        It cannot be read, or is another: one line.
    """
    try:
        fields = json.loads(Path(path).read_bytes())
        if fields.pop("format") != FORMAT:
            raise ValueError("another format")  # noqa: TRY301 - told as all others below
        costs = [Cost(**each) for each in fields.pop("costs")]
        return Measured(costs=costs, **fields)
    except OSError as error:
        raise RunFileError(f"{path}: {error.strerror or error}") from None
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())
        wanted = f"expected a file of {command('scaling')} -o"
        raise RunFileError(f"{path}: {wanted}, got another: {reason}") from None
