"""The usual wrapper's way: arrays to Python lists and protobuf objects, and back, in two servers.

Written as model wrappers do it, with their best ways where they have two: JSON goes to numpy
directly and through protobuf's JSON only where it has to (``tftensor``).

``python -m bench.serving.objects REST METHOD ANSWER``: Flask, on gunicorn where it is installed,
else on its own server; one worker process that keeps connections. ``gRPC``: a typed servicer of
protobuf objects, as generated code makes it.
"""

from __future__ import annotations

import base64
import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np
from google.protobuf import json_format

from tensorwire.containers.protobuf.schema import message_class

from ..implementations.baselines import FILL, READ, fill_tensor, message, read_tensor
from ..process import tell
from .cells import REST
from .models import ONE, model
from .processes import wait_for_end
from .samples import HEADER, Parts, Watch, write_timing

SeldonMessage: Any = message()
TensorProto: Any = message_class("tensorflow.TensorProto")


def kind_of_json(tree: dict[str, Any]) -> str:
    """Return how the payload of a JSON request is laid out."""
    if "binData" in tree:
        return "raw"
    return next(kind for kind in ("tensor", "ndarray", "tftensor") if kind in tree["data"])


def from_json(tree: dict[str, Any]) -> Any:
    """Read the payload of parsed JSON."""
    kind = kind_of_json(tree)
    if kind == "raw":
        return base64.b64decode(tree["binData"])
    data = tree["data"][kind]
    if kind == "ndarray":
        return np.array(data)
    if kind == "tensor":
        return np.array(data["values"]).reshape(data["shape"])
    return read_tensor(json_format.ParseDict(data, TensorProto()))


def to_json(value: Any, kind: str) -> dict[str, Any]:
    """Lay a payload out as what ``json.dumps`` takes."""
    if isinstance(value, bytes):
        return {"binData": base64.b64encode(value).decode()}
    if kind == "ndarray":
        return {"data": {"names": [], "ndarray": value.tolist()}}
    if kind == "tftensor":
        built = TensorProto()
        fill_tensor(built, value)
        return {"data": {"names": [], "tftensor": json_format.MessageToDict(built)}}
    flat = value.ravel().tolist()
    return {"data": {"names": [], "tensor": {"shape": value.shape, "values": flat}}}


def kind_of_message(request: Any) -> str:
    """Return how the payload of a SeldonMessage is laid out."""
    if request.WhichOneof("data_oneof") == "binData":
        return "raw"
    kind: str = request.data.WhichOneof("data_oneof")
    return kind


def from_message(request: Any) -> Any:
    """Read the payload of a SeldonMessage."""
    kind = kind_of_message(request)
    if kind == "raw":
        return request.binData
    return READ[kind](request.data)


def to_message(value: Any, kind: str) -> Any:
    """Lay a payload out as a SeldonMessage."""
    if isinstance(value, bytes):
        return SeldonMessage(binData=value)
    built = SeldonMessage()
    FILL.get(kind, FILL["tensor"])(built.data, value)  # an array that answers bytes is a tensor
    return built


PATH = "/api/v1.0/predictions"
REST_THREADS = 8


def server_name() -> str:
    """Return what serves Flask here."""
    return "gunicorn" if find_spec("gunicorn") else "werkzeug"


def application(method: str, answer: str) -> Any:
    """Make the Flask application around a model."""
    from flask import Flask, jsonify, request

    made = Flask("wrapper")
    predict = None if method == "predict_raw" else model(method, answer).predict
    raw_reply = {"data": {"ndarray": [1]}}

    @made.post(PATH)  # type: ignore[untyped-decorator]
    def predictions() -> Any:
        watch = Watch()
        tree = request.get_json(force=True)
        if predict is None:
            decode, taken = watch.lap(), 0.0
            response = jsonify(tree if answer == "echo" else raw_reply)
        else:
            value = from_json(tree)
            decode = watch.lap()
            result = predict(value, tree.get("data", {}).get("names"))
            taken = watch.lap()
            kind = kind_of_json(tree)
            response = jsonify(to_json(result, kind))
        parts = Parts(decode, taken, watch.lap())
        response.headers[HEADER] = write_timing(parts)
        return response

    return made


def _gunicorn(app: Any) -> None:
    from gunicorn.app.base import BaseApplication

    class Standalone(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            settings = {
                "bind": "127.0.0.1:0",
                "workers": 1,
                "worker_class": "gthread",
                "threads": REST_THREADS,
                "keepalive": 75,
                "loglevel": "error",
                "post_worker_init": lambda worker: tell(
                    {"rest": worker.sockets[0].getsockname()[1]}
                ),
            }
            for name, value in settings.items():
                self.cfg.set(name, value)

        def load(self) -> Any:
            return app

    def leave() -> None:
        wait_for_end()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=leave, daemon=True).start()
    Standalone().run()


def _werkzeug(app: Any) -> None:
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):  # type: ignore[misc]
        protocol_version = "HTTP/1.1"  # which keeps connections

        def log_request(self, *_: Any) -> None:
            pass

    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    tell({"rest": server.server_port})
    wait_for_end()


GRPC_THREADS = 10
UNLIMITED = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))


class TimedMessage(NamedTuple):
    """A message, the seconds it has taken so far, and the call whose trailers report them."""

    message: Any
    parts: Parts
    context: Any = None


def parse(body: bytes) -> TimedMessage:
    """Deserialize a request."""
    watch = Watch()
    message = SeldonMessage.FromString(body)
    return TimedMessage(message, Parts(decode=watch.lap()))


def serialize(reply: TimedMessage) -> bytes:
    """Serialize a reply, and tell what the call has cost."""
    watch = Watch()
    body: bytes = reply.message.SerializeToString()
    parts = reply.parts._replace(encode=reply.parts.encode + watch.lap())
    reply.context.set_trailing_metadata(((HEADER, write_timing(parts)),))
    return body


class Servicer:
    """Seldon's service around a model."""

    def __init__(self, method: str, answer: str) -> None:
        self._predict = None if method == "predict_raw" else model(method, answer).predict
        self._echoes = answer == "echo"

    def predict(self, request: TimedMessage, context: Any) -> TimedMessage:
        """Answer one call."""
        watch = Watch()
        message, parts = request.message, request.parts
        if self._predict is None:
            reply = message if self._echoes else to_message(ONE, "ndarray")
            return TimedMessage(reply, parts._replace(encode=watch.lap()), context)
        value = from_message(message)
        decode = parts.decode + watch.lap()
        result = self._predict(value, list(message.data.names))
        taken = watch.lap()
        reply = to_message(result, kind_of_message(message))
        return TimedMessage(reply, Parts(decode, taken, watch.lap()), context)


def serve_grpc(method: str, answer: str) -> None:
    """Serve over gRPC until stdin ends."""
    import grpc

    server = grpc.server(ThreadPoolExecutor(GRPC_THREADS), options=UNLIMITED)
    handler = grpc.unary_unary_rpc_method_handler(
        Servicer(method, answer).predict, request_deserializer=parse, response_serializer=serialize
    )
    service = grpc.method_handlers_generic_handler("seldon.protos.Seldon", {"Predict": handler})
    server.add_generic_rpc_handlers((service,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    tell({"grpc": port})
    wait_for_end()
    server.stop(1).wait()


def serve_rest(method: str, answer: str) -> None:
    """Serve over REST until stdin ends."""
    app = application(method, answer)
    (_gunicorn if server_name() == "gunicorn" else _werkzeug)(app)


if __name__ == "__main__":
    (serve_rest if sys.argv[1] == REST else serve_grpc)(*sys.argv[2:])
