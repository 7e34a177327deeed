"""Write one short array of finite numbers, as most requests have it, without a look at the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from tensorwire.dtypes import FLOAT16, NUMBERS
from tensorwire.protocols.tfserving.messages import PredictRequest, PredictResponse

if TYPE_CHECKING:
    from tensorwire.tree import Array

__all__ = ["few_numbers"]

_FEW = 1024  # elements


def few_numbers(message: Any) -> bytes | None:
    """Write a message of one short array of finite numbers; None for any other."""
    kind = type(message)
    try:
        if kind is PredictResponse:
            tensors = message.outputs
        elif kind is PredictRequest and message.signature_name == "" and not message.output_filter:
            tensors = message.inputs
        else:
            return None
    except ValueError:  # of an array, which is none of these
        return None
    if type(tensors) is not dict or len(tensors) != 1:
        return None
    ((name, array),) = tensors.items()
    if type(name) is not str or type(array) is not np.ndarray or not array.ndim:
        return None
    if kind is PredictResponse:  # in which one array has no name
        frame = b'{"predictions":%b}' if message.rows else b'{"outputs":%b}'
    elif name:
        return _named(name, array, rows=message.rows)
    else:
        frame = b'{"instances":%b}' if message.rows else b'{"inputs":%b}'
    text = _numbers(array)
    return None if text is None else frame % text


def _named(name: str, array: Array, *, rows: bool) -> bytes | None:
    if rows and array.ndim > 2 and len(array) > 1:
        return None
    text = _numbers(array)
    if text is None:
        return None
    try:
        key = orjson.dumps(name)
    except TypeError:  # no Unicode text
        return None
    if not rows:
        return b'{"inputs":{%b:%b}}' % (key, text)
    row = b"{%b:" % key
    if len(array) == 1:
        made = b"%b%b}" % (row, text[1:-1])
    elif array.ndim == 1:  # what is put in is not looked at again
        made = b"%b%b}" % (row, text[1:-1].replace(b",", b"}," + row))
    else:
        made = text[1:-1].replace(b"]", b"]}").replace(b"[", row + b"[")
    return b'{"instances":[%b]}' % made


def _numbers(array: Array) -> bytes | None:
    dtype = array.dtype
    if not 0 < array.size <= _FEW or dtype.num not in NUMBERS or dtype.num == FLOAT16:
        return None
    if not dtype.isnative:  # which older releases of orjson take as it stands
        return None
    try:
        text = orjson.dumps(array, None, orjson.OPT_SERIALIZE_NUMPY)
    except TypeError:  # strided
        return None
    return None if b"n" in text else text  # null, where a word belongs
