"""The properties of a protocol that all its forms share: endpoints, calls, messages, conversion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from tensorwire.errors import DecodeError, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from google.protobuf.descriptor import Descriptor
    from google.protobuf.message import Message

    from tensorwire.protocols.neutral import Neutral

__all__ = [
    "Arguments",
    "Call",
    "Candidate",
    "Contents",
    "Endpoint",
    "Family",
    "Judgement",
    "Recognized",
    "ServerState",
    "UnknownOutputError",
    "UnreadableFormError",
    "message_class",
]

_OUTPUT = "output-0"  # the name of an output for which neither model nor request has a name


class Endpoint(NamedTuple):
    """An HTTP endpoint.

    Attributes
    ----------
    path
        with names in braces: ``/v2/models/{model_name}/infer``; see `Family.segments`.
    action
        ``predict``, ``feedback``, or an action of `Family.answer`.
    methods
        the HTTP methods, the usual one first.
    """

    path: str
    action: str
    methods: tuple[str, ...] = ("GET",)


class Call(NamedTuple):
    """A method of gRPC.

    Attributes
    ----------
    service, name
        of the method: ``inference.GRPCInferenceService``, ``ModelInfer``.
    action
        ``predict``, ``feedback``, or an action of `Family.call`.
    message
        the full name of the protobuf message of the request; empty for bytes of another kind.
    forms
        the containers of the forms that the call accepts; that of usual messages first.
    """

    service: str
    name: str
    action: str
    message: str = ""
    forms: tuple[str, ...] = ("protobuf",)

    @property
    def path(self) -> str:
        """The HTTP/2 path of the call."""
        return f"/{self.service}/{self.name}"


class Recognized(NamedTuple):
    """The form and the kind of a recognised message.

    Attributes
    ----------
    form
        the container of the form: ``json`` for ``oip/json``.
    reply
        whether it is a reply.
    message
        the name in `Family.messages` of a message that is neither request nor reply, else empty.
    """

    form: str
    reply: bool = False
    message: str = ""


class Candidate(NamedTuple):
    """A protobuf message that bytes may be: they do not contain its name.

    Attributes
    ----------
    message
        its full name.
    payload
        fields of which every useful message sets at least one.
    recognized
        the result where the bytes are of this message.
    """

    message: str
    payload: tuple[str, ...]
    recognized: Recognized


class Contents(NamedTuple):
    """The contents of a message, for display.

    Attributes
    ----------
    fields
        the fields around the payload, in the order of display.
    tensors
        name, value and further properties of each array, or of a plain value among them; None
        where the payload is not an array.
    payload
        a payload that is not an array: a tuple of one item, or an empty one.
    messages
        the inner messages, by the names of their members.
    title
        the name of the message.
    """

    fields: Mapping[str, Any]
    tensors: Sequence[tuple[str, Any, Mapping[str, Any]]] | None = None
    payload: tuple[Any, ...] = ()
    messages: Sequence[tuple[str, Any]] = ()
    title: str = ""


class Arguments(NamedTuple):
    """The arguments of a model's `predict`."""

    value: Any
    names: list[str]
    meta: dict[str, Any]


class Judgement(NamedTuple):
    """The arguments of a model's `send_feedback`."""

    value: Any
    names: list[str]
    reward: float
    truth: Any


class ServerState(NamedTuple):
    """The state of a server, for endpoints of health and metadata.

    Attributes
    ----------
    version
        the version of tensorwire.
    ready
        whether the server accepts new requests.
    metadata
        a function that returns platform, versions, inputs and outputs of the model.
    """

    version: str
    ready: bool
    metadata: Callable[[], dict[str, Any]]


class UnknownOutputError(DecodeError):
    """The request asks for an output that the model has not returned."""


class UnreadableFormError(DecodeError):
    """The message is in a form that no installed package reads."""


class Family:
    """The base class of protocols: a subclass sets the attributes and overrides methods.

    Attributes
    ----------
    name
        the first part of the names of its forms.
    request, response
        the classes of its messages. A request has a method ``reply``, which takes a dict of arrays
        by name, or the family has its own `echo` and `reply`.
    media_types
        the media types of a form over HTTP, by its container, the usual one first. A form that is
        not listed is used over gRPC only, or by gRPC tools.
    endpoints, calls
        the HTTP endpoints and the gRPC methods.
    segments
        regular expressions for the names in the paths of endpoints; ``[^/]+`` for others.
    feedback
        the class of the messages of ``feedback``, None where the protocol has no feedback.
    candidates
        the protobuf messages by which its bytes are recognised.
    messages
        the classes of its messages other than requests and replies, by name.
    wrappers
        media types of HTML forms that may contain a message in JSON, see `unwrap`.
    exposed_headers
        response headers that pages of other origins may read (CORS).
    greedy
        whether arbitrary bytes are often valid messages, so that other protocols are tried first.
    """

    name: str
    request: type
    response: type
    media_types: ClassVar[Mapping[str, tuple[str, ...]]] = {"json": ("application/json",)}
    endpoints: Sequence[Endpoint] = ()
    calls: Sequence[Call] = ()
    segments: ClassVar[Mapping[str, str]] = {}
    feedback: type | None = None
    candidates: Sequence[Candidate] = ()
    messages: ClassVar[Mapping[str, type]] = {}
    wrappers: tuple[str, ...] = ()
    exposed_headers: tuple[str, ...] = ()
    greedy = False

    # Conversion between protocols.

    def take(self, message: Any) -> Neutral:
        """Convert a message to a `Neutral`; raise `EncodeError` for one without an array."""
        raise NotImplementedError

    def make(self, neutral: Neutral, kind: type) -> tuple[Any, dict[str, Any]]:
        """Convert a `Neutral` to a message of a class; also return the lost fields, by path."""
        raise NotImplementedError

    def fit(self, message: Any) -> Any:
        """Return a message changed so that every form can represent it."""
        return message

    # Recognition and description of messages.

    def form_of(self, media_type: str) -> str | None:
        """Return the container of the form with a media type, None for an unknown one."""
        for form, media_types in self.media_types.items():
            if media_type in media_types:
                return form
        return None

    def recognize(self, body: bytes, document: Any) -> Recognized | None:
        """Return the form and kind of a message, None for bytes of another protocol.

        `document` is the parsed JSON of the bytes, None where they are not JSON. Protobuf messages
        are recognised by `candidates`.
        """
        del body, document
        return None

    def contents(self, message: Any) -> Contents:
        """Return the contents of a message, for display."""
        neutral = self.take(message)
        fields = {**neutral.model, "id": neutral.id, "outputs": list(neutral.outputs)}
        empty: dict[str, Any] = {}
        tensors = [(name, value, empty) for name, value in neutral.tensors.items()]
        return Contents(fields, tensors, title=type(message).__name__)

    def headers(self, form: str, body: bytes) -> dict[str, str]:
        """Return the HTTP headers of a body in addition to Content-Type."""
        del form, body
        return {}

    # Requests of the server and the command line.

    def build(
        self, array: Any, form: str, *, name: str | None, model: str, columns: Sequence[str] | None
    ) -> Any:
        """Make a request of one array; `name` is None for the default name."""
        from tensorwire.protocols.neutral import Neutral

        del form, columns
        return self.make(Neutral({name or "": array}, model={"name": model}), self.request)[0]

    def address(self, found: Mapping[str, str]) -> dict[str, Any]:
        """Return the model in a path as attributes of a request, by name."""
        return dict(found)

    def refine(self, form: str, headers: Mapping[str, str]) -> str:
        """Return the form of a body by its headers; `form` is that of the media type."""
        del headers
        return form

    def unwrap(self, body: bytes, query: bytes, content_type: str, action: str) -> bytes | None:
        """Return the JSON of a message in an HTML form or a query, None for any other body."""
        del body, query, content_type, action
        return None

    # A model.

    def tensors(self, request: Any) -> Mapping[str, Any]:
        """Return the arrays of a request by name; raise `DecodeError` for an invalid request."""
        return self.take(request).tensors

    def wanted(self, request: Any) -> Sequence[str]:
        """Return the names of the requested outputs; an empty sequence means all."""
        return self.take(request).outputs

    def meta(self, request: Any) -> dict[str, Any]:
        """Return the fields of a request other than its arrays."""
        neutral = self.take(request)
        return {"id": neutral.id, **neutral.model}

    def arguments(self, request: Any) -> Arguments:
        """Return the arguments of `predict` for a request: its array, or a dict of several."""
        arrays = self.tensors(request)
        value = next(iter(arrays.values())) if len(arrays) == 1 else dict(arrays)
        return Arguments(value, [], self.meta(request))

    def echo(self, request: Any) -> Any:
        """Answer a request with each input as an output of that name."""
        return self._answer(request, self.tensors(request), self.wanted(request))

    def reply(self, request: Any, value: Any, names: Sequence[str]) -> Any:
        """Answer a request with a dict of outputs, or with one array under the name asked for.

        Raises
        ------
        UnknownOutputError
            the request asks for an output that is not there.
        """
        wanted = self.wanted(request)
        if isinstance(value, Mapping):
            return self._answer(request, value, wanted)
        name = names[0] if len(names) == 1 else wanted[0] if len(wanted) == 1 else _OUTPUT
        outputs = {name: [value] if isinstance(value, (str, bytes)) else value}
        return self._answer(request, outputs, wanted)

    def _answer(self, request: Any, outputs: Mapping[str, Any], wanted: Sequence[str]) -> Any:
        for name in wanted:
            if name not in outputs:
                known = ", ".join(map(shown, outputs)) or "none"
                reason = f"expected an output of the model ({known}), got {shown(name)}"
                raise UnknownOutputError(reason, "$.outputs")
        return request.reply(dict(outputs))

    def release(self, request: Any) -> None:
        """Drop the arrays of a request; `reply` still answers it."""

    def judgement(self, feedback: Any) -> Judgement:
        """Return the arguments of `send_feedback` for a feedback message."""
        raise NotImplementedError

    def acknowledge(self, answer: Any) -> Any:
        """Return the reply to feedback; `answer` is the model's result, which may be None."""
        raise NotImplementedError

    def request_reply_in(self, request: Any, form: str) -> None:
        """Change a request so that its reply is in a form that the client names in Accept."""

    def reply_form(self, form: str, body: bytes) -> str:
        """Return the form of the reply where the client names none: that of the request."""
        del body
        return form

    def fallback(self, form: str, reply: Any) -> tuple[str, Any] | None:
        """Return another form and message for a reply that `form` refuses, None for none."""
        del form, reply
        return None

    # Health and metadata of the server.

    def answer(
        self, action: str, address: Mapping[str, Any], state: ServerState
    ) -> tuple[int, dict[str, Any]]:
        """Answer an endpoint without a message; return the HTTP status and an object for JSON."""
        del address
        if action == "live":
            return 200, {"live": True}
        return (200 if state.ready else 503), {"ready": state.ready}

    def call(self, call: Call, body: bytes, state: ServerState) -> bytes:
        """Answer a gRPC call for health or metadata."""
        raise NotImplementedError


def message_class(name: str) -> type[Message]:
    """Return the class of a protobuf message by its full name.

    Messages of other packages are in protobuf's default pool, where generated modules register.
    """
    from google.protobuf import descriptor_pool, message_factory

    from tensorwire.containers.protobuf.schema import message_class as own_message_class

    try:
        return own_message_class(name)
    except KeyError:
        found: Descriptor = descriptor_pool.Default().FindMessageTypeByName(name)
        return message_factory.GetMessageClass(found)
