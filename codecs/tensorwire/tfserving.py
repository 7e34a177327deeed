"""The messages of TensorFlow Serving, for `get_protocol("tfserving/...")`."""

from tensorwire.protocols.tfserving.messages import PredictRequest, PredictResponse

__all__ = ["PredictRequest", "PredictResponse"]
