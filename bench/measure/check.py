"""Every cell is right before it is timed: same values, and each reads what the other wrote."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

import tensorwire as tw

from ..implementations.implementation import MEMCPY, codec_of, kind_of
from ..implementations.lookup import get_implementation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import numpy.typing as npt

    from ..implementations.implementation import Implementation
    from ..payloads.case import Case


class CheckError(Exception):
    """An implementation is wrong; nothing is timed."""


@dataclass(frozen=True)
class Facts:
    """What is known of an implementation and a payload without timing it."""

    size: int = 0
    """Bytes on the wire."""
    view: bool = False
    """The decoded array lies in the body's memory."""
    cannot: str | None = None
    """Why there is nothing to time."""
    estimate: tuple[float, float] = (0.0, 0.0)
    """Seconds of the first encode and decode, warm-up included."""
    writer: str | None = None
    """The codec that writes the very same bytes, which a worker may then read instead."""


def same(got: Any, want: npt.NDArray[Any], *, raw: bool = False) -> bool:
    """Return whether all values are the same bit for bit, once cast to the dtype of the payload.

    Of several arrays, each is a row of the payload. Of a peek, dtype and shape are the same.
    """
    if raw or not isinstance(got, np.ndarray):
        return _same_else(got, want)
    if got.shape != want.shape:
        return False
    if not want.size:
        return True  # nested lists have no dtype
    if {got.dtype.kind, want.dtype.kind} & set("USO"):
        return _same_text(got, want)
    with np.errstate(invalid="ignore"):  # what does not fit is not the same
        cast = got.astype(want.dtype)
    if cast.tobytes() == want.tobytes():
        return True
    # Only a NaN may differ in its bits: text has a single one.
    nan = (want != want) & (cast != cast)  # noqa: PLR0124 - true of NaN alone
    return want.dtype.kind in "fcV" and bool(np.all(nan[_bits(cast) != _bits(want)]))


def _same_else(got: Any, want: npt.NDArray[Any]) -> bool:
    if isinstance(got, tw.Peek):
        return (got.dtype, got.shape) == (want.dtype, want.shape)
    if isinstance(got, list):
        return len(got) == len(want) and all(map(same, got, want))
    return bytes(got) == want.tobytes()


def _same_text(got: npt.NDArray[Any], want: npt.NDArray[Any]) -> bool:
    """Compare strings; a TensorProto's come back as bytes, as TensorFlow's do."""
    if (got.dtype.kind, want.dtype.kind) == ("S", "U"):
        return np.array_equal(got, np.char.encode(want, "utf-8"))
    return got.dtype.kind == want.dtype.kind and np.array_equal(got, want)


def _bits(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.ascontiguousarray(array).view(f"V{array.dtype.itemsize}").reshape(array.shape)


def check_case(
    case: Case, array: npt.NDArray[Any], names: Sequence[str], patience: float
) -> Iterator[tuple[str, Facts]]:
    """Check every implementation on one payload, codecs first.

    Parameters
    ----------
    patience
        Seconds that one call of a baseline known to be slow may take.

    Raises
    ------
    CheckError
        If one returns wrong values, or two that do the same job do not understand each other.
    """
    bodies: dict[str, bytes] = {}
    for name in names:
        checked = get_implementation(name)
        cost = checked.element_cost * array.size
        if cost > patience:
            yield name, Facts(cannot=f"one call takes about {cost:.2g} s; more --seconds allow it")
            continue
        try:
            body, took_encode = _timed(checked.encode, array)
        except Exception as error:
            if not _is_refusal(checked, error):
                raise CheckError(_line(name, case, f"encode: {_what(error)}")) from error
            yield name, Facts(cannot=_what(error))
            continue
        try:
            decoded, took_decode = _timed(checked.decode, body)
        except Exception as error:
            if not checked.is_baseline:
                raise CheckError(_line(name, case, f"decode: {_what(error)}")) from error
            yield name, Facts(cannot=f"it cannot read back what it wrote: {_what(error)}")
            continue
        if not _is_right(checked, decoded, array):
            if not checked.is_baseline:
                raise CheckError(_line(name, case, "decode(encode(a)) gives other values than a"))
            yield name, Facts(cannot="its own round trip changes the values")
            continue
        bodies[name] = body
        codec = codec_of(name) if checked.is_baseline else None
        if codec in bodies:
            _check_pair(checked, case, array, bodies)
        yield (
            name,
            Facts(
                size=body.nbytes if isinstance(body, np.ndarray) else len(body),
                view=_is_view(decoded, body),
                estimate=(took_encode, took_decode),
                writer=codec if codec in bodies and bodies[codec] == body else None,
            ),
        )


def _check_pair(
    baseline: Implementation, case: Case, array: npt.NDArray[Any], bodies: Mapping[str, bytes]
) -> None:
    """Check that the codec reads what the baseline wrote, and the baseline what the codec wrote."""
    codec = get_implementation(codec_of(baseline.name))
    ours, theirs = bodies[codec.name], bodies[baseline.name]
    if ours == theirs:
        return
    readings = (
        (codec, f"the body of {baseline.name}", baseline.wrap(theirs) if baseline.wrap else theirs),
        (baseline, f"the body of {codec.name}", baseline.unwrap(ours) if baseline.unwrap else ours),
    )
    for reader, what, body in readings:
        try:
            decoded = reader.decode(body)
        except Exception as error:
            line = _line(reader.name, case, f"cannot read {what}: {_what(error)}")
            raise CheckError(line) from error
        if not _is_right(baseline, decoded, array):
            raise CheckError(_line(reader.name, case, f"reads other values from {what}"))


def _is_right(checked: Implementation, decoded: Any, array: npt.NDArray[Any]) -> bool:
    wanted = array.ravel() if checked.flat else array
    return same(decoded, wanted, raw=kind_of(checked.name) == "raw")


def _is_refusal(checked: Implementation, error: Exception) -> bool:
    """Return whether an error is a refusal, not a bug: an EncodeError, or a missing package."""
    if checked.is_baseline or checked.name == MEMCPY:
        return True
    return isinstance(error, (tw.EncodeError, ImportError))


def _is_view(decoded: Any, body: Any) -> bool:
    if isinstance(decoded, list):
        return all(_is_view(each, body) for each in decoded)
    return (
        isinstance(decoded, np.ndarray)
        and isinstance(body, bytes)
        and bool(np.shares_memory(decoded, np.frombuffer(body, np.uint8)))
    )


def _timed(call: Callable[[Any], Any], argument: Any) -> tuple[Any, float]:
    start = perf_counter()
    result = call(argument)
    return result, perf_counter() - start


def _line(name: str, case: Case, what: str) -> str:
    return f"check failed: {name} on {case.title}: {what}"


def _what(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:200]
