"""The messages of the Open Inference Protocol (V2): KServe, Triton, MLServer, Seldon Core 2.

Source: https://github.com/kserve/open-inference-protocol
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np

from tensorwire import frames
from tensorwire.arrays import FLOAT16, NUMBERS
from tensorwire.errors import DecodeError, EncodeError, shown
from tensorwire.protocols import fields
from tensorwire.protocols.oip.tensor import SHARED_MEMORY, InferTensor
from tensorwire.reprs import repr_of
from tensorwire.wire.memo import SMALL_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from typing_extensions import Self

    from tensorwire.tree import Array

__all__ = [
    "InferRequest",
    "InferResponse",
    "InferTensor",
    "RequestedOutput",
    "asked_outputs",
    "class_of",
    "remaker",
    "small_array_key",
    "tensors_of",
]

Asked = tuple[tuple[str, "bool | None"], ...]


@dataclass(slots=True, repr=False)
class RequestedOutput:
    """An output that a request asks for.

    Parameters
    ----------
    name : str
        Name of the output.
    parameters : mapping of str to object, optional
        ``binary_data`` asks for binary data after the JSON.

    Examples
    --------
    >>> from tensorwire.oip import RequestedOutput
    >>> RequestedOutput("y", {"binary_data": True})
    RequestedOutput(name='y', parameters={'binary_data': True})
    """

    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Return the fields that are set; large values are shortened."""
        return repr_of(self)


class _Framed:
    """Conversion of requests and responses from frames and to frames."""

    __slots__ = ()

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        *,
        model_name: str = "",
        model_version: str = "",
        id: str = "",  # noqa: A002 - the protocol's own word
    ) -> Self:
        """Make a message of a frame: a tensor for each column, as in MLServer's ``pd``.

        Each tensor has the shape ``[n, 1]``. A tensor of text has the parameter ``content_type`` of
        ``str``, by which `to_frame` and MLServer distinguish it from bytes. A column with missing
        values requires the option ``missing=`` of `encode`.

        Parameters
        ----------
        frame : DataFrame or Table
            A frame of pandas, polars, Arrow, or of another library that narwhals reads.
        model_name, model_version, id : str, optional
            The fields of the message.

        Returns
        -------
        InferRequest or InferResponse
            An instance of the class, with the parameter ``content_type`` of ``pd``.

        Raises
        ------
        EncodeError
            A column has a name that is not text, or a dtype without a datatype.
        """
        tensors = _tensors_of_frame(frame)
        constructor: Any = cls
        message: Self = constructor(tensors, model_name, model_version, id, {"content_type": "pd"})
        return message

    def to_frame(self, backend: str = "pandas") -> Any:
        """Make a frame of the tensors, each of the shape ``[n]`` or ``[n, 1]``, by their names.

        BYTES are text where the parameter ``content_type`` of a tensor is ``str``.

        Parameters
        ----------
        backend : str, default "pandas"
            The library that makes the frame: ``pandas``, ``polars`` or ``pyarrow``, or another one
            that narwhals builds frames with.

        Returns
        -------
        DataFrame or Table
            A column for each tensor.

        Raises
        ------
        DecodeError
            The tensors have other shapes, or several lengths; or the library is not installed.
        """
        return _frame_of(*tensors_of(self), backend)


@dataclass(slots=True, repr=False)
class InferResponse(_Framed):
    """The answer of a model: tensors.

    Parameters
    ----------
    outputs : sequence of InferTensor
        The tensors, in order.
    model_name, model_version : str, optional
        The model that answered.
    id : str, optional
        The id of the request.
    parameters : mapping of str to object, optional
        Bools, integers, floats and strings by name; in JSON also null and nested values.

    Examples
    --------
    >>> import numpy as np
    >>> from tensorwire import get_protocol
    >>> from tensorwire.oip import InferResponse, InferTensor
    >>> answer = InferResponse([InferTensor("y", np.array([3], np.int64))], "iris", id="7")
    >>> body, headers = get_protocol("oip/json").encode(answer)
    >>> body.decode()
    '{"id":"7","model_name":"iris","outputs":[{"name":"y","shape":[1],"datatype":"INT64","data":[3]}]}'
    >>> get_protocol("oip/json").decode(body, headers, type=InferResponse).outputs[0].value
    array([3])
    """

    outputs: Sequence[InferTensor]
    model_name: str = ""
    model_version: str = ""
    id: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Return the fields that are set; large values are shortened."""
        return repr_of(self)


@dataclass(slots=True, repr=False)
class InferRequest(_Framed):
    """A request to a model: tensors, and the outputs that it asks for.

    Parameters
    ----------
    inputs : sequence of InferTensor
        The tensors, in order.
    model_name, model_version : str, optional
        The model; over REST they are in the URL, see `path`.
    id : str, optional
        The response repeats it.
    parameters : mapping of str to object, optional
        Bools, integers, floats and strings by name; in JSON also null and nested values.
    outputs : sequence of RequestedOutput, optional
        The outputs that are requested; all where it is empty.

    Examples
    --------
    >>> import numpy as np
    >>> from tensorwire import get_protocol
    >>> from tensorwire.oip import InferRequest, InferTensor
    >>> request = InferRequest([InferTensor("x", np.array([1.5, 2.0], np.float32))], "iris")
    >>> request.path
    '/v2/models/iris/infer'
    >>> body, headers = get_protocol("oip/binary").encode(request)
    >>> headers["Inference-Header-Content-Length"], len(body)
    ('128', 136)
    >>> get_protocol("oip/binary").decode(body, headers).inputs[0].value
    array([1.5, 2. ], dtype=float32)
    """

    inputs: Sequence[InferTensor]
    model_name: str = ""
    model_version: str = ""
    id: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    outputs: Sequence[RequestedOutput] = field(default_factory=list)

    def __init__(  # noqa: PLR0913, PLR0917 - a field each
        self,
        inputs: Sequence[InferTensor],
        model_name: str = "",
        model_version: str = "",
        id: str = "",  # noqa: A002 - the protocol's own word
        parameters: Mapping[str, Any] | None = None,
        outputs: Sequence[RequestedOutput] | None = None,
    ) -> None:
        """Set the fields, in less time than a generated `__init__`."""
        self.inputs = inputs
        self.model_name = model_name
        self.model_version = model_version
        self.id = id
        self.parameters = {} if parameters is None else parameters
        self.outputs = [] if outputs is None else outputs

    def __repr__(self) -> str:
        """Return the fields that are set; large values are shortened."""
        return repr_of(self)

    @property
    def path(self) -> str:
        """The path of its URL over REST, as in ``/v2/models/iris/infer``."""
        version = f"/versions/{quote(self.model_version, '')}" if self.model_version else ""
        return f"/v2/models/{quote(self.model_name, '')}{version}/infer"

    def reply(
        self, outputs: Mapping[str, Any] | Iterable[InferTensor], *, binary: bool = False
    ) -> InferResponse:
        """Answer this request with the outputs that it asks for, in its order.

        Over REST an output is written as JSON, unless the request asks for binary data
        (``binary_data`` of the output, ``binary_data_output`` of the request) or `binary` of the
        tensor is true. float16 and bfloat16, which servers do not read in JSON, are written as JSON
        only if the request asks for it or contains such tensors in JSON; otherwise the form of the
        reply decides. Bytes are written as base64 if the output is requested with that content
        type, as MLServer's clients do; bytes other than UTF-8 also if an input has it.

        Parameters
        ----------
        outputs : mapping of str to array_like, or iterable of InferTensor
            Arrays by name, or tensors.
        binary : bool, default False
            Whether outputs are binary for which the request has no such parameter.

        Returns
        -------
        InferResponse
            The answer, with the model and the id of the request.

        Raises
        ------
        EncodeError
            A requested output is not among `outputs`, or is requested as a classification or in
            shared memory, which are not served.
        """
        if isinstance(outputs, Mapping):
            by_name = {name: InferTensor(name, value) for name, value in outputs.items()}
        else:
            by_name = {tensor.name: tensor for tensor in map(_checked_tensor, outputs)}
        default = _flag(self.parameters, "binary_data_output", "$.parameters")
        sends_half = sends_base64 = False
        for sent in self.inputs:
            sends_half = sends_half or (sent.binary is False and _is_half(sent.value))
            sends_base64 = sends_base64 or sent.parameters.get("content_type") == "base64"
        tensors = []
        for i, output in enumerate(self.outputs or map(RequestedOutput, by_name)):
            tensor, requested = by_name.get(output.name), default
            if sends_base64:
                tensor = _as_base64(tensor, text=False)
            if output.parameters:
                place = f"$.outputs[{i}].parameters"
                _refuse_unserved(output.parameters, place)
                if output.parameters.get("content_type") == "base64":
                    tensor = _as_base64(tensor, text=True)
                flag = _flag(output.parameters, "binary_data", place)
                requested = default if flag is None else flag
            if tensor is None:
                known = ", ".join(map(shown, by_name)) or "none"
                reason = f"expected the output {shown(output.name)}, got {known}"
                raise EncodeError(reason, "$.outputs")
            if requested is None and (sends_half or not _is_half(tensor.value)):
                requested = binary
            if tensor.binary is None and requested is not None:
                tensor = InferTensor(tensor.name, tensor.value, tensor.parameters, requested)
            tensors.append(tensor)
        return InferResponse(tensors, self.model_name, self.model_version, self.id)


def _checked_tensor(tensor: Any) -> InferTensor:
    if isinstance(tensor, InferTensor):
        return tensor
    raise EncodeError(f"expected InferTensors or a dict of arrays, got {shown(tensor)}")


def _is_half(value: Any) -> bool:
    """Return whether an array has a dtype that servers read only as binary data."""
    if type(value) is np.ndarray and value.dtype.num in NUMBERS:  # dtype.name takes microseconds
        return bool(value.dtype.num == FLOAT16)
    return getattr(getattr(value, "dtype", None), "name", "") in ("float16", "bfloat16")


def _as_base64(tensor: InferTensor | None, *, text: bool) -> InferTensor | None:
    """Return an output of bytes with the content type base64; UTF-8 text only if `text`."""
    if tensor is None or "content_type" in tensor.parameters or tensor.datatype != "BYTES":
        return tensor
    if not text and _is_text(tensor.value):
        return tensor
    more = {**tensor.parameters, "content_type": "base64"}
    return InferTensor(tensor.name, tensor.value, more, tensor.binary)


def _is_text(value: Any) -> bool:
    items = np.ravel(np.array(value, object)).tolist()
    try:
        for item in items:
            if isinstance(item, bytes):
                item.decode()
    except UnicodeDecodeError:
        return False
    return True


def _flag(parameters: Mapping[str, Any], name: str, path: str) -> bool | None:
    """Return a parameter that is true or false, None where the request does not have it."""
    value = parameters.get(name)
    if value is not None and not isinstance(value, bool):
        raise EncodeError(f"expected true or false, got {shown(value)}", f"{path}.{name}")
    return value


def _refuse_unserved(parameters: Mapping[str, Any], path: str) -> None:
    """Raise `EncodeError` for an output that is requested in a form that is not served.

    Source: https://github.com/triton-inference-server/server/tree/main/docs/protocol
    """
    for name in SHARED_MEMORY:
        if parameters.get(name) is not None:
            reason = "expected an output in the message, got shared memory"
            raise EncodeError(reason, f"{path}.{name}", "ask for the output itself")
    if parameters.get("classification"):
        reason = "expected an output as it is, got a classification"
        remedy = "ask for the output itself, and sort it"
        raise EncodeError(reason, f"{path}.classification", remedy)


def _tensors_of_frame(frame: Any) -> list[InferTensor]:
    tensors = []
    for name, values in frames.named_columns(frame).items():
        text = {str} == set(map(type, values)) - {type(None)}
        if isinstance(values, np.ndarray):
            text, values = values.dtype.kind in "UT", values.reshape(-1, 1)  # noqa: PLW2901
        else:
            values = [[item] for item in values]  # noqa: PLW2901
        tensors.append(InferTensor(name, values, {"content_type": "str"} if text else {}))
    return tensors


def _frame_of(member: str, tensors: Sequence[InferTensor], backend: str) -> Any:
    columns = {}
    for i, tensor in enumerate(tensors):
        path = f"$.{member}[{i}]"
        column = frames.column_in(tensor.value, f"{path}.shape")
        if tensor.parameters.get("content_type") == "str":
            column = frames.text_in(column, path)
        columns[tensor.name] = column
    if len(columns) < len(tensors):
        raise DecodeError("expected a distinct name for each tensor, got one twice", f"$.{member}")
    return frames.to_frame(columns, backend)


def tensors_of(message: Any) -> tuple[str, Sequence[InferTensor]]:
    """Return the name of the member with the tensors of a message, and the tensors."""
    if not isinstance(message, (InferRequest, InferResponse)):
        raise EncodeError(f"expected an InferRequest or an InferResponse, got {shown(message)}")
    fields.no_arrays(message)
    if isinstance(message, InferRequest):
        return "inputs", message.inputs
    return "outputs", message.outputs


def class_of(kind: Any) -> type[InferRequest | InferResponse]:
    """Return the class of a message that is to be read; raise `DecodeError` for any other class."""
    for known in (InferRequest, InferResponse):
        if kind is None or kind is known or (isinstance(kind, type) and issubclass(kind, known)):
            return known
    raise DecodeError(f"expected InferRequest or InferResponse for type=, got {shown(kind, 60)}")


def small_array_key(message: Any) -> tuple[Any, Array] | None:
    """Return the cache key of a message of one small array, and the array.

    Returns None for messages of several arrays, of other values than arrays, or with an id,
    parameters or requested outputs. The key is the class, the names, the dtype, the shape and
    `InferTensor.binary`: the bytes around the array depend on nothing else.
    """
    kind = message.__class__
    if kind is InferRequest and not message.outputs:
        tensors = message.inputs
    elif kind is InferResponse:
        tensors = message.outputs
    else:
        return None
    more = message.parameters
    if tensors.__class__ is not list or message.id != "" or more or more.__class__ is not dict:
        return None
    if len(tensors) != 1:
        return None
    tensor = tensors[0]
    array, more = tensor.value, tensor.parameters
    if type(array) is not np.ndarray or array.nbytes > SMALL_BYTES:
        return None
    if more or more.__class__ is not dict or tensor.__class__ is not InferTensor:
        return None
    return (
        kind, message.model_name, message.model_version,
        tensor.name, tensor.binary, array.dtype, array.shape,
    ), array  # fmt: skip


def asked_outputs(outputs: Any) -> Asked | None:
    """Return the names of requested outputs and their parameter ``binary_data``.

    Returns None for outputs with other parameters.
    """
    if type(outputs) is not list:
        return None
    asked = []
    for output in outputs:
        if type(output) is not RequestedOutput or not _usual(output.parameters, "binary_data"):
            return None
        asked.append((output.name, output.parameters.get("binary_data")))
    return tuple(asked)


def _usual(parameters: Mapping[str, Any], name: str) -> bool:
    """Return whether parameters are empty, or contain only that name with True or False."""
    if type(parameters) is not dict:
        return False
    return not parameters or (len(parameters) == 1 and type(parameters.get(name)) is bool)


def remaker(
    message: InferRequest | InferResponse,
) -> tuple[list[Any], Callable[[list[Array], str], Any]] | None:
    """Return the arrays of a message, and a function that makes it of other arrays and an id.

    Returns None for a message with parameters that may differ from message to message: all but
    those that ask for binary outputs.
    """
    request, kind = isinstance(message, InferRequest), type(message)
    tensors = message.inputs if isinstance(message, InferRequest) else message.outputs
    asked = asked_outputs(message.outputs) if isinstance(message, InferRequest) else ()
    if asked is None or not _usual(message.parameters, "binary_data_output"):
        return None
    if any(tensor.parameters for tensor in tensors):
        return None
    names = [tensor.name for tensor in tensors]
    model, version = message.model_name, message.model_version
    parameters = dict(message.parameters)

    def make(arrays: list[Array], id_: str) -> Any:
        tensors = list(map(InferTensor, names, arrays))
        if not request:
            return InferResponse(tensors, model, version, id_, dict(parameters))
        wanted = [
            RequestedOutput(name, {} if binary is None else {"binary_data": binary})
            for name, binary in asked
        ]
        return InferRequest(tensors, model, version, id_, dict(parameters), wanted)

    def make_plain(arrays: list[Array], id_: str) -> Any:
        return kind(list(map(InferTensor, names, arrays)), model, version, id_)

    return [tensor.value for tensor in tensors], make if asked or parameters else make_plain
