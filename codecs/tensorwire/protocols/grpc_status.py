"""The error of a gRPC call: it has no body, its status and text are trailers.

Source: https://github.com/grpc/grpc/blob/master/doc/statuscodes.md
"""

from __future__ import annotations

from tensorwire.errors import CodecError, LimitError

__all__ = ["trailers_of"]

_INVALID_ARGUMENT, _RESOURCE_EXHAUSTED, _INTERNAL = "3", "8", "13"


def trailers_of(error: BaseException | str) -> dict[str, str]:
    """Return grpc-status and grpc-message; other errors than `CodecError` are INTERNAL."""
    status = _INVALID_ARGUMENT if isinstance(error, (CodecError, str)) else _INTERNAL
    if isinstance(error, LimitError):
        status = _RESOURCE_EXHAUSTED
    return {"grpc-status": status, "grpc-message": str(error)}
