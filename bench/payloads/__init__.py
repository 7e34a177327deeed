"""Payloads: arrays that are the same in every process, or the arrays in a user's own file.

One job per file::

    case      the array of a run, described so that every process builds the same
    casts     what a smaller dtype does to the values
    files     a file's arrays, by name: what it is, and every failure in one line
    arrays    .npy, .npz, .safetensors: mapped, not read, where that can be
    requests  JSON lists, and recorded requests of every protocol
    traffic   a folder of recorded requests: what is in it, and a sample of it
    tables    columns of Parquet and CSV, through pyarrow
"""
