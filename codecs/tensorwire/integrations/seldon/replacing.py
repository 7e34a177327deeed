"""tensorwire's codecs in the place of those of Seldon's wrapper.

Each function here does the same as the wrapper's, and faster, for arrays of numbers; for everything
else, errors included, it calls the wrapper's. Not replaced, for there is nothing to gain: how a
`tensor` is read (the wrapper reads its memory too), nested lists of parsed JSON, and arrays of a
few elements.
"""

from __future__ import annotations

import logging
import sys
from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

import tensorwire as tw
from tensorwire.containers.protobuf import varint
from tensorwire.containers.protobuf.listvalue import ListValueSource
from tensorwire.errors import CodecError
from tensorwire.integrations.seldon.messages import prediction_pb2
from tensorwire.limits import DEFAULT_LIMITS
from tensorwire.tree import Irregular

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["TESTED", "install", "likeness", "uninstall"]

TESTED = ("1.17.1",)
"""The versions of seldon-core whose own tests pass with `install` as without."""

_LOG = logging.getLogger("tensorwire.integrations.seldon")
_messages = prediction_pb2()
_utils: Any = import_module("seldon_core.utils")
_wrapper: Any = import_module("seldon_core.wrapper")
_SMALL = 16  # elements that the wrapper writes as fast
_FAST = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
_FAST |= orjson.OPT_PASSTHROUGH_SUBCLASS


def _get_request(skip_decoding: bool = False) -> Any:  # noqa: FBT001, FBT002 - as theirs
    """Parse JSON with orjson."""
    request = _wrapper.request
    if not skip_decoding and request.mimetype == "application/json" and not request.query_string:
        try:
            message = orjson.loads(request.get_data())
        except orjson.JSONDecodeError:  # NaN, for example
            message = None
        if message is not None:
            return message
    return _THEIRS["get_request"](skip_decoding)


def _jsonify(response: Any, skip_encoding: bool = False) -> Any:  # noqa: FBT001, FBT002 - as theirs
    """Write JSON with orjson: the same values, some floats with fewer characters."""
    app = import_module("flask").current_app
    if not skip_encoding and _is_plain(app):
        try:
            text = orjson.dumps(response, option=_FAST | orjson.OPT_SORT_KEYS)
        except TypeError:
            text = b"null"
        # orjson writes NaN as null, and letters that flask escapes.
        if b"null" not in text and text.isascii():
            return app.response_class(text + b"\n", mimetype="application/json")
    return _THEIRS["jsonify"](response, skip_encoding)


def _extract_request_parts_json(request: Any) -> Any:
    """Read the tftensor of JSON; np.array is as fast as we are for the lists of others."""
    data = request.get("data") if isinstance(request, dict) else None
    if isinstance(data, dict) and data.keys() & _ARRAYS == {"tftensor"}:
        try:
            text = orjson.dumps({"data": {"tftensor": data["tftensor"]}})
            array = tw.get_codec("json/tftensor").decode(text)
        except (CodecError, TypeError):
            array = None
        if _is_numbers(array):
            return _own(array), request.get("meta"), data, "data"
    return _THEIRS["extract_request_parts_json"](request)


def _construct_response_json(
    user_model: Any,
    is_request: bool,  # noqa: FBT001 - as theirs
    client_request_raw: Any,
    client_raw_response: Any,
    *rest: Any,
    **named: Any,
) -> Any:
    """Write tensor and tftensor; a list for ndarray is what the wrapper makes too."""
    make, array = _THEIRS["construct_response_json"], client_raw_response
    data = client_request_raw.get("data", {"tensor": ()})
    kind = next((each for each in ("tensor", "tftensor") if each in data), "ndarray")
    if kind == "ndarray" or not _is_numbers(array):
        return make(user_model, is_request, client_request_raw, array, *rest, **named)
    if kind == "tensor":
        value: Any = {"values": array.ravel().tolist(), "shape": array.shape}
    else:
        try:
            text = tw.get_codec("json/tftensor").encode(array)
        except CodecError:
            return make(user_model, is_request, client_request_raw, array, *rest, **named)
        value = orjson.loads(text)["data"]["tftensor"]
    reply = make(user_model, is_request, client_request_raw, likeness(array), *rest, **named)
    del reply["data"]["ndarray"]
    reply["data"][kind] = value
    return reply


def _construct_response(
    user_model: Any,
    is_request: bool,  # noqa: FBT001 - as theirs
    client_request: Any,
    client_raw_response: Any,
    *rest: Any,
    **named: Any,
) -> Any:
    """Write an array into the reply as bytes that protobuf's runtime parses."""
    make, array = _THEIRS["construct_response"], client_raw_response
    if isinstance(array, list):
        array = np.array(array)
    kind = "tensor"
    if client_request.WhichOneof("data_oneof") == "data":
        kind = client_request.data.WhichOneof("data_oneof") or "ndarray"
    written = _written(kind, array)
    if written is None:
        return make(user_model, is_request, client_request, client_raw_response, *rest, **named)
    reply = make(user_model, is_request, client_request, likeness(array), *rest, **named)
    reply.data.ClearField("ndarray")
    reply.MergeFromString(written)
    return reply


def _array_to_grpc_datadef(data_type: str, array: Any, names: Any = ()) -> Any:
    """Write an array as bytes that protobuf's runtime parses."""
    written = _written(data_type, array)
    if written is None:
        return _THEIRS["array_to_grpc_datadef"](data_type, array, names)
    data = _messages.SeldonMessage.FromString(written).data
    data.names.extend(names or ())
    return data


def _grpc_datadef_to_array(datadef: Any) -> Any:
    """Read ndarray and tftensor; the wrapper reads a tensor by its memory too."""
    array: Any = None
    kind = datadef.WhichOneof("data_oneof")
    try:
        if kind == "ndarray":
            body = datadef.ndarray.SerializeToString()
            array = ListValueSource(body, 0, len(body)).read(DEFAULT_LIMITS)
        elif kind == "tftensor":
            body = datadef.SerializeToString()
            array = tw.get_codec("protobuf/tftensor").decode(
                b"\x1a%b%b" % (varint.write(len(body)), body)
            )
    except (CodecError, Irregular):
        pass
    # The wrapper refuses an ndarray with NaN or infinities.
    if _is_numbers(array) and (kind == "tftensor" or np.isfinite(array).all()):
        return _own(array)
    return _THEIRS["grpc_datadef_to_array"](datadef)


def likeness(array: Any) -> Any:
    """Return an array without rows, from which the wrapper makes all of a reply but the values.

    It is of bools, which the wrapper writes as an empty list, whatever the kind of the request.
    """
    return np.empty((0, *array.shape[1:]), bool)


def _written(kind: str, array: Any) -> bytes | None:
    """Return a message with an array; None for what the wrapper writes, or refuses, on its own."""
    if kind not in _ARRAYS or not _is_numbers(array):
        return None
    if array.size <= _SMALL and kind != "tftensor":
        return None
    try:
        return tw.get_codec(f"protobuf/{kind}").encode(array)
    except CodecError:
        return None


def _is_numbers(array: Any) -> bool:
    """Return whether it is an array with elements and dimensions, of numbers in native order."""
    if not isinstance(array, np.ndarray) or not array.ndim or not array.size:
        return False
    return array.dtype.kind in "fiu" and array.dtype.isnative


def _own(array: Any) -> Any:
    """Return an array that a model may write to, as the wrapper's own is."""
    return array if array.flags.writeable else array.copy()


def _is_plain(app: Any) -> bool:
    """Return whether an application of flask writes JSON as flask does without settings."""
    plain = type(app.json) is import_module("flask.json.provider").DefaultJSONProvider
    settings = (
        "JSON_AS_ASCII",
        "JSON_SORT_KEYS",
        "JSONIFY_PRETTYPRINT_REGULAR",
        "JSONIFY_MIMETYPE",
    )
    unset = all(app.config.get(name) is None for name in settings)
    return plain and unset and not app.debug and vars(app.json).keys() == {"_app"}


_ARRAYS = {"ndarray", "tensor", "tftensor"}
_OURS: dict[str, Callable[..., Any]] = {
    "get_request": _get_request,
    "jsonify": _jsonify,
    "extract_request_parts_json": _extract_request_parts_json,
    "construct_response_json": _construct_response_json,
    "grpc_datadef_to_array": _grpc_datadef_to_array,
    "construct_response": _construct_response,
    "array_to_grpc_datadef": _array_to_grpc_datadef,
}
_THEIRS: dict[str, Callable[..., Any]] = {
    name: getattr(_wrapper if hasattr(_wrapper, name) else _utils, name) for name in _OURS
}


def install() -> tuple[str, ...]:
    """Put tensorwire's codecs where those of Seldon's wrapper are, in this process.

    Servers that are made already use them too. One line of the log, a warning, tells it. A value
    that is not an array of numbers still goes through the wrapper's own functions.

    Returns
    -------
    tuple of str
        The functions that were replaced; none for a version of seldon-core that was not tested.
    """
    found = version("seldon-core")
    if found not in TESTED:
        _LOG.warning("seldon-core %s: tested with %s, nothing is replaced", found, *TESTED)
        return ()
    _swap(_THEIRS, _OURS)
    _LOG.warning(
        "seldon-core %s: tensorwire replaces %s; the rest stays, where nothing is gained, such as"
        " how a tensor is read; uninstall() undoes it",
        found,
        ", ".join(_OURS),
    )
    return tuple(_OURS)


def uninstall() -> None:
    """Put the functions of Seldon's wrapper back."""
    _swap(_OURS, _THEIRS)


def _swap(old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Replace functions in every module of seldon_core that has them."""
    modules = [sys.modules[name] for name in list(sys.modules) if name.startswith("seldon_core")]
    for module in modules:
        for name, function in old.items():
            if vars(module).get(name) is function:
                setattr(module, name, new[name])
