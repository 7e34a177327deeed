"""A run and its advice for programs: CSV with one line per cell, or one JSON object.

The JSON object, keys in a stable order:

======================  ====================================================================
``format``              2; it changes if a key changes its meaning or goes
``interrupted``         whether the run was ended early: medians of fewer samples, cells missing
``notes``               what made the run unlike others, as text
``machine``             Python and library versions, system, processor, ... by name
``payloads``            the columns: ``section``, ``label``, ``shape``, ``dtype``, ``values`` (where
                        they come from), ``elements``, ``noise`` (how far equal cells differed: 0.02
                        is 2 %), ``series`` (the columns of its section are growing batches)
``cells``               what was measured: ``payload`` (its place in ``payloads``), ``way`` (the
                        implementation), ``operation`` (``encode``, ``decode``, or
                        ``decode+use``: and a first pass over the values), ``median_s``,
                        ``samples``, ``bytes``, ``decode`` (``view`` of the body or ``copy``),
                        ``memory`` (null, or what `bench.measure.results.Memory` says of one call)
``cannot``              what was not: ``payload``, ``way``, ``reason``
``requests``            a plain HTTP request over 127.0.0.1 in this run: ``bytes``, ``seconds``
``advice``              for each section an object, as below; what the text says, and more
``links``               null, or of ``--links``: ``transfers`` (`bench.measure.transfers.Transfer`),
                        ``casts`` (`bench.payloads.casts.CastError`), ``noise`` and ``checked``
                        (transfers through a link, predicted and measured), and ``advice`` on each
                        payload (`bench.advice.links.LinkAdvice`); bytes and seconds
======================  ====================================================================

Advice, whose columns are labels of payloads, whose times are seconds of all operations together,
and whose factors say how many times:

======================  ====================================================================
``section``             of ``payloads``
``operations``          encode, decode, or both: those whose seconds are added up
``columns``, ``series`` labels, and whether they grow
``disputed``            by column, the codecs whose processes are more than 25 % apart
``best``                choices of all containers (below)
``containers``          choices of each container, by its name
``first_use``           of each of ``best``: ``codec``, ``column``, seconds of ``decode``, and of
                        ``decode_and_use``, in which its values were read once, too; whether it
                        is a ``view``
``matters``             for each column: the best ``codec``, its ``seconds`` and ``bytes``; a plain
                        ``request`` with that body and the codec's ``share`` of its seconds; the
                        the ``total`` of both, and the ``worst`` codec's (``worst_total``);
                        ``will_do``: codecs that make a request at most 10 % longer; ``slow``: the
                        others; null or empty where no request was measured
``refused``             codecs that cannot carry some of these payloads: ``codec``, ``columns``,
                        ``reason``
``casts``               codecs from which these payloads come back as another dtype: ``codec``,
                        ``columns``, ``dtype``, ``comes_back_as``
``carries``             of each codec, what it makes of hard arrays: ``keeps``, ``casts`` (to which
                        dtype), ``refuses`` (why), ``forgets`` (it gives the bytes alone)
======================  ====================================================================

A choice:

======================  ====================================================================
``codec``               what to take
``level_with``          as fast: not slower beyond the noise, on all these columns
``columns``, ``at``     for which payloads, and on which one the figures were taken
``seconds``, ``bytes``  of the choice; ``bytes_per_value``
``next``                the quickest of the others, as below, or null
``objects``             time of the usual way through Python objects, divided likewise, or null
``others``              of ``best``: the choices of slower containers, as ``next``
======================  ====================================================================

Another codec: ``codec``; ``time`` and ``bytes``, how many times those of the choice (the median of
the processes' ratios, or null where it is not known well); ``sure``, whether the processes agree.
"""

from __future__ import annotations

import csv
import json
from dataclasses import asdict, astuple, replace
from typing import TYPE_CHECKING, Any, TextIO

from .advice.advice import advise
from .advice.links import advise_links
from .implementations.implementation import FIRST_USE, MEMCPY, container_of, kind_of, style_of
from .measure import machine
from .measure.results import Cell, Memory

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .measure.results import Results

FORMAT = 2
KEYS = {"transport": "matters", "capabilities": "carries"}
"""Fields of advice that have other names in the file."""
COLUMNS = (
    *("payload", "label", "way", "container", "kind", "baseline", "operation", "median_s"),
    *("samples", "noise", "memcpy_ratio", "bytes", "bytes_per_element", "decode", "cannot"),
)


def write_csv(results: Results, stream: TextIO) -> None:
    """Write every cell; times in seconds, ratios as plain numbers, nothing where unknown."""
    writer = csv.writer(stream, lineterminator="\n")
    weighed = [f"memory_{name}" for name in Memory.NAMES] if results.memory else []
    writer.writerow((*COLUMNS, *weighed))
    for number, case in enumerate(results.cases):
        noise = results.noise(number)
        for name in results.implementations:
            facts = results.facts.get((number, name))
            if facts is None:
                continue
            for operation in results.operations:
                seconds = results.seconds(number, name, operation)
                if operation == FIRST_USE and ":" in name:
                    continue  # not measured of baselines
                floor = results.seconds(number, MEMCPY, operation)
                done = facts.cannot is None
                row = (
                    case.title,
                    case.label,
                    name,
                    container_of(name) if name != MEMCPY else "",
                    kind_of(name),
                    style_of(name) if name != MEMCPY else MEMCPY,
                    operation,
                    "" if seconds is None else f"{seconds:.4g}",
                    results.count(Cell(number, name, operation)),
                    f"{noise:.4f}",
                    "" if not (seconds and floor) else f"{seconds / floor:.4g}",
                    facts.size if done else "",
                    f"{facts.size / max(1, case.size):.4g}" if done else "",
                    ("view" if facts.view else "copy") if done else "",
                    facts.cannot or "",
                )
                memory = results.memory.get(Cell(number, name, operation), Memory())
                figures = ["" if each is None else each for each in astuple(memory)]
                writer.writerow((*row, *(figures if weighed else ())))
    writer.writerows((*row, *[""] * len(weighed)) for row in _transfers(results))


def _transfers(results: Results) -> Iterator[tuple[Any, ...]]:
    """Yield rows of what ``--links`` measured beyond the cells: operations of compressors, casts.

    Bytes are those of the body that is sent.
    """
    for each in results.links.transfers if results.links else ():
        case = results.cases[each.case]
        operations = {"encode": each.encode, "decode": each.decode}
        if each.compressor:
            operations = {
                f"compress {each.compressor}": each.compress,
                f"decompress {each.compressor}": each.decompress,
            }
        elif each.dtype == case.dtype:
            continue
        for operation, seconds in operations.items():
            yield (
                replace(case, dtype=each.dtype).title,
                case.label,
                each.codec,
                container_of(each.codec),
                kind_of(each.codec),
                "",
                operation,
                f"{seconds:.4g}",
                "",
                "",
                "",
                each.bytes,
                f"{each.bytes / max(1, case.size):.4g}",
                "",
                "",
            )


def write_json(
    results: Results, notes: Sequence[str], stream: TextIO, *, interrupted: bool = False
) -> None:
    """Write all that is known of a run, and nothing else."""
    made = {
        "format": FORMAT,
        "interrupted": interrupted,
        "notes": list(notes),
        "machine": machine.recorded(),
        "payloads": list(_payloads(results)),
        "cells": list(_cells(results)),
        "cannot": list(_cannot(results)),
        "requests": [
            {"bytes": size, "seconds": results.http_round_trips[size]}
            for size in sorted(results.http_round_trips)
        ],
        "advice": [
            asdict(advise(results, section), dict_factory=_renamed)
            for section in dict.fromkeys(case.section for case in results.cases)
        ],
        "links": _links(results),
    }
    json.dump(made, stream, indent=1, allow_nan=False)
    stream.write("\n")


def _links(results: Results) -> dict[str, Any] | None:
    if results.links is None:
        return None
    return {
        **results.links.to_json(),
        "advice": [asdict(each) for each in advise_links(results)],
    }


def _renamed(fields: list[tuple[str, Any]]) -> dict[str, Any]:
    return {KEYS.get(name, name): value for name, value in fields}


def _payloads(results: Results) -> Iterator[dict[str, Any]]:
    for number, case in enumerate(results.cases):
        yield {
            "section": case.section,
            "label": case.label,
            "shape": list(case.shape),
            "dtype": case.dtype,
            "values": case.values,
            "elements": case.size,
            "noise": results.noise(number),
            "series": case.series,
        }


def _cells(results: Results) -> Iterator[dict[str, Any]]:
    for number in range(len(results.cases)):
        for name in results.implementations:
            for operation in results.operations:
                seconds = results.seconds(number, name, operation)
                if seconds is None:
                    continue
                cell, facts = Cell(number, name, operation), results.facts[number, name]
                memory = results.memory.get(cell)
                yield {
                    "payload": number,
                    "way": name,
                    "operation": operation,
                    "median_s": seconds,
                    "samples": results.count(cell),
                    "spread": results.spread(cell),
                    "bytes": facts.size,
                    "decode": "view" if facts.view else "copy",
                    "memory": None if memory is None else asdict(memory),
                }


def _cannot(results: Results) -> Iterator[dict[str, Any]]:
    for (number, name), facts in results.facts.items():
        if facts.cannot is not None:
            yield {"payload": number, "way": name, "reason": facts.cannot}
