"""The models of the benchmark: the least work that shows that every value arrived."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from .cells import GRPC

if TYPE_CHECKING:
    import numpy.typing as npt

    from tensorwire.server import RawMessage

    from .cells import Cell

__all__ = ["Echo", "EchoRaw", "Sum", "SumRaw", "expected", "payload"]

WORD = np.dtype(np.uint32)
"""What ``predict`` takes bytes for, which do not tell."""
ONE = np.ones(1, np.int64)
"""What ``predict_raw`` answers, as in the known benchmark: it has not decoded anything."""


def payload(cell: Cell) -> npt.NDArray[Any]:
    """Return one row of consecutive integers.

    Over gRPC they are float64, which is what protobuf's ``ndarray`` and ``tensor`` carry; in JSON
    they are written as integers, as in the known benchmark.
    """
    dtype = np.float64 if cell.transport == GRPC else np.int64
    return np.arange(1, cell.values + 1, dtype=dtype).reshape(1, cell.values)


def expected(cell: Cell, answer: str) -> npt.NDArray[Any]:
    """Return the right answer to the payload of a cell."""
    array = payload(cell)
    if answer == "echo":
        return array
    if cell.method == "predict_raw":
        return ONE
    return _sum(array.view(WORD) if cell.kind == "raw" else array)


def _sum(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Add up, in the dtype that came; the words of raw bytes are no one's integers."""
    total = array.sum()
    return np.array([float(total) if array.dtype == WORD else total])


class Sum:
    """Adds up the values: none can be missing, and the reply is as small as the known one's."""

    def predict(self, features: Any, names: Any = None, meta: Any = None) -> Any:  # noqa: ARG002
        """Answer with one value."""
        return _sum(np.frombuffer(features, WORD) if isinstance(features, bytes) else features)


class WhoSum:
    """Adds up the values, and returns the id of the process too."""

    def predict(self, features: Any, names: Any = None, meta: Any = None) -> Any:  # noqa: ARG002
        """Answer with the sum and the process id."""
        return np.array([int(features.sum()), os.getpid()])


class PixelSum:
    """A model that adds up the pixels."""

    def predict(self, features: Any, names: Any = None, meta: Any = None) -> Any:  # noqa: ARG002
        """Answer with one value."""
        pixels = np.frombuffer(features, np.uint8) if isinstance(features, bytes) else features
        return np.array([pixels.sum()]).astype(np.int64)


class Echo:
    """Answers with what it got: the reply is as large as the request."""

    def predict(self, features: Any, names: Any = None, meta: Any = None) -> Any:  # noqa: ARG002
        """Return the array back."""
        return features


class SumRaw:
    """Answers with one value that is ready as bytes."""

    def __init__(self) -> None:
        import tensorwire as tw

        message = tw.Message(ONE, "ndarray")
        self._ready = {
            name: tw.get_protocol(name).encode(message)[0]
            for name in ("seldon/json", "seldon/protobuf")
        }

    def predict_raw(self, message: RawMessage) -> bytes:
        """Answer in the protocol of the request."""
        return self._ready[message.protocol]


class EchoRaw:
    """Gives the very bytes back."""

    def predict_raw(self, message: RawMessage) -> bytes:
        """Answer with the request."""
        return message.body


def model(method: str, answer: str) -> Any:
    """Make a model for a server of ours; ``pixels`` is for images, ``who`` for several workers."""
    made: dict[tuple[str, str], Any] = {
        ("predict", "sum"): Sum,
        ("predict", "echo"): Echo,
        ("predict_raw", "sum"): SumRaw,
        ("predict_raw", "echo"): EchoRaw,
        ("pixels", "sum"): PixelSum,
        ("who", "sum"): WhoSum,
    }
    return made[method, answer]()
