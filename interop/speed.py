"""What the same payload costs a peer and us: time and bytes.

Both sides take turns, call by call, within their own process; each is checked before it is timed.
"""

from __future__ import annotations

import gc
import os
import time
from contextlib import contextmanager
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bench import figures
from bench.measure import machine
from bench.payloads.case import IMAGE, Case, build
from bench.screen import Row, Table
from interop.cases import CONTENTS, PLAIN
from interop.checks import listed
from interop.implementations import IMPLEMENTATIONS
from interop.process import PeerError, Refusal
from interop.workers.loop import one_line, time_calls
from interop.workers.tensors import from_value, to_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bench.screen import Screen
    from interop.cases import Content
    from interop.process import PeerProcess
    from interop.workers.tensors import Tensor

__all__ = ["FOUR_MB", "PAYLOADS", "TIMED", "Speed", "in_turn", "promise", "show", "speeds", "table"]

FOUR_MB = "4 MB of float32"
PAYLOADS = (
    Case("one value", "peers", (1, 1), "float64", "normal", series=False),
    Case("100,000 float64", "peers", (10_000, 10), "float64", "normal", series=False),
    Case(FOUR_MB, "peers", (1_000, 1_000), "float32", "normal", series=False),
    Case("an image of uint8", "peers", IMAGE, "uint8", "image", series=False),
)
CLIENTS = ("triton",)
"""They write requests and read replies; the others serve, and read requests and write replies."""

BUDGET = 0.15e9
"""Nanoseconds for the calls of either side that one cell should take, and the pipe between."""
SLOW = 0.25e9
"""A call that takes longer is made twice, others at least three times."""
ROUNDS, CALLS = 10, 100
"""At most so many rounds to a cell, and calls to a round."""


class Speed(NamedTuple):
    """What one operation of one implementation took for one payload."""

    peer: str
    implementation: str
    payload: str
    operation: str
    theirs: Sequence[int] = ()
    """Nanoseconds of each call."""
    ours: Sequence[int] = ()
    sizes: tuple[int, int] | None = None
    """Bytes that they wrote, and we; None where nothing is written."""
    reason: str = ""
    """Why it was not timed."""

    @property
    def ratio(self) -> float | None:
        """Our time over theirs, by medians."""
        return None if self.reason else median(self.ours) / median(self.theirs)


def speeds(peer: PeerProcess) -> Iterator[Speed]:
    """Time every implementation of a peer that represents numbers, for every payload."""
    with _without_garbage():
        for payload in PAYLOADS:
            tensor = from_value("0", build(payload))
            for implementation, able in peer.implementations.items():
                if not _for_numbers(CONTENTS[IMPLEMENTATIONS[peer.peer, implementation].content]):
                    continue
                for operation in ("encode", "decode"):
                    side = _side(peer.peer, operation, able)
                    if side:
                        yield _speed(peer, implementation, payload.label, (operation, side), tensor)


def _for_numbers(content: Content) -> bool:
    """Return whether an implementation represents an array of numbers by itself."""
    return "float64" in content.dtypes and not content.beside


def _side(peer: str, operation: str, able: Sequence[tuple[str, str]]) -> str:
    """Return request or response, by what the peer does in practice: clients write requests."""
    first = (operation == "encode") == (peer in CLIENTS)
    sides = ("request", "response") if first else ("response", "request")
    return next((side for side in sides if (operation, side) in able), "")


def _speed(
    peer: PeerProcess, name: str, payload: str, call: tuple[str, str], tensor: Tensor
) -> Speed:
    """Check that both sides can do it, then time both."""
    operation, side = call
    ours, found = (
        IMPLEMENTATIONS[peer.peer, name].ours,
        Speed(peer.peer, name, payload, operation),
    )
    try:
        own = ours.encode(side, [tensor], PLAIN)
        if operation == "encode":
            encoded = peer.encode(name, side, [tensor], PLAIN)
            found = found._replace(sizes=(len(encoded.body), len(own.body)))
            read, _ = (
                ours.decode(side, encoded) if ours.shared else peer.decode(name, side, encoded)
            )
            theirs = partial(peer.time_encode, name, side, [tensor], PLAIN)
            mine = ours.writing(side, [tensor], PLAIN)
        else:
            encoded = own if ours.shared else peer.encode(name, side, [tensor], PLAIN)
            read, _ = peer.decode(name, side, encoded)
            theirs = partial(peer.time_decode, name, side, encoded)
            mine = ours.reading(side, own)
        if not _equal(read, tensor):
            return found._replace(sizes=None, reason="other values")
        times = in_turn(theirs, mine)
    except Refusal as error:
        return found._replace(reason=str(error))
    except PeerError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever we raise, it is to be reported
        return found._replace(sizes=None, reason=f"ours: {one_line(error)}")
    return found._replace(theirs=times[0], ours=times[1])


def _equal(read: Sequence[Tensor], tensor: Tensor) -> bool:
    """Compare values only: dtype and shape, which some formats do not keep, are checked apart."""
    expected = to_value(tensor).ravel()
    found = [to_value(each).ravel().astype(expected.dtype) for each in read]
    return len(found) == 1 and np.array_equal(found[0], expected)


def in_turn(
    theirs: Callable[[int], list[int]],
    ours: Callable[[], object],
    clock: Callable[[], int] = time.perf_counter_ns,
) -> tuple[list[int], list[int]]:
    """Time calls there and here in rounds; the slower they are, the fewer.

    The budget is spent by the calls, and by the pipe to the other process. The collection of
    garbage before each round is not counted: it takes as long as this process has objects.
    """
    times: tuple[list[int], list[int]] = [], []
    waited = rounds = spent = 0
    least = 3
    while rounds < ROUNDS and (rounds < least or spent < BUDGET):
        start = clock()
        times[0].extend(theirs(_calls(times[0])))
        waited += clock() - start
        times[1].extend(time_calls(ours, _calls(times[1]), clock))
        spent = max(sum(times[0]), waited) + sum(times[1])
        rounds += 1
        if rounds == 1 and spent > SLOW:
            least = 2
    return times


def _calls(times: list[int]) -> int:
    """Return how many calls fill a round, by the quickest so far: others may be interrupted."""
    if not times:
        return 1
    return max(1, min(CALLS, int(BUDGET / 2 / ROUNDS / max(min(times), 1))))


@contextmanager
def _without_garbage() -> Iterator[None]:
    """Exclude the objects that exist already from garbage collection, as the workers do."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


TIMED = {
    "triton": "InferInput.set_data_from_numpy, then InferenceServerClient.generate_request_body or"
    " what infer calls before it sends; parse_response_body or InferResult, then as_numpy",
    "kserve": "InferOutput.set_data_from_numpy, then InferResponse.to_rest (and its pydantic model,"
    " for JSON) or to_grpc; InferRequest.from_bytes, from_inference_request (of the pydantic model)"
    " or from_grpc, then as_numpy",
    "mlserver": "NumpyCodec.encode_output, then encode_to_json_bytes of the model_dump or"
    " ModelInferResponseConverter.from_types; decode_from_bytelike_json_to_dict and model_validate"
    " or ModelInferRequestConverter.to_types, then NumpyCodec.decode_input",
    "seldon": "construct_response_json and json.dumps, or construct_response; json.loads and"
    " extract_request_parts_json, or extract_request_parts",
    "tensorflow": "make_tensor_proto; make_ndarray or io.parse_tensor; Predict: the same within"
    " PredictRequest and PredictResponse",
    "onnx": "numpy_helper.from_array; to_array",
    "msgpack-numpy": "packb; unpackb",
    "safetensors": "numpy.save; numpy.load",
    "pyarrow": "Tensor.from_numpy, ipc.write_tensor and the bytes of the sink; ipc.read_tensor,"
    " then to_numpy",
    "pickle": "dumps with protocol 5, out of band with a buffer_callback; loads, with the buffers",
}
"""Writing first; protobuf's SerializeToString and FromString go without saying."""

PROMISED = 100
COLUMNS = ("encode", "ours", "ratio", "decode", "ours", "ratio", "bytes", "ratio")
RATIO = "ratio = ours / theirs"
NOTE = (
    "Medians of the peer's call and of ours. Below 1 we take less; 1/20 is a twentieth, and 20 is"
    " twenty times as much."
)
LEGEND = (
    "A message is made of an array, with an id (or puid), and written; it is read, and the array"
    " taken out. Servers read requests and write replies; triton, a client, the other way round."
    " - is what a peer has no call for, or was not timed. We have no codec for ONNX and none for"
    " pickle: they are compared with protobuf/tftensor, whose encode_parts copies as little as"
    " pickle does out of band. Each peer's calls, writing first:"
)


def show(speeds: Sequence[Speed], screen: Screen) -> None:
    """Print the tables of the speeds, with their notes."""
    facts = machine.facts()
    screen.line()
    screen.line("ours: " + ", ".join(f"{name} {one}" for name, one in facts.items()), "note")
    for warning in _busy():
        screen.line(warning, "warning")
    for number, payload in enumerate(PAYLOADS):
        made = table(payload, speeds)
        made.note = "" if number else NOTE
        screen.table(made)
    screen.line()
    screen.line(LEGEND, "note")
    for peer in dict.fromkeys(each.peer for each in speeds):
        screen.line(f"{peer}: {TIMED[peer]}.", "note")
    listed("Not timed:", _not_timed(speeds), screen)
    listed("We take longer:", _slower(speeds), screen)
    if kept := promise(speeds):
        screen.line()
        screen.line(kept, "warning" if kept.endswith("short") else "title")


def _busy() -> Iterator[str]:
    """Warn of other load on the machine; Windows has no load average."""
    load, most = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0, os.cpu_count() or 1
    if load > most:
        yield (
            f"Other programs were at work (load {load:.1f} on {most} CPUs), which slows down what"
            " takes milliseconds more than what takes less: close them for fair figures."
        )


def table(payload: Case, speeds: Sequence[Speed]) -> Table:
    """Show theirs, ours and the ratio, the peers as groups."""
    shape = " x ".join(f"{size:,}" for size in payload.shape)
    made = Table(f"{payload.label}: {shape} ({RATIO})", COLUMNS)
    chosen = {
        (each.peer, each.implementation, each.operation): each
        for each in speeds
        if each.payload == payload.label
    }
    implementations = dict.fromkeys((peer, implementation) for peer, implementation, _ in chosen)
    group = ""
    for peer, implementation in implementations:
        if peer != group:
            group = peer
            made.rows.append(Row(peer, style="group"))
        encode, decode = (chosen.get((peer, implementation, each)) for each in ("encode", "decode"))
        cells = (*_times(encode), *_times(decode), *_sizes(encode))
        made.rows.append(Row(implementation, cells))
    return made


def _times(speed: Speed | None) -> Sequence[str]:
    if speed is None or speed.ratio is None:
        return "-", "-", "-"
    times = [figures.duration(median(each) * 1e-9) for each in (speed.theirs, speed.ours)]
    return *times, part(speed.ratio)


def _sizes(speed: Speed | None) -> Sequence[str]:
    if speed is None or speed.sizes is None:
        return "-", "-"
    theirs, ours = speed.sizes
    return figures.size(theirs), part(ours / theirs)


def part(ratio: float) -> str:
    """Write ours over theirs: ``0.98``, ``1.25``, and ``1/59,000`` for what is next to nothing."""
    return f"1/{1 / ratio:,.0f}" if ratio <= 0.1 else figures.ratio(ratio).removesuffix("x")


def _not_timed(speeds: Sequence[Speed]) -> Iterator[str]:
    for each in speeds:
        if each.reason:
            yield f"{_named(each)}: {each.reason}"


def _slower(speeds: Sequence[Speed]) -> Iterator[str]:
    found: dict[tuple[str, str], list[str]] = {}
    for each in speeds:
        if each.ratio is not None and each.ratio > 1:
            named = f"{each.peer} {each.implementation}", each.operation
            found.setdefault(named, []).append(f"{each.payload} {figures.ratio(each.ratio)}")
    for (implementation, operation), payloads in found.items():
        yield f"{implementation}, {operation}: {', '.join(payloads)}"


def _named(speed: Speed) -> str:
    return f"{speed.peer} {speed.implementation}, {speed.operation} of {speed.payload}"


def promise(speeds: Sequence[Speed]) -> str:
    """Return whether the promised ratio to KServe's REST binary decode is met, if measured."""
    wanted = ("kserve", "rest binary", FOUR_MB, "decode")
    ratio = next((each.ratio for each in speeds if each[:4] == wanted), None)
    found = None if ratio is None else 1 / ratio
    if found is None:
        return ""
    verdict = "met" if found >= PROMISED else "short"
    return (
        f"KServe REST binary decode of 4 MB: {figures.ratio(found)} as fast ({PROMISED}x promised):"
        f" {verdict}"
    )
