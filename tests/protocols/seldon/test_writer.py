"""What a message cannot represent is refused where it is written, at its place."""

from typing import Any

import numpy as np
import orjson
import pytest

import tensorwire as tw
from tensorwire import seldon
from tests.support.seldon_messages import FLOATS, MESSAGES, containers, encoded, protocol

NO_MESSAGES: list[tuple[Any, str]] = [
    (tw.Message(5, "strData"), "$.strData"),
    (tw.Message("\ud800", "strData"), "$.strData"),
    (tw.Message(b"x", "strData"), "$.strData"),
    (tw.Message({1: 2}, "jsonData"), "$.jsonData"),
    (tw.Message([b"x"], "jsonData"), "$.jsonData[0]"),
    (tw.Message([np.zeros(2, "M8[s]")], "jsonData"), "$.jsonData[0]"),
    (tw.Message({"a": {2, 3}}, "jsonData"), "$.jsonData.a"),
    (tw.Message(2**64, "jsonData"), "$.jsonData"),
    (tw.Message("\ud800", "jsonData"), "$.jsonData"),
    (tw.Message(5, ""), "$"),
    (tw.Message("a", "strData", ["a"]), "$.data.names"),
    (tw.Message(None, "", ["a"]), "$.data.names"),
    (tw.Message("a", "strData", None, {"tags": {"a": object()}}), "$.meta"),
    (tw.Message("a", "strData", None, {1: 2}), "$.meta"),  # type: ignore[dict-item]
    (tw.Message("a", "strData", None, {}, {"info": {1}}), "$.status"),
    (tw.Message(None, "", None, 5), "$.meta"),  # type: ignore[arg-type]
    (tw.Message(FLOATS, "tensor", None, np.zeros(2)), "$.meta"),  # type: ignore[arg-type]
    (tw.Message(object(), "tensor"), "$.data.tensor"),
    (seldon.MessageList(5), "$.seldonMessages"),  # type: ignore[arg-type]
    (seldon.MessageList([MESSAGES[0], 5]), "$.seldonMessages[1]"),  # type: ignore[list-item]
    (seldon.MessageList([MESSAGES[0], tw.Message(5, "strData")]), "$.seldonMessages[1].strData"),
    (
        seldon.MessageList([tw.Message(FLOATS, "tensor", None, {"a": {1}})]),
        "$.seldonMessages[0].meta",
    ),
    (seldon.MessageList([seldon.MessageList()]), "$.seldonMessages[0]"),  # type: ignore[list-item]
    (seldon.Feedback(response=5), "$.response"),  # type: ignore[arg-type]
    (seldon.Feedback(truth=tw.Message(b"x" * 3, "tensor")), "$.truth.data.tensor"),
    (seldon.Feedback(reward="1"), "$.reward"),  # type: ignore[arg-type]
    (seldon.Feedback(reward=True), "$.reward"),
    (seldon.Feedback(reward=None), "$.reward"),  # type: ignore[arg-type]
    (seldon.Feedback(reward=10**400), "$.reward"),
    (seldon.Feedback(reward=2**53 + 1), "$.reward"),
    (5, "$"),
    (None, "$"),
    ({"data": {}}, "$"),
]


@containers
@pytest.mark.parametrize("case", range(len(NO_MESSAGES)))
def test_what_cannot_be_written(container: str, case: int) -> None:
    """What no message can say is refused, at its place in the whole."""
    message, path = NO_MESSAGES[case]
    for write in (protocol(container).encode, protocol(container).encode_parts):
        with pytest.raises(tw.EncodeError) as caught:
            write(message)
        assert caught.value.path.startswith(path)
        assert "\n" not in str(caught.value)


@containers
def test_kinds_that_nobody_knows(container: str) -> None:
    """An unknown kind is refused with those that are known, also in a list."""
    kinds: list[Any] = ["what", "names", "strdata", None, [], 5]
    for kind in kinds:
        message = tw.Message(1.5, kind)
        with pytest.raises(tw.UnknownCodecError, match="strData") as caught:
            encoded(container, message)
        assert caught.value.path == "$"
        with pytest.raises(tw.UnknownCodecError) as caught:
            encoded(container, seldon.Feedback(truth=message))
        assert caught.value.path == "$.truth"


def test_advice_reaches_nested_arrays() -> None:
    """An array that a kind cannot carry is refused in a list as it is alone."""
    message = tw.Message(np.array([2**53 + 1]), "tensor")
    with pytest.raises(tw.EncodeError) as caught:
        encoded("json", seldon.MessageList([MESSAGES[0], message]))
    assert caught.value.path == "$.seldonMessages[1].data.tensor"
    assert "use json/tftensor" in str(caught.value)
    assert "lossy=True" in str(caught.value)
    body = encoded("json", seldon.MessageList([message]), lossy=True)
    assert orjson.loads(body)["seldonMessages"][0]["data"]["tensor"]["shape"] == [1]
    with pytest.raises(tw.EncodeError) as caught:
        encoded("json", seldon.Feedback(tw.Message(np.array([[1.0, np.nan]] * 2000), "ndarray")))
    assert caught.value.path == "$.request.data.ndarray[0][1]"
