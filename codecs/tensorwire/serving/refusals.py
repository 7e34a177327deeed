"""What is wrong with requests that are refused: the status and the text of each error."""

from __future__ import annotations

import re
from enum import Enum

from tensorwire.errors import CodecError, LimitError
from tensorwire.protocols.family import UnreadableFormError

__all__ = ["ModelError", "Refusal", "Status", "forget", "reason_of", "status_of"]

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+:[\t\x20-\x7e]*")
_LONGEST = 600  # characters: reasons may quote what a client has sent, and gRPC's go into headers


class Status(Enum):
    """The status of a reply: the code of HTTP, and the name of that of gRPC."""

    BAD_INPUT = 400, "INVALID_ARGUMENT"
    FORBIDDEN = 403, "PERMISSION_DENIED"
    UNKNOWN_ROUTE = 404, "UNIMPLEMENTED"
    WRONG_METHOD = 405, "UNIMPLEMENTED"
    NOT_ACCEPTABLE = 406, "INVALID_ARGUMENT"
    TOO_SLOW = 408, "DEADLINE_EXCEEDED"
    TOO_LARGE = 413, "RESOURCE_EXHAUSTED"
    UNKNOWN_MEDIA_TYPE = 415, "INVALID_ARGUMENT"
    INTERNAL = 500, "INTERNAL"
    BUSY = 503, "RESOURCE_EXHAUSTED"
    TIMEOUT = 504, "DEADLINE_EXCEEDED"

    def __init__(self, http: int, code: str) -> None:
        self.http = http
        self.grpc = code


class Refusal(Exception):  # noqa: N818 - a refusal of the server, not a failure
    """A request that is refused, with a status and headers; a model may raise it, too.

    Parameters
    ----------
    status : Status
        Of HTTP and of gRPC, as `tensorwire.serving.refusals` lists them.
    reason : str
        What was expected, and what came.
    **headers : str
        Headers of the reply.

    Raises
    ------
    TypeError
        `status` is no Status, or a header no str.
    ValueError
        A header is not one that can be sent.
    """

    def __init__(self, status: Status, reason: str, **headers: str) -> None:
        if not isinstance(status, Status):
            raise TypeError(f"expected a Status, got {status!r}")
        for name, value in headers.items():
            if not _HEADER.fullmatch(name + ":" + value):
                raise ValueError(f"expected a header in ASCII, got {name[:80]!r}: {value!r:.80}")
        super().__init__(reason)
        self.status = status
        self.headers = headers


class ModelError(Exception):
    """The model raised, or returned what no reply represents; the cause goes into the log."""


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


def forget(error: BaseException) -> None:
    """Drop the tracebacks of an error that has been answered, and of what it was raised from.

    Their frames hold the request, and an error that a frame holds too keeps it until the next
    garbage collection.
    """
    found: BaseException | None = error
    seen: set[int] = set()
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        found.__traceback__ = None
        found = found.__cause__ or found.__context__
