"""Small bodies are written directly just as `write` writes them, and as orjson does."""

from typing import Any

import ml_dtypes
import numpy as np
import orjson
import pytest

import tensorwire as tw
from tensorwire.missing import BARE, writing
from tensorwire.protocols.tfserving.rest_write import small_body, write
from tensorwire.wire.buffers import assemble
from tests.support.tfserving_values import KINDS, Request, Response, arrays_of

WRITING = writing(None, "nan", BARE)


def general(message: Any) -> bytes:
    """Return the body that `write` makes."""
    member = "inputs" if isinstance(message, Request) else "outputs"
    pieces, parts = write(member, arrays_of(message), WRITING, rows=message.rows, lossy=False)
    return b"{" + assemble(pieces, parts) + b"}"


@pytest.mark.parametrize("rows", [True, False])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["", "x", 'a"[],\\é'])
def test_as_write_does(name: str, kind: Any, *, rows: bool) -> None:
    """A small array of any rank and number dtype has the same body."""
    for dtype in ("bool", "int8", "uint64", "float32", "float64"):
        for shape in ((1,), (3,), (1, 2), (3, 2), (1, 2, 2), (2, 1, 2)):
            message = kind({name: np.ones(shape, dtype)}, rows=rows)
            body = small_body(message)
            assert body is None or body == general(message)
            assert body is not None or (rows and kind is Request and name and len(shape) == 3)


def test_as_orjson_writes() -> None:
    """Without a name the body is what orjson writes for nested lists."""
    array = np.array([[0.1, -0.0], [1e300, 5e-324]])
    assert small_body(Request({"": array})) == orjson.dumps({"instances": array.tolist()})
    assert small_body(Response({"y": array})) == orjson.dumps({"predictions": array.tolist()})


@pytest.mark.parametrize(
    "array",
    [
        np.array([np.nan]),
        np.array([np.inf, 1.0]),
        np.ones(3, ">f8"),
        np.ones(3, np.float16),
        np.ones(3, ml_dtypes.bfloat16),
        np.ones(3, complex),
        np.array(1.5),
        np.ones(0),
        np.ones((20, 20))[:, ::2],
        np.array(["a"]),
        np.ones(3, "M8[s]"),
        np.ones(1025),
        [1.5],
        1.5,
        None,
    ],
    ids=lambda value: f"{getattr(value, 'dtype', value)}",
)
def test_what_is_left_to_write(array: Any) -> None:
    """Words for NaN, other dtypes and layouts, long arrays and lists are not written directly."""
    assert small_body(Request({"": array})) is None
    assert small_body(Request({"x": array})) is None
    assert small_body(Response({"y": array})) is None


@pytest.mark.parametrize(
    "message",
    [
        None,
        {"x": 1},
        Request({}),
        Request(np.ones(2)),
        Request({"x": np.ones(2)}, signature_name="s"),
        Request({"x": np.ones(2)}, output_filter=["y"]),
        Request({"x": np.ones(2), "y": np.ones(2)}),
        Request({"\ud800": np.ones(2)}),
        Request({5: np.ones(2)}),
        Response({None: np.ones(2)}),
        Request({"x": np.ones(2)}, signature_name=np.ones(2)),
    ],
    ids=str,
)
def test_what_is_not_such_a_message(message: Any) -> None:
    """Other messages, and fields that are not what they should be, are for `write` to refuse."""
    assert small_body(message) is None


def test_rows_false_is_named_as_the_remedy() -> None:
    """An error about rows names the option that has none."""
    with pytest.raises(tw.EncodeError) as caught:
        write("inputs", {"a": 1}, WRITING, rows=True, lossy=False)
    assert caught.value.remedy == "pass rows=False to write each array as a whole"
