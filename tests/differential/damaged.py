"""Damaged bytes are read as the official libraries read them, or refused; nothing else happens."""

import random
from contextlib import suppress
from typing import Any

from tests.differential import bodies
from tests.differential.contents import Wrong, attempt, refused
from tests.differential.reencode import reencoded
from tests.support import oip_reader_checks, reader_checks, tfserving_values
from tests.support.oip_readers import read_grpc, read_rest
from tests.support.oip_values import GRPC, LENGTH, told
from tests.support.readers import Refused
from tests.support.values import CODECS


def check(chance: random.Random) -> bool:
    """Damage a message, and hold what is read of it to a second opinion."""
    body = bodies.damaged(bodies.valid(chance), chance)
    try:
        return judged(body)
    except AssertionError as error:
        raise Wrong(f"read in another way: {str(error)[:1500]} - {body.call()}") from None


def judged(body: bodies.Body) -> bool:
    """Hold a message to the second opinion of its protocol; tell whether it was read."""
    if body.source in CODECS:
        return reader_checks.agree(body.source, body.data)
    if body.family == "oip":
        return _oip(body)
    if body.source == "tfserving/protobuf":
        found = attempt(body.decode)
        wanted = tfserving_values.read(body.data, body.kind)
        found = tfserving_values.REFUSED if refused(found) else found
        if not tfserving_values.agrees(found, wanted):
            raise Wrong(f"{found!r} for {wanted!r} - {body.call()}")
        return found is not tfserving_values.REFUSED
    return reencoded(body)


def _oip(body: bodies.Body) -> bool:
    if body.source not in GRPC and LENGTH in body.headers:
        return reencoded(body)
    wanted: Any = reader_checks.REFUSED
    with suppress(Refused):
        read = read_grpc(body.data, body.kind) if body.source in GRPC else _rest(body)
        wanted = told(read)
    for decode in (oip_reader_checks.fast, oip_reader_checks.slow):
        found = oip_reader_checks.said(decode, body.source, body.data, body.headers, body.kind)
        assert found == wanted, (found, wanted)
    return bool(wanted != reader_checks.REFUSED)


def _rest(body: bodies.Body) -> Any:
    return read_rest(body.data, body.headers, body.kind)
