"""Payloads: arrays that are the same in every process, or the arrays in a person's own file.

One job per file::

    case        the arrays of a run, the same in every process
    reading     a file's arrays, by name; every failure is one line
    formats     what a file is, by its first bytes
    arrays      .npy, .npz, .safetensors: mapped, not read, where that can be
    requests    JSON lists, and recorded requests of every protocol
    tables      columns of Parquet and CSV, through pyarrow
    choosing    which of the arrays or columns, by name
    room        whether there is memory for them
"""

from bench.payloads.files import PayloadError, load, read, split

__all__ = ["PayloadError", "load", "read", "split"]
