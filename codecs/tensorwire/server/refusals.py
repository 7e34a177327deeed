"""What can be wrong with a request, and what each transport calls it."""

from __future__ import annotations

from enum import Enum

import grpc

from tensorwire.errors import CodecError, LimitError
from tensorwire.protocols.family import UnreadableFormError

__all__ = ["ModelError", "Refusal", "Status", "reason_of", "status_of"]

_LONGEST = 600  # characters: reasons may quote what a client has sent, and gRPC's go into headers


class Status(Enum):
    """The status of a reply: of HTTP, and of gRPC."""

    BAD_INPUT = 400, grpc.StatusCode.INVALID_ARGUMENT
    FORBIDDEN = 403, grpc.StatusCode.PERMISSION_DENIED
    UNKNOWN_ROUTE = 404, grpc.StatusCode.UNIMPLEMENTED
    WRONG_METHOD = 405, grpc.StatusCode.UNIMPLEMENTED
    NOT_ACCEPTABLE = 406, grpc.StatusCode.INVALID_ARGUMENT
    TOO_SLOW = 408, grpc.StatusCode.DEADLINE_EXCEEDED
    TOO_LARGE = 413, grpc.StatusCode.RESOURCE_EXHAUSTED
    UNKNOWN_MEDIA_TYPE = 415, grpc.StatusCode.INVALID_ARGUMENT
    INTERNAL = 500, grpc.StatusCode.INTERNAL
    BUSY = 503, grpc.StatusCode.RESOURCE_EXHAUSTED
    TIMEOUT = 504, grpc.StatusCode.DEADLINE_EXCEEDED

    def __init__(self, http: int, code: grpc.StatusCode) -> None:
        self.http = http
        self.grpc = code


class Refusal(Exception):  # noqa: N818 - it is the server that says no
    """A request that is not answered as it was meant to be."""

    def __init__(self, status: Status, reason: str, **headers: str) -> None:
        super().__init__(reason)
        self.status = status
        self.headers = headers


class ModelError(Exception):
    """What the model raised, or gave that no reply can carry; the cause is for the log."""


def status_of(error: BaseException) -> Status:
    """Tell the status of the reply to a request that ended so."""
    if isinstance(error, Refusal):
        return error.status
    if isinstance(error, LimitError):
        return Status.TOO_LARGE
    if isinstance(error, UnreadableFormError):
        return Status.UNKNOWN_MEDIA_TYPE
    return Status.BAD_INPUT if isinstance(error, CodecError) else Status.INTERNAL


def reason_of(error: BaseException) -> str:
    """Tell a client what was wrong; of a fault of the server's own no more than that."""
    if status_of(error) is Status.INTERNAL and not isinstance(error, ModelError):
        return f"internal error: {type(error).__name__}"
    return str(error)[:_LONGEST].encode("utf-8", "replace").decode()
