"""The messages of Seldon Core v1, for ``get_protocol("seldon/...")``.

A `Message` is an array or another value with names, meta and status; a combiner is sent a
`MessageList`, and `Feedback` rates a response. `Any` is the value of ``customData``.

Examples
--------
>>> import tensorwire as tw
>>> from tensorwire.seldon import Feedback, Message
>>> protocol = tw.get_protocol("seldon/json")
>>> body, headers = protocol.encode(Feedback(Message([[1, 2]], "ndarray"), reward=1.0))
>>> protocol.decode(body, headers, type=Feedback).request.value
array([[1, 2]])
"""

from tensorwire.protocols.seldon.customdata import Any
from tensorwire.protocols.seldon.messages import Feedback, Message, MessageList

__all__ = ["Any", "Feedback", "Message", "MessageList"]
