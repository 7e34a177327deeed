"""KServe's Python server: a mount for bytes as they came, and faster codecs for its own endpoints.

`mount` puts a `Handler` into the application of KServe, whose own endpoints would parse a body with
`json` and pydantic first. `install` leaves those endpoints and the objects of KServe as they are,
and keeps their arrays of numbers as arrays: a list is made where a model asks for ``.data``.
"""

from __future__ import annotations

import json
import logging
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

import tensorwire as tw
from tensorwire.errors import CodecError
from tensorwire.extras import Needed
from tensorwire.protocols.oip.contents import dtype_of_field, read_contents, write_contents
from tensorwire.serving import Handler, asgi

with Needed("tensorwire.integrations.kserve", "kserve"):
    from fastapi.responses import Response
    from fastapi.routing import APIRoute, APIRouter
    from kserve import model_server
    from kserve.protocol import infer_type
    from kserve.protocol.rest import v2_endpoints

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["TESTED", "install", "mount", "uninstall"]

TESTED = ("0.21.0",)
"""The versions of kserve whose own tests were run with `install`."""

_LOG = logging.getLogger("tensorwire.integrations.kserve")
_LENGTH = "inference-header-content-length"


def mount(handler: Handler, prefix: str = "/tensorwire") -> None:
    """Mount a handler in KServe's application: every path of every protocol, below a prefix.

    Parameters
    ----------
    handler : Handler
        What answers. Its model is called in the event loop, and awaited where it is asynchronous.
    prefix : str, default "/tensorwire"
        What is before the paths of the protocols.
    """
    model_server.app.mount(prefix, asgi(handler))


# What takes the place of KServe's own. Each does the same for many numbers, and calls what it
# replaces for everything else, errors included.

_SMALL = 256  # bytes of numbers from which on an array is faster than a list
_SMALL_BODY = 4096
_READ = tw.get_protocol("oip/json")


class _Held:
    """Numbers in place of the list that KServe would make of them."""

    def __init__(self, array: Any, body: bytes = b"", place: int = 0) -> None:
        self.array, self.body, self.place = array, body, place

    def listed(self) -> Any:
        """Return the list: from the body where it came as JSON, as `json` reads it."""
        if self.body:
            return json.loads(self.body)["inputs"][self.place]["data"]
        return self.array.reshape(-1).tolist()


def _data(self: Any) -> Any:
    """Make the list when it is asked for; it may be changed from then on."""
    if type(self._data) is _Held:
        self._data = self._data.listed()
    return self._data


def _set_data(self: Any, data: Any) -> None:
    self._data = data


def _as_numpy(theirs: Callable[[Any], Any], self: Any) -> Any:
    """Copy the array, where theirs makes one of a list."""
    held = self._data
    if self._raw_data is None and type(held) is _Held:
        dtype = infer_type.to_np_dtype(self.datatype)
        if dtype is not None and held.array.dtype == dtype:
            return held.array.reshape(self._shape).copy()
        self._data = held.listed()
    return theirs(self)


def _set_data_from_numpy(
    theirs: Callable[..., None],
    self: Any,
    tensor: Any,
    binary_data: bool = True,  # noqa: FBT001, FBT002 - KServe's own
) -> None:
    """Copy the array, where theirs makes a list."""
    if (
        binary_data
        or not _is_numbers(tensor)
        or infer_type.from_np_dtype(tensor.dtype) != self._datatype
        or list(tensor.shape) != list(self._shape)
    ):
        theirs(self, tensor, binary_data=binary_data)
        return
    if self._parameters:
        self._parameters.pop("binary_data_size", None)
    self._raw_data, self._data = None, _Held(tensor.copy())


def _is_numbers(array: Any) -> bool:
    if not isinstance(array, np.ndarray) or array.nbytes < _SMALL or not array.dtype.isnative:
        return False
    return dtype_of_field(array.dtype) is not None


def _get_content(theirs: Callable[..., Any], datatype: str, data: Any) -> Any:
    """Read typed contents by their memory."""
    dtype = infer_type.to_np_dtype(datatype)
    if dtype in (None, np.object_, np.float16) or data.ByteSize() < _SMALL:
        return theirs(datatype, data)
    array = read_contents(data.SerializeToString())
    if array is None or array.dtype != dtype_of_field(np.dtype(dtype)):
        return theirs(datatype, data)
    narrow = array.astype(dtype, copy=False)
    return _Held(narrow) if narrow is array or (narrow == array).all() else theirs(datatype, data)


def _to_grpc(theirs: Callable[[Any], Any], self: Any) -> Any:
    """Write typed contents by their memory."""
    tensors = self.outputs if hasattr(self, "outputs") else self.inputs
    raw = hasattr(self, "outputs") and (
        self._use_binary_outputs or any(each.datatype == "FP16" for each in tensors)
    )
    held = {}
    for place, tensor in enumerate(tensors):
        if type(tensor._data) is _Held and tensor._raw_data is None:
            if raw:
                tensor._data = tensor.as_numpy()
            elif _fits(tensor):
                held[place], tensor._data = tensor._data, []
    try:
        message = theirs(self)
    finally:
        for place, numbers in held.items():
            tensors[place]._data = numbers
    written = message.outputs if hasattr(self, "outputs") else message.inputs
    for place, numbers in held.items():
        written[place].contents.MergeFromString(write_contents(numbers.array))
    return message


def _fits(tensor: Any) -> bool:
    """Return whether the datatype of a tensor is that of its array: a model may set another."""
    return bool(infer_type.from_np_dtype(tensor._data.array.dtype) == tensor.datatype)


def _to_rest(theirs: Callable[[Any], Any], self: Any) -> Any:
    """Let theirs begin with the array, not with a list that it makes an array of again."""
    for output in self.outputs:
        if type(output._data) is _Held and output._raw_data is None and _fits(output):
            output._data = output._data.array.reshape(output._shape)
    return theirs(self)


class _Route(APIRoute):
    """The route of ``infer``: large bodies of numbers do not go through `json` and pydantic."""

    def get_route_handler(self) -> Callable[[Any], Any]:
        """Return what answers a request."""
        theirs = super().get_route_handler()
        if getattr(self.endpoint, "__func__", None) is not v2_endpoints.V2Endpoints.infer:
            return theirs
        return partial(self._answer, theirs)

    async def _answer(self, theirs: Callable[[Any], Any], request: Any) -> Any:
        if request.headers.get("content-type") != "application/json":
            return await theirs(request)
        body = await request.body()
        if len(body) < _SMALL_BODY or _LENGTH in request.headers:
            return await theirs(request)
        asked = _asked(body, request.path_params["model_name"])
        if asked is None:
            return await theirs(request)
        response, names = Response(), dict(request.path_params)
        del response.headers["content-length"]
        answer = await self.endpoint(request, response, names.pop("model_name"), asked, **names)
        if answer is response:
            return response
        # NaN and infinities are null, as KServe writes them.
        text = orjson.dumps(answer.model_dump())
        return Response(text, media_type="application/json", headers=response.headers)


def _asked(body: bytes, model_name: str) -> Any:
    """Return KServe's request of a body of numbers; None for any other body."""
    if b'"BYTES"' in body:
        return None
    try:
        message = _READ.decode(body, {})
    except CodecError:
        return None
    tensors = [message, *message.inputs, *message.outputs]
    if not all(_is_plain(each.parameters) for each in tensors):
        return None
    inputs = []
    for place, tensor in enumerate(message.inputs):
        if not isinstance(tensor.value, np.ndarray) or not dtype_of_field(tensor.value.dtype):
            return None
        held = _Held(tensor.value, body, place)
        given = dict(tensor.parameters)
        shape = list(tensor.value.shape)
        inputs.append(infer_type.InferInput(tensor.name, shape, tensor.datatype, held, given))
    outputs = [
        infer_type.RequestedOutput(each.name, dict(each.parameters)) for each in message.outputs
    ]
    return infer_type.InferRequest(
        model_name,
        inputs,
        message.id or None,
        parameters=dict(message.parameters) or None,
        request_outputs=outputs or None,
    )


def _is_plain(parameters: Mapping[str, Any]) -> bool:
    return all(isinstance(each, (str, int, float)) for each in parameters.values())


# Where each is, and what it is replaced with.
_OURS: list[tuple[Any, str, Callable[..., Any]]] = [
    (infer_type, "get_content", _get_content),
    *((kind, "as_numpy", _as_numpy) for kind in (infer_type.InferInput, infer_type.InferOutput)),
    *(
        (kind, "set_data_from_numpy", _set_data_from_numpy)
        for kind in (infer_type.InferInput, infer_type.InferOutput)
    ),
    *((kind, "to_grpc", _to_grpc) for kind in (infer_type.InferRequest, infer_type.InferResponse)),
    (infer_type.InferResponse, "to_rest", _to_rest),
]
_theirs: list[tuple[Any, str, Any]] = []


def install() -> bool:
    """Put tensorwire's codecs where those of KServe are, in this process.

    Call it before ``ModelServer().start()``. One line of the log, a warning, tells it.

    Returns
    -------
    bool
        Whether they are there now: not where the version of kserve was not tested.
    """
    found = version("kserve")
    if found not in TESTED:
        _LOG.warning("kserve %s: tested with %s, nothing is replaced", found, *TESTED)
        return False
    if not _theirs:
        for owner, name, ours in _OURS:
            old = vars(owner)[name]
            _replace(owner, name, _bound(ours, old))
        for kind in (infer_type.InferInput, infer_type.InferOutput):
            _replace(kind, "data", property(_data, _set_data))
        _replace(v2_endpoints, "APIRouter", partial(APIRouter, route_class=_Route))
        _LOG.warning("kserve %s: tensorwire reads and writes its tensors; see uninstall()", found)
    return True


def _bound(ours: Callable[..., Any], old: Callable[..., Any]) -> Callable[..., Any]:
    def replaced(*arguments: Any, **named: Any) -> Any:
        return ours(old, *arguments, **named)

    replaced.__name__, replaced.__doc__ = old.__name__, old.__doc__
    return replaced


def _replace(owner: Any, name: str, new: Any) -> None:
    _theirs.append((owner, name, vars(owner)[name]))
    setattr(owner, name, new)


def uninstall() -> None:
    """Put what `install` replaced back. Call it while no request is under way.

    An object of KServe that holds an array keeps it, and a route that is registered stays.
    """
    while _theirs:
        owner, name, old = _theirs.pop()
        setattr(owner, name, old)
