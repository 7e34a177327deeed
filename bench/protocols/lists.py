"""What servers and their clients do over REST without tensorwire: orjson and Python lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from bench.protocols.headers import LENGTH, Headers
from bench.protocols.messages import DATATYPES, DTYPES

if TYPE_CHECKING:
    from bench.protocols.messages import Arrays, Codec

NAME = "x"


def json() -> Codec:
    """Write ``data`` by ``tolist``; ``np.array`` back."""

    def encode(arrays: Arrays) -> bytes:
        return orjson.dumps(
            {
                "inputs": [
                    _node(*item) | {"data": item[1].ravel().tolist()} for item in arrays.items()
                ]
            }
        )

    def decode(body: bytes) -> Arrays:
        return {
            node["name"]: np.array(node["data"], DTYPES[node["datatype"]][0]).reshape(node["shape"])
            for node in orjson.loads(body)["inputs"]
        }

    return encode, decode


def _node(name: str, array: Any) -> dict[str, Any]:
    datatype = DATATYPES[array.dtype.name][0]
    return {"name": name, "shape": list(array.shape), "datatype": datatype}


def binary() -> Codec:
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


def rows(*, named: bool) -> Codec:
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


def columns() -> Codec:
    """Write ``inputs`` by ``tolist``; ``np.array`` back."""

    def encode(arrays: Arrays) -> bytes:
        return orjson.dumps({"inputs": {name: array.tolist() for name, array in arrays.items()}})

    def decode(body: bytes) -> Arrays:
        return {name: np.array(node) for name, node in orjson.loads(body)["inputs"].items()}

    return encode, decode
