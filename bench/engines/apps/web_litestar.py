"""Litestar: a route as its documentation shows one, the same by hand, and tensorwire beside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from litestar import Litestar, Request, Response, post

from tensorwire.integrations.litestar import mount
from tensorwire.serving import Handler


def model(values: np.ndarray) -> np.ndarray:
    """Double the values."""
    return values * 2


@dataclass
class Data:
    """The array of a request, and of a reply."""

    ndarray: list[list[float]]


@dataclass
class Message:
    """A request, or a reply."""

    data: Data


@post("/as-it-is", status_code=200)
async def as_it_is(data: Message) -> Message:
    """Answer as Litestar reads and writes JSON."""
    made = model(np.array(data.data.ndarray))
    return Message(Data(made.tolist()))


@post("/by-hand", status_code=200)
async def by_hand(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Answer with orjson and numpy."""
    made = model(np.array(orjson.loads(await request.body())["data"]["ndarray"]))
    body = orjson.dumps({"data": {"ndarray": made}}, option=orjson.OPT_SERIALIZE_NUMPY)
    return Response(body, media_type="application/json")


app = Litestar([as_it_is, by_hand, mount(Handler(model), "/tensorwire")])
