"""The text of an error shows a little of the value that was wrong, however large or deep it is."""

import sys
from typing import Any

import numpy as np
import pytest

import tensorwire as tw
from tensorwire.errors import shown


def nested(depth: int) -> Any:
    """Return lists in lists."""
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def under(frames: int, call: Any) -> Any:
    """Call a function with so many frames of a caller above it."""
    return call() if not frames else under(frames - 1, call)


class Loud:
    """An object whose repr must not be called."""

    def __repr__(self) -> str:
        """Fail."""
        raise AssertionError


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"),
        (True, "True"),
        (1.5, "1.5"),
        ("abc", "'abc'"),
        ("a" * 100, "'" + "a" * 36 + "..."),
        (b"\0", r"b'\x00'"),
        (12, "12"),
        (2**5000, "an integer of 5001 bits"),
        ([1, "a"], "[1, 'a']"),
        ([], "[]"),
        ([1] * 100, "[1, 1, 1, 1, ...]"),
        ({"k": [1]}, "{'k': [1]}"),
        ([[[[[]]]]], "[[[[...]]]]"),
        (nested(100_000), "[[[[...]]]]"),
        (Loud(), "a Loud"),
        ({"k": Loud()}, "{'k': a Loud}"),
        (np.zeros(10**6), "an ndarray"),
        (int, "<class 'int'>"),
    ],
)
def test_a_value_is_shown_in_few_characters(value: Any, text: str) -> None:
    """Only what is shown is looked at, and no repr of others is called."""
    assert shown(value) == text
    assert len(shown(value)) <= 40
    assert len(shown(value, 12)) <= 12


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
