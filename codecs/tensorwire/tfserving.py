"""The messages of TensorFlow Serving, for ``get_protocol("tfserving/...")``.

``tfserving/protobuf`` has the bytes of a gRPC call, ``tfserving/json`` those of REST.

Examples
--------
>>> import numpy as np
>>> import tensorwire as tw
>>> request = tw.tfserving.PredictRequest({"x": np.array([[1.5, 2.5]])}, "iris")
>>> rest = tw.get_protocol("tfserving/json")
>>> body, headers = rest.encode(request)
>>> rest.decode(body).inputs["x"]
array([[1.5, 2.5]])
"""

from tensorwire.protocols.tfserving.messages import PredictRequest, PredictResponse

__all__ = ["PredictRequest", "PredictResponse"]
