"""Every cell is right before it is timed: same values, and each reads what the other wrote."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

import tensorwire as tw
from bench.implementations.lookup import get_way
from bench.implementations.implementation import MEMCPY, kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy.typing as npt

    from bench.implementations.implementation import Way
    from bench.payloads.case import Case


class CheckError(Exception):
    """A way is wrong; nothing is timed."""


@dataclass(frozen=True)
class Facts:
    """What is known of one way and one payload without timing it."""

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
    """Whether every value is the same bit for bit, once cast to the payload's dtype.

    Of several arrays, each is a row of the payload. Of a peek, dtype and shape are the same.
    """
    if raw or not isinstance(got, np.ndarray):
        return _same_else(got, want)
    if got.shape != want.shape:
        return False
    if not want.size:
        return True  # no value tells its dtype
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
    """Check every way on one payload, codecs first.

    Parameters
    ----------
    patience
        Seconds that one call of a baseline known to be slow may take.

    Raises
    ------
    CheckError
        If a way returns wrong values, or two ways for one job do not understand each other.
    """
    bodies: dict[str, bytes] = {}
    for name in names:
        way = get_way(name)
        if way.element_cost * array.size > patience:
            cost = way.element_cost * array.size
            yield name, Facts(cannot=f"one call takes about {cost:.2g} s; more --seconds allow it")
            continue
        try:
            body, took_encode = _timed(lambda way=way: way.encode(array))  # type: ignore[misc]
        except Exception as error:
            if not _is_refusal(way, error):
                raise CheckError(_line(way, case, f"encode: {_what(error)}")) from error
            yield name, Facts(cannot=_what(error))
            continue
        try:
            decoded, took_decode = _timed(lambda way=way, body=body: way.decode(body))  # type: ignore[misc]
        except Exception as error:
            if not way.style:
                raise CheckError(_line(way, case, f"decode: {_what(error)}")) from error
            yield name, Facts(cannot=f"it cannot read back what it wrote: {_what(error)}")
            continue
        wanted = array.ravel() if way.flat else array
        if not same(decoded, wanted, raw=kind_of(way.name) == "raw"):
            if not way.style:
                raise CheckError(_line(way, case, "decode(encode(a)) gives other values than a"))
            yield name, Facts(cannot="its own round trip changes the values")
            continue
        bodies[name] = body
        if way.style and way.codec in bodies:
            _check_pair(way, case, array, bodies)
        yield (
            name,
            Facts(
                size=body.nbytes if isinstance(body, np.ndarray) else len(body),
                view=_is_view(decoded, body),
                estimate=(took_encode, took_decode),
                writer=way.codec if way.style and bodies.get(way.codec) == body else None,
            ),
        )


def _check_pair(way: Way, case: Case, array: npt.NDArray[Any], bodies: dict[str, bytes]) -> None:
    """See that the codec reads what the baseline wrote, and the other way round."""
    codec = get_way(way.codec)
    ours, theirs = bodies[way.codec], bodies[way.name]
    if ours == theirs:
        return
    readings = (
        (codec, f"the body of {way.name}", way.wrap(theirs) if way.wrap else theirs),
        (way, f"the body of {codec.name}", way.unwrap(ours) if way.unwrap else ours),
    )
    for reader, what, body in readings:
        try:
            decoded = reader.decode(body)
        except Exception as error:
            raise CheckError(_line(reader, case, f"cannot read {what}: {_what(error)}")) from error
        wanted = array.ravel() if way.flat else array
        if not same(decoded, wanted, raw=kind_of(way.name) == "raw"):
            raise CheckError(_line(reader, case, f"reads other values from {what}"))


def _is_refusal(way: Way, error: Exception) -> bool:
    """Tell a refusal from a bug: a codec says EncodeError, or that it lacks a package."""
    return bool(way.style) or way.name == MEMCPY or isinstance(error, (tw.EncodeError, ImportError))


def _is_view(decoded: Any, body: Any) -> bool:
    if isinstance(decoded, list):
        return all(_is_view(each, body) for each in decoded)
    return (
        isinstance(decoded, np.ndarray)
        and isinstance(body, bytes)
        and bool(np.shares_memory(decoded, np.frombuffer(body, np.uint8)))
    )


def _timed(call: Callable[[], Any]) -> tuple[Any, float]:
    start = perf_counter()
    result = call()
    return result, perf_counter() - start


def _line(way: Way, case: Case, what: str) -> str:
    return f"check failed: {way.name} on {case.title}: {what}"


def _what(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:200]
