"""Generated documents of TensorFlow Serving: what decode accepts, encode writes, and peek tells."""

from random import Random
from typing import Any

import numpy as np
import pytest

import tensorwire as tw
from tensorwire.tfserving import PredictRequest, PredictResponse

rest: Any = tw.get_protocol("tfserving/json")
ATOMS = [
    *("1", "2.5", "-3", "0.1", "1e300", "9007199254740993", "18446744073709551615"),
    *("18446744073709551617", "NaN", "-Infinity", "true", "false", "null", "[]", '{"q":1}'),
    *('"a"', '"NaN"', '"a\\u0000"', '{"b64":"YQ=="}', '{"b64":"/w=="}', '{"b64":"Y\\nQ"}'),
]
NAMES = ["a", "b64", "", "y_bytes", "é"]


def value(chance: Random, depth: int) -> str:
    """Return something that may be an array: most often of one shape and type."""
    if depth == 0 or chance.random() < 0.3:
        return chance.choice(ATOMS)
    count = chance.choice([0, 1, 1, 2, 2, 3])
    if chance.random() < 0.7:
        return f"[{','.join([value(chance, depth - 1)] * count)}]"
    return f"[{','.join(value(chance, depth - 1) for _ in range(count))}]"


def members(values: dict[str, str]) -> str:
    """Return the text of an object."""
    return "{" + ",".join(f'"{name}":{text}' for name, text in values.items()) + "}"


def document(chance: Random) -> tuple[str, Any]:
    """Return the text of a message, and its class."""
    key = chance.choice(["instances", "inputs", "predictions", "outputs"])
    if chance.random() < 0.5:
        inner = value(chance, 3)
    elif key in ("inputs", "outputs"):
        names = chance.sample(NAMES, chance.randint(0, 3))
        inner = members({name: value(chance, 2) for name in names})
    else:
        names = chance.sample(NAMES, chance.randint(1, 2))
        rows = [
            members({name: value(chance, 1) for name in names}) for _ in range(chance.randint(1, 3))
        ]
        inner = f"[{','.join(rows)}]"
    pad = " " * 7000 if chance.random() < 0.1 else ""
    kind = PredictResponse if key in ("predictions", "outputs") else PredictRequest
    return f'{{{pad}"{key}":{inner}}}', kind


def arrays(message: Any) -> dict[str, Any]:
    """Return the arrays of a message."""
    found: Any = message.inputs if type(message) is PredictRequest else message.outputs
    return dict(found)


def flat(array: Any) -> tuple[Any, ...]:
    """Return shape and values, NaN as one that equals itself."""
    return np.shape(array), repr(np.asarray(array, object).tolist())


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_decode_encode_peek(seed: int) -> None:
    """Every message that is read is written and read again, and peek tells no other dtype."""
    chance = Random(seed)  # noqa: S311 - the same ones every time
    held = 0
    for _ in range(2500):
        text, kind = document(chance)
        try:
            message = rest.decode(text.encode(), type=kind)
        except tw.CodecError:
            continue
        held += 1
        found = arrays(message)
        again = rest.decode(rest.encode(message)[0], type=kind)
        assert again.rows == message.rows, text
        lone = kind is PredictResponse and len(found) == 1  # whose name is dropped
        assert lone or list(arrays(again)) == list(found), text
        for one, other in zip(found.values(), arrays(again).values(), strict=True):
            assert flat(one) == flat(other), text
        peeked = rest.peek(text.encode(), type=kind)
        for name, dtype, shape in peeked.tensors:
            array = found[name]
            decoded = array.dtype if isinstance(array, np.ndarray) else np.dtype("S")
            same = dtype is None or dtype == decoded or dtype.kind == decoded.kind == "S"
            assert same, (text, dtype)
            assert shape is None or shape == np.shape(array), text
    assert held > 1000


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_transcode_to_grpc_and_back(seed: int) -> None:
    """What REST says of a request goes to gRPC and back without a loss."""
    chance = Random(seed + 100)  # noqa: S311 - the same ones every time
    for _ in range(1500):
        text, kind = document(chance)
        reply = kind is PredictResponse
        try:
            found = arrays(rest.decode(text.encode(), type=kind))
        except tw.CodecError:
            continue
        made = tw.transcode(text.encode(), "tfserving/json", "tfserving/protobuf", reply=reply)
        try:
            back = tw.transcode(made, "tfserving/protobuf", "tfserving/json", reply=reply)
        except tw.EncodeError as error:
            refused = error.reason
        else:
            there = arrays(rest.decode(back, type=kind))
            assert len(there) == len(found), text
            by_name = dict(zip(found, there.values(), strict=True)) if len(found) == 1 else there
            assert {n: flat(a) for n, a in found.items()} == {
                n: flat(a) for n, a in by_name.items()
            }, text
            continue
        assert "_bytes" in refused, text


@pytest.mark.parametrize(
    "text",
    [
        '{"outputs":{"y":{"b64":"/w=="},"z":1}}',
        '{"predictions":[{"y":"a","z":1},{"y":{"b64":"/w=="},"z":1}]}',
    ],
)
def test_bytes_in_a_named_output_that_has_text(text: str) -> None:
    """TensorFlow Serving writes base64 only of outputs whose names end in _bytes."""
    with pytest.raises(tw.DecodeError, match="in _bytes") as caught:
        rest.decode(text.encode(), type=PredictResponse)
    assert caught.value.path in ("$.outputs.y", "$.predictions[1].y")
    same = text.replace("/w==", "YQ==")
    assert b'"y":"a"' in rest.encode(rest.decode(same.encode(), type=PredictResponse))[0]
