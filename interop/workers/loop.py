"""The loop of a worker: a frame comes, a library encodes, decodes or is timed, a frame goes.

A worker offers implementations, by name: for each what it can do, by operation and side, as in
``{"grpc": {("encode", "request"): f, ("decode", "response"): g}}`` with ``f(values, fields)`` that
returns what it wrote, and ``g(encoded)`` that returns values and fields; values are arrays by name,
fields the rest of a message (``id``, ``model_name`` ...).
"""

from __future__ import annotations

import gc
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import version
from typing import Any, NamedTuple

from interop.workers import frames
from interop.workers.fragile import Verdict, fragile_arrays, round_trip
from interop.workers.tensors import from_value, pack, to_value, unpack

__all__ = [
    "LENGTH",
    "SIDES",
    "Encoded",
    "Offer",
    "Read",
    "Write",
    "one_line",
    "serve",
    "time_calls",
]

LENGTH = "Inference-Header-Content-Length"
SIDES = ("request", "response")
LARGE = 31 << 20
"""Bytes of the largest block, nearly, by which glibc's malloc learns what not to give back."""


class Encoded(NamedTuple):
    """A body, and the headers that belong to it."""

    body: bytes
    headers: Mapping[str, str] = {}


Read = tuple[dict[str, Any], dict[str, Any]]
"""Values and fields."""
Write = Callable[[dict[str, Any], dict[str, Any]], Encoded]
Offer = dict[str, dict[tuple[str, str], Callable[..., Any]]]


def serve(offer: Callable[[], Offer], *packages: str) -> None:
    """Answer until stdin ends. What the library prints goes to stderr."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        implementations = offer()
    except Exception as error:  # noqa: BLE001 - whatever it is, the library is not to be had
        frames.write(out, {"error": one_line(error)})
        return
    gc.freeze()  # what a library consists of is no garbage: `time_calls` need not look for it
    versions = {"python": platform.python_version()}
    versions |= {name: version(name) for name in packages}
    does = {
        name: sorted(map(list, implementation)) for name, implementation in implementations.items()
    }
    frames.write(
        out,
        {"implementations": does, "versions": {"python": platform.python_version(), **versions}},
    )
    while (frame := frames.read(sys.stdin.buffer)) is not None:
        try:
            header, blobs = _answer(implementations, frame.header, frame.blobs)
        except Exception as error:  # noqa: BLE001 - whatever the library raises is its refusal
            header, blobs = {"error": one_line(error)}, []
        frames.write(out, header, blobs)


def _answer(
    implementations: Offer, header: dict[str, Any], blobs: list[bytes]
) -> tuple[dict[str, Any], list[bytes]]:
    operation, implementation, side = (
        header["operation"],
        implementations[header["implementation"]],
        header["side"],
    )
    if operation == "round trip":
        return {"verdicts": _verdicts(implementation, side, header["fields"])}, []
    call = implementation[operation, side]
    if operation == "encode":
        values = {each.name: to_value(each) for each in unpack(header["tensors"], blobs)}
        ready = partial(call, values, header["fields"])
    else:
        ready = partial(call, Encoded(blobs[0], header["headers"]))
    if "calls" in header:
        return {"ns": time_calls(ready, header["calls"])}, []
    if operation == "encode":
        encoded = ready()
        return {"headers": encoded.headers}, [bytes(encoded.body)]
    values, fields = ready()
    described, blobs = pack([from_value(name, value) for name, value in values.items()])
    return {"tensors": described, "fields": fields}, blobs


def _verdicts(
    implementation: dict[tuple[str, str], Callable[..., Any]], side: str, fields: dict[str, Any]
) -> dict[str, Verdict]:
    """Send each array that is easily changed through both halves of an implementation."""
    encode, decode = implementation["encode", side], implementation["decode", side]

    def write(array: Any) -> Encoded:
        encoded = encode({"0": array}, fields)
        return Encoded(bytes(encoded.body), encoded.headers)

    def read(encoded: Encoded) -> Any:
        (value,) = decode(encoded)[0].values()
        return value

    arrays = {name: each for group in fragile_arrays().values() for name, each in group.items()}
    return {name: round_trip(array, write, read) for name, array in arrays.items()}


def time_calls(
    call: Callable[[], object], calls: int, clock: Callable[[], int] = time.perf_counter_ns
) -> list[int]:
    """Nanoseconds of each call; both sides are timed by this."""
    gc.collect()
    bytes(LARGE)  # frees it at once, and malloc keeps memory from then on, as in a server at work
    times = []
    for _ in range(calls):
        start = clock()
        call()
        times.append(clock() - start)
    return times


def one_line(error: Exception) -> str:
    """Return an error in one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:2000]}"
