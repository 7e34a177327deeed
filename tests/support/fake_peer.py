"""A worker of ``interop`` whose library is a few lines: JSON of the Open Inference Protocol."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from interop.process import PeerProcess

Start = Callable[[str], PeerProcess]

FAKE = """
import json
import sys

import numpy as np

from interop.workers.loop import Encoded, serve

DTYPES = {"INT64": "int64", "BOOL": "bool", "BYTES": "object"}
NAMES = {np.dtype(dtype): name for name, dtype in DTYPES.items()}


def write(values, fields):
    print("a library that prints")
    said = {"id": fields["id"], "parameters": fields["parameters"], "inputs": []}
    for name, array in values.items():
        elements = array.ravel().tolist()
        data = [each.decode() if isinstance(each, bytes) else each for each in elements]
        described = {"name": name, "shape": array.shape, "datatype": NAMES[array.dtype]}
        said["inputs"].append(described | {"data": data})
    return Encoded(json.dumps(said).encode())


def read(encoded):
    said, values = json.loads(encoded.body), {}
    for each in said["outputs"]:
        array = np.array(each["data"], DTYPES[each["datatype"]]).reshape(each["shape"])
        values[each["name"]] = array
    return values, {"id": said["id"], "model_name": said["model_name"]}
"""
OFFER = """
offer = {"http json": {("encode", "request"): write, ("decode", "response"): read}}
serve(lambda: offer, "numpy")
"""


def starting(folder: Path) -> Iterator[Start]:
    """Yield what starts a worker of a given source, and end them all."""
    started: list[PeerProcess] = []

    def start(source: str) -> PeerProcess:
        script = folder / "fake.py"
        script.write_text(source, encoding="utf-8")
        peer = PeerProcess("triton", [sys.executable, str(script)])
        started.append(peer)
        return peer

    yield start
    for peer in started:
        peer.close()
