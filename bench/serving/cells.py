"""The cells of the format matrix, and the published figures of a known benchmark."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

REST, GRPC = "REST", "gRPC"
OURS, OBJECTS = "ours", "objects"
TRANSPORTS = (REST, GRPC)
METHODS = ("predict", "predict_raw")
COUNTS = (1, 100_000)
KINDS = ("ndarray", "tensor", "tftensor", "raw")
SIDES = (OURS, OBJECTS)
ANSWERS = ("sum", "echo")


class Cell(NamedTuple):
    """One kind of request to one server.

    Attributes
    ----------
    transport
        ``REST`` (JSON) or ``gRPC`` (protobuf).
    method
        of the model: ``predict`` gets an array, ``predict_raw`` the undecoded message.
    values
        consecutive integers in the request.
    kind
        how they are laid out.
    side
        ``ours``, or ``objects``: the wrapper that goes through Python and protobuf objects.
    """

    transport: str
    method: str
    values: int
    kind: str
    side: str

    @property
    def group(self) -> str:
        """The heading of its group of rows."""
        return f"{self.transport} {self.method}, {self.values:,}"

    @property
    def name(self) -> str:
        """All of it, in one string."""
        return f"{self.transport} {self.method} {self.values} {self.kind} {self.side}"

    @property
    def place(self) -> tuple[int, ...]:
        """The sort key in the order of the matrix."""
        return (
            TRANSPORTS.index(self.transport),
            METHODS.index(self.method),
            self.values,
            KINDS.index(self.kind),
            SIDES.index(self.side),
        )

    def metadata(self) -> dict[str, str | int]:
        """Return what a file says of it; `of` reads it back."""
        return {"name": self.name, **self._asdict()}

    @classmethod
    def of(cls, metadata: Mapping[str, Any]) -> Cell:
        """Read what `metadata` returned; KeyError and ValueError if it did not."""
        found = cls(*(metadata[name] for name in cls._fields))
        known = (TRANSPORTS, METHODS, None, KINDS, SIDES)
        for name, value, names in zip(cls._fields, found, known, strict=True):
            if value not in names if names else type(value) is not int:
                raise ValueError(f"{name} {value!r} is unknown")
        return found


class Choice(NamedTuple):
    """Which part of the matrix was asked for."""

    transports: tuple[str, ...] = TRANSPORTS
    methods: tuple[str, ...] = METHODS
    counts: tuple[int, ...] = COUNTS
    kinds: tuple[str, ...] = KINDS
    sides: tuple[str, ...] = SIDES

    def cells(self) -> list[Cell]:
        """Return the cells; both sides of a kind are neighbours."""
        return [Cell(*each) for each in product(*self)]


def _known() -> Mapping[tuple[str, str, int, str], float]:
    """Seconds that the known benchmark of Seldon's Python wrapper (1.10) published.

    Averages of one closed-loop client with ready-made bodies, one worker, on another machine.
    """
    rows = {
        (REST, "predict", 100_000): (19.8, 19.7, 16.2),
        (GRPC, "predict", 100_000): (253.0, 8.4, 5.5),
        (REST, "predict_raw", 100_000): (13.3, 13.3, 11.1),
        (GRPC, "predict_raw", 100_000): (46.0, 7.9, 5.0),
        (REST, "predict", 1): (1.8, 1.8, 2.1),
        (GRPC, "predict", 1): (1.46, 1.49, 1.57),
    }
    return {
        (*row, kind): milliseconds / 1e3
        for row, times in rows.items()
        for kind, milliseconds in zip(KINDS, times, strict=False)
    }


KNOWN = _known()


def known(cell: Cell) -> float | None:
    """Return the known benchmark's figure for a cell, whichever side."""
    return KNOWN.get(cell[:4])
