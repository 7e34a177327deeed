"""Ray Serve's microbenchmark, with three arms in each replica: as its users write it, by hand, ours.

``python ray_matrix.py --port 8100 --replicas 1,8``: the port is of a server that answers once all
replicas run. ``POST /SIZE/ONGOING`` there changes the size of batches and the requests under way
of each replica in place; Serve itself is at port 8000, with a prefix for each number of replicas.
"""

from __future__ import annotations

import argparse
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import numpy as np
import orjson
from ray import serve
from ray_cluster import cluster
from starlette.responses import Response

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
            return {"data": {"ndarray": made.tolist()}}
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


class Control(BaseHTTPRequestHandler):
    """Tells that all is ready, and changes the deployments."""

    replicas: tuple[int, ...] = ()

    def do_GET(self) -> None:
        """Answer once they run."""
        self._answered()

    def do_POST(self) -> None:
        """Change size and requests under way."""
        size, ongoing = map(int, self.path.strip("/").split("/"))
        for replicas in self.replicas:
            deploy(replicas, size, ongoing)
        self._answered()

    def _answered(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Write nothing."""


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--replicas", default="1")
    parser.add_argument("--nodes", type=int, default=1)
    parser.add_argument("--address")
    given = parser.parse_args()
    Control.replicas = tuple(map(int, given.replicas.split(",")))
    with cluster(nodes=given.nodes, address=given.address):
        serve.start(
            proxy_location="HeadOnly", http_options={"host": "127.0.0.1", "port": SERVE}
        )
        try:
            for replicas in Control.replicas:
                deploy(replicas, 1, 1)
            with HTTPServer(("127.0.0.1", given.port), Control) as server:
                server.serve_forever()
        finally:
            for replicas in Control.replicas:
                serve.delete(f"r{replicas}")


if __name__ == "__main__":
    main()
