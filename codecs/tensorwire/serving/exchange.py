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

    from tensorwire.limits import Limits
    from tensorwire.missing import Missing
    from tensorwire.serving.model import Model, RawMessage
    from tensorwire.serving.negotiation import Negotiator

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

    def predict(
        self, raw: RawMessage, target: str, address: Mapping[str, Any] | None = None
    ) -> tuple[bytes, dict[str, str]]:
        """Answer a request in the form `target`; `address` is the model in its URL."""
        if self.model.is_raw:
            return self._raw(raw, target)
        name, _, form = target.partition("/")
        negotiator = self._protocols[name]
        family = negotiator.family
        request = self._decode(raw, None)
        for attribute, value in (address or {}).items():
            setattr(request, attribute, value)
        accept = raw.headers.get("accept", "")
        if accept and negotiator.is_named(target, accept):
            family.request_reply_in(request, form)
        reply = self.model.reply(family, request)
        if raw.protocol == target:
            target = f"{name}/{family.reply_form(form, raw.body)}"
        return self._encode(reply, raw.protocol, target)

    def feedback(self, raw: RawMessage, target: str) -> tuple[bytes, dict[str, str]]:
        """Pass feedback to the model, and encode its answer."""
        family = self._protocols[target.partition("/")[0]].family
        answer = self.model.feedback(family, self._decode(raw, family.feedback))
        try:
            reply = family.acknowledge(answer)
        except Exception as error:
            raise unfit(error) from error
        return self._encode(reply, raw.protocol, target)

    def _decode(self, raw: RawMessage, kind: type | None) -> Any:
        protocol = _protocol(raw.protocol)
        # Align the arrays, which a model reads more than once; arrays of text are copies anyway.
        align = not self.model.is_echo and protocol.media_type != "application/json"
        return protocol.decode(
            raw.body,
            raw.headers,
            type=kind,
            limits=self._limits,
            align=align,
            missing=self._missing,
        )

    def _encode(self, reply: Any, source: str, target: str) -> tuple[bytes, dict[str, str]]:
        """Write a reply; one that cannot be written is the fault of the model, if there is one."""
        try:
            return _protocol(target).encode(reply, missing="any")
        except EncodeError as error:
            name, _, form = target.partition("/")
            other = self._protocols[name].family.fallback(form, reply)
            if other is not None:
                return self._encode(other[1], source, f"{name}/{other[0]}")
            if target != source:
                raise _not_acceptable(error, source, target) from None
            if self.model.is_echo:
                raise
            raise unfit(error) from error
        except Exception as error:
            if self.model.is_echo:
                raise
            raise unfit(error) from error

    def _raw(self, raw: RawMessage, target: str) -> tuple[bytes, dict[str, str]]:
        try:
            answer = self.model.raw_reply(raw)
        except ModelError as error:
            if isinstance(error.__cause__, DecodeError):
                self._decode(raw, None)  # raises the error of the request, if it has one
            raise
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
