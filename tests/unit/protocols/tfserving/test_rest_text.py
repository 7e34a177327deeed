"""Long rows of one named array, read as one array; held to json and numpy."""

import json
from typing import Any

import numpy as np
import pytest

from tensorwire.errors import DecodeError
from tensorwire.limits import DEFAULT_LIMITS
from tensorwire.missing import VERIFIED
from tensorwire.protocols.tfserving.rest_text import Rows, RowsJSON
from tensorwire.tree import ARRAY, ArrayPlaces, Irregular

CONTAINER = RowsJSON()
PLACES = ArrayPlaces({"inputs": {"*": {ARRAY: True}}})
ROWS = np.arange(3000.0).reshape(1000, 3) / 7


def body_of(rows: list[Any], **members: Any) -> bytes:
    """Return a request as Python's json writes it."""
    return json.dumps({"instances": rows, **members}).encode()


@pytest.mark.parametrize(
    "dumps",
    [
        json.dumps,
        lambda tree: json.dumps(tree, separators=(",", ":")),
        lambda tree: json.dumps(tree, separators=(", ", ":")),
    ],
    ids=["json", "compact", "mixed"],
)
@pytest.mark.parametrize("shape", [(1000,), (1000, 3), (1000, 1, 2)], ids=str)
@pytest.mark.parametrize("key", ["instances", "predictions"])
def test_rows_of_one_form_are_one_array(key: str, shape: tuple[int, ...], dumps: Any) -> None:
    """The values are those of numpy, whatever spaces there are between them."""
    array = np.arange(float(np.prod(shape))).reshape(shape) / 7
    tree = {key: [{"x": row} for row in array.tolist()], "signature_name": "s"}
    found = CONTAINER.read(dumps(tree).encode(), PLACES, VERIFIED)
    assert isinstance(found[key], Rows)
    assert list(found[key]) == ["x"]
    assert np.array_equal(found[key]["x"].read(DEFAULT_LIMITS), array)
    assert found["signature_name"] == "s"


ODD: dict[str, list[Any]] = {
    "another name": [{"y": [1.5, 2.5, 3.5]}],
    "two names": [{"x": [1.5], "y": [2.5]}],
    "no name": [{}],
    "not an object": [[1.5]],
    "another rank": [{"x": 1.5}],
    "text": [{"x": ["a", "b", "c"]}],
    "a quote": [{"x": ['"', "b", "c"]}],
    "a brace": [{"x": ["}, {", "b", "c"]}],
    "null": [{"x": [None, 1.5, 2.5]}],
    "an object": [{"x": {"b64": "YQ=="}}],
}


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("case", ODD)
def test_other_rows_are_read_one_by_one(case: str, *, first: bool) -> None:
    """Or the text turns out not to be that of numbers of one shape."""
    rows = [{"x": row} for row in ROWS.tolist()]
    rows = [*ODD[case], *rows] if first else [*rows, *ODD[case]]
    body = body_of(rows)
    found = CONTAINER.read(body, PLACES, VERIFIED)
    if isinstance(found["instances"], Rows):
        with pytest.raises(Irregular):
            found["instances"]["x"].read(DEFAULT_LIMITS)
        found = CONTAINER.read_any(body, PLACES)
    assert found == {"instances": rows}


@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_short_bodies_are_read_at_once(count: int) -> None:
    """By the general parser."""
    body = body_of([{"x": row} for row in ROWS[:count].tolist()])
    assert CONTAINER.read(body, PLACES, VERIFIED) == json.loads(body)


@pytest.mark.parametrize("seed", range(10))
def test_damaged_rows_are_what_the_general_parser_reads(seed: int) -> None:
    """Whatever byte is changed."""
    rng = np.random.default_rng(seed)
    whole = body_of([{"x": row} for row in ROWS.tolist()])
    for _ in range(30):
        body = bytearray(whole)
        body[rng.integers(len(body))] = rng.choice(list(b'0,[]{}":x e'))
        try:
            wanted: Any = json.loads(body)["instances"]
            array = np.array([row["x"] for row in wanted])
        except (ValueError, KeyError, TypeError):
            continue
        try:
            found = CONTAINER.read(bytes(body), PLACES, VERIFIED)["instances"]
            read = found["x"].read(DEFAULT_LIMITS) if isinstance(found, Rows) else None
        except (Irregular, DecodeError):  # of integers that float64 would round, too
            continue
        assert found == wanted if read is None else np.array_equal(read, array)
