"""Entry points of Multi Model Server: as its documentation shows one, and the same by hand."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import orjson


def model(values: np.ndarray) -> np.ndarray:
    """Double the values."""
    return values * 2


def as_it_is(rows: list[dict[str, Any]] | None, context: Any) -> list[Any]:
    """Answer with what the server reads and writes as JSON."""
    replies = []
    for place, row in enumerate(rows or ()):
        made = model(np.array(row["body"]["data"]["ndarray"]))
        context.set_response_status(200, "OK", place)  # without the phrase, h2load sees no status
        replies.append({"data": {"ndarray": made.tolist()}})
    return replies


def by_hand(rows: list[dict[str, Any]] | None, context: Any) -> list[bytes]:
    """Answer with orjson and numpy."""
    os.environ["MMS_DECODE_INPUT_REQUEST"] = "false"  # from the call on that loads the model
    replies = []
    for place, row in enumerate(rows or ()):
        made = model(np.array(orjson.loads(row["body"])["data"]["ndarray"]))
        context.set_response_status(200, "OK", place)
        context.set_response_content_type(place, "application/json")
        body = {"data": {"ndarray": made}}
        replies.append(orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY))
    return replies
