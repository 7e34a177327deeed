"""What a person sees of the speeds: a table for each payload, what is slower, and the promise."""

from __future__ import annotations

import os
from statistics import median
from typing import TYPE_CHECKING

from bench.measuring import environment
from bench.peers.speed import FOUR_MB, PAYLOADS
from bench.screen import figures
from bench.screen.table import Row, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.measuring.payloads import Case
    from bench.peers.speed import Speed
    from bench.screen.render import Screen

__all__ = ["promise", "show", "table"]

PROMISED = 100
COLUMNS = ("encode", "ours", "faster", "decode", "ours", "faster")
EMPTY = ("-", "-", "-")
NOTE = "Medians: the peer's call; ours, of the same message; how many times faster."
LEGEND = (
    "A message is made of an array, with an id (or puid), and written; it is read, and the array"
    " taken out. Servers read requests and write replies; triton, a client, the other way round."
    " - is what a peer has no call for, or was not timed. Each peer's calls, writing first:"
)
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
}
"""The functions of each peer; protobuf's SerializeToString and FromString go without saying."""


def show(speeds: Sequence[Speed], screen: Screen) -> None:
    """Write everything there is to say of the speeds."""
    facts = environment.facts()
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
    _listed("Not timed:", _not_timed(speeds), screen)
    _listed("The peer is faster:", _slower(speeds), screen)
    screen.line()
    kept = promise(speeds)
    screen.line(kept, "warning" if kept.endswith("short") else "title")


def _busy() -> Iterator[str]:
    """Say that the machine had more to do than this; Windows does not tell."""
    load, most = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0, os.cpu_count() or 1
    if load > most:
        yield (
            f"Other programs were at work (load {load:.1f} on {most} CPUs), which slows down what"
            " takes milliseconds more than what takes less: close them for fair figures."
        )


def table(payload: Case, speeds: Sequence[Speed]) -> Table:
    """Show theirs beside ours, the peers as groups."""
    shape = " x ".join(f"{size:,}" for size in payload.shape)
    made = Table(f"{payload.label}: {shape}", COLUMNS)
    chosen = {
        (each.peer, each.way, each.operation): each
        for each in speeds
        if each.payload == payload.label
    }
    ways = dict.fromkeys((peer, way) for peer, way, _ in chosen)
    group = ""
    for peer, way in ways:
        if peer != group:
            group = peer
            made.rows.append(Row(peer, style="group"))
        cells = [
            cell
            for operation in ("encode", "decode")
            for cell in _cells(chosen.get((peer, way, operation)))
        ]
        made.rows.append(Row(way, tuple(cells)))
    return made


def _cells(speed: Speed | None) -> Sequence[str]:
    if speed is None or speed.times_faster is None:
        return EMPTY
    times = [figures.duration(median(each) * 1e-9) for each in (speed.theirs, speed.ours)]
    return *times, figures.ratio(speed.times_faster)


def _not_timed(speeds: Sequence[Speed]) -> Iterator[str]:
    for each in speeds:
        if each.reason:
            yield f"{_named(each)}: {each.reason}"


def _slower(speeds: Sequence[Speed]) -> Iterator[str]:
    for each in speeds:
        times = each.times_faster
        if times is not None and times < 1:
            yield f"{_named(each)}: {figures.ratio(1 / times)}"


def _named(speed: Speed) -> str:
    return f"{speed.peer} {speed.way}, {speed.operation} of {speed.payload}"


def _listed(title: str, lines: Iterator[str], screen: Screen) -> None:
    found = list(lines)
    if found:
        screen.line()
        screen.line(title)
    for line in found:
        screen.line(f"- {line}")


def promise(speeds: Sequence[Speed]) -> str:
    """Say whether KServe's REST binary decode is beaten as was promised."""
    wanted = ("kserve", "rest binary", FOUR_MB, "decode")
    found = next((each.times_faster for each in speeds if each[:4] == wanted), None)
    verdict = "not measured" if found is None else "met" if found >= PROMISED else "short"
    return (
        f"KServe REST binary decode of 4 MB: {figures.ratio(found)} ({PROMISED}x promised):"
        f" {verdict}"
    )
