"""FastAPI: a route as its documentation shows one, the same by hand, and tensorwire beside them."""

from __future__ import annotations

import numpy as np
import orjson
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel

from tensorwire.serving import Handler, asgi


def model(values: np.ndarray) -> np.ndarray:
    """Double the values."""
    return values * 2


class Data(BaseModel):
    """The array of a request, and of a reply."""

    ndarray: list[list[float]]


class Message(BaseModel):
    """A request, or a reply."""

    data: Data


app = FastAPI()


@app.post("/as-it-is")
async def as_it_is(message: Message) -> Message:
    """Answer as FastAPI reads and writes JSON."""
    made = model(np.array(message.data.ndarray))
    return Message(data=Data(ndarray=made.tolist()))


@app.post("/by-hand")
async def by_hand(request: Request) -> Response:
    """Answer with orjson and numpy."""
    made = model(np.array(orjson.loads(await request.body())["data"]["ndarray"]))
    body = orjson.dumps({"data": {"ndarray": made}}, option=orjson.OPT_SERIALIZE_NUMPY)
    return Response(body, media_type="application/json")


app.mount("/tensorwire", asgi(Handler(model)))
