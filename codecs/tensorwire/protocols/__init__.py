"""Message protocols, one folder each: the folder contains everything that is specific to it.

A protocol such as ``oip`` is a `Family` of forms such as ``oip/json``, each a `MessageProtocol`.
The server, the command line and `transcode` loop over the protocols and name none of them. To add
one, write a folder with a `Family` and its forms, and add one line for each form: to the table
below, or, in another package, to the entry points of the group ``tensorwire.protocols``.
"""

from __future__ import annotations

import warnings
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

from tensorwire.errors import EncodeError, UnknownCodecError, reason_of_other, shown, unknown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.metadata import EntryPoint, EntryPoints

    from tensorwire.limits import Limits
    from tensorwire.missing import Missing
    from tensorwire.protocols.family import Family
    from tensorwire.protocols.neutral import Peek

__all__ = [
    "MessageProtocol",
    "families",
    "find_protocol",
    "get_family",
    "get_protocol",
    "known_protocol",
    "protocol_names",
]

GROUP = "tensorwire.protocols"
_FORMS = {  # each module has a function, protocol(name)
    "seldon/json": "seldon.protocol",
    "seldon/protobuf": "seldon.protocol",
    "seldon/msgpack": "seldon.protocol",
    "oip/json": "oip.rest",
    "oip/binary": "oip.rest",
    "oip/protobuf": "oip.grpc",
    "oip/protobuf-typed": "oip.grpc",
    "oip/protobuf-json": "oip.grpc_json",
    "tfserving/json": "tfserving.rest",
    "tfserving/protobuf": "tfserving.grpc",
}
_plugins: dict[str, MessageProtocol] = {}  # those that have been loaded, by name


class MessageProtocol(Protocol):
    """Whole messages of one protocol, in one container, to bytes and back.

    Attributes
    ----------
    name : str
        Protocol and container, as in ``oip/protobuf``.
    media_type : str
        The media type of the bytes.
    request, response : type
        The classes of the messages.

    Examples
    --------
    >>> import numpy as np
    >>> import tensorwire as tw
    >>> protocol = tw.get_protocol("oip/json")
    >>> tensor = tw.oip.InferTensor("x", np.array([1, 2], np.int32))
    >>> body, headers = protocol.encode(tw.oip.InferRequest([tensor]))
    >>> headers
    {'Content-Type': 'application/json'}
    >>> protocol.decode(body).inputs[0].value
    array([1, 2], dtype=int32)
    """

    name: str
    media_type: str
    request: type
    response: type

    @property
    def family(self) -> Family:
        """The protocol of this form: the properties that all its forms share."""

    def encode(
        self, message: Any, *, lossy: bool = False, missing: Missing | None = None
    ) -> tuple[bytes, dict[str, str]]:
        """Write a message.

        Parameters
        ----------
        message : object
            An instance of `request` or of `response`.
        lossy : bool, default False
            Round or drop what the form cannot represent.
        missing : {"error", "null", "nan", "any"}, optional
            How text represents NaN and infinities: ``error`` refuses them (the default of Seldon
            and OIP), ``nan`` writes bare words (the default of TensorFlow Serving), ``null`` writes
            NaN as null, ``any`` writes the form that the servers of the protocol read.

        Returns
        -------
        body : bytes
            The message.
        headers : dict of str to str
            The HTTP headers that go with it, Content-Type among them.

        Raises
        ------
        EncodeError
            The form cannot represent the message without loss.
        """

    def encode_parts(
        self, message: Any, *, lossy: bool = False, missing: Missing | None = None
    ) -> tuple[list[bytes | memoryview], dict[str, str]]:
        """Write the same body as buffers for a vectored write, without a copy of the arrays.

        Parameters
        ----------
        message : object
            An instance of `request` or of `response`.
        lossy : bool, default False
            As for `encode`.
        missing : {"error", "null", "nan", "any"}, optional
            As for `encode`.

        Returns
        -------
        parts : list of bytes or memoryview
            The body in pieces.
        headers : dict of str to str
            The HTTP headers that go with it.

        Raises
        ------
        EncodeError
            The form cannot represent the message without loss.
        """

    def decode(  # noqa: PLR0913
        self,
        body: Any,
        headers: Mapping[str, str] | None = None,
        *,
        type: type | None = None,  # noqa: A002 - the word that every decoder uses
        limits: Limits | None = None,
        align: bool = False,
        missing: Missing | None = None,
    ) -> Any:
        """Read a message.

        Parameters
        ----------
        body : buffer
            Any contiguous buffer.
        headers : mapping of str to str, optional
            The HTTP headers of the body, where a part of it is binary.
        type : type, optional
            The class of the message; `request` where None.
        limits : Limits, optional
            What the payload may claim; `Limits()` where None.
        align : bool, default False
            Return arrays whose addresses are aligned for their dtypes: a view where the address in
            the body is, else a copy of that array. See `Codec.decode`.
        missing : {"error", "null", "nan", "any"}, optional
            How text represents NaN among floats: ``null``, ``nan`` (the bare words NaN, Infinity,
            -Infinity), ``any`` of both (the default of Seldon and OIP; that of TensorFlow Serving
            is ``nan``), or ``error`` to refuse them. See `tensorwire.missing`.

        Returns
        -------
        object
            An instance of `type`; its arrays are views of `body` where the form allows it.

        Raises
        ------
        DecodeError
            The bytes are not a message of that class.
        LimitError
            An array is larger than `limits` allow.
        """

    def peek(
        self,
        body: Any,
        headers: Mapping[str, str] | None = None,
        *,
        type: type | None = None,  # noqa: A002
    ) -> Peek:
        """Describe the arrays of a message without decoding them.

        Parameters
        ----------
        body : buffer
            Any contiguous buffer.
        headers : mapping of str to str, optional
            The HTTP headers of the body, where a part of it is binary.
        type : type, optional
            The class of the message; `request` where None.

        Returns
        -------
        Peek
            Name, dtype and shape of each array, and the other fields of the message.

        Raises
        ------
        DecodeError
            The bytes are not a message of that class.
        """

    def encode_error(self, error: BaseException | str) -> tuple[bytes, dict[str, str]]:
        """Write the reply to a request that failed, in the protocol's documented form.

        Parameters
        ----------
        error : BaseException or str
            The error. A str or a `CodecError` is an error of the client, any other exception an
            error of the server.

        Returns
        -------
        body : bytes
            The reply; empty where the error is in the trailers of gRPC.
        headers : dict of str to str
            The headers, or the trailers, that go with it.
        """


def protocol_names() -> tuple[str, ...]:
    """Return the names of all protocols.

    Returns
    -------
    tuple of str
        The built-in forms, then those of installed packages.

    Examples
    --------
    >>> import tensorwire as tw
    >>> tw.protocol_names()[:3]
    ('seldon/json', 'seldon/protobuf', 'seldon/msgpack')
    """
    return tuple(dict.fromkeys([*_FORMS, *(entry.name for entry in _entry_points())]))


def get_protocol(name: str) -> MessageProtocol:
    """Return a message protocol by name.

    Parameters
    ----------
    name : str
        Protocol and container, as in ``oip/protobuf``; see `protocol_names`.

    Returns
    -------
    MessageProtocol
        The same object for the same name.

    Raises
    ------
    UnknownCodecError
        No protocol has that name; a `LookupError` that lists the names.
    EncodeError
        The entry point of an installed package fails, or is not a `MessageProtocol` whose family
        has the first part of its name and no other protocol has that name.

    Examples
    --------
    >>> import tensorwire as tw
    >>> tw.get_protocol("tfserving/json").media_type
    'application/json'
    """
    found = find_protocol(name)
    if found is None:
        raise UnknownCodecError(unknown("the name of a protocol", name, protocol_names()))
    return found


def known_protocol(name: Any) -> MessageProtocol | None:
    """Return a message protocol that is built in or was loaded before, else None."""
    if not isinstance(name, str):
        return None
    return _built_in(name) if name in _FORMS else _plugins.get(name)


def find_protocol(name: Any) -> MessageProtocol | None:
    """Return a message protocol by name, None for an unknown name.

    The entry points of installed packages, which take a millisecond to read, are read only for a
    name that is neither built in nor loaded.
    """
    found = known_protocol(name)
    if found is not None:
        return found
    for entry in _entry_points():
        if entry.name == name:
            return _plugins.setdefault(name, _load(entry))
    return None


def get_family(name: str) -> Family | None:
    """Return a protocol by the first part of its forms' names, None for an unknown one."""
    prefix = f"{name}/"
    names = [form for form in _FORMS if form.startswith(prefix)] or [
        form for form in protocol_names() if form.startswith(prefix)
    ]
    return get_protocol(names[0]).family if names else None


def families() -> tuple[Family, ...]:
    """Return all protocols, those of installed packages last.

    A protocol whose entry point fails is left out, with a warning.
    """
    found = []
    for name in dict.fromkeys(name.partition("/")[0] for name in protocol_names()):
        try:
            family = get_family(name)
        except EncodeError as error:  # noqa: PERF203 - a few protocols
            warnings.warn(f"protocol {name} is left out: {error}", RuntimeWarning, stacklevel=2)
        else:
            found += [family] if family is not None else []
    return tuple(found)


@cache
def _built_in(name: str) -> MessageProtocol:
    module = import_module(f"tensorwire.protocols.{_FORMS[name]}")
    return cast("MessageProtocol", module.protocol(name))


def _entry_points() -> EntryPoints:
    from importlib.metadata import entry_points  # takes milliseconds: imported on first use

    return entry_points(group=GROUP)


def _load(entry: EntryPoint) -> MessageProtocol:
    """Return the form of an entry point; whatever is wrong with it is an EncodeError."""
    wanted = f"a MessageProtocol named {entry.name!r} from the entry point {entry.value!r}"
    try:
        loaded = entry.load()
        form = loaded(entry.name) if callable(loaded) else loaded
        problem = _problem(form, entry.name)
    except Exception as error:
        raise EncodeError(f"expected {wanted}, got {reason_of_other(error)}") from error
    if problem:
        raise EncodeError(f"expected {wanted}, got {problem}")
    return cast("MessageProtocol", form)


def _problem(form: Any, name: str) -> str:
    """Return why an object is not the form of that name, "" where it is."""
    members = "media_type request response family encode encode_parts decode peek encode_error"
    if getattr(form, "name", None) != name or not all(
        hasattr(form, one) for one in members.split()
    ):
        return shown(form)
    family, prefix = form.family, name.partition("/")[0]
    if getattr(family, "name", None) != prefix:
        return f"a form of the family {shown(getattr(family, 'name', family))}"
    siblings = [one for one in _FORMS if one.startswith(f"{prefix}/")]
    forms = [*map(_built_in, siblings[:1]), *_plugins.values()]
    if any(one.family.name == prefix and type(one.family) is not type(family) for one in forms):
        return f"a form of another family that is named {prefix!r}"
    return ""
