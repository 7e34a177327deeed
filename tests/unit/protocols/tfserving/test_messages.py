"""Requests and responses of TensorFlow Serving: paths, replies, versions."""

from typing import Any

import numpy as np
import pytest

from tensorwire.errors import EncodeError
from tensorwire.protocols.tfserving.messages import (
    PredictRequest,
    PredictResponse,
    aligned_message,
    tensors_of,
    version_of,
)

REQUEST = PredictRequest({"x": [1.5]}, "iris", 3, signature_name="s", output_filter=["y"])


@pytest.mark.parametrize(
    ("request_", "path"),
    [
        (PredictRequest({}), "/v1/models/:predict"),
        (PredictRequest({}, "iris"), "/v1/models/iris:predict"),
        (PredictRequest({}, "iris", 3), "/v1/models/iris/versions/3:predict"),
        (PredictRequest({}, "iris", 0), "/v1/models/iris/versions/0:predict"),
        (PredictRequest({}, "iris", version_label="a/b"), "/v1/models/iris/labels/a%2Fb:predict"),
        (PredictRequest({}, "a b/é"), "/v1/models/a%20b%2F%C3%A9:predict"),
    ],
    ids=str,
)
def test_the_path_names_model_and_version(request_: PredictRequest, path: str) -> None:
    """Quoted, as TensorFlow Serving documents it."""
    assert request_.path == path


def test_a_reply_has_the_outputs_that_are_asked_for() -> None:
    """In that order, with the address and the form of the request."""
    reply = REQUEST.reply({"z": 1, "y": 2})
    assert reply == PredictResponse({"y": 2}, "iris", 3, signature_name="s")
    every = PredictRequest({}, rows=False).reply({"z": 1, "y": 2})
    assert (list(every.outputs), every.rows) == (["z", "y"], False)
    for outputs, known in (({}, "none"), ({"z": 1}, "'z'")):
        with pytest.raises(EncodeError, match=f"expected the output 'y' .*, got {known}") as error:
            REQUEST.reply(outputs)
        assert error.value.path == "$.outputs"
        assert error.value.remedy


@pytest.mark.parametrize(
    ("version", "label", "reason"),
    [
        ("3", "", "expected an integer or None, got '3'"),
        (1.0, "", "expected an integer or None, got 1.0"),
        (True, "", "expected an integer of 64 bits, got True"),
        (2**63, "", "expected an integer of 64 bits, got 9223372036854775808"),
        (3, "stable", "expected a version or a version_label, got both"),
        (None, 5, "got 5"),
    ],
)
def test_a_version_is_a_number_or_a_label(version: Any, label: Any, reason: str) -> None:
    """Of 64 bits, and not both."""
    with pytest.raises(EncodeError, match=reason) as error:
        version_of(PredictRequest({}, "m", version, label))
    assert error.value.path.startswith("$.modelSpec.version")
    assert version_of(PredictRequest({}, "m", np.int64(3))) == (3, "")  # type: ignore[arg-type]
    assert version_of(PredictResponse({}, "m", None, "stable")) == (None, "stable")


def test_the_arrays_of_a_message() -> None:
    """By the name of their member; what is no message, or no mapping, is refused."""
    assert tensors_of(REQUEST) == ("inputs", {"x": [1.5]})
    assert tensors_of(PredictResponse({"y": 1})) == ("outputs", {"y": 1})
    for wrong, path in ((5, "$"), (PredictRequest([1]), "$.inputs")):  # type: ignore[arg-type]
        with pytest.raises(EncodeError, match="expected ") as error:
            tensors_of(wrong)
        assert error.value.path == path


def test_arrays_are_aligned_in_place() -> None:
    """Those that are aligned stay as they are."""
    memory = np.zeros(17, np.uint8)
    start = 1 if memory.ctypes.data % 8 == 0 else 0
    odd = memory[start : start + 8].view(np.float64)
    good = np.zeros(2)
    for message in (PredictRequest({"a": odd, "b": good}), PredictResponse({"a": odd, "b": good})):
        assert aligned_message(message) is message
        _, arrays = tensors_of(message)
        assert arrays["b"] is good
        assert arrays["a"].flags.aligned
        assert arrays["a"].tolist() == odd.tolist()


def test_none_is_no_filter() -> None:
    """A filter of None asks for all outputs, and each request has a list of its own."""
    first, second = PredictRequest({}, output_filter=None), PredictRequest({})
    assert first == second
    assert first.output_filter == []
    assert first.output_filter is not second.output_filter
