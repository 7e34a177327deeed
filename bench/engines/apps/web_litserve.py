"""LitServe: an API as its documentation shows one, the same by hand, and tensorwire beside them."""

import sys
from typing import Annotated

import litserve
import numpy as np
import orjson
from fastapi import Depends, Request, Response

from tensorwire.integrations.litserve import TensorAPI
from tensorwire.serving import Handler


def model(values: np.ndarray) -> np.ndarray:
    """Double the values."""
    return values * 2


class AsItIs(litserve.LitAPI):
    """Answers with what LitServe reads and writes."""

    def setup(self, device: str) -> None:
        """Load nothing."""

    # As LitServe's documentation has it: annotations here would have FastAPI read and check it.
    def decode_request(self, request):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
        """Return the array."""
        return np.array(request["data"]["ndarray"])

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Call the model."""
        return model(x)

    def encode_response(self, output):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
        """Return what LitServe writes as JSON."""
        return {"data": {"ndarray": output.tolist()}}


async def body_of(request: Request) -> bytes:
    """Return the bytes of a request."""
    return await request.body()


class ByHand(AsItIs):
    """Answers with orjson and numpy."""

    def decode_request(self, request: Annotated[bytes, Depends(body_of)]) -> np.ndarray:
        """Return the array."""
        return np.array(orjson.loads(request)["data"]["ndarray"])

    def encode_response(self, output: np.ndarray) -> Response:
        """Return the bytes of JSON."""
        body = orjson.dumps({"data": {"ndarray": output}}, option=orjson.OPT_SERIALIZE_NUMPY)
        return Response(body, media_type="application/json")


class Inside(TensorAPI):
    """Answers with tensorwire."""

    def setup(self, device: str) -> None:
        """Make the handler."""
        del device
        self.handler = Handler(model)


if __name__ == "__main__":
    apis = [
        AsItIs(api_path="/as-it-is"),
        ByHand(api_path="/by-hand"),
        Inside(api_path="/predict"),
        Inside(api_path="/v2/models/m/infer"),
    ]
    server = litserve.LitServer(apis, accelerator="cpu", workers_per_device=1)
    server.run(
        host="127.0.0.1", port=int(sys.argv[1]), generate_client_file=False, log_level="warning"
    )
