"""Seldon's Python wrapper as its own command runs it, once for each arm, on 127.0.0.1.

``python seldon_wrapper.py MODEL:ARM:REST_PORT:GRPC_PORT...``. TensorFlow is imported once: a server
is a fork. Each has one worker of gunicorn, and in it one thread of gRPC; gunicorn has two threads
rather than the one of the command, for with one it closes every connection.
"""

from __future__ import annotations

import logging
import os
import sys
from base64 import b64decode
from typing import Any

import numpy as np
import orjson

from tensorwire.integrations import seldon

# After the line above, which makes them importable.
from seldon_core import wrapper  # isort: skip
from seldon_core.gunicorn_utils import StandaloneApplication  # isort: skip
from seldon_core.metrics import SeldonMetrics  # isort: skip
from seldon_core.proto import prediction_pb2  # isort: skip

SIZES = {"seldon.io/grpc-max-message-size": str(1 << 30)}
DTYPES = {"DT_INT64": "i8", "DT_DOUBLE": "f8", "DT_UINT8": "u1"}


class Sum:
    """Adds up the values."""

    def predict(self, features: Any, names: Any = None, meta: Any = None) -> Any:  # noqa: ARG002
        """Answer with one value."""
        return np.array([features.sum(dtype="f8" if features.dtype.kind == "f" else "i8")])


class Ready:
    """Answers with one value that is ready, as the wrapper takes it."""

    message = prediction_pb2.SeldonMessage(data={"tensor": {"shape": [1], "values": [1]}})

    def predict_raw(self, request: Any) -> Any:
        """Answer without a look at the request."""
        return {"data": {"ndarray": [1]}} if isinstance(request, dict) else self.message


class WithRaw(Sum):
    """The same sum, by tensorwire."""

    predict_raw = seldon.raw("predict")


class ByHand(Sum):
    """The same sum, by orjson, base64 and numpy."""

    def predict_raw(self, request: Any) -> Any:
        """Read JSON, and write it."""
        answer = self.predict(array_of(orjson.loads(request)["data"]))
        return orjson.dumps({"data": {"ndarray": answer}}, option=orjson.OPT_SERIALIZE_NUMPY)


def array_of(data: dict[str, Any]) -> Any:
    """Return the array of a request."""
    if "ndarray" in data:
        return np.array(data["ndarray"])
    if "tensor" in data:
        return np.array(data["tensor"]["values"]).reshape(data["tensor"]["shape"])
    tensor = data["tftensor"]
    shape = [int(each["size"]) for each in tensor["tensorShape"]["dim"]]
    if "tensorContent" not in tensor:
        (values,) = (value for name, value in tensor.items() if name.endswith("Val"))
        return np.array(values, DTYPES[tensor["dtype"]]).reshape(shape)
    return np.frombuffer(b64decode(tensor["tensorContent"]), DTYPES[tensor["dtype"]]).reshape(shape)


def serve(model: str, arm: str, rest: str, grpc: str) -> None:
    """Serve one arm; it does not return."""
    made: Any = {"raw": WithRaw, "by-hand": ByHand}.get(arm, Ready if model == "ready" else Sum)()
    if arm == "install":
        seldon.install()
    if arm in ("raw", "by-hand"):
        wrapper.PAYLOAD_PASSTHROUGH = True  # as the environment variable of this name sets it
    metrics, kept = SeldonMetrics(), []

    def serve_grpc(_: Any) -> None:
        server = wrapper.get_grpc_server(made, metrics, SIZES, num_threads=1)
        server.add_insecure_port(f"127.0.0.1:{grpc}")
        server.start()
        kept.append(server)

    options = {"bind": f"127.0.0.1:{rest}", "threads": 2, "loglevel": "error"}
    app = wrapper.get_rest_microservice(made, metrics)
    StandaloneApplication(app, {**options, "post_worker_init": serve_grpc}).run()


def main() -> None:
    """Fork a server for each argument, and wait for them."""
    logging.disable(logging.WARNING)
    for argument in sys.argv[1:]:
        if os.fork() == 0:
            serve(*argument.split(":"))
    for _ in sys.argv[1:]:
        os.wait()


if __name__ == "__main__":
    main()
