"""Our side of Seldon's messages: one, a list of them, and feedback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import tensorwire as tw
from bench.peers.ours import Read, read, value_of, write
from bench.peers.workers.tensors import from_value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.peers.workers.serving import Spoken
    from bench.peers.workers.tensors import Tensor

__all__ = ["Seldon", "SeldonFeedback", "SeldonList"]


class Seldon(NamedTuple):
    """A container and a kind."""

    protocol: str
    kind: str

    def encode(self, _: str, tensors: Sequence[Tensor], fields: Mapping[str, Any]) -> Spoken:
        """Write the one tensor there is; a reply of Seldon's wrapper has the same form."""
        (one,) = tensors
        value = one.data if self.kind == "raw" else value_of(one)
        message = tw.Message(value, self.kind, fields["names"] or None, fields["meta"])
        return write(self.protocol, message)

    def decode(self, side: str, spoken: Spoken) -> Read:
        """Read the one tensor there is."""
        message = read(self.protocol, side, spoken)
        if message.kind != self.kind:
            raise ValueError(f"read as {message.kind}")
        value = bytes(message.value) if self.kind == "raw" else message.value
        fields = {"names": list(message.names or []), "meta": dict(message.meta)}
        return Read([from_value("0", value)], fields)

    def rewrite(self, side: str, spoken: Spoken) -> Spoken:
        """Write again what was read."""
        return write(self.protocol, read(self.protocol, side, spoken))


class SeldonList(NamedTuple):
    """A SeldonMessageList, one tensor to a message."""

    protocol: str

    def encode(self, _: str, tensors: Sequence[Tensor], __: Mapping[str, Any]) -> Spoken:
        """Write the tensors there are."""
        messages = [tw.Message(value_of(each), "tensor") for each in tensors]
        return write(self.protocol, tw.seldon.MessageList(messages))

    def decode(self, _: str, spoken: Spoken) -> Read:
        """Read them."""
        messages = self._read(spoken).messages
        return Read([from_value(str(i), each.value) for i, each in enumerate(messages)], {})

    def rewrite(self, _: str, spoken: Spoken) -> Spoken:
        """Write again what was read."""
        return write(self.protocol, self._read(spoken))

    def _read(self, spoken: Spoken) -> Any:
        return tw.get_protocol(self.protocol).decode(spoken.body, type=tw.seldon.MessageList)


class SeldonFeedback(NamedTuple):
    """A Feedback: what was asked, what would have been right, and a reward."""

    protocol: str

    def encode(self, _: str, tensors: Sequence[Tensor], fields: Mapping[str, Any]) -> Spoken:
        """Write two tensors."""
        request, truth = (tw.Message(value_of(each), "tensor") for each in tensors)
        feedback = tw.seldon.Feedback(request=request, truth=truth, reward=fields["reward"])
        return write(self.protocol, feedback)

    def decode(self, _: str, spoken: Spoken) -> Read:
        """Read them."""
        found = self._read(spoken)
        tensors = [from_value("0", found.request.value), from_value("1", found.truth.value)]
        return Read(tensors, {"reward": found.reward})

    def rewrite(self, _: str, spoken: Spoken) -> Spoken:
        """Write again what was read."""
        return write(self.protocol, self._read(spoken))

    def _read(self, spoken: Spoken) -> Any:
        return tw.get_protocol(self.protocol).decode(spoken.body, type=tw.seldon.Feedback)
