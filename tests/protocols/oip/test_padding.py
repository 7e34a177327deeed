"""The JSON of `oip/binary` is filled with spaces, so that the tensor behind it is aligned."""

import json
from functools import partial
from typing import Any

import numpy as np
import orjson
import pytest

import tensorwire as tw
from tests.support.oip_values import LENGTH, Output, Request, Response, Tensor, several, told

BINARY = tw.get_protocol("oip/binary")


def messages() -> list[Any]:
    """Return messages whose JSON is of every length modulo 64, small and large."""
    made: list[Any] = []
    for count in range(66):
        array = np.arange(4.0)
        made.append(Request([Tensor("x" * count, array)]))
        made.append(Request([Tensor("x", array), Tensor("y", array)], id="i" * count))
        made.append(Request([Tensor("x", array)], parameters={"k": "v" * count}))
        made.append(Response([Tensor("x", array.astype("i1"))], "m" * count, id="7"))
        made.append(Request([Tensor("x", np.zeros(3000))], outputs=[Output("y" * count)]))
        made.append(Request([Tensor("x", [b"a", b"bc"])], id="i" * count))
        made.append(Request([Tensor("j", [1], binary=False), Tensor("x" * count, array)]))
    return made


def test_the_first_tensor_is_aligned() -> None:
    """It begins at a multiple of 64; the header counts the spaces, and the JSON is as it was."""
    for _ in range(2):  # what was written once is remembered
        for message in messages():
            body, headers = BINARY.encode(message)
            size = int(headers[LENGTH])
            assert size % 64 == 0
            text = body[:size].rstrip(b" ")
            assert size - len(text) < 64
            assert text.endswith(b"}")
            assert json.loads(body[:size]) == json.loads(text)
            assert b"".join(BINARY.encode_parts(message)[0]) == body
            kind = type(message)
            name = message.model_name
            message.model_name = name if kind is Response else ""
            for some in (headers, None):
                assert told(BINARY.decode(body, some, type=kind)) == told(message)
                assert BINARY.peek(body, some, type=kind).dtype is not None
            assert tw.oip.json_size(body) == size


def test_no_spaces_without_a_tensor_behind() -> None:
    """JSON alone is as long as it is."""
    for message in (Request([]), Request([Tensor("x", np.ones(2), binary=False)])):
        for _ in range(2):
            body, headers = BINARY.encode(message)
            assert headers == {"Content-Type": "application/json"}
            assert body.endswith(b"}")


def test_a_tensor_of_spaces() -> None:
    """Spaces that are elements are not taken for those before them, nor the other way round."""
    for count in (1, 5, 64, 200):
        array = np.full(count, 32, np.uint8)
        text = orjson.dumps(
            {
                "inputs": [
                    {
                        "name": "x",
                        "shape": [count],
                        "datatype": "UINT8",
                        "parameters": {"binary_data_size": count},
                    }
                ]
            }
        )
        for spaces in (0, 1, 63, 64, 200):
            body = text + b" " * spaces + array.tobytes()
            size = len(text) + spaces
            assert tw.oip.json_size(body) == size
            for headers in (None, {LENGTH: str(size)}):
                read = BINARY.decode(body, headers).inputs[0].value
                assert read.tobytes() == array.tobytes()
        body, headers = BINARY.encode(Request([Tensor("x", array)]))
        assert tw.oip.json_size(body) == int(headers[LENGTH])
        short = body[:-1]
        with pytest.raises(tw.DecodeError):
            BINARY.decode(short, headers)


def test_white_space_behind_json() -> None:
    """A body that ends in a line break is the JSON before it."""
    for end in (b"\n", b" \t\r\n"):
        body = b'{"inputs":[{"name":"x","shape":[1],"datatype":"INT8","data":[1]}]}' + end
        assert tw.oip.json_size(body) == len(body)
        assert BINARY.decode(body).inputs[0].value.tolist() == [1]


WRONG: list[Any] = [-8, 2**70, "8", None, True, [8], 8.0, 7, 9]


@pytest.mark.parametrize("size", WRONG, ids=str)
def test_sizes_that_do_not_add_up(size: Any) -> None:
    """A size that is none, or not that of the rest, leaves the JSON where its object ends."""
    node = {"name": "x", "shape": [2], "datatype": "FP32", "parameters": {"binary_data_size": size}}
    text = orjson.dumps({"inputs": [node, 5], "outputs": {"a": 1}}) if size != 2**70 else b""
    text = text or json.dumps({"inputs": [node]}).encode()
    body = text + b"    " + np.array([1.5, 2.5], "<f4").tobytes()
    if size not in (7, 9):
        assert tw.oip.json_size(body) == len(text)
    with pytest.raises(tw.DecodeError):
        BINARY.decode(body)


def test_several_tensors_are_not_padded() -> None:
    """The protocol has no bytes between tensors: they follow one another."""
    tensors = [t for t in several() if t.datatype != "BYTES"]
    message = Request(tensors)
    body, headers = BINARY.encode(message)
    assert body[int(headers[LENGTH]) :] == b"".join(t.value.tobytes() for t in tensors)


def test_views_in_aligned_memory_are_aligned() -> None:
    """A body in memory that begins at a multiple of 64 gives a view that does."""
    array = np.arange(1000.0)
    body, headers = BINARY.encode(Request([Tensor("x", array)], id="an id"))
    memory = np.empty(len(body) + 64, np.uint8)
    start = -memory.ctypes.data % 64
    room = memory[start : start + len(body)]
    room[:] = np.frombuffer(body, np.uint8)
    value = BINARY.decode(room, headers).inputs[0].value
    assert np.shares_memory(value, memory)
    assert value.ctypes.data % 64 == 0
    assert value.flags.aligned


def test_transcoding_gives_the_length_of_the_json() -> None:
    """`json_size` is what the header of a body made by `transcode` is to say."""
    source, _ = tw.get_protocol("oip/protobuf").encode(Request([Tensor("x", np.arange(3.0))]))
    body = tw.transcode(source, "oip/protobuf", "oip/binary")
    size = tw.oip.json_size(body)
    assert size % 64 == 0
    assert np.frombuffer(body, "<f8", offset=size).tolist() == [0, 1, 2]
    read = partial(BINARY.decode, headers={LENGTH: str(size)})
    assert read(body).inputs[0].value.tolist() == [0, 1, 2]


def test_ids_are_read_where_they_are() -> None:
    """What is remembered of one id is not taken for another, wherever ids can be written."""
    blob = np.array([1.5], "<f8").tobytes()
    tensor = (
        '"inputs":[{"name":"x","shape":[1],"datatype":"FP64","parameters":{"binary_data_size":8}}]'
    )
    forms = [
        '{"id":"%s",' + tensor + "}",
        '{"id": "%s",' + tensor + "}",
        '{"id":"b","x":{"id":"%s"},' + tensor + "}",
        '{"id": "b","x":{"id":"%s"},' + tensor + "}",
        '{"id":"%s",' + tensor + ',"id":"b"}',
        '{"id":"b",' + tensor + ',"id":"%s"}',
        '{"id":"%s",' + tensor + ',"\\u0069d":"b"}',
        "{" + tensor + ',"id":"%s"}',
    ]
    fresh: Any = type(BINARY)
    for form in forms * 2:
        for text in ("b", "c", "bb", "cc", "b b", "\\u0062", "é", "a\\n", "", "b" * 70):
            head = (form % text).encode()
            head += b" " * (-len(head) % 64)
            for headers in (None, {LENGTH: str(len(head))}):
                read = BINARY.decode(head + blob, headers)
                assert read.id == json.loads(head)["id"]
                assert told(read) == told(fresh("oip/binary").decode(head + blob, headers))
