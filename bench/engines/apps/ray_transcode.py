"""Transcoding as a Ray Data job, beside one process without Ray: a line of JSON.

``python ray_transcode.py --records 5000000`` in an environment with Ray and tensorwire. One process
does a part of the units before the job and after it, by the very function of the job's tasks.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from ray_cluster import cluster, enclose

import tensorwire as tw
from tensorwire.integrations.ray_data import transcode_records, transcode_table

FORMS = "json/ndarray", "oip/binary"
FILES, GROUP, WIDTH = 4, 1000, 200
PART = 10
"""One process alone does one row group in so many."""


def record(folder: Path, records: int) -> None:
    """Write messages of some hundred numbers."""
    random = np.random.default_rng(1)
    codec = tw.get_codec(FORMS[0])
    bodies = [bytes(codec.encode(random.normal(size=(1, WIDTH)))) for _ in range(GROUP)]
    table = pa.table({"body": bodies})
    for number in range(FILES):
        path = folder / f"{number}.parquet"
        with pq.ParquetWriter(path, table.schema, use_dictionary=False) as writer:
            for _ in range(records // FILES // GROUP):
                writer.write_table(table)


def alone(folder: Path, out: Path) -> float:
    """Return how many records a second one process reads, transcodes and writes."""
    count, began = 0, perf_counter()
    for path in sorted(folder.iterdir()):
        file = pq.ParquetFile(path)
        for group in range(0, file.num_row_groups, PART):
            made = transcode_table(file.read_row_group(group), *FORMS)
            pq.write_table(made, out)
            count += len(made)
    return count / (perf_counter() - began)


def main() -> None:
    """Measure, and tell."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=500_000)
    parser.add_argument("--cores", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        recorded, out = Path(name, "recorded"), Path(name, "alone.parquet")
        recorded.mkdir()
        record(recorded, given.records)
        rates = [alone(recorded, out)]
        with cluster(cpus=given.cores):
            began = perf_counter()
            done = transcode_records(str(recorded), str(Path(name, "made")), *FORMS)
            took = perf_counter() - began
        rates.append(alone(recorded, out))
    share = done.records / took / given.cores / (sum(rates) / len(rates))
    found = {"records": done.records, "took": took, "alone": rates, "cores": given.cores}
    print(json.dumps(found | {"share": share}))


if __name__ == "__main__":
    enclose()
    main()
