"""The messages of TensorFlow Serving, for `get_protocol("tfserving/...")`."""

from tensorwire.protocols.tfserving import PredictRequest, PredictResponse

__all__ = ["PredictRequest", "PredictResponse"]
