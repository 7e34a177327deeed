"""What a model answers, as models do: `Message.reply` chooses a kind that holds it."""

from typing import Any

import ml_dtypes
import numpy as np
import pytest

import tensorwire as tw
from tests.support.reference import tree_of
from tests.support.values import CONTAINERS, KINDS, MEDIA_TYPES

REQUESTS = [*KINDS, "strData", "jsonData", ""]
requests = pytest.mark.parametrize("kind", REQUESTS)


def reply(kind: str, value: Any) -> tw.Message:
    """Return the reply to a request of a kind, which brings nothing else."""
    return tw.Message(np.ones(1), kind).reply(value)


@requests
def test_labels_are_nested_lists(kind: str) -> None:
    """Object arrays of text, or of text and numbers, are answered as Seldon's wrapper does."""
    for value in (np.array(["a", "b"], object), np.array([["a", 1.5]], object)):
        found = reply(kind, value)
        assert found.kind == "ndarray"
        for container, media in MEDIA_TYPES.items():
            tree = tree_of(tw.dumps(found, media), container)
            assert tree["data"]["ndarray"] == value.tolist()


@requests
def test_bytes_and_other_dtypes_go_where_they_fit(kind: str) -> None:
    """Byte strings, complex numbers and bfloat16, which no nested list holds, are tftensor."""
    for value in (
        np.array([b"a\0", b"\xff"], object),
        np.array([b"a"]),
        np.array([1j], np.complex64),
        np.array([0.5], ml_dtypes.bfloat16),
    ):
        found = reply(kind, value)
        assert found.kind == "tftensor"
        for media in MEDIA_TYPES.values():
            read = tw.loads(tw.dumps(found, media), media).value
            assert np.asarray(read, object).tolist() == value.tolist()


@requests
@pytest.mark.parametrize("shape", [(0, 2), (0,), (3, 0), (0, 2, 3)])
def test_no_rows_are_answered(kind: str, shape: tuple[int, ...]) -> None:
    """An array without rows is a tensor of its shape, or the wrapper's empty list."""
    found = reply(kind, np.zeros(shape))
    assert found.kind == (kind if kind in ("ndarray", "tftensor") else "tensor")
    for container, media in MEDIA_TYPES.items():
        read = tw.loads(tw.dumps(found, media), media).value
        if kind != "ndarray":
            assert read.shape == shape
        elif container != "protobuf" or shape[0]:
            data = tree_of(tw.dumps(found, media), container)["data"]
            assert data["ndarray"] == np.zeros(shape).tolist()


@requests
def test_one_value_is_answered(kind: str) -> None:
    """A single number is a tensor of rank 0, a single text is text."""
    for value in (1.5, np.float32(1.5), np.array(1.5), np.int64(3), 3):
        found = reply(kind, value)
        assert found.kind == ("tftensor" if kind == "tftensor" else "tensor")
        for media in MEDIA_TYPES.values():
            assert tw.loads(tw.dumps(found, media), media).value == value
    for text in ("a", np.str_("a"), np.array("a"), np.array("a", object)):
        found = reply(kind, text)
        assert (found.kind, found.value) == ("strData", "a")


def test_what_is_no_answer_is_refused() -> None:
    """A set or an object of any class is refused, with what was expected."""
    for value in ({1, 2}, object(), None):
        with pytest.raises(tw.EncodeError, match="expected an array"):
            reply("ndarray", value)


@pytest.mark.parametrize("container", CONTAINERS)
def test_columns_of_pandas_are_answers(container: str) -> None:
    """A Series is answered as the array that it is."""
    pd = pytest.importorskip("pandas")
    for value, kind in ((pd.Series([1.5, 2]), "tensor"), (pd.Series(["a", "b"]), "ndarray")):
        found = reply("tensor", value)
        assert found.kind == kind
        read = tw.loads(tw.dumps(found, MEDIA_TYPES[container]), MEDIA_TYPES[container]).value
        assert np.asarray(read, object).tolist() == value.tolist()


@requests
def test_dicts_and_none_are_answered(kind: str) -> None:
    """A list of dicts is a JSON value; None among numbers is null in nested lists."""
    dicts = [{"label": "x", "score": np.float32(0.5)}, {"label": "y", "score": 1}]
    found = reply(kind, dicts)
    assert found.kind == "jsonData"
    for container, media in MEDIA_TYPES.items():
        tree = tree_of(tw.dumps(found, media), container)
        assert tree["jsonData"] == [{"label": "x", "score": 0.5}, {"label": "y", "score": 1}]
    rows: list[Any] = [[[None, 1.0]], np.array([[None, 1.0]], object), [["a", None]]]
    for value in rows:
        found = reply(kind, value)
        assert found.kind == "ndarray"
        tree = tree_of(tw.dumps(found, missing="null"), "json")
        assert tree["data"]["ndarray"] == np.array(value, object).tolist()
