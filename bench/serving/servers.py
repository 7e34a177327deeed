"""The servers that a choice of cells needs, all started at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.serving import objects_grpc, objects_rest, ours
from bench.serving.cells import OURS, REST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from bench.serving.cells import Cell
    from bench.serving.processes import Process, Processes


class Servers:
    """Where the server of every cell listens."""

    def __init__(self, processes: Processes, cells: Iterable[Cell], answer: str) -> None:
        self._of: dict[tuple[str, ...], Process] = {}
        for cell in cells:
            key = _key(cell)
            if key not in self._of:
                self._of[key] = processes.start(_command(cell)(cell.method, answer))
        for process in self._of.values():
            process.ready()

    def port(self, cell: Cell) -> int:
        """Give the port where a cell's requests go."""
        port: int = self._of[_key(cell)].ports[cell.transport.lower()]
        return port

    def check(self) -> None:
        """Raise WorkerError if one has ended."""
        for process in self._of.values():
            process.check()

    def by_name(self) -> Mapping[str, Process]:
        """Give the processes by names that a file could have."""
        return {"-".join(part for part in key if part): each for key, each in self._of.items()}


def _key(cell: Cell) -> tuple[str, ...]:
    """Ours has both transports in one process, as people run it; of the other, each has one."""
    return (cell.side, cell.method, "" if cell.side == OURS else cell.transport)


def _command(cell: Cell) -> Callable[[str, str], list[str]]:
    if cell.side == OURS:
        return ours.command
    return objects_rest.command if cell.transport == REST else objects_grpc.command
