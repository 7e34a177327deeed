"""Every form of the Open Inference Protocol, held to orjson and numpy, or to protobuf's runtime."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import tensorwire as tw
from tests.support.oip_reader_checks import slow
from tests.support.oip_values import (
    DATATYPES,
    GRPC,
    LENGTH,
    REST,
    Request,
    Response,
    Tensor,
    arrays,
    filled,
    official,
    refused,
    rest,
    several,
    told,
)

forms = pytest.mark.parametrize("name", [*REST, *GRPC])
kinds = pytest.mark.parametrize("kind", [Request, Response])


def expected(name: str, message: Any) -> tuple[bytes, Mapping[str, str]]:
    """Return body and headers that other libraries write for a message."""
    if name in REST:
        return rest(message, binary=name == "oip/binary")
    made = official(message, typed=name.endswith("typed"))
    return made.SerializeToString(deterministic=True), {"Content-Type": "application/x-protobuf"}


def kept(name: str, message: Any) -> Any:
    """Return what is read of a message: in REST the model of a request is in the URL."""
    if name in REST and isinstance(message, Request):
        return told(replace(message, model_name="", model_version=""))
    return told(message)


def read_slowly(name: str, body: bytes, headers: Any, kind: Any) -> Any:
    """Return what the official readers make of a body."""
    return slow(name, body, headers, kind) if name in REST else slow(GRPC[0], body, kind=kind)


@pytest.mark.slow
@forms
@kinds
@pytest.mark.parametrize("datatype", DATATYPES)
def test_every_array(name: str, kind: Any, datatype: str) -> None:
    """Each datatype, shape and layout is written as other libraries write it, and read back."""
    protocol = tw.get_protocol(name)
    other = "oip/binary" if name in REST else "oip/protobuf"
    for label, array in arrays(datatype):
        message = kind([Tensor("x", array)], "m", id=label)
        if refused(name, datatype):
            with pytest.raises(tw.EncodeError, match=f"use {other}"):
                protocol.encode(message)
            continue
        body, headers = protocol.encode(message)
        assert (body, headers) == expected(name, message), label
        wanted = kept(name, message)
        assert told(protocol.decode(body, headers, type=kind)) == wanted, label
        assert told(read_slowly(name, body, headers, kind)) == wanted, label


@forms
@kinds
@pytest.mark.parametrize("big", [False, True])
def test_whole_messages(name: str, kind: Any, *, big: bool) -> None:
    """Several tensors, names, id, parameters and outputs go there and back."""
    representable = [datatype for datatype in DATATYPES if not refused(name, datatype)]
    message = filled(kind, several(representable, big=big))
    protocol = tw.get_protocol(name)
    body, headers = protocol.encode(message)
    assert (body, headers) == expected(name, message)
    parts, more = protocol.encode_parts(message)
    assert (b"".join(parts), more) == (body, headers)
    wanted = kept(name, message)
    for buffer in (body, bytearray(body), memoryview(body), np.frombuffer(body, np.uint8)):
        for some in (headers, None):
            assert told(protocol.decode(buffer, some, type=kind)) == wanted
    assert told(read_slowly(name, body, headers, kind)) == wanted
    if name in REST:
        assert tw.oip.json_size(body) == int(headers.get(LENGTH, len(body)))
