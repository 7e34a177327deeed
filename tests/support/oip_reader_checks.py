"""Hold the Open Inference Protocol to the second opinion of `tests.oip_readers`, fast and slow."""

from contextlib import suppress
from typing import Any

import numpy as np
import pytest

import tensorwire as tw
from tensorwire.containers import CONTAINERS
from tensorwire.tree import Irregular
from tests.support.oip_readers import read_grpc, read_rest
from tests.support.oip_values import GRPC, Request, told
from tests.support.readers import Refused

REFUSED = "refused"


def _irregular(*_: object) -> None:
    raise Irregular


def fast(name: str, body: Any, headers: Any = None, kind: Any = Request) -> Any:
    """Decode a message."""
    return tw.get_protocol(name).decode(body, headers, type=kind)


def slow(name: str, body: Any, headers: Any = None, kind: Any = Request) -> Any:
    """Decode a message while the fast reader of its container knows nothing."""
    container = type(CONTAINERS["protobuf" if name in GRPC else "json"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(container, "read", _irregular)
        # A view: what is remembered of bytes is not asked for.
        return fast(name, memoryview(body), headers, kind)


def said(decode: Any, name: str, body: Any, headers: Any, kind: Any) -> Any:
    """Return what a body says; the one failure is a `DecodeError` with a place and a reason."""
    try:
        return told(decode(name, body, headers, kind))
    except tw.DecodeError as error:
        return REFUSED if error.path.startswith("$") and error.reason else error


def agree(name: str, body: bytes, headers: Any, kind: Any) -> bool:
    """Assert that both readers say what the official libraries say; tell if it is anything."""
    wanted: Any = REFUSED
    with suppress(Refused):
        wanted = told(read_grpc(body, kind) if name in GRPC else read_rest(body, headers, kind))
    for decode in (fast, slow):
        assert said(decode, name, body, headers, kind) == wanted, (name, body, headers)
    seen = peeked(name, body, headers, kind)
    if wanted != REFUSED:
        assert written_again(name, body, headers, kind) == wanted, (name, body, headers)
        assert seen == [(label, *value[:2]) for label, value, _ in wanted[2]], (name, body, headers)
    return bool(wanted != REFUSED)


def written_again(name: str, body: bytes, headers: Any, kind: Any) -> Any:
    """Return what is said by the bytes that are written for what a body says."""
    message = fast(name, body, headers, kind)
    model = message.model_name, message.model_version
    if name == "oip/protobuf-typed":  # FP16 and BF16 have no typed contents
        name = "oip/protobuf"
    more, said = tw.get_protocol(name).encode(message, missing="any")
    again = fast(name, more, said, kind)
    if name not in GRPC and kind is Request:  # over REST they are in the URL
        again.model_name, again.model_version = model
    return told(again)


def peeked(name: str, body: bytes, headers: Any, kind: Any) -> Any:
    """Return name, dtype and shape of each tensor without a look at it."""
    try:
        peek = tw.get_protocol(name).peek(body, headers, type=kind)
    except tw.DecodeError as error:
        return REFUSED if error.path.startswith("$") and error.reason else error
    return [
        (tensor.name, "BYTES" if tensor.dtype == np.dtype("S") else tensor.dtype, tensor.shape)
        for tensor in peek.tensors
    ]
