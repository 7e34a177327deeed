"""Memory that messages with large arrays take beyond their own: the Open Inference Protocol."""

from functools import partial
from typing import Any

import numpy as np
import pytest

import tensorwire as tw
from tensorwire.oip import InferRequest, InferTensor
from tests.support.memory import peak

KIB = 1 << 10
LAYOUTS: dict[str, Any] = {
    "plain": lambda a: a,
    "F": np.asfortranarray,
    "strided": lambda a: a.repeat(2, 0)[::2],
    ">f8": lambda a: a.astype(">f8"),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("count", [1, 4])
@pytest.mark.parametrize(("name", "most"), [("oip/protobuf", 8 * KIB), ("oip/binary", 16 * KIB)])
def test_memory(name: str, most: int, layout: str, count: int) -> None:
    """A message takes its result, each array copied once; reading it takes next to nothing."""
    array = LAYOUTS[layout](np.random.default_rng(1).normal(size=(300, 100)))
    message = InferRequest([InferTensor(f"t{i}", array) for i in range(count)])
    protocol = tw.get_protocol(name)
    body, headers = protocol.encode(message)
    protocol.decode(body, headers)
    assert peak(partial(protocol.encode, message))[1] - len(body) <= 64 * KIB
    for some in (headers, None):
        assert peak(partial(protocol.decode, body, some))[1] <= most
        assert peak(partial(protocol.peek, body, some))[1] <= most
    if layout == "plain":
        assert peak(partial(protocol.encode_parts, message))[1] <= 16 * KIB
