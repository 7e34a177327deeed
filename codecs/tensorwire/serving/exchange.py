"""From the bytes of a request to the bytes of its reply, for HTTP and gRPC."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from tensorwire.errors import CodecError, DecodeError, EncodeError
from tensorwire.protocols import get_protocol
from tensorwire.serving.model import unfit
from tensorwire.serving.refusals import ModelError, Refusal, Status

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeAlias

    from tensorwire.limits import Limits
    from tensorwire.missing import Missing
    from tensorwire.protocols.family import Family
    from tensorwire.serving.model import Model, RawMessage
    from tensorwire.serving.negotiation import Negotiator

    Body: TypeAlias = bytes | list[bytes | memoryview]

__all__ = ["Exchange"]

_protocol = cache(get_protocol)  # of a few names, all of them the server's own


class Exchange:
    """Decodes a request, calls the model, and encodes its reply; errors are raised."""

    def __init__(
        self,
        model: Model,
        protocols: Mapping[str, Negotiator],
        limits: Limits | None,
        missing: Missing | None = None,
    ) -> None:
        self.model = model
        self._protocols = protocols
        self._limits = limits
        self._missing = missing

    def family(self, form: str) -> Family:
        """Return the protocol of a form."""
        return self._protocols[form.partition("/")[0]].family

    def predict(
        self,
        raw: RawMessage,
        target: str,
        address: Mapping[str, Any] | None = None,
        *,
        parts: bool = False,
    ) -> tuple[Body, dict[str, str]]:
        """Answer a request in the form `target`; `address` is the model in its URL."""
        if self.model.is_raw:
            try:
                answer = self.model.raw_reply(raw)
            except ModelError as error:
                raise self._cause(error, raw, target) from error.__cause__
            return self._carried(answer, raw, target)
        family, request = self.read(raw, target, address)
        reply = self.model.reply(family, request)
        return self.write(reply, raw, target, parts=parts)

    async def awaited(
        self, raw: RawMessage, target: str, address: Mapping[str, Any], *, parts: bool = False
    ) -> tuple[Body, dict[str, str]]:
        """Answer as `predict` does, and wait for the model where it is awaited."""
        if self.model.is_raw:
            try:
                answer = await self.model.raw_awaited(raw)
            except ModelError as error:
                raise self._cause(error, raw, target) from error.__cause__
            return self._carried(answer, raw, target)
        family, request = self.read(raw, target, address)
        reply = await self.model.awaited(family, request)
        return self.write(reply, raw, target, parts=parts)

    def read(
        self,
        raw: RawMessage,
        target: str,
        address: Mapping[str, Any] | None = None,
        kind: type | None = None,
    ) -> tuple[Family, Any]:
        """Decode a request, or another message of its protocol; return it with its protocol."""
        protocol = _protocol(raw.protocol)
        # Align the arrays, which a model reads more than once; arrays of text are copies anyway.
        align = not self.model.is_echo and protocol.media_type != "application/json"
        request = protocol.decode(
            raw.body,
            raw.headers,
            type=kind,
            limits=self._limits,
            align=align,
            missing=self._missing,
        )
        if address:
            for attribute, value in address.items():
                setattr(request, attribute, value)
        name, _, form = target.partition("/")
        negotiator = self._protocols[name]
        accept = raw.headers.get("accept", "")
        if accept and kind is None and negotiator.is_named(target, accept):
            negotiator.family.request_reply_in(request, form)
        return negotiator.family, request

    def write(
        self, reply: Any, raw: RawMessage, target: str, *, parts: bool = False
    ) -> tuple[Body, dict[str, str]]:
        """Encode the reply to a request: in its own form where `target` is that."""
        if raw.protocol == target:
            name, _, form = target.partition("/")
            negotiator = self._protocols[name]
            if not negotiator.keeps_form:
                target = f"{name}/{negotiator.family.reply_form(form, raw.body)}"
        return self._encode(reply, raw.protocol, target, parts=parts)

    def feedback(self, raw: RawMessage, target: str) -> tuple[Body, dict[str, str]]:
        """Pass feedback to the model, and encode its answer."""
        family = self.family(target)
        answer = self.model.feedback(family, self.read(raw, target, None, family.feedback)[1])
        try:
            reply = family.acknowledge(answer)
        except Exception as error:
            raise unfit(error) from error
        return self._encode(reply, raw.protocol, target)

    def _encode(
        self, reply: Any, source: str, target: str, *, parts: bool = False
    ) -> tuple[Body, dict[str, str]]:
        """Write a reply; one that cannot be written is the fault of the model, if there is one."""
        try:
            if parts:
                return _protocol(target).encode_parts(reply, missing="any")
            return _protocol(target).encode(reply, missing="any")
        except EncodeError as error:
            name, _, form = target.partition("/")
            other = self._protocols[name].family.fallback(form, reply)
            if other is not None:
                return self._encode(other[1], source, f"{name}/{other[0]}", parts=parts)
            if target != source:
                raise _not_acceptable(error, source, target) from None
            if self.model.is_echo:
                raise
            raise unfit(error) from error
        except Exception as error:
            if self.model.is_echo:
                raise
            raise unfit(error) from error

    def _cause(self, error: ModelError, raw: RawMessage, target: str) -> ModelError:
        """Return what a raw model raised; raise the error of the request, if it has one."""
        if isinstance(error.__cause__, DecodeError):
            self.read(raw, target)
        return error

    def _carried(self, answer: Any, raw: RawMessage, target: str) -> tuple[Body, dict[str, str]]:
        """Return the answer of a raw model as a body."""
        if not isinstance(answer, (bytes, bytearray, memoryview)):
            return self._encode(answer, raw.protocol, target)
        if target != raw.protocol:
            wanted, got = (_protocol(one).media_type for one in (raw.protocol, target))
            reason = f"expected {wanted} in Accept, as in Content-Type, got {got}"
            raise Refusal(Status.NOT_ACCEPTABLE, f"{reason}; leave Accept out")
        body, (name, _, form) = bytes(answer), target.partition("/")
        try:
            more = self._protocols[name].family.headers(form, body)
        except CodecError as error:
            raise ModelError(f"expected {target} of the model, got other bytes: {error}") from error
        return body, {"Content-Type": _protocol(target).media_type, **more}


def _not_acceptable(error: EncodeError, source: str, target: str) -> Refusal:
    """Return the refusal of a reply that the form in Accept does not represent."""
    reason = f"{error.reason}, in a reply of {target}"
    remedy = f"accept {_protocol(source).media_type}, as in Content-Type"
    return Refusal(Status.NOT_ACCEPTABLE, str(EncodeError(reason, error.path, remedy)))
