"""Ray Data: transcode a dataset of recorded messages, in one job that can be killed and goes on.

The job is planned in units, row groups of Parquet or files, of about `UNIT` bytes. Each is a task
that reads, transcodes and writes beside its place, and then renames: a unit is whole or not there.
The same call again does the units that are not there. (Checkpoints of Ray Data need a column of
unique keys and have one output; this has two, and needs none.)
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

import tensorwire as tw
from tensorwire.errors import CodecError, DecodeError
from tensorwire.extras import Needed
from tensorwire.transcoding import find_form

with Needed("tensorwire.integrations.ray_data", "ray"):
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq
    import ray
    from pyarrow.fs import FileSelector, FileSystem, FileType
    from ray.data import DataContext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Progress", "Summary", "transcode_records", "transcode_table"]

UNIT = 64 << 20
"""Bytes of records, uncompressed, in one task: some seconds of work, lost where it is killed."""
_BATCH = 8 << 20  # bytes that are in memory at once, twice
_BLOCK = 1 << 20  # more than a task returns; Ray holds back tasks that may return 128 MB
_PLAN = "_plan.parquet"  # readers of Parquet skip names that begin so
_HEADERS = pa.map_(pa.string(), pa.string())


class Summary(NamedTuple):
    """What a job did.

    Parameters
    ----------
    records : int
        All records of the dataset.
    failed : int
        Those that could not be transcoded.
    units : int
        The units of the plan.
    resumed : int
        Those that an earlier run had done.
    """

    records: int
    failed: int
    units: int
    resumed: int


class Progress(NamedTuple):
    """How far a job is.

    Parameters
    ----------
    done, units : int
        The units that are done, those of earlier runs too, and all of the plan.
    records : int
        The records of the units that are done.
    failed : int
        Those that could not be transcoded, in this run.
    """

    done: int
    units: int
    records: int
    failed: int


class _Unit(NamedTuple):
    """What one task reads: files, or row groups of one Parquet file; and how many records."""

    name: str
    paths: list[str]
    groups: list[int]
    records: int
    size: int


def transcode_table(
    table: pa.Table, source: str, target: str, *, column: str = "body", **options: Any
) -> pa.Table:
    """Transcode a column of messages, for `ray.data.Dataset.map_batches` and any other table.

    Parameters
    ----------
    table : pyarrow.Table
        Messages as binary or text; a column ``headers`` (a map or a struct) is those of HTTP.
    source, target : str
        Names of codecs or protocols, as for `tensorwire.transcode`.
    column : str, default "body"
        The column of the messages.
    **options : object
        Options of `tensorwire.transcode`: `reply`, `lossy`, `limits`, `missing`.

    Returns
    -------
    pyarrow.Table
        The table with the messages in the form of `target` and their ``headers``. Where one cannot
        be transcoded, the message is as it was, and ``error`` and ``place`` tell why.

    Examples
    --------
    >>> import pyarrow as pa
    >>> table = pa.table({"body": [b'{"data":{"ndarray":[1.5]}}', b'{"data":7}']})
    >>> made = transcode_table(table, "json/ndarray", "tfserving/json")
    >>> made["body"].to_pylist(), made["place"].to_pylist()
    ([b'{"instances":[1.5]}', b'{"data":7}'], [None, '$.data'])
    """
    form = find_form(target)
    given = table["headers"] if "headers" in table.column_names else [None] * len(table)
    bodies: list[Any] = []
    headers: list[Any] = []
    errors: list[str | None] = []
    places: list[str | None] = []
    for scalar, header in zip(table[column], given, strict=True):
        body = scalar.as_buffer()
        known = None if header is None else dict(header.as_py() or {})
        try:
            if body is None:
                raise DecodeError("expected a message, got null")
            made = tw.transcode(body, source, target, headers=known, **options)
        except CodecError as error:
            bodies.append(None if body is None else body.to_pybytes())
            headers.append(known and list(known.items()))
            errors.append(str(error))
            places.append(error.path)
        else:
            more = form.family.headers(target.partition("/")[2], made)
            bodies.append(made)
            headers.append([("Content-Type", form.media_type), *more.items()])
            errors.append(None)
            places.append(None)
    table = _put(table, column, pa.array(bodies, pa.binary()))
    table = _put(table, "headers", pa.array(headers, _HEADERS))
    table = _put(table, "error", pa.array(errors, pa.string()))
    return _put(table, "place", pa.array(places, pa.string()))


def _put(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    """Replace a column, or append it."""
    at = table.schema.get_field_index(name)
    if at < 0:
        return table.append_column(name, values)
    return table.set_column(at, name, values)


def transcode_records(  # noqa: PLR0913 - the options of transcode, and those of a job
    records: str,
    out: str,
    source: str,
    target: str,
    *,
    column: str = "body",
    reply: bool = False,
    lossy: bool = False,
    missing: str | None = None,
    unit: int = UNIT,
    report: Callable[[Progress], None] | None = None,
) -> Summary:
    """Transcode a dataset of recorded messages as a Ray Data job.

    Where `out` has the plan of a job that did not end, its remaining units are done: no record is
    lost, and none is there twice.

    Parameters
    ----------
    records : str
        A folder of Parquet files, or of files with a message each; a path that all nodes see, or an
        URI that pyarrow reads.
    out : str
        The folder of the results: ``records/*.parquet``, the messages in the form of `target` with
        their ``headers`` and all other columns; ``failed/*.parquet``, the records that could not be
        transcoded, as they were, each with ``error`` and ``place``.
    source, target : str
        Names of codecs or protocols, as for `tensorwire.transcode`.
    column : str, default "body"
        The column of the messages; files have the columns ``path`` and ``body``.
    reply, lossy, missing : optional
        As for `tensorwire.transcode`.
    unit : int, default 64 MiB
        Bytes of records in one task.
    report : callable, optional
        Called whenever a unit is done; Ray Data shows its own progress too.

    Returns
    -------
    Summary
        How many records there are, and how many failed.

    Raises
    ------
    ValueError
        `records` has no file, Parquet beside other files, or `out` is of another job.
    UnknownCodecError
        No codec or protocol has such a name.

    Examples
    --------
    >>> transcode_records(
    ...     "s3://traffic/2026-05", "s3://traffic/binary", "json/ndarray", "oip/binary"
    ... )  # doctest: +SKIP
    Summary(records=1048576, failed=12, units=160, resumed=0)
    """
    for name in (source, target):
        find_form(name)  # raises UnknownCodecError here, and not in each task
    records, out = _absolute(records), _absolute(out)
    options = {"reply": reply, "lossy": lossy, "missing": missing}
    job = {"source": source, "target": target, "column": column, **options}
    fs, root = _open(out)
    plan = _plan(fs, root, records, job, unit)
    done = _done(fs, root)
    left = [one for one in plan if one.name not in done]
    resumed = len(plan) - len(left)
    count, read, failed = resumed, sum(one.records for one in plan if one.name in done), 0
    if left:
        task = partial(_transcode_unit, out=out, records=records, job=job)
        units = [{"unit": json.dumps(one)} for one in left]
        context = DataContext.get_current().copy()
        context.target_max_block_size = _BLOCK
        with DataContext.current(context):
            dataset = ray.data.from_items(units, override_num_blocks=len(units)).map(task)
        for made in dataset.iter_rows():
            count, read, failed = count + 1, read + made["records"], failed + made["failed"]
            if report is not None:
                report(Progress(count, len(plan), read, failed))
    return _checked(fs, root, plan, resumed)


def _checked(fs: FileSystem, root: str, plan: list[_Unit], resumed: int) -> Summary:
    """Count what is written; it is all that was planned."""
    good, failed = (_rows(fs, f"{root}/{folder}") for folder in ("records", "failed"))
    wanted = sum(one.records for one in plan)
    if good + failed != wanted:
        raise RuntimeError(f"expected {wanted} records in {root}, got {good} and {failed} failed")
    return Summary(wanted, failed, len(plan), resumed)


def _rows(fs: FileSystem, folder: str) -> int:
    files = [one for one in _files(fs, folder) if one.extension == "parquet"]
    return sum(pq.read_metadata(one.path, filesystem=fs).num_rows for one in files)


def _done(fs: FileSystem, root: str) -> set[str]:
    """Return the names of the units that are done; drop what a killed job was writing."""
    found = _files(fs, f"{root}/records") + _files(fs, f"{root}/failed")
    for one in found:
        if one.base_name.startswith("_"):
            fs.delete_file(one.path)
    files = _files(fs, f"{root}/records")
    return {one.base_name.removesuffix(".parquet") for one in files}


def _absolute(path: str) -> str:
    """Return the URI of a path, so that it is the same in every process."""
    return path if "://" in path else Path(path).absolute().as_uri()


def _open(uri: str) -> tuple[FileSystem, str]:
    """Return the file system of a URI, and the path in it."""
    fs, path = FileSystem.from_uri(uri)
    return fs, path.rstrip("/")


def _files(fs: FileSystem, folder: str) -> list[Any]:
    """List the files below a folder, or the file itself, by their paths."""
    if fs.get_file_info(folder).type is FileType.File:
        return [fs.get_file_info(folder)]
    found = fs.get_file_info(FileSelector(folder, allow_not_found=True, recursive=True))
    return sorted((one for one in found if one.type is FileType.File), key=lambda one: one.path)


def _plan(fs: FileSystem, root: str, records: str, job: dict[str, Any], unit: int) -> list[_Unit]:
    """Read the plan of a job that was begun, else make one: later files are no part of it."""
    path, told = f"{root}/{_PLAN}", {b"job": json.dumps({"records": records, **job}).encode()}
    if fs.get_file_info(path).type is FileType.File:
        table = pq.read_table(path, filesystem=fs)
        before = (table.schema.metadata or {}).get(b"job", b"")
        if before != told[b"job"]:
            wanted = f"the job of {path}, {before.decode()}"
            raise ValueError(f"expected {wanted}, got {told[b'job'].decode()}; name another folder")
        return [_Unit(**row) for row in table.to_pylist()]
    plan = _units(records, job["column"], unit)
    for folder in ("records", "failed"):
        fs.create_dir(f"{root}/{folder}", recursive=True)
    kinds = [pa.string(), pa.list_(pa.string()), pa.list_(pa.int64()), pa.int64(), pa.int64()]
    schema = pa.schema(dict(zip(_Unit._fields, kinds, strict=True)), metadata=told)
    table = pa.Table.from_pylist([one._asdict() for one in plan], schema=schema)
    beside = f"{root}/_{uuid4().hex}"
    pq.write_table(table, beside, filesystem=fs)
    fs.move(beside, path)
    return plan


def _units(records: str, column: str, unit: int) -> list[_Unit]:
    """Divide the records into units of about the same size."""
    fs, root = _open(records)
    files = [one for one in _files(fs, root) if one.base_name[0] not in "._"]
    tables = [one for one in files if one.extension == "parquet"]
    if not files:
        raise ValueError(f"expected records in {records}, got no file")
    if tables and len(tables) < len(files):
        other = next(one for one in files if one.extension != "parquet")
        raise ValueError(f"expected Parquet files alone in {records}, got {other.path} too")
    if tables:
        pieces = _of_tables(fs, tables, column)
    else:
        pieces = (([one.path], [], 1, one.size) for one in files)
    plan: list[_Unit] = []
    for paths, groups, count, size in pieces:
        last = plan[-1] if plan else None
        if last and last.size + size <= unit and (not groups or last.paths == paths):
            paths = last.paths if groups else last.paths + paths  # noqa: PLW2901 - they grow
            size, groups = last.size + size, last.groups + groups  # noqa: PLW2901
            plan[-1] = _Unit(last.name, paths, groups, last.records + count, size)
        else:
            plan.append(_Unit(f"{len(plan):06}", paths, groups, count, size))
    return plan


def _of_tables(
    fs: FileSystem, files: list[Any], column: str
) -> Iterator[tuple[list[str], list[int], int, int]]:
    """Yield path, row group, rows and bytes of all row groups."""
    for one in files:
        known = pq.read_metadata(one.path, filesystem=fs)
        if column not in (names := known.schema.to_arrow_schema().names):
            raise ValueError(f"expected a column {column} in {one.path}, got {', '.join(names)}")
        for number in range(known.num_row_groups):
            group = known.row_group(number)
            if group.num_rows:
                yield [one.path], [number], group.num_rows, group.total_byte_size


def _transcode_unit(
    row: dict[str, Any], *, out: str, records: str, job: dict[str, Any]
) -> dict[str, int]:
    """Transcode one unit."""
    unit = _Unit(*json.loads(row["unit"]))
    fs, root = _open(out)
    writer = _Writer(fs, root, unit.name)
    for table in _tables(_open(records)[0], unit):
        made = transcode_table(table, **job)
        is_good = pc.is_null(made["error"])
        writer.write("records", made.filter(is_good).drop_columns(["error", "place"]))
        writer.write("failed", made.filter(pc.invert(is_good)))
    writer.commit()
    return {"records": unit.records, "failed": writer.rows["failed"]}


class _Writer:
    """Writes the two files of a unit, under names of its own until both are whole."""

    def __init__(self, fs: FileSystem, root: str, name: str) -> None:
        self._fs, self._root, self._name = fs, root, name
        self._own = f"_{name}-{uuid4().hex}"
        self._writers: dict[str, Any] = {}
        self.rows = {"records": 0, "failed": 0}

    def write(self, folder: str, table: pa.Table) -> None:
        """Append rows; a unit without failed records has no such file."""
        if not len(table) and folder == "failed":
            return
        if folder not in self._writers:
            path = f"{self._root}/{folder}/{self._own}"
            self._writers[folder] = pq.ParquetWriter(path, table.schema, filesystem=self._fs)
        self._writers[folder].write_table(table)
        self.rows[folder] += len(table)

    def commit(self) -> None:
        """Put both in their places, the records last: with them the unit is done."""
        for writer in self._writers.values():
            writer.close()
        for folder in sorted(self._writers):
            path = f"{self._root}/{folder}/"
            self._fs.move(path + self._own, f"{path}{self._name}.parquet")


def _tables(fs: FileSystem, unit: _Unit) -> Iterator[pa.Table]:
    """Read a unit in batches of rows that are some megabytes."""
    if unit.groups:
        rows = max(1, unit.records * _BATCH // max(unit.size, 1))
        with pq.ParquetFile(unit.paths[0], filesystem=fs) as file:
            for batch in file.iter_batches(rows, row_groups=unit.groups):
                yield pa.Table.from_batches([batch])
        return
    some = max(1, len(unit.paths) * _BATCH // max(unit.size, 1))
    for begin in range(0, len(unit.paths), some):
        paths = unit.paths[begin : begin + some]
        bodies = []
        for path in paths:
            with fs.open_input_stream(path) as stream:
                bodies.append(stream.read())
        yield pa.table({"path": paths, "body": pa.array(bodies, pa.binary())})
