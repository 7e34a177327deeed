"""What a user's type checker sees of the protocols. Checked, never run."""

from typing import Any

import numpy as np
from typing_extensions import assert_type

import tensorwire as tw
from tensorwire.oip import InferRequest, InferResponse, InferTensor
from tensorwire.seldon import Feedback, MessageList
from tensorwire.tfserving import PredictRequest, PredictResponse

protocol = tw.get_protocol("oip/binary")
assert_type(protocol, tw.MessageProtocol)
assert_type(tw.protocol_names(), tuple[str, ...])

request = InferRequest([InferTensor("x", np.zeros((2, 3)))], id="42")
body, headers = protocol.encode(request)
assert_type(body, bytes)
assert_type(headers, dict[str, str])
assert_type(protocol.decode(body, headers), Any)
assert_type(request.reply({"y": np.ones(2)}), InferResponse)
assert_type(request.inputs[0].shape, tuple[int, ...])
assert_type(request.inputs[0].datatype, str)
assert_type(PredictRequest({"x": [1.0]}).reply({"y": [2.0]}), PredictResponse)
assert_type(MessageList([tw.Message(1)]).messages[0], tw.Message)
assert_type(Feedback(reward=0.5).reward, float)

seen = tw.peek(body, protocol="oip", headers=headers)
assert_type(seen, tw.Peek)
assert_type(seen.tensors[0], tw.TensorInfo)
assert_type(tw.transcode(b"{}", "json/ndarray", "oip/json", lossy=True), bytes)

InferTensor("x")  # type: ignore[call-arg]
InferRequest([np.zeros(3)])  # type: ignore[list-item]
tw.transcode(b"{}", "json/ndarray")  # type: ignore[call-arg]
