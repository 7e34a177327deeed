"""What was given is named in an error, and what it names to pass instead is encoded."""

import re
from typing import Any

import numpy as np
import pytest

import tensorwire as tw
from tests.support.values import CONTAINERS

containers = pytest.mark.parametrize("container", CONTAINERS)


@containers
@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("ndarray", b"ab", "expected numbers, bools or strings, got bytes"),
        ("ndarray", np.array([b"a", b"b"]), "expected numbers, bools or strings, got bytes"),
        ("ndarray", ["a", b"b"], "expected numbers, bools or strings, got "),
        ("ndarray", [b"a\0", b"b"], "expected numbers, bools or strings, got bytes"),
        ("tensor", [b"a\0", b"b"], "expected numbers, got bytes"),
        ("tensor", np.array([b"a"]), "expected numbers, got bytes"),
        ("tensor", ["a", "b"], "expected numbers, got strings"),
        ("raw", np.array(["a", "b"], object), "expected bytes or an array of numbers, got strings"),
        (
            "raw",
            np.array(["a", None], object),
            "expected bytes or an array of numbers, got rows that mix types",
        ),
    ],
)
def test_strings_and_bytes_are_told_apart(container: str, kind: str, value: Any, text: str) -> None:
    """Nested lists hold strings, and no bytes; what holds them is named, where there is such."""
    with pytest.raises(tw.EncodeError) as caught:
        tw.get_codec(f"{container}/{kind}").encode(value)
    assert caught.value.reason.startswith(text)
    for name in re.findall(r"use ([^;]+)", caught.value.remedy):
        assert tw.get_codec(name).encode(value)


@pytest.mark.parametrize(
    "value",
    [
        np.ones(2),
        np.array(["a"]),
        np.float32(1),
        1.5,
        [1, 2],
        [[1, "a", None]],
        "text",
        b"\0\1",
        {"a": [1, None]},
    ],
    ids=repr,
)
def test_a_value_is_no_message(value: Any) -> None:
    """`dumps` tells which message a value makes, and writes that message."""
    with pytest.raises(
        tw.EncodeError, match="expected a Message, a MessageList or a Fee"
    ) as caught:
        tw.dumps(value, "application/json")
    remedy = str(caught.value).partition("; pass ")[2]
    message = eval(remedy, {"tensorwire": tw, "value": value})  # noqa: S307 - our own text
    found = tw.loads(tw.dumps(message, "application/json"), "application/json").value
    if isinstance(value, (np.ndarray, np.generic, float)):
        wanted = np.asarray(value)
        assert np.array_equal(found.astype(wanted.dtype), wanted)
    elif isinstance(found, np.ndarray):
        assert found.tolist() == list(value)
    else:
        assert found == value


def test_what_is_no_value_either() -> None:
    """There is nothing to pass for None."""
    with pytest.raises(tw.EncodeError, match="a Feedback, got None") as caught:
        tw.dumps(None, "application/json")  # type: ignore[arg-type]
    assert "pass" not in str(caught.value)
