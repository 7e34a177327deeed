"""Seldon's messages, from the descriptors in the source of seldon-core's wheel.

Its generated modules are older than the protobuf runtime of today takes; the descriptors in them
are registered as they are, which gives the same messages on the fast runtime.
"""

from __future__ import annotations

import ast
import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

__all__ = ["prediction_pb2"]

SERIALIZED = re.compile(r"serialized_pb=(b'(?:[^'\\]|\\.)*')")


def prediction_pb2() -> ModuleType:
    """Make the wheel's module of messages, from the descriptors in its source."""
    import_module("tensorflow")  # registers TensorProto, which Seldon's messages hold
    for name in ("any", "struct", "empty"):
        import_module(f"google.protobuf.{name}_pb2")
    pool = import_module("google.protobuf.descriptor_pool").Default()
    factory = import_module("google.protobuf.message_factory")
    spec = find_spec("seldon_core")
    if spec is None or spec.origin is None:
        raise ImportError("seldon_core is not there")
    source = Path(spec.origin).parent / "proto" / "prediction_pb2.py"
    found = SERIALIZED.search(source.read_text(encoding="utf-8"))
    if found is None:
        raise ImportError("no descriptors in prediction_pb2.py")
    file = pool.AddSerializedFile(ast.literal_eval(found[1]))
    module = ModuleType("seldon_core.proto.prediction_pb2")
    for name, descriptor in file.message_types_by_name.items():
        setattr(module, name, factory.GetMessageClass(descriptor))
    return module
