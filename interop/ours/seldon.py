"""Our side of Seldon's messages: one, a list of them, and feedback."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import tensorwire as tw
from interop.ours.implementation import Ours, value_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from interop.workers.tensors import Tensor

__all__ = ["Seldon", "SeldonFeedback", "SeldonList"]


@dataclass(frozen=True)
class Seldon(Ours):
    """A container and a kind; a reply of Seldon's wrapper has the same form as a request."""

    layout: str
    """The kind."""

    def given(self, tensors: Sequence[Tensor]) -> dict[str, Any]:
        """Return the only value."""
        return {
            each.name: each.data if self.layout == "raw" else value_of(each) for each in tensors
        }

    def message(self, _: str, values: Mapping[str, Any], fields: Mapping[str, Any]) -> Any:
        """Make a message of the one value there is."""
        (value,) = values.values()
        return tw.Message(value, self.layout, fields["names"] or None, fields["meta"])

    def values(self, _: str, message: Any) -> dict[str, Any]:
        """Return the only value."""
        if message.kind != self.layout:
            raise ValueError(f"read as {message.kind}")
        return {"0": bytes(message.value) if self.layout == "raw" else message.value}

    def fields(self, _: str, message: Any) -> dict[str, Any]:
        """Return names and meta."""
        return {"names": list(message.names or []), "meta": dict(message.meta)}


@dataclass(frozen=True)
class SeldonList(Ours):
    """A SeldonMessageList, one tensor to a message."""

    def kind(self, _: str) -> Any:
        """Return the class of the messages."""
        return tw.seldon.MessageList

    def message(self, _: str, values: Mapping[str, Any], __: Mapping[str, Any]) -> Any:
        """Make a list of a message to each value."""
        return tw.seldon.MessageList([tw.Message(each, "tensor") for each in values.values()])

    def values(self, _: str, message: Any) -> dict[str, Any]:
        """Return the values by number."""
        return {str(number): each.value for number, each in enumerate(message.messages)}


@dataclass(frozen=True)
class SeldonFeedback(Ours):
    """A Feedback: what was asked, what would have been right, and a reward."""

    def kind(self, _: str) -> Any:
        """Return the class of the messages."""
        return tw.seldon.Feedback

    def message(self, _: str, values: Mapping[str, Any], fields: Mapping[str, Any]) -> Any:
        """Make feedback of two values."""
        request, truth = (tw.Message(each, "tensor") for each in values.values())
        return tw.seldon.Feedback(request=request, truth=truth, reward=fields["reward"])

    def values(self, _: str, message: Any) -> dict[str, Any]:
        """Return both values by number."""
        return {"0": message.request.value, "1": message.truth.value}

    def fields(self, _: str, message: Any) -> dict[str, Any]:
        """Return the reward."""
        return {"reward": message.reward}
