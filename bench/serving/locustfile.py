"""Users for Locust, over REST and gRPC, with any kind of payload.

    locust -f bench/serving/locustfile.py --headless -u 8 -r 8 -t 10s \
        -H http://127.0.0.1:9000 --grpc-host 127.0.0.1:9500 --kind tftensor --count 1000 RestUser

The names of users at the end choose among them; without, there are as many of either. They expect
a server that echoes, ``python -m bench.serving noop``: the first answer is decoded and compared,
and all others have to be the same bytes.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import grpc
import grpc.experimental.gevent
import numpy as np
from locust import FastHttpUser, User, constant, events, task

import tensorwire as tw

if TYPE_CHECKING:
    from argparse import ArgumentParser

grpc.experimental.gevent.init_gevent()  # before the first channel

KINDS = ("ndarray", "tensor", "tftensor", "raw")
PATH = "/api/v1.0/predictions"
METHOD = "/seldon.protos.Seldon/Predict"
UNLIMITED = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]
def _add_options(parser: ArgumentParser) -> None:
    parser.add_argument("--kind", choices=KINDS, default="tensor", help="of the payload")
    parser.add_argument("--count", type=int, default=1, help="values in a request")
    parser.add_argument("--grpc-host", default="127.0.0.1:9500", help="HOST:PORT of gRPC")


class Echo:
    """A request, and whether a reply is its echo."""

    def __init__(self, container: str, options: Any) -> None:
        self._array = np.arange(1, options.count + 1).reshape(1, -1)
        self._codec = tw.get_codec(f"{container}/{options.kind}")
        self.body = self._codec.encode(self._array)
        self.name = f"{container}/{options.kind} {options.count}"
        self._known = b""

    def problem(self, reply: bytes) -> str:
        """Return what is wrong with a reply; empty if it is right."""
        if not self._known:
            got = np.asarray(self._codec.decode(reply))
            wanted = np.frombuffer(self._array.tobytes(), np.uint8)
            if not (np.array_equal(got, self._array) or np.array_equal(got, wanted)):
                return f"a wrong answer: {reply[:80]!r}"
            self._known = reply
        return "" if reply == self._known else "another answer than the first"


class RestUser(FastHttpUser):  # type: ignore[misc]
    """Sends JSON; the next request follows the reply to the last."""

    wait_time = constant(0)

    def on_start(self) -> None:
        """Write the body once."""
        self._echo = Echo("json", self.environment.parsed_options)

    @task  # type: ignore[untyped-decorator]
    def predict(self) -> None:
        """Send it."""
        with self.client.post(
            PATH,
            data=self._echo.body,
            headers={"Content-Type": "application/json"},
            name=self._echo.name,
            catch_response=True,
        ) as response:
            problem = self._echo.problem(response.content or b"") if response.ok else ""
            if problem:
                response.failure(problem)


class GrpcUser(User):  # type: ignore[misc]
    """Sends protobuf; the next call follows the reply to the last."""

    wait_time = constant(0)

    def on_start(self) -> None:
        """Write the body once, and connect."""
        options = self.environment.parsed_options
        self._echo = Echo("protobuf", options)
        self._channel = grpc.insecure_channel(options.grpc_host, UNLIMITED)
        self._method: Any = self._channel.unary_unary(METHOD)

    def on_stop(self) -> None:
        """Disconnect."""
        self._channel.close()

    @task  # type: ignore[untyped-decorator]
    def predict(self) -> None:
        """Send it, and tell Locust how that went."""
        began = time.perf_counter()
        error: Exception | None = None
        reply = b""
        try:
            reply = self._method(self._echo.body)
        except grpc.RpcError as raised:
            error = raised
        taken = (time.perf_counter() - began) * 1e3
        if error is None and (problem := self._echo.problem(reply)):
            error = ValueError(problem)
        self.environment.events.request.fire(
            request_type="gRPC",
            name=self._echo.name,
            response_time=taken,
            response_length=len(reply),
            exception=error,
            context={},
        )
