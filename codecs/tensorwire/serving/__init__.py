"""From the bytes of a request to the bytes of its reply, in any engine.

A `Handler` answers requests with a model; `read` gives a request to an engine that calls the model
itself, and `gather` and `scatter` several of them in one batch. `asgi`, `wsgi` and `add_to_server`
put a handler into servers that there are; `openapi` describes it. No thread, clock or event loop is
in it, and no import of gRPC. `tensorwire.server` stands on it.

Examples
--------
>>> from tensorwire.serving import Handler
>>> reply = Handler(lambda X: X * 2)(b'{"data":{"ndarray":[[1.5]]}}', {}, "/predict")
>>> reply.status, reply.headers, reply.body
(200, {'Content-Type': 'application/json'}, b'{"data":{"ndarray":[[3.0]]}}')
"""

from tensorwire.serving.batches import Member, gather, scatter
from tensorwire.serving.call import Call
from tensorwire.serving.engines import add_to_server, asgi, wsgi
from tensorwire.serving.handler import Handler, error_reply, read
from tensorwire.serving.model import RawMessage
from tensorwire.serving.openapi import openapi
from tensorwire.serving.refusals import Refusal
from tensorwire.serving.request import Reply

__all__ = [
    "Call",
    "Handler",
    "Member",
    "RawMessage",
    "Refusal",
    "Reply",
    "add_to_server",
    "asgi",
    "error_reply",
    "gather",
    "openapi",
    "read",
    "scatter",
    "wsgi",
]
