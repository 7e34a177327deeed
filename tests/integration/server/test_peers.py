"""The server and the clients of others, where they are installed: tritonclient, and Seldon's own.

Neither is ever a dependency; ``python -m interop`` makes environments for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

pytest.importorskip("tensorwire.server", exc_type=ModuleNotFoundError)


if TYPE_CHECKING:
    from tensorwire.server import EchoServer

ARRAYS = [
    np.arange(6, dtype=np.float32).reshape(2, 3),
    np.array([[1.5, -2.5]]),
    np.arange(4, dtype=np.int64),
    np.array([True, False]),
    np.array([b"a", b"bc"], np.object_),
    np.arange(3, dtype=np.float16),
    np.arange(200_000, dtype=np.float64),
]


@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.dtype}-{array.shape}")
@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("packed", [None, "gzip", "deflate"])
def test_triton_http(server: EchoServer, array: Any, *, binary: bool, packed: str | None) -> None:
    """tritonclient[http] sends and reads tensors as memory and as JSON, also compressed."""
    triton: Any = pytest.importorskip("tritonclient.http")
    if array.dtype == np.float16 and not binary:
        pytest.skip("tritonclient has no FP16 in JSON")
    client = triton.InferenceServerClient(f"127.0.0.1:{server.rest_port}")
    try:
        assert client.is_server_live()
        assert client.is_server_ready()
        assert client.is_model_ready("m")
        assert client.get_server_metadata()["name"] == "tensorwire"
        assert client.get_model_metadata("m")["name"] == "m"
        kind = triton_dtype(array)
        tensor = triton.InferInput("x", array.shape, kind)
        tensor.set_data_from_numpy(array, binary_data=binary)
        for outputs in (None, [triton.InferRequestedOutput("x", binary_data=binary)]):
            result = client.infer(
                "m", [tensor], outputs=outputs, request_id="7", request_compression_algorithm=packed
            )
            values = result.as_numpy("x").reshape(-1).tolist()
            values = [value.encode() if isinstance(value, str) else value for value in values]
            assert values == array.reshape(-1).tolist()
            assert result.get_response()["id"] == "7"
        with pytest.raises(Exception, match="got 'y'"):
            client.infer("m", [tensor], outputs=[triton.InferRequestedOutput("y")])
    finally:
        client.close()


@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.dtype}-{array.shape}")
def test_triton_grpc(server: EchoServer, array: Any) -> None:
    """tritonclient[grpc] sends and reads tensors, and asks about server and model."""
    triton: Any = pytest.importorskip("tritonclient.grpc")
    client = triton.InferenceServerClient(f"127.0.0.1:{server.grpc_port}")
    try:
        assert client.is_server_live()
        assert client.is_model_ready("m")
        assert client.get_server_metadata().name == "tensorwire"
        assert client.get_model_metadata("m").name == "m"
        tensor = triton.InferInput("x", array.shape, triton_dtype(array))
        tensor.set_data_from_numpy(array)
        result = client.infer("m", [tensor], request_id="7")
        assert result.as_numpy("x").tolist() == array.tolist()
        assert result.get_response().id == "7"
        with pytest.raises(Exception, match="got 'y'"):
            client.infer("m", [tensor], outputs=[triton.InferRequestedOutput("y")])
    finally:
        client.close()


def triton_dtype(array: Any) -> str:
    """Name a dtype as Triton does."""
    utils: Any = pytest.importorskip("tritonclient.utils")
    name: str = utils.np_to_triton_dtype(array.dtype)
    return name


@pytest.mark.parametrize("kind", ["tensor", "ndarray", "tftensor"])
@pytest.mark.parametrize("transport", ["rest", "grpc"])
def test_seldon_client(server: EchoServer, kind: str, transport: str) -> None:
    """Seldon's client speaks to it as to an executor, and as to a model."""
    seldon: Any = pytest.importorskip("seldon_core.seldon_client")
    array = np.array([[1.5, 2.5]])
    port = server.rest_port if transport == "rest" else server.grpc_port
    place = f"127.0.0.1:{port}"
    client = seldon.SeldonClient(
        gateway="seldon",
        gateway_endpoint=place,
        microservice_endpoint=place,
        transport=transport,
        client_return_type="proto",
    )
    for ask in (client.predict, client.microservice):
        done = ask(data=array, payload_type=kind, names=["a", "b"], method="predict")
        assert done.success, done.msg
        assert list(done.response.data.names) == ["a", "b"]
        assert done.response.data.WhichOneof("data_oneof") == kind


def test_triton_http_asks_for_what_is_not_served(server: EchoServer) -> None:
    """Classification and shared memory are refused; NaN in JSON goes there and back."""
    triton: Any = pytest.importorskip("tritonclient.http")
    client = triton.InferenceServerClient(f"127.0.0.1:{server.rest_port}")
    try:
        tensor = triton.InferInput("x", [3], "FP32")
        array = np.array([1.5, np.nan, np.inf], np.float32)
        tensor.set_data_from_numpy(array, binary_data=False)
        asked = [triton.InferRequestedOutput("x", binary_data=False)]
        result = client.infer("m", [tensor], outputs=asked)
        assert str(result.as_numpy("x").tolist()) == "[1.5, nan, inf]"
        with pytest.raises(Exception, match="got a classification"):
            client.infer("m", [tensor], outputs=[triton.InferRequestedOutput("x", class_count=2)])
        shared = triton.InferRequestedOutput("x")
        shared.set_shared_memory("region", 12)
        with pytest.raises(Exception, match="shared memory"):
            client.infer("m", [tensor], outputs=[shared])
        tensor.set_shared_memory("region", 12)
        with pytest.raises(Exception, match="shared memory"):
            client.infer("m", [tensor])
    finally:
        client.close()
