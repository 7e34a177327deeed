"""Multi Model Server: the entry point that its workers call, with one call of the model a batch.

Tried with multi-model-server 1.1.11.
"""

from __future__ import annotations

import os
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tensorwire.serving import Handler

__all__ = ["entry_point"]


def entry_point(
    handler: Handler, protocol: str
) -> Callable[[Sequence[Mapping[str, Any]] | None, Any], list[bytes]]:
    """Return the function that Multi Model Server calls for each batch of requests.

    It makes this process, which is the worker of one model, take JSON as bytes, as
    ``decode_input_request=false`` does.

    Parameters
    ----------
    handler : Handler
        What answers.
    protocol : str
        The protocol of the requests, as the server does not pass the path on: ``seldon``, ``oip``
        or ``tfserving``.

    Returns
    -------
    callable
        The entry point: name it ``handle``, or register the model with ``handler=FILE:NAME``.
    """
    os.environ["MMS_DECODE_INPUT_REQUEST"] = "false"

    def handle(rows: Sequence[Mapping[str, Any]] | None, context: Any) -> list[bytes]:
        requests = []
        for place, row in enumerate(rows or ()):  # none when the model is loaded
            received = context.get_all_request_header(place).items()  # and of the parts of a form
            headers = {name: value for name, value in received if isinstance(value, str)}
            requests.append((row.get("body", b""), headers))
        replies = handler.batch(requests, protocol=protocol)
        # The server drops its connection to the worker where a read of the replies ends within
        # their headers. The content type has a field of its own, which may be cut.
        context.get_response_content_type = lambda place: replies[place].headers["Content-Type"]
        for place, reply in enumerate(replies):
            phrase = HTTPStatus(reply.status).phrase  # without one, h2load sees no status
            context.set_response_status(reply.status, phrase, place)
            for name, value in reply.headers.items():
                if name != "Content-Type":
                    context.set_response_header(place, name, value)
        return [reply.body for reply in replies]

    return handle
