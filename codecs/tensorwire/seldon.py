"""The messages of Seldon Core v1, for `get_protocol("seldon/...")`."""

from tensorwire.protocols.seldon.customdata import Any
from tensorwire.protocols.seldon.messages import Feedback, Message, MessageList

__all__ = ["Any", "Feedback", "Message", "MessageList"]
