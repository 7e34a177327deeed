"""Bounds on requests, and what is wrong with the requests that are refused."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import grpc

import tensorwire as tw
from tensorwire.errors import CodecError, LimitError
from tensorwire.protocols.family import UnreadableFormError

__all__ = ["ModelError", "Refusal", "ServerLimits", "Status", "reason_of", "status_of", "too_late"]

_LONGEST = 600  # characters: reasons may quote what a client has sent, and gRPC's go into headers


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """Bounds on requests. A request beyond a bound is refused with the reason.

    Parameters
    ----------
    body : int, default 64 MiB
        Bytes of one request, as sent and as inflated.
    elements : int, optional
        Elements of one array; what `tensorwire.Limits` allows by default where None.
    concurrency : int, default 1000
        Requests under way at once, of each transport.
    timeout : float, default 60.0
        Seconds for one request, from the first byte of its body to the model's answer. A model that
        is running cannot be stopped: its caller is answered, and its thread is busy until it ends.
    threads : int, default 4
        Calls of the model that run at once, over both transports; and calls of gRPC.
    head : int, default 64 KiB
        Bytes of the request line and the headers.
    head_timeout : float, default 10.0
        Seconds in which they have to arrive.
    grace : float, default 10.0
        Seconds that requests under way have to end when the server is closed.

    Examples
    --------
    >>> from tensorwire.server import EchoServer, ServerLimits
    >>> server = EchoServer(limits=ServerLimits(body=1 << 20, timeout=5.0))
    >>> server.app.service.limits.body
    1048576
    """

    body: int = 64 << 20
    elements: int | None = None
    concurrency: int = 1000
    timeout: float = 60.0
    threads: int = 4
    head: int = 64 << 10
    head_timeout: float = 10.0
    grace: float = 10.0

    @property
    def payload(self) -> tw.Limits | None:
        """The limits of a payload; None for the default."""
        return None if self.elements is None else tw.Limits(max_elements=self.elements)


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


class Refusal(Exception):  # noqa: N818 - a refusal of the server, not a failure
    """A request that the server refuses, with a status and headers."""

    def __init__(self, status: Status, reason: str, **headers: str) -> None:
        super().__init__(reason)
        self.status = status
        self.headers = headers


class ModelError(Exception):
    """The model raised, or returned what no reply represents; the cause goes into the log."""


def too_late(seconds: float) -> Refusal:
    """Return the refusal of a request whose model takes too long."""
    reason = f"expected an answer of the model within {seconds} s, got none"
    return Refusal(Status.TIMEOUT, reason)


def status_of(error: BaseException) -> Status:
    """Return the status of the reply to a request that raised an error."""
    if isinstance(error, Refusal):
        return error.status
    if isinstance(error, LimitError):
        return Status.TOO_LARGE
    if isinstance(error, UnreadableFormError):
        return Status.UNKNOWN_MEDIA_TYPE
    return Status.BAD_INPUT if isinstance(error, CodecError) else Status.INTERNAL


def reason_of(error: BaseException) -> str:
    """Return the text for the client: of a fault of the server, the class of the error alone."""
    if status_of(error) is Status.INTERNAL and not isinstance(error, ModelError):
        return f"internal error: {type(error).__name__}"
    return str(error)[:_LONGEST].encode("utf-8", "replace").decode()
