"""What is true of a protocol in every container: where it is served, and what its messages mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from tensorwire.errors import DecodeError

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

_OUTPUT = "output-0"  # the name of an array for which nobody has one


class Endpoint(NamedTuple):
    """A path of HTTP.

    Attributes
    ----------
    path
        with names in braces: ``/v2/models/{model_name}/infer``. They stand for `Family.segments`.
    action
        ``predict``, ``feedback``, or what `Family.answer` knows.
    methods
        those that it takes, the usual one first.
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
        ``predict``, ``feedback``, or what `Family.call` knows.
    message
        the full name of the protobuf message that is sent; empty for bytes of another kind.
    forms
        the containers of the forms that travel there; that of requests and replies first.
    """

    service: str
    name: str
    action: str
    message: str = ""
    forms: tuple[str, ...] = ("protobuf",)

    @property
    def path(self) -> str:
        """The path of the call, as gRPC has it."""
        return f"/{self.service}/{self.name}"


class Recognized(NamedTuple):
    """What the bytes of a message are.

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
    """A message of protobuf, whose bytes do not name it.

    Attributes
    ----------
    message
        its full name.
    payload
        the fields of which one is set in any message that is worth sending.
    recognized
        what the bytes are, if they are of this message.
    """

    message: str
    payload: tuple[str, ...]
    recognized: Recognized


class Contents(NamedTuple):
    """What a message holds, for people.

    Attributes
    ----------
    fields
        what is around the payload, in the order in which to show it.
    tensors
        name, value and more facts of each array, or of a plain value among them; None where the
        payload is no array.
    payload
        that payload: one item, or none.
    messages
        the messages in a message, by the names of their members.
    title
        what the message is called.
    """

    fields: Mapping[str, Any]
    tensors: Sequence[tuple[str, Any, Mapping[str, Any]]] | None = None
    payload: tuple[Any, ...] = ()
    messages: Sequence[tuple[str, Any]] = ()
    title: str = ""


class Arguments(NamedTuple):
    """What a model's `predict` is called with."""

    value: Any
    names: list[str]
    meta: dict[str, Any]


class Judgement(NamedTuple):
    """What a model's `send_feedback` is called with."""

    value: Any
    names: list[str]
    reward: float
    truth: Any


class ServerState(NamedTuple):
    """What a server tells about itself.

    Attributes
    ----------
    version
        that of tensorwire.
    ready
        whether new requests are welcome.
    metadata
        returns platform, versions, inputs and outputs of the model.
    """

    version: str
    ready: bool
    metadata: Callable[[], dict[str, Any]]


class UnknownOutputError(DecodeError):
    """The request asks for an output that the model has not returned."""


class UnreadableFormError(DecodeError):
    """The message is in a form that nothing installed here reads."""


class Family:
    """A protocol: subclass it, and set or override what differs.

    Attributes
    ----------
    name
        the first part of the names of its forms.
    request, response
        the classes of its messages. A request has a method ``reply``, which takes a dict of arrays
        by name, or the family has its own `echo` and `reply`.
    media_types
        the media types in which HTTP brings a form, by its container, the usual one first. A form
        that is not listed travels over gRPC alone, or is for its tools.
    endpoints, calls
        where it is served.
    segments
        regular expressions for the names in the paths of endpoints; ``[^/]+`` for others.
    feedback
        the class of the messages that endpoints and calls for ``feedback`` take, None for none.
    candidates
        the messages of protobuf by which its bytes are recognised.
    messages
        the classes of its messages beside requests and replies, by name.
    wrappers
        media types of HTML forms in which a message in JSON may come, see `unwrap`.
    exposed_headers
        headers of replies that pages of other origins may read.
    greedy
        whether arbitrary bytes often read as its messages, so that others are recognised first.
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

    # From one protocol to another.

    def take(self, message: Any) -> Neutral:
        """Take a message apart; raise `EncodeError` for one that holds no array."""
        raise NotImplementedError

    def make(self, neutral: Neutral, kind: type) -> tuple[Any, dict[str, Any]]:
        """Make a message of a class; return it, and what it does not hold, by place."""
        raise NotImplementedError

    def fit(self, message: Any) -> Any:
        """Change a message so that every form can hold it; return it."""
        return message

    # What bytes and messages are.

    def form_of(self, media_type: str) -> str | None:
        """Return the container of the form that HTTP brings with a media type, None for none."""
        for form, media_types in self.media_types.items():
            if media_type in media_types:
                return form
        return None

    def recognize(self, body: bytes, document: Any) -> Recognized | None:
        """Return what bytes are, None if they are not of this protocol.

        `document` is what they are as JSON, None where they are no JSON. Messages of protobuf are
        recognised by `candidates`.
        """
        del body, document
        return None

    def contents(self, message: Any) -> Contents:
        """Return what a message holds."""
        neutral = self.take(message)
        fields = {**neutral.model, "id": neutral.id, "outputs": list(neutral.outputs)}
        empty: dict[str, Any] = {}
        tensors = [(name, value, empty) for name, value in neutral.tensors.items()]
        return Contents(fields, tensors, title=type(message).__name__)

    def headers(self, form: str, body: bytes) -> dict[str, str]:
        """Return the headers that go with a body beside Content-Type."""
        del form, body
        return {}

    # Requests, as the server and the command line make and read them.

    def build(
        self, array: Any, form: str, *, name: str | None, model: str, columns: Sequence[str] | None
    ) -> Any:
        """Make a request of one array; `name` is None where the usual name will do."""
        from tensorwire.protocols.neutral import Neutral

        del form, columns
        return self.make(Neutral({name or "": array}, model={"name": model}), self.request)[0]

    def address(self, found: Mapping[str, str]) -> dict[str, Any]:
        """Return what a path says of a model, by the names of a request's attributes."""
        return dict(found)

    def refine(self, form: str, headers: Mapping[str, str]) -> str:
        """Return the form of a body; `form` is that of its media type."""
        del headers
        return form

    def unwrap(self, body: bytes, query: bytes, content_type: str, action: str) -> bytes | None:
        """Return the JSON of a message that came in a form or a query, None for any other."""
        del body, query, content_type, action
        return None

    # A model.

    def tensors(self, request: Any) -> Mapping[str, Any]:
        """Return the arrays of a request by name; raise `DecodeError` for a wrong request."""
        return self.take(request).tensors

    def wanted(self, request: Any) -> Sequence[str]:
        """Return the names of the outputs that a request asks for; none of them means all."""
        return self.take(request).outputs

    def meta(self, request: Any) -> dict[str, Any]:
        """Return what a request says beside its arrays."""
        neutral = self.take(request)
        return {"id": neutral.id, **neutral.model}

    def arguments(self, request: Any) -> Arguments:
        """Return what a request tells a model: the one array, or a dict of them."""
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
                known = ", ".join(map(repr, outputs)) or "none"
                reason = f"expected an output that there is ({known}), got {name!r}"
                raise UnknownOutputError(reason, "$.outputs")
        return request.reply(dict(outputs))

    def judgement(self, feedback: Any) -> Judgement:
        """Return what feedback tells a model."""
        raise NotImplementedError

    def acknowledge(self, answer: Any) -> Any:
        """Return the reply to feedback: what the model made of it, None where it made nothing."""
        raise NotImplementedError

    def request_reply_in(self, request: Any, form: str) -> None:
        """Let a request ask for its reply in a form that the client has named in Accept."""

    def reply_form(self, form: str, body: bytes) -> str:
        """Return the form of the reply to a request of a form, whose reply is to be like it."""
        del body
        return form

    def fallback(self, form: str, reply: Any) -> tuple[str, Any] | None:
        """Return form and message for a reply that a form has refused; None where none is left."""
        del form, reply
        return None

    # What a server tells of itself.

    def answer(
        self, action: str, address: Mapping[str, Any], state: ServerState
    ) -> tuple[int, dict[str, Any]]:
        """Answer an endpoint that takes no message: the status, and an object for JSON."""
        del address
        if action == "live":
            return 200, {"live": True}
        return (200 if state.ready else 503), {"ready": state.ready}

    def call(self, call: Call, body: bytes, state: ServerState) -> bytes:
        """Answer a gRPC call that takes no message."""
        raise NotImplementedError


def message_class(name: str) -> type[Message]:
    """Return the class of a protobuf message by its full name.

    Those of other packages are in protobuf's default pool, in which generated modules register.
    """
    from google.protobuf import descriptor_pool, message_factory

    from tensorwire.containers.protobuf.schema import message_class as ours

    try:
        return ours(name)
    except KeyError:
        found: Descriptor = descriptor_pool.Default().FindMessageTypeByName(name)
        return message_factory.GetMessageClass(found)
