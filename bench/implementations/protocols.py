"""Whole messages: each protocol of tensorwire, and the same through official objects and lists.

An implementation makes the message too, as every caller must. Its name is the protocol's, with what
is put into it; ``oip/binary x8`` takes the rows of its payload for tensors of their own,
``oip/binary:peek`` reads no values, and ``oip/binary:first`` meets a shape for the first time.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache, partial
from itertools import cycle
from math import prod
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import orjson

import tensorwire as tw

from .baselines import fill_tensor, message, read_tensor
from .implementation import OBJECTS, Implementation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .implementation import Decode, Encode

Arrays = dict[str, Any]
Pair = tuple[Callable[[Any], bytes], Callable[[bytes], Any]]
"""An encoder and a decoder of an array, or of arrays by name."""

MODEL, NAME = "model", "x"
PEEK, FIRST, KNOWN, HAND = ":peek", ":first", ":known", ":by hand"
SEVERAL = " x8"
LENGTH: Final = "Inference-Header-Content-Length"


class Headers:
    """The headers of bodies of ``oip/binary``, by the bodies' length: found once, then known.

    A server has them with the body, and does not look for them.
    """

    def __init__(self) -> None:
        self._known: dict[int, dict[str, str]] = {}

    def __call__(self, body: bytes) -> dict[str, str]:
        """Return the headers of a body."""
        found = self._known.get(len(body))
        if found is None:
            size = str(tw.oip.json_size(body))
            found = {"Content-Type": "application/octet-stream", LENGTH: size}
            self._known[len(body)] = found
        return found


# Each protocol of tensorwire.


def oip(protocol: str, *, several: bool = False) -> Pair:
    """Put one array, or several, into an InferRequest."""
    codec = tw.get_protocol(protocol)
    write, read = codec.encode, codec.decode
    request, tensor = tw.oip.InferRequest, tw.oip.InferTensor
    headers_of = Headers() if protocol == "oip/binary" else None

    def encode(array: Any) -> bytes:
        return write(request([tensor(NAME, array)], MODEL))[0]

    def decode(body: bytes) -> Any:
        return read(body, headers_of(body) if headers_of else None).inputs[0].value

    def encode_several(array: Any) -> bytes:
        tensors = [tensor(f"{NAME}{i}", part) for i, part in enumerate(array)]
        return write(request(tensors, MODEL))[0]

    def decode_several(body: bytes) -> Any:
        found = read(body, headers_of(body) if headers_of else None)
        return [each.value for each in found.inputs]

    return (encode_several, decode_several) if several else (encode, decode)


def tfserving(
    protocol: str, *, rows: bool = True, tensor: str = NAME, several: bool = False
) -> Pair:
    """Put one array, or several, into a PredictRequest."""
    codec = tw.get_protocol(protocol)
    write, read = codec.encode, codec.decode
    request: Any = tw.tfserving.PredictRequest
    request = request if rows else partial(request, rows=False)  # rows are the default

    def encode(array: Any) -> bytes:
        return write(request({tensor: array}, MODEL))[0]

    def decode(body: bytes) -> Any:
        return read(body).inputs[tensor]

    def encode_several(array: Any) -> bytes:
        tensors = {f"{NAME}{i}": part for i, part in enumerate(array)}
        return write(request(tensors, MODEL))[0]

    def decode_several(body: bytes) -> Any:
        found = read(body).inputs
        return [found[f"{NAME}{i}"] for i in range(len(found))]

    return (encode_several, decode_several) if several else (encode, decode)


def seldon(protocol: str, kind: str) -> Pair:
    """Put an array into a Message of a kind."""
    codec = tw.get_protocol(protocol)
    write, read = codec.encode, codec.decode

    def encode(array: Any) -> bytes:
        return write(tw.Message(array, kind))[0]

    def decode(body: bytes) -> Any:
        return read(body).value

    return encode, decode


def peek(make: Callable[[], Pair], protocol: str) -> Pair:
    """Read only what a message tells of its array: `tensorwire.peek`."""
    family, _, container = protocol.partition("/")
    media_type = tw.get_protocol(protocol).media_type
    headers_of = Headers() if container == "binary" else None

    def decode(body: bytes) -> Any:
        headers = headers_of(body) if headers_of else None
        return tw.peek(body, media_type, protocol=family, headers=headers)

    return make()[0], decode


# Messages of shapes never seen, beside messages of a few shapes seen all the time.

MOST_VALUES, RANK = 128, 4
READ = 2500
"""Of the 5,137 shapes: those of messages that are read; the others are written. Both are more than
the calls of a process at 6 us, so that no shape comes again."""
FEW = 8


@cache
def shapes() -> list[tuple[int, ...]]:
    """Return all shapes of a rank with few values, in an order that mixes them."""
    found: list[tuple[int, ...]] = [()]
    for _ in range(RANK):
        found = [(*s, n) for s in found for n in range(1, MOST_VALUES // prod(s) + 1)]
    random.Random(0).shuffle(found)  # noqa: S311 - an order
    return found


def in_turn(make: Callable[[], Pair], *, known: bool) -> Pair:
    """Write and read a message of the next of all shapes, or of the next of a few.

    The first call with an array, or with a body, has that one's message, so that it can be checked.
    """
    write, read = make()
    every = shapes()  # here: they take 10 ms, and no call may that is timed
    array, body = None, b""
    arrays: Iterator[Any] = iter(())
    bodies: Iterator[bytes] = iter(())

    def views(array: Any, chosen: Sequence[tuple[int, ...]]) -> list[Any]:
        flat = np.resize(array, MOST_VALUES)
        return [flat[: prod(s)].reshape(s) for s in chosen[: FEW if known else None]]

    def turns(call: Callable[[Any], Any], items: list[Any]) -> Iterator[Any]:
        for item in items * 2 if known else ():  # what comes again is remembered
            call(item)
        return cycle(items)

    def encode(given: Any) -> bytes:
        nonlocal array, arrays
        if given is not array:  # not in the next call, which a worker takes for a usual one
            array, arrays = given, turns(write, views(given, every[READ:]))
            return write(given)
        return write(next(arrays))

    def decode(given: bytes) -> Any:
        nonlocal body, bodies
        if given is not body:
            body, bodies = given, iter(())
            return read(given)
        found = next(bodies, None)
        if found is None:
            made = views(read(given), every[:READ])
            bodies = turns(read, [write(each) for each in made])
            found = next(bodies)
        return read(found)

    return encode, decode


# The same without tensorwire. Over gRPC: official message objects.

# Datatype of the Open Inference Protocol, and the contents that hold its values.
DATATYPES = {
    "float64": ("FP64", "fp64_contents"),
    "float32": ("FP32", "fp32_contents"),
    "uint8": ("UINT8", "uint_contents"),
    "int64": ("INT64", "int64_contents"),
}
DTYPES = {datatype: (name, field) for name, (datatype, field) in DATATYPES.items()}


def raw_objects() -> Pair:
    """Fill ``raw_input_contents`` by ``tobytes``; ``np.frombuffer`` back, as tritonclient does."""
    cls = message("inference.ModelInferRequest")

    def encode(arrays: Arrays) -> bytes:
        built = cls(model_name=MODEL)
        for name, array in arrays.items():
            datatype = DATATYPES[array.dtype.name][0]
            built.inputs.add(name=name, datatype=datatype, shape=array.shape)
            built.raw_input_contents.append(array.tobytes())
        body: bytes = built.SerializeToString()
        return body

    def decode(body: bytes) -> Arrays:
        parsed = cls.FromString(body)
        return {
            node.name: np.frombuffer(raw, DTYPES[node.datatype][0]).reshape(node.shape)
            for node, raw in zip(parsed.inputs, parsed.raw_input_contents, strict=True)
        }

    return encode, decode


def typed_objects() -> Pair:
    """Fill ``contents`` by ``tolist``; ``np.array`` back, as MLServer and KServe do."""
    cls = message("inference.ModelInferRequest")

    def encode(arrays: Arrays) -> bytes:
        built = cls(model_name=MODEL)
        for name, array in arrays.items():
            datatype, field = DATATYPES[array.dtype.name]
            node = built.inputs.add(name=name, datatype=datatype, shape=array.shape)
            getattr(node.contents, field).extend(array.ravel().tolist())
        body: bytes = built.SerializeToString()
        return body

    def decode(body: bytes) -> Arrays:
        found = {}
        for node in cls.FromString(body).inputs:
            dtype, field = DTYPES[node.datatype]
            found[node.name] = np.array(getattr(node.contents, field), dtype).reshape(node.shape)
        return found

    return encode, decode


def predict_objects() -> Pair:
    """Make and read TensorProtos as TensorFlow does."""
    cls = message("tensorflow.serving.PredictRequest")

    def encode(arrays: Arrays) -> bytes:
        built = cls()
        built.model_spec.name = MODEL
        for name, array in arrays.items():
            fill_tensor(built.inputs[name], array)
        body: bytes = built.SerializeToString()
        return body

    def decode(body: bytes) -> Arrays:
        return {name: read_tensor(node) for name, node in cls.FromString(body).inputs.items()}

    return encode, decode


# Over REST: orjson and Python lists.


def binary_lists() -> Pair:
    """Write JSON, and ``tobytes`` behind it; slices of the body and ``np.frombuffer`` back."""
    headers_of = Headers()

    def encode(arrays: Arrays) -> bytes:
        blobs = [array.tobytes() for array in arrays.values()]
        nodes = [
            _node(name, array) | {"parameters": {"binary_data_size": len(blob)}}
            for (name, array), blob in zip(arrays.items(), blobs, strict=True)
        ]
        return b"".join([orjson.dumps({"inputs": nodes}), *blobs])

    def decode(body: bytes) -> Arrays:
        at = int(headers_of(body)[LENGTH])
        found = {}
        for node in orjson.loads(body[:at])["inputs"]:
            end = at + node["parameters"]["binary_data_size"]
            dtype = DTYPES[node["datatype"]][0]
            found[node["name"]] = np.frombuffer(body[at:end], dtype).reshape(node["shape"])
            at = end
        return found

    return encode, decode


def json_lists() -> Pair:
    """Write ``data`` by ``tolist``; ``np.array`` back."""

    def encode(arrays: Arrays) -> bytes:
        nodes = [
            _node(name, array) | {"data": array.ravel().tolist()} for name, array in arrays.items()
        ]
        return orjson.dumps({"inputs": nodes})

    def decode(body: bytes) -> Arrays:
        return {
            node["name"]: np.array(node["data"], DTYPES[node["datatype"]][0]).reshape(node["shape"])
            for node in orjson.loads(body)["inputs"]
        }

    return encode, decode


def _node(name: str, array: Any) -> dict[str, Any]:
    datatype = DATATYPES[array.dtype.name][0]
    return {"name": name, "shape": list(array.shape), "datatype": datatype}


def row_lists(*, named: bool) -> Pair:
    """Write ``instances`` by ``tolist``, a list or an object a row; ``np.array`` back."""

    def encode(arrays: Arrays) -> bytes:
        columns = [array.tolist() for array in arrays.values()]
        if not named:
            return orjson.dumps({"instances": columns[0]})
        rows = [dict(zip(arrays, row, strict=True)) for row in zip(*columns, strict=True)]
        return orjson.dumps({"instances": rows})

    def decode(body: bytes) -> Arrays:
        rows = orjson.loads(body)["instances"]
        if not named:
            return {NAME: np.array(rows)}
        return {name: np.array([row[name] for row in rows]) for name in rows[0]}

    return encode, decode


def column_lists() -> Pair:
    """Write ``inputs`` by ``tolist``; ``np.array`` back."""

    def encode(arrays: Arrays) -> bytes:
        return orjson.dumps({"inputs": {name: array.tolist() for name, array in arrays.items()}})

    def decode(body: bytes) -> Arrays:
        return {name: np.array(node) for name, node in orjson.loads(body)["inputs"].items()}

    return encode, decode


def one_of(make: Callable[[], Pair]) -> Pair:
    """Return what reads and writes one array, of what does it by name."""
    encode, decode = make()
    return lambda array: encode({NAME: array}), lambda body: decode(body)[NAME]


def several_of(make: Callable[[], Pair]) -> Pair:
    """Return what reads and writes the rows of an array, of what does it by name."""
    encode, decode = make()
    return (
        lambda array: encode({f"{NAME}{i}": part for i, part in enumerate(array)}),
        lambda body: [part for _, part in sorted(decode(body).items())],
    )


# The lines that people write for a single array, without a check: body and headers, and back.

DATATYPE_OF = {np.dtype(name): datatype for name, (datatype, _) in DATATYPES.items()}
DTYPE_OF = {datatype: dtype for dtype, datatype in DATATYPE_OF.items()}


def oip_by_hand() -> Pair:
    """Write one tensor; read the tensors by name, each of its datatype and shape."""

    def write(array: Any) -> tuple[bytes, dict[str, str]]:
        datatype, data = DATATYPE_OF[array.dtype], array.ravel().tolist()
        node = {"name": NAME, "shape": array.shape, "datatype": datatype, "data": data}
        return orjson.dumps({"inputs": [node]}), {"Content-Type": "application/json"}

    def read(body: bytes) -> Arrays:
        return {
            node["name"]: np.array(node["data"], DTYPE_OF[node["datatype"]]).reshape(node["shape"])
            for node in orjson.loads(body)["inputs"]
        }

    return lambda array: write(array)[0], lambda body: read(body)[NAME]


def rows_by_hand() -> Pair:
    """Write and read the rows of a request, which have no name."""

    def write(array: Any) -> tuple[bytes, dict[str, str]]:
        return orjson.dumps({"instances": array.tolist()}), {"Content-Type": "application/json"}

    def read(body: bytes) -> Any:
        return np.array(orjson.loads(body)["instances"])

    return lambda array: write(array)[0], read


# All of them by name.

ROWS, COLUMNS, NAMED_ROWS = (f"tfserving/json {form}" for form in ("rows", "columns", "named rows"))
_ONE: dict[str, Callable[[], Pair]] = {
    "oip/binary": partial(oip, "oip/binary"),
    "oip/protobuf": partial(oip, "oip/protobuf"),
    "oip/protobuf-typed": partial(oip, "oip/protobuf-typed"),
    "oip/json": partial(oip, "oip/json"),
    "tfserving/protobuf": partial(tfserving, "tfserving/protobuf"),
    ROWS: partial(tfserving, "tfserving/json", tensor=""),
    COLUMNS: partial(tfserving, "tfserving/json", rows=False),
    NAMED_ROWS: partial(tfserving, "tfserving/json"),
    "seldon/protobuf tensor": partial(seldon, "seldon/protobuf", "tensor"),
    "seldon/protobuf tftensor": partial(seldon, "seldon/protobuf", "tftensor"),
    "seldon/msgpack tensor": partial(seldon, "seldon/msgpack", "tensor"),
    "seldon/json tensor": partial(seldon, "seldon/json", "tensor"),
    "seldon/json ndarray": partial(seldon, "seldon/json", "ndarray"),
}
_OTHERS: dict[str, Callable[[], Pair]] = {
    name: partial(seldon, *name.split())
    for name in ("seldon/protobuf ndarray", "seldon/msgpack ndarray", "seldon/msgpack tftensor")
}
"""Measured by their first messages alone."""
VIEWED = (
    *("oip/binary", "oip/protobuf", "oip/protobuf-typed", "tfserving/protobuf"),
    *("seldon/protobuf tensor", "seldon/protobuf tftensor", "seldon/msgpack tensor"),
)
"""The protocols whose bodies hold the array as its memory: reading makes a view."""
_EIGHT: dict[str, Callable[..., Pair]] = {
    name: make
    for name, make in _ONE.items()
    if name.startswith(("oip", "tf")) and name != NAMED_ROWS
} | {ROWS: partial(tfserving, "tfserving/json")}
_OBJECTS: dict[str, Callable[[], Pair]] = {
    "oip/binary": binary_lists,
    "oip/protobuf": raw_objects,
    "oip/protobuf-typed": typed_objects,
    "oip/json": json_lists,
    "tfserving/protobuf": predict_objects,
    ROWS: partial(row_lists, named=False),
    NAMED_ROWS: partial(row_lists, named=True),
    COLUMNS: column_lists,
}
_EIGHT_OBJECTS = {name: _OBJECTS[name] for name in _EIGHT} | {ROWS: _OBJECTS[NAMED_ROWS]}
_PAIRS: dict[str, Callable[[], Pair]] = {
    **_ONE,
    **{name + SEVERAL: partial(make, several=True) for name, make in _EIGHT.items()},
    **{name + PEEK: partial(peek, _ONE[name], name.partition(" ")[0]) for name in VIEWED},
    **{name + OBJECTS: partial(one_of, make) for name, make in _OBJECTS.items()},
    **{
        name + SEVERAL + OBJECTS: partial(several_of, make) for name, make in _EIGHT_OBJECTS.items()
    },
    "oip/json" + HAND: oip_by_hand,
    ROWS + HAND: rows_by_hand,
    **{
        name + ending: partial(in_turn, make, known=ending == KNOWN)
        for name, make in (_ONE | _OTHERS).items()
        for ending in (FIRST, KNOWN)
    },
}


def _implementation(name: str) -> Implementation:
    encode: Encode
    decode: Decode
    encode, decode = _PAIRS[name]()
    timed = ("decode",) if name.endswith(PEEK) else ("encode", "decode")
    return Implementation(name, encode, decode, timed=timed)


PROTOCOLS: dict[str, Callable[[], Implementation]] = {
    name: partial(_implementation, name) for name in _PAIRS
}
"""How each of them is made, by its name."""
