"""BentoML: the paths of every protocol, answered by a method of a service.

What is mounted is the ASGI application of `tensorwire.serving`, by BentoML's own ``asgi_app``.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, TypeVar

from tensorwire.extras import Needed
from tensorwire.serving import Handler, Refusal, asgi
from tensorwire.serving.refusals import Status

with Needed("tensorwire.integrations.bentoml", "bentoml"):
    import bentoml
    from anyio import CapacityLimiter, to_thread
    from bentoml.exceptions import ServiceUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    T = TypeVar("T")

__all__ = ["mount"]


def mount(
    method: str = "predict", *, path: str = "/", threads: int = 1, **options: Any
) -> Callable[[T], T]:
    """Return a decorator of a service's class, below ``@bentoml.service``.

    Parameters
    ----------
    method : str, default "predict"
        The method of the service that answers: of an array, or of a dict of arrays. A coroutine
        function is awaited, such as one that calls a batched service; another runs in a thread.
    path : str, default "/"
        Where the paths of the protocols begin. At ``/``, ``GET /`` lists them instead of BentoML's
        own page.
    threads : int, default 1
        How many calls of a method that is no coroutine function run at once, as in BentoML.
    **options
        Of `tensorwire.serving.Handler`: ``limits``, ``size``, ``missing``.

    Returns
    -------
    callable
        The decorator.

    Examples
    --------
    >>> import bentoml
    >>> from tensorwire.integrations.bentoml import mount
    >>> @bentoml.service
    ... @mount("predict")
    ... class Double:
    ...     def predict(self, X):
    ...         return X * 2
    """
    limiter = CapacityLimiter(threads)

    async def answer(value: Any) -> Any:
        call = getattr(bentoml.get_current_service(), method)
        call = getattr(call, "local", call)  # of an API; the API itself would send JSON
        try:
            if inspect.iscoroutinefunction(call):
                return await call(value)
            return await to_thread.run_sync(call, value, limiter=limiter)
        except ServiceUnavailable as error:  # a batch would be later than it may be
            raise Refusal(Status.BUSY, "expected a free service, got an overloaded one") from error

    decorator: Callable[[T], T] = bentoml.asgi_app(asgi(Handler(answer, **options)), path=path)
    return decorator
