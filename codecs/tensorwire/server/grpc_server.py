"""The services of gRPC on grpcio's synchronous server: bytes in, bytes out."""

from __future__ import annotations

import logging
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as NotInTime
from functools import partial
from threading import Event, Thread
from time import perf_counter
from typing import TYPE_CHECKING, Any

import grpc

from tensorwire.server.grpc_standard import Standard, in_pool
from tensorwire.server.grpc_threads import GrpcThreads
from tensorwire.server.limits import too_late
from tensorwire.serving.model import RawMessage
from tensorwire.serving.refusals import forget, reason_of, status_of
from tensorwire.serving.routes import calls_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias

    from tensorwire.protocols.family import Call, Family
    from tensorwire.server.limits import ServerLimits
    from tensorwire.server.service import Service

    Answer: TypeAlias = Callable[[bytes, grpc.ServicerContext], bytes]
    Handler: TypeAlias = grpc.RpcMethodHandler[Any, Any]

__all__ = ["GrpcServer"]

_LOG = logging.getLogger("tensorwire.server")
_QUICK = 0.01  # of the time limit


class GrpcServer:
    """A gRPC server that answers from its construction until `stop`.

    Parameters
    ----------
    service
        the model, its threads and its metrics.
    host, port
        where to listen; port 0 is any that is free.
    reuse_port
        share the port with other processes that do so too.

    Attributes
    ----------
    port
        where it listens.
    """

    def __init__(self, service: Service, host: str, port: int, *, reuse_port: bool) -> None:
        self._service, self._limits = service, service.limits
        self._threads = GrpcThreads("tensorwire-grpc", self._limits)
        self._under_way: set[grpc.ServicerContext] = set()
        service.metrics.active["grpc"] = self._under_way.__len__
        self._calls = calls_of(service.protocols.values())
        services = dict.fromkeys(call.service for _, call in self._calls)
        self._standard = Standard(services, self._limits)
        self._server = grpc.server(
            self._threads,
            options=_options(self._limits, reuse_port=reuse_port),
        )
        handlers = (_Methods(self._methods()), *self._standard.handlers())
        self._server.add_generic_rpc_handlers(handlers)
        self._stopped, self._closed = Event(), Event()
        self._is_quick = False  # whether the last call of the model was far below the time limit
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        try:
            self.port: int = self._server.add_insecure_port(place)
        except RuntimeError as error:
            raise OSError(f"expected a free address for gRPC, got {place}: {error}") from None
        self._server.start()
        self._clock = Thread(target=self._look, name="tensorwire-grpc-clock", daemon=True)
        self._clock.start()

    def _look(self) -> None:
        """Look at every call, once a second."""
        while not self._closed.wait(1):
            self._threads.look()
            self._standard.pool.look()

    def _methods(self) -> dict[str, Handler]:
        exchange, service = self._service.exchange, self._service
        actions = {"predict": exchange.predict, "feedback": exchange.feedback}
        behaviours: dict[str, Answer] = {}
        for family, call in self._calls:
            if call.action in actions:
                protocol = f"{family.name}/{call.forms[0]}"
                answer = partial(_answer, actions[call.action], protocol)
                if not exchange.model.is_echo:
                    answer = partial(self._in_time, answer)
                behaviours[call.path] = self._behaviour(call.path, answer)
            else:
                answer = partial(_about, family, call, service)
                behaviour = self._behaviour(call.path, answer)
                behaviours[call.path] = in_pool(behaviour, self._standard.pool)
        return {
            name: grpc.unary_unary_rpc_method_handler(behaviour)
            for name, behaviour in behaviours.items()
        }

    def _behaviour(self, name: str, answer: Answer) -> Answer:
        """Return the function that grpcio calls for a method."""
        record, under_way = partial(self._service.metrics.record, "grpc", name), self._under_way

        def behaviour(body: bytes, context: grpc.ServicerContext) -> bytes:
            began = perf_counter()
            under_way.add(context)
            try:
                reply = answer(body, context)
            except BaseException as error:  # noqa: BLE001 - each has its status
                code = grpc.StatusCode[status_of(error).grpc]
                reason = reason_of(error)
                if code is grpc.StatusCode.INTERNAL:
                    _LOG.error("%s", name, exc_info=error)
                record(code.name, began, len(body), 0)
                forget(error)
                context.abort(code, reason)
            finally:
                under_way.discard(context)
            record("OK", began, len(body), len(reply))
            return reply

        return behaviour

    def _in_time(self, answer: Answer, body: bytes, context: Any) -> bytes:
        """Call the model within the time that the client and the limits allow.

        A change of threads takes longer than a quick model. So a model whose last call was far
        below the limit is called in this thread, where no limit can end it.
        """
        call = partial(self._timed, answer, body, context)
        workers, limit = self._service.workers, self._limits.timeout
        if self._is_quick and workers.begin():
            try:
                return call()
            finally:
                workers.end()
        left = context.time_remaining()
        job = workers.submit(call)
        if not context.add_callback(job.abandon):  # the client is gone
            job.abandon()
        try:
            return job.result(limit if left is None else min(left, limit))
        except (NotInTime, CancelledError):
            job.abandon()
            raise too_late(limit) from None

    def _timed(self, answer: Answer, body: bytes, context: Any) -> bytes:
        began = perf_counter()
        try:
            return answer(body, context)
        finally:
            self._is_quick = perf_counter() - began < self._limits.timeout * _QUICK

    def stop(self) -> None:
        """Take no more calls."""
        self._stopped = self._server.stop(self._limits.grace)
        self._standard.stop()

    def wait(self) -> None:
        """Wait for the calls under way, if they end in time."""
        self._stopped.wait()
        self._closed.set()
        self._threads.shutdown(wait=False)
        self._standard.close()


class _Methods(grpc.GenericRpcHandler):
    """Finds methods by name."""

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        self._handlers = handlers

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Handler | None:
        return self._handlers.get(handler_call_details.method)


def _answer(exchange: Callable[..., Any], protocol: str, body: bytes, _: Any) -> bytes:
    """Answer in the protocol of the request."""
    reply: bytes = exchange(RawMessage(body, protocol), protocol)[0]
    return reply


def _about(family: Family, call: Call, service: Service, body: bytes, _: Any) -> bytes:
    """Answer a call that asks about the server or the model."""
    return family.call(call, body, service.state)


def _options(limits: ServerLimits, *, reuse_port: bool) -> list[tuple[str, int]]:
    return [
        ("grpc.max_receive_message_length", limits.body),
        ("grpc.max_send_message_length", -1),
        ("grpc.max_metadata_size", limits.head),
        ("grpc.so_reuseport", int(reuse_port)),
        # A client that does not answer a ping is disconnected.
        ("grpc.keepalive_time_ms", int(limits.timeout * 1000)),
        ("grpc.keepalive_timeout_ms", int(limits.head_timeout * 1000)),
    ]
