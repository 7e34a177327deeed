"""What clients of Ray Serve lose while a deployment changes: a line of JSON for each change.

``python ray_changes.py --changes update,scale`` in an environment that has Ray and tensorwire. Each
client sends one request after the other, and none again; a reply is to be right for the model from
before or after the change. The cluster is one of this machine, made for it.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import os
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ray import serve
from ray_cluster import cluster, enclose

from tensorwire.integrations.ray_serve import Endpoint

if TYPE_CHECKING:
    from collections.abc import Callable

CLIENTS, PORT = 8, 8123
PATH, BODY = "/v1/models/m:predict", b'{"instances":[1.5,2.5]}'
JSON = {"Content-Type": "application/json"}
RIGHT = {b'{"predictions":[3.0,5.0]}': "old", b'{"predictions":[4.5,7.5]}': "new"}
PAUSE = 0.01  # seconds that the model takes
PATIENCE = 90.0  # seconds for a change
FOLDER = "TENSORWIRE_CHANGES"  # the variable that names it


@serve.deployment(
    num_replicas=2,
    max_ongoing_requests=100,
    health_check_period_s=0.5,
    ray_actor_options={"num_cpus": 0.1},
    user_config={"factor": 2},
)
class Model(Endpoint):
    """Multiplies; a file tells one of its replicas to be unhealthy, or to end."""

    def __init__(self) -> None:
        self._is_sick = False
        self._factor = 0

    def reconfigure(self, config: dict[str, int]) -> None:
        """Take the configuration."""
        self._factor = config["factor"]

    async def predict(self, X: Any) -> Any:  # noqa: N803 - Seldon's name
        """Multiply, as slowly as a model."""
        await asyncio.sleep(PAUSE)
        return X * self._factor

    def check_health(self) -> None:
        """Raise, or end, where it is told to."""
        if _taken("ends"):
            os._exit(1)
        self._is_sick = self._is_sick or _taken("unhealthy")
        if self._is_sick:
            raise RuntimeError("told to be unhealthy")


def _taken(word: str) -> bool:
    """Return whether a file has that name; the first who asks takes it away."""
    try:
        (Path(os.environ[FOLDER]) / word).unlink()
    except FileNotFoundError:
        return False
    return True


class Clients:
    """Send requests from threads until `stop`, and count what comes back."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self.found: Counter[str] = Counter()
        self.slowest = 0.0
        self._threads = [threading.Thread(target=self._send) for _ in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def _send(self) -> None:
        client = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
        while not self._stopped.is_set():
            began = time.perf_counter()
            try:
                client.request("POST", PATH, BODY, JSON)
                reply = client.getresponse()
                body = reply.read()
                what = RIGHT.get(body, f"{reply.status} {reply.reason}")
            except (OSError, http.client.HTTPException) as error:
                what = type(error).__name__
                client.close()
            self.found[what] += 1
            self.slowest = max(self.slowest, time.perf_counter() - began)

    def stop(self) -> None:
        """Wait for the last replies."""
        self._stopped.set()
        for thread in self._threads:
            thread.join()


def update() -> None:
    """Run another version: new replicas start, and old ones finish what they have."""
    _run(user_config={"factor": 3})


def scale() -> None:
    """Let the load make three replicas of one, and go back to one under the same load."""
    config: dict[str, float] = {"min_replicas": 1, "max_replicas": 3, "target_ongoing_requests": 2}
    config |= {"upscale_delay_s": 0.5, "downscale_delay_s": 0.5, "look_back_period_s": 1}
    _run(num_replicas=None, autoscaling_config=config)
    _until(lambda: _replicas() == 3)
    _run(num_replicas=None, autoscaling_config=config | {"target_ongoing_requests": 50})
    _until(lambda: _replicas() == 1)


def unhealthy() -> None:
    """Let a replica fail its health checks, so that Ray replaces it."""
    _tell("unhealthy")


def ends() -> None:
    """Let the process of a replica end, as the system does for want of memory."""
    _tell("ends")


def _tell(word: str) -> None:
    (Path(os.environ[FOLDER]) / word).touch()
    _until(lambda: _replicas() != 2)
    _until(lambda: _replicas() == 2)


def _run(**options: Any) -> None:
    made: Any = Model  # a deployment
    serve.run(made.options(**options).bind(), name="m", route_prefix="/")


def _replicas() -> int:
    """Return how many replicas run, -1 while they change."""
    found = serve.status().applications["m"].deployments["Model"]
    others = set(found.replica_states) - {"RUNNING"}
    return -1 if others else found.replica_states.get("RUNNING", 0)


def _until(is_done: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not is_done():
        if time.monotonic() > end:
            raise TimeoutError(f"not done in {PATIENCE:.0f} s: {serve.status()}")
        time.sleep(0.05)


CHANGES = {change.__name__: change for change in (update, scale, unhealthy, ends)}


def measure(name: str) -> dict[str, Any]:
    """Make a change under load, and return what the clients saw."""
    _run()
    clients = Clients()
    try:
        time.sleep(1)
        began = time.monotonic()
        CHANGES[name]()
        took = time.monotonic() - began
        time.sleep(1)
    finally:
        clients.stop()
    found = {"change": name, "took": took, "slowest": clients.slowest, "clients": CLIENTS}
    return found | {"found": dict(clients.found)}


def main() -> None:
    """Make each change that is asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--changes", default=",".join(CHANGES), help="names between commas")
    asked = parser.parse_args().changes.split(",")
    with tempfile.TemporaryDirectory() as os.environ[FOLDER], cluster():
        serve.start(http_options={"host": "127.0.0.1", "port": PORT})
        for name in asked:
            print(json.dumps(measure(name)), flush=True)


if __name__ == "__main__":
    enclose()
    main()
