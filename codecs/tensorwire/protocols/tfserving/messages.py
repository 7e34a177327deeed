"""The messages of TensorFlow Serving's Predict, over gRPC and over REST.

Source: tensorflow_serving/apis/predict.proto, https://www.tensorflow.org/tfx/serving/api_rest
"""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import index
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tensorwire import frames
from tensorwire.arrays import aligned
from tensorwire.errors import EncodeError, shown
from tensorwire.protocols import fields
from tensorwire.reprs import repr_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from typing_extensions import Self

__all__ = ["PredictRequest", "PredictResponse"]


class _Framed:
    """What requests and responses have alike: they are made of frames, and give them back."""

    __slots__ = ()

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        *,
        model_name: str = "",
        version: int | None = None,
        signature_name: str = "",
    ) -> Self:
        """Make a message of a frame: a named array of shape ``[n]`` for each column.

        Parameters
        ----------
        frame
            of pandas, polars, Arrow, or another library that narwhals reads.
        model_name, version, signature_name
            of the message.

        Raises
        ------
        EncodeError
            for columns without text for a name, or of a dtype that TensorFlow has not.
        """
        named = frames.named_columns(frame)
        made: Any = cls
        message: Self = made(named, model_name, version, signature_name=signature_name)
        return message

    def to_frame(self, backend: str = "pandas") -> Any:
        """Make a frame of the arrays, each of the shape ``[n]`` or ``[n, 1]``, by their names.

        Strings stay the bytes that they are in TensorFlow.

        Parameters
        ----------
        backend
            the library to make it with: ``pandas``, ``polars`` or ``pyarrow``, or another one that
            narwhals builds frames with.

        Raises
        ------
        DecodeError
            for arrays of other shapes, or of several lengths, and where the library is not
            installed.
        """
        member, arrays = tensors_of(self)
        columns = {
            name: frames.column_in(value, f"$.{member}.{name}") for name, value in arrays.items()
        }
        return frames.to_frame(columns, backend)


@dataclass(slots=True, repr=False)
class PredictResponse(_Framed):
    """Named arrays from a model.

    Attributes
    ----------
    outputs
        the arrays by name; or one array, by the empty name, where REST has dropped its name.
    model_name, version, version_label, signature_name
        which function of which model answered. REST does not say so: its client knows from the URL.
    rows
        REST writes the arrays by rows, as ``predictions``; else each as a whole, as ``outputs``.
    """

    outputs: Mapping[str, Any]
    model_name: str = ""
    version: int | None = None
    version_label: str = ""
    signature_name: str = ""
    rows: bool = True

    def __repr__(self) -> str:
        """Return the fields that are set; large values are told in short."""
        return repr_of(self)


@dataclass(slots=True, repr=False)
class PredictRequest(_Framed):
    """Named arrays for a model.

    Attributes
    ----------
    inputs
        the arrays by name; or one array, by the empty name, which REST writes without a name.
        Strings are read as byte strings (as `bytes` in nested lists, where numpy would drop a NUL
        at their end).
    model_name
        which model; over REST it stands in the URL, see `path`.
    version, version_label
        which of its versions, by number or by label, not both; the latest where neither is given.
    signature_name
        which of its functions; ``serving_default`` where it is empty.
    output_filter
        the outputs that are wanted; all where it is empty. REST has no place for it.
    rows
        REST writes the arrays by rows, as ``instances``; else each as a whole, as ``inputs``.
    """

    inputs: Mapping[str, Any]
    model_name: str = ""
    version: int | None = None
    version_label: str = ""
    signature_name: str = ""
    output_filter: Sequence[str] = field(default_factory=list)
    rows: bool = True

    def __repr__(self) -> str:
        """Return the fields that are set; large values are told in short."""
        return repr_of(self)

    @property
    def path(self) -> str:
        """Where REST sends it, as in ``/v1/models/iris/versions/3:predict``.

        Raises `EncodeError` where version and label are both given.
        """
        version, label = version_of(self)
        which = "" if version is None else f"/versions/{version}"
        which += f"/labels/{quote(label, '')}" if label else ""
        return f"/v1/models/{quote(self.model_name, '')}{which}:predict"

    def reply(self, outputs: Mapping[str, Any]) -> PredictResponse:
        """Answer this request, with the outputs that it asks for, in rows as it came.

        Raises
        ------
        EncodeError
            an output that the request asks for is not among `outputs`.
        """
        missing = [name for name in self.output_filter if name not in outputs]
        if missing:
            known = ", ".join(map(repr, outputs)) or "none"
            raise EncodeError(f"no output {missing[0]!r}; there are: {known}", "$.outputs")
        return PredictResponse(
            {name: outputs[name] for name in self.output_filter or outputs},
            self.model_name,
            self.version,
            self.version_label,
            self.signature_name,
            self.rows,
        )


def tensors_of(message: Any) -> tuple[str, Mapping[str, Any]]:
    """Give the arrays of a message, and the member in which they stand."""
    if not isinstance(message, (PredictRequest, PredictResponse)):
        raise EncodeError(f"expected a PredictRequest or a PredictResponse, got {shown(message)}")
    fields.no_arrays(message)
    if isinstance(message, PredictRequest):
        return "inputs", fields.mapping(message.inputs, "$.inputs")
    return "outputs", fields.mapping(message.outputs, "$.outputs")


def aligned_message(message: Any) -> Any:
    """Return a message that was read, with a copy of each array whose address does not suit it."""
    member = "inputs" if isinstance(message, PredictRequest) else "outputs"
    arrays: Mapping[str, Any] = getattr(message, member)
    setattr(message, member, {name: aligned(array) for name, array in arrays.items()})
    return message


def version_of(message: PredictRequest | PredictResponse) -> tuple[int | None, str]:
    """Give the version of a model, by number or by label; raise `EncodeError` for both."""
    given, path = message.version, "$.modelSpec.version"
    label = fields.text(message.version_label, "$.modelSpec.versionLabel")
    if given is None:
        return None, label
    try:
        version = index(given)
    except TypeError:
        raise EncodeError(f"a {type(given).__name__} in place of an integer", path) from None
    if isinstance(given, bool) or not -(2**63) <= version < 2**63:
        raise EncodeError(f"{given} is no version: an integer of 64 bits", path)
    if label:
        raise EncodeError("a version is given by number or by label, not both", path)
    return version, ""
