"""An error message stays short, however deep the message that it is about."""

import sys
from typing import Any

import pytest

import tensorwire as tw


def under(frames: int, call: Any) -> Any:
    """Call a function with so many frames of a caller above it."""
    return call() if not frames else under(frames - 1, call)


PLACES = {
    "datatype": '{"inputs":[{"name":"x","shape":[1],"datatype":%s,"data":[1]}]}',
    "shape": '{"inputs":[{"name":"x","shape":%s,"datatype":"FP32","data":[1]}]}',
    "name": '{"inputs":[{"name":%s,"shape":[1],"datatype":"FP32","data":[1]}]}',
    "data": '{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":%s}]}',
    "bytes": '{"inputs":[{"name":"x","shape":[1],"datatype":"BYTES","data":%s}]}',
    "size": '{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","parameters":'
    '{"binary_data_size":%s}}]}',
    "input": '{"inputs":[%s]}',
    "inputs": '{"inputs":%s}',
    "outputs": '{"inputs":[],"outputs":[%s]}',
    "output": '{"inputs":[],"outputs":[{"name":%s}]}',
    "parameters": '{"inputs":[],"parameters":%s}',
    "id": '{"inputs":[],"id":%s}',
    "error": '{"error":%s}',
    "whole": "%s",
}


@pytest.mark.parametrize("frames", [0, 900])
@pytest.mark.parametrize("depth", [70, 600, 1000, 100_000])
@pytest.mark.parametrize("place", PLACES)
def test_nesting_in_a_message_is_refused(place: str, depth: int, frames: int) -> None:
    """Whatever member is nested, and whatever the caller's own depth, the error is ours."""
    body = (PLACES[place] % ("[" * depth + "]" * depth)).encode()
    limit = sys.getrecursionlimit()
    assert limit == 1000
    for name in ("oip/json", "oip/binary"):
        protocol = tw.get_protocol(name)
        for kind in (protocol.request, protocol.response):
            call = lambda p=protocol, k=kind: p.decode(body, type=k)  # noqa: E731
            with pytest.raises(tw.DecodeError) as error:
                under(frames, call)
            assert len(str(error.value)) < 700
