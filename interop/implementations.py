"""Which way of which peer carries what, and what of ours speaks it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from interop.ours.formats import Arrays, Beside, OneArray
from interop.ours.oip import Inference
from interop.ours.seldon import Seldon, SeldonFeedback, SeldonList
from interop.ours.tfserving import Serving, TensorProto

if TYPE_CHECKING:
    from interop.ours.implementation import Ours

__all__ = ["WAYS", "Way"]

JSON, PROTOBUF = "seldon/json", "seldon/protobuf"


class Way(NamedTuple):
    """One way of a peer."""

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

WAYS: dict[tuple[str, str], Way] = {
    ("triton", "http binary"): Way("raw", _BINARY, "header"),
    ("triton", "http json"): Way("json", _TEXT),
    ("triton", "http mixed"): Way("mixed", Inference("oip/binary", _mixed)),
    ("triton", "grpc"): Way("raw", _RAW, "bytes"),
    ("kserve", "rest binary"): Way("raw", _BINARY, "blobs"),
    ("kserve", "rest json"): Way("json", _TEXT),
    ("kserve", "grpc"): Way("raw", _RAW, "bytes"),
    ("kserve", "grpc typed"): Way("typed", _TYPED, "bytes"),
    ("mlserver", "rest json"): Way("json", _TEXT),
    ("mlserver", "grpc"): Way("raw", _RAW),
    ("mlserver", "grpc typed"): Way("typed", _TYPED, "bytes"),
    ("seldon", "rest ndarray"): Way("lists in json", Seldon(JSON, "ndarray")),
    ("seldon", "rest tensor"): Way("doubles in json", Seldon(JSON, "tensor")),
    ("seldon", "rest tftensor"): Way("tftensor", Seldon(JSON, "tftensor")),
    ("seldon", "rest binData"): Way("binData", Seldon(JSON, "raw")),
    ("seldon", "rest strData"): Way("strData", Seldon(JSON, "strData")),
    ("seldon", "rest jsonData"): Way("jsonData", Seldon(JSON, "jsonData")),
    ("seldon", "grpc ndarray"): Way("lists", Seldon(PROTOBUF, "ndarray"), "bytes"),
    ("seldon", "grpc tensor"): Way("doubles", Seldon(PROTOBUF, "tensor"), "bytes"),
    ("seldon", "grpc tftensor"): Way("tftensor", Seldon(PROTOBUF, "tftensor"), "bytes"),
    ("seldon", "grpc binData"): Way("binData", Seldon(PROTOBUF, "raw"), "bytes"),
    ("seldon", "grpc strData"): Way("strData", Seldon(PROTOBUF, "strData"), "bytes"),
    ("seldon", "grpc jsonData"): Way("jsonData", Seldon(PROTOBUF, "jsonData"), "bytes"),
    ("seldon", "rest list"): Way("two of doubles in json", SeldonList(JSON)),
    ("seldon", "grpc list"): Way("two of doubles", SeldonList(PROTOBUF), "bytes"),
    ("seldon", "rest feedback"): Way("two of doubles in json", SeldonFeedback(JSON)),
    ("seldon", "grpc feedback"): Way("two of doubles", SeldonFeedback(PROTOBUF), "bytes"),
    ("tensorflow", "make_ndarray"): Way("tftensor", TensorProto(), "bytes"),
    ("tensorflow", "parse_tensor"): Way("tftensor", TensorProto(), "bytes"),
    ("tensorflow", "Predict"): Way("serving", Serving(), "bytes"),
    ("onnx", "numpy_helper"): Way("numpy", Beside()),
    ("msgpack-numpy", "packb"): Way("numpy", OneArray("msgpack/numpy"), "bytes"),
    ("safetensors", "save"): Way("safetensors", Arrays("safetensors/arrays"), "bytes"),
    ("pyarrow", "tensor"): Way("arrow", OneArray("arrow/tensor"), "bytes"),
    ("pickle", "in-band"): Way("numpy", Beside()),
    ("pickle", "out-of-band"): Way("numpy", Beside(parts=True)),
}
