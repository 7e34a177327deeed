"""A TensorProto alone, and whole HTTP messages, are told from the messages of the protocols."""

from typing import Any

import numpy as np
import pytest

import tensorwire as tw
from tensorwire.containers.protobuf.schema import message_class

TENSOR: Any = message_class("tensorflow.TensorProto")
TWO = {"dim": [{"size": 2}]}
TENSORS = [
    TENSOR(dtype=2, tensor_shape=TWO, tensor_content=np.ones(2).tobytes()),
    TENSOR(dtype=1, float_val=[1.5]),
    TENSOR(dtype=9, tensor_shape=TWO, int64_val=[1, 2]),
    TENSOR(dtype=7, tensor_shape=TWO, string_val=[b"a", b"b"]),
    TENSOR(dtype=22, tensor_shape=TWO, uint32_val=[1, 2]),
]


@pytest.mark.parametrize("case", range(len(TENSORS)))
@pytest.mark.parametrize("kind", ["ndarray", "tensor", "tftensor"])
def test_a_tensor_proto_is_no_message(kind: str, case: int) -> None:
    """What TensorFlow writes for an array is told where a SeldonMessage is expected."""
    body = TENSORS[case].SerializeToString()
    with pytest.raises(tw.DecodeError, match="look like a TensorProto alone: put it into"):
        tw.get_codec(f"protobuf/{kind}").decode(body)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"POST /predict HTTP/1.1\r\nHost: h\r\n\r\n{}", "a whole HTTP request; pass its body"),
        (b"--b\r\nContent-Disposition: form-data\r\n\r\n", "a form of several parts"),
        (b"\x93NUMPY\x01\x00v\x00", "a .npy file"),
        (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    ],
)
def test_what_is_read_as_json_is_told(body: bytes, says: str) -> None:
    """The error of JSON, and of JSON with binary tensors behind it, tells other bytes."""
    for name in ("seldon/json", "oip/json", "oip/binary", "tfserving/json"):
        with pytest.raises(tw.DecodeError) as caught:
            tw.get_protocol(name).decode(body)
        assert says in str(caught.value)


def test_a_message_is_not_told_to_be_a_tensor() -> None:
    """A SeldonMessage that is refused for what is in it says only that."""
    body = tw.get_codec("protobuf/tensor").encode([1.0, 2.0])
    with pytest.raises(tw.DecodeError) as caught:
        tw.get_codec("protobuf/ndarray").decode(body)
    assert "TensorProto" not in str(caught.value)
