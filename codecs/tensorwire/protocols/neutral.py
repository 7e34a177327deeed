"""Messages independent of a protocol: `Neutral` for conversions, `Peek` for descriptions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from tensorwire.errors import EncodeError, excerpt
from tensorwire.reprs import repr_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

__all__ = ["Neutral", "Peek", "TensorInfo", "refuse_loss"]


@dataclass(slots=True)
class Neutral:
    """A message in no protocol: the intermediate form of every conversion.

    Attributes
    ----------
    tensors
        the arrays by name; a single one may have the name "".
    id
        the id by which a client matches responses to requests.
    model
        name and version of the model: an address, dropped where the target has none.
    outputs
        the names of the requested outputs.
    extras
        all other fields, by path.
    source
        the name of the codec of arrays that has read the message, empty for a protocol.
    metadata
        the metadata of that codec's files, as its `encode` accepts it by ``meta=``.
    """

    tensors: dict[str, Any]
    id: str = ""
    model: dict[str, Any] = field(default_factory=dict)
    outputs: Sequence[str] = ()
    extras: dict[str, Any] = field(default_factory=dict)
    source: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)

    def single(self) -> Any:
        """Return the one array; raise `EncodeError` where there are more."""
        if len(self.tensors) != 1:
            names = ", ".join(self.tensors) or "none"
            reason = f"expected one array, got {len(self.tensors)}: {names}"
            raise EncodeError(reason, remedy="use a protocol of named tensors, such as oip/json")
        return next(iter(self.tensors.values()))


def refuse_loss(lost: Mapping[str, Any], target: str) -> None:
    """Raise `EncodeError` for the first field that would be lost."""
    for place, value in lost.items():
        if value is not None and len(value):
            reason = f"expected nothing that {target} cannot represent, got {excerpt(value)}"
            raise EncodeError(reason, place, "pass lossy=True to drop it")


class TensorInfo(NamedTuple):
    """Name, dtype and shape of one array, without its values.

    Parameters
    ----------
    name : str
        The name of the tensor; empty where it has none.
    dtype : numpy.dtype or None
        The dtype that `decode` returns; None where it depends on the values, as in rows of
        several types.
    shape : tuple of int or None
        The dimensions; None where they depend on the values.

    Examples
    --------
    >>> import tensorwire as tw
    >>> tw.peek(b'{"data":{"tensor":{"shape":[2],"values":[1.5,2.5]}}}').tensors[0]
    TensorInfo(name='', dtype=dtype('float64'), shape=(2,))
    """

    name: str
    dtype: np.dtype[Any] | None
    shape: tuple[int, ...] | None


@dataclass(frozen=True, slots=True, repr=False)
class Peek:
    """The description of a message, as a router needs it. The values of arrays are not checked.

    Parameters
    ----------
    kind : str
        The kind of a Seldon payload; ``raw``, ``contents`` or ``data`` for a tensor of the Open
        Inference Protocol; ``tftensor``, ``rows`` or ``columns`` for TensorFlow Serving.
    tensors : tuple of TensorInfo
        Name, dtype and shape of each array, in order.
    names : sequence of str, optional
        The names of the columns, None where there are none.
    meta, status : mapping
        Those of a SeldonMessage.
    id : str
        The id of an Open Inference request or reply.
    model_name : str
        The requested model, in the Open Inference Protocol and TensorFlow Serving.
    parameters : mapping
        Those of an Open Inference request or reply.

    Examples
    --------
    >>> import tensorwire as tw
    >>> found = tw.peek(b'{"instances":[[1,2,3]]}', protocol="tfserving")
    >>> found.kind, found.dtype, found.shape
    ('rows', dtype('int64'), (1, 3))
    """

    kind: str
    tensors: tuple[TensorInfo, ...]
    names: Sequence[str] | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)
    status: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""
    model_name: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Return the fields that are set; large or deep values are shortened."""
        return repr_of(self)

    @property
    def dtype(self) -> np.dtype[Any] | None:
        """The dtype of the first array."""
        return self.tensors[0].dtype if self.tensors else None

    @property
    def shape(self) -> tuple[int, ...] | None:
        """The shape of the first array."""
        return self.tensors[0].shape if self.tensors else None
