"""The messages of the Open Inference Protocol (V2), for ``get_protocol("oip/...")``.

An `InferRequest` has `InferTensor` inputs and may ask for outputs (`RequestedOutput`); a server
answers with an `InferResponse`. `json_size` finds the end of the JSON in a binary body.

Examples
--------
>>> import numpy as np
>>> import tensorwire as tw
>>> from tensorwire.oip import InferRequest, InferTensor
>>> request = InferRequest([InferTensor("x", np.array([[1, 2]], np.int32))], "iris")
>>> body, headers = tw.get_protocol("oip/json").encode(request)
>>> body.decode()
'{"inputs":[{"name":"x","shape":[1,2],"datatype":"INT32","data":[1,2]}]}'
>>> request.reply({"y": np.array([0.5])}).outputs[0].value
array([0.5])
"""

from tensorwire.protocols.oip.length import json_size
from tensorwire.protocols.oip.messages import (
    InferRequest,
    InferResponse,
    InferTensor,
    RequestedOutput,
)

__all__ = ["InferRequest", "InferResponse", "InferTensor", "RequestedOutput", "json_size"]
