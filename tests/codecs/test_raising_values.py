"""Values whose own attributes and methods raise errors: an EncodeError tells which value it was."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tensorwire as tw
from tensorwire.oip import InferRequest, InferTensor
from tensorwire.tfserving import PredictRequest


class Unbound:
    """A proxy of nothing, as `flask.request` is outside a request."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(f"no {name} outside a request")


class Closed:
    """An object that raises whatever is asked of it, but tells its class."""

    def __getattr__(self, name: str) -> Any:
        raise OSError("closed")


class Lazy(list[Any]):
    """A list that cannot be read."""

    def __iter__(self) -> Any:
        raise KeyError("row")


class Number(float):
    """A float that has no value."""

    def __float__(self) -> float:
        raise ZeroDivisionError


class BadError(Exception):
    """An error without a text."""

    def __str__(self) -> str:
        raise RuntimeError


class Array:
    """An object whose array raises that."""

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise BadError


CALLS: list[Callable[[Any], Any]] = [tw.get_codec(name).encode for name in (
    "json/ndarray", "json/tensor", "protobuf/tftensor", "msgpack/raw"
)]  # fmt: skip
CALLS += [
    lambda value: tw.get_protocol("oip/binary").encode(InferRequest([InferTensor("a", value)])),
    lambda value: tw.get_protocol("oip/protobuf").encode(InferRequest([InferTensor("a", value)])),
    lambda value: tw.get_protocol("tfserving/json").encode(PredictRequest({"a": value})),
    lambda value: tw.get_protocol("tfserving/protobuf").encode(PredictRequest({"a": value})),
    lambda value: tw.dumps(tw.Message(value, "ndarray")),
]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("kind", [Unbound, Closed, Lazy, Number, Array])
def test_a_value_that_raises_is_refused(kind: type, call: Callable[[Any], Any]) -> None:
    """Whatever a value raises, it is refused as a value."""
    value = kind([1.5]) if kind is Lazy else kind(1.5) if kind is Number else kind()
    with pytest.raises(tw.EncodeError):
        call(value)


@pytest.mark.parametrize("container", ["json", "protobuf", "msgpack"])
def test_the_remedy_for_none_works_for_raw(container: str) -> None:
    """The memory of numbers with None among them is that of NaN, where missing= is given."""
    codec = tw.get_codec(f"{container}/raw")
    value = np.array([1.5, None], object)
    with pytest.raises(tw.EncodeError, match="missing='null'"):
        codec.encode(value)
    body = codec.encode(value, missing="null")
    assert codec.decode(body).tobytes() == np.array([1.5, np.nan]).tobytes()
