"""TensorFlow Serving's JSON takes work in proportion to its size, and no depth is too deep."""

import sys
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest

import tensorwire as tw
from tensorwire.tfserving import PredictRequest, PredictResponse
from tests.support.nesting import under

rest: Any = tw.get_protocol("tfserving/json")
grpc: Any = tw.get_protocol("tfserving/protobuf")


def calls(function: Callable[[], Any]) -> int:
    """Count the calls of functions, those written in C too, also where the last is an error."""
    count = 0

    def called(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(called)
    try:
        function()
    except tw.CodecError:
        pass
    finally:
        sys.setprofile(None)
    return count


def rows(name: str, value: str, count: int) -> bytes:
    """Return rows of one named array."""
    return ('{"instances":[' + ",".join([f'{{"{name}":{value}}}'] * count) + "]}").encode()


BODIES: dict[str, Callable[[int], bytes]] = {  # of so many kB
    "brackets of a row": lambda k: b'{"instances":[{"x":' + b"[" * (k << 10),
    "brackets of all rows": lambda k: rows("x", "[" * 100 + "1" + "]" * 100, k * 5),
    "brackets": lambda k: b'{"instances":' + b"[" * (k << 10),
    "closing brackets": lambda k: b'{"instances":[{"x":[1' + b"]" * (k << 10) + b"}]}",
    "brackets in pairs": lambda k: b'{"inputs":[' + b"[]," * (k * 340) + b"[]]}",
    "a long name": lambda k: rows("x" * (k * 512), "[1]", 2),
    "long rows": lambda k: rows("x" * 200, "[1,2]", k * 5),
    "many rows": lambda k: rows("x", "[1.5,2]", k * 60),
    "rows of text": lambda k: rows("x", '"a"', k * 80),
    "rows of two": lambda k: b'{"instances":[' + b'{"a":1,"b":2},' * (k * 70) + b'{"a":1,"b":2}]}',
    "an odd last row": lambda k: b'{"instances":[' + b'{"a":1},' * (k * 120) + b'{"b":2}]}',
    "many names in a row": lambda k: (
        b'{"instances":[{' + b",".join(b'"%d":1' % i for i in range(k * 100)) + b"},{}]}"
    ),
    "many inputs": lambda k: (
        b'{"inputs":{' + b",".join(b'"%d":1' % i for i in range(k * 100)) + b"}}"
    ),
    "many members": lambda k: (
        b'{"inputs":1,' + b",".join(b'"%d":1' % i for i in range(k * 100)) + b"}"
    ),
    "one name again": lambda k: b'{"inputs":{' + b'"a":[1],' * (k * 120) + b'"a":1}}',
    "base64": lambda k: b'{"inputs":[' + b'{"b64":"YQ=="},' * (k * 64) + b'{"b64":""}]}',
    "base64 in lists": lambda k: b'{"inputs":[' + b'[{"b64":"YQ=="}],' * (k * 60) + b"[1]]}",
    "objects": lambda k: b'{"inputs":[' + b'{"b64":1},' * (k * 100) + b"{}]}",
    "words": lambda k: b'{"inputs":[' + b"NaN," * (k * 256) + b"NaN]}",
    "words and text": lambda k: b'{"inputs":[' + b'"NaN",' * (k * 170) + b"NaN]}",
    "escapes": lambda k: b'{"inputs":["' + b'\\"' * (k * 512) + b'",NaN]}',
    "quotes": lambda k: b'{"inputs":[' + b'"' * (k << 10) + b"NaN]}",
    "text": lambda k: b'{"inputs":["a",' + b'"b",' * (k * 256) + b"1]}",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BODIES)
def test_work_is_in_proportion(name: str) -> None:
    """No body takes more than a two calls a byte, nor more than its share when it grows."""
    small, large = BODIES[name](8), BODIES[name](128)
    for call in (rest.decode, rest.peek):
        few, many = calls(lambda: call(small)), calls(lambda: call(large))  # noqa: B023
        assert many <= 17 * few + 500
        assert many <= 2 * len(large) + 2000


def test_brackets_are_refused_at_once() -> None:
    """400,000 brackets in a row take no call for each: the largest rank is known."""
    for body in (
        b'{"instances":[{"x":' + b"[" * 400_000 + b"]" * 400_000 + b"}]}",
        b'{"instances":[{"x":' + b"[" * 400_000 + b'"}]}',
        b'{"inputs":{"x":' + b"[" * 400_000 + b"1" + b"]" * 400_000 + b"}}",
    ):
        for call in (rest.decode, rest.peek):
            with pytest.raises(tw.DecodeError):  # which may import what it needs
                call(body)
            assert calls(lambda: call(body)) < 500  # noqa: B023


def refusal(call: Callable[[], Any]) -> tw.CodecError | None:
    """Return the error that is raised, if any."""
    try:
        call()
    except tw.CodecError as error:
        return error
    return None


def lists(core: str, depth: int) -> str:
    """Return something in so many lists."""
    return "[" * depth + core + "]" * depth


DEEP = {
    "a row": '{{"instances":{}}}',
    "an array": '{{"inputs":{}}}',
    "a named array": '{{"inputs":{{"a":{}}}}}',
    "a named row": '{{"instances":[{{"a":{}}}]}}',
    "rows": '{{"instances":[{{"a":{0}}},{{"a":{0}}}]}}',
    "the name of a signature": '{{"signature_name":{},"inputs":1}}',
    "another member": '{{"more":{},"inputs":1}}',
    "base64": '{{"inputs":{{"b64":{}}}}}',
    "ragged": '{{"inputs":[{},1]}}',
    "twice": '{{"inputs":[{0},{0}],"instances":[1]}}',
    "with words": '{{"inputs":[NaN,{}]}}',
}


@pytest.mark.slow
@pytest.mark.parametrize("core", ["1.5", '"a"', '{"b64":"YQ=="}', "", "null", "true", '{"a":{}}'])
@pytest.mark.parametrize("name", DEEP)
def test_depth(name: str, core: str) -> None:
    """Nesting of any depth in any member is read or refused, 900 frames below the caller."""
    room = 900 - len_of_stack()
    for depth in (1, 30, 62, 65, 250, 600, 900, 1000, 20_000):
        body = DEEP[name].format(lists(core, depth)).encode()
        long = body.replace(b"{", b"{" + b" " * 7000, 1)
        for text, call in product((body, long), (rest.decode, rest.peek)):
            error = refusal(lambda: under(room, lambda: call(text)))  # noqa: B023
            assert error is None or error.path.startswith("$"), depth
            assert len(str(error)) < 1000, depth


@pytest.mark.parametrize("depth", [10, 250, 900, 1000])
def test_depth_of_an_error(depth: int) -> None:
    """An error of a server that is no text is shown in part."""
    for core in ("1", '"a"', '{"a":[]}'):
        body = f'{{"error":{lists(core, depth)}}}'
        with pytest.raises(tw.DecodeError, match=r"got the error of the server.* - at \$\.error"):
            under(900 - len_of_stack(), lambda: rest.decode(body.encode(), type=PredictResponse))  # noqa: B023


def len_of_stack() -> int:
    """Count the frames on the stack."""
    frame: Any = sys._getframe()
    count = 0
    while frame is not None:
        count, frame = count + 1, frame.f_back
    return count


def test_values_below_many_frames() -> None:
    """What is right is read there as anywhere, and written."""
    array = np.arange(6.0).reshape((1,) * 60 + (2, 3))
    text = np.array(["a", "b"]).reshape((1,) * 60 + (2, 1))
    request = PredictRequest({"x": array, "s": text}, "m", rows=False)
    room = 900 - len_of_stack()
    for protocol in (rest, grpc):
        body = under(room, lambda: protocol.encode(request))[0]  # noqa: B023
        found = under(room, lambda: protocol.decode(body)).inputs  # noqa: B023
        np.testing.assert_array_equal(found["x"], array)
        assert np.asarray(found["s"]).astype("U").tolist() == text.tolist()
