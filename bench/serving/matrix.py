"""The format matrix: measured, shown and written."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from bench.interrupt import INTERRUPTED
from bench.measure import machine
from bench.serving import latency, matrix_tables, suite, targets, written
from bench.serving.cells import OBJECTS, REST
from bench.serving.objects import server_name
from bench.serving.processes import Processes
from bench.serving.samples import Samples
from bench.serving.servers import Servers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.screen import Progress, Screen
    from bench.serving.cells import Cell
    from bench.serving.options import Options

ROUNDS, QUICK_ROUNDS = 5, 3


def run(options: Options, screen: Screen, progress: Progress) -> int:
    """Do it; the exit code."""
    cells = options.choice.cells()
    samples, code = Samples(), 0
    try:
        _measure(options, cells, samples, progress)
    except KeyboardInterrupt:
        code = INTERRUPTED
        if not samples.rounds:
            raise
    finally:
        progress.clear()
    notes = ["Interrupted: this is what was measured until then."] * (code == INTERRUPTED)
    with suite.saving(options, lambda: written.benchmarks(samples), interrupted=bool(code)):
        if options.csv:
            written.write_csv(samples, cells, sys.stdout)
        else:
            _show(options, cells, samples, screen, [*machine.warnings(), *notes])
    return code


def _measure(options: Options, cells: Sequence[Cell], samples: Samples, progress: Progress) -> None:
    from bench.serving.processes import recording

    with Processes() as processes:
        progress.show("starting", 0.0)
        servers = Servers(processes, cells, options.answer)
        clients = {
            cell: latency.client_of(cell, servers.port(cell), options.answer) for cell in cells
        }
        progress.restart()
        try:
            with recording(options.flames, servers.by_name()):
                latency.measure(
                    samples,
                    cells,
                    clients,
                    seconds=options.seconds,
                    rounds=QUICK_ROUNDS if options.quick else ROUNDS,
                    progress=lambda share: progress.show("measuring", share),
                )
        except Exception:
            servers.check()  # a server that has ended is the better reason
            raise
        finally:
            for client in clients.values():
                client.caller.close()


def _show(
    options: Options,
    cells: Sequence[Cell],
    samples: Samples,
    screen: Screen,
    notes: Sequence[str],
) -> None:
    if not options.quiet:
        facts = machine.facts() | {
            name: machine.version_of(name) for name in ("grpcio", "uvicorn", "flask")
        }
        screen.line(", ".join(f"{name} {value}" for name, value in facts.items()), "note")
        for note in notes:
            screen.line(note, "warning")
        screen.table(matrix_tables.times(samples, cells))
        screen.table(matrix_tables.where(samples, cells))
        screen.line()
        screen.line(_legend(options, cells), "note")
    screen.table(matrix_tables.gains(samples, cells))
    screen.line()
    for line in targets.advice(samples, cells):
        screen.line(line)
    for line in targets.missed(samples, cells):
        screen.line(f"MISSED {line}.", "warning")


def _legend(options: Options, cells: Sequence[Cell]) -> str:
    model = {
        "sum": "predict answers with the sum of the values, predict_raw with [1]",
        "echo": "the model answers with what it got",
    }[options.answer]
    text = f"{model[0].upper()}{model[1:]}; every answer was checked. ? fewer than 100 requests."
    if any(cell.side == OBJECTS for cell in cells):
        text += " objects: protobuf objects in a typed gRPC servicer, JSON through Flask"
        text += f" on {server_name()}." if any(c.transport == REST for c in cells) else "."
    return text
