"""grpcio: one method of each form by protobuf's runtime, by hand, and by tensorwire."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import numpy as np

from tensorwire.containers.protobuf.schema import message_class
from tensorwire.integrations.grpcio import method_handler

INFER, PREDICT = "/inference.GRPCInferenceService/ModelInfer", "/seldon.protos.Seldon/Predict"
Request: Any = message_class("inference.ModelInferRequest")
Response: Any = message_class("inference.ModelInferResponse")
Seldon: Any = message_class("seldon.protos.SeldonMessage")


def model(values: np.ndarray) -> np.ndarray:
    """Double the values."""
    return values * 2


def ndarray(request: Any, _: Any) -> Any:
    """Answer with nested lists, a value at a time, as the official messages have them."""
    rows = request.data.ndarray.values
    made = model(np.array([[one.number_value for one in row.list_value.values] for row in rows]))
    reply = Seldon()
    for row in made.tolist():
        reply.data.ndarray.add_list().extend(row)
    return reply


def typed(request: Any, _: Any) -> Any:
    """Answer with the typed contents, as lists."""
    tensor = request.inputs[0]
    made = model(np.array(list(tensor.contents.fp64_contents)).reshape(tensor.shape))
    reply = Response()
    output = reply.outputs.add(name="y", datatype="FP64", shape=made.shape)
    output.contents.fp64_contents.extend(made.ravel().tolist())
    return reply


def typed_by_hand(request: Any, _: Any) -> Any:
    """Answer with the typed contents, without a list in between."""
    tensor = request.inputs[0]
    made = model(np.fromiter(tensor.contents.fp64_contents, np.float64))
    reply = Response()
    output = reply.outputs.add(name="y", datatype="FP64", shape=tensor.shape)
    output.contents.fp64_contents.extend(made)
    return reply


def raw(request: Any, _: Any) -> Any:
    """Answer with the memory of the array."""
    made = model(np.frombuffer(request.raw_input_contents[0]).reshape(request.inputs[0].shape))
    reply = Response()
    reply.outputs.add(name="y", datatype="FP64", shape=made.shape)
    reply.raw_output_contents.append(made.tobytes())
    return reply


def doubled(request: Any, _: Any) -> Any:
    """Answer with tensorwire's messages."""
    if hasattr(request, "inputs"):
        return request.reply({"y": model(request.inputs[0].value)})
    return request.reply(model(request.value))


def official(function: Any, request: Any) -> Any:
    """Return the handler of a method, as generated code makes it."""
    return grpc.unary_unary_rpc_method_handler(
        function, request.FromString, lambda message: message.SerializeToString()
    )


HANDLERS = {
    "NdarrayAsItIs": official(ndarray, Seldon),
    "NdarrayWithTensorwire": method_handler(doubled, PREDICT),
    "TypedAsItIs": official(typed, Request),
    "TypedByHand": official(typed_by_hand, Request),
    "TypedWithTensorwire": method_handler(doubled, INFER, "oip/protobuf-typed"),
    "RawAsItIs": official(raw, Request),
    "RawWithTensorwire": method_handler(doubled, INFER),
}

if __name__ == "__main__":
    unlimited = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    server = grpc.server(ThreadPoolExecutor(8), options=unlimited)
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("bench", HANDLERS)])
    server.add_insecure_port(f"127.0.0.1:{sys.argv[1]}")
    server.start()
    server.wait_for_termination()
