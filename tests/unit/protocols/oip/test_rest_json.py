"""Plain messages are written and read as by way of the tree; all others are left to the tree."""

from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tensorwire as tw
from tensorwire.oip import InferRequest, InferResponse, InferTensor, RequestedOutput
from tensorwire.protocols.oip.rest import _NOT_PLAIN
from tensorwire.protocols.oip.rest_json import (
    NotPlainError,
    finite_json,
    read_plain,
    write_plain,
)
from tests.support.oip_values import told

DTYPES = ["?", "b", "h", "i", "q", "B", "H", "I", "Q", "f", "d"]
NAMES = {
    "?": "BOOL", "b": "INT8", "h": "INT16", "i": "INT32", "q": "INT64",
    "B": "UINT8", "H": "UINT16", "I": "UINT32", "Q": "UINT64", "f": "FP32", "d": "FP64",
}  # fmt: skip
dtypes = pytest.mark.parametrize("code", DTYPES)


def node(**members: Any) -> bytes:
    """Return a request of one tensor, with other members than a plain one has."""
    plain = {"name": "x", "shape": [2], "datatype": "FP32", "data": [1.5, 2.5]}
    return orjson.dumps({"inputs": [{**plain, **members}]})


def by_tree(body: bytes, **options: Any) -> Any:
    """Read a message by way of the tree, which limits ask for."""
    return tw.get_protocol("oip/json").decode(body, limits=tw.Limits(), **options)


@dtypes
@pytest.mark.parametrize("shape", [(1,), (1, 3), (2, 2, 5), (40,), (3, 100), ()])
def test_plain_arrays(code: str, shape: tuple[int, ...]) -> None:
    """A plain array is written as orjson writes its list, and read as numpy makes it of that."""
    array = (np.arange(np.prod(shape, dtype=int)) % 100).reshape(shape).astype(code)
    text, behind = write_plain(InferRequest([InferTensor("x", array)]), binary=False)
    wanted = {"name": "x", "shape": list(shape), "datatype": NAMES[code]}
    wanted["data"] = array.reshape(-1).tolist()
    assert orjson.loads(text) == {"inputs": [wanted]}
    assert behind == []
    (tensor,) = read_plain(text, len(text), InferRequest).inputs  # type: ignore[union-attr]
    assert tensor.value.dtype == array.dtype
    assert tensor.value.flags.writeable
    np.testing.assert_array_equal(tensor.value, array)
    assert told(by_tree(text)) == told(read_plain(text, len(text), InferRequest))


@dtypes
def test_plain_memory(code: str) -> None:
    """The memory of an array goes behind the JSON, and is viewed there."""
    array = np.arange(6).reshape(2, 3).astype(code)
    text, behind = write_plain(InferRequest([InferTensor("x", array)]), binary=True)
    assert len(behind) == 1
    assert behind[0] is array
    assert orjson.loads(text)["inputs"][0]["parameters"] == {"binary_data_size": array.nbytes}
    if code == "?":  # whose bytes need a look
        with pytest.raises(_NOT_PLAIN):
            read_plain(text + array.tobytes(), len(text), InferRequest)
        return
    body = text + array.tobytes()
    value = read_plain(body, len(text), InferRequest).inputs[0].value  # type: ignore[union-attr]
    assert np.shares_memory(value, np.frombuffer(body, np.uint8))
    assert not value.flags.writeable
    np.testing.assert_array_equal(value, array)


def test_all_members() -> None:
    """Id, model, parameters and requested outputs are written in order and read back."""
    tensor = InferTensor("x", np.arange(2.0), {"a": "b"})
    outputs = [RequestedOutput("y", {"binary_data": True}), RequestedOutput("z")]
    request = InferRequest([tensor], "m", "1", "7", {"p": 1, "q": True}, outputs)
    text, _ = write_plain(request, binary=False)
    assert list(orjson.loads(text)) == ["id", "parameters", "inputs", "outputs"]
    read = read_plain(text, len(text), InferRequest)
    assert told(read) == told(InferRequest([tensor], "", "", "7", {"p": 1, "q": True}, outputs))
    response = InferResponse([tensor], "m", "1", "7", {"p": False})
    text, _ = write_plain(response, binary=False)
    assert list(orjson.loads(text)) == [
        *("id", "model_name", "model_version", "parameters", "outputs")
    ]
    assert told(read_plain(text, len(text), InferResponse)) == told(response)


@pytest.mark.parametrize(
    "value",
    [
        np.array([np.nan]),
        np.array([np.inf], np.float32),
        np.zeros(1025),
        np.zeros(2, np.float16),
        np.zeros(2, ">f4"),
        np.zeros(2, np.complex64),
        np.array(["a"]),
        [1.0],
        b"a",
    ],
    ids=str,
)
def test_values_that_are_not_plain(value: Any) -> None:
    """NaN, long arrays and values of other types are for the tree."""
    with pytest.raises(_NOT_PLAIN):
        write_plain(InferRequest([InferTensor("x", value)]), binary=False)


@pytest.mark.parametrize(
    "message",
    [
        InferRequest([InferTensor("x", np.zeros(1))], id=5),  # type: ignore[arg-type]
        InferRequest([InferTensor("\ud800", np.zeros(1))]),
        InferRequest([InferTensor("x", np.zeros(1), {"binary_data_size": 8})]),
        InferRequest([InferTensor("x", np.zeros(1), {"a": 1.5})]),
        InferRequest([InferTensor("x", np.zeros(1))], parameters={"a": {}}),
        InferRequest([InferTensor("x", np.zeros(1))], parameters={"a": 2**64}),
        InferRequest((InferTensor("x", np.zeros(1)),)),
        InferRequest([InferTensor("x", np.zeros(1))], outputs=("y",)),  # type: ignore[arg-type]
        InferResponse([InferTensor("x", np.zeros(1))], np.str_("m")),
        None,
    ],
    ids=range(10),
)
def test_messages_that_are_not_plain(message: Any) -> None:
    """Odd fields are for the tree, which writes or refuses them."""
    with pytest.raises(_NOT_PLAIN):
        write_plain(message, binary=False)


@pytest.mark.parametrize(
    "body",
    [
        node(shape=[-1]),
        node(shape=[True, 2]),
        node(shape=[2.0]),
        node(shape=[3]),
        node(shape=[1]),
        node(shape=2),
        node(shape=[2**62, 4]),
        node(name=1),
        node(datatype="FP16"),
        node(datatype="BYTES"),
        node(datatype=["FP32"]),
        node(data=[None, 1.0]),
        node(data=[True, 1.0]),
        node(data=["1", 1.0]),
        node(data=[[1.0, 2.0]]),
        node(data=[1.0, 2.0**53]),
        node(data=[1.0, 2**60]),
        node(data=[1.5, 1], datatype="INT32"),
        node(data=[1, 2**31], datatype="INT32"),
        node(data=[1, -1], datatype="UINT8"),
        node(data=[0, 1], datatype="BOOL"),
        node(data=[True, False], datatype="INT8"),
        node(data=[0.5] * 20 + [None], shape=[21]),
        node(data=[0.5] * 20 + [True], shape=[21]),
        node(data=[0.5] * 20 + [1e300], shape=[21]),
        node(data=[0.5] * 20 + [2**53], shape=[21]),
        node(data=[1] * 20 + [True], shape=[21], datatype="INT64"),
        node(data=[1] * 20 + [256], shape=[21], datatype="UINT8"),
        node(data=[1] * 20 + [1.0], shape=[21], datatype="UINT8"),
        node(data=None),
        node(parameters={"shared_memory_region": "r"}),
        node(parameters={"binary_data_size": 8}),
        node(parameters={"a": 1e19}),
        node(parameters=[]),
        b'{"inputs":{}}',
        b'{"outputs":[]}',
        b'{"inputs":[],"outputs":{}}',
        b'{"inputs":[],"outputs":["y"]}',
        b'{"inputs":[],"id":7}',
        b'{"inputs":[1]}',
        b"[]",
        b"{",
        b"\xff",
    ],
)
def test_bodies_that_are_not_plain(body: bytes) -> None:
    """What is not plain is never read here: the tree reads it exactly, or refuses it."""
    with pytest.raises(_NOT_PLAIN):
        read_plain(body, len(body), InferRequest)


def outcome(body: bytes, **options: Any) -> Any:
    """Return what decoding a request gives, or the error."""
    try:
        return told(tw.get_protocol("oip/json").decode(body, **options))
    except tw.DecodeError as error:
        return str(error)


scalars = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(2**64), 2**64),
    st.integers(-5, 300),
    st.booleans(),
    st.none(),
)


@given(
    st.lists(scalars, max_size=3) | st.lists(st.integers(-5, 300), max_size=40),
    st.sampled_from([*NAMES.values(), "FP16", "BF16", "BYTES"]),
    st.booleans(),
)
def test_any_values(data: list[Any], datatype: str, nested: bool) -> None:  # noqa: FBT001
    """Whatever the values and the datatype are, a body is read as by way of the tree."""
    shape = [1, len(data)] if nested else [len(data)]
    tree = {"inputs": [{"name": "x", "shape": shape, "datatype": datatype, "data": data}]}
    body = b'{"inputs":[' + _dumps(tree["inputs"][0]) + b"]}"
    assert outcome(body) == outcome(body, limits=tw.Limits())


def _dumps(tree: Any) -> bytes:
    """Write JSON with integers of any size."""
    import json

    return json.dumps(tree).encode()


@pytest.mark.parametrize("count", [2, 40])
@pytest.mark.parametrize("shape", [[1 << 40], [1 << 20, 1 << 20], [7], [1 << 62, 1 << 62]])
def test_a_shape_of_other_values_takes_no_memory(shape: list[int], count: int) -> None:
    """A shape that claims more values than there are is refused before memory is taken for it."""
    body = node(shape=shape, data=[1.5] * count)
    with pytest.raises((NotPlainError, TypeError, ValueError)):
        read_plain(body, len(body), InferRequest)
    with pytest.raises(tw.DecodeError, match=r"\$\.inputs\[0\]"):
        tw.get_protocol("oip/json").decode(body)


def test_finite_json() -> None:
    """Finite arrays are the JSON of their flat list, others are declined."""
    assert finite_json(np.array([[1.5, -0.0]])) == b"[1.5,-0.0]"
    assert finite_json(np.asfortranarray(np.arange(6).reshape(2, 3))) == b"[0,1,2,3,4,5]"
    assert finite_json(np.array(1.5)) == b"[1.5]"
    assert finite_json(np.array([np.nan])) is None
    assert finite_json(np.array([-np.inf])) is None
