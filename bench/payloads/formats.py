"""What a file is: by its first bytes, then by its suffix, else by all of its bytes."""

from __future__ import annotations

from pathlib import Path

MAGIC = {
    b"\x93NUMPY": "npy",
    b"PK\x03\x04": "npz",
    b"PK\x05\x06": "npz",  # an empty one
    b"PAR1": "parquet",
}
SUFFIXES = {
    ".npy": "npy",
    ".npz": "npz",
    ".safetensors": "safetensors",
    ".parquet": "parquet",
    ".pq": "parquet",
}
TABLES = {".csv": "csv", ".tsv": "csv"}
OTHERS = {
    b"\x1f\x8b": "compressed by gzip: unpack it first",
    b"\x28\xb5\x2f\xfd": "compressed by zstd: unpack it first",
    b"\xfd7zXZ": "compressed by xz: unpack it first",
    b"BZh": "compressed by bzip2: unpack it first",
    b"\x89HDF": "an HDF5 file: store its arrays with numpy.savez",
    b"ARROW1": "an Arrow file: store it as Parquet",
    b"\x89PNG": "a picture: store its pixels with numpy.save",
    b"\xff\xd8\xff": "a picture: store its pixels with numpy.save",
    # Protocols 2 to 5; as msgpack it would be an empty map with something behind it.
    **{bytes((0x80, version)): "a pickle, which is never loaded" for version in range(2, 6)},
}


def recognise(path: str) -> str:
    """Return ``npy``, ``npz``, ``safetensors``, ``parquet``, ``csv`` or ``request``.

    Raises
    ------
    ValueError
        The file is empty, is none, or is of a format that is known and not read.
    """
    file = Path(path)
    if file.exists() and not file.is_file():
        raise ValueError("a directory" if file.is_dir() else "not a file, and so read only once")
    with file.open("rb") as stream:
        head = stream.read(16)
    if not head:
        raise ValueError("the file is empty")
    suffix = file.suffix.lower()
    for magic, name in MAGIC.items():
        if head.startswith(magic):
            return name
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= file.stat().st_size - 8:
        return "safetensors"
    if suffix in TABLES:
        return TABLES[suffix]
    for magic, what in OTHERS.items():
        if head.startswith(magic):
            raise ValueError(what)
    if head.lstrip()[:1] in (b"{", b"["):
        return "request"
    return SUFFIXES.get(suffix, "request")
