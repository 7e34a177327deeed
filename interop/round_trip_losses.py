"""What is lost of arrays that are easily changed: by each peer alone, and by our codecs.

The arrays, and how they are compared, are in ``workers/fragile.py``: they are made in the process
that writes them. What is known to be lost is in ``known_losses.py``.
"""

from __future__ import annotations

from importlib.util import find_spec
from textwrap import shorten
from typing import TYPE_CHECKING, Any, NamedTuple

import tensorwire as tw
from bench.screen import Row, Table
from interop.cases import PLAIN
from interop.checks import listed
from interop.known_losses import KNOWN_LOSSES
from interop.workers.fragile import (
    EXACT,
    NAN,
    REFUSED,
    SHAPE,
    UNREAD,
    VALUES,
    Verdict,
    fragile_arrays,
    round_trip,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bench.screen import Screen
    from interop.process import PeerProcess

    Call = Callable[[Any], Any]

__all__ = ["OURS", "THEIRS", "Loss", "lost_by", "lost_by_us", "show", "table", "undeclared"]

THEIRS = {
    ("triton", "grpc"): "triton",
    ("kserve", "rest binary"): "kserve",
    ("kserve", "rest json"): "kserve json",
    ("mlserver", "rest json"): "mlserver",
    ("seldon", "rest ndarray"): "seldon",
    ("tensorflow", "make_ndarray"): "tensorflow",
    ("onnx", "numpy_helper"): "onnx",
    ("msgpack-numpy", "packb"): "msgpack-numpy",
    ("safetensors", "save"): "safetensors",
    ("pyarrow", "tensor"): "pyarrow",
    ("pickle", "in-band"): "pickle",
}
"""The implementations that stand for a peer, and their headings."""
OURS = (
    "json/ndarray", "json/tensor", "protobuf/tftensor", "oip/json", "oip/binary",
    "msgpack/numpy", "safetensors/arrays", "arrow/tensor",
)  # fmt: skip
"""Codecs and protocols of ours; the other containers lose what these do, or less."""


class Loss(NamedTuple):
    """The result of one array."""

    column: str
    array: str
    verdict: Verdict


def lost_by(peer: PeerProcess) -> Iterator[Loss]:
    """Ask a peer to write and read each array."""
    for (name, implementation), column in THEIRS.items():
        if name == peer.peer and implementation in peer.implementations:
            for array, verdict in peer.round_trip(implementation, "request", PLAIN).items():
                yield Loss(column, array, verdict)


def lost_by_us(names: tuple[str, ...] = OURS) -> Iterator[Loss]:
    """Write and read each array by codecs or protocols of ours."""
    for name in names:
        if name == "arrow/tensor" and not find_spec("pyarrow"):
            continue
        write, read = _codec(name) if name in tw.codec_names() else _protocol(name)
        for group in fragile_arrays().values():
            for array, value in group.items():
                yield Loss(name, array, round_trip(value, write, read))


def _codec(name: str) -> tuple[Call, Call]:
    codec = tw.get_codec(name)
    return lambda array: codec.encode(_given(array)), codec.decode


def _protocol(name: str) -> tuple[Call, Call]:
    protocol = tw.get_protocol(name)

    def write(array: Any) -> tuple[bytes, dict[str, str]]:
        tensor = tw.oip.InferTensor("0", _given(array))
        written: tuple[bytes, dict[str, str]] = protocol.encode(tw.oip.InferRequest([tensor]))
        return written

    def read(written: tuple[bytes, dict[str, str]]) -> Any:
        return protocol.decode(*written, type=tw.oip.InferRequest).inputs[0].value

    return write, read


def _given(array: Any) -> Any:
    """Return strings that end in NUL, which numpy would cut, as lists; other arrays as they are."""
    lists = array.dtype == object and isinstance(array.flat[0], bytes)
    return array.tolist() if lists else array


def undeclared(losses: Sequence[Loss]) -> Iterator[str]:
    """Yield a line for each loss that is not declared, and each declared one that is gone."""
    for column, array, verdict in losses:
        kinds = KNOWN_LOSSES.get(column, {})
        kind = next((kind for kind, arrays in kinds.items() if array in arrays.split("; ")), EXACT)
        if verdict.kind != kind:
            yield f"{column}, {array}: {_named(verdict.kind, verdict.detail)}, not {_named(kind)}"


def _named(kind: str, detail: str = "") -> str:
    name = "exact" if kind == EXACT else kind
    return f"{name} ({detail})" if detail else name


LEGEND = (
    ". nothing is lost: dtype, shape, every bit and the order in memory come back.",
    "refused: an error says that it is not written, so that nothing is lost.",
    "order: Fortran order comes back as C order, or big-endian as little-endian.",
    "NaN bits: still NaN, with another sign or payload.",
    "dtype: another dtype, with equal values (a float in its own width).",
    "shape: another shape.  VALUES: other values, and no error.",
    "UNREAD: written without an error, and then its own reader refuses it.",
)
PICKLES = (
    "pickle, and msgpack-numpy by a pickle inside, carry Python objects, and run the"
    " code in a stranger's pickle when they read it."
)
WIDTH = 120
"""Characters of an error that are printed."""
SURPRISES = (VALUES, UNREAD, SHAPE, NAN)


def show(losses: Sequence[Loss], screen: Screen, *, words: bool) -> None:
    """Write the tables, and what was lost in silence; also the errors, where `words` is true."""
    theirs = [each for each in losses if each.column in THEIRS.values()]
    ours = [each for each in losses if each.column not in THEIRS.values()]
    screen.table(table("What each peer loses, writing and reading by itself", theirs))
    screen.table(table("What ours lose", ours))
    screen.line()
    for line in LEGEND:
        screen.line(line, "note")
    implementations = ", ".join(
        f"{column} by {implementation}"
        for (peer, implementation), column in THEIRS.items()
        if any(each.column == column for each in theirs)
    )
    screen.line(f"Of the implementations of a peer, these were asked: {implementations}.", "note")
    if any(each.column in {"pickle", "msgpack-numpy"} for each in theirs):
        screen.line(PICKLES, "note")
    listed("Lost in silence, or written and not read:", _surprises(losses), screen)
    if words:
        listed("Refused, in their own words:", _refusals(losses), screen)


def table(title: str, losses: Sequence[Loss]) -> Table:
    """Show an array to a row, an implementation or codec to a column."""
    columns = tuple(dict.fromkeys(each.column for each in losses))
    found = {(each.array, each.column): each.verdict.kind for each in losses}
    made = Table(title, columns)
    for group, arrays in fragile_arrays().items() if losses else ():
        made.rows.append(Row(group, style="group"))
        made.rows += [
            Row(array, tuple(found.get((array, column), "-") for column in columns))
            for array in arrays
        ]
    return made


def _surprises(losses: Sequence[Loss]) -> Iterator[str]:
    for each in losses:
        if each.verdict.kind in SURPRISES:
            yield f"{each.column}, {each.array}: {each.verdict.detail}"


def _refusals(losses: Sequence[Loss]) -> Iterator[str]:
    """Yield each error once, with all arrays that raised it."""
    errors: dict[tuple[str, str], list[str]] = {}
    for each in losses:
        if each.verdict.kind == REFUSED:
            errors.setdefault((each.column, each.verdict.detail), []).append(each.array)
    for (column, detail), arrays in errors.items():
        yield f"{column}, {', '.join(arrays)}: {shorten(detail, WIDTH)}"
