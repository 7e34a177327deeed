"""Doubled arrays over HTTP and gRPC, written and read by orjson, protobuf's runtime and numpy.

They are for engines whose model is ``X * 2``.
"""

from __future__ import annotations

import http.client
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np
import orjson

from tensorwire.containers.protobuf.schema import message_class
from tests.support import reference

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.support.values import Array

__all__ = ["BROKEN", "FORMS", "LARGE", "MANY", "check_doubled", "check_refused", "posted"]

PATHS = {"seldon": "/predict", "oip": "/v2/models/double/infer"}
MEDIA_TYPES = {"json": "application/json", "protobuf": "application/x-protobuf"}
FORMS = ("json/ndarray", "protobuf/ndarray", "protobuf/tftensor", "oip/binary", "oip/protobuf")
LARGE = np.arange(625_000.0).reshape(625, 1000)
"""5 MB."""
MANY = [np.full((3, 50), at, np.float64) for at in range(32)]
"""A value of its own for each of 32 clients."""
BROKEN = {
    "json/ndarray": (b'{"data":{"ndarray":[[1.5],[2,3]]}}', "$.data.ndarray"),
    "oip/json": (
        b'{"inputs":[{"name":"x","shape":[2],"datatype":"FP64","data":[1]}]}',
        "$.inputs[0]",
    ),
}
"""Bodies that are refused, and where their errors lead."""


def posted(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    """Post a body on a connection of its own; return status, headers by lower case, and body."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=300)
    with closing(connection):
        connection.request("POST", parts.path, body, headers)
        reply = connection.getresponse()
        return (
            reply.status,
            {name.lower(): text for name, text in reply.getheaders()},
            reply.read(),
        )


def check_doubled(
    root: str, values: Iterable[Array], forms: Iterable[str] = FORMS, **paths: str
) -> None:
    """Post each value in each form, all of one form at once, and check what comes back.

    Parameters
    ----------
    root
        The URL at which the paths of the protocols begin.
    paths
        The path of a protocol where it is another: ``seldon="/score"``.
    """
    values, paths = list(values), {**PATHS, **paths}
    for form in forms:
        url = root + paths["oip" if form.startswith("oip") else "seldon"]
        asked = [request(form, value) for value in values]
        with ThreadPoolExecutor(len(values)) as clients:
            replies = list(clients.map(partial(_post, url), asked))
        for value, (status, headers, body) in zip(values, replies, strict=True):
            assert status == 200, (form, body[:500])
            _check(form, value * 2, headers, body)


def _post(url: str, asked: tuple[bytes, dict[str, str]]) -> tuple[int, dict[str, str], bytes]:
    return posted(url, *asked)


def check_refused(root: str, **paths: str) -> None:
    """Post bodies that are broken: 400, and the place in the error."""
    for form, (body, place) in BROKEN.items():
        path = {**PATHS, **paths}["oip" if form.startswith("oip") else "seldon"]
        status, _, reply = posted(root + path, body, {"Content-Type": MEDIA_TYPES["json"]})
        assert status == 400, reply[:500]
        assert f" - at {place}" in reply.decode(), reply[:500]


def request(form: str, value: Array) -> tuple[bytes, dict[str, str]]:
    """Return body and headers of a request, by a library that is not ours."""
    if form == "oip/binary":
        size = {"binary_data_size": value.nbytes}
        shape = list(value.shape)
        tensor = {"name": "x", "datatype": "FP64", "shape": shape, "parameters": size}
        header = orjson.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}})
        headers = {"Content-Type": "application/octet-stream"}
        headers["Inference-Header-Content-Length"] = str(len(header))
        return header + value.tobytes(), headers
    if form == "oip/protobuf":
        message: Any = message_class("inference.ModelInferRequest")(model_name="double")
        message.inputs.add(name="x", datatype="FP64", shape=value.shape)
        message.raw_input_contents.append(value.tobytes())
        return message.SerializeToString(), {"Content-Type": MEDIA_TYPES["protobuf"]}
    container = form.partition("/")[0]
    return reference.body(form, value), {"Content-Type": MEDIA_TYPES[container]}


def _check(form: str, expected: Array, headers: dict[str, str], body: bytes) -> None:
    if form == "oip/binary":
        size = int(headers["inference-header-content-length"])
        (output,) = orjson.loads(body[:size])["outputs"]
        got = np.frombuffer(body[size:]).reshape(output["shape"])
        np.testing.assert_array_equal(got, expected)
    elif form == "oip/protobuf":
        message: Any = message_class("inference.ModelInferResponse").FromString(body)
        got = np.frombuffer(message.raw_output_contents[0]).reshape(message.outputs[0].shape)
        np.testing.assert_array_equal(got, expected)
    else:
        container = form.partition("/")[0]
        said = reference.tree_of(reference.body(form, expected), container)
        assert reference.tree_of(body, container)["data"] == said["data"]
