"""The messages of Seldon Core v1, for `get_protocol("seldon/...")`."""

from tensorwire.message import Feedback, Message, MessageList
from tensorwire.protocols.seldon_any import Any

__all__ = ["Any", "Feedback", "Message", "MessageList"]
