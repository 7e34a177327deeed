"""Seldon's module of messages, which is too old in its wheel for the protobuf of today.

protobuf 4 and later refuse what `protoc` generated for seldon-core. The descriptors in those files
are registered as they are, which gives the same messages.
"""

from __future__ import annotations

import ast
import re
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import FileDescriptorProto

__all__ = ["prediction_pb2"]

_NAME = "seldon_core.proto.prediction_pb2"
_SERIALIZED = re.compile(r"serialized_pb=(b'(?:[^'\\]|\\.)*')")


def prediction_pb2() -> Any:
    """Return the module of messages; make it, unless it is imported already.

    Raises
    ------
    ImportError
        seldon-core is not installed.
    """
    if _NAME in sys.modules:
        return sys.modules[_NAME]
    spec = find_spec("seldon_core")
    if spec is None or spec.origin is None:
        reason = "tensorwire.integrations.seldon needs seldon-core"
        raise ImportError(f"{reason}: pip install --no-deps seldon-core==1.17.1")
    if find_spec("tensorflow"):  # it registers the TensorProto that the messages hold
        import_module("tensorflow")
    folder = Path(spec.origin).parent / "proto"
    file = _registered("proto/prediction.proto", folder, folder / "prediction_pb2.py")
    made: Any = ModuleType(_NAME)
    made.DESCRIPTOR = file
    for name, descriptor in file.message_types_by_name.items():
        setattr(made, name, message_factory.GetMessageClass(descriptor))
    sys.modules[_NAME] = made
    vars(import_module("seldon_core.proto"))["prediction_pb2"] = made
    return made


def _registered(name: str, folder: Path, source: Path) -> Any:
    """Register a file of messages, and the files that it imports; return its descriptor."""
    pool = descriptor_pool.Default()
    found = _SERIALIZED.search(source.read_text(encoding="utf-8"))
    if found is None:
        raise ImportError(f"expected descriptors in {source}, got none")
    serialized = ast.literal_eval(found[1])
    for needed in FileDescriptorProto.FromString(serialized).dependency:
        path = needed.removesuffix(".proto") + "_pb2"
        if needed.startswith("google/"):
            import_module(path.replace("/", "."))
            continue
        try:
            pool.FindFileByName(needed)
        except KeyError:
            _registered(needed, folder, folder / f"{path}.py")
    pool.AddSerializedFile(serialized)
    return pool.FindFileByName(name)
