"""Build the library's descriptor set from the .proto files beside this script.

``python protos/build.py`` writes ``codecs/tensorwire/containers/protobuf/descriptors.binpb``;
``python protos/build.py --check`` writes nothing, and exits with 1 if that file is stale.
"""

import argparse
import sys
import tempfile
from importlib import resources
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.message import DecodeError
from grpc_tools import protoc

SOURCES = Path(__file__).resolve().parent
TARGET = SOURCES.parent / "codecs" / "tensorwire" / "containers" / "protobuf" / "descriptors.binpb"


def build() -> bytes:
    """Return the serialized FileDescriptorSet of our .proto files and all they import."""
    names = sorted(path.relative_to(SOURCES).as_posix() for path in SOURCES.rglob("*.proto"))
    well_known = resources.files("grpc_tools") / "_proto"
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "descriptors.binpb"
        arguments = [
            f"--proto_path={SOURCES}",
            f"--proto_path={well_known}",
            "--include_imports",
            f"--descriptor_set_out={out}",
            *names,
        ]
        if protoc.main(["protoc", *arguments]) != 0:
            sys.exit("protoc failed")
        return out.read_bytes()


def is_stale(checked_in: bytes, built: bytes) -> bool:
    """Tell whether the descriptors of our own files differ.

    What the well-known types look like depends on the protoc release, so of the files that we
    import from protobuf only the names count: each has to be there for the set to load.
    """
    old = FileDescriptorSet.FromString(checked_in).file
    new = FileDescriptorSet.FromString(built).file
    if [file.name for file in old] != [file.name for file in new]:
        return True
    pairs = zip(old, new, strict=True)
    return any(a != b for a, b in pairs if not a.name.startswith("google/protobuf/"))


def check() -> None:
    """Exit with 1 and one line saying why, if the checked-in file is missing or stale."""
    try:
        stale = is_stale(TARGET.read_bytes(), build())
    except (FileNotFoundError, DecodeError):
        stale = True
    if stale:
        sys.exit(f"{TARGET.name} is stale: run `python protos/build.py` and commit the result")


def main() -> None:
    """Write the descriptor set, or with ``--check`` compare it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="fail if the checked-in file is stale")
    if parser.parse_args().check:
        check()
    else:
        TARGET.write_bytes(build())


if __name__ == "__main__":
    main()
