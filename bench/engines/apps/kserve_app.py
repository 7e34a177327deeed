"""Run KServe on 127.0.0.1: ``PORT CALLS as-it-is``, or ``install`` with tensorwire in it."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import numpy as np
import orjson
import uvicorn
from fastapi import Request, Response
from grpc import aio
from kserve import InferOutput, InferResponse, Model, ModelRepository
from kserve.model_server import app
from kserve.protocol.dataplane import DataPlane
from kserve.protocol.grpc.grpc_predict_v2_pb2_grpc import (
    add_GRPCInferenceServiceServicer_to_server,
)
from kserve.protocol.grpc.servicer import InferenceServicer
from kserve.protocol.model_repository_extension import ModelRepositoryExtension
from kserve.protocol.rest.server import RESTServer

from tensorwire.integrations.kserve import install, mount
from tensorwire.serving import Handler

LIMITS = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
]


def model(values: np.ndarray) -> np.ndarray:
    """Double the values."""
    return values * 2


class Double(Model):
    """A model as KServe's documentation shows one."""

    def predict(self, payload: Any, *_: Any, **__: Any) -> Any:
        """Answer as KServe reads and writes."""
        binary = payload.use_binary_outputs
        made = model(payload.inputs[0].as_numpy())
        output = InferOutput("y", list(made.shape), "FP64")
        output.set_data_from_numpy(made, binary_data=binary)
        return InferResponse(payload.id or "-", self.name, [output], use_binary_outputs=binary)


@app.post("/by-hand")
async def by_hand(request: Request) -> Response:
    """Answer with orjson and numpy, binary where the request is."""
    body, length = await request.body(), request.headers.get("inference-header-content-length")
    if length is None:
        tensor = orjson.loads(body)["inputs"][0]
        made = model(np.array(tensor["data"]).reshape(tensor["shape"]))
        output = {"name": "y", "datatype": "FP64", "shape": made.shape, "data": made.reshape(-1)}
        reply = {"model_name": "double", "id": "-", "outputs": [output]}
        text = orjson.dumps(reply, option=orjson.OPT_SERIALIZE_NUMPY)
        return Response(text, media_type="application/json")
    tensor = orjson.loads(body[: int(length)])["inputs"][0]
    made = model(np.frombuffer(body, np.float64, offset=int(length)).reshape(tensor["shape"]))
    output = {"name": "y", "datatype": "FP64", "shape": made.shape}
    output["parameters"] = {"binary_data_size": made.nbytes}
    text = orjson.dumps({"model_name": "double", "id": "-", "outputs": [output]})
    headers = {"inference-header-content-length": str(len(text))}
    return Response(text + made.tobytes(), media_type="application/octet-stream", headers=headers)


async def serve(port: int, calls: int, how: str) -> None:
    """Serve until the process ends."""
    if how == "install":
        install()
    mount(Handler(model))
    models, double = ModelRepository(), Double("double")
    double.ready = True
    models.update(double)
    plane, extension = DataPlane(models), ModelRepositoryExtension(models)
    RESTServer("", plane, extension, 8080).create_application()
    server = aio.server(options=LIMITS)
    add_GRPCInferenceServiceServicer_to_server(InferenceServicer(plane, extension), server)
    server.add_insecure_port(f"127.0.0.1:{calls}")
    await server.start()
    await uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning")).serve()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
