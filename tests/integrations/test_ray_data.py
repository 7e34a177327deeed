"""Ray Data transcodes recorded messages, tells what failed, and goes on where it was killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.engines import environment_of, example, variables
from tests.support.ray_inside import alone

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

RECORDS, GROUP, WIDTH = 1200, 25, 2500
BROKEN = {7: b'{"data":{"ndarray":[[1.5],[2,3]]}}', 430: b"", 1199: b'{"data":'}
NULL = 431


def body(number: int) -> bytes | None:
    """Return a recorded message: its number is in it."""
    if number == NULL:
        return None
    value = (np.arange(1.0 * WIDTH) + number / 7).tolist()
    return BROKEN.get(number, json.dumps({"data": {"ndarray": [value]}}).encode())


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """Record messages in three files of Parquet."""
    folder = tmp_path / "recorded"
    folder.mkdir()
    for file in range(3):
        numbers = [*range(file, RECORDS, 3)]
        table = pa.table({"number": numbers, "body": [body(number) for number in numbers]})
        pq.write_table(table, folder / f"{file}.parquet", row_group_size=GROUP)
    return folder


JOB = """
import sys
sys.path.insert(0, {apps!r})
from ray_cluster import cluster
from tensorwire.integrations.ray_data import transcode_records

with cluster(cpus=1):
    print(transcode_records(*sys.argv[1:], unit=1))
"""


@pytest.fixture
def job(tmp_path: Path) -> list[str]:
    """Return a command that runs a job with a unit for each row group, or file."""
    from tests.support.ray_inside import APPS

    file = tmp_path / "job.py"
    file.write_text(JOB.format(apps=str(APPS)), encoding="utf-8")
    return alone([environment_of("ray"), str(file)])


def run(command: list[str], folder: Path) -> str:
    """Run a command to its end."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=variables(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


def read(folder: Path) -> list[dict[str, Any]]:
    """Return the rows of all files of a folder, by their numbers."""
    rows: list[dict[str, Any]] = pq.read_table(folder).to_pylist()
    return sorted(rows, key=lambda row: row["number"])


def count(out: Path) -> int:
    """Return how many units are done."""
    return len([*out.glob("records/[0-9]*.parquet")])


def test_it_goes_on_where_it_was_killed(recorded: Path, job: list[str], tmp_path: Path) -> None:
    """Killed twice, it has each record once: transcoded as numpy says, or failed with its place."""
    out = tmp_path / "made"
    command = [*job, str(recorded), str(out), "json/ndarray", "oip/binary"]
    done = 0
    for _ in range(2):
        before = done
        process = subprocess.Popen(
            command,
            cwd=tmp_path,
            env=variables(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        while process.poll() is None and count(out) < before + 5:
            time.sleep(0.005)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        time.sleep(3)  # until the workers have noticed
        done = count(out)
        assert before < done < RECORDS // GROUP, "it was to be killed half way"
    last = run(command, tmp_path).splitlines()[-1]
    units = RECORDS // GROUP
    assert last == f"Summary(records={RECORDS}, failed=4, units={units}, resumed={done})"

    good, failed = read(out / "records"), read(out / "failed")
    wrong = sorted([*BROKEN, NULL])
    assert [row["number"] for row in failed] == wrong
    assert [row["number"] for row in good] == [at for at in range(RECORDS) if at not in wrong]
    for row in good:
        size = int(dict(row["headers"])["Inference-Header-Content-Length"])
        (tensor,) = json.loads(row["body"][:size])["inputs"]
        assert (tensor["shape"], tensor["datatype"]) == ([1, WIDTH], "FP64")
        assert np.array_equal(
            np.frombuffer(row["body"][size:]), np.arange(1.0 * WIDTH) + row["number"] / 7
        )
    for row in failed:
        assert row["body"] == body(row["number"])
        assert row["error"].startswith("expected ")
    assert failed[0]["place"].startswith("$.data.ndarray")
    assert not list(out.rglob("_*-*")), "nothing that was half written is left"

    again = run(command, tmp_path).splitlines()
    assert again == [f"Summary(records={RECORDS}, failed=4, units={units}, resumed={units})"]


def test_files_with_a_message_each(job: list[str], tmp_path: Path) -> None:
    """They are records with a path and a body, in the folder and below it."""
    for at in range(4):
        file = tmp_path / f"recorded/{at % 2}/{at}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b'{"instances":[%d]}' % at if at != 3 else b"[]")
    run([*job, "recorded", "made", "tfserving/json", "json/tensor"], tmp_path)
    good = pq.read_table(tmp_path / "made/records").to_pylist()
    assert sorted((row["path"][-9:], json.loads(row["body"])) for row in good) == [
        (f"/{at % 2}/{at}.json", {"data": {"tensor": {"shape": [1], "values": [at]}}})
        for at in (0, 2, 1)
    ]
    (failed,) = pq.read_table(tmp_path / "made/failed").to_pylist()
    assert (failed["path"][-9:], failed["body"]) == ("/1/3.json", b"[]")


REFUSED = """
import sys
from tensorwire.integrations.ray_data import transcode_records
try:
    transcode_records(*sys.argv[1:])
except (ValueError, LookupError) as error:
    print(type(error).__name__, error)
"""


def test_what_is_refused(recorded: Path, tmp_path: Path) -> None:
    """No records, mixed ones, no such column or codec, another job's folder: before Ray starts."""

    def told(*words: str) -> str:
        return run([environment_of("ray"), "-c", REFUSED, *words], tmp_path)

    assert "expected records in file://" in told("nothing", "made", "json/ndarray", "oip/json")
    assert told("recorded", "made", "json/ndarra", "oip/json").startswith("UnknownCodecError")
    (recorded / "_SUCCESS").touch()
    (recorded / "other.json").touch()
    assert "expected Parquet files alone" in told("recorded", "made", "json/ndarray", "oip/json")
    (recorded / "other.json").unlink()
    pq.write_table(pa.table({"text": ["a"]}), recorded / "4.parquet")
    assert "expected a column body in" in told("recorded", "made", "json/ndarray", "oip/json")
    assert not (tmp_path / "made").exists()


def test_the_files_of_the_page(recorded: Path, tmp_path: Path) -> None:
    """Both run as the page says."""
    example("ray_data", tmp_path)
    python = environment_of("ray")
    out = run(alone([python, "ray_job.py", str(recorded), "made"]), tmp_path).splitlines()
    assert out[-1] == f"{RECORDS} records, 4 failed; 0 of 3 were done"
    out = run(alone([python, "ray_step.py", str(recorded)]), tmp_path).splitlines()
    assert out[-1] == str(RECORDS - 4)
