"""The loop of a worker: a frame comes, a library encodes, decodes or is timed, a frame goes.

A worker offers ways, by name: for each what it can do, by operation and side, as in
``{"grpc": {("encode", "request"): f, ("decode", "response"): g}}`` with ``f(values, fields)`` that
returns what it wrote, and ``g(spoken)`` that returns values and fields; values are arrays by name,
fields what else a message says (``id``, ``model_name`` ...).
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
from interop.workers.fragile import Verdict, hard_arrays, send
from interop.workers.tensors import from_value, pack, to_value, unpack

__all__ = ["LENGTH", "SIDES", "Offer", "Read", "Spoken", "Write", "line", "serve", "time_calls"]

LENGTH = "Inference-Header-Content-Length"
SIDES = ("request", "response")
LARGE = 31 << 20
"""Bytes of the largest block, nearly, by which glibc's malloc learns what not to give back."""


class Spoken(NamedTuple):
    """What stood on the wire."""

    body: bytes
    headers: Mapping[str, str] = {}


Read = tuple[dict[str, Any], dict[str, Any]]
"""Values and fields."""
Write = Callable[[dict[str, Any], dict[str, Any]], Spoken]
Offer = dict[str, dict[tuple[str, str], Callable[..., Any]]]


def serve(offer: Callable[[], Offer], *packages: str) -> None:
    """Answer until stdin ends. What the library prints goes to stderr."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        ways = offer()
    except Exception as error:  # noqa: BLE001 - whatever it is, the library is not to be had
        frames.write(out, {"error": line(error)})
        return
    gc.freeze()  # what a library consists of is no garbage: `time_calls` need not look for it
    versions = {name: version(name) for name in packages}
    does = {name: sorted(map(list, way)) for name, way in ways.items()}
    frames.write(out, {"ways": does, "versions": {"python": platform.python_version(), **versions}})
    while (frame := frames.read(sys.stdin.buffer)) is not None:
        try:
            header, blobs = _answer(ways, frame.header, frame.blobs)
        except Exception as error:  # noqa: BLE001 - whatever the library raises is its refusal
            header, blobs = {"error": line(error)}, []
        frames.write(out, header, blobs)


def _answer(
    ways: Offer, header: dict[str, Any], blobs: list[bytes]
) -> tuple[dict[str, Any], list[bytes]]:
    operation, way, side = header["operation"], ways[header["way"]], header["side"]
    if operation == "lose":
        return {"verdicts": _verdicts(way, side, header["fields"])}, []
    call = way[operation, side]
    if operation == "encode":
        values = {each.name: to_value(each) for each in unpack(header["tensors"], blobs)}
        ready = partial(call, values, header["fields"])
    else:
        ready = partial(call, Spoken(blobs[0], header["headers"]))
    if "calls" in header:
        return {"ns": time_calls(ready, header["calls"])}, []
    if operation == "encode":
        spoken = ready()
        return {"headers": spoken.headers}, [bytes(spoken.body)]
    values, fields = ready()
    described, blobs = pack([from_value(name, value) for name, value in values.items()])
    return {"tensors": described, "fields": fields}, blobs


def _verdicts(
    way: dict[tuple[str, str], Callable[..., Any]], side: str, fields: dict[str, Any]
) -> dict[str, Verdict]:
    """Send each array that is easily changed through both halves of a way."""
    encode, decode = way["encode", side], way["decode", side]

    def write(array: Any) -> Spoken:
        spoken = encode({"0": array}, fields)
        return Spoken(bytes(spoken.body), spoken.headers)

    def read(spoken: Spoken) -> Any:
        (value,) = decode(spoken)[0].values()
        return value

    arrays = {name: each for group in hard_arrays().values() for name, each in group.items()}
    return {name: send(array, write, read) for name, array in arrays.items()}


def time_calls(
    call: Callable[[], object], calls: int, clock: Callable[[], int] = time.perf_counter_ns
) -> list[int]:
    """Nanoseconds of each call; both sides are timed by this."""
    gc.collect()
    bytes(LARGE)  # frees it at once, and malloc keeps memory from then on, as in a server at work
    taken = []
    for _ in range(calls):
        start = clock()
        call()
        taken.append(clock() - start)
    return taken


def line(error: Exception) -> str:
    """Say in one line what went wrong."""
    said = " ".join(str(error).split())
    return f"{type(error).__name__}: {said[:2000]}"
