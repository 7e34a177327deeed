"""Payloads of one's own: the arrays in a file, whatever its format.

One job per file::

    reading     a file's arrays, by name; every failure is one line
    formats     what a file is, by its first bytes
    arrays      .npy, .npz, .safetensors: mapped, not read, where that can be
    requests    JSON lists, and recorded requests of every protocol
    tables      columns of Parquet and CSV, through pyarrow
    choosing    which of the arrays or columns, by name
    room        whether there is memory for them
"""

from bench.measuring.payload_files.reading import PayloadError, load, read, split

__all__ = ["PayloadError", "load", "read", "split"]
