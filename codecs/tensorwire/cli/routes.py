"""Where a server listens for a format, as the protocol's documentation has it."""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple
from urllib.parse import quote

import tensorwire as tw
from tensorwire.cli.files import UsageError
from tensorwire.extras import lacking

__all__ = ["Route", "check_packages", "format_names", "route"]


class Route(NamedTuple):
    """Where a request goes."""

    path: str
    """The path of the URL; for gRPC ``/package.Service/Method``."""
    message: str
    """The protobuf message that gRPC sends, empty for REST."""


_GRPC = {
    "seldon": Route("/seldon.protos.Seldon/Predict", "seldon.protos.SeldonMessage"),
    "oip": Route("/inference.GRPCInferenceService/ModelInfer", "inference.ModelInferRequest"),
    "tfserving": Route(
        "/tensorflow.serving.PredictionService/Predict", "tensorflow.serving.PredictRequest"
    ),
}
_REST = {
    "seldon": "/api/v1.0/predictions",
    "oip": "/v2/models/{}/infer",
    "tfserving": "/v1/models/{}:predict",
}


def format_names() -> tuple[str, ...]:
    """List the names of codecs and protocols."""
    return (*tw.codec_names(), *tw.protocol_names())


def check_packages(*names: str) -> None:
    """Raise `UsageError` if a package is missing that one of these formats needs."""
    for name in names:
        if name in tw.protocol_names():
            continue
        with suppress(tw.UnknownCodecError):  # who uses the name tells which there are
            needed: tuple[str, ...] = getattr(tw.get_codec(name), "needs", ())
            if reason := lacking(name, *needed):
                raise UsageError(reason)


def route(name: str, model: str) -> Route:
    """Tell where a request in this format goes. Codecs write Seldon's message."""
    first, _, second = name.partition("/")
    protocol = first if first in _GRPC else "seldon"
    if "protobuf" in first or second in ("protobuf", "protobuf-typed"):
        return _GRPC[protocol]
    return Route(_REST[protocol].format(quote(model, safe="")), "")
