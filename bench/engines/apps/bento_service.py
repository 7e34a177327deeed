"""BentoML: APIs as its documentation shows them, a route by hand, and tensorwire beside them.

A call of the model takes `COST` seconds, however many rows it has, as on an accelerator; `double`
takes none. The rows of each batch are appended to the file that ``BATCHES`` names.
"""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import bentoml
import numpy as np
import orjson
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from tensorwire.integrations.bentoml import mount

if TYPE_CHECKING:
    from starlette.requests import Request

COST = 0.002
BATCHING = {"batchable": True, "max_batch_size": 100, "max_latency_ms": 500}


def slow(values: np.ndarray) -> np.ndarray:
    """Double the values, at the cost of a call."""
    time.sleep(COST)
    return values * 2


def batch(values: np.ndarray, arm: str) -> np.ndarray:
    """Double the rows of a batch, and write down how many there are."""
    if name := os.environ.get("BATCHES"):
        with Path(name).open("a", encoding="utf-8") as file:
            file.write(f"{arm} {len(values)}\n")
    return slow(values)


async def by_hand(request: Request) -> Response:
    """Answer with orjson and numpy."""
    made = np.array(orjson.loads(await request.body())["X"]) * 2
    return Response(orjson.dumps(made, option=orjson.OPT_SERIALIZE_NUMPY))


@bentoml.service
class Model:
    """The model whose calls are batched, behind the protocols."""

    @bentoml.api(**BATCHING)
    def predict(self, X: np.ndarray) -> np.ndarray:  # noqa: N803 - Seldon's name
        """Answer a batch."""
        return batch(X, "with tensorwire")


@bentoml.service
@bentoml.asgi_app(Starlette(routes=[Route("/double", by_hand, methods=["POST"])]), path="/by-hand")
@mount("twice", path="/tensorwire/double")
@mount("slowly", path="/tensorwire/sync")
@mount("slowly_awaited", path="/tensorwire/async")
@mount("in_batches", path="/tensorwire/batched")
class Front:
    """Each way of serving, as it is and with tensorwire."""

    model = bentoml.depends(Model)

    @bentoml.api(route="/double")
    def double(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        """Answer at no cost."""
        return X * 2

    @bentoml.api(route="/sync")
    def sync_api(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        """Answer in a thread."""
        return slow(X)

    @bentoml.api(route="/async")
    async def async_api(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        """Answer in the event loop, while others wait for theirs."""
        await asyncio.sleep(COST)
        return X * 2

    @bentoml.api(route="/batched", **BATCHING)
    def batched_api(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        """Answer a batch."""
        return batch(X, "as it is")

    def twice(self, values: np.ndarray) -> np.ndarray:
        """Answer at no cost."""
        return values * 2

    def slowly(self, values: np.ndarray) -> np.ndarray:
        """Answer in a thread."""
        return slow(values)

    async def slowly_awaited(self, values: np.ndarray) -> np.ndarray:
        """Answer in the event loop."""
        await asyncio.sleep(COST)
        return values * 2

    async def in_batches(self, values: np.ndarray) -> np.ndarray:
        """Answer from a batch of the other service."""
        made: np.ndarray = await self.model.to_async.predict(values)
        return made
