"""From the bytes of a request to the bytes of its reply, whatever the transport."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import tensorwire as tw
from tensorwire.errors import CodecError, DecodeError, EncodeError
from tensorwire.seldon import Feedback, Message
from tensorwire.server.families import FAMILIES, without_rows
from tensorwire.server.model import unfit
from tensorwire.server.http import prefers_binary
from tensorwire.server.refusals import ModelError, Refusal, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tensorwire.missing import Missing
    from tensorwire.server.model import Model
    from tensorwire.server.raw import RawMessage

__all__ = ["Exchange"]

_SERVING = "tfserving/json"
_BINARY, _GRPC, _TYPED = "oip/binary", "oip/protobuf", "oip/protobuf-typed"
_protocol = cache(tw.get_protocol)  # of names that the server itself has


class Exchange:
    """Answers requests: decode, model, encode. What is wrong with one is raised."""

    def __init__(
        self, model: Model, limits: tw.Limits | None, missing: Missing | None = None
    ) -> None:
        self.model = model
        self._limits = limits
        self._missing = missing

    def predict(
        self, raw: RawMessage, target: str, address: Mapping[str, Any] | None = None
    ) -> tuple[bytes, dict[str, str]]:
        """Answer a request in the protocol `target`; `address` is what its URL says of it."""
        if self.model.is_raw:
            return self._raw(raw, target)
        family = FAMILIES[raw.protocol.partition("/")[0]]
        request = self._decode(raw, None)
        for name, value in (address or {}).items():
            setattr(request, name, value)
        if target == _BINARY and prefers_binary(raw.headers.get("accept", "")):
            request.parameters = {"binary_data_output": True, **request.parameters}
        reply = self.model.reply(family, request)
        if raw.protocol == target == _GRPC and _is_typed(raw.body):
            target = _TYPED
        return self._encode(reply, raw.protocol, target)

    def feedback(self, raw: RawMessage, target: str) -> tuple[bytes, dict[str, str]]:
        """Take what Seldon calls feedback, and answer with an empty message, or the model's own."""
        feedback = self._decode(raw, Feedback)
        answer = self.model.feedback(FAMILIES["seldon"], feedback)
        try:
            reply = Message(None, "") if answer is None else Message(None).reply(answer)
        except Exception as error:
            raise unfit(error) from error
        return self._encode(reply, raw.protocol, target)

    def _decode(self, raw: RawMessage, kind: type | None) -> Any:
        protocol = _protocol(raw.protocol)
        # A model goes over its arrays more than once; text is read into memory of its own.
        align = not self.model.is_echo and not raw.protocol.endswith("/json")
        return protocol.decode(
            raw.body,
            raw.headers,
            type=kind,
            limits=self._limits,
            align=align,
            missing=self._missing,
        )

    def _encode(self, reply: Any, source: str, target: str) -> tuple[bytes, dict[str, str]]:
        """Write a reply; only of an echo is what cannot be written the fault of the request."""
        try:
            return _protocol(target).encode(reply, missing="any")
        except EncodeError as error:
            if target == _TYPED:  # FP16 travels in raw contents only
                return self._encode(reply, source, _GRPC)
            if target == _SERVING and (empty := without_rows(reply)) is not None:
                return self._encode(empty, source, target)
            if target != source:
                reason = f"the reply cannot be {target}: {error}"
                raise Refusal(Status.NOT_ACCEPTABLE, reason) from None
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
                self._decode(raw, None)  # which raises what is wrong with the request
            raise
        if not isinstance(answer, (bytes, bytearray, memoryview)):
            return self._encode(answer, raw.protocol, target)
        if target != raw.protocol:
            raise Refusal(Status.NOT_ACCEPTABLE, f"the reply comes as {raw.protocol} only")
        body, headers = bytes(answer), {"Content-Type": _protocol(target).media_type}
        if target == _BINARY:
            try:
                headers["Inference-Header-Content-Length"] = str(tw.oip.json_size(body))
            except CodecError as error:
                raise ModelError(f"the answer of the model is no {target}: {error}") from error
        return body, headers


def _is_typed(body: bytes) -> bool:
    """Tell whether the tensors of a request stand in typed contents, as those of its reply will."""
    return _protocol(_GRPC).peek(body).kind == "contents"
