"""Run MLServer on 127.0.0.1: ``PORT CALLS as-it-is``, or ``install`` with tensorwire in it."""

from __future__ import annotations

import asyncio
import sys

import numpy as np
import orjson
from fastapi import Request, Response
from mlserver import MLModel, MLServer, ModelSettings, Settings
from mlserver.codecs import decode_args
from mlserver.handlers import custom_handler

from tensorwire.integrations.mlserver import install, route
from tensorwire.serving import Handler


def model(values: np.ndarray) -> np.ndarray:
    """Double the values."""
    return values * 2


class Double(MLModel):
    """A model that MLServer's codecs stand before."""

    tensorwire = route(Handler(model))

    @decode_args
    async def predict(self, x: np.ndarray) -> np.ndarray:
        """Answer as MLServer reads and writes."""
        return model(x)

    @custom_handler("/by-hand")
    async def by_hand(self, request: Request) -> Response:
        """Answer with orjson and numpy."""
        message = orjson.loads(await request.body())
        tensor = message["inputs"][0]
        made = model(np.array(tensor["data"]).reshape(tensor["shape"]))
        output = {"name": "y", "datatype": "FP64", "shape": made.shape, "data": made.reshape(-1)}
        reply = {"model_name": "double", "outputs": [output]}
        body = orjson.dumps(reply, option=orjson.OPT_SERIALIZE_NUMPY)
        return Response(body, media_type="application/json")


async def serve(port: int, calls: int) -> None:
    """Serve until the process ends."""
    settings = Settings(
        host="127.0.0.1",
        http_port=port,
        grpc_port=calls,
        metrics_endpoint=None,
        parallel_workers=0,
    )
    await MLServer(settings).start(
        [ModelSettings(name="double", implementation="mlserver_app.Double")]
    )


if __name__ == "__main__":
    if sys.argv[3] == "install":
        install()
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2])))
