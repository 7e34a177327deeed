"""The length of the JSON in a binary body: by the headers, or by the body itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson

from tensorwire import guess
from tensorwire.containers.json.scan import check_objects, loads_exactly
from tensorwire.errors import DecodeError, shown
from tensorwire.missing import reading
from tensorwire.wire.buffers import as_body

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tensorwire.tree import Body

__all__ = ["ALL", "DIGITS", "LENGTH", "NONE", "json_length", "json_size", "length_in"]

LENGTH = "Inference-Header-Content-Length"
_LOWER = LENGTH.lower()  # the form in which servers pass headers
NONE, ALL = "", "all"
DIGITS = re.compile("[0-9]{1,18}")
_MARK = re.compile(rb'\\.|["{}]', re.DOTALL)
_SPACE = re.compile(rb"[ \t\r\n]+")
_START = re.compile(rb"[ \t\r\n]*\{")


def json_length(body: Body, headers: Mapping[str, str] | None, *, binary: bool) -> int:
    """Return the length of the JSON by the headers; raise `DecodeError` for an invalid length.

    Without that header, the whole body is JSON. Without any header, the JSON of a `binary` body
    ends where `json_size` finds its end.
    """
    pairs = _pairs(headers)
    for name, value in pairs:
        if name.lower() != LENGTH.lower():
            continue
        if not DIGITS.fullmatch(value) or int(value) > len(body):
            raise DecodeError(f"expected {LENGTH} of at most {len(body)} bytes, got {shown(value)}")
        return int(value)
    return json_size(body) if binary and not pairs else len(body)


def length_in(headers: Any) -> str | None:
    """Return the length in headers as text, or None where only `json_length` can read them.

    It is `NONE` without headers, and `ALL` for headers without a length.
    """
    if headers is None:
        return NONE
    if headers.__class__ is not dict:
        return None
    found = headers.get(LENGTH)
    if found is None:
        found = headers.get(_LOWER)
    elif _LOWER in headers:
        return None
    if found is not None:
        return found if found.__class__ is str else None
    for name in headers:
        if name.__class__ is not str or len(name) == len(LENGTH):  # maybe in another case
            return None
    return ALL if headers else NONE


def _pairs(headers: Any) -> list[tuple[str, str]]:
    if headers is None:
        return []
    try:
        pairs = headers.items() if hasattr(headers, "items") else headers
        return [(_text(name), _text(value)) for name, value in pairs]
    except (TypeError, ValueError):
        raise DecodeError(
            f"expected headers as a dict or as pairs of text, got {shown(headers)}"
        ) from None


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def json_size(body: Any) -> int:
    """Return where the JSON at the start of a binary body ends, in bytes.

    It is the value of Inference-Header-Content-Length, for a body without its headers: the end of
    the object, or of the white space after it, if the sum of `binary_data_size` shows that the
    tensors begin there.

    Parameters
    ----------
    body : buffer
        A body of ``oip/binary``: any contiguous buffer.

    Returns
    -------
    int
        The length of the JSON in bytes.

    Raises
    ------
    DecodeError
        No JSON object begins the body, or it does not end.

    Examples
    --------
    >>> import numpy as np
    >>> from tensorwire import get_protocol
    >>> from tensorwire.oip import InferRequest, InferTensor, json_size
    >>> request = InferRequest([InferTensor("x", np.zeros(3, np.int8))])
    >>> body, headers = get_protocol("oip/binary").encode(request)
    >>> json_size(body), len(body), headers["Inference-Header-Content-Length"]
    (128, 131, '128')
    """
    view = as_body(body)
    end = _object_end(view)
    if not _SPACE.match(view, end):
        return end
    start = len(view) - _declared_size(view[:end])
    return start if start > end and _SPACE.fullmatch(view, end, start) else end


def _declared_size(text: Body) -> int:
    """Return the sum of `binary_data_size` of all tensors in the JSON."""
    try:
        tree = _loads(text)
    except ValueError:
        return 0
    nodes = [node for name in ("inputs", "outputs") for node in _dicts(tree.get(name))]
    sizes = [node["parameters"].get("binary_data_size") for node in nodes if _has_parameters(node)]
    return sum(size for size in sizes if type(size) is int and size > 0)


def _loads(text: Body) -> Any:
    check_objects(text)
    try:
        return orjson.loads(text)
    except ValueError:  # bare words, or no JSON
        return loads_exactly(bytes(text), reading(None, "any", text=True))


def _dicts(node: Any) -> list[dict[str, Any]]:
    return [item for item in node if type(item) is dict] if type(node) is list else []


def _has_parameters(node: dict[str, Any]) -> bool:
    return type(node.get("parameters")) is dict


def _object_end(view: Body) -> int:
    depth, quoted = 0, False
    if _START.match(view):
        for match in _MARK.finditer(view):
            if match[0] == b'"':
                quoted = not quoted
            elif not quoted:
                depth += {b"{": 1, b"}": -1}.get(match[0], 0)
                if not depth:
                    return match.end()
    reason = "expected a JSON object at the start of the body, got none, or one that does not end"
    raise DecodeError(reason, "", guess.of_bytes(view, "JSON"))
