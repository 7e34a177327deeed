"""MLServer: a route for bytes as they came, an input codec, and faster codecs for its endpoints.

`route` is a custom handler of a model, which no pydantic model of MLServer stands before.
`ArrayCodec` is an input codec in place of ``np``, with the shapes and values as they are. `install`
leaves models and codecs as they are, and keeps arrays of numbers as arrays on the way from the
wire to ``NumpyCodec`` and back: a list is made where a model asks for ``.data``.
"""

from __future__ import annotations

import logging
from functools import partial
from importlib.metadata import version
from math import prod
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import numpy as np
import orjson

from tensorwire.containers import CONTAINERS
from tensorwire.containers.json.numbers import dumps
from tensorwire.errors import CodecError, DecodeError
from tensorwire.extras import Needed
from tensorwire.limits import DEFAULT_LIMITS
from tensorwire.missing import STRICT, VERIFIED, Unverified, reading
from tensorwire.protocols import bodies
from tensorwire.protocols.oip.contents import dtype_of_field, read_contents, write_contents
from tensorwire.protocols.oip.tensor import (
    InferTensor,
    Rules,
    data_leaf,
    datatype_named,
    from_values,
)
from tensorwire.tree import ARRAY, ArrayPlaces, Irregular

with Needed("tensorwire.integrations.mlserver", "mlserver"):
    import fastapi.routing
    from fastapi import Depends, Request, Response
    from mlserver import raw, types
    from mlserver.codecs import InputCodec, numpy
    from mlserver.codecs.errors import CodecError as TheirCodecError
    from mlserver.codecs.utils import SingleInputRequestCodec
    from mlserver.grpc import converters
    from mlserver.handlers import custom_handler
    from mlserver.rest.requests import Request as TheirRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tensorwire.serving import Handler

__all__ = ["TESTED", "ArrayCodec", "ArrayRequestCodec", "install", "route", "uninstall"]

TESTED = ("1.7.1",)
"""The versions of mlserver whose own tests were run with `install`."""

_LOG = logging.getLogger("tensorwire.integrations.mlserver")


# A route for the bytes of a request.


class _Asked(NamedTuple):
    """A request: what a worker of MLServer gets of it, pickled."""

    body: bytes
    headers: dict[str, str]
    path: str


async def _asked(request: Request, path: str) -> _Asked:
    headers = dict(request.headers)
    if "gzip" in headers.get("content-encoding", ""):  # MLServer inflates it
        del headers["content-encoding"]
    return _Asked(await request.body(), headers, f"/{path}")


class route:  # noqa: N801 - it is used as a function
    """A custom handler for a model: every path of every protocol, below a prefix.

    Parameters
    ----------
    handler : Handler
        What answers; its model is awaited where it is asynchronous. It works in the workers of
        ``parallel_workers``, too.
    prefix : str, default "/tensorwire"
        What is before the paths of the protocols.
    """

    def __init__(self, handler: Handler, prefix: str = "/tensorwire") -> None:
        self._handler, self._path = handler, prefix + "/{path:path}"

    def __set_name__(self, owner: type, name: str) -> None:
        handler = self._handler

        async def answer(_: Any, asked: Any) -> Any:
            reply = await handler.call(*asked)
            return Response(reply.body, reply.status, reply.headers)

        answer.__name__ = name  # by which a worker finds it
        # Not as text, which MLServer's wrapper around it would look up in a module of its own.
        answer.__annotations__ = {"asked": Annotated[_Asked, Depends(_asked)], "return": Response}
        setattr(owner, name, custom_handler(self._path)(answer))


# A codec of arrays as they are.


class ArrayCodec(InputCodec):
    """Arrays of numbers, bools and strings; ``mlserver.codecs.register_input_codec`` takes it.

    It has the content type ``np``, and so takes the place of MLServer's own. A shape of one
    dimension stays one, strings may differ in length, and what is no value of the datatype is
    refused where MLServer would round it. NaN is null in JSON; infinities are refused.
    """

    ContentType = "np"
    TypeHint = np.ndarray

    @classmethod
    def can_encode(cls, payload: Any) -> bool:
        """Return whether a value is an array."""
        return isinstance(payload, np.ndarray)

    @classmethod
    def encode_output(cls, name: str, payload: Any, **_: Any) -> Any:
        """Return the output of an array."""
        return types.ResponseOutput(**_tensor(name, payload))

    @classmethod
    def encode_input(cls, name: str, payload: Any, **_: Any) -> Any:
        """Return the input of an array."""
        return types.RequestInput(**_tensor(name, payload))

    @classmethod
    def decode_input(cls, request_input: Any) -> Any:
        """Return the array of an input."""
        return _array(request_input, "inputs")

    @classmethod
    def decode_output(cls, response_output: Any) -> Any:
        """Return the array of an output."""
        return _array(response_output, "outputs")


class ArrayRequestCodec(SingleInputRequestCodec):
    """A request of one array; ``mlserver.codecs.register_request_codec`` takes it."""

    InputCodec = ArrayCodec
    ContentType = ArrayCodec.ContentType


def _tensor(name: str, array: Any) -> dict[str, Any]:
    if array.dtype.kind == "f" and np.isinf(array).any():
        raise TheirCodecError(f"expected finite numbers, got infinities - at {name}")
    try:
        row, leaf = data_leaf(InferTensor(name, array, binary=False), STRICT, lossy=False)
    except CodecError as error:
        raise TheirCodecError(str(error.within(name))) from error
    data = leaf.data if isinstance(leaf.data, list) else leaf.data.tolist()
    if array.dtype.kind == "f" and np.isnan(array).any():
        data = [None if value != value else value for value in data]  # noqa: PLR0124
    if array.dtype.kind == "S":
        data = [value.encode() for value in data]
    parameters = types.Parameters(content_type=ArrayCodec.ContentType)
    shape = list(array.shape)
    return {
        "name": name,
        "datatype": row.name,
        "shape": shape,
        "data": data,
        "parameters": parameters,
    }


def _array(tensor: Any, where: str) -> Any:
    data = tensor.data.root
    try:
        row = datatype_named(getattr(tensor.datatype, "value", tensor.datatype))
        values = data if isinstance(data, list) else [data]
        if row.name == "BYTES":
            return _strings(values, tensor.shape)
        return from_values(values, row, tensor.shape, _RULES)
    except CodecError as error:
        raise TheirCodecError(str(error.within(f"$.{where}[{tensor.name!r}]"))) from error


def _strings(values: list[Any], shape: list[int]) -> Any:
    """Return text as an array of str, and bytes as one of bytes."""
    if values and all(isinstance(value, str) for value in values):
        try:
            return np.array(values).reshape(shape)
        except ValueError:
            wanted = f"expected the number of strings of shape {shape}"
            raise DecodeError(f"{wanted}, got {len(values)}") from None
    return from_values(values, datatype_named("BYTES"), shape, _RULES)


# What takes the place of MLServer's own. Each does the same for many numbers, and calls what it
# replaces for everything else, errors included.

_SMALL = 256  # bytes of numbers from which on an array is faster than a list
_SMALL_BODY = 64 << 10  # bytes of JSON from which on it is faster to read arrays
_JSON = CONTAINERS["json"]
_PLACES = ArrayPlaces({"inputs": {"data": {ARRAY: True}}})
_READING = reading("any", "any", text=True)._replace(also=frozenset({int}))
_RULES = Rules(DEFAULT_LIMITS, 1 << 40, VERIFIED._replace(null=True, also=frozenset({int})))


class _Held(types.TensorData):
    """Numbers in place of the list that MLServer would make of them."""

    @classmethod
    def of(cls, array: Any, listed: Callable[[], Any] | None = None) -> _Held:
        """Hold an array, and what makes the list of it."""
        held: _Held = cls.model_construct([])
        held.__dict__.clear()
        held.__dict__.update(array=array, listed=listed or array.reshape(-1).tolist)
        return held

    def __eq__(self, other: object) -> bool:
        return isinstance(other, types.TensorData) and self.root == other.root

    __hash__ = None  # type: ignore[assignment]


def _root(held: _Held) -> Any:
    """Make the list when it is asked for; it may be changed from then on."""
    fields = held.__dict__
    if "array" in fields:
        fields["root"] = fields["listed"]()
        del fields["array"], fields["listed"]
    return fields["root"]


def _set_root(held: _Held, root: Any) -> None:
    held.__dict__.clear()
    held.__dict__["root"] = root


_Held.root = property(_root, _set_root)  # pydantic takes no property for a field


def _array_of(data: Any) -> Any:
    """Return the array of data that were not asked for as a list; None for other data."""
    return data.__dict__.get("array") if type(data) is _Held else None


async def _json(self: Any) -> Any:
    """Read the numbers of a large body as arrays; orjson reads all other bodies."""
    if not hasattr(self, "_json"):
        body = await self.body()
        path = self.scope.get("path", "")
        if len(body) >= _SMALL_BODY and path.endswith(("/infer", "/generate")):
            read = _read(body)
            if read is not None:
                self._json = read
    return await _CALL["json"](self)


def _read(body: bytes) -> Any:
    """Return the JSON of a body with arrays in it; None for any other body."""
    if b'"BYTES"' in body:
        return None
    try:
        return bodies.read(_JSON, body, _PLACES, partial(_with_arrays, body), _READING)
    except (CodecError, Irregular, KeyError, TypeError, ValueError):
        return None


def _with_arrays(body: bytes, tree: Any, size: int, options: Any) -> Any:
    rules = Rules(DEFAULT_LIMITS, size, options)
    for place, tensor in enumerate(tree["inputs"]):
        row = datatype_named(tensor["datatype"])
        try:
            array = from_values(tensor["data"], row, tensor["shape"], rules)
        except Unverified as error:  # an integer beyond 64 bits
            raise Irregular from error
        tensor["data"] = _Held.of(array, partial(_listed, body, place))
    return tree


def _listed(body: bytes, place: int) -> Any:
    return orjson.loads(body)["inputs"][place]["data"]


def _decode_input(cls: Any, /, request_input: Any) -> Any:
    """Copy the array, where theirs makes one of a list."""
    array = _array_of(request_input.data)
    if array is not None and request_input.datatype != "BYTES":
        dtype = numpy.to_dtype(request_input)
        narrow = array.astype(dtype)
        if array.dtype == dtype or (narrow == array).all():
            return narrow.reshape(request_input.shape)
    return _CALL["decode_input"](cls, request_input)


def _encode_output(cls: Any, /, name: str, payload: Any, **options: Any) -> Any:
    """Copy the array, where theirs makes a list."""
    if not _is_numbers(payload):
        return _CALL["encode_output"](cls, name, payload, **options)
    datatype, copied = numpy.to_datatype(payload.dtype), payload.copy()
    return types.ResponseOutput(
        name=name,
        datatype=datatype,
        shape=numpy.inject_batch_dimension(list(payload.shape)),
        data=_Held.of(copied, partial(numpy._encode_data, copied, datatype)),
        parameters=types.Parameters(content_type=cls.ContentType),
    )


def _is_numbers(array: Any) -> bool:
    if not isinstance(array, np.ndarray) or array.nbytes < _SMALL:
        return False
    return array.dtype.isnative and array.dtype.name in numpy._NumpyToDatatype


async def _serialize_response(**given: Any) -> Any:
    """Write the numbers of a response as text that orjson takes as it is."""
    content = given["response_content"]
    if type(content) is not types.InferenceResponse:
        return await _CALL["serialize_response"](**given)
    held = {place: each.data for place, each in enumerate(content.outputs)}
    held = {place: data for place, data in held.items() if _array_of(data) is not None}
    for place in held:
        content.outputs[place].data = _EMPTY
    try:
        tree = await _CALL["serialize_response"](**given)
    finally:
        for place, data in held.items():
            content.outputs[place].data = data
    for place, data in held.items():
        tree["outputs"][place]["data"] = orjson.Fragment(_text(_array_of(data)))
    return tree


def _text(array: Any) -> bytes:
    """Return the values that a list would have: those of float32 with the digits of float64."""
    flat = array.reshape(-1)
    if flat.dtype.kind == "f":
        flat = flat.astype(np.float64)
    return dumps(flat)  # null for NaN and infinities, as MLServer writes them


def _contents_to_types(cls: Any, /, pb_object: Any) -> Any:
    """Read typed contents by their memory."""
    if pb_object.ByteSize() >= _SMALL:
        array = read_contents(pb_object.SerializeToString())
        if array is not None:
            return _Held.of(array)
    return _CALL["to_types"](cls, pb_object)


def _contents_from_types(cls: Any, /, type_object: Any, datatype: Any) -> Any:
    """Write typed contents by their memory."""
    array = _array_of(type_object)
    if array is None or not _fits(array, datatype) or dtype_of_field(array.dtype) is None:
        return _CALL["from_types"](cls, type_object, datatype=datatype)
    return converters.pb.InferTensorContents.FromString(write_contents(array))


def _fits(array: Any, datatype: Any) -> bool:
    """Return whether a datatype is that of an array: a model may pass on the data of another."""
    name = numpy._DatatypeToNumpy.get(types.Datatype(datatype))
    return bool(array.dtype.name == name)


def _inject_raw(elems: Any, raw_contents: Any) -> Any:
    """Read raw contents by their memory."""
    left = iter(raw_contents)
    for elem in elems:
        if not elem.data:
            elem.data = _of_raw(elem, next(left))
    return elems


def _of_raw(elem: Any, body: bytes) -> Any:
    name = "bytes"
    if len(body) >= _SMALL:
        name = numpy._DatatypeToNumpy.get(types.Datatype(elem.datatype), name)
    if name != "bytes":
        dtype = np.dtype(name)
        if len(body) == prod(elem.shape) * dtype.itemsize and min(elem.shape, default=1) > 0:
            array = np.frombuffer(body, dtype)
            if name != "bool" or np.frombuffer(body, np.uint8).max() <= 1:
                return _Held.of(array)
    return types.TensorData(raw.unpack(elem, body))


def _extract_raw(elems: Any) -> Any:
    """Write raw contents by their memory."""
    contents = []
    for elem in elems:
        array = _array_of(elem.data)
        fits = array is not None and _fits(array, elem.datatype)
        fits = fits and array.size == prod(elem.shape)
        contents.append(array.tobytes() if fits else raw.pack(elem))
        elem.data = []
    return elems, contents


_EMPTY = types.TensorData([])
# What is replaced: where each is, its name, and what takes its place.
_OURS: list[tuple[Any, str, Any]] = [
    (TheirRequest, "json", _json),
    (fastapi.routing, "serialize_response", _serialize_response),
    (numpy.NumpyCodec, "decode_input", classmethod(_decode_input)),
    (numpy.NumpyCodec, "encode_output", classmethod(_encode_output)),
    (converters.InferTensorContentsConverter, "to_types", classmethod(_contents_to_types)),
    (converters.InferTensorContentsConverter, "from_types", classmethod(_contents_from_types)),
    (converters, "inject_raw", _inject_raw),
    (converters, "extract_raw", _extract_raw),
]
_THEIRS: dict[str, Any] = {name: vars(owner)[name] for owner, name, _ in _OURS}
_CALL: dict[str, Any] = {name: getattr(old, "__func__", old) for name, old in _THEIRS.items()}


def install() -> bool:
    """Put tensorwire's codecs where those of MLServer are, in this process.

    In the module of a model it works for the server and for its workers, which import that, too:
    servers that are made already use them. One line of the log, a warning, tells it.

    Returns
    -------
    bool
        Whether they are there now: not where the version of mlserver was not tested.
    """
    found = version("mlserver")
    if found not in TESTED:
        _LOG.warning("mlserver %s: tested with %s, nothing is replaced", found, *TESTED)
        return False
    if TheirRequest.json is not _json:
        for owner, name, ours in _OURS:
            setattr(owner, name, ours)
        _LOG.warning("mlserver %s: tensorwire reads and writes its tensors; see uninstall()", found)
    return True


def uninstall() -> None:
    """Put what `install` replaced back; messages that hold arrays go on as lists."""
    for owner, name, _ in _OURS:
        setattr(owner, name, _THEIRS[name])
