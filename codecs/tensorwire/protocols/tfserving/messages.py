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
    """What requests and responses have in common: they are made of frames, and make frames."""

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
        """Make a message of a frame: an array of shape ``(n,)`` for each column, by its name.

        Parameters
        ----------
        frame : DataFrame
            Of pandas, polars, Arrow, or another library that narwhals reads.
        model_name : str, default ""
            The model of the message.
        version : int, optional
            The version of the model.
        signature_name : str, default ""
            The function of the model.

        Returns
        -------
        PredictRequest or PredictResponse
            A message of this class.

        Raises
        ------
        EncodeError
            For columns whose names are not text, or of a dtype that TensorFlow does not have.

        Examples
        --------
        >>> import pandas as pd
        >>> from tensorwire.tfserving import PredictRequest
        >>> PredictRequest.from_frame(pd.DataFrame({"age": [22, 38]}), model_name="titanic")
        PredictRequest(inputs={'age': array([22, 38], dtype=int64)}, model_name='titanic')
        """
        named = frames.named_columns(frame)
        made: Any = cls
        message: Self = made(named, model_name, version, signature_name=signature_name)
        return message

    def to_frame(self, backend: str = "pandas") -> Any:
        """Make a frame of the arrays, each of shape ``(n,)`` or ``(n, 1)``, by their names.

        Strings stay the bytes that they are in TensorFlow.

        Parameters
        ----------
        backend : str, default "pandas"
            The library of the frame: ``pandas``, ``polars`` or ``pyarrow``, or another one that
            narwhals builds frames with.

        Returns
        -------
        DataFrame
            Of the library that was asked for.

        Raises
        ------
        DecodeError
            For arrays of other shapes, or of several lengths, and where the library is not
            installed.

        Examples
        --------
        >>> import numpy as np
        >>> from tensorwire.tfserving import PredictResponse
        >>> PredictResponse({"score": np.array([0.5, 0.25])}).to_frame()
           score
        0   0.50
        1   0.25
        """
        member, arrays = tensors_of(self)
        columns = {
            name: frames.column_in(value, f"$.{member}.{name}") for name, value in arrays.items()
        }
        return frames.to_frame(columns, backend)


@dataclass(slots=True, repr=False)
class PredictResponse(_Framed):
    """Named arrays from a model.

    Source: tensorflow_serving/apis/predict.proto.

    Parameters
    ----------
    outputs : mapping of str to array_like
        The arrays by name; or one array, by the empty name, where REST has dropped its name.
    model_name : str, default ""
        The model that answered. REST does not represent it: its client has the URL.
    version : int, optional
        The version of the model that answered.
    version_label : str, default ""
        The label of that version.
    signature_name : str, default ""
        The function of the model that answered.
    rows : bool, default True
        Whether REST writes the arrays by rows, as ``predictions``; else each as a whole, as
        ``outputs``.

    Examples
    --------
    >>> import numpy as np
    >>> import tensorwire as tw
    >>> rest = tw.get_protocol("tfserving/json")
    >>> rest.encode(tw.tfserving.PredictResponse({"y": np.array([[0.5], [1.5]])}))[0]
    b'{"predictions":[[0.5],[1.5]]}'
    """

    outputs: Mapping[str, Any]
    model_name: str = ""
    version: int | None = None
    version_label: str = ""
    signature_name: str = ""
    rows: bool = True

    def __repr__(self) -> str:
        """Return the fields that are set; of large values a summary."""
        return repr_of(self)


@dataclass(slots=True, repr=False)
class PredictRequest(_Framed):
    """Named arrays for a model.

    Source: tensorflow_serving/apis/predict.proto, https://www.tensorflow.org/tfx/serving/api_rest.

    Parameters
    ----------
    inputs : mapping of str to array_like
        The arrays by name; or one array, by the empty name, which REST writes without a name.
        Strings are read as byte strings (as `bytes` in nested lists, where numpy would drop a NUL
        at their end).
    model_name : str, default ""
        The model; over REST it is in the URL, see `path`.
    version : int, optional
        The version of the model, by number; the latest where neither it nor a label is given.
    version_label : str, default ""
        The version of the model, by label.
    signature_name : str, default ""
        The function of the model; ``serving_default`` where it is empty.
    output_filter : sequence of str, optional
        The outputs that are wanted; all where it is empty. REST cannot represent it.
    rows : bool, default True
        Whether REST writes the arrays by rows, as ``instances``; else each as a whole, as
        ``inputs``.

    Examples
    --------
    >>> import numpy as np
    >>> import tensorwire as tw
    >>> request = tw.tfserving.PredictRequest({"x": np.array([[1.5, 2.5]])}, "iris", 3)
    >>> request.path
    '/v1/models/iris/versions/3:predict'
    >>> body, headers = tw.get_protocol("tfserving/json").encode(request)
    >>> body
    b'{"instances":[{"x":[1.5,2.5]}]}'
    """

    inputs: Mapping[str, Any]
    model_name: str = ""
    version: int | None = None
    version_label: str = ""
    signature_name: str = ""
    output_filter: Sequence[str] = field(default_factory=list)
    rows: bool = True

    def __init__(  # noqa: PLR0913, PLR0917 - a field each
        self,
        inputs: Mapping[str, Any],
        model_name: str = "",
        version: int | None = None,
        version_label: str = "",
        signature_name: str = "",
        output_filter: Sequence[str] | None = None,
        rows: bool = True,  # noqa: FBT001, FBT002
    ) -> None:
        """Set the fields, in seven eighths of the time of a generated `__init__`."""
        self.inputs = inputs
        self.model_name = model_name
        self.version = version
        self.version_label = version_label
        self.signature_name = signature_name
        self.output_filter = [] if output_filter is None else output_filter
        self.rows = rows

    def __repr__(self) -> str:
        """Return the fields that are set; of large values a summary."""
        return repr_of(self)

    @property
    def path(self) -> str:
        """Path of the URL for REST, as in ``/v1/models/iris/versions/3:predict``.

        Raises `EncodeError` where version and label are both given.
        """
        version, label = version_of(self)
        which = "" if version is None else f"/versions/{version}"
        which += f"/labels/{quote(label, '')}" if label else ""
        return f"/v1/models/{quote(self.model_name, '')}{which}:predict"

    def reply(self, outputs: Mapping[str, Any]) -> PredictResponse:
        """Answer this request with the outputs that it asks for, in rows as it came.

        Parameters
        ----------
        outputs : mapping of str to array_like
            The outputs of the model, by name.

        Returns
        -------
        PredictResponse
            Of the same model.

        Raises
        ------
        EncodeError
            Where an output that the request asks for is not among `outputs`.

        Examples
        --------
        >>> from tensorwire.tfserving import PredictRequest
        >>> request = PredictRequest({"x": [[1.5]]}, "iris", output_filter=["y"])
        >>> request.reply({"y": [0.5], "z": [2.0]})
        PredictResponse(outputs={'y': [0.5]}, model_name='iris')
        """
        missing = [name for name in self.output_filter if name not in outputs]
        if missing:
            known = ", ".join(map(repr, outputs)) or "none"
            reason = f"expected the output {shown(missing[0])} that the request asks for"
            raise EncodeError(f"{reason}, got {known}", "$.outputs", "name it in outputs")
        return PredictResponse(
            {name: outputs[name] for name in self.output_filter or outputs},
            self.model_name,
            self.version,
            self.version_label,
            self.signature_name,
            self.rows,
        )


def tensors_of(message: Any) -> tuple[str, Mapping[str, Any]]:
    """Return the member of a message that has the arrays, and the arrays by name."""
    if not isinstance(message, (PredictRequest, PredictResponse)):
        raise EncodeError(f"expected PredictRequest or PredictResponse, got {shown(message)}")
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
    """Return the version of a model, by number or by label; raise `EncodeError` for both."""
    given, path = message.version, "$.modelSpec.version"
    label = fields.text(message.version_label, "$.modelSpec.versionLabel")
    if given is None:
        return None, label
    try:
        version = index(given)
    except TypeError:
        raise EncodeError(f"expected an integer or None, got {shown(given)}", path) from None
    if isinstance(given, bool) or not -(2**63) <= version < 2**63:
        raise EncodeError(f"expected an integer of 64 bits, got {shown(given)}", path)
    if label:
        raise EncodeError(
            "expected a version or a version_label, got both", path, "set one of them"
        )
    return version, ""
