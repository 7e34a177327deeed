"""Lists and messages in any container, written in other ways, are read as their library reads."""

from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Any

import msgpack
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tensorwire as tw
from tests.support import variants
from tests.support.corpus import messages
from tests.support.reader_checks import agree
from tests.support.reference import SeldonMessage
from tests.support.values import CODECS, nested_lists

codecs = pytest.mark.parametrize("name", CODECS)
LIBRARIES: dict[str, tuple[Callable[[Any], bytes], Callable[[bytes], Any]]] = {
    "json": (orjson.dumps, orjson.loads),
    "msgpack": (msgpack.packb, msgpack.unpackb),
}
libraries = pytest.mark.parametrize("container", LIBRARIES)


@libraries
@given(nested=nested_lists(), repeat=st.sampled_from([1, 1, 40, 200, 2000]))
def test_any_nested_lists(container: str, nested: Any, repeat: int) -> None:
    """Nested lists of any shape and mixture are read as the library and numpy read them."""
    write, _ = LIBRARIES[container]
    if isinstance(nested, list):
        agree(f"{container}/ndarray", write({"data": {"ndarray": nested * repeat}}))
    agree(f"{container}/tensor", write({"data": {"tensor": {"shape": nested, "values": nested}}}))


@libraries
@given(nested=nested_lists())
def test_encode_of_lists_reads_back(container: str, nested: Any) -> None:
    """Lists that are written are what another reader sees; others are refused."""
    _, read = LIBRARIES[container]
    codec = tw.get_codec(f"{container}/ndarray")
    with suppress(tw.EncodeError):
        assert read(codec.encode(nested))["data"]["ndarray"] == nested


def varied(name: str, body: bytes, chance: Random) -> bytes:
    """Write a payload of a codec in another way."""
    return variants.of_body(name.partition("/")[0], body, SeldonMessage.DESCRIPTOR, chance)


@pytest.mark.slow
@codecs
@given(chance=st.randoms(use_true_random=False), pick=st.integers(0, 10**6))
def test_messages_in_other_words(name: str, chance: Random, pick: int) -> None:
    """With other headers and sizes, keys doubled, numbers spelled oddly, fields in pieces."""
    known = messages(name)
    agree(name, varied(name, known[pick % len(known)], chance))


@codecs
@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2, 3))]
)
def test_many_messages_in_other_words(name: str, seed: int) -> None:
    """Hundreds of real messages, big ones too, are read or refused as the library does."""
    chance = Random(seed)  # noqa: S311 - the same ones every time
    known = messages(name) * (2 if name.startswith("protobuf") else 1)
    bodies = [varied(name, body, chance) for body in known]
    assert sum(agree(name, body) for body in bodies)
