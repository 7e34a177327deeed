"""How often ``bench.compare --against`` finds a slowdown, and fails for nothing: for real.

``python -m tests.power --runs 20`` copies the package, plants a slowdown into one cell of the copy
(or none, in turns), and measures the copy against the original, beside busy loops. It takes a
minute or two a run, and is for whoever changes how old and new are measured. The simulation, which
takes seconds, is ``tests/bench/test_signs.py``.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from fnmatch import fnmatchcase
from math import comb
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import bench
from bench.compare.pairs import usual
from bench.implementations.implementation import OPERATIONS
from bench.implementations.lookup import builtin_codecs, get_implementation
from bench.payloads.case import build

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bench.payloads.case import Case

ROOT = Path(bench.__file__).parents[1]
PLANT = Path(__file__).parent / "support" / "slowdown.py"
LOOP = "while True: pass"


class Planted(NamedTuple):
    """Where a slowdown is: a payload, a codec, an operation, and the bytes of its argument."""

    case: Case
    codec: str
    operation: str
    size: int

    def write(self, package: Path, slowdown: float) -> None:
        """Put it into a copy of the package."""
        payload = self.case.shape, self.case.dtype
        asked = (self.codec, self.operation, self.size), slowdown, payload
        shutil.copy(PLANT, package)
        with (package / "__init__.py").open("a") as module:
            module.write("\nfrom .slowdown import plant as _plant\n")
            module.write(f"get_codec = _plant(get_codec, *{asked!r})\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Write a line for each run, then the counts."""
    made = argparse.ArgumentParser(prog="python -m tests.power", description=__doc__)
    add = made.add_argument
    add("--runs", type=int, default=20, help="with a slowdown, and as many without: 20")
    add("--slowdown", type=float, default=0.25, help="a quarter: 0.25")
    add("--busy", type=int, default=4, help="busy loops beside: 4")
    add("--codec", default="*", help="only codecs that match: quicker")
    add("--seconds", type=float, default=7200, help="begin no run after so many: 7200")
    add("--seed", type=int, default=1)
    add("-o", dest="output", default=os.devnull, help="append a line of JSON for each run")
    given = made.parse_args(argv)
    places, order = list(cells(given.codec)), random.Random(given.seed)  # noqa: S311 - order only
    ends, lines = time.monotonic() + given.seconds, []
    with busy(given.busy), tempfile.TemporaryDirectory() as folder:
        for number in range(2 * given.runs):
            if time.monotonic() > ends:
                break
            planted = order.choice(places) if number % 2 == 0 else None
            lines.append(one(Path(folder), planted, given.slowdown, given.codec))
            text = json.dumps(lines[-1]) + "\n"
            sys.stdout.write(text)
            sys.stdout.flush()
            with Path(given.output).open("a") as output:
                output.write(text)
    sys.stdout.writelines(f"{line}\n" for line in report(lines))
    return 0


def cells(glob: str) -> Iterator[Planted]:
    """Yield where a slowdown can be planted: each cell of the twelve codecs."""
    for case in usual().cases:
        array = build(case)
        for name in builtin_codecs():
            if fnmatchcase(name, glob):
                sizes = array.nbytes, len(get_implementation(name).encode(array))
                for operation, size in zip(OPERATIONS, sizes, strict=True):
                    yield Planted(case, name, operation, size)


def one(folder: Path, planted: Planted | None, slowdown: float, codec: str) -> dict[str, object]:
    """Compare a copy with the original; return what was planted, the exit code, and verdicts."""
    copy, began = folder / "copy" / "tensorwire", time.monotonic()
    shutil.rmtree(copy, ignore_errors=True)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "codecs" / "tensorwire", copy, ignore=ignored)
    if planted:
        planted.write(copy, slowdown)
    asked = ["--against", str(ROOT), "--codec", codec, "--csv"]
    done = subprocess.run(
        [sys.executable, "-m", "bench.compare", *asked],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(copy.parent), str(ROOT)))},
    )
    verdicts = {
        f"{row['way']} {row['operation']} {row['label']}": row["verdict"]
        for row in csv.DictReader(io.StringIO(done.stdout))
    }
    name = f"{planted.codec} {planted.operation} {planted.case.label}" if planted else ""
    return {
        "planted": name,
        "code": done.returncode,
        "found": verdicts.get(name) == "slower",
        "others": {
            cell: each
            for cell, each in verdicts.items()
            if cell != name and each in ("slower", "cannot tell")
        },
        "said": "" if verdicts else done.stderr[-200:],
        "seconds": round(time.monotonic() - began),
        "load": round(os.getloadavg()[0], 1),
    }


@contextmanager
def busy(count: int) -> Iterator[None]:
    """Run so many busy loops beside."""
    loops = [subprocess.Popen([sys.executable, "-c", LOOP]) for _ in range(count)]
    try:
        yield
    finally:
        for each in loops:
            each.kill()
            each.wait()


def report(lines: Sequence[dict[str, object]]) -> Iterator[str]:
    """Yield the counts, with the exact 95 % intervals of Clopper and Pearson."""
    slowed = [line for line in lines if line["planted"]]
    equal = [line for line in lines if not line["planted"]]
    for what, hits, of in (
        ("slowed cells found", sum(bool(line["found"]) for line in slowed), len(slowed)),
        ("equal code, exit code 1", sum(line["code"] == 1 for line in equal), len(equal)),
        ("equal code, exit code 3", sum(line["code"] == 3 for line in equal), len(equal)),
    ):
        if of:
            low, high = share(hits, of)
            yield f"{what}: {hits} of {of} ({100 * low:.1f} % to {100 * high:.1f} %)"


def share(hits: int, of: int) -> tuple[float, float]:
    """Return the 95 % interval of a share: beyond either end so few, or so many, have 2.5 %."""

    def most(p: float, counts: range) -> float:
        return sum(comb(of, k) * p**k * (1 - p) ** (of - k) for k in counts)

    def end(tail: Callable[[float], float]) -> float:
        low, high = 0.0, 1.0
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if tail(middle) < 0 else (low, middle)
        return low

    return (
        end(lambda p: most(p, range(hits, of + 1)) - 0.025) if hits else 0.0,
        end(lambda p: 0.025 - most(p, range(hits + 1))) if hits < of else 1.0,
    )


if __name__ == "__main__":
    sys.exit(main())
