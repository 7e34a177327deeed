"""Send the arrays that are easily changed through a peer alone, and through our codecs."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple

import tensorwire as tw
from interop.cases import PLAIN
from interop.workers.fragile import Verdict, hard_arrays, send

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from interop.process import PeerProcess

    Call = Callable[[Any], Any]

__all__ = ["OURS", "THEIRS", "Loss", "lost_by", "lost_by_us"]

THEIRS = {
    ("triton", "grpc"): "triton",
    ("kserve", "rest binary"): "kserve",
    ("kserve", "rest json"): "kserve json",
    ("mlserver", "rest json"): "mlserver",
    ("seldon", "rest ndarray"): "seldon",
    ("tensorflow", "make_ndarray"): "tensorflow",
    ("onnx", "numpy_helper"): "onnx",
    ("msgpack-numpy", "packb"): "msgpack-numpy",
    ("safetensors", "save"): "safetensors",
    ("pyarrow", "tensor"): "pyarrow",
    ("pickle", "in-band"): "pickle",
}
"""The ways that stand for a peer, and their headings."""
OURS = (
    "json/ndarray", "json/tensor", "protobuf/tftensor", "oip/json", "oip/binary",
    "msgpack/numpy", "safetensors/arrays", "arrow/tensor",
)  # fmt: skip
"""What stands for ours: other containers lose what these do, or less."""


class Loss(NamedTuple):
    """What came of one array."""

    column: str
    array: str
    verdict: Verdict


def lost_by(peer: PeerProcess) -> Iterator[Loss]:
    """Ask a peer to write and read each array."""
    for (name, way), column in THEIRS.items():
        if name == peer.peer and way in peer.ways:
            for array, verdict in peer.lose(way, "request", PLAIN).items():
                yield Loss(column, array, verdict)


def lost_by_us(names: tuple[str, ...] = OURS) -> Iterator[Loss]:
    """Write and read each array by codecs or protocols of ours."""
    for name in names:
        if name == "arrow/tensor" and not find_spec("pyarrow"):
            continue
        write, read = _codec(name) if name in tw.codec_names() else _protocol(name)
        for group in hard_arrays().values():
            for array, value in group.items():
                yield Loss(name, array, send(value, write, read))


def _codec(name: str) -> tuple[Call, Call]:
    codec = tw.get_codec(name)
    return lambda array: codec.encode(_given(array)), codec.decode


def _protocol(name: str) -> tuple[Call, Call]:
    protocol = tw.get_protocol(name)

    def write(array: Any) -> tuple[bytes, dict[str, str]]:
        tensor = tw.oip.InferTensor("0", _given(array))
        written: tuple[bytes, dict[str, str]] = protocol.encode(tw.oip.InferRequest([tensor]))
        return written

    def read(written: tuple[bytes, dict[str, str]]) -> Any:
        return protocol.decode(*written, type=tw.oip.InferRequest).inputs[0].value

    return write, read


def _given(array: Any) -> Any:
    """Give an array as we take it: strings that end in NUL, which numpy would cut, as lists."""
    lists = array.dtype == object and isinstance(array.flat[0], bytes)
    return array.tolist() if lists else array
