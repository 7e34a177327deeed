"""A deployment of Ray Serve that does nothing, and the least that three arms do with one value."""

from __future__ import annotations

import argparse
import os
import subprocess
from typing import Any

import numpy as np
import orjson
from ray import serve
from ray_cluster import cluster, enclose, told
from starlette.responses import JSONResponse, Response

from tensorwire.integrations.ray_serve import Endpoint

SERVE = 8000


@serve.deployment(ray_actor_options={"num_cpus": 0.1})
class Noop(Endpoint):
    """Answers nothing, or its request, by the arm that the path names."""

    def predict(self, X: Any) -> Any:  # noqa: N803 - Seldon's name
        """Return the values."""
        return X

    def pid(self) -> int:
        """Return the process of the replica."""
        return os.getpid()

    async def __call__(self, request: Any) -> Any:
        """Answer by the arm of the path."""
        if request.url.path.endswith("/noop"):
            return Response(b"")
        if request.url.path.endswith("/as-it-is"):
            made = np.array((await request.json())["data"]["ndarray"])
            return JSONResponse({"data": {"ndarray": made.tolist()}})
        if request.url.path.endswith("/by-hand"):
            made = np.array(orjson.loads(await request.body())["data"]["ndarray"])
            body = orjson.dumps({"data": {"ndarray": made}}, option=orjson.OPT_SERIALIZE_NUMPY)
            return Response(body, media_type="application/json")
        return await super().__call__(request)


def main() -> None:
    """Serve until the process is ended; ``POST /SECONDS`` records where a replica is, as an SVG."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--replicas", type=int, default=1)
    parser.add_argument("--ongoing", type=int, default=10_000)
    parser.add_argument("--address")
    given = parser.parse_args()
    with cluster(address=given.address):
        serve.start(proxy_location="HeadOnly", http_options={"host": "127.0.0.1", "port": SERVE})
        noop: Any = Noop
        made = noop.options(num_replicas=given.replicas, max_ongoing_requests=given.ongoing)
        handle = serve.run(made.bind(), name="noop", route_prefix="/noop")

        def record(words: list[str]) -> None:
            pid = handle.pid.remote().result()
            options = ("--duration", words[0], "--pid", str(pid), "--output", "flame.svg")
            command = ["py-spy", "record", "--nonblocking", *options]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603

        try:
            told(given.port, record)
        finally:
            serve.delete("noop")


if __name__ == "__main__":
    enclose()
    main()
