"""Ray Serve with three arms in each replica: as its users write it, by hand, and with tensorwire.

``python ray_matrix.py --port 8100 --replicas 1,8``: the port is of a server that answers once all
replicas run. ``POST /SIZE/ONGOING`` there changes the size of batches and the requests under way
of each replica in place; Serve itself is at port 8000, with a prefix for each number of replicas.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import orjson
from ray import serve
from ray_cluster import cluster, enclose, told
from starlette.responses import JSONResponse, Response

from tensorwire.integrations.ray_serve import Endpoint

SERVE = 8000


@serve.deployment(ray_actor_options={"num_cpus": 0.1})
class Arms(Endpoint):
    """Doubles arrays, by the arm that the path names."""

    def reconfigure(self, config: dict[str, int]) -> None:
        """Set the size of all batches."""
        self._size = config["size"]
        for batch in (self.arrays, self.requests):
            batch.set_max_batch_size(self._size)

    def predict(self, X: np.ndarray) -> np.ndarray:  # noqa: N803 - Seldon's name
        """Double the values."""
        return X * 2

    @serve.batch(max_batch_size=1, batch_wait_timeout_s=0.0)
    async def arrays(self, arrays: list[np.ndarray]) -> list[np.ndarray]:
        """Double several arrays in one call."""
        ends = np.cumsum([len(one) for one in arrays])[:-1]
        return np.split(self.predict(np.concatenate(arrays)), ends)

    @serve.batch(max_batch_size=1, batch_wait_timeout_s=0.0)
    async def requests(self, requests: list[Any]) -> list[Any]:
        """Answer several requests in one call."""
        return self.handler.batch(requests)

    async def answer(self, asked: Any) -> Any:
        """Answer in batches, as the other arms do."""
        return await self.requests(asked)

    async def __call__(self, request: Any) -> Any:
        """Answer by the arm of the path."""
        if request.url.path.endswith("/as-it-is"):
            made = await self.arrays(np.array((await request.json())["data"]["ndarray"]))
            return JSONResponse({"data": {"ndarray": made.tolist()}})
        if request.url.path.endswith("/by-hand"):
            made = await self.arrays(
                np.array(orjson.loads(await request.body())["data"]["ndarray"])
            )
            body = orjson.dumps({"data": {"ndarray": made}}, option=orjson.OPT_SERIALIZE_NUMPY)
            return Response(body, media_type="application/json")
        return await super().__call__(request)


def deploy(replicas: int, size: int, ongoing: int) -> None:
    """Run, or change, the application with so many replicas."""
    arms: Any = Arms
    made = arms.options(
        num_replicas=replicas, max_ongoing_requests=ongoing, user_config={"size": size}
    )
    made._version = "1"  # noqa: SLF001 - else the replicas are replaced, and not changed
    serve.run(made.bind(), name=f"r{replicas}", route_prefix=f"/r{replicas}")


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--replicas", default="1")
    parser.add_argument("--nodes", type=int, default=1)
    parser.add_argument("--address")
    given = parser.parse_args()
    numbers = [int(number) for number in given.replicas.split(",")]

    def change(words: list[str]) -> None:
        for replicas in numbers:
            deploy(replicas, *map(int, words))

    with cluster(nodes=given.nodes, address=given.address):
        serve.start(proxy_location="HeadOnly", http_options={"host": "127.0.0.1", "port": SERVE})
        try:
            change(["1", "1"])
            told(given.port, change)
        finally:
            for replicas in numbers:
                serve.delete(f"r{replicas}")


if __name__ == "__main__":
    enclose()
    main()
