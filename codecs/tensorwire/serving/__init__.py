"""From the bytes of a request to the bytes of its reply, in any engine.

No thread, clock or event loop is in it, and no import of gRPC. `tensorwire.server` stands on it.

Examples
--------
>>> from tensorwire.serving import RawMessage
>>> RawMessage(b'{"data":{"ndarray":[1.5]}}', "seldon/json").protocol
'seldon/json'
"""

from tensorwire.serving.model import RawMessage

__all__ = ["RawMessage"]
