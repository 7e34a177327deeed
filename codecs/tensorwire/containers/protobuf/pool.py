"""Our message descriptors, in a pool of their own.

The pool is private: TensorFlow, Seldon and others register the same message names in protobuf's
default pool, and must be able to do so in the same process, before or after us.
"""

from __future__ import annotations

from functools import cache
from pkgutil import get_data
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from google.protobuf import descriptor_pool
    from google.protobuf.descriptor import Descriptor
    from google.protobuf.message import Message

__all__ = ["descriptor", "message_class"]


@cache
def _pool() -> descriptor_pool.DescriptorPool:
    from google.protobuf import descriptor_pb2, descriptor_pool  # on first use, not on import

    pool = descriptor_pool.DescriptorPool()
    data = get_data("tensorwire.containers.protobuf", "descriptors.binpb")
    for file in descriptor_pb2.FileDescriptorSet.FromString(data or b"").file:
        pool.AddSerializedFile(file.SerializeToString())
    return pool


def descriptor(name: str) -> Descriptor:
    """Give the descriptor of a message, by full name."""
    return _pool().FindMessageTypeByName(name)


@cache
def message_class(name: str) -> type[Message]:
    """Give the runtime's class of a message, by full name."""
    from google.protobuf import message_factory

    return message_factory.GetMessageClass(descriptor(name))
