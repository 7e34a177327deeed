"""Requests of all protocols, good and bad, for engines that are to answer as the server does."""

from __future__ import annotations

import gzip
import zlib
from typing import Any, NamedTuple

import numpy as np

import tensorwire as tw

__all__ = ["CALLS", "REQUESTS", "Asked", "Model"]

_SELDON, _INFER, _SERVING = "/predict", "/v2/models/m/infer", "/v1/models/m:predict"
_JSON = {"Content-Type": "application/json"}
_PROTOBUF = {"Content-Type": "application/x-protobuf"}
_MSGPACK = {"Content-Type": "application/msgpack"}
_ROWS = np.arange(6.0).reshape(2, 3)


class Model:
    """Doubles arrays, refuses what is negative, and ends the process for what is infinite."""

    class_names = ("a", "b", "c")

    def predict(self, X: Any) -> Any:  # noqa: N803 - Seldon's name
        """Return twice the value."""
        if isinstance(X, (str, bytes, dict)):
            return X
        if np.isinf(X).any():
            raise SystemExit(3)
        if (X < 0).any():
            raise ValueError("expected no negative number, got one")
        return X * 2


class Asked(NamedTuple):
    """A request of HTTP."""

    name: str
    path: str
    headers: dict[str, str]
    body: bytes = b""
    method: str = "POST"


def _seldon(codec: str, value: Any = _ROWS) -> bytes:
    return bytes(tw.get_codec(codec).encode(value, names=["x", "y", "z"]))


def _infer(form: str, value: Any = _ROWS, **more: Any) -> tuple[bytes, dict[str, str]]:
    request = tw.oip.InferRequest([tw.oip.InferTensor("x", value)], id="7", **more)
    body, headers = tw.get_protocol(f"oip/{form}").encode(request)
    return bytes(body), headers


def _serving(form: str, value: Any = _ROWS) -> bytes:
    request = tw.tfserving.PredictRequest({"x": value}, "m")
    return bytes(tw.get_protocol(f"tfserving/{form}").encode(request)[0])


def _requests() -> list[Asked]:
    ndarray = _seldon("json/ndarray")
    binary, binary_headers = _infer("binary")
    half, half_headers = _infer("binary", _ROWS.astype(np.float16))
    two = [tw.oip.RequestedOutput("a"), tw.oip.RequestedOutput("b")]
    found = [
        *(
            Asked(f"seldon {box}/{kind}", _SELDON, headers, _seldon(f"{box}/{kind}"))
            for box, headers in (("json", _JSON), ("protobuf", _PROTOBUF), ("msgpack", _MSGPACK))
            for kind in ("ndarray", "tensor", "tftensor")
        ),
        Asked("seldon text", "/api/v1.0/predictions", _JSON, b'{"strData":"h\xc3\xa4"}'),
        Asked(
            "seldon latin",
            _SELDON,
            {"Content-Type": "text/plain; charset=iso-8859-1"},
            b'{"strData":"h\xe4"}',
        ),
        Asked("seldon json data", _SELDON, _JSON, b'{"jsonData":{"a":[1,null]}}'),
        Asked("seldon bytes", _SELDON, _JSON, b'{"binData":"AAEC"}'),
        Asked(
            "seldon form",
            _SELDON,
            {"Content-Type": "application/x-www-form-urlencoded"},
            b"json=%7B%22strData%22%3A%22x%22%7D",
        ),
        Asked("seldon puid", _SELDON, _JSON, b'{"meta":{"puid":"p"},"data":{"ndarray":[1.5]}}'),
        Asked("seldon without a type", _SELDON, {}, ndarray),
        Asked("seldon feedback", "/send-feedback", _JSON, b'{"reward":1.0}'),
        Asked("oip json", _INFER, _JSON, _infer("json")[0]),
        Asked("oip version", "/v2/models/m/versions/3/infer", _JSON, _infer("json")[0]),
        Asked("oip binary", _INFER, binary_headers, binary),
        Asked("oip protobuf", _INFER, _PROTOBUF, _infer("protobuf")[0]),
        Asked("oip half", _INFER, half_headers, half),
        Asked("oip integers", _INFER, _JSON, _infer("json", np.array([[1, 2]]))[0]),
        Asked(
            "oip unknown output",
            _INFER,
            _JSON,
            _infer("json", outputs=two)[0],
        ),
        Asked("tfserving rows", _SERVING, _JSON, _serving("json")),
        Asked("tfserving columns", _SERVING, _JSON, b'{"inputs":{"x":[1.5]}}'),
        Asked("tfserving protobuf", _SERVING, _PROTOBUF, _serving("protobuf")),
        Asked("tfserving label", "/v1/models/m/labels/a:predict", _JSON, _serving("json")),
        Asked("gzip", _SELDON, {**_JSON, "Content-Encoding": "gzip"}, gzip.compress(ndarray)),
        Asked(
            "deflate",
            _INFER,
            {**binary_headers, "Content-Encoding": "deflate"},
            zlib.compress(binary),
        ),
        Asked("no gzip", _SELDON, {**_JSON, "Content-Encoding": "gzip"}, ndarray),
        Asked("brotli", _SELDON, {**_JSON, "Content-Encoding": "br"}, ndarray),
        Asked(
            "bomb", _SELDON, {**_JSON, "Content-Encoding": "gzip"}, gzip.compress(bytes(9 << 20))
        ),
        *(
            Asked(f"accept {accept} {path}", path, {**headers, "Accept": accept}, body)
            for path, headers, body in (
                (_SELDON, _JSON, ndarray),
                (_INFER, _JSON, _infer("json")[0]),
                (_SERVING, _PROTOBUF, _serving("protobuf")),
            )
            for accept in (
                "application/x-protobuf",
                "application/json",
                "application/octet-stream",
                "application/msgpack;q=0.5, */*;q=0.1",
                "image/png",
            )
        ),
        *(
            Asked(f"broken {path} {headers}", path, headers, b'{"data":{"ndarray":[[1,')
            for path in (_SELDON, _INFER, _SERVING)
            for headers in (_JSON, _PROTOBUF, _MSGPACK, {"Content-Type": "image/png"})
        ),
        *(
            Asked(f"empty {path}", path, _JSON)
            for path in (_SELDON, _INFER, _SERVING, "/send-feedback")
        ),
        Asked("model raises", _SELDON, _JSON, b'{"data":{"ndarray":[[-1.5]]}}'),
        Asked("model exits", _SERVING, _JSON, b'{"instances":[Infinity]}'),
        Asked("unknown path", "/nothing/here", _JSON, b"{}"),
        Asked("wrong method", _INFER, {}, method="PUT"),
        Asked("no message", _SELDON, {}, method="GET"),
        Asked("live", "/v2/health/live", {}, method="GET"),
        Asked("ready", "/ready", {}, method="GET"),
        Asked("metadata", "/v2/models/m", {}, method="GET"),
        Asked("status", "/v1/models/m", {}, method="GET"),
    ]
    names = [one.name for one in found]
    assert len(set(names)) == len(names)
    return found


REQUESTS = _requests()

# Calls of gRPC: method, protocol, body.
CALLS = [
    *(
        (f"/seldon.protos.{service}/Predict", "seldon/protobuf", body)
        for service in ("Seldon", "Model")
        for body in (
            _seldon("protobuf/ndarray"),
            _seldon("protobuf/tensor"),
            _seldon("protobuf/tftensor"),
            _seldon("protobuf/tensor", -_ROWS),
            b"\xff\xff",
            b"",
        )
    ),
    *(
        ("/inference.GRPCInferenceService/ModelInfer", "oip/protobuf", body)
        for body in (
            _infer("protobuf")[0],
            _infer("protobuf-typed")[0],
            _infer("protobuf", -_ROWS)[0],
            b"\xff",
        )
    ),
    *(
        ("/tensorflow.serving.PredictionService/Predict", "tfserving/protobuf", body)
        for body in (_serving("protobuf"), _serving("protobuf", -_ROWS), b"\xff")
    ),
]
