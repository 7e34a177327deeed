"""NaN and infinities in the parameters of the Open Inference Protocol, in JSON."""

import json
import math
from typing import Any

import numpy as np
import pytest

import tensorwire as tw
from tensorwire.oip import InferRequest, InferResponse, InferTensor, RequestedOutput

NAMES = ["oip/json", "oip/binary"]
TEXT = (
    '{"id":"7","parameters":{"a":NaN,"b":[1.5,{"c":-Infinity}]},"inputs":[{"name":"x","shape":[1],'
    '"datatype":"FP32","data":[1.5],"parameters":{"d":Infinity}}],'
    '"outputs":[{"name":"y","parameters":{"e":[NaN]}}]}'
)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("missing", ["any", "nan"])
def test_what_was_read_is_written_again(name: str, missing: Any) -> None:
    """NaN in a parameter is the same word again; null would be None for whoever reads it."""
    protocol = tw.get_protocol(name)
    request = protocol.decode(TEXT.encode(), type=InferRequest)
    body, headers = protocol.encode(request, missing=missing)
    length = int(headers.get("Inference-Header-Content-Length", len(body)))
    found, wanted = json.loads(body[:length]), json.loads(TEXT)
    for tree in (found, wanted):
        tree["inputs"][0].pop("data", None)
        tree["inputs"][0]["parameters"].pop("binary_data_size", None)
    assert json.dumps(found, sort_keys=True) == json.dumps(wanted, sort_keys=True)
    assert b"".join(protocol.encode_parts(request, missing=missing)[0]) == body


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [math.nan, np.float32("nan"), [1, [math.nan]], {"k": np.nan}])
def test_how_each_word_writes_them(name: str, value: Any) -> None:
    """They are refused without an option, which the error names, and null where it is asked for."""
    protocol = tw.get_protocol(name)
    tensor = InferTensor("x", np.array([1.5], np.float32), {"p": value}, binary=False)
    for message in (InferRequest([tensor]), InferResponse([tensor])):
        for refused in (None, "error"):
            with pytest.raises(tw.EncodeError, match="missing='nan'") as caught:
                protocol.encode(message, missing=refused)
            assert caught.value.path.startswith("$.")
            assert ".parameters.p" in caught.value.path
        for options in ({"missing": "null"}, {"lossy": True}):
            text, _ = protocol.encode(message, **options)
            assert b"null" in text
            assert b"NaN" not in text
        assert b"NaN" in protocol.encode(message, missing="nan")[0]


@pytest.mark.parametrize("name", NAMES)
def test_infinities_are_not_null(name: str) -> None:
    """`missing="null"` has no word for infinities; everything else is written as before."""
    protocol = tw.get_protocol(name)
    asked = [RequestedOutput("y", {"p": math.inf})]
    with pytest.raises(tw.EncodeError, match="inf"):
        protocol.encode(InferRequest([], outputs=asked), missing="null")
    text, _ = protocol.encode(InferRequest([], outputs=asked), missing="any")
    assert json.loads(text)["outputs"][0]["parameters"] == {"p": math.inf}
    plain, _ = protocol.encode(InferRequest([], parameters={"a": [1, "NaN"]}), missing="any")
    assert json.loads(plain)["parameters"] == {"a": [1, "NaN"]}


@pytest.mark.parametrize("parameters", [{"p": math.nan}, {"p": [math.inf]}, {"p": "NaN"}, {}])
def test_the_json_ends_where_it_does_with_words_in_it(parameters: dict[str, Any]) -> None:
    """A body that came without headers is read as with them, whatever its JSON says."""
    protocol = tw.get_protocol("oip/binary")
    tensors = [
        InferTensor("x", np.arange(3, dtype=np.float32), parameters),
        InferTensor("y", np.array([np.nan, 2], np.float32), binary=False),
    ]
    body, headers = protocol.encode(InferRequest(tensors), missing="nan")
    assert tw.oip.json_size(body) == int(headers["Inference-Header-Content-Length"])
    with_headers, without = protocol.decode(body, headers), protocol.decode(body)
    for one, other in zip(with_headers.inputs, without.inputs, strict=True):
        np.testing.assert_array_equal(one.value, other.value)
        assert repr(one.parameters) == repr(other.parameters) == repr(dict(one.parameters))
    assert protocol.peek(body).tensors == protocol.peek(body, headers).tensors
