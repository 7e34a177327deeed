"""Status and text of a failed gRPC call, held to grpcio's numbers."""

import pytest

from tensorwire.errors import CodecError, DecodeError, EncodeError, LimitError
from tensorwire.protocols.grpc_status import trailers_of

grpc = pytest.importorskip("grpc")


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (DecodeError("bad", "$.a"), "INVALID_ARGUMENT"),
        (EncodeError("bad"), "INVALID_ARGUMENT"),
        (CodecError("bad"), "INVALID_ARGUMENT"),
        ("no model x", "INVALID_ARGUMENT"),
        (LimitError("too large"), "RESOURCE_EXHAUSTED"),
        (ValueError("bad"), "INTERNAL"),
        (KeyError("k"), "INTERNAL"),
    ],
)
def test_the_status_is_that_of_the_error(error: BaseException | str, name: str) -> None:
    """What is not about the message is the server's fault."""
    trailers = trailers_of(error)
    assert trailers["grpc-status"] == str(grpc.StatusCode[name].value[0])
    assert trailers["grpc-message"] == str(error)
    assert len(trailers) == 2
