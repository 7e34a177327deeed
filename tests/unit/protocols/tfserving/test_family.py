"""TensorFlow Serving's own: rows or columns, addresses, versions, and the state of a model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tensorwire.protocols.family import ServerState
from tensorwire.protocols.neutral import Neutral
from tensorwire.protocols.tfserving.family import FAMILY
from tensorwire.protocols.tfserving.messages import PredictRequest, PredictResponse


@pytest.mark.parametrize(
    ("arrays", "rows"),
    [
        ({"x": np.ones((2, 3))}, True),
        ({"x": np.ones((2, 3)), "y": np.ones(2)}, True),
        ({"x": np.ones((2, 3)), "y": np.ones(3)}, False),
        ({"x": np.ones(())}, False),
        ({"x": np.ones((0, 2))}, False),
    ],
    ids=["one", "as many rows", "other rows", "a number", "no rows"],
)
def test_rows_where_all_arrays_have_as_many(arrays: Any, rows: bool) -> None:  # noqa: FBT001
    """Else the request is written by columns."""
    assert FAMILY.fit(PredictRequest(arrays)).rows is rows
    assert FAMILY.make(Neutral(arrays), PredictRequest)[0].rows is rows


def test_an_empty_array_is_a_reply_in_rows() -> None:
    """A reply of one array without rows and columns is ``{"predictions":[]}``."""
    assert FAMILY.fit(PredictResponse({"": np.empty(0)})).rows


@pytest.mark.parametrize(
    ("version", "number", "lost"),
    [("3", 3, ""), ("-1", -1, ""), ("007", None, "007"), ("v2", None, "v2"), ("", None, "")],
)
def test_a_version_is_an_int64(version: str, number: int | None, lost: str) -> None:
    """The text of another protocol is kept where it is the canonical text of a number."""
    neutral = Neutral({"x": np.ones(1)}, model={"name": "m", "version": version})
    message, left = FAMILY.make(neutral, PredictRequest)
    assert (message.version, left["$.model_version"]) == (number, lost)


def test_a_path_names_model_version_and_label() -> None:
    """The version is a number, and a label is text."""
    for found, version, label in (
        ({"name": "m"}, None, ""),
        ({"name": "m", "version": "3"}, 3, ""),
        ({"name": "m", "label": "stable"}, None, "stable"),
    ):
        address = {"model_name": "m", "version": version, "version_label": label}
        assert FAMILY.address(found) == address


def test_the_state_of_a_model() -> None:
    """It is the one that GetModelStatus of TensorFlow Serving documents."""
    state = ServerState("1.2", ready=True, metadata=dict)
    status, answer = FAMILY.answer("model_status", {"version": 7}, state)
    assert status == 200
    assert answer == {
        "model_version_status": [
            {
                "version": "7",
                "state": "AVAILABLE",
                "status": {"error_code": "OK", "error_message": ""},
            }
        ]
    }
