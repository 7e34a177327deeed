"""The messages of the Open Inference Protocol (V2), for `get_protocol("oip/...")`."""

from tensorwire.protocols.oip.length import json_size
from tensorwire.protocols.oip.messages import (
    InferRequest,
    InferResponse,
    InferTensor,
    RequestedOutput,
)

__all__ = ["InferRequest", "InferResponse", "InferTensor", "RequestedOutput", "json_size"]
