"""What the Open Inference Protocol has no place for is refused; what it has, just so, is not."""

from typing import Any

import ml_dtypes
import numpy as np
import pytest

import tensorwire as tw
from tests.support.oip_bodies import one_binary, one_grpc, one_json, prefixed
from tests.support.oip_reader_checks import fast, slow
from tests.support.oip_values import (
    LENGTH,
    PROTOCOLS,
    REST,
    Output,
    Request,
    Response,
    Tensor,
    rest,
    several,
    told,
)

protocols = pytest.mark.parametrize("name", PROTOCOLS)

WRONG_MESSAGES: list[tuple[Any, str]] = [
    (Request([1]), "$.inputs[0]"),
    (Request([Tensor("a", [1]), np.ones(3)]), "$.inputs[1]"),
    (Request(5), "$.inputs"),
    (Response({"a": 1}), "$.outputs"),
    (Request([Tensor(b"a", [1])]), "$.inputs[0].name"),
    (Request([Tensor("\ud800", [1])]), "$.inputs[0].name"),
    (Request([Tensor("a", [1j])]), "$.inputs[0]"),
    (Request([Tensor("a", ["x", 1])]), "$.inputs[0]"),
    (Request([Tensor("a", [[1], [2, 3]])]), "$.inputs[0]"),
    (Request([Tensor("a", np.array(["2020"], "M8[D]"))]), "$.inputs[0]"),
    (Request([Tensor("a", ...)]), "$.inputs[0]"),
    (Request([Tensor("a", ["\ud800"])]), "$.inputs[0]"),
    (Request([Tensor("a", [1], {"k": 1j})]), "$.inputs[0].parameters.k"),
    (Request([Tensor("a", [1], {1: 2})]), "$.inputs[0].parameters"),
    (Request([], parameters={"k": 2**64}), "$.parameters.k"),
    (Request([], parameters={"k": -(2**63) - 1}), "$.parameters.k"),
    (Request([], parameters={"k": [b"b"]}), "$.parameters.k"),
    (Request([], parameters={"\ud800": 1}), "$.parameters"),
    (Request([], parameters=[1]), "$.parameters"),
    (Request([], id=5), "$.id"),
    (Request([], outputs=["o"]), "$.outputs[0]"),
    (Request([], outputs="o"), "$.outputs"),
    (Request([], outputs=[Output("o", {"k": b"b"})]), "$.outputs[0].parameters.k"),
    (Response([], 5), "$.model"),
    ({"inputs": []}, "$"),
    (None, "$"),
]


@protocols
@pytest.mark.parametrize(("message", "path"), WRONG_MESSAGES, ids=repr)
def test_wrong_messages(name: str, message: Any, path: str) -> None:
    """What is no message is refused before a byte is written, with its place."""
    for write in (tw.get_protocol(name).encode, tw.get_protocol(name).encode_parts):
        with pytest.raises(tw.EncodeError) as caught:
            write(message)
        assert caught.value.path.startswith(path)


@pytest.mark.parametrize("name", REST)
def test_the_size_is_the_encoder_s_to_set(name: str) -> None:
    """A parameter binary_data_size beside data would make a body that nobody can read."""
    for binary in (None, False, True):
        message = Request([Tensor("a", [1], {"binary_data_size": 8}, binary)])
        with pytest.raises(tw.EncodeError) as caught:
            tw.get_protocol(name).encode(message)
        assert caught.value.path == "$.inputs[0].parameters.binary_data_size"


RAW, DATA, TENSOR = "$.rawInputContents[0]", "$.inputs[0].data", "$.inputs[0]"
WRONG = {
    "raw missing": (one_grpc(), "$.inputs[0].contents"),
    "raw short": (one_grpc(raw=[bytes(7)]), RAW),
    "raw long": (one_grpc(raw=[bytes(9)]), RAW),
    "raw twice": (one_grpc(raw=[bytes(8)] * 2), "$.rawInputContents"),
    "raw for nothing": (("oip/protobuf", b"\x3a\x00"), "$.rawInputContents"),
    "raw and typed": (one_grpc(raw=[bytes(8)], fp32_contents=[1, 2]), "$.inputs[0].contents"),
    "raw no bool": (one_grpc("BOOL", raw=[b"\x01\x02"]), RAW),
    "raw bytes cut": (one_grpc("BYTES", raw=[prefixed(1, 2)]), RAW),
    "raw bytes too few": (one_grpc("BYTES", raw=[prefixed(1)]), RAW),
    "raw bytes too many": (one_grpc("BYTES", raw=[prefixed(1, 1, 1)]), RAW),
    "raw bytes and more": (one_grpc("BYTES", raw=[prefixed(1, 1) + b"\0\0\0"]), RAW),
    "raw bytes huge": (one_grpc("BYTES", raw=[prefixed(1, 2**32 - 1)]), RAW),
    "few values": (one_grpc(fp32_contents=[1]), "$.inputs[0].contents"),
    "many values": (one_grpc(fp32_contents=[1, 2, 3]), "$.inputs[0].contents"),
    "another member": (one_grpc(fp64_contents=[1, 2]), "$.inputs[0].contents"),
    "two members": (one_grpc(fp32_contents=[1, 2], bool_contents=[True]), "$.inputs[0].contents"),
    "int8 of 128": (one_grpc("INT8", int_contents=[1, 128]), "$.inputs[0].contents"),
    "int8 of -129": (one_grpc("INT8", int_contents=[-129, 1]), "$.inputs[0].contents"),
    "uint16 of 65536": (one_grpc("UINT16", uint_contents=[1, 65536]), "$.inputs[0].contents"),
    "FP16 typed": (one_grpc("FP16", fp32_contents=[1, 2]), "$.inputs[0].contents"),
    "BF16 typed": (one_grpc("BF16", fp32_contents=[1, 2]), "$.inputs[0].contents"),
    "no datatype": (one_grpc("", raw=[bytes(8)]), "$.inputs[0].datatype"),
    "lower case": (one_grpc("fp32", raw=[bytes(8)]), "$.inputs[0].datatype"),
    "size -1": (one_grpc(shape=[-1], raw=[bytes(8)]), "$.inputs[0].shape"),
    "sizes -1 and -2": (one_grpc(shape=[-1, -2], raw=[bytes(8)]), "$.inputs[0].shape"),
    "rank 65": (one_grpc(shape=[1] * 64 + [2], raw=[bytes(8)]), "$.inputs[0].shape"),
    "overflow": (one_grpc(shape=[2**32, 2**32], raw=[b""]), RAW),
    "overflow of nothing": (one_grpc(shape=[2**62, 2**62, 0], raw=[b""]), "$.inputs[0].shape"),
    "data missing": (one_json(data=...), DATA),
    "data null": (one_json(data=None), DATA),
    "data a number": (one_json(shape=[], data=1.5), DATA),
    "data text": (one_json("BYTES", data="ab"), DATA),
    "data base64": (one_json("UINT8", [6750], data="A" * 9000), DATA),
    "data an object": (one_json(data={"0": 1}), DATA),
    "data of 1": (one_json(data=[1]), DATA),
    "data of 3": (one_json(data=[1, 2, 3]), DATA),
    "data nested wrong": (one_json(data=[[1, 2]]), DATA),
    "data transposed": (one_json(shape=[2, 1], data=[[1, 2]]), DATA),
    "ragged": (one_json(data=[[1], [1, 2]]), DATA),
    "a null": (one_json("INT64", data=[1, None]), DATA),
    "a null for a bool": (one_json("BOOL", data=[True, None]), DATA),
    "a null for text": (one_json("BYTES", data=["a", None]), DATA),
    "a number as text": (one_json(data=["1", "2"]), DATA),
    "text among numbers": (one_json(data=[1, "2"]), DATA),
    "numbers as text": (one_json("BYTES", data=[1, 2]), DATA),
    "INT32 1.5": (one_json("INT32", data=[1, 1.5]), DATA),
    "INT32 of 1e300": (one_json("INT32", data=[1, 1e300]), DATA),
    "INT32 of 2**31": (one_json("INT32", data=[1, 2**31]), DATA),
    "INT8 of 128": (one_json("INT8", data=[1, 128]), DATA),
    "UINT8 of -1": (one_json("UINT8", data=[1, -1]), DATA),
    "UINT64 of -1": (one_json("UINT64", data=[1, -1]), DATA),
    "INT64 of 2**63": (one_json("INT64", data=[1, 2**63]), DATA),
    "INT64 beside a float": (one_json("INT64", data=[1.0, 2**53 + 1]), DATA),
    "BF16 in JSON": (one_json("BF16"), DATA),
    "FP32 of 1e39": (one_json(data=[1, 1e39]), DATA),
    "FP16 of 65520": (one_json("FP16", data=[1, 65520]), DATA),
    "INT32 of true": (one_json("INT32", data=[1, True]), DATA),
    "BOOL of 1": (one_json("BOOL", data=[1, 0]), DATA),
    "BOOL of text": (one_json("BOOL", data=["true", "false"]), DATA),
    "BOOL and 1": (one_json("BOOL", data=[True, 1]), DATA),
    "no datatype in JSON": (one_json(...), "$.inputs[0].datatype"),
    "datatype 1": (one_json(1), "$.inputs[0].datatype"),
    "datatype a list": (one_json(["FP32"]), "$.inputs[0].datatype"),
    "shape a number": (one_json(shape=2), "$.inputs[0].shape"),
    "shape of text": (one_json(shape=["2"]), "$.inputs[0].shape"),
    "shape of floats": (one_json(shape=[2.0]), "$.inputs[0].shape"),
    "shape of bools": (one_json("FP32", [True], [1]), "$.inputs[0].shape"),
    "shape -1 in JSON": (one_json(shape=[-1]), "$.inputs[0].shape"),
    "shape of shapes": (one_json(shape=[[2]]), "$.inputs[0].shape"),
    "name a number": (one_json(name=1), "$.inputs[0].name"),
    "parameters a list": (one_json(parameters=[1]), "$.inputs[0].parameters"),
    "no tensors": (("oip/json", b"{}"), "$"),
    "null tensors": (("oip/json", b'{"inputs":null}'), "$"),
    "one tensor alone": (("oip/json", b'{"inputs":{"name":"x"}}'), "$.inputs"),
    "a list of numbers": (("oip/json", b'{"inputs":[1]}'), "$.inputs[0]"),
    "an id of 1": (("oip/json", b'{"inputs":[],"id":1}'), "$.id"),
    "outputs of names": (("oip/json", b'{"inputs":[],"outputs":["a"]}'), "$.outputs[0]"),
    "NaN": (("oip/json", one_json("INT8", data=[5, 6])[1].replace(b"5", b"NaN")), DATA),
    "no object": (("oip/json", b"[]"), "$"),
    "nothing": (("oip/json", b""), "$"),
    "size too small": (one_binary(7), "$"),
    "size too large": (one_binary(9), TENSOR),
    "size negative": (one_binary(-8), TENSOR),
    "sizes that cancel out": (
        (
            "oip/binary",
            one_binary(-8, b"", shape=[0])[1][:-2]
            + b","
            + one_binary(16, bytes(8))[1].removeprefix(b'{"inputs":['),
        ),
        TENSOR,
    ),
    "size huge": (one_binary(2**63), TENSOR),
    "size a float": (one_binary(8.0), TENSOR),
    "size text": (one_binary("8"), TENSOR),
    "size true": (one_binary(size=True, blob=b"a", datatype="UINT8", shape=[1]), TENSOR),
    "size of a list": (one_binary([8]), TENSOR),
    "size null": (one_binary(None), DATA),
    "bytes behind": (one_binary(blob=bytes(9)), "$"),
    "bytes missing": (one_binary(blob=bytes(7)), TENSOR),
    "another size": (one_binary(4, bytes(4)), TENSOR),
    "data beside": (one_binary(data=[1, 2]), TENSOR),
    "binary no bool": (one_binary(2, b"\x01\x02", "BOOL"), TENSOR),
    "binary bytes cut": (one_binary(9, prefixed(1, 2)[:9], "BYTES"), TENSOR),
    "binary bytes too few": (one_binary(5, prefixed(1), "BYTES"), TENSOR),
    "blob without a tensor": (("oip/binary", b'{"inputs":[]}\0'), "$"),
    "no JSON": (("oip/binary", bytes(8)), "$"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_bodies(case: str) -> None:
    """What does not add up is refused at its place, by the fast reader and by the slow one."""
    (name, body), path = WRONG[case]
    for decode in (fast, slow):
        with pytest.raises(tw.DecodeError) as caught:
            decode(name, body)
        assert caught.value.path.startswith(path)
        assert f" - at {path}" in str(caught.value) or caught.value.path == "$"


RIGHT = {
    "no bytes": (one_grpc(shape=[0, 3], raw=[b""]), np.empty((0, 3), np.float32)),
    "no values": (one_grpc(shape=[0, 3]), np.empty((0, 3), np.float32)),
    "empty contents beside raw": (
        one_grpc(raw=[bytes(8)], int_contents=[]),
        np.zeros(2, np.float32),
    ),
    "bool of 2": (one_grpc("BOOL", shape=[1], bool_contents=[True]), np.array([True])),
    "rank 64": (one_grpc("INT8", [1] * 64, raw=[b"\5"]), np.full((1,) * 64, 5, np.int8)),
    "bfloat16": (
        one_grpc("BF16", raw=[b"\x80\x3f\x00\xc0"]),
        np.array([1, -2], ml_dtypes.bfloat16),
    ),
    "nothing in JSON": (one_json(shape=[0, 3], data=[]), np.empty((0, 3), np.float32)),
    "nothing nested": (one_json(shape=[2, 0], data=[[], []]), np.empty((2, 0), np.float32)),
    "no text": (one_json("BYTES", [0], []), np.empty(0, "S1")),
    "one value": (one_json("INT8", [], [7]), np.array(7, np.int8)),
    "whole floats": (one_json("INT16", data=[1.0, -2e2]), np.array([1, -200], np.int16)),
    "integers as floats": (one_json("FP64", data=[1, -2]), np.array([1.0, -2])),
    "integers of no one dtype": (one_json("FP64", data=[-1, 2**63]), np.array([-1, 2.0**63])),
    "no blob": (one_binary(0, b"", shape=[0]), np.empty(0, np.float32)),
}


@pytest.mark.parametrize("case", RIGHT)
def test_right_bodies(case: str) -> None:
    """What adds up at the edge of what does not is read."""
    (name, body), array = RIGHT[case]
    for decode in (fast, slow):
        assert told(decode(name, body)) == told(Request([Tensor("x", array)]))


HEADERS = ["", "-1", "+8", " 8", "8.0", "0x8", "1e1", "٣", "9" * 19, "9" * 5000, "nan", "10000"]


@pytest.mark.parametrize("value", HEADERS, ids=range(len(HEADERS)))
@pytest.mark.parametrize("name", REST)
def test_garbage_in_the_header(name: str, value: str) -> None:
    """A length that is no length, or beyond the body, is refused."""
    body, _ = tw.get_protocol(name).encode(Request(several()))
    with pytest.raises(tw.DecodeError) as caught:
        tw.get_protocol(name).decode(body, {LENGTH: value})
    assert LENGTH in str(caught.value)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("name", REST)
def test_wrong_lengths_in_the_header(name: str) -> None:
    """A length that is not that of the JSON is never taken for it."""
    body, headers = rest(Request(several()), binary=True)
    for some, right in ((body, int(headers[LENGTH])), (body[: int(headers[LENGTH])], None)):
        for length in range(len(some) + 3):
            if length != right:
                with pytest.raises(tw.DecodeError):
                    tw.get_protocol(name).decode(some, {LENGTH: str(length)})
    text, _ = rest(Request(several()), binary=False)
    for length in (*range(len(text)), len(text) + 1, len(text) + 2):
        with pytest.raises(tw.DecodeError):
            tw.get_protocol(name).decode(text, {LENGTH: str(length)})


@pytest.mark.parametrize("name", REST)
def test_headers_of_other_types(name: str) -> None:
    """Headers come as text or bytes, in a dict or in pairs; anything else is refused."""
    body, headers = rest(Request(several()), binary=True)
    length = headers[LENGTH]
    good: list[Any] = [headers, {LENGTH: int(length)}, [(LENGTH, length)]]
    good += [[(LENGTH.lower().encode(), length.encode())], [(b"a", b"\xff"), (LENGTH, length)]]
    for some in good:
        assert told(tw.get_protocol(name).decode(body, some)) == told(Request(several()))
    wrongs: list[Any] = [5, [5], "abc", [("a", "b", "c")], {LENGTH: None}, {LENGTH: [8]}]
    for wrong in wrongs:
        with pytest.raises(tw.DecodeError):
            tw.get_protocol(name).decode(body, wrong)


@pytest.mark.parametrize("name", ["oip/json", "oip/binary"])
@pytest.mark.parametrize("last", ['"id":"data"', '"parameters":{"data":1}'])
def test_bools_under_an_escaped_key_are_not_numbers(name: str, last: str) -> None:
    """A key that is written with an escape does not hide bools among many numbers."""
    bools = "true" + ",false" * 16
    tensor = '{"name":"a","shape":[17],"datatype":"INT32","d\\u0061ta":[' + bools + "]}"
    body = '{"inputs":[' + tensor + "]," + last + "}"
    with pytest.raises(tw.DecodeError, match="expected an integer for INT32, got true") as error:
        tw.get_protocol(name).decode(body.encode())
    assert error.value.path == "$.inputs[0].data[0]"


@pytest.mark.parametrize("form", [name for name in tw.protocol_names() if name.startswith("oip/")])
@pytest.mark.parametrize("model", [None, 0, b"", (), False])
def test_a_model_is_a_string(form: str, model: Any) -> None:
    """A name or a version of another type is refused by each writer, also where it is empty."""
    tensors = [tw.oip.InferTensor("x", np.array([1.0]))]
    protocol = tw.get_protocol(form)
    for message in (
        tw.oip.InferResponse(tensors, model_name=model),
        tw.oip.InferResponse(tensors, "m", model_version=model),
    ):
        for write in (protocol.encode, protocol.encode_parts):
            with pytest.raises(tw.EncodeError, match="expected a string, got"):
                write(message)


def test_a_reply_is_made_of_tensors() -> None:
    """A reply of arrays without names is refused with what to pass."""
    request = tw.oip.InferRequest([tw.oip.InferTensor("x", [1.0])])
    with pytest.raises(tw.EncodeError, match="expected InferTensors or a dict of arrays, got nd"):
        request.reply([np.ones(2)])  # type: ignore[list-item]
