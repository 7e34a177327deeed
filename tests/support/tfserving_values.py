"""Messages of TensorFlow Serving, and what protobuf's runtime writes and reads for them."""

from typing import Any

import numpy as np
from google.protobuf.message import DecodeError

import tensorwire as tw
from tensorwire.containers.protobuf.schema import message_class
from tests.support import readers, reference
from tests.support.expectations import describe

# Of type Any: many a test hands them what they do not take.
Request: Any = tw.tfserving.PredictRequest
Response: Any = tw.tfserving.PredictResponse
KINDS = (Request, Response)
REFUSED = "refused"


def arrays_of(message: Any) -> Any:
    """Return the arrays of a message."""
    return message.inputs if isinstance(message, Request) else message.outputs


def official(message: Any) -> Any:
    """Return the message that protobuf's runtime has for it, built field by field."""
    made: Any = message_class(f"tensorflow.serving.{type(message).__name__}")()
    if message.model_name:
        made.model_spec.name = message.model_name
    if message.version is not None:
        made.model_spec.version.value = message.version
        made.model_spec.version.SetInParent()
    if message.version_label:
        made.model_spec.version_label = message.version_label
    if message.signature_name:
        made.model_spec.signature_name = message.signature_name
    entries = made.inputs if isinstance(message, Request) else made.outputs
    for name, value in arrays_of(message).items():
        proto = reference.message("tftensor", np.asarray(value)).data.tftensor
        entries[name].CopyFrom(proto)
    if isinstance(message, Request):
        made.output_filter.extend(message.output_filter)
    return made


def written(message: Any) -> bytes:
    """Return the bytes that protobuf's runtime writes."""
    return bytes(official(message).SerializeToString(deterministic=True))


def told(message: Any) -> Any:
    """Return all that a message says, arrays bit for bit."""
    said = {name: describe(value) for name, value in sorted(arrays_of(message).items())}
    model = (message.model_name, message.version, message.version_label, message.signature_name)
    wanted = list(message.output_filter) if isinstance(message, Request) else []
    return type(message), said, model, wanted


def read(body: bytes, kind: Any) -> Any:
    """Return what a message in protobuf says, by its runtime and the readers of `tests.readers`."""
    try:
        message: Any = message_class(f"tensorflow.serving.{kind.__name__}").FromString(body)
    except (DecodeError, RecursionError):
        return REFUSED
    entries = message.inputs if kind is Request else message.outputs
    arrays = {}
    for name in entries:
        seldon = reference.SeldonMessage()
        seldon.data.tftensor.CopyFrom(entries[name])
        try:
            arrays[name] = readers.read("protobuf/tftensor", seldon.SerializeToString())
        except readers.Refused:
            return REFUSED
    spec = message.model_spec
    version = spec.version.value if spec.HasField("version") else None
    made = kind(arrays, spec.name, version, spec.version_label, spec.signature_name)
    if kind is Request:
        made.output_filter = list(message.output_filter)
    return made


def agrees(found: Any, wanted: Any) -> bool:
    """Return whether a message that was read is the one that is owed."""
    if wanted is REFUSED or found is REFUSED:
        return found is wanted
    arrays, others = arrays_of(found), arrays_of(wanted)
    if arrays.keys() != others.keys() or told(found)[2:] != told(wanted)[2:]:
        return False
    return all(readers.same(arrays[name], others[name]) for name in arrays)
