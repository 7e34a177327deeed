"""Make the small file of exact facts that ``--exact`` compares with, from a run with ``--memory``.

``python -m bench.codecs --batch 1,1000 --memory -o run.json``, then
``python -m bench.compare.record run.json``.
"""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median
from typing import Any

from ..cli import Parser, guarded, require_all
from ..interrupt import UsageError, leave, orderly
from .__main__ import BASELINE

NAME = "record"
KEPT = (
    *("name", "unit", "case", "way", "operation", "twin", "digest", "wire_bytes", "decode_is"),
    *("memory_copies", "memory_allocations", "refusals"),
    *("date", "bench_python", "system", "cpu", "cores"),
)
"""What is kept of the metadata, beside the versions of libraries: whose times these are."""


@orderly(NAME)
def main(argv: list[str] | None = None) -> int:
    """Run the command line; the exit code: 0, 1 not written, 2 usage or unreadable file."""
    about = "Make the small file that --exact compares with, of a run with --memory."
    made = Parser(NAME, about, "examples:\n  {record} new.json -o exact.json\n")
    made.add_argument("run", metavar="RUN", help="a file written with --memory -o")
    made.add_argument("-o", dest="output", metavar="FILE", default=BASELINE, help="to write")
    given = made.parse_args(argv)
    return guarded(NAME, lambda: _record(given.run, given.output))


def _record(run: str, output: str) -> int:
    from ..measure.runfile import read

    require_all("a file of a run", "pyperf")
    found = read(run)
    if not any(each.copies is not None for each in found.results.memory.values()):
        raise UsageError(
            f"{run}: expected a run that counts copies, got none; measure with --memory and memray"
        )
    Path(output).write_text(slimmed(run), encoding="utf-8")
    print(f"{output}: written")
    return 0


def slimmed(path: str) -> str:
    """Return a run with one time per codec and nothing of baselines: JSON, a line per cell."""
    import pyperf

    from ..implementations.implementation import FIRST_USE, is_codec

    cells: list[dict[str, Any]] = []
    for benchmark in pyperf.BenchmarkSuite.load(path).get_benchmarks():
        metadata = benchmark.get_metadata()
        if metadata["twin"] or metadata["operation"] == FIRST_USE:
            continue  # nothing of it is exact
        if is_codec(metadata["way"]):
            kept = {key: value for key, value in metadata.items() if _needed(key)}
            time = float(f"{median(benchmark.get_values()):.3g}")
            cells.append({"metadata": kept, "runs": [{"values": [time]}]})
    # What all have in common is written once, as pyperf itself has it.
    first, *others = (cell["metadata"] for cell in cells)
    shared = {
        key: value
        for key, value in first.items()
        if all(other.get(key) == value for other in others)
    }
    for cell in cells:
        cell["metadata"] = {k: v for k, v in cell["metadata"].items() if k not in shared}
    lines = ",\n".join(json.dumps(cell) for cell in cells)
    end = f'"metadata": {json.dumps(shared, indent=1)},\n"version": "1.0"'
    return f'{{"benchmarks": [\n{lines}\n],\n{end}\n}}\n'


def _needed(key: str) -> bool:
    return key in KEPT or (key.endswith("_version") and key != "python_version")


if __name__ == "__main__":
    leave(main())
