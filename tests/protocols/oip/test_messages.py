"""Messages of the Open Inference Protocol: replies, paths, datatypes and shapes."""

import numpy as np
import pytest

import tensorwire as tw
from tests.support.oip_values import DATATYPES, Output, Request, Tensor, rest
from tests.support.values import plain


def test_reply() -> None:
    """A reply keeps the id, and gives the outputs that were asked for, in their order, as asked."""
    made = {"a": np.arange(2.0), "b": np.ones(2, np.int8), "c": np.array([True])}
    wanted = [Output("c", {"binary_data": True}), Output("a", {"binary_data": False}), Output("b")]
    tensors = [Tensor(name, value, {"p": 1}) for name, value in made.items()]
    for default, binary in ((None, [True, False, False]), (True, [True, False, True])):
        parameters = {} if default is None else {"binary_data_output": default}
        request = Request([], "m", "2", "id", parameters, wanted)
        body, headers = tw.get_protocol("oip/json").encode(request)
        request = tw.get_protocol("oip/json").decode(body, headers)
        request.model_name, request.model_version = "m", "2"
        for outputs in (made, tensors):
            reply = request.reply(outputs)
            assert (reply.model_name, reply.model_version, reply.id) == ("m", "2", "id")
            assert [tensor.name for tensor in reply.outputs] == ["c", "a", "b"]
            assert [tensor.binary for tensor in reply.outputs] == binary
            assert all(tensor.value is made[tensor.name] for tensor in reply.outputs)
            assert tw.get_protocol("oip/json").encode(reply) == rest(reply, binary=False)
        assert [tensor.parameters for tensor in reply.outputs] == [{"p": 1}] * 3
    with pytest.raises(tw.EncodeError, match="'b'"):
        request.reply({"a": [1], "c": [1]})


def test_reply_to_a_request_that_names_no_output() -> None:
    """All outputs are given then, in their own order; a tensor may say where it goes."""
    request = Request([], parameters={"binary_data_output": True})
    reply = request.reply([Tensor("b", [1]), Tensor("a", [2], binary=False)])
    assert [(tensor.name, tensor.binary) for tensor in reply.outputs] == [("b", True), ("a", False)]
    assert [t.binary for t in Request([]).reply({"z": [1], "y": [2]}).outputs] == [False, False]
    assert Request([]).reply({}).outputs == []
    off = Request([], parameters={"binary_data_output": False}).reply({"z": [1]})
    assert tw.get_protocol("oip/binary").encode(off) == rest(off, binary=False)


def test_path_of_a_request() -> None:
    """REST sends a request to its model's path, in which nothing is left unquoted."""
    assert Request([], "iris").path == "/v2/models/iris/infer"
    assert Request([], "a/b c", "1?").path == "/v2/models/a%2Fb%20c/versions/1%3F/infer"


def test_datatype_and_shape() -> None:
    """A tensor tells its datatype and shape, of arrays and of lists."""
    for datatype, (dtype, _) in DATATYPES.items():
        tensor = Tensor("x", plain(dtype, (2, 3)))
        assert (tensor.datatype, tensor.shape) == (datatype, (2, 3))
    assert Tensor("x", [["a"], ["b\0"]]).datatype == "BYTES"
    assert Tensor("x", [[b"a"], [b"b\0"]]).shape == (2, 1)
    assert (Tensor("x", 1).datatype, Tensor("x", [1.5, 2]).datatype) == ("INT64", "FP64")
    with pytest.raises(tw.EncodeError):
        _ = Tensor("x", [1j]).datatype


@pytest.mark.parametrize(
    ("value", "datatype", "shape"),
    [
        (np.zeros((2, 0), "f2"), "FP16", (2, 0)),
        (np.array(True), "BOOL", ()),  # noqa: FBT003
        ([[1, 2]], "INT64", (1, 2)),
        ([2**63], "UINT64", (1,)),
        (["a", "bc"], "BYTES", (2,)),
        ([b"a\0"], "BYTES", (1,)),
        (np.array([b"a"], object), "BYTES", (1,)),
    ],
    ids=str,
)
def test_a_tensor_is_described_by_its_value(
    value: object, datatype: str, shape: tuple[int, ...]
) -> None:
    """Name, datatype and shape are those that are written."""
    tensor = Tensor("x", value)
    assert (tensor.name, tensor.datatype, tensor.shape) == ("x", datatype, shape)
    body, headers = tw.get_protocol("oip/binary").encode(Request([tensor]))
    (read,) = tw.get_protocol("oip/binary").decode(body, headers).inputs
    assert (read.name, read.datatype, read.shape) == ("x", datatype, shape)


@pytest.mark.parametrize("name", ["x", "", "é"])
def test_an_output_that_is_missing_is_named(name: str) -> None:
    """A reply has all outputs that the request asks for."""
    request = Request([], outputs=[Output(name)])
    assert [tensor.name for tensor in request.reply({name: [1]}).outputs] == [name]
    with pytest.raises(tw.EncodeError, match=repr(name)):
        request.reply({"other": [1]})
