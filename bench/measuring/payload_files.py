"""A payload of one's own: a ``.npy`` array, or a ``.json`` request or nested list."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.measuring.payloads import carried

if TYPE_CHECKING:
    import numpy.typing as npt


def load(path: str) -> npt.NDArray[Any]:
    """Read the array in a file.

    Raises
    ------
    ValueError
        In one line: the file cannot be read, is of another format, or holds no regular array.
    """
    suffix = Path(path).suffix
    if suffix not in {".npy", ".json"}:
        raise ValueError(f"{path}: expected a .npy or .json file")
    try:
        array = _npy(path) if suffix == ".npy" else _json(path)
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: {' '.join(str(error).split())}") from None
    if not carried(array.dtype):
        raise ValueError(f"{path}: holds {array.dtype} values, which no format carries")
    return np.array(array, dtype=array.dtype.newbyteorder("="), order="C")


def _npy(path: str) -> npt.NDArray[Any]:
    loaded = np.load(path, allow_pickle=False)
    if not isinstance(loaded, np.ndarray):
        raise ValueError("not a .npy file")  # noqa: TRY004 - one kind of error leaves `load`
    return loaded


def _json(path: str) -> npt.NDArray[Any]:
    import orjson

    body = Path(path).read_bytes()
    parsed = orjson.loads(body)
    if isinstance(parsed, dict):
        import tensorwire as tw

        return np.asarray(tw.loads(body, "application/json").value)
    try:
        array = np.array(parsed)
    except ValueError:
        raise ValueError("the rows of the list are of different lengths") from None
    if array.dtype == object or array.ndim == 0:
        raise ValueError("expected a Seldon request or a nested list of numbers")
    return array
