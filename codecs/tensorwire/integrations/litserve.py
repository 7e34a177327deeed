"""LitServe: an API that answers in every protocol, on any path, in batches where it is given them.

LitServe hands JSON to its APIs; this one asks for the bytes. (No lazy annotations here: LitServe
looks at those of `decode_request` as they are.)
"""

from typing import Annotated, Any

from tensorwire.extras import Needed
from tensorwire.serving import Handler, Reply

with Needed("tensorwire.integrations.litserve", "litserve"):
    from fastapi import Depends, Request, Response
    from litserve import LitAPI

__all__ = ["TensorAPI"]


async def _asked(request: Request) -> tuple[bytes, dict[str, str], str]:
    return await request.body(), dict(request.headers), request.url.path


class TensorAPI(LitAPI):
    """A `LitAPI` whose `setup` makes a `Handler`, in each of LitServe's processes.

    Parameters
    ----------
    api_path : str, default "/{path:path}"
        The path of the API; by default every path that is not LitServe's own, so that the path of
        a request tells its protocol.
    **options : object
        Options of `litserve.LitAPI`, such as `max_batch_size` and `batch_timeout`.

    Attributes
    ----------
    handler : Handler
        What answers; a model that is a function is called once for a batch.

    Examples
    --------
    >>> from tensorwire.integrations.litserve import TensorAPI
    >>> from tensorwire.serving import Handler
    >>> class Double(TensorAPI):
    ...     def setup(self, device):
    ...         self.handler = Handler(lambda X: X * 2)
    >>> api = Double(max_batch_size=16, batch_timeout=0.005)
    """

    handler: Handler

    def __init__(self, *, api_path: str = "/{path:path}", **options: Any) -> None:
        super().__init__(api_path=api_path, **options)

    def decode_request(self, request: Annotated[tuple[Any, ...], Depends(_asked)]) -> Any:
        """Take body, headers and path."""
        return request

    def predict(self, x: Any) -> Any:
        """Answer a request, or a list of them."""
        return self.handler.batch(x) if isinstance(x, list) else self.handler(*x)

    def encode_response(self, output: Reply) -> Response:
        """Return what LitServe sends."""
        return Response(output.body, output.status, dict(output.headers))
