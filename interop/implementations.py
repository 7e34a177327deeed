"""The implementations of each peer, what each can represent, and ours of the same format."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from interop.ours.formats import Arrays, Beside, OneArray
from interop.ours.oip import Inference
from interop.ours.seldon import Seldon, SeldonFeedback, SeldonList
from interop.ours.tfserving import Serving, TensorProto

if TYPE_CHECKING:
    from interop.ours.implementation import Ours

__all__ = ["IMPLEMENTATIONS", "Implementation"]

JSON, PROTOBUF = "seldon/json", "seldon/protobuf"


class Implementation(NamedTuple):
    """One implementation of a peer."""

    content: str
    """The key in ``cases.CONTENTS``."""
    ours: Ours
    same: str = ""
    """What two writers must agree on: all "bytes", "blobs", "header" (as JSON) and blobs, or "".

    KServe puts members of its own into the header, MLServer an empty message beside raw contents;
    numbers in text may be written in two ways.
    """


def _mixed(index: int) -> bool:
    return index % 2 == 0


_BINARY = Inference("oip/binary", lambda _: True)
_TEXT = Inference("oip/json", lambda _: False)  # FP16 too, which MLServer alone reads
_RAW = Inference("oip/protobuf")
_TYPED = Inference("oip/protobuf-typed")

IMPLEMENTATIONS: dict[tuple[str, str], Implementation] = {
    ("triton", "http binary"): Implementation("raw", _BINARY, "header"),
    ("triton", "http json"): Implementation("json", _TEXT),
    ("triton", "http mixed"): Implementation("mixed", Inference("oip/binary", _mixed)),
    ("triton", "grpc"): Implementation("raw", _RAW, "bytes"),
    ("kserve", "rest binary"): Implementation("raw", _BINARY, "blobs"),
    ("kserve", "rest json"): Implementation("json", _TEXT),
    ("kserve", "grpc"): Implementation("raw", _RAW, "bytes"),
    ("kserve", "grpc typed"): Implementation("typed", _TYPED, "bytes"),
    ("mlserver", "rest json"): Implementation("json", _TEXT),
    ("mlserver", "grpc"): Implementation("raw", _RAW),
    ("mlserver", "grpc typed"): Implementation("typed", _TYPED, "bytes"),
    ("seldon", "rest ndarray"): Implementation("lists in json", Seldon(JSON, "ndarray")),
    ("seldon", "rest tensor"): Implementation("doubles in json", Seldon(JSON, "tensor")),
    ("seldon", "rest tftensor"): Implementation("tftensor", Seldon(JSON, "tftensor")),
    ("seldon", "rest binData"): Implementation("binData", Seldon(JSON, "raw")),
    ("seldon", "rest strData"): Implementation("strData", Seldon(JSON, "strData")),
    ("seldon", "rest jsonData"): Implementation("jsonData", Seldon(JSON, "jsonData")),
    ("seldon", "grpc ndarray"): Implementation("lists", Seldon(PROTOBUF, "ndarray"), "bytes"),
    ("seldon", "grpc tensor"): Implementation("doubles", Seldon(PROTOBUF, "tensor"), "bytes"),
    ("seldon", "grpc tftensor"): Implementation("tftensor", Seldon(PROTOBUF, "tftensor"), "bytes"),
    ("seldon", "grpc binData"): Implementation("binData", Seldon(PROTOBUF, "raw"), "bytes"),
    ("seldon", "grpc strData"): Implementation("strData", Seldon(PROTOBUF, "strData"), "bytes"),
    ("seldon", "grpc jsonData"): Implementation("jsonData", Seldon(PROTOBUF, "jsonData"), "bytes"),
    ("seldon", "rest list"): Implementation("two of doubles in json", SeldonList(JSON)),
    ("seldon", "grpc list"): Implementation("two of doubles", SeldonList(PROTOBUF), "bytes"),
    ("seldon", "rest feedback"): Implementation("two of doubles in json", SeldonFeedback(JSON)),
    ("seldon", "grpc feedback"): Implementation(
        "two of doubles", SeldonFeedback(PROTOBUF), "bytes"
    ),
    ("tensorflow", "make_ndarray"): Implementation("tftensor", TensorProto(), "bytes"),
    ("tensorflow", "parse_tensor"): Implementation("tftensor", TensorProto(), "bytes"),
    ("tensorflow", "Predict"): Implementation("serving", Serving(), "bytes"),
    ("onnx", "numpy_helper"): Implementation("numpy", Beside()),
    ("msgpack-numpy", "packb"): Implementation("numpy", OneArray("msgpack/numpy"), "bytes"),
    ("safetensors", "save"): Implementation("safetensors", Arrays("safetensors/arrays"), "bytes"),
    ("pyarrow", "tensor"): Implementation("arrow", OneArray("arrow/tensor"), "bytes"),
    ("pickle", "in-band"): Implementation("numpy", Beside()),
    ("pickle", "out-of-band"): Implementation("numpy", Beside(parts=True)),
}
