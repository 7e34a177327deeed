"""The server hands arrays to a model at addresses that suit their dtypes."""

from typing import Any

import numpy as np
import pytest

import tensorwire as tw

pytest.importorskip("tensorwire.server", exc_type=ModuleNotFoundError)

from tensorwire.server import EchoServer
from tests.support.server_clients import ask, call

PATHS = {
    "seldon": "/predict",
    "oip": "/v2/models/m/infer",
    "tfserving": "/v1/models/m:predict",
}
METHODS = {
    "seldon": "/seldon.protos.Seldon/Predict",
    "oip": "/inference.GRPCInferenceService/ModelInfer",
    "tfserving": "/tensorflow.serving.PredictionService/Predict",
}


class Addresses:
    """A model that remembers the addresses of what it gets."""

    def __init__(self) -> None:
        self.found: list[int] = []

    def predict(self, X: Any) -> Any:  # noqa: N803 - Seldon's name
        """Add up one or several arrays."""
        arrays = list(X.values()) if isinstance(X, dict) else [X]
        self.found += [array.ctypes.data % array.dtype.alignment for array in arrays]
        return np.array([sum(float(array.sum()) for array in arrays)])


def message(family: str, size: int) -> Any:
    """Return a request with arrays of float64, whose place in the body depends on the size."""
    array = np.arange(float(size))
    if family == "seldon":
        return tw.Message(array, "tftensor")
    if family == "tfserving":
        return tw.tfserving.PredictRequest({"x" * (size % 8 + 1): array, "y": array})
    tensors = [tw.oip.InferTensor("x" * (size % 8 + 1), array), tw.oip.InferTensor("y", array)]
    return tw.oip.InferRequest(tensors)


@pytest.mark.parametrize("family", PATHS)
def test_models_get_aligned_arrays(family: str) -> None:
    """Over REST and gRPC, in every protocol, one array or several."""
    model = Addresses()
    sent = 0
    with EchoServer(model) as server:
        for name in tw.protocol_names():
            if not name.startswith(family + "/") or name == "oip/protobuf-json":  # not served
                continue
            for size in range(2, 18):
                body, headers = tw.get_protocol(name).encode(message(family, size))
                if "protobuf" in name:
                    call(server.grpc_port, METHODS[family], body)
                else:
                    reply = ask(server.rest_port, PATHS[family], body, headers)
                    assert reply.status == 200
                sent += 1 if family == "seldon" else 2
    assert model.found == [0] * sent
