"""Standard gRPC services: health checks, and reflection for clients without a schema.

Neither waits behind calls of the model, and no stream of either outlives the server.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import grpc
from google.protobuf import descriptor_pool
from grpc_health.v1 import health, health_pb2
from grpc_reflection.v1alpha import reflection, reflection_pb2

from tensorwire.containers.protobuf.schema import pool
from tensorwire.server.grpc_threads import GrpcThreads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tensorwire.server.limits import ServerLimits

__all__ = ["Standard", "in_pool"]

_T = TypeVar("_T", bound="Callable[..., Any]")
_REFLECTION = (reflection.SERVICE_NAME, "grpc.reflection.v1.ServerReflection")  # the same bytes


def in_pool(behaviour: _T, pool: ThreadPoolExecutor) -> _T:
    """Let grpcio run a method in a separate pool; a release without the attribute ignores it."""
    behaviour.experimental_thread_pool = pool  # type: ignore[attr-defined]
    return behaviour


class Standard:
    """The standard services, which describe the services of a server.

    Attributes
    ----------
    pool
        threads for short calls.
    """

    def __init__(self, services: Iterable[str], limits: ServerLimits) -> None:
        self.pool = GrpcThreads("tensorwire-health", limits, evicts=True)
        self._streams = ThreadPoolExecutor(4, "tensorwire-reflection")
        self._ends: set[Callable[[], Any]] = set()  # of the streams that are open
        self._health = health.HealthServicer()
        services = tuple(services)
        for name in services:
            self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
        names = (*services, health.SERVICE_NAME, *_REFLECTION)
        pools: Any = _Pools(pool(), descriptor_pool.Default())
        self._reflection = reflection.ReflectionServicer(names, pools)

    def handlers(self) -> tuple[grpc.GenericRpcHandler, ...]:
        """Return the handlers of all methods."""
        check = in_pool(partial(self._health.Check), self.pool)
        watch: Any = partial(self._watch)
        watch.experimental_non_blocking = True  # it waits in no thread
        info = in_pool(partial(self._info), self._streams)
        checks = health_pb2.HealthCheckRequest.FromString, _serialize
        infos = reflection_pb2.ServerReflectionRequest.FromString, _serialize
        methods = {
            "Check": grpc.unary_unary_rpc_method_handler(check, *checks),
            "Watch": grpc.unary_stream_rpc_method_handler(watch, *checks),
        }
        method = {"ServerReflectionInfo": grpc.stream_stream_rpc_method_handler(info, *infos)}
        return (
            grpc.method_handlers_generic_handler(health.SERVICE_NAME, methods),
            *(grpc.method_handlers_generic_handler(name, method) for name in _REFLECTION),
        )

    def _watch(self, request: Any, context: Any, send: Callable[[Any], None]) -> None:
        self._open(context, partial(send, None))
        self._health.Watch(request, context, send)

    def _info(self, requests: Iterator[Any], context: Any) -> Iterator[Any]:
        self._open(context, context.cancel)
        yield from self._reflection.ServerReflectionInfo(requests, context)

    def _open(self, context: Any, end: Callable[[], Any]) -> None:
        self._ends.add(end)
        context.add_callback(partial(self._ends.discard, end))

    def stop(self) -> None:
        """Report that no service is served, and end the streams."""
        self._health.enter_graceful_shutdown()
        for end in list(self._ends):
            end()

    def close(self) -> None:
        """End the threads."""
        for threads in (self.pool, self._streams):
            threads.shutdown(wait=False)


def _serialize(message: Any) -> bytes:
    data: bytes = message.SerializeToString()
    return data


class _Pools:
    """Two descriptor pools as one: a name that the first does not have is looked up in the second.

    The messages of this package are in a private pool, those of gRPC in the default pool.
    """

    def __init__(
        self, first: descriptor_pool.DescriptorPool, second: descriptor_pool.DescriptorPool
    ) -> None:
        self._first, self._second = first, second

    def __getattr__(self, method: str) -> Callable[..., Any]:
        return partial(self._find, method)

    def _find(self, method: str, *arguments: Any) -> Any:
        try:
            return getattr(self._first, method)(*arguments)
        except KeyError:
            return getattr(self._second, method)(*arguments)
